"""Judging one reply: each field that is expected must be there and equal; what else is there is ignored.

One exception, since silence is also an answer: a reply that reports an `error` where none is expected is
wrong, unless the case asks for `results`, which report the errors one by one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from flatstream_conformance.json_types import JSON, JsonMapping

# Half the width of a value's excerpt, in characters: enough to see a header on either side of a difference.
EXCERPT = 60
MISSING: Final = "(missing)"


@dataclass(frozen=True, slots=True)
class HexRow:
    """Some bytes of a value at an offset, as hexadecimal: those that are expected, those that came, what they are."""

    offset: int
    expected: str
    got: str
    label: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of the reply that is not as expected.

    `expected` and `got` are JSON, cut to an excerpt around the first difference if they are long; `note` says
    what an excerpt cannot: the offset in bytes of the first difference, and the lengths. Between bytes, `place` is
    the field of the wire where they part, and `rows` are the bytes around it.
    """

    field: str
    expected: str
    got: str
    note: str = ""
    place: str = ""
    rows: tuple[HexRow, ...] = ()


def compare(expect: JsonMapping, reply: JsonMapping) -> list[Difference]:
    """The differences between what is expected and a well-formed reply; none means `pass`."""
    differences = _compare_objects("", expect, reply)
    if any(name not in reply for name in expect):
        # What came instead says more than that something is missing.
        instead = {name: value for name, value in reply.items() if name not in expect and name != "seq"}
        differences = [
            replace(found, note=f"the reply has {_shown(instead)}") if found.got == MISSING and instead else found
            for found in differences
        ]
    if "error" in reply and "error" not in expect and "results" not in expect:
        shown = json.dumps(reply["error"])
        differences.append(Difference("error", "(none)", shown, "an error where none is expected"))
    return differences


def _compare(field: str, expect: JSON, got: JSON) -> list[Difference]:
    if isinstance(expect, dict) and isinstance(got, dict):
        return _compare_objects(field, expect, got)
    if isinstance(expect, list) and isinstance(got, list):
        return _compare_lists(field, expect, got)
    if isinstance(expect, str) and isinstance(got, str):
        return [] if expect == got else [_texts_differ(field, expect, got)]
    # JSON knows no difference between 1 and 1.0, but true is not 1.
    if expect == got and isinstance(expect, bool) == isinstance(got, bool):
        return []
    return [Difference(field, _shown(expect), _shown(got))]


def _compare_objects(field: str, expect: JsonMapping, got: JsonMapping) -> list[Difference]:
    found: list[Difference] = []
    for name, value in expect.items():
        path = f"{field}.{name}" if field else name
        if name in got:
            found += _compare(path, value, got[name])
        else:
            found.append(Difference(path, _shown(value), MISSING))
    return found


def _compare_lists(field: str, expect: list[JSON], got: list[JSON]) -> list[Difference]:
    found: list[Difference] = []
    if len(expect) != len(got):
        found.append(Difference(f"{field}, how many", str(len(expect)), str(len(got))))
    for index, (wanted, there) in enumerate(zip(expect, got, strict=False)):
        differences = _compare(f"{field}[{index}]", wanted, there)
        if differences:
            # What follows the first wrong element is mostly its consequence.
            return found + differences
    shorter = min(len(expect), len(got))
    if shorter < len(expect):
        found.append(Difference(f"{field}[{shorter}]", _shown(expect[shorter]), MISSING))
    if shorter < len(got):
        found.append(Difference(f"{field}[{shorter}]", "(nothing)", _shown(got[shorter])))
    return found


def _texts_differ(field: str, expect: str, got: str) -> Difference:
    at = next((i for i, (a, b) in enumerate(zip(expect, got, strict=False)) if a != b), min(len(expect), len(got)))
    note = ""
    if is_hex(expect) and is_hex(got):
        at -= at % 2
        note = f"first difference at byte {at // 2}"
        if len(expect) != len(got):
            note += f"; {len(expect) // 2} bytes expected, {len(got) // 2} got"
    return Difference(field, _around(expect, at), _around(got, at), note)


def _around(text: str, at: int) -> str:
    start = 0 if len(text) <= 2 * EXCERPT else max(0, at - EXCERPT)
    end = min(len(text), start + 2 * EXCERPT)
    return f'"{"..." if start else ""}{text[start:end]}{"..." if end < len(text) else ""}"'


def _shown(value: JSON) -> str:
    text = json.dumps(value)
    return text if len(text) <= 2 * EXCERPT else f"{text[: 2 * EXCERPT]}..."


def is_hex(text: str) -> bool:
    """Whether the text can be bytes in the protocol's spelling."""
    return len(text) % 2 == 0 and all(c in "0123456789abcdef" for c in text)
