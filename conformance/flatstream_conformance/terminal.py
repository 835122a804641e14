"""The report for a person, rendered from the records of a run."""

from __future__ import annotations

import shlex
from collections import defaultdict
from typing import TYPE_CHECKING

from rich.columns import Columns
from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from flatstream_conformance import explanation, growth, records, rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console, RenderableType

    from flatstream_conformance.records import CaseRecord, Footer, Header, Records
    from flatstream_conformance.verdict import Difference

PROGRAM = "flatstream-conformance"
STYLES = {"pass": "green", "fail": "bold red", "error": "bold magenta", "skip": "yellow"}
# A broken testee fails everywhere: this many cases in full, the others by name, all of them in the records.
IN_FULL = 12
IN_FULL_OF_A_GROUP = 3
BY_NAME = 60
SKIPS_SHOWN = 10


def print_report(console: Console, run: Records) -> None:
    """Print who was tested, the tables, what went wrong and the outcome; colours only on a terminal."""
    _print_header(console, run.header)
    console.print(_groups(run.cases))
    console.print(Text("\nRules (passed of executed)", style="bold"))
    console.print(_rules(run.cases))
    in_full, rest = _shared_out([case for case in run.cases if case.counts and case.verdict != "skip"])
    told: set[str] = set()
    for case in in_full:
        print_case(console, case, run.header, told)
    if rest:
        _print_rest(console, rest)
    _print_skips(console, run.cases)
    _print_known(console, run.cases)
    _print_memory(console, run)
    _print_speeds(console, run.footer)
    _print_outcome(console, run.footer)


def rerun_line(header: Header, case: str) -> str:
    """The command line that runs one case alone against the same testee."""
    return shlex.join([*rerun_words(header), "--only", case])


def rerun_words(header: Header) -> list[str]:
    """The words of a command line that runs the same testee again."""
    words = [PROGRAM, "run"]
    if header.command is not None:
        words += ["--testee", header.command]
    if header.folder is not None:
        words += ["--in", header.folder]
    if header.vectors is not None:
        words += ["--vectors", header.vectors]
    return words


def printable(text: str) -> str:
    """`text` with control characters escaped: what a testee writes must not steer the terminal."""
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text.expandtabs())


def _print_header(console: Console, header: Header) -> None:
    testee = header.testee
    name = printable(f"{testee.get('name')} {testee.get('version')} ({testee.get('language')})")
    console.print(Text(name, style="bold"))
    claims = Table.grid(padding=(0, 2))
    claims.add_row("suite", Text(f"{header.suite} {header.suite_version}, vectors {header.digest[:12]}"))
    for what, values in (
        ("algorithms", header.algorithms),
        ("operations", header.ops),
        ("features", header.features),
        ("profile", (header.profile,) if header.profile else ()),
        ("only", header.only),
    ):
        if values:
            claims.add_row(what, Text(printable(" ".join(values))))
    if header.unknown_claims:
        claims.add_row(
            Text("warning", style="yellow"),
            Text(f"the protocol has no {printable(', '.join(header.unknown_claims))}", style="yellow"),
        )
    console.print(Padding(claims, (0, 0, 1, 2), expand=False))


def _groups(cases: Iterable[CaseRecord]) -> Table:
    groups: dict[str, list[CaseRecord]] = defaultdict(list)
    for case in cases:
        groups[case.group].append(case)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("Group", overflow="fold")
    for verdict in records.VERDICTS:
        table.add_column(verdict, justify="right")
    for group, members in groups.items():
        table.add_row(group, *_counts(members))
    return table


def _counts(cases: list[CaseRecord]) -> list[Text]:
    return [
        Text(str(count) if count else "-", style=STYLES[verdict] if count else "dim")
        for verdict, count in records.totals(cases).items()
    ]


def _rules(cases: Iterable[CaseRecord]) -> Columns:
    passed: dict[str, int] = defaultdict(int)
    executed: dict[str, int] = defaultdict(int)
    for case in cases:
        for rule in case.rules:
            executed[rule] += case.verdict != "skip"
            passed[rule] += case.verdict == "pass"
    cells = [
        Text(
            f"{rule:<4}{passed[rule]:>4}/{executed[rule]}",
            style="dim" if not executed[rule] else "green" if passed[rule] == executed[rule] else "bold red",
        )
        for rule in sorted(executed, key=_rule_order)
    ]
    return Columns(cells, padding=(0, 3), equal=True)


