"""NoValidator, SizeValidator, CompositeValidator and TypedValidator."""

from __future__ import annotations

from vectors.generator.answers import error_event, read_to_end, read_to_error, refused_by, wrote
from vectors.generator.layout import LARGEST_PAYLOAD, Stream, counting
from vectors.generator.model import Group, JsonObject
from vectors.generator.oracles import ALGORITHMS
from vectors.generator.payloads import IDENTIFIED, ONE_STRING, TWO_SCALARS
from vectors.generator.questions import ask_deframe, ask_frame


def groups() -> list[Group]:
    """Return the groups about validators, but for the table root's own."""
    return [_sizes_reading(), _sizes_writing(), _none(), _composite(), _typed()]


def _sizes_reading() -> Group:
    group = Group("size-validator", "deframe", "SizeValidator on a reader: both bounds are inclusive.")
    for algorithm in ALGORITHMS:
        for low, high in ((3, 5), (0, 0), (4, 4), (0, LARGEST_PAYLOAD)):
            for size in (0, 2, 3, 4, 5, 6):
                if (low, high) != (3, 5) and size not in (0, 3, 4):
                    continue
                payload = counting(size, start=0x41)
                accepted = low <= size <= high
                group.add(
                    f"{algorithm}/size-{size}-of-{low}-to-{high}",
                    "V2 R5" if accepted else "V2 E1",
                    f"{size} bytes, allowed are {low} to {high}",
                    ask_deframe(algorithm, Stream(algorithm, [payload]).wire, validator={"size": [low, high]}),
                    read_to_end([payload]) if accepted else read_to_error([], refused_by("SizeValidator")),
                )
    return group


def _sizes_writing() -> Group:
    group = Group("size-validator-writing", "frame", "SizeValidator on a writer: what it refuses leaves not one byte.")
    for algorithm in ALGORITHMS:
        for size in (2, 3, 5, 6):
            payload = counting(size, start=0x41)
            accepted = 3 <= size <= 5
            group.add(
                f"{algorithm}/size-{size}-of-3-to-5",
                "V2 S2",
                f"{size} bytes, allowed are 3 to 5",
                ask_frame(algorithm, [payload], validator={"size": [3, 5]}),
                wrote(Stream(algorithm, [payload]).wire) if accepted else wrote(b"", refused_by("SizeValidator")),
            )
        kept = Stream(algorithm, [b"abc", b"defgh"])
        group.add(
            f"{algorithm}/writing-goes-on",
            "V2 S2",
            "the refused payload leaves no trace and the writer goes on",
            ask_frame(algorithm, [b"abc", b"", b"defgh"], validator={"size": [1, 9]}, go_on=True),
            wrote(kept.wire, results=["ok", error_event(refused_by("SizeValidator")), "ok"]),
        )
    return group


def _none() -> Group:
    group = Group("no-validator", "deframe", "NoValidator accepts everything, like no validator at all.")
    payloads = [b"", b"\x00", b"no table", TWO_SCALARS]
    for algorithm in ALGORITHMS:
        group.add(
            f"{algorithm}/accepts-everything",
            "V1",
            "an empty payload, a byte, text and a FlatBuffer",
            ask_deframe(algorithm, Stream(algorithm, payloads).wire, validator="none"),
            read_to_end(payloads),
        )
    return group


_ANY_SIZE: JsonObject = {"size": [0, LARGEST_PAYLOAD]}
_AT_MOST_8: JsonObject = {"size": [0, 8]}


