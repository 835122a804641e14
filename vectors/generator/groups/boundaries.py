"""Streams cut at every offset: where the clean end is, and where the torn tail."""

from __future__ import annotations

from vectors.generator.answers import UNEXPECTED_EOF, read_to_end, read_to_error, recovered
from vectors.generator.layout import Stream
from vectors.generator.model import Group
from vectors.generator.oracles import ALGORITHMS
from vectors.generator.payloads import MIXED
from vectors.generator.questions import ask_deframe, ask_recover


def groups() -> list[Group]:
    """Return the same cuts twice: read, and recovered."""
    reading = Group(
        "truncation",
        "deframe",
        "A stream of payloads of 0, 1, 3 and 24 bytes, cut at every offset: clean at the "
        "boundaries, unexpected_eof elsewhere.",
    )
    recovering = Group(
        "recovery-cuts",
        "recover",
        "The streams of the group truncation, recovered: clean_eof at the boundaries, torn_tail elsewhere, and "
        "always the offset one past the last whole frame.",
    )
    for algorithm in ALGORITHMS:
        stream = Stream(algorithm, MIXED)
        for cut in range(len(stream.wire) + 1):
            _add_cut(reading, recovering, stream, cut)
    return [reading, recovering]


def _add_cut(reading: Group, recovering: Group, stream: Stream, cut: int) -> None:
    name = f"{stream.algorithm}/cut-{cut:03}"
    wire = stream.wire[:cut]
    whole = stream.whole_before(cut)
    payloads = stream.payloads[:whole]
    good = stream.ends[whole - 1] if whole else 0
    comment = f"the source ends {stream.place(cut)}"
    if stream.is_boundary(cut):
        reading.add(name, "R1", comment, ask_deframe(stream.algorithm, wire), read_to_end(payloads))
        answer = recovered(whole, good, "clean_eof")
        recovering.add(name, "C1", comment, ask_recover(stream.algorithm, wire), answer)
    else:
        answer = read_to_error(payloads, UNEXPECTED_EOF)
        reading.add(name, "R2 E1", comment, ask_deframe(stream.algorithm, wire), answer)
        answer = recovered(whole, good, "torn_tail")
        recovering.add(name, "C2", comment, ask_recover(stream.algorithm, wire), answer)
