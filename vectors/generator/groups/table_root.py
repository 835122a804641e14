"""The nine checks of TableRootValidator, each at its edge.

The payload of a failing vector fails first in the check of its name, and where the layout allows it in no
other: with that check left out, or off by one, the rest let it pass. (A vtable at the very end, say, is refused
by check 5 as well as by 4.) The verdicts are written by hand; the reason stands beside each.
"""

from __future__ import annotations

from typing import Final

from vectors.generator.answers import read_to_end, read_to_error, refused_by, wrote
from vectors.generator.layout import Stream
from vectors.generator.model import Group
from vectors.generator.oracles import ALGORITHMS
from vectors.generator.payloads import BROKEN_STRING, FLATBUFFERS
from vectors.generator.questions import ask_deframe, ask_frame

_REFUSED = refused_by("TableRootValidator")

_PASS: Final = (
    ("step-1-four-bytes", "00000000", "4 bytes are enough: root 0, and the vtable is at 0 too, with a length of 0"),
    ("step-2-root-8", "08000000 00000000 00000000", "a root of 8 is a multiple of 4"),
    ("step-3-root-at-the-end", "08000000 0000 0000 08000000", "root 8 + 4 is exactly the length of 12"),
    ("step-4-vtable-at-0", "04000000 04000000", "vtable = 4 - 4 = 0: not negative"),
    ("step-4-vtable-is-root", "04000000 00000000", "vtable = 4 - 0 = 4, on the table itself: below the length"),
    (
        "step-4-signed-offset",
        "04000000 fcffffff 0200",
        "vtable = 4 - (-4) = 8: the offset is signed; 8 + 2 is the length",
    ),
    ("step-5-vtable-at-2", "04000000 02000000", "vtable = 4 - 2 = 2: even is enough, it need not be a multiple of 4"),
    ("step-5-two-bytes-left", "04000000 fcffffff 0000", "vtable 8 + 2 is exactly the length of 10"),
    ("step-6-length-0", "04000000 fcffffff 0000 0000", "a vtable length of 0 is even; a minimum is not asked for"),
    ("step-6-length-2", "04000000 fcffffff 0200 0000", "a vtable length of 2 is even; a minimum is not asked for"),
    ("step-7-vtable-at-the-end", "04000000 fcffffff 0400 0400", "vtable 8 + 4 is exactly the length of 12"),
    ("vtable-before-root", "08000000 0400 0400 04000000", "vtable = 8 - 4 = 4, of 4 bytes: the smallest real table"),
    ("wild-table-size", "08000000 0400 ffff 04000000", "the size of the table, 65535, is not looked at"),
    ("wild-field", "0c000000 0600 0800 ffff 0000 08000000", "a field at table + 65535 is not looked at"),
    ("trailing-bytes", "08000000 0400 0400 04000000 ffffffffff", "bytes behind the table are not looked at"),
)

_FAIL: Final = (
    ("step-1-empty", "", "0 bytes are less than 4"),
    ("step-1-three-bytes", "000000", "3 bytes are less than 4"),
    ("step-2-root-2", "02000000 00000000", "a root of 2 is no multiple of 4, though all else would fit"),
    ("step-2-root-6", "06000000 00000000 0000", "a root of 6 is no multiple of 4, though all else would fit"),
    (
        "step-2-root-10",
        "0a000000 00000000 00000000 0000",
        "a root of 10 is no multiple of 4, though all else would fit",
    ),
    ("step-3-one-byte-short", "04000000 000000", "root 4 + 4 is one over the length of 7"),
    ("step-3-root-is-length", "08000000 00000000", "root 8 is the length: no table there"),
    ("step-3-root-2-31", "00000080 00000000", "root 2^31: as a signed number it would be before the payload"),
    ("step-3-root-wraps", "fcffffff 00000000", "root 2^32-4: root + 4 in 32 bits wraps to 0"),
    ("step-4-vtable-minus-4", "04000000 08000000", "vtable = 4 - 8 = -4"),
    (
        "step-4-vtable-minus-2",
        "04000000 06000000",
        "vtable = 4 - 6 = -2: an index of -2 reads from the end in some languages",
    ),
    ("step-4-vtable-is-length", "04000000 fcffffff", "vtable = 8 is the length, so not below it"),
    ("step-4-largest-offset", "04000000 ffffff7f", "vtable = 4 - (2^31-1): far below 0"),
    ("step-4-smallest-offset", "04000000 00000080", "vtable = 4 + 2^31: far over the length"),
    ("step-5-odd-vtable", "04000000 fbffffff 00 0000", "vtable = 9 is odd, though its two bytes are there"),
    ("step-5-odd-vtable-before", "04000000 03000000", "vtable = 1 is odd; its length would read as 0"),
    ("step-5-one-byte-left", "04000000 fcffffff 00", "vtable = 8, and of its length only one byte is there"),
    ("step-6-odd-length-3", "04000000 fcffffff 0300 00", "a vtable length of 3 is odd, though 8 + 3 is the length"),
    ("step-6-odd-length-1", "04000000 fcffffff 0100", "a vtable length of 1 is odd, though it is within"),
    ("step-6-and-7", "04000000 fcffffff 0300", "a vtable length of 3 is odd, and one byte over the end"),
    ("step-7-two-bytes-over", "04000000 fcffffff 0400", "vtable 8 + 4 is over the length of 10"),
    ("step-7-one-byte-over", "04000000 fcffffff 0400 00", "vtable 8 + 4 is one over the length of 11"),
    ("step-7-largest-length", "04000000 fcffffff feff", "a vtable length of 65534: as a signed number it would be -2"),
    (
        "step-7-length-256",
        "04000000 fcffffff 0001",
        "a vtable length of 256 is over the length of 10, though its low byte is 0",
    ),
    ("text", "48656c6c6f2c20776f726c6421", "text is no table: the root would be at 1819043144"),
)


