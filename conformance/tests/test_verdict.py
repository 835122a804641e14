"""Judging a reply: every expected field counts, in full, and nothing else does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from flatstream_conformance.suite import load
from flatstream_conformance.verdict import MISSING, compare

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Bench

    from flatstream_conformance.json_types import JSON

EOF: dict[str, Any] = {"payloads": ["61"], "end": "error", "error": {"kind": "unexpected_eof"}}


def mutations(value: JSON) -> Iterator[JSON]:
    """Each value that differs in one place: a leaf changed, an element or a field gone or added."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield {key: there for key, there in value.items() if key != name}
            for changed in mutations(inner):
                yield {**value, name: changed}
    elif isinstance(value, list):
        yield [*value, value[-1] if value else "00"]
        if value:
            yield value[:-1]
        for index, inner in enumerate(value):
            for changed in mutations(inner):
                yield [*value[:index], changed, *value[index + 1 :]]
    elif isinstance(value, str):
        yield f"{value}00"
        yield None
        if value:
            yield value[:-1] + ("1" if value[-1] != "1" else "2")
            yield f"{value[:-2]}"
    elif isinstance(value, bool):
        yield not value
        yield int(value)
    elif value is None:
        yield "count"
    else:
        yield value + 1
        yield str(value)


def limited(value: JSON) -> JSON:
    """`value` with its long lists cut to their ends, which keeps the number of mutations in reach."""
    if isinstance(value, dict):
        return {name: limited(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [limited(inner) for inner in (value if len(value) <= 4 else value[:2] + value[-2:])]
    return value


def test_an_equal_reply_passes() -> None:
    assert compare(EOF, EOF) == []


def test_fields_that_are_not_expected_are_ignored() -> None:
    reply: dict[str, Any] = {**EOF, "seq": 4, "note": "x", "error": {"kind": "unexpected_eof", "offset": 5}}
    assert compare(EOF, reply) == []


def test_an_error_where_none_is_expected_is_wrong() -> None:
    (difference,) = compare({"wire": "00"}, {"wire": "00", "error": {"kind": "io"}})
    assert (difference.field, difference.expected) == ("error", "(none)")


def test_with_results_the_errors_are_compared_there() -> None:
    expect: dict[str, Any] = {"wire": "", "results": [{"error": {"kind": "io"}}]}
    assert compare(expect, {**expect, "error": {"kind": "io"}}) == []
    assert compare(expect, {"wire": "", "results": ["ok"]}) != []


def test_a_missing_field_is_named() -> None:
    (difference,) = compare(EOF, {"payloads": ["61"], "end": "error", "error": {}})
    assert (difference.field, difference.got) == ("error.kind", MISSING)


def test_what_came_instead_of_a_missing_field_is_shown() -> None:
    report: dict[str, Any] = {"seq": 3, "frames": 0, "last_good_offset": 0, "end": "torn_tail"}
    (difference,) = compare({"error": {"kind": "io"}}, report)
    assert (difference.field, difference.got) == ("error", MISSING)
    assert difference.note == 'the reply has {"frames": 0, "last_good_offset": 0, "end": "torn_tail"}'


def test_true_is_not_one() -> None:
    assert compare({"frames": 1}, {"frames": True}) != []
    assert compare({"refused": True}, {"refused": 1}) != []


def test_one_and_one_point_zero_are_the_same_number() -> None:
    assert compare({"frames": 1}, {"frames": 1.0}) == []


def test_the_first_differing_byte_is_named_with_the_lengths() -> None:
    (difference,) = compare({"wire": "0011223344"}, {"wire": "00112f33"})
    assert difference.note == "first difference at byte 2; 5 bytes expected, 4 got"


def test_long_values_are_cut_around_the_difference() -> None:
    (difference,) = compare({"wire": "00" * 5000}, {"wire": "00" * 2500 + "ff" + "00" * 2499})
    assert difference.note == "first difference at byte 2500"
    assert difference.got == f'"...{"0" * 60}ff{"0" * 58}..."'
    assert len(difference.expected) == len(difference.got)


@pytest.mark.parametrize(
    ("got", "fields"),
    [
        (["61", "62"], ["payloads, how many", "payloads[2]"]),
        (["61", "62", "63", "64"], ["payloads, how many", "payloads[3]"]),
        (["61", "00", "00"], ["payloads[1]"]),
        ([], ["payloads, how many", "payloads[0]"]),
    ],
)
def test_of_a_list_the_count_and_the_first_wrong_element_are_named(got: list[str], fields: list[str]) -> None:
    found = compare({"payloads": ["61", "62", "63"]}, {"payloads": list(got)})
    assert [difference.field for difference in found] == fields


def test_every_mutation_of_an_expected_answer_is_caught(bench: Bench) -> None:
    caught = 0
    for vector in bench.vectors:
        assert compare(vector["expect"], vector["expect"]) == []
        for changed in mutations(vector["expect"]):
            assert isinstance(changed, dict)
            assert compare(vector["expect"], changed), (vector["id"], changed)
            caught += 1
    assert caught > 100


def test_every_mutation_of_every_golden_answer_is_caught() -> None:
    golden = load().vectors
    assert golden
    for vector in golden:
        expect = limited(dict(vector.expect))
        assert isinstance(expect, dict)
        for changed in mutations(expect):
            assert isinstance(changed, dict)
            assert compare(expect, changed), (vector.id, changed)
