"""Wrong arguments: told by name, by an error of the right type, where they are given and before a byte is written."""

from __future__ import annotations

import ctypes
import io
from typing import TYPE_CHECKING, Any

import pytest

import flatstream
from flatstream import (
    AdaptiveWatermarkPolicy,
    BoundedDeframer,
    BoundedFramer,
    Checksum,
    ChecksumDeframer,
    CompositeValidator,
    DefaultDeframer,
    DefaultFramer,
    NoOpPolicy,
    NoValidator,
    ObserverDeframer,
    ObserverFramer,
    SizeThresholdPolicy,
    SizeValidator,
    StreamReader,
    StreamWriter,
    TableRootValidator,
    TypedValidator,
    ValidatingDeframer,
    ValidatingFramer,
)
from flatstream.aio import AsyncStreamReader, AsyncStreamWriter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def untyped(value: object) -> Any:
    """A value as somebody without a type checker gives it."""
    return value


WRONG = untyped("crc32")

FRAMER = r"a framer, such as ChecksumFramer\('crc32'\), is needed, not "
DEFRAMER = r"a deframer, such as ChecksumDeframer\('crc32'\), is needed, not "
VALIDATOR = r"a validator with a method validate\(payload\) is needed, not "


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: StreamWriter(bytearray(), WRONG), FRAMER + "str"),
        (lambda: StreamWriter(bytearray(), untyped(DefaultFramer)), FRAMER + "the class DefaultFramer"),
        (lambda: StreamWriter(bytearray(), untyped(DefaultDeframer())), FRAMER + "DefaultDeframer"),
        (lambda: AsyncStreamWriter(WRONG, WRONG), FRAMER + "str"),
        (lambda: BoundedFramer(WRONG, 1), FRAMER + "str"),
        (lambda: ObserverFramer(WRONG, print), FRAMER + "str"),
        (lambda: ValidatingFramer(WRONG, NoValidator()), FRAMER + "str"),
        (lambda: StreamReader(b"", WRONG), DEFRAMER + "str"),
        (lambda: StreamReader(b"", untyped(DefaultDeframer)), DEFRAMER + "the class DefaultDeframer"),
        (lambda: flatstream.recover(b"", WRONG), DEFRAMER + "str"),
        (lambda: AsyncStreamReader(WRONG, WRONG), DEFRAMER + "str"),
        (lambda: BoundedDeframer(WRONG, 1), DEFRAMER + "str"),
        (lambda: ObserverDeframer(WRONG, print), DEFRAMER + "str"),
        (lambda: ValidatingDeframer(WRONG, NoValidator()), DEFRAMER + "str"),
        (lambda: DefaultFramer().observed(WRONG), "an observer must be a function, not str"),
        (lambda: DefaultDeframer().observed(WRONG), "an observer must be a function, not str"),
        (lambda: DefaultFramer().with_validator(WRONG), VALIDATOR + "str"),
        (lambda: DefaultDeframer().with_validator(untyped(NoValidator)), VALIDATOR + "the class NoValidator"),
        (lambda: CompositeValidator(untyped([NoValidator()])), VALIDATOR + "list"),
        (lambda: TypedValidator("Event", WRONG), "verify must be a function, not str"),
        (lambda: SizeValidator(WRONG, 1), "min_len must be a whole number, not str"),
        (lambda: SizeValidator(0, untyped(1.5)), "max_len must be a whole number, not float"),
        (lambda: TableRootValidator(max_depth=WRONG), "max_depth must be a whole number, not str"),
        (lambda: TableRootValidator(max_tables=WRONG), "max_tables must be a whole number, not str"),
        (lambda: DefaultFramer().bounded(untyped(1.5)), "max_payload_len must be a whole number, not float"),
        (lambda: DefaultDeframer(untyped(None)), "max_frame_len must be a whole number, not NoneType"),
        (lambda: DefaultDeframer().bounded(WRONG), "max_frame_len must be a whole number, not str"),
        (lambda: Checksum("sum", untyped(1.5), sum), "the width of checksum 'sum' must be a whole number, not float"),
        (lambda: Checksum("sum", 1, WRONG), "compute of checksum 'sum' must be a function, not str"),
        (lambda: StreamReader(io.BytesIO(), readahead=untyped(1.5)), "readahead must be a whole number, not float"),
        (lambda: StreamReader(b"", offset=WRONG), "offset must be a whole number, not str"),
        (lambda: StreamWriter(bytearray(), offset=WRONG), "offset must be a whole number, not str"),
        (lambda: StreamReader(io.BytesIO(), policy=WRONG), "a memory policy is needed, not str"),
        (
            lambda: StreamWriter(bytearray(), policy=untyped(NoOpPolicy)),
            "a memory policy is needed, not the class NoOpPolicy",
        ),
        (lambda: AdaptiveWatermarkPolicy(clock=WRONG), "clock must be a function, not str"),
        (lambda: AdaptiveWatermarkPolicy(shrink_ratio=untyped(1.5)), "shrink_ratio must be a whole number, not float"),
        (lambda: SizeThresholdPolicy(grow_above=WRONG), "grow_above must be a whole number, not str"),
        (lambda: SizeThresholdPolicy(shrink_below=WRONG), "shrink_below must be a whole number, not str"),
    ],
)
def test_what_is_of_the_wrong_type_is_a_type_error_that_names_it(call: Callable[[], object], text: str) -> None:
    with pytest.raises(TypeError, match=f"^{text}$"):
        call()


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: AdaptiveWatermarkPolicy(shrink_ratio=0), "shrink_ratio must be 1 or more, not 0"),
        (lambda: AdaptiveWatermarkPolicy(messages_to_wait=0), "messages_to_wait must be 1 or more, not 0"),
        (lambda: AdaptiveWatermarkPolicy(cooldown=-1), "cooldown must be a time in seconds, not -1"),
        (lambda: SizeThresholdPolicy(messages_to_wait=-1), "messages_to_wait must be 1 or more, not -1"),
    ],
)
def test_settings_under_which_a_policy_means_nothing_are_value_errors(call: Callable[[], object], text: str) -> None:
    with pytest.raises(ValueError, match=f"^{text}$"):
        call()


