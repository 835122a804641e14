"""A rule in the words of the specification that travels with the runner, and what its checklist says of it."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from itertools import takewhile

from flatstream_conformance.rules import PACKAGE

_RULE = re.compile(r"^#### ([A-Z]\d+) - ")
_ITEM = re.compile(r"^- \[ \] ((?:.*\n?)(?:  \S.*\n?)*)", re.MULTILINE)
_STANDS_ALONE = re.compile(r"\||```|\d+\. |- ")
_DOES_NOT_BIND = ("```", "*Why:*", "*Example:*")
_LINK = re.compile(r"\[([^]]+)\]\(#[^)]*\)")
_IDS = re.compile(r"\b[A-Z]\d+\b")


@cache
def rule_texts() -> dict[str, str]:
    """The text of each rule by its id, without the heading."""
    texts: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in _specification().splitlines():
        if heading := _RULE.match(line):
            current = texts.setdefault(heading[1], [])
        elif line.startswith("#"):
            current = None
        elif current is not None:
            current.append(line)
    return {rule: "\n".join(lines).strip() for rule, lines in texts.items()}


@cache
def paragraphs(rule: str) -> tuple[str, ...]:
    """The text of a rule in lines to be wrapped, none for one that is not specified.

    A paragraph is put together into one line; an item of a list, a row of a table and a line of an example is its own.
    Links into the specification are only their text.
    """
    found: list[str] = []
    fenced = goes_on = False
    for line in _LINK.sub(r"\1", rule_texts().get(rule, "")).splitlines():
        fence = line.startswith("```")
        if goes_on and line and not (fenced or fence or _STANDS_ALONE.match(line)):
            found[-1] += f" {line.strip()}"
        elif line:
            found.append(line)
        fenced ^= fence
        goes_on = bool(line) and not (fenced or fence or line.startswith("|"))
    return tuple(found)


def binding(rule: str) -> tuple[str, ...]:
    """The paragraphs of a rule up to its reasons and examples."""
    return tuple(takewhile(lambda paragraph: not paragraph.startswith(_DOES_NOT_BIND), paragraphs(rule)))


@cache
def checklist() -> tuple[str, ...]:
    """The items of the checklist for implementers, each as one line."""
    return tuple(" ".join(item.split()) for item in _ITEM.findall(_specification()))


def checks_of(rule: str) -> tuple[str, ...]:
    """The items of the checklist that name the rule."""
    return tuple(item for item in checklist() if rule in _IDS.findall(item))


def _specification() -> str:
    return files(PACKAGE).joinpath("SPEC.md").read_text(encoding="utf-8")
