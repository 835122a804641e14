"""Sinks that take little at a time, and sinks that fail."""

from __future__ import annotations

from vectors.generator.answers import IO, error_event, wrote
from vectors.generator.layout import Stream
from vectors.generator.model import Group
from vectors.generator.oracles import ALGORITHMS
from vectors.generator.payloads import MIXED
from vectors.generator.questions import ask_frame


def groups() -> list[Group]:
    """Return the groups about sinks."""
    return [_short_writes(), _faults(), _faults_once()]


def _short_writes() -> Group:
    group = Group(
        "short-writes",
        "frame",
        "A sink that takes fewer bytes than it is offered is offered the rest: the wire is whole.",
    )
    for algorithm in ALGORITHMS:
        stream = Stream(algorithm, [*MIXED, b"end"])
        # The first write of the longest frame ends at each of its offsets once.
        for size in range(1, max(map(len, stream.frames))):
            group.add(
                f"{algorithm}/takes-{size:02}",
                "S1",
                f"the sink takes at most {size} bytes at each write",
                ask_frame(algorithm, stream.payloads, sink_chunk=size),
                wrote(stream.wire),
            )
    return group


def _faults() -> Group:
    group = Group(
        "sink-faults", "frame", "The sink fails after so many bytes: io, and nothing is written behind the torn frame."
    )
    for algorithm in ALGORITHMS:
        stream = Stream(algorithm, [b"abc", b"defgh"])
        for after in range(len(stream.wire)):
            group.add(
                f"{algorithm}/after-{after:02}",
                "S4 E1",
                f"the sink fails {stream.place(after)}",
                ask_frame(algorithm, stream.payloads, sink_fault_after=after),
                wrote(stream.wire[:after], IO),
            )
    return group


def _faults_once() -> Group:
    group = Group(
        "sink-faults-once",
        "frame",
        "The sink fails once inside a frame and would then work again. A writer that goes on buries the torn frame "
        "in the middle of the stream, where no reader gets past it.",
    )
    for algorithm in ALGORITHMS:
        stream = Stream(algorithm, [b"abc", b"defgh", b"ij", b""])
        first = stream.ends[0]
        head = len(stream.frames[1]) - len(stream.payloads[1])
        # Without a checksum the header ends with the length field, and the two places are one.
        places = {0: "boundary", 2: "length", 4: "after-length", head: "after-header", head + 3: "payload"}
        for taken, name in places.items():
            after = first + taken
            group.add(
                f"{algorithm}/{name}",
                "S4",
                f"the sink fails once, {stream.place(after)}; each later payload is refused with the same error",
                ask_frame(algorithm, stream.payloads, sink_fault_after=after, fault_once=True, go_on=True),
                wrote(stream.wire[:after], results=["ok", *[error_event(IO)] * 3]),
            )
    return group