@pytest.mark.parametrize("wrong", [{"framer": WRONG}, {"policy": WRONG}])
def test_a_file_is_neither_made_nor_emptied_for_a_wrong_argument(tmp_path: Path, wrong: Any) -> None:
    old, new = tmp_path / "old.bin", tmp_path / "new.bin"
    old.write_bytes(b"\x03\0\0\0abc")
    for path in (old, new):
        with pytest.raises(TypeError, match="is needed, not str"):
            flatstream.open(path, "wb", **wrong)
    assert old.read_bytes() == b"\x03\0\0\0abc"
    assert not new.exists()


class Index:
    """An integer of another library, as NumPy's are."""

    def __init__(self, value: int) -> None:
        self._value = value

    def __index__(self) -> int:
        return self._value


def test_any_type_of_integer_is_a_bound() -> None:
    deframer = ChecksumDeframer("none", max_frame_len=untyped(Index(3)))
    assert deframer.max_frame_len == 3
    assert list(StreamReader(b"\x03\0\0\0abc", deframer, copy=True)) == [b"abc"]


def test_an_empty_array_of_several_dimensions_is_an_empty_payload() -> None:
    sink = bytearray()
    writer = StreamWriter(sink)
    writer.write_payload(((ctypes.c_uint32 * 3) * 0)())
    writer.write_payload(((ctypes.c_uint16 * 2) * 1)((ctypes.c_uint16 * 2)(1, 2)))
    assert sink.hex() == "000000000400000001000200"
    assert list(StreamReader(((ctypes.c_uint32 * 3) * 0)())) == []
