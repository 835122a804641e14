"""What the native engine does of records, against its model, and what it does with what nobody should give it."""

from __future__ import annotations

import copy
import gc
import pickle
import sys
from collections import UserDict
from itertools import cycle, islice
from struct import pack
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import flatstream
from flatstream import Record, TypedValidator, ValidationFailed, VerificationFailed
from flatstream.records import accelerated, field, struct
from flatstream.records.encode import Encoder
from flatstream.records.layout import inline_size
from flatstream.records.types import SCALARS, Array, Field, StructField, StructType, TableType
from flatstream.records.verify import plan_of
from flatstream.tests import model
from flatstream.tests.zoo import MONSTER, TELEMETRY, THING, exact, messages

NATIVE: Any = flatstream.engine.native or model
"""Where the native engine is not built, the model is held against itself, so that at least its shape is tested."""

FLAT = Record(
    "Flat",
    big="u64",
    small="i8",
    word=field("u16", default=7),
    real="f64",
    single=field("f32", default=1.5),
    flag="bool",
    text="string",
    raw="[u8]",
    maybe=field("i32", default=None),
    numbers="[f64]",
    other="i64",
    half="i16",
    byte="u8",
    four="u32",
)
"""A field of each kind that the engine takes, and one that it leaves to Python."""

HOLDER = Record("Holder", id="u8", inner=field("[u8]", nested=FLAT), thing=field("[u8]", nested=THING))
MUST = Record("Must", name=field("string", required=True), point=struct("Point", x="f64", y="u8"), value="u32")
LOOSE = Record("Must", name="string", point=struct("Point", x="f64", y="u8"), value="u32")
"""As `MUST`, without anything that must be there."""

RECORDS = [FLAT, MUST, HOLDER, FLAT.replace(force_defaults=True), FLAT.replace(file_identifier="FLAT")]
LIMITS = 64, 10**6, 2**31

BYTES = st.binary(max_size=9)
TEXTS = st.text(max_size=9)
NUMBERS = (
    st.integers(-9, 9) | st.integers(-(2**63) - 1, 2**64) | st.sampled_from([127, 128, 255, 256, 2**15, 2**31, 2**32])
)
VALUES = st.none() | NUMBERS | st.floats() | st.booleans() | TEXTS | BYTES | st.just("\ud800") | st.just([1.0])


@st.composite
def damaged(draw: st.DrawFn, payloads: st.SearchStrategy[bytes]) -> bytes:
    """A payload, perhaps cut, or with bytes that another has."""
    payload = bytearray(draw(payloads))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(payload) - 1))
        payload[at] = draw(st.sampled_from([0, 1, 4, 8, 255]) | st.integers(0, 255))
    return bytes(payload[: draw(st.just(len(payload)) | st.integers(0, len(payload)))])


def placed(payloads: list[bytes], gaps: list[int]) -> tuple[bytes, bytes, bytes]:
    """The payloads in one source, each behind so many bytes; their offsets and lengths as columns."""
    source, offsets = bytearray(), []
    for payload, gap in zip(payloads, gaps, strict=False):
        source += bytes(gap)
        offsets.append(len(source))
        source += payload
    lengths = [len(payload) for payload in payloads[: len(offsets)]]
    return bytes(source), pack(f"{len(offsets)}q", *offsets), pack(f"{len(lengths)}I", *lengths)


@given(st.sampled_from([MONSTER, THING, TELEMETRY, FLAT, HOLDER, MUST]), st.data())
def test_verifier(record: Record, data: st.DataObject) -> None:
    writer = LOOSE if record is MUST else record  # so that what is required is often absent
    written = messages(writer, 2).map(lambda message: writer.encode(**message))
    payloads = data.draw(st.lists(damaged(written), max_size=5))
    limits = data.draw(st.sampled_from([LIMITS, (2, 3, 2**31), (0, 9, 9), (64, 0, 99), (3, 2, 80), (-1, -1, -1)]))
    arguments = plan_of(record.table), record.file_identifier.encode(), limits
    native, expected = NATIVE.Verifier(*arguments), model.Verifier(*arguments)
    for payload in payloads:
        for form in (payload, memoryview(payload), bytearray(payload)):
            assert native.accepts(form) == expected.accepts(form)
    places = placed(payloads, [3] * len(payloads))
    assert native.passing(*places) == expected.passing(*places)


