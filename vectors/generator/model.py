"""What a vector and a group of vectors are, and which rules and features exist."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

JsonObject = dict[str, object]

OPERATIONS: Final = ("checksum", "frame", "deframe", "recover", "truncate", "policy", "declare")

# WIRE rules by letter: wire, reading, writing (S, for sending), recovery, errors, validators, policies.
_LAST_NUMBER: Final = {"W": 8, "R": 13, "S": 6, "C": 6, "E": 2, "V": 5, "P": 6}
RULES: Final = tuple(f"{letter}{n}" for letter, last in _LAST_NUMBER.items() for n in range(1, last + 1))

_FEATURE_OF_FIELD: Final = {
    "chunks": "chunked",
    "fault_after": "faults",
    "fault_once": "single_fault",
    "sink_chunk": "short_writes",
    "sink_fault_after": "sink_faults",
    "observe": "observers",
    "calls": "resume",
    "go_on": "resume",
    "appended": "appends",
    "stop_after": "exact_reads",
    "callback_fails_at": "callbacks",
    "serializer_fails_at": "serializers",
    "finish": "durability",
    "skip_frames": "positions",
    "scan": "positions",
    "count_empty_tail": "empty_tail",
    "zeros": "huge",
    "report_offsets": "offsets",
    "mode": "policies",
}


def features_of(op: str, request: Mapping[str, object]) -> list[str]:
    """Return the optional features that a testee needs for this request, sorted.

    They follow from the fields alone (conformance/PROTOCOL.md), so that no vector can name them wrongly.
    """
    needed = {_FEATURE_OF_FIELD[name] for name in request if name in _FEATURE_OF_FIELD}
    # `policy` is the subject of the operation of that name, and a feature of the others.
    if op != "policy" and "policy" in request:
        needed.add("policies")
    if str(request.get("algorithm", "")).startswith("fnv1a64/"):
        needed.add("custom")
    if "validator" in request:
        needed |= set(_validator_features(request["validator"]))
    return sorted(needed)


def _validator_features(validator: object) -> Iterable[str]:
    if validator == "table_root" or (isinstance(validator, dict) and "size" in validator):
        yield "validators"
    elif isinstance(validator, dict) and "typed" in validator:
        yield "typed_validator"
    else:
        yield "composite_validators"
        if isinstance(validator, dict) and "composite" in validator:
            for child in validator["composite"]:
                yield from _validator_features(child)


@dataclass(frozen=True)
class Vector:
    """One question and the reply that it must get."""

    id: str
    rules: tuple[str, ...]
    comment: str
    features: tuple[str, ...]
    request: JsonObject
    expect: JsonObject


@dataclass
class Group:
    """The vectors of one file: one operation, one subject."""

    name: str
    op: str
    about: str
    vectors: list[Vector] = field(default_factory=list)

    def add(self, name: str, rules: str, comment: str, request: JsonObject, expect: JsonObject) -> None:
        """Add a vector. `name` follows the group in its id; `rules` are ids with blanks between.

        Raises ValueError for a rule that does not exist, since a spelling mistake must not look like coverage,
        and for a question that the group asks already.
        """
        again = [vector.id for vector in self.vectors if vector.request == request]
        if again:
            raise ValueError(f"{self.name}/{name}: asks what {again[0]} asks")
        named = rules.split()
        unknown = sorted(set(named) - set(RULES))
        if unknown or not named:
            raise ValueError(f"{self.name}/{name}: no such rules: {unknown or 'none named'}")
        self.vectors.append(
            Vector(
                id=f"{self.name}/{name}",
                rules=tuple(sorted(set(named), key=RULES.index)),
                comment=comment,
                features=tuple(features_of(self.op, request)),
                request=request,
                expect=expect,
            )
        )