def groups() -> list[Group]:
    """Return the groups about TableRootValidator: its steps, its limits, its use on writing."""
    return [_steps(), _limits(), _writing()]


def _steps() -> Group:
    group = Group(
        "table-root",
        "deframe",
        "TableRootValidator with its default limits, in front of payloads at the edge of each of its checks. "
        "The numbers are those of the steps in the specification.",
    )
    for name, text, comment in _PASS:
        payload = bytes.fromhex(text)
        wire = Stream("none", [payload]).wire
        request = ask_deframe("none", wire, validator="table_root")
        group.add(f"pass/{name}", "V5", f"passes: {comment}", request, read_to_end([payload]))
    for name, text, comment in _FAIL:
        wire = Stream("none", [bytes.fromhex(text)]).wire
        request = ask_deframe("none", wire, validator="table_root")
        group.add(f"fail/{name}", "V5 E1", f"fails: {comment}", request, read_to_error([], _REFUSED))
    for algorithm in ALGORITHMS:
        for name, payload in {**FLATBUFFERS, "broken-string": BROKEN_STRING}.items():
            comment = "passes: a real FlatBuffer"
            if name == "broken-string":
                comment = "passes: the offset of a string points outside, but no field is looked at"
            wire = Stream(algorithm, [payload]).wire
            request = ask_deframe(algorithm, wire, validator="table_root")
            group.add(f"{algorithm}/flatbuffer-{name}", "V5", comment, request, read_to_end([payload]))
        one = FLATBUFFERS["two-scalars"]
        wire = Stream(algorithm, [one, b"abc", one]).wire
        group.add(
            f"{algorithm}/second-refused",
            "V5 R5",
            "the second of three payloads is no table",
            ask_deframe(algorithm, wire, validator="table_root"),
            read_to_error([one], _REFUSED),
        )
    return group


def _limits() -> Group:
    group = Group(
        "table-root-limits",
        "deframe",
        "TableRootValidator with other limits: one table of depth one is looked at, so 1 is enough and 0 is not.",
    )
    payload = FLATBUFFERS["two-scalars"]
    wire = Stream("none", [payload]).wire
    for depth, tables, comment in (
        (1, 1, "passes: 1 and 1 are enough"),
        (64, 1, "passes: step 8 asks for at least 1 table"),
        (1, 1000000, "passes: step 9 asks for a depth of at least 1"),
        (64, 0, "fails in step 8: no table is allowed"),
        (0, 1000000, "fails in step 9: no depth is allowed"),
        (0, 0, "fails in step 8, before step 9"),
    ):
        request = ask_deframe("none", wire, validator={"table_root": {"max_depth": depth, "max_tables": tables}})
        answer = read_to_end([payload]) if depth and tables else read_to_error([], _REFUSED)
        group.add(f"depth-{depth}-tables-{tables}", "V5", comment, request, answer)
    return group


def _writing() -> Group:
    group = Group("table-root-writing", "frame", "TableRootValidator on a writer: what it refuses leaves not one byte.")
    good = FLATBUFFERS["one-string"]
    for algorithm in ALGORITHMS:
        stream = Stream(algorithm, [good, FLATBUFFERS["identified"]])
        group.add(
            f"{algorithm}/tables",
            "V5",
            "real FlatBuffers are written",
            ask_frame(algorithm, stream.payloads, validator="table_root"),
            wrote(stream.wire),
        )
        group.add(
            f"{algorithm}/second-refused",
            "V5 S2 E1",
            "the second payload is no table",
            ask_frame(algorithm, [good, b"abc", good], validator="table_root"),
            wrote(Stream(algorithm, [good]).wire, _REFUSED),
        )
        group.add(
            f"{algorithm}/empty-refused",
            "V5 S2 E1",
            "an empty payload has no root",
            ask_frame(algorithm, [b""], validator="table_root"),
            wrote(b"", _REFUSED),
        )
    return group
