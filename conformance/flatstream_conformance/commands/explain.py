"""The command `explain`: what a rule or a case demands, and what to do about a failure."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import click
from rich.console import Console, Group
from rich.padding import Padding
from rich.text import Text

from flatstream_conformance import explanation, rules, show
from flatstream_conformance.commands import options
from flatstream_conformance.errors import EXIT_OK
from flatstream_conformance.suite import load
from flatstream_conformance.terminal import PROGRAM

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import RenderableType

    from flatstream_conformance.suite import Vector

CASES_SHOWN = 8


@click.command("explain")
@click.argument("subject", metavar="ID_OR_RULE")
@options.vectors
def explain_command(*, subject: str, folder: Path | None) -> int:
    """Explain a rule (R3), or a case: what it shows, by which rules, and how to act on a failure."""
    vectors = load(folder).vectors
    texts = explanation.rule_texts()
    by_id = {vector.id: vector for vector in vectors}
    if subject.upper() in texts:
        shown = _rule_alone(subject.upper(), vectors)
    elif subject in by_id:
        shown = _case(by_id[subject])
    else:
        close = difflib.get_close_matches(subject, [*texts, *by_id], n=3)
        hint = f"; did you mean {', '.join(close)}?" if close else ""
        raise click.UsageError(f"there is no rule and no case {subject}{hint}")
    Console(highlight=False, emoji=False).print(shown, crop=False)
    return EXIT_OK


def _rule_alone(rule: str, vectors: tuple[Vector, ...]) -> RenderableType:
    cases = [vector.id for vector in vectors if rule in vector.rules]
    parts: list[RenderableType] = [_rule(rule)]
    parts.append(Text(f"\nCases: {len(cases)}", style="bold"))
    parts += [Text(f"  {case}") for case in cases[:CASES_SHOWN]]
    if cases[CASES_SHOWN:]:
        parts.append(Text(f"  and {len(cases) - CASES_SHOWN} more: {PROGRAM} list --only {rule}"))
    parts += [Text("\nAlone", style="bold"), _command(f'run --testee "COMMAND" --only {rule}')]
    return Group(*parts)


def _case(vector: Vector) -> RenderableType:
    parts: list[RenderableType] = [
        Text(vector.id, style="bold"),
        Text(f"{vector.op}; features {' '.join(vector.features) or 'none'}"),
        Text("\nWhat it shows", style="bold"),
        Text(vector.comment),
        show.wires(vector.request, vector.expect),
        Text("\nThe right answer", style="bold"),
        Text(show.message(vector.expect)),
    ]
    for rule in vector.rules:
        parts += [Text(), _rule(rule)]
    parts += [
        Text("\nHow to act on a failure", style="bold"),
        Text("1. Run the case alone; compare what is expected with what came, field by field:"),
        _command(f'run --testee "COMMAND" --only {vector.id}'),
        Text("2. Look for the place in the implementation that the first rule above is about."),
        Text("3. Run all cases of that rule: one fault mostly fails several."),
        _command(f'run --testee "COMMAND" --only {vector.rules[0]}'),
        Text("4. If the implementation means to differ, list the case with its reason:"),
        _command('run --testee "COMMAND" --write-known-failures FILE'),
    ]
    return Group(*parts)


def _rule(rule: str) -> RenderableType:
    titles = {each.id: each.title for each in rules.specified()}
    parts: list[RenderableType] = [Text(f"{rule} - {titles.get(rule, 'not in this specification')}", style="bold cyan")]
    parts += [Padding(Text(paragraph), (0, 0, 0, 2), expand=False) for paragraph in explanation.paragraphs(rule)]
    if checks := explanation.checks_of(rule):
        parts.append(Text("To check", style="bold"))
        parts += [Padding(Text(f"- {check}"), (0, 0, 0, 2), expand=False) for check in checks]
    return Group(*parts)


def _command(words: str) -> Text:
    return Text(f"     {PROGRAM} {words}", style="cyan", no_wrap=True, overflow="ignore")
