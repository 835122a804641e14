"""Zero bytes at the end, as a file system leaves them after a crash."""

from __future__ import annotations

from vectors.generator.answers import checksum_mismatch, error_event, read_to_end, read_to_error, recovered
from vectors.generator.layout import Stream
from vectors.generator.model import Group
from vectors.generator.oracles import ALGORITHMS, checksum, width
from vectors.generator.questions import ask_deframe, ask_recover


def groups() -> list[Group]:
    """Return the groups about zero-filled tails: read, recovered, counted."""
    return [_read(), _recovered(), _counted()]


_XXH3_OF_ZEROS = checksum_mismatch(bytes(8), checksum("xxh3_64", b""))


def _read() -> Group:
    group = Group("zero-tails", "deframe", "Zero bytes after good frames: empty frames, except under xxh3_64.")
    for algorithm in ALGORITHMS:
        good = Stream(algorithm, [b"abc", b"defg"])
        size = 4 + width(algorithm)
        for count in (1, 2, 5):
            request = ask_deframe(algorithm, good.wire + bytes(size * count))
            name = f"{algorithm}/{size * count}-zeros"
            if algorithm == "xxh3_64":
                comment = "the checksum of an empty payload is not zero, so zeros are no frame"
                group.add(name, "C6 R13", comment, request, read_to_error(good.payloads, _XXH3_OF_ZEROS))
            else:
                comment = f"{size * count} zero bytes are {count} empty frames"
                group.add(name, "C6 W5", comment, request, read_to_end([*good.payloads, *[b""] * count]))
    return group


def _recovered() -> Group:
    group = Group(
        "recovery-zero-tails",
        "recover",
        "Recovery of zero-filled tails: clean where zeros are empty frames, an error under xxh3_64, torn where "
        "they are no whole frame.",
    )
    for algorithm in ALGORITHMS:
        good = Stream(algorithm, [b"abc", b"defg"])
        size = 4 + width(algorithm)
        for zeros in sorted({1, 3, size - 1, size, size + 1, 3 * size, 3 * size + 2}):
            request = ask_recover(algorithm, good.wire + bytes(zeros))
            name = f"{algorithm}/{zeros}-zeros"
            empties, rest = divmod(zeros, size)
            if algorithm == "xxh3_64" and empties:
                comment = "the first whole header of zeros is a mismatch: an error, which authorises nothing"
                group.add(name, "C6 C3 R13", comment, request, error_event(_XXH3_OF_ZEROS))
                continue
            end = "torn_tail" if rest else "clean_eof"
            answer = recovered(2 + empties, len(good.wire) + empties * size, end)
            comment = f"{zeros} zero bytes are {empties} empty frames and {rest} bytes of another"
            group.add(name, "C6 C2" if rest else "C6 C1", comment, request, answer)
    return group


def _counted() -> Group:
    group = Group(
        "empty-tails",
        "recover",
        "The number of empty frames at the end, so that a person can see a lost block.",
    )
    streams = {
        "no-frame": ((), 0),
        "no-empty-frame": ((b"abc",), 0),
        "one": ((b"abc", b""), 1),
        "three": ((b"abc", b"", b"", b""), 3),
        "only-empty": ((b"", b""), 2),
        "in-the-middle": ((b"abc", b"", b"", b"d"), 0),
        "middle-and-end": ((b"", b"abc", b"", b"d", b""), 1),
    }
    for algorithm in ALGORITHMS:
        for name, (payloads, count) in streams.items():
            wire = Stream(algorithm, payloads).wire
            group.add(
                f"{algorithm}/{name}",
                "C6 C1",
                f"{len(payloads)} frames, of which the last {count} are empty",
                ask_recover(algorithm, wire, count_empty_tail=True),
                recovered(len(payloads), len(wire), "clean_eof", empty_tail=count),
            )
        for name, payloads, count in (
            ("torn-after-empty", (b"abc", b"", b""), 2),
            ("torn-after-payload", (b"", b"abc"), 0),
        ):
            wire = Stream(algorithm, payloads).wire
            group.add(
                f"{algorithm}/{name}",
                "C6 C2",
                f"the {count} empty frames before the last good offset, then a torn length",
                ask_recover(algorithm, wire + b"\x01\x00", count_empty_tail=True),
                recovered(len(payloads), len(wire), "torn_tail", empty_tail=count),
            )
    return group
