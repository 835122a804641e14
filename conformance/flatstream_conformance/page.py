"""The report for a browser: one HTML file with everything in it, rendered from the records of one or more runs.

The tables are in the HTML itself; the single cases are made by the page's script from a block of JSON, when
they are asked for. The page loads nothing, and its content security policy forbids it to.
"""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from jinja2 import DictLoader, Environment, StrictUndefined

from flatstream_conformance import explanation, rules, tally
from flatstream_conformance.drilldown import drilldown
from flatstream_conformance.records import VERDICTS
from flatstream_conformance.terminal import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flatstream_conformance.json_types import JsonMapping, JsonObject
    from flatstream_conformance.records import Header, Records
    from flatstream_conformance.suite import Suite, Vector

PACKAGE = "flatstream_conformance.templates"
_LINKED = ("https://", "http://")


def render(runs: Sequence[Records], suite: Suite) -> str:
    """The page. Every run is of the vectors of `suite`, of all or of some of them."""
    labels = _labels(runs)
    script, style = _text("page.js"), _text("page.css")
    ids = {rule for vector in suite.vectors for rule in vector.rules}
    ordered = rules.ordered(ids)
    counts = [tally.by_rule(run.cases) for run in runs]
    covered = tally.coverage(suite.vectors)
    environment = Environment(
        loader=DictLoader({"page.html": _text("page.html")}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":")}
    environment.filters["printable"] = lambda value: printable(str(value))
    return environment.get_template("page.html").render(
        suite=suite,
        implementations=[_implementation(run, label) for run, label in zip(runs, labels, strict=True)],
        speeds=_speeds(runs),
        verdicts=VERDICTS,
        chapters=[
            (
                chapter,
                [(rule, [count[rule.id] for count in counts], covered.get(rule.id, {})) for rule in members],
            )
            for chapter, members in groupby(ordered, key=attrgetter("chapter"))
        ],
        groups=_groups(suite.vectors),
        rule_titles={rule.id: rule.title for rule in ordered},
        rule_texts={rule.id: explanation.binding(rule.id) for rule in ordered},
        drilldown=drilldown(runs, labels, suite),
        script=script,
        script_hash=_csp_hash(script),
        style=style,
        style_hash=_csp_hash(style),
    )


def _labels(runs: Sequence[Records]) -> list[str]:
    """A short name for each run: the implementation's, with the version or a number where names are the same."""
    names = [_of(run.header.testee, "name") for run in runs]
    versioned = [
        f"{name} {_of(run.header.testee, 'version')}" if names.count(name) > 1 else name
        for name, run in zip(names, runs, strict=True)
    ]
    return [
        f"{label} ({versioned[: index + 1].count(label)})" if versioned.count(label) > 1 else label
        for index, label in enumerate(versioned)
    ]


def _of(testee: JsonMapping, field: str) -> str:
    return printable(str(testee.get(field, "")))


def _implementation(run: Records, label: str) -> JsonObject:
    header, footer = run.header, run.footer
    homepage = _of(header.testee, "homepage")
    return {
        "label": label,
        "name": _of(header.testee, "name"),
        "version": _of(header.testee, "version"),
        "language": _of(header.testee, "language"),
        # Anything else than a web address (`javascript:` among it) is no link.
        "part": ", ".join(
            what
            for what in (f"profile {header.profile}" if header.profile else "", "in part" if header.only else "")
            if what
        ),
        "homepage": homepage if homepage.startswith(_LINKED) else None,
        "state": "fail" if footer.exit_status else "known" if footer.known else "pass",
        "totals": {str(name): footer.totals[name] for name in VERDICTS},
        "executed": footer.executed,
        "known": footer.known,
        "counted": footer.counted,
        "problems": [printable(problem) for problem in footer.problems],
        "ending": None if footer.ending is None else printable(footer.ending),
        "facts": [[name, printable(value)] for name, value in _facts(header) if value],
        "seconds": footer.seconds,
        "restarts": footer.starts - 1,
    }


def _facts(header: Header) -> list[tuple[str, str]]:
    return [
        ("Command", header.command or "the built-in reference"),
        ("Started", header.started),
        ("Profile", header.profile or ""),
        ("Only", " ".join(header.only)),
        ("Vectors", header.vectors or ""),
        ("Algorithms", " ".join(header.algorithms)),
        ("Operations", " ".join(header.ops)),
        ("Features", " ".join(header.features)),
        ("Not in the protocol", ", ".join(header.unknown_claims)),
    ]


def _speeds(runs: Sequence[Records]) -> dict[str, Any]:
    """Peak memory and times of the runs, None for each run that has none to show."""
    right = [tally.answers_are_right(run) for run in runs]
    times: list[Mapping[tuple[str, str, int], float]] = [
        {(s.algorithm, s.mode, s.payload_len): s.ns_per_message for s in run.footer.speeds} if shown else {}
        for run, shown in zip(runs, right, strict=True)
    ]
    loads = dict.fromkeys(load for each in times for load in each)
    return {
        "wrong": [not shown for shown in right],
        "grown": [
            max((case.grown for case in run.cases if case.grown is not None), default=None) if shown else None
            for run, shown in zip(runs, right, strict=True)
        ],
        "memory": [run.footer.peak_memory if shown else None for run, shown in zip(runs, right, strict=True)],
        "loads": [(load, [each.get(load) for each in times]) for load in loads],
    }


def _groups(vectors: Sequence[Vector]) -> list[str]:
    return list(dict.fromkeys(vector.group for vector in vectors))


def _text(name: str) -> str:
    return files(PACKAGE).joinpath(name).read_text(encoding="utf-8")


def _csp_hash(text: str) -> str:
    """The source expression that allows exactly this inline text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
