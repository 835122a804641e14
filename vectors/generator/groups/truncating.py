"""Truncating a file: only a torn tail allows it."""

from __future__ import annotations

from vectors.generator.answers import checksum_mismatch, invalid_frame
from vectors.generator.layout import LARGEST_PAYLOAD, Stream, flip, frame_with_checksum, length_field
from vectors.generator.model import Group, JsonObject
from vectors.generator.oracles import ALGORITHMS, checksum, width
from vectors.generator.questions import ask_truncate


def groups() -> list[Group]:
    """Return the group of the `truncate` operation."""
    group = Group(
        "truncate",
        "truncate",
        "A file is recovered, truncated and appended to. After a torn tail the result is the file that would have "
        "been, byte for byte; anything else is refused and the file stays as it was.",
    )
    for algorithm in ALGORITHMS:
        _add_torn(group, algorithm)
        _add_refused(group, algorithm)
    return [group]


def _add_torn(group: Group, algorithm: str) -> None:
    stream = Stream(algorithm, [b"abc", b"", b"defgh"])
    appended = [b"new", b"", b"frames"]
    last = stream.starts[2]
    header = 4 + width(algorithm)
    # Without a checksum the header ends with the length field, and the two places are one.
    places = {
        2: "first-frame",
        header + 1: "first-payload",
        last + 1: "length",
        last + 4: "after-length",
        last + header: "after-header",
        len(stream.wire) - 1: "payload",
    }
    for cut, name in places.items():
        whole = stream.whole_before(cut)
        kept = stream.payloads[:whole]
        group.add(
            f"{algorithm}/torn-{name}",
            "C5 C2",
            f"the file ends {stream.place(cut)}; {whole} frames stay, and three are appended",
            ask_truncate(algorithm, stream.wire[:cut], appended),
            {"refused": False, "wire": Stream(algorithm, [*kept, *appended]).wire.hex()},
        )
    group.add(
        f"{algorithm}/torn-nothing-appended",
        "C5 C2",
        "the tail goes, and nothing comes",
        ask_truncate(algorithm, stream.wire[:-1], []),
        {"refused": False, "wire": stream.wire[:last].hex()},
    )


def _add_refused(group: Group, algorithm: str) -> None:
    stream = Stream(algorithm, [b"abc", b"", b"defgh"])

    def refuse(
        name: str, rules: str, comment: str, wire: bytes, *, limit: int | None = None, error: JsonObject | None = None
    ) -> None:
        answer: JsonObject = {"refused": True, "wire": wire.hex()}
        if error is not None:
            answer["error"] = error
        group.add(f"{algorithm}/{name}", rules, comment, ask_truncate(algorithm, wire, [b"new"], limit), answer)

    refuse("clean", "C5 C1", "there is nothing to cut off", stream.wire)
    refuse("no-bytes", "C5 C1", "an empty file is clean", b"")
    refuse(
        "hostile-length",
        "C5 C3 R3",
        "a length over the limit at the very end looks like a torn tail and is corruption: "
        "cutting here could destroy good frames",
        stream.wire + length_field(LARGEST_PAYLOAD),
        limit=16,
        error=invalid_frame(LARGEST_PAYLOAD, 16),
    )
    if algorithm != "none":
        right = checksum(algorithm, b"damaged")
        mismatch = checksum_mismatch(flip(right, 0), right)
        damaged = frame_with_checksum(flip(right, 0), b"damaged")
        refuse("mismatch", "C5 C3", "a damaged frame with good ones behind it", damaged + stream.wire, error=mismatch)
        refuse(
            "mismatch-then-torn",
            "C5 C3",
            "a damaged frame, and then a torn tail",
            damaged + stream.wire[:-1],
            error=mismatch,
        )
    zeros = bytes(2 * (4 + width(algorithm)))
    if algorithm == "xxh3_64":
        error = checksum_mismatch(bytes(8), checksum(algorithm, b""))
        refuse(
            "zero-tail",
            "C5 C3 C6",
            "zeros are no frame under xxh3_64, and no torn one",
            stream.wire + zeros,
            error=error,
        )
    else:
        refuse("zero-tail", "C5 C6", "zeros are empty frames: the file is clean", stream.wire + zeros)