@given(
    st.lists(damaged(messages(LOOSE).map(lambda message: LOOSE.encode(**message))), max_size=5),
    st.booleans(),
    st.booleans(),
)
def test_whole_frames_with_a_verifier(payloads: list[bytes], borrow: bool, copy: bool) -> None:
    stream = bytes(model.frame_some(payloads, 0, 2**62, "crc32", bytes)[0])
    verifiers = [module.Verifier(plan_of(MUST.table), b"", LIMITS) for module in (NATIVE, model)]
    got = []
    for module, verifier in zip((NATIVE, model), verifiers, strict=True):
        frames = module.WholeFrames(memoryview(stream) if borrow else stream, 0, "crc32", 2**31, copy, verifier)
        got.append(([payload for run in frames for payload in run], frames.pos))
    assert got[0] == got[1]


@given(st.sampled_from([FLAT, MUST]), st.sampled_from(["", "FLAT"]), st.data())
def test_gatherer(record: Record, identifier: str, data: st.DataObject) -> None:
    record = record.replace(file_identifier=identifier)
    writer = LOOSE.replace(file_identifier=identifier) if record.name == "Must" else record
    payload = messages(writer).map(lambda message: writer.encode(**message))
    payloads: list[bytes] = data.draw(st.lists(payload, max_size=4))
    payloads *= data.draw(st.sampled_from([1, 2, 200]))  # many of one shape in a row, or not
    hurt = data.draw(st.booleans())
    if payloads and hurt:
        payloads[data.draw(st.integers(0, len(payloads) - 1))] = data.draw(damaged(payload))
    if data.draw(st.booleans()):
        payloads.sort()
    gaps = data.draw(st.sampled_from([[4], [0], [12], [1, 2, 3]])) * len(payloads)
    places = placed(payloads, gaps)
    fields: list[Field] = data.draw(st.sets(st.sampled_from(record.table.fields), min_size=1).map(list))
    native = accelerated.gatherer_of(NATIVE, tuple(fields), identifier.encode())
    expected = accelerated.gatherer_of(model, tuple(fields), identifier.encode())
    assert native is not None
    assert expected is not None
    assert native.gather(*places) == expected.gather(*places)


def encoders(record: Record, longest: int = 2**31 - 1) -> list[Any]:
    """The row encoders of the engine and of its model, both with the reference to leave things to."""
    identifier = record.file_identifier.encode()
    encoder = Encoder(record.table, identifier=identifier, force_defaults=record.force_defaults)
    return [accelerated.row_encoder_of(module, encoder, longest) for module in (NATIVE, model)]


def outcome(call: Any, *arguments: Any, **fields: Any) -> Any:
    """What a call returns, or the type and text of what it raises."""
    try:
        return call(*arguments, **fields)
    except Exception as error:  # noqa: BLE001
        return type(error), str(error)


