"""The rules of the specification by id, title and chapter, read from the SPEC.md that travels with the runner."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

PACKAGE = "flatstream_conformance.docs"
_CHAPTER = re.compile(r"^## \d+ (\S.*)$")
_RULE = re.compile(r"^#### ([A-Z]\d+) - (\S.*)$")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its id (`R3`), its title and the title of the chapter that it stands in."""

    id: str
    title: str
    chapter: str


@cache
def specified() -> tuple[Rule, ...]:
    """Every rule in the order of the specification."""
    found: list[Rule] = []
    chapter = ""
    for line in files(PACKAGE).joinpath("SPEC.md").read_text(encoding="utf-8").splitlines():
        if heading := _CHAPTER.match(line):
            chapter = heading[1]
        elif rule := _RULE.match(line):
            found.append(Rule(rule[1], rule[2], chapter))
    return tuple(found)


def ordered(ids: set[str]) -> tuple[Rule, ...]:
    """The rules of the specification, and after them those of `ids` that it does not know, without a title."""
    known = {rule.id for rule in specified()}
    return specified() + tuple(Rule(rule, "", "Not in the specification") for rule in sorted(ids - known))