def _composite() -> Group:
    group = Group(
        "composite-validator",
        "deframe",
        "CompositeValidator asks its children in order, stops at the first that refuses, and "
        "reports that child's name.",
    )
    both_refuse = b"no table here"
    cases: tuple[tuple[str, list[object], bytes, str | None, str], ...] = (
        ("all-accept", [_ANY_SIZE, "table_root"], TWO_SCALARS, None, "both children accept"),
        ("one-child", ["table_root"], TWO_SCALARS, None, "a composite of one"),
        ("one-child-refuses", ["table_root"], b"abc", "TableRootValidator", "the child's name, not the composite's"),
        ("first-refuses", [_AT_MOST_8, "table_root"], TWO_SCALARS, "SizeValidator", "a table, but too long"),
        ("last-refuses", [_ANY_SIZE, "table_root"], both_refuse, "TableRootValidator", "short enough, but no table"),
        (
            "both-size-first",
            [_AT_MOST_8, "table_root"],
            both_refuse,
            "SizeValidator",
            "both would refuse: the first is named",
        ),
        (
            "both-root-first",
            ["table_root", _AT_MOST_8],
            both_refuse,
            "TableRootValidator",
            "both would refuse: the first is named",
        ),
        (
            "none-inside",
            ["none", _AT_MOST_8, "none"],
            both_refuse,
            "SizeValidator",
            "NoValidator inside refuses nothing",
        ),
        ("only-none", ["none", "none"], both_refuse, None, "nothing inside refuses"),
        (
            "nested-accepts",
            [_ANY_SIZE, {"composite": ["table_root"]}],
            TWO_SCALARS,
            None,
            "a composite within a composite",
        ),
        (
            "nested-refuses",
            [_ANY_SIZE, {"composite": ["none", "table_root", _AT_MOST_8]}],
            both_refuse,
            "TableRootValidator",
            "the name is that of the validator that refused, not of a composite",
        ),
        ("no-children", [], both_refuse, None, "nobody refuses"),
        (
            "limits-inside",
            [_ANY_SIZE, {"table_root": {"max_depth": 64, "max_tables": 0}}],
            TWO_SCALARS,
            "TableRootValidator",
            "a child with limits of its own",
        ),
    )
    for algorithm in ALGORITHMS:
        for name, children, payload, refusing, comment in cases:
            wire = Stream(algorithm, [payload]).wire
            request = ask_deframe(algorithm, wire, validator={"composite": children})
            answer = read_to_end([payload]) if refusing is None else read_to_error([], refused_by(refusing))
            group.add(f"{algorithm}/{name}", "V3", comment, request, answer)
    return group


def _typed() -> Group:
    group = Group(
        "typed-validator",
        "deframe",
        "TypedValidator with a verifying callable that wants the file identifier TLMY in "
        "bytes 4 to 8; it reports the name that it was given.",
    )
    typed: JsonObject = {"typed": {"name": "TelemetryValidator", "file_identifier": "TLMY"}}
    other: JsonObject = {"typed": {"name": "Other.Name v2", "file_identifier": "OTHR"}}
    for algorithm in ALGORITHMS:
        for name, validator, payload, refusing, comment in (
            ("accepted", typed, IDENTIFIED, None, "the identifier is there"),
            ("exactly-8-bytes", typed, IDENTIFIED[:8], None, "8 bytes are enough for the callable"),
            ("no-identifier", typed, ONE_STRING, "TelemetryValidator", "a real FlatBuffer, of another type"),
            ("too-short", typed, IDENTIFIED[:7], "TelemetryValidator", "the identifier is cut"),
            ("empty", typed, b"", "TelemetryValidator", "no bytes, no identifier"),
            ("other-name", other, IDENTIFIED, "Other.Name v2", "another type and another name, reported as given"),
            (
                "inside-composite",
                {"composite": ["table_root", typed]},
                ONE_STRING,
                "TelemetryValidator",
                "a table, of another type: the composite reports the typed child's own name",
            ),
            (
                "inside-composite-not-reached",
                {"composite": ["table_root", typed]},
                b"abc",
                "TableRootValidator",
                "no table: the typed child is not asked",
            ),
        ):
            wire = Stream(algorithm, [payload]).wire
            request = ask_deframe(algorithm, wire, validator=validator)
            answer = read_to_end([payload]) if refusing is None else read_to_error([], refused_by(refusing))
            group.add(f"{algorithm}/{name}", "V4 V3" if "composite" in name else "V4", comment, request, answer)
    return group
