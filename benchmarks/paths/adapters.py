"""What adapters cost beside the bare path: a bound, an observer, validators, typed messages, the way through errors."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import flatstream
from benchmarks.contenders.flatstream_table import FlatStreamRecord, FlatStreamTable
from benchmarks.engines import NATIVE, NO_NATIVE, on
from benchmarks.schemas.generated.telemetry.Telemetry import Telemetry
from benchmarks.tiers import TITLES, Absent, Group, Lane, built, iterate
from benchmarks.workloads import TELEMETRY, telemetry
from flatstream import (
    ChecksumDeframer,
    ChecksumFramer,
    CompositeValidator,
    DefaultDeframer,
    DefaultFramer,
    SizeValidator,
    StreamReader,
    StreamWriter,
    TableRootValidator,
    TypedValidator,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.engines import Engine

__all__ = ["adapter_groups"]

BOUND: Final = 4096
EVERY: Final = 100
"""One frame in so many is bad, where errors are part of the path."""

SIZES: Final = SizeValidator(1, BOUND)


def adapter_groups(count: int) -> Mapping[str, Callable[[], Group]]:
    """The groups, by their name, over so many telemetry tables."""
    return {
        "F0": partial(_writing, count),
        "R0": partial(_reading, count),
        "R1": partial(_validating, count),
        "R3-typed": partial(_typed, count),
        "F0-errors": partial(_refused, count),
        "R0-errors": partial(_mismatched, count),
    }


def _payloads(count: int) -> list[bytes]:
    """Tables, which have something to verify."""
    contender = FlatStreamRecord() if NATIVE is not None else FlatStreamTable()
    if NATIVE is None:
        contender.cannot = {}
    return list(map(bytes, StreamReader(built(contender, telemetry(count)))))


def _seen(_payload: object) -> None:
    """An observer that does nothing."""


def _lane(
    name: str,
    label: str,
    note: str,
    call: Callable[[], object],
    output: Callable[[], object],
    engine: Engine = "native",
) -> Lane | Absent:
    label = f"{label}, pure Python" if engine == "python" else label
    name = f"{name}-python" if engine == "python" else name
    if engine == "native" and NATIVE is None:
        return Absent(name, label, flatstream.__version__, "cannot", NO_NATIVE)
    return Lane(name, label, flatstream.__version__, note, on(engine, call), on(engine, output))


def _both(
    made: Sequence[tuple[str, str, str, Callable[[], object], Callable[[], object]]],
) -> list[Lane | Absent]:
    return [_lane(*arguments, engine=engine) for engine in ("native", "python") for arguments in made]


def _writing(count: int) -> Group:
    payloads = _payloads(count)
    framers: list[tuple[str, str, str, Any]] = [
        ("bare", "bare", "DefaultFramer", DefaultFramer()),
        ("bounded", "bounded", f"bounded({BOUND})", DefaultFramer().bounded(BOUND)),
        ("observed", "observed", "observed(a function that does nothing)", DefaultFramer().observed(_seen)),
        ("validated", "validated", f"with_validator(SizeValidator(1, {BOUND}))", DefaultFramer().with_validator(SIZES)),
        (
            "all",
            "bounded, observed, validated",
            "all three",
            DefaultFramer().bounded(BOUND).observed(_seen).with_validator(SIZES),
        ),
    ]

    def write(framer: Any) -> bytearray:
        sink = bytearray()
        put = StreamWriter(sink, framer).write_payload
        for payload in payloads:
            put(payload)
        return sink

    lanes = [
        (name, label, note, partial(write, framer), lambda framer=framer: list(map(bytes, StreamReader(write(framer)))))
        for name, label, note, framer in framers
    ]
    return _group("F0", "F0", TITLES["F0"], payloads, _both(lanes), payloads)


def _reading(count: int) -> Group:
    payloads = _payloads(count)
    deframers: list[tuple[str, str, str, Any]] = [
        ("bare", "bare", "DefaultDeframer", DefaultDeframer()),
        ("bounded", "bounded", f"max_frame_len={BOUND}", DefaultDeframer(max_frame_len=BOUND)),
        ("nested", "bounded by an adapter", f"bounded({BOUND})", DefaultDeframer().bounded(BOUND)),
        ("observed", "observed", "observed(a function that does nothing)", DefaultDeframer().observed(_seen)),
    ]
    return _readers("R0", TITLES["R0"], payloads, deframers)


def _validating(count: int) -> Group:
    payloads = _payloads(count)
    record = flatstream.Record(f"bench.{TELEMETRY.name}", **dict(TELEMETRY.fields))
    root = TableRootValidator()
    deframers: list[tuple[str, str, str, Any]] = [
        ("bare", "bare", "no validator", DefaultDeframer()),
        ("size", "SizeValidator", f"1 to {BOUND} bytes", DefaultDeframer().with_validator(SIZES)),
        ("root", "TableRootValidator", "root and vtable lie inside", DefaultDeframer().with_validator(root)),
        (
            "composite",
            "CompositeValidator",
            "size, then root",
            DefaultDeframer().with_validator(CompositeValidator(SIZES, root)),
        ),
        (
            "typed",
            "TypedValidator",
            "every offset and field, by the schema",
            DefaultDeframer().with_validator(TypedValidator(record)),
        ),
    ]
    return _readers("R1", TITLES["R1"], payloads, deframers)


def _readers(tier: str, title: str, payloads: list[bytes], deframers: Sequence[tuple[str, str, str, Any]]) -> Group:
    stream = bytes(flatstream.frame_many(payloads))
    lanes: list[tuple[str, str, str, Callable[[], object], Callable[[], object]]] = []
    for name, label, note, deframer in deframers:
        frames = partial(StreamReader, stream, deframer)
        lanes.append((name, label, note, partial(iterate, frames), partial(_listed, frames)))
    return _group(tier, tier, title, payloads, _both(lanes), payloads)


def _listed(frames: Callable[[], Any]) -> list[bytes]:
    return list(map(bytes, frames()))


def _typed(count: int) -> Group:
    """typed_messages, beside opening each payload by hand, and beside process_typed."""
    payloads = _payloads(count)
    stream = bytes(flatstream.frame_many(payloads))
    opened = Telemetry.GetRootAs

    def manual() -> float:
        total = 0.0
        for payload in StreamReader(stream):
            total += opened(payload, 0).Value()
        return total

    def typed() -> float:
        total = 0.0
        for message in StreamReader(stream).typed_messages(Telemetry):
            total += message.Value()
        return total

    def processed() -> float:
        values: list[float] = []
        StreamReader(stream).process_typed(Telemetry, lambda message: values.append(message.Value()))
        return sum(values)

    lanes: list[tuple[str, str, str, Callable[[], object], Callable[[], object]]] = [
        ("bare", "by hand", "Telemetry.GetRootAs of each payload", manual, manual),
        ("typed", "typed_messages", "typed_messages(Telemetry)", typed, typed),
        ("processed", "process_typed", "process_typed(Telemetry, a function)", processed, processed),
    ]
    expected = sum(row[2] for row in telemetry(count).rows)
    return _group("R3-typed", "R2", "open each message and add up one field", payloads, _both(lanes), expected)


def _refused(count: int) -> Group:
    """Writing where one payload in so many is over the bound, and refused."""
    payloads = _payloads(count)
    over = bytes(BOUND + 1)
    mixed = [over if place % EVERY == 0 else payload for place, payload in enumerate(payloads)]
    good = [payload for place, payload in enumerate(payloads) if place % EVERY]
    framer = DefaultFramer().bounded(BOUND)

    def write(offered: Sequence[bytes]) -> bytearray:
        sink = bytearray()
        put = StreamWriter(sink, framer).write_payload
        for payload in offered:
            try:
                put(payload)
            except flatstream.InvalidFrame:
                continue
        return sink

    lanes: list[tuple[str, str, str, Callable[[], object], Callable[[], object]]] = [
        ("bare", "nothing is refused", "bounded", partial(write, payloads), lambda: _good(write(payloads), good)),
        (
            "errors",
            f"1 in {EVERY} is refused",
            "InvalidFrame is caught",
            partial(write, mixed),
            lambda: _good(write(mixed), good),
        ),
    ]
    return _group("F0-errors", "F0", f"{TITLES['F0']}; 1 in {EVERY} over the bound", payloads, _both(lanes), good)


def _good(stream: bytearray, good: list[bytes]) -> list[bytes]:
    """The payloads of the stream that are among the good ones, in order."""
    wanted = set(good)
    return [payload for payload in map(bytes, StreamReader(bytes(stream))) if payload in wanted]


def _mismatched(count: int) -> Group:
    """Reading where the checksum of one frame in so many is wrong, and the reader goes on with the next."""
    payloads = _payloads(count)
    good = [payload for place, payload in enumerate(payloads) if place % EVERY]
    whole = bytes(flatstream.frame_many(payloads, "crc32"))
    damaged = bytearray()
    framer = ChecksumFramer("crc32")
    for number, payload in enumerate(payloads):
        header = bytearray(framer.header(payload))
        if number % EVERY == 0:
            header[-1] ^= 1
        damaged += header + payload
    bad = bytes(damaged)

    def read(stream: bytes) -> list[memoryview]:
        found: list[memoryview] = []
        reader = StreamReader(stream, ChecksumDeframer("crc32"))
        while True:
            try:
                for payload in reader:
                    found.append(payload)  # noqa: PERF402  (an error in the midst of extend would lose what was read)
            except flatstream.ChecksumMismatch:
                continue
            return found

    def output(stream: bytes) -> list[bytes]:
        wanted = set(good)
        return [payload for payload in map(bytes, read(stream)) if payload in wanted]

    lanes: list[tuple[str, str, str, Callable[[], object], Callable[[], object]]] = [
        ("bare", "every checksum is right", "crc32", partial(read, whole), partial(output, whole)),
        ("errors", f"1 in {EVERY} is wrong", "ChecksumMismatch is caught", partial(read, bad), partial(output, bad)),
    ]
    return _group("R0-errors", "R0", f"{TITLES['R0']}; 1 in {EVERY} mismatches", payloads, _both(lanes), good)


def _group(
    name: str, tier: str, title: str, payloads: list[bytes], lanes: Sequence[Lane | Absent], expected: object
) -> Group:
    reference = "bare" if NATIVE is not None else "bare-python"
    size = sum(map(len, payloads))
    return Group(name, tier, title, len(payloads), reference, lanes, expected, size)
