"""Reading: R1 to R13, by every way of reading."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest

import flatstream
from flatstream import (
    ChecksumDeframer,
    ChecksumMismatch,
    DefaultDeframer,
    InvalidFrame,
    StreamIOError,
    StreamReader,
    UnexpectedEof,
    ValidationFailed,
)
from flatstream.checksum import CRC32, NONE, Checksum

if TYPE_CHECKING:
    from collections.abc import Callable

    from flatstream.adapters import Deframer

    Way = Callable[[bytes, Deframer], StreamReader[Any]]

MIXED = (b"", b"a", b"bcd", b"x" * 24, b"", b"y" * 300, b"last")


def test_payloads_come_back_in_order(way: Way, algorithm: Checksum, framed: Any) -> None:
    reader = way(framed(algorithm, *MIXED), ChecksumDeframer(algorithm))
    assert [bytes(payload) for payload in reader] == list(MIXED)
    assert reader.offset == len(framed(algorithm, *MIXED))


def test_an_empty_stream_is_a_clean_end(way: Way) -> None:
    reader = way(b"", DefaultDeframer())
    assert reader.read_message() is None
    assert reader.read_message() is None
    assert list(reader) == []
    assert reader.offset == 0


def test_every_cut_is_a_clean_end_or_an_unexpected_eof(way: Way, algorithm: Checksum, framed: Any) -> None:
    payloads = (b"", b"a", b"bcd", b"x" * 24)
    stream = framed(algorithm, *payloads)
    boundaries = {len(framed(algorithm, *payloads[:count])): count for count in range(len(payloads) + 1)}
    for cut in range(len(stream) + 1):
        reader = way(stream[:cut], ChecksumDeframer(algorithm))
        read: list[bytes] = []
        if cut in boundaries:
            reader.process_all(lambda payload: read.append(bytes(payload)))  # noqa: B023  (called at once)
            assert len(read) == boundaries[cut]
            continue
        with pytest.raises(UnexpectedEof) as caught:
            reader.process_all(lambda payload: read.append(bytes(payload)))  # noqa: B023  (called at once)
        last_boundary = max(boundary for boundary in boundaries if boundary < cut)
        assert read == list(payloads[: boundaries[last_boundary]])
        assert caught.value.offset == last_boundary == reader.offset
        behind = cut - last_boundary
        width = algorithm.width
        if behind < 4:
            expected = ("length", 4, behind)
        elif behind < 4 + width:
            expected = ("checksum", width, behind - 4)
        else:
            expected = ("payload", len(payloads[len(read)]), behind - 4 - width)
        assert (caught.value.field, caught.value.needed, caught.value.available) == expected


@pytest.mark.parametrize("torn", [b"\x03", b"\x03\0\0\0", b"\x03\0\0\0ab"])
def test_an_unexpected_eof_sticks(way: Way, torn: bytes) -> None:
    reader = way(b"\0\0\0\0" + torn, DefaultDeframer())
    assert reader.read_message() == b""
    for _ in range(3):
        with pytest.raises(UnexpectedEof):
            reader.read_message()
        with pytest.raises(UnexpectedEof):
            list(reader)


def test_a_length_at_the_limit_passes_and_one_over_it_sticks(way: Way, algorithm: Checksum, framed: Any) -> None:
    stream = framed(algorithm, b"12345678", b"123456789", b"1")
    reader = way(stream, ChecksumDeframer(algorithm, max_frame_len=8))
    assert reader.read_message() == b"12345678"
    for _ in range(3):
        with pytest.raises(InvalidFrame) as caught:
            reader.read_message()
        assert (caught.value.declared_len, caught.value.limit) == (9, 8)
        assert caught.value.offset == reader.offset == 4 + algorithm.width + 8


def test_a_limit_of_0_lets_only_empty_payloads_through(way: Way) -> None:
    reader = way(b"\0\0\0\0\x01\0\0\0a", DefaultDeframer(max_frame_len=0))
    assert reader.read_message() == b""
    with pytest.raises(InvalidFrame):
        reader.read_message()


def test_the_bound_is_checked_before_the_checksum_field_is_looked_at(way: Way) -> None:
    reader = way(b"\xff\xff\xff\xff\0", ChecksumDeframer("crc32", max_frame_len=16))
    with pytest.raises(InvalidFrame) as caught:
        reader.read_message()
    assert (caught.value.declared_len, caught.value.limit) == (2**32 - 1, 16)


def test_the_default_limit_is_2_to_the_31_itself_allowed(way: Way) -> None:
    with pytest.raises(UnexpectedEof):
        way((2**31).to_bytes(4, "little"), DefaultDeframer()).read_message()
    with pytest.raises(InvalidFrame):
        way((2**31 + 1).to_bytes(4, "little"), DefaultDeframer()).read_message()


def test_after_a_mismatch_reading_goes_on_at_the_next_frame(way: Way, framed: Any) -> None:
    good, bad = framed(CRC32, b"good"), framed(CRC32, b"bad!")[:-1] + b"?"
    reader = way(good + bad + bad + good, ChecksumDeframer("crc32"))
    read: list[object] = []
    for _ in range(5):
        try:
            payload = reader.read_message()
            read.append(payload if payload is None else bytes(payload))
        except ChecksumMismatch as error:
            read.append((error.offset, error.expected, error.calculated, error.width, error.algorithm))
    mismatch = (CRC32.value(b"bad!"), CRC32.value(b"bad?"), 4, "crc32")
    assert read == [b"good", (12, *mismatch), (24, *mismatch), b"good", None]


def test_an_iterator_goes_on_after_a_mismatch(way: Way, framed: Any) -> None:
    bad = framed(CRC32, b"bad!")[:-1] + b"?"
    iterator = iter(way(bad + framed(CRC32, b"good") + b"\xff", ChecksumDeframer("crc32")))
    with pytest.raises(ChecksumMismatch):
        next(iterator)
    assert bytes(next(iterator)) == b"good"
    for _ in range(2):
        with pytest.raises(UnexpectedEof):
            next(iterator)


def test_a_custom_mismatch_is_reported_in_the_width(way: Way) -> None:
    wide = Checksum("wide", 3, lambda _: 0xFFAABBCCDD)
    with pytest.raises(ChecksumMismatch) as caught:
        way(b"\0\0\0\0\x01\x02\x03", ChecksumDeframer(wide)).read_message()
    assert (caught.value.expected, caught.value.calculated) == (0x030201, 0xBBCCDD)


def test_a_payload_is_exactly_its_bytes(way: Way, framed: Any) -> None:
    reader = way(framed(NONE, b"long" * 9000, b"s", b""), DefaultDeframer())
    assert [bytes(payload) for payload in reader] == [b"long" * 9000, b"s", b""]


def test_a_callback_error_stops_the_loop_and_reading_goes_on_at_the_next_frame(way: Way, framed: Any) -> None:
    reader = way(framed(NONE, b"1", b"2", b"3"), DefaultDeframer())
    read: list[bytes] = []

    def callback(payload: Any) -> None:
        read.append(bytes(payload))
        if payload == b"2":
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        reader.process_all(callback)
    assert reader.process_all(callback) == 1
    assert read == [b"1", b"2", b"3"]


def test_leaving_a_loop_early_loses_no_frame(way: Way, framed: Any) -> None:
    reader = way(framed(NONE, b"1", b"2", b"3"), DefaultDeframer())
    for payload in reader.messages():
        assert payload == b"1"
        break
    assert [bytes(payload) for payload in reader] == [b"2", b"3"]


def test_two_iterators_of_a_reader_share_its_place(way: Way, framed: Any) -> None:
    reader = way(framed(NONE, b"1", b"2", b"3"), DefaultDeframer())
    first, second = iter(reader), iter(reader)
    assert [bytes(next(it)) for it in (first, second, first)] == [b"1", b"2", b"3"]


def test_bound_checksum_validator_observer_caller_come_in_this_order(way: Way, framed: Any) -> None:
    class Refusing:
        name = "Refusing"

        def validate(self, payload: Any) -> None:
            seen.append("validator")
            if payload == b"refuse":
                raise ValidationFailed(self.name, "as told")

    seen: list[str] = []
    deframer = (
        ChecksumDeframer("crc32")
        .bounded(100)
        .bounded(6)
        .bounded(50)
        .with_validator(Refusing())
        .observed(lambda _: seen.append("observer"))
    )
    damaged = framed(CRC32, b"damage")[:-1] + b"!"
    reader = way(framed(CRC32, b"pass", b"refuse") + damaged + framed(CRC32, b"toolong"), deframer)
    assert reader.read_message() == b"pass"
    assert seen == ["validator", "observer"]
    with pytest.raises(ValidationFailed) as refused:
        reader.read_message()
    assert (refused.value.validator, refused.value.offset) == ("Refusing", 12)
    assert seen == ["validator", "observer", "validator"]
    with pytest.raises(ChecksumMismatch):
        reader.read_message()
    with pytest.raises(InvalidFrame) as caught:
        reader.read_message()
    assert caught.value.limit == 6
    assert seen == ["validator", "observer", "validator"]


def test_adapters_of_a_deframer_run_from_the_inside_out(way: Way, framed: Any) -> None:
    seen: list[str] = []
    deframer = DefaultDeframer().observed(lambda _: seen.append("inner")).observed(lambda _: seen.append("outer"))
    way(framed(NONE, b"1"), deframer).process_all(lambda _: seen.append("caller"))
    assert seen == ["inner", "outer", "caller"]


def test_an_observer_error_comes_out_unchanged_and_reading_goes_on(way: Way, framed: Any) -> None:
    def observer(payload: Any) -> None:
        if payload == b"1":
            raise LookupError("mine")

    reader = way(framed(NONE, b"1", b"2"), DefaultDeframer().observed(observer))
    with pytest.raises(LookupError, match="mine"):
        reader.read_message()
    assert reader.read_message() == b"2"


def test_a_plain_reader_over_a_checksummed_stream_gives_wrong_bytes(way: Way, framed: Any) -> None:
    stream = framed(CRC32, b"abcd")
    reader = way(stream, DefaultDeframer())
    assert reader.read_message() == stream[4:8]


# Sources that the caller owns.


@pytest.mark.parametrize("copy", [False, True])
def test_exactly_the_bytes_of_the_frames_are_taken(copy: bool, algorithm: Checksum, framed: Any) -> None:
    source = io.BytesIO(framed(algorithm, b"", b"abc", b"defg") + b"next")
    reader = StreamReader(source, ChecksumDeframer(algorithm), copy=copy)
    for count in range(1, 4):
        reader.read_message()
        assert source.tell() == len(framed(algorithm, *(b"", b"abc", b"defg")[:count]))


def test_reading_ahead_is_bounded_by_what_was_allowed(framed: Any) -> None:
    source = io.BytesIO(framed(NONE, *[b"x" * 12] * 100))
    reader = StreamReader(source, DefaultDeframer(), readahead=40)
    reader.read_message()
    assert source.tell() == 40


@pytest.mark.parametrize("options", [{"copy": True}, {"copy": False}, {"readahead": 100}])
def test_what_is_appended_after_a_clean_end_is_read_later(options: Any, framed: Any) -> None:
    source = io.BytesIO(framed(NONE, b"1"))
    reader = StreamReader(source, DefaultDeframer(), **options)
    assert [bytes(payload) for payload in reader] == [b"1"]
    for value in (b"22", b"333"):
        assert reader.read_message() is None
        place = source.tell()
        source.write(framed(NONE, value))
        source.seek(place)
        assert [bytes(payload) for payload in reader] == [value]


class Failing(io.RawIOBase):
    """A source that fails once it gave ``after`` bytes, with the errors given, and then goes on."""

    def __init__(self, data: bytes, after: int, *errors: BaseException) -> None:
        self._data = data
        self._after = after
        self._errors = list(errors)
        self._position = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        view = memoryview(buffer)
        left = self._after - self._position
        if left == 0 and self._errors:
            raise self._errors.pop(0)
        size = min(len(view), left) if left > 0 else len(view)
        part = self._data[self._position : self._position + size]
        view[: len(part)] = part
        self._position += len(part)
        return len(part)


@pytest.mark.parametrize("options", [{"copy": True}, {"copy": False}, {"readahead": 3}])
def test_a_source_error_at_any_byte_is_io_with_its_cause_and_sticks(options: Any, framed: Any) -> None:
    stream = framed(CRC32, b"ab", b"", b"cdef")
    for after in range(len(stream) + 1):
        cause = OSError("no more")
        reader = StreamReader(Failing(stream, after, cause), ChecksumDeframer("crc32"), **options)
        with pytest.raises(StreamIOError) as caught:
            list(reader)
        assert caught.value.__cause__ is cause
        assert caught.value.offset == reader.offset == max(edge for edge in (0, 10, 18, 30) if edge <= after)
        with pytest.raises(StreamIOError) as again:
            reader.read_message()
        assert again.value is caught.value


@pytest.mark.parametrize("options", [{"copy": True}, {"copy": False}, {"readahead": 3}])
def test_interrupted_reads_are_invisible(options: Any, framed: Any) -> None:
    stream = framed(NONE, b"ab", b"cdef")
    for after in range(len(stream)):
        source = Failing(stream, after, InterruptedError(), InterruptedError())
        reader = StreamReader(source, DefaultDeframer(), **options)
        assert [bytes(payload) for payload in reader] == [b"ab", b"cdef"]


@pytest.mark.parametrize("options", [{"copy": True}, {"copy": False}, {"readahead": 3}])
def test_an_interruption_by_the_user_goes_through_and_the_torn_frame_is_not_taken_for_data(options: Any) -> None:
    reader = StreamReader(Failing(b"\x02\0\0\0ab", 3, KeyboardInterrupt()), DefaultDeframer(), **options)
    with pytest.raises(KeyboardInterrupt):
        reader.read_message()
    with pytest.raises(StreamIOError):
        reader.read_message()


@pytest.mark.parametrize("options", [{"copy": True}, {"copy": False}, {"readahead": 3}])
def test_a_source_that_would_block_is_an_io_error(options: Any) -> None:
    class Empty(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, _buffer: Any, /) -> None:
            return None

    with pytest.raises(StreamIOError) as caught:
        StreamReader(Empty(), DefaultDeframer(), **options).read_message()
    assert isinstance(caught.value.__cause__, BlockingIOError)


@pytest.mark.parametrize("options", [{"copy": True}, {"copy": False}, {"readahead": 3}])
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_object_with_read_is_a_source(options: Any, kind: Any, framed: Any) -> None:
    class Minimal:
        def __init__(self) -> None:
            self._file = io.BytesIO(framed(CRC32, b"abc", b"defg"))

        def read(self, size: int) -> Any:
            return kind(self._file.read(size))

    reader = StreamReader(Minimal(), ChecksumDeframer("crc32"), **options)
    assert [bytes(payload) for payload in reader] == [b"abc", b"defg"]


@pytest.mark.parametrize("options", [{"copy": True}, {"copy": False}, {"readahead": 3}])
def test_a_source_that_gives_text_is_an_io_error_that_says_so(options: Any) -> None:
    class Text:
        def read(self, _size: int) -> Any:
            return "text"

    with pytest.raises(StreamIOError, match="the source gave str, not bytes"):
        StreamReader(Text(), DefaultDeframer(), **options).read_message()


# Lifetimes.


def test_a_payload_borrowed_from_a_file_is_valid_until_the_next_read(framed: Any) -> None:
    reader = StreamReader(io.BytesIO(framed(NONE, b"one", b"two")), DefaultDeframer())
    payload = reader.read_message()
    assert payload == b"one"
    reader.read_message()
    assert payload == b"two"


@pytest.mark.parametrize("options", [{"copy": True}, {"readahead": 64}])
def test_fresh_and_read_ahead_payloads_stay_valid(options: Any, framed: Any) -> None:
    reader = StreamReader(io.BytesIO(framed(NONE, b"one", b"two")), DefaultDeframer(), **options)
    assert list(reader) == [b"one", b"two"]


def test_payloads_borrowed_from_memory_hold_their_source(framed: Any) -> None:
    source = bytearray(framed(NONE, b"one", b"two"))
    payloads = list(StreamReader(source, DefaultDeframer()))
    with pytest.raises(BufferError):
        source.clear()
    assert payloads == [b"one", b"two"]
    del payloads


def test_closing_a_reader_lets_go_of_a_source_in_memory(framed: Any) -> None:
    source = bytearray(framed(NONE, b"one", b"two"))
    with StreamReader(source, DefaultDeframer()) as reader:
        assert reader.read_message() == b"one"
    source.clear()
    assert reader.closed
    with pytest.raises(ValueError, match="this reader is closed"):
        reader.read_message()


def test_an_iterator_of_a_reader_that_was_closed_gives_nothing_more(way: Way, framed: Any) -> None:
    reader = way(framed(CRC32, b"one", b"two", b"three"), ChecksumDeframer("crc32"))
    payloads = reader.messages()
    assert next(payloads) == b"one"
    reader.close()
    assert reader.offset == 11
    for _ in range(2):
        with pytest.raises(ValueError, match="this reader is closed"):
            next(payloads)


def test_copies_are_bytes_and_borrows_are_views(way: Way, framed: Any, request: pytest.FixtureRequest) -> None:
    (payload,) = way(framed(CRC32, b"abc"), ChecksumDeframer("crc32"))
    name = request.node.callspec.params["way"]
    assert type(payload) is (bytes if "copied" in name or "fresh" in name else memoryview)


def test_offsets_add_to_the_given_one(framed: Any) -> None:
    reader = StreamReader(framed(NONE, b"abc") + b"\xff", DefaultDeframer(), offset=1000)
    assert reader.read_message() == b"abc"
    assert reader.offset == 1007
    with pytest.raises(UnexpectedEof) as caught:
        reader.read_message()
    assert caught.value.offset == 1007


# Wrong use.


def test_a_text_file_is_refused(tmp_path: Any) -> None:
    path = tmp_path / "text"
    path.touch()
    with path.open(encoding="utf-8") as file, pytest.raises(TypeError, match="open it with mode 'rb'"):
        StreamReader(file)


def test_a_closed_source_is_refused() -> None:
    source = io.BytesIO()
    source.close()
    with pytest.raises(ValueError, match="the source is closed"):
        StreamReader(source)


def test_a_source_that_is_only_for_writing_is_refused(tmp_path: Any) -> None:
    with (tmp_path / "w").open("wb") as file, pytest.raises(io.UnsupportedOperation, match="not open for reading"):
        StreamReader(file)


@pytest.mark.parametrize("source", ["text", 5, None, object()])
def test_what_is_no_source_is_refused(source: Any) -> None:
    with pytest.raises(TypeError, match="a source is bytes-like or has read"):
        StreamReader(source)


def test_a_bare_socket_is_refused_with_the_way_out() -> None:
    class Socket:
        def recv(self, size: int) -> bytes:
            return b""

    with pytest.raises(TypeError, match=r"socket\.makefile\('rb'\)"):
        StreamReader(Socket())  # type: ignore[call-overload]  # that is the point


def test_a_view_in_pieces_is_refused() -> None:
    with pytest.raises(BufferError, match="C-contiguous"):
        StreamReader(memoryview(b"abcdef")[::2])


def test_a_view_of_wider_items_is_read_as_bytes(framed: Any) -> None:
    reader = StreamReader(memoryview(framed(NONE, b"abcd")).cast("I"), DefaultDeframer())
    assert reader.read_message() == b"abcd"


@pytest.mark.parametrize("readahead", [-1, 2**20 + 1])
def test_a_readahead_outside_its_range_is_refused(readahead: int) -> None:
    with pytest.raises(ValueError, match="readahead must be from 0 to 1048576 bytes"):
        StreamReader(io.BytesIO(), readahead=readahead)


@pytest.mark.parametrize("limit", [-1, 2**32])
def test_a_limit_outside_its_range_is_refused(limit: int) -> None:
    for build in (
        lambda: DefaultDeframer(limit),
        lambda: ChecksumDeframer("crc32", limit),
        lambda: DefaultDeframer().bounded(limit),
    ):
        with pytest.raises(ValueError, match=f"max_frame_len must be from 0 to 4294967295, not {limit}"):
            build()


@pytest.mark.parametrize("options", [{"copy": True}, {"readahead": 4}])
def test_a_policy_without_a_reused_buffer_is_refused(options: Any) -> None:
    with pytest.raises(ValueError, match="needs a reused buffer"):
        StreamReader(io.BytesIO(), policy=flatstream.NoOpPolicy(), **options)
    with pytest.raises(ValueError, match="needs a reused buffer"):
        StreamReader(b"", policy=flatstream.NoOpPolicy())
