"""Sources that fail: an error is not an end."""

from __future__ import annotations

from vectors.generator.answers import IO, error_event, invalid_frame, read_to_error
from vectors.generator.layout import Stream, length_field
from vectors.generator.model import Group
from vectors.generator.oracles import ALGORITHMS
from vectors.generator.questions import ask_deframe, ask_recover

_PAYLOADS = (b"abc", b"", b"de")


def groups() -> list[Group]:
    """Return the same faults twice: read, and recovered."""
    reading = Group(
        "source-faults",
        "deframe",
        "The source fails with an I/O error after so many bytes: io at every offset, never a "
        "clean end and never a torn tail.",
    )
    recovering = Group(
        "recovery-faults",
        "recover",
        "The source fails while recovery reads: an error, never a report that would authorise truncation.",
    )
    for algorithm in ALGORITHMS:
        stream = Stream(algorithm, _PAYLOADS)
        for after in range(len(stream.wire) + 1):
            name = f"{algorithm}/after-{after:02}"
            comment = f"the source fails {stream.place(after)}"
            payloads = stream.payloads[: stream.whole_before(after)]
            request = ask_deframe(algorithm, stream.wire, fault_after=after)
            reading.add(name, "R8 E1", comment, request, read_to_error(payloads, IO))
            recovering.add(name, "R8 C3", comment, request, error_event(IO))
        over = Stream(algorithm, [b"abc"]).wire
        wire = over + length_field(100) + bytes(20)
        after = len(over) + 4
        comment = "the length is over the limit, and the source fails right after it: the length was enough to know"
        error = invalid_frame(100, 16)
        request = ask_deframe(algorithm, wire, 16, fault_after=after)
        reading.add(f"{algorithm}/after-hostile-length", "R3 R8", comment, request, read_to_error([b"abc"], error))
        request = ask_recover(algorithm, wire, 16, fault_after=after)
        recovering.add(f"{algorithm}/after-hostile-length", "R3 C3", comment, request, error_event(error))
    return [reading, recovering]