@given(st.sampled_from(RECORDS), st.data())
def test_encode(record: Record, data: st.DataObject) -> None:
    names = [each.name for each in record.table.fields]
    given_values = st.one_of(messages(record), st.dictionaries(st.sampled_from([*names, "nobody"]), VALUES, max_size=5))
    native, expected = encoders(record)
    reference = Encoder(
        record.table, identifier=record.file_identifier.encode(), force_defaults=record.force_defaults
    ).encode
    for values in data.draw(st.lists(given_values, max_size=4)):
        answer = outcome(native.function(), **values)
        assert answer == outcome(expected.function(), **values)
        for form in (values, UserDict(values)):
            assert answer == outcome(native.function(), form) == outcome(expected.function(), form)
        half = dict(islice(values.items(), len(values) // 2))
        rest = {name: value for name, value in values.items() if name not in half}
        assert (
            answer == outcome(native.function(), {**rest, **half}, **half) == outcome(expected.function(), rest, **half)
        )
        assert answer == outcome(reference, values)


SIMPLE = Record.of_table(TableType("Simple", tuple(each for each in FLAT.table.fields if each.name != "numbers")))


@given(st.data())
def test_decode(data: st.DataObject) -> None:
    payload = data.draw(damaged(messages(SIMPLE).map(lambda message: SIMPLE.encode(**message))))
    answers: list[Any] = []
    for module in (NATIVE, model):
        verifier = module.Verifier(plan_of(SIMPLE.table), b"", LIMITS)
        decoder: Any = accelerated.decoder_of(module, SIMPLE.table, verifier, SIMPLE._decode)
        forms = payload, memoryview(payload), bytearray(payload)
        answers += [exact(outcome(decoder.decode, form)) for form in forms]
    assert answers == answers[:1] * 6
    assert answers[0] == exact(outcome(SIMPLE._decode, payload))


@given(st.sampled_from(RECORDS), st.sampled_from(["none", "crc16", "xxh3_64"]), st.data())
def test_frame_rows(record: Record, checksum: str, data: st.DataObject) -> None:
    plain = messages(record).map(lambda message: tuple(message.values()))
    sparse = plain.map(lambda row: row[:3] + (None,) * (len(row) - 3))
    wild = st.tuples(*[VALUES] * len(record.table.fields))
    rows: list[Any] = data.draw(st.lists(plain | sparse | (wild if data.draw(st.booleans()) else plain), max_size=4))
    rows *= data.draw(st.sampled_from([1, 1, 300]))
    if data.draw(st.sampled_from([False, False, True])):
        rows.append(data.draw(st.sampled_from([(), [1, 2], {"big": 1}, "abc", None])))
    results = []
    for encoder in encoders(record):
        frames = bytearray(b"before")
        results.append((encoder.frame_rows(rows, checksum, frames), frames))
    assert results[0] == results[1]


@st.composite
def tables(draw: st.DrawFn, record: Record, rows: int) -> list[Any]:
    """Columns for some fields, as `flatstream.engine.RowEncoder` takes them."""
    columns: list[Any] = []

    def cycled(items: Any) -> Any:
        return list(islice(cycle(draw(st.lists(items, min_size=1, max_size=7))), rows))

    for index, each in enumerate(record.table.fields):
        code = accelerated._code(each.type)
        present = draw(st.none() | st.just(bytes(cycled(st.integers(0, 1)))))
        if draw(st.booleans()):
            continue
        if code in "syV":
            places = [pack(f"{rows}q", *cycled(st.integers(0, most))) for most in (9, 5)]
            columns.append((index, bytes(range(49)), *places, present, False))
            continue
        size = inline_size(each.type)
        step = draw(st.sampled_from([0, size, size + 1, 24]))
        start = draw(st.integers(0, 3))
        data = draw(st.sampled_from([bytes(8), bytes(range(1, 250)), pack("<HfQ", 7, 1.5, 0)]))
        data = (data * (1 + (start + rows * step + size) // len(data)))[: start + rows * step + size]
        columns.append((index, data, start, step, present, draw(st.booleans())))
    return columns


@given(st.sampled_from(RECORDS), st.sampled_from([0, 1, 2, 7, 600]), st.data())
def test_frame_columns(record: Record, rows: int, data: st.DataObject) -> None:
    columns = data.draw(tables(record, rows))
    start = data.draw(st.integers(0, rows))
    stop = data.draw(st.integers(start, rows))
    results = []
    for encoder in encoders(record):
        frames = bytearray(b"before")
        encoder.frame_columns(columns, start, stop, "xxh3_64", frames)
        results.append(frames)
    assert results[0] == results[1]


def test_a_payload_that_is_too_long_leaves_nothing_behind() -> None:
    record = Record("Text", text="string")
    starts, counts = pack("3q", 0, 0, 0), pack("3q", 3, 4, 3)
    for encoder in encoders(record, 28):
        frames = bytearray(b"before")
        encoder.frame_columns([(0, b"abcd", starts, counts, None, False)], 0, 1, "none", frames)
        assert len(frames) == 6 + 4 + 28
        with pytest.raises(OverflowError) as caught:
            encoder.frame_columns([(0, b"abcd", starts, counts, None, False)], 0, 3, "none", frames)
        assert (caught.value.args[0], len(frames)) == (1, 38)


def test_an_array_that_cannot_grow_is_left_as_it_was() -> None:
    encoder = accelerated.row_encoder_of(NATIVE, Encoder(TELEMETRY.table), 2**31 - 1)
    assert encoder is not None
    frames = bytearray(b"before")
    with memoryview(frames):
        with pytest.raises(BufferError):
            encoder.frame_rows([(1, 2, 3.0)], "none", frames)
        with pytest.raises(BufferError):
            encoder.frame_columns([(0, bytes(8), 0, 8, None, False)], 0, 1, "none", frames)
    assert frames == b"before"


def nonsense() -> list[Any]:
    fields = [("a", 0, "Q", 8, 8, 0, None, False), ("b", 1, "s", 1, 1, None, None, False)]
    rows = NATIVE.RowEncoder(bytes(4), fields, 2**31 - 1, print)
    ints = pack("2q", 0, 0)

    def columns(*column: Any) -> Any:
        return lambda: rows.frame_columns([column], 0, 2, "none", bytearray())

    return [
        lambda: NATIVE.Verifier([], b"", LIMITS),
        lambda: NATIVE.Verifier([[(4, 3, 4, 4, False, 1, "")]], b"", LIMITS),
        lambda: NATIVE.Verifier([[(4, 9, 4, 4, False, 0, "")]], b"", LIMITS),
        lambda: NATIVE.Verifier([[(4, 0, 4, 3, False, 0, "")]], b"", LIMITS),
        lambda: NATIVE.Verifier([[(4, 4, 4, 4, False, {1: (3, 4, 4, 7)}, "")]], b"", LIMITS),
        lambda: NATIVE.Verifier([[]], b"abc", LIMITS),
        lambda: NATIVE.Verifier([[]], b"", LIMITS).accepts("text"),
        lambda: NATIVE.Gatherer([(4, 5, 8, 8, False)], b""),
        lambda: NATIVE.Gatherer([(4, 0, 0, 8, False)], b""),
        lambda: NATIVE.Gatherer([(4, 0, 8, 7, False)], b""),
        lambda: NATIVE.RowEncoder(bytes(4), [("a", 0, "Q", 8, 3, 0, None, False)], 99, print),
        lambda: NATIVE.RowEncoder(bytes(4), [("a", 2**15, "Q", 8, 8, 0, None, False)], 99, print),
        lambda: rows.frame_rows([], "crc64", bytearray()),
        columns(2, bytes(16), 0, 8, None, True),
        columns(0, bytes(15), 0, 8, None, True),
        columns(0, bytes(15), 2**63, 2**63, None, False),
        columns(0, bytes(16), 0, 8, b"\1", True),
        columns(1, b"abc", ints, bytes(8), None, False),
        columns(1, b"abc", ints, pack("2q", 4, 4), None, False),
        columns(1, b"abc", ints, pack("2q", 1, 2**60), None, False),
        columns(1, b"abc", ints, pack("2q", -1, 1), None, False),
        columns(1, b"abc", pack("2q", -1, 5), pack("2q", 1, 1), None, False),
    ]


@pytest.mark.skipif(NATIVE is model, reason="the model is not asked to refuse what nobody gives it")
@pytest.mark.parametrize("number", range(22))
def test_what_makes_no_sense_raises_and_does_not_crash(number: int) -> None:
    calls = nonsense()
    assert len(calls) == 22
    with pytest.raises((ValueError, OverflowError, TypeError, BufferError, MemoryError)):
        calls[number]()


@pytest.mark.skipif(NATIVE is model, reason="the model slices, and Python's slices end where the source does")
def test_places_outside_of_the_source_are_not_read() -> None:
    payload = TELEMETRY.encode(device_id=1)
    verifier = NATIVE.Verifier(plan_of(TELEMETRY.table), b"", LIMITS)
    gatherer = accelerated.gatherer_of(NATIVE, TELEMETRY.table.fields, b"")
    for start, length in ((1, len(payload)), (-1, 5), (2**62, 9), (0, 2**32 - 1), (len(payload) + 1, 0)):
        offsets, lengths = pack("2q", 0, start), pack("2I", len(payload), length)
        assert verifier.passing(payload, offsets, lengths) == 1
        assert gatherer is not None
        assert gatherer.gather(payload, offsets, lengths) == (1, [])


def test_a_schema_that_the_engine_does_not_take_is_left_to_python() -> None:
    large = StructType("Large", (StructField("a", Array(SCALARS["u8"], 2**16), 0),), 2**16, 1)
    record = Record.of_table(TableType("T", (Field("large", 0, large), Field("n", 1, SCALARS["u32"], 0))))
    assert record.engine_verifier() is None
    payload = record.encode(n=5)
    assert record.decode(payload) == {"large": None, "n": 5}
    assert flatstream.records.frame_records(record, [(None, 5)]) == model.frame(payload, "none")
    assert record.columns([payload])["n"].tolist() == [5]
    assert record.verify_many([payload]) == 1


def test_a_number_with_code_of_its_own_is_left_to_python() -> None:
    frames = bytearray(b"before")

    class Number(int):
        def __float__(self) -> float:
            frames.clear()
            return 7.0

    encoder = accelerated.row_encoder_of(NATIVE, Encoder(TELEMETRY.table), 2**31 - 1)
    assert encoder is not None
    assert not encoder.frame_rows([(1, 2, 3.0), (1, 2, Number(3))], "none", frames)
    assert frames == b"before"
    assert TELEMETRY.decode(TELEMETRY.encode(value=Number(3)))["value"] == 7.0


def test_a_stricter_verify_or_validate_of_a_subclass_is_asked() -> None:
    class Strict(Record):
        def verify(self, payload: Any, **limits: Any) -> None:
            super().verify(payload, **limits)
            if b"no" in bytes(payload):
                raise VerificationFailed(self.name, "text", 0, "it says no")

    class Never(TypedValidator):
        def validate(self, payload: Any) -> None:
            raise ValidationFailed("Never", str(len(payload)))

    strict = Strict("T", text="string")
    payload = strict.encode(text="no")
    stream = bytes(model.frame(payload, "none"))
    for validator in (TypedValidator(strict), Never(TELEMETRY)):
        reader = flatstream.StreamReader(stream, flatstream.DefaultDeframer().with_validator(validator))
        with pytest.raises(ValidationFailed):
            next(iter(reader))
    with pytest.raises(VerificationFailed, match="it says no"):
        strict.verify_many([payload])
    with pytest.raises(VerificationFailed, match="it says no"):
        strict.decode(payload)


def test_a_record_with_an_encode_of_its_own_keeps_it() -> None:
    class Loud(Record):
        def encode(self, fields: Any = None, /, **more: Any) -> bytes:
            return super().encode(fields, **more) + b"!"

        def decode(self, payload: Any) -> dict[str, Any]:
            return {"n": super().decode(payload)["n"] + 1}

    record = Loud("T", n="u32")
    assert [record.encode(n=5)[-1:] for _ in range(2)] == [b"!"] * 2
    assert [record.decode(record.encode(n=5)) for _ in range(2)] == [{"n": 6}] * 2


@pytest.mark.parametrize("module", [NATIVE, model])
@pytest.mark.parametrize("longest", [17, 18])
def test_a_payload_that_is_too_long_is_left_to_python_without_texts_too(module: Any, longest: int) -> None:
    rows = module.RowEncoder(bytes(4), [("n", 0, "I", 4, 4, 0, None, False)], longest, lambda *_, **__: b"slow")
    assert (rows.function()(n=5) == b"slow") == (longest < 18)


@pytest.mark.parametrize("engine", ["native", "python"])
def test_a_method_held_from_the_start_is_the_one_that_is_found_later(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flatstream.engine, "native", NATIVE if engine == "native" else None)
    record = Record("T", n="u32")
    encode, decode = record.encode, record.decode
    assert decode(encode(n=5)) == {"n": 5}
    assert (encode, decode) == (record.encode, record.decode)
    assert ("encode" in record.__dict__) == (engine == "native")
    assert Record.encode.__doc__


def test_a_copy_or_a_pickle_has_the_schema_alone() -> None:
    payload = FLAT.encode(big=1, text="a")
    for again in (copy.copy(FLAT), copy.deepcopy(FLAT), pickle.loads(pickle.dumps(FLAT))):
        assert "encode" not in again.__dict__
        assert again.encode(big=1, text="a") == payload


def test_nothing_is_leaked() -> None:
    rows = [(n, n, float(n)) for n in range(300)]
    stream = flatstream.records.frame_records(TELEMETRY, rows)
    offsets, lengths, _, _ = NATIVE.scan(stream, "none", 2**31, 1)
    broken = bytearray(stream)
    broken[9] = 255

    def work() -> None:
        encoder: Any = accelerated.row_encoder_of(NATIVE, Encoder(TELEMETRY.table), 2**31 - 1)
        encode = encoder.function()
        for row in rows[:20]:
            encode(device_id=row[0], timestamp=row[1], value=row[2])
        outcome(encode, nobody=1)
        verifier = NATIVE.Verifier(plan_of(SIMPLE.table), b"", LIMITS)
        decoder: Any = accelerated.decoder_of(NATIVE, SIMPLE.table, verifier, SIMPLE._decode)
        for form in (SIMPLE.encode(text="ä", raw=b"x"), bytearray(SIMPLE.encode(big=7)), b"", 5):
            outcome(decoder.decode, form)
        outcome(encode, 1)
        frames = bytearray()
        encoder.frame_rows(rows, "crc32", frames)
        encoder.frame_rows([*rows, None], "crc32", frames)
        encoder.frame_columns([(0, bytes(2400), 0, 8, None, True)], 0, 300, "none", frames)
        gatherer: Any = accelerated.gatherer_of(NATIVE, TELEMETRY.table.fields, b"")
        verifier = NATIVE.Verifier(plan_of(TELEMETRY.table), b"", LIMITS)
        for source in (stream, broken):
            gatherer.gather(source, offsets, lengths)
            verifier.passing(source, offsets, lengths)
            for run in NATIVE.WholeFrames(source, 0, "none", 2**31, True, verifier):
                del run

    work()
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(50):
        work()
    gc.collect()
    assert sys.getallocatedblocks() - before < 25  # the smallest leak, of a block a call, would be 50
