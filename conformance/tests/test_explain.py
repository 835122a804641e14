"""`explain` tells a rule in the words of the specification, and a case by its rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flatstream_conformance import explanation, rules
from flatstream_conformance.suite import load

if TYPE_CHECKING:
    from tests.conftest import Shelf


def test_every_rule_has_a_text_that_ends_before_the_next_heading() -> None:
    texts = explanation.rule_texts()
    assert set(texts) == {rule.id for rule in rules.specified()}
    assert all(texts.values())
    assert not any("\n#" in text for text in texts.values())
    assert "MUST report `invalid_frame` with `declared_len` = L" in texts["R3"]
    assert "2147483648" not in texts["R3"]


def test_a_paragraph_is_one_line_and_items_rows_and_examples_are_lines_of_their_own() -> None:
    kinds = explanation.paragraphs("E1")
    assert kinds[0].startswith("An implementation MUST tell these five kinds apart")
    assert kinds[0].endswith("not only as text:")
    assert kinds[1] == "| kind | facts | given by | sticks (R10, S4) |"
    checks = explanation.paragraphs("V5")
    assert "3. `root` + 4 <= L." in checks
    assert any(line.startswith("4. `vtable` = `root` minus the signed") and line.endswith("< L.") for line in checks)
    assert "0200000000000000                         | refused by 2" in checks
    assert any(line.endswith("not a table; it passes by chance. See 12.") for line in checks)
    assert explanation.paragraphs("Z9") == ()


def test_what_binds_of_a_rule_ends_before_its_reasons_and_examples() -> None:
    (text,) = explanation.binding("R3")
    assert text.endswith("If several bounds apply, the smallest is the limit.")
    assert explanation.binding("W5")[-1].endswith("A length of zero never means the end of a stream.")
    assert not any("00000000" in line for line in explanation.binding("V5"))
    assert all(explanation.binding(rule.id) for rule in rules.specified())


def test_every_rule_of_a_vector_can_be_explained() -> None:
    named = {rule for vector in load().vectors for rule in vector.rules}
    assert named <= explanation.rule_texts().keys()


def test_the_checklist_is_found_by_rule() -> None:
    assert any("bound is checked at the fourth byte" in item for item in explanation.checks_of("R3"))
    assert not any("(R10)" in item for item in explanation.checks_of("R1"))


def test_a_rule_is_shown_with_its_text_its_checks_and_its_cases(shelf: Shelf) -> None:
    done = shelf.command("explain", "r3")
    text = " ".join(done.stdout.split())
    assert done.returncode == 0
    assert text.startswith("R3 - Bound before memory")
    assert "It MUST do so as soon as the four length bytes are known" in text
    assert "The bound is checked at the fourth byte" in text
    assert "list --only R3" in text


def test_a_case_is_shown_with_its_wire_its_rules_and_what_to_do(shelf: Shelf) -> None:
    done = shelf.command("explain", "truncation/crc32/cut-006")
    text = " ".join(done.stdout.split())
    assert done.returncode == 0
    assert "frame 0 length = 0" in text
    assert "R2 - End inside a frame" in text
    assert "E1 - The kinds and their facts" in text
    # Whole on one line: it is there to be copied.
    assert '     flatstream-conformance run --testee "COMMAND" --only truncation/crc32/cut-006\n' in done.stdout


@pytest.mark.parametrize(("subject", "hint"), [("R33", "R3"), ("truncation/crc32/cut-06", "truncation/crc32/cut-0")])
def test_an_unknown_subject_is_wrong_usage_with_a_hint(shelf: Shelf, subject: str, hint: str) -> None:
    done = shelf.command("explain", subject)
    assert done.returncode == 2
    assert f"there is no rule and no case {subject}; did you mean" in done.stderr
    assert hint in done.stderr
