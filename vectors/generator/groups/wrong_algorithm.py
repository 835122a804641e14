"""A stream read with another algorithm than it was written with: the stream cannot tell.

The wires are made so that the misread bytes are known: where a reader of the wrong width lands on a header,
that header was put there.
"""

from __future__ import annotations

from vectors.generator.answers import UNEXPECTED_EOF, checksum_mismatch, invalid_frame, read_to_end, read_to_error
from vectors.generator.layout import Stream, frame, length_field
from vectors.generator.model import Group
from vectors.generator.oracles import checksum
from vectors.generator.questions import ask_deframe


def groups() -> list[Group]:
    """Return the group about the wrong algorithm."""
    group = Group(
        "wrong-algorithm",
        "deframe",
        "Streams read with an algorithm that they were not written with. The format does not defend against this; "
        "these vectors pin what happens.",
    )
    _add_plain_readers(group)
    _add_readers_of_plain(group)
    _add_readers_of_other_checksums(group)
    return [group]


def _add_plain_readers(group: Group) -> None:
    # The reader takes checksum and payload for the payload, and the last N bytes of it for what follows.
    after_four = b"abcdefgh" + length_field(0)
    seen = checksum("crc32", after_four) + b"abcdefgh"
    group.add(
        "none-reads-crc32/frame-then-empty",
        "W7",
        "the first 12 bytes after the length are yielded: 4 of checksum and 8 of payload; the "
        "last 4 are an empty frame",
        ask_deframe("none", frame("crc32", after_four)),
        read_to_end([seen, b""]),
    )
    over = b"abcdefgh" + length_field(1000)
    group.add(
        "none-reads-crc32/frame-then-over-limit",
        "W7 R3",
        "as before, but the last 4 bytes of the payload are a length over the limit",
        ask_deframe("none", frame("crc32", over), 100),
        read_to_error([checksum("crc32", over) + b"abcdefgh"], invalid_frame(1000, 100)),
    )
    after_eight = b"abcdefgh" + frame("none", b"WXYZ")
    group.add(
        "none-reads-xxh3_64/frame-then-frame",
        "W7",
        "16 bytes are yielded: 8 of checksum and 8 of payload; the last 8 are a frame of WXYZ",
        ask_deframe("none", frame("xxh3_64", after_eight)),
        read_to_end([checksum("xxh3_64", after_eight) + b"abcdefgh", b"WXYZ"]),
    )
    group.add(
        "none-reads-xxh3_64/two-empties-inside",
        "W7",
        "the last 8 bytes of the payload are two empty frames",
        ask_deframe("none", frame("xxh3_64", b"abcdefgh" + bytes(8))),
        read_to_end([checksum("xxh3_64", b"abcdefgh" + bytes(8)) + b"abcdefgh", b"", b""]),
    )
    group.add(
        "none-reads-crc16/abc",
        "W7 R2",
        "d69d61 is yielded for abc; the 2 bytes that are left are a torn length",
        ask_deframe("none", frame("crc16", b"abc")),
        read_to_error([checksum("crc16", b"abc") + b"a"], UNEXPECTED_EOF),
    )
    group.add(
        "none-reads-crc32/empty",
        "W7 W5",
        "an empty frame of crc32 is 8 zero bytes: two empty frames",
        ask_deframe("none", frame("crc32", b"")),
        read_to_end([b"", b""]),
    )
    group.add(
        "none-reads-crc16/empty",
        "W7 R2",
        "an empty frame of crc16 is 6 zero bytes: one empty frame and a torn length",
        ask_deframe("none", frame("crc16", b"")),
        read_to_error([b""], UNEXPECTED_EOF),
    )
    group.add(
        "none-reads-xxh3_64/empty",
        "W7 R3",
        "an empty frame of xxh3_64: one empty frame, and its checksum is a length far over the limit",
        ask_deframe("none", frame("xxh3_64", b""), 1024),
        read_to_error([b""], invalid_frame(int.from_bytes(checksum("xxh3_64", b"")[:4], "little"), 1024)),
    )


def _add_readers_of_plain(group: Group) -> None:
    for algorithm, size in (("crc16", 2), ("crc32", 4), ("xxh3_64", 8)):
        payload = b"abcdefghijkl"
        one = frame("none", payload)
        group.add(
            f"{algorithm}-reads-none/one-frame",
            "W7 R2",
            f"{size} bytes of the payload are taken for the checksum, and so many are missing at the end",
            ask_deframe(algorithm, one),
            read_to_error([], UNEXPECTED_EOF),
        )
        shifted = (one + one)[4 + size : 4 + size + len(payload)]
        group.add(
            f"{algorithm}-reads-none/two-frames",
            "W7 R13",
            f"{size} bytes of the payload are taken for the checksum of bytes that reach into the next frame",
            ask_deframe(algorithm, one + one),
            read_to_error([], checksum_mismatch(payload[:size], checksum(algorithm, shifted))),
        )

    group.add(
        "crc32-reads-none/two-empties",
        "W7 W5",
        "two empty plain frames are 8 zero bytes: one empty frame of crc32, and nobody can tell",
        ask_deframe("crc32", Stream("none", [b"", b""]).wire),
        read_to_end([b""]),
    )
    group.add(
        "crc16-reads-none/three-empties",
        "W7 W5",
        "three empty plain frames are 12 zero bytes: two empty frames of crc16",
        ask_deframe("crc16", Stream("none", [b"", b"", b""]).wire),
        read_to_end([b"", b""]),
    )
    group.add(
        "xxh3_64-reads-none/three-empties",
        "W7 R13",
        "three empty plain frames are 12 zero bytes: the checksum of no bytes is not zero under xxh3_64",
        ask_deframe("xxh3_64", Stream("none", [b"", b"", b""]).wire),
        read_to_error([], checksum_mismatch(bytes(8), checksum("xxh3_64", b""))),
    )


def _add_readers_of_other_checksums(group: Group) -> None:
    widths = {"crc16": 2, "crc32": 4, "xxh3_64": 8}
    for written in widths:
        for read, size in widths.items():
            if read == written:
                continue
            payloads = [b"abcdefghijkl", b"mnopqrstuvwx"]
            wire = Stream(written, payloads).wire
            taken = wire[4 + size : 4 + size + 12]
            stored = wire[4 : 4 + size]
            group.add(
                f"{read}-reads-{written}/two-frames",
                "W7 R13",
                f"the first {size} bytes after the length are taken for the checksum",
                ask_deframe(read, wire),
                read_to_error([], checksum_mismatch(stored, checksum(read, taken))),
            )
