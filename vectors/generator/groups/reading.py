"""Reading whole streams: what was written comes back, and nothing else."""

from __future__ import annotations

from vectors.generator.answers import read_to_end
from vectors.generator.groups.writing import STREAMS
from vectors.generator.layout import Stream, counting
from vectors.generator.model import Group
from vectors.generator.oracles import ALGORITHMS
from vectors.generator.payloads import BROKEN_STRING, FLATBUFFERS, TELEMETRY_24
from vectors.generator.questions import ask_deframe


def groups() -> list[Group]:
    """Return the groups of whole streams, of stale tails and of exact reads."""
    return [_clean(), _stale_tails(), _exact_reads()]


def _clean() -> Group:
    group = Group(
        "clean-streams", "deframe", "Whole streams: every payload comes back byte for byte, then the clean end."
    )
    for algorithm in ALGORITHMS:
        for name, (payloads, rules, comment) in STREAMS.items():
            stream = Stream(algorithm, payloads)
            group.add(
                f"{algorithm}/{name}",
                f"{rules} R1",
                comment,
                ask_deframe(algorithm, stream.wire),
                read_to_end(payloads),
            )
        for name, payload in {**FLATBUFFERS, "broken-string": BROKEN_STRING}.items():
            group.add(
                f"{algorithm}/flatbuffer-{name}",
                "W1 R1 V1",
                "without a validator a payload is bytes: what a FlatBuffer says inside is nobody's business",
                ask_deframe(algorithm, Stream(algorithm, [payload]).wire),
                read_to_end([payload]),
            )
    payload = counting(65538)
    comment = "the third byte of the length: 02000100"
    group.add(
        "crc32/length-65538",
        "W2 R1",
        comment,
        ask_deframe("crc32", Stream("crc32", [payload]).wire),
        read_to_end([payload]),
    )
    return group


_SHRINKING = {
    "long-then-short": (b"\xee" * 24, b"abc"),
    "long-then-empty": (b"\xee" * 24, b""),
    "long-then-empty-then-one": (b"\xee" * 24, b"", b"x"),
    "shrinking": (b"ffffff", b"eeeee", b"dddd", b"ccc", b"bb", b"a", b""),
    "up-and-down": (b"ab", TELEMETRY_24, b"c", b"\xee" * 300, b"defg"),
}


def _stale_tails() -> Group:
    group = Group(
        "stale-tails",
        "deframe",
        "A shorter frame after a longer one: a reused buffer must not show what was in it before.",
    )
    for algorithm in ALGORITHMS:
        for name, payloads in _SHRINKING.items():
            wire = Stream(algorithm, payloads).wire
            comment = "lengths " + ", ".join(str(len(payload)) for payload in payloads)
            group.add(f"{algorithm}/{name}", "R11", comment, ask_deframe(algorithm, wire), read_to_end(payloads))
    return group


def _exact_reads() -> Group:
    group = Group(
        "exact-reads",
        "deframe",
        "A source that the caller owns loses exactly the bytes of the frames that were returned; what follows "
        "belongs to the caller.",
    )
    for algorithm in ALGORITHMS:
        stream = Stream(algorithm, [b"abc", b"", TELEMETRY_24, b"z"])
        for count in range(1, len(stream.payloads)):
            consumed = stream.ends[count - 1]
            group.add(
                f"{algorithm}/stop-after-{count}",
                "R9",
                f"{count} frames are {consumed} bytes; the next length field is not touched",
                ask_deframe(algorithm, stream.wire, stop_after=count),
                {
                    "payloads": [payload.hex() for payload in stream.payloads[:count]],
                    "end": "stopped",
                    "consumed": consumed,
                },
            )
        one = Stream(algorithm, [b"abc"])
        group.add(
            f"{algorithm}/foreign-bytes-follow",
            "R9",
            "the bytes after the frame are of another protocol and would be a hostile header",
            ask_deframe(algorithm, one.wire + b"\xff" * 12, 16, stop_after=1),
            {"payloads": [b"abc".hex()], "end": "stopped", "consumed": len(one.wire)},
        )
    return group