def _rule_order(rule: str) -> tuple[int, int, str]:
    order = "WRSCEVP".find(rule[:1])
    return order, int(rule[1:]) if rule[1:].isdigit() else 0, rule


def _shared_out(wrong: list[CaseRecord]) -> tuple[list[CaseRecord], list[CaseRecord]]:
    """The cases to print in full, and the others: one fault often fails a whole group and would hide the rest."""
    of_group: dict[str, int] = defaultdict(int)
    in_full: list[CaseRecord] = []
    rest: list[CaseRecord] = []
    for case in wrong:
        of_group[case.group] += 1
        has_room = of_group[case.group] <= IN_FULL_OF_A_GROUP and len(in_full) < IN_FULL
        (in_full if has_room else rest).append(case)
    return in_full, rest


def print_case(console: Console, case: CaseRecord, header: Header, told: set[str]) -> None:
    """Print what is wrong with one case, and the line that runs it alone.

    The rules that are already `told`, to which those of this case are added, are only named.
    """
    shown = "passed, but is a known failure" if case.unexpected_pass else case.verdict
    console.print(Text("\n").append(f"{shown}  ", style=STYLES[case.verdict]).append(case.case, style="bold"))
    titles = {rule.id: rule.title for rule in rules.specified()}
    lines: list[RenderableType] = []
    for rule in case.rules:
        lines.append(Text(f"{rule} {titles.get(rule, '')}".rstrip(), style="dim"))
        if rule not in told:
            lines += [Padding(Text(text, style="dim"), (0, 0, 0, 2)) for text in explanation.binding(rule)]
    told.update(case.rules)
    lines.append(Text(case.comment))
    if case.unexpected_pass:
        lines.append(Text(f"take it out of the known failures: {case.known}"))
    if case.fault is not None or (case.verdict == "fail" and not case.differences):
        lines.append(Text(printable(case.reason)))
    for line in lines:
        console.print(Padding(line, (0, 0, 0, 2), expand=False))
    if case.differences:
        console.print(Padding(differences(case.differences), (0, 0, 0, 2), expand=False))
    if case.stderr.strip():
        tail = "\n".join(printable(case.stderr).strip().splitlines()[-6:])
        console.print(Padding(Text(f"stderr: {tail}", style="dim"), (0, 0, 0, 2), expand=False))
    # Not wrapped, so that it can be copied.
    console.print(Text(f"  {rerun_line(header, case.case)}", style="cyan"), soft_wrap=True)


def differences(found: Sequence[Difference]) -> RenderableType:
    """What was expected and what came, side by side; of bytes, those around the first difference."""
    bytes_differ = [difference for difference in found if difference.rows]
    others = [difference for difference in found if not difference.rows]
    return Group(*([_excerpts(others)] if others else []), *map(_bytes, bytes_differ))


def _bytes(difference: Difference) -> RenderableType:
    where = f" {difference.place}" if difference.place else ""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("offset", justify="right", style="dim", no_wrap=True)
    table.add_column("expected", no_wrap=True)
    table.add_column("got", no_wrap=True)
    table.add_column("", overflow="fold")
    for row in difference.rows:
        expected, got = _marked(row.expected, row.got, "green"), _marked(row.got, row.expected, "red")
        table.add_row(str(row.offset), expected, got, Text(row.label))
    return Group(Text(f"{difference.field}: {difference.note},{where}".removesuffix(",")), table)


def _marked(data: str, other: str, colour: str) -> Text:
    """Bytes with blanks between, and those that differ marked, without a colour by their brackets."""
    text = Text()
    for i in range(0, len(data), 2):
        byte = data[i : i + 2]
        same = byte == other[i : i + 2]
        text.append(f" {byte} " if same else f"[{byte}]", style="" if same else f"bold {colour}")
    return text


def _excerpts(found: Sequence[Difference]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("field", no_wrap=True)
    table.add_column("expected", overflow="fold", ratio=1)
    table.add_column("got", overflow="fold", ratio=1)
    for difference in found:
        table.add_row(
            Text(difference.field),
            Text(difference.expected, style="green"),
            Text(printable(difference.got), style="red"),
        )
        if difference.note:
            table.add_row("", Text(difference.note, style="dim"), "")
    return table


def _print_rest(console: Console, cases: list[CaseRecord]) -> None:
    console.print(Text(f"\nand {len(cases)} more, in full with --json:", style="bold"))
    for case in cases[:BY_NAME]:
        line = Text(f"  {case.verdict:<5} ", style=STYLES[case.verdict]).append(case.case, style="default")
        line.append(f"  {printable(case.reason)}", style="dim")
        console.print(line, overflow="ellipsis", no_wrap=True)
    if cases[BY_NAME:]:
        console.print(f"  and {len(cases) - BY_NAME} more")


def _print_skips(console: Console, cases: Iterable[CaseRecord]) -> None:
    reasons: dict[tuple[str, bool], int] = defaultdict(int)
    for case in cases:
        if case.verdict == "skip":
            reasons[case.reason, case.counts] += 1
    if reasons:
        console.print(Text("\nSkipped", style="bold"))
    ordered = sorted(reasons.items(), key=lambda item: (not item[0][1], -item[1]))
    for (reason, counts), count in ordered[:SKIPS_SHOWN]:
        against = ", but is in the profile" if counts else ""
        style = "red" if counts else "yellow"
        console.print(Text(f"  {count:>4}  {printable(reason)}{against}", style=style))
    if ordered[SKIPS_SHOWN:]:
        left = sum(count for _, count in ordered[SKIPS_SHOWN:])
        console.print(Text(f"  {left:>4}  for {len(ordered) - SKIPS_SHOWN} other reasons", style="yellow"))


def _print_known(console: Console, cases: Iterable[CaseRecord]) -> None:
    known = [case for case in cases if case.known is not None and not case.counts]
    if known:
        console.print(Text("\nKnown failures", style="bold"))
    for case in known:
        console.print(Text(f"  {case.verdict:<5} {case.case}  {case.known}", style="yellow"))


def _print_memory(console: Console, run: Records) -> None:
    measured = {case.case: case.grown for case in run.cases if case.grown is not None}
    if measured:
        worst = max(measured, key=lambda case: measured[case])
        most = f"{measured[worst] / growth.MEBIBYTE:.1f} MiB"
        console.print(f"\nMemory for a length that nobody means: at most {most}, in {len(measured)} cases")
    elif run.header.profile == "memory":
        console.print(Text(f"\n{growth.NOT_MEASURED}", style="yellow"))
    if run.footer.peak_memory is not None:
        console.print(f"Largest resident set: {run.footer.peak_memory / growth.MEBIBYTE:.1f} MiB")


def _print_speeds(console: Console, footer: Footer) -> None:
    if not footer.speeds:
        return
    lengths = sorted({speed.payload_len for speed in footer.speeds})
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("")
    table.add_column("")
    for length in lengths:
        table.add_column(f"{length} B", justify="right")
    rows: dict[tuple[str, str], dict[int, float]] = defaultdict(dict)
    for speed in footer.speeds:
        rows[speed.algorithm, speed.mode][speed.payload_len] = speed.ns_per_message
    for (algorithm, mode), times in rows.items():
        table.add_row(algorithm, mode, *(f"{times[n]:,.0f}" if n in times else "-" for n in lengths))
    console.print(Text("\nSpeed by the testee's own clock, ns a message", style="bold"))
    console.print(Padding(table, (0, 0, 0, 2), expand=False))


def _print_outcome(console: Console, footer: Footer) -> None:
    counts = ", ".join(f"{count} {verdict}" for verdict, count in footer.totals.items())
    restarts = f", {footer.starts - 1} restarts" if footer.starts > 1 else ""
    pace = f", {footer.executed / footer.seconds:,.0f} cases a second" if footer.executed and footer.seconds else ""
    console.print(f"\n{sum(footer.totals.values())} cases: {counts}; {footer.seconds:.2f} s{pace}{restarts}")
    if footer.ending is not None:
        ending = f"at the end of its input the testee should exit with 0, but: {footer.ending}"
        console.print(Text(f"warning: {ending}", style="yellow"))
    for problem in footer.problems:
        console.print(Text(problem, style="bold red"))
    if footer.exit_status == 0:
        known = f", {footer.known} known failures" if footer.known else ""
        passed = f"PASSED: {footer.totals['pass']} of {footer.executed} executed{known}"
        console.print(Text(passed, style="bold green"))
    else:
        console.print(Text(f"FAILED: {footer.counted} cases count against the testee", style="bold red"))
