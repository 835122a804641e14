from __future__ import annotations

import json
import re
import sys
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import benchmarks.__main__ as command
from benchmarks import charts
from benchmarks.charts.style import THEMES
from benchmarks.environment import ROOT
from benchmarks.page import conformance, drawings
from benchmarks.page.dots import Axis
from benchmarks.page.render import FILE, render
from benchmarks.records import RecordError
from benchmarks.running import INTERRUPTED
from flatstream_conformance import catalogue, suite

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.records import Record

RESULTS = {
    "suite_version": 1,
    "digest": "d" * 64,
    "testees": [
        {
            "name": "good",
            "language": "C",
            "about": "does well",
            "problem": "",
            "header": {"testee": {"language": "C17", "version": "2"}, "features": ["chunked"]},
            "footer": {"totals": {"pass": 1234, "fail": 0, "error": 0, "skip": 5}, "counted": 0},
            "rules": {"R3": {"passed": 7, "failed": 0, "known": 0, "skipped": 0}},
            "not_passed": [],
        },
        {
            "name": "bad",
            "language": "Go",
            "about": "fails",
            "problem": "",
            "header": {"testee": {"name": "bad"}, "features": []},
            "footer": {"totals": {"pass": 6, "fail": 1, "error": 0, "skip": 0}, "counted": 1},
            "rules": {"R3": {"passed": 6, "failed": 1, "known": 0, "skipped": 0}},
            "not_passed": [{"case": "limits/over", "verdict": "fail", "reason": "it said <clean>"}],
        },
        {"name": "absent", "language": "Java", "about": "", "problem": "not built here: java is missing"},
    ],
}


@pytest.fixture
def results(tmp_path: Path) -> conformance.Results:
    path = tmp_path / conformance.FILE
    path.write_text(json.dumps(RESULTS), encoding="utf-8")
    found = conformance.read(path)
    assert found is not None
    return found


def test_results_are_read_with_who_was_not_run_and_what_failed(results: conformance.Results) -> None:
    good, bad, absent = results.implementations
    assert (good.language, good.version, good.totals and good.totals["pass"], good.counted) == ("C17", "2", 1234, 0)
    assert (bad.counted, bad.not_passed) == (1, [("limits/over", "fail", "it said <clean>")])
    assert (absent.totals, absent.problem) == (None, "not built here: java is missing")
    ((_, (rule,)),) = results.chapters
    assert (rule.id, [count and count["passed"] for count in rule.counts]) == ("R3", [7, 6, None])


def test_missing_results_are_none_and_broken_ones_an_error(tmp_path: Path) -> None:
    assert conformance.read(tmp_path / "nowhere.json") is None
    for text in ("{", "[]", '{"suite_version": 1, "digest": "", "testees": [{}]}'):
        (tmp_path / "x.json").write_text(text, encoding="utf-8")
        with pytest.raises(RecordError, match=r"x\.json cannot be read, python -m benchmarks conformance makes it"):
            conformance.read(tmp_path / "x.json")


def test_page_tells_of_the_results(made_up: dict[str, Record], results: conformance.Results) -> None:
    page = render(made_up, results, {})
    assert "<strong>1 of 2</strong> implementations that were run pass" in page
    assert "not built here: java is missing" in page
    assert "<code>limits/over</code> fail: it said &lt;clean&gt;" in page


def test_every_row_is_on_the_page(made_up: dict[str, Record]) -> None:
    page = render(made_up, None, {})
    kinds = ("models", "crossovers", "memory", "instructions", "scale", "timelines")
    rows = sum(len(group["rows"]) for record in made_up.values() for group in record["groups"])
    more = sum(len(record.get(kind, [])) for record in made_up.values() for kind in kinds)  # type: ignore[misc, arg-type]
    assert more > 30
    assert page.count("<tr data-label=") == rows + more
    assert page.count('class="contest"') == sum(len(record["groups"]) for record in made_up.values())


def test_what_is_absent_is_said_with_the_command_that_makes_it(made_up: dict[str, Record]) -> None:
    few = {"tel-100": made_up["tel-100"]}
    page = render(few, None, {}, ("tel-100", "chk", "policy"))
    assert "No record yet of chk, policy: <code>python -m benchmarks run --only NAME</code>" in page
    assert "<code>python -m benchmarks conformance</code> makes them" in page
    assert "No chart yet: <code>python -m benchmarks report</code>" in page


def test_text_of_a_record_is_no_markup(made_up: dict[str, Record]) -> None:
    evil = json.loads(json.dumps(made_up["tel-100"]))
    evil["title"] = evil["groups"][0]["rows"][0]["label"] = '"><script>alert(1)</script>'
    page = render({"tel-100": evil}, None, charts.of_page(charts.files({"tel-100": evil}).get))
    assert page.count("<script>") == 1
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize("chart", charts.CHARTS, ids=lambda chart: chart.name)
def test_themes_differ_in_their_colours_alone(chart: charts.Chart, made_up: dict[str, Record]) -> None:
    light, dark = (
        re.sub(r"(?<=[\"#])m[0-9a-f]{10}(?=\")", "", chart.svg(made_up[chart.scenario], theme).rpartition("<!--")[0])
        for theme in ("light", "dark")
    )  # without the names of markers, which are digests of their colours, too
    for name in ("paper", "ink", "quiet", "faint"):
        light = light.replace(THEMES["light"][name], THEMES["dark"][name])
    for old, new in zip(THEMES["light"]["series"], THEMES["dark"]["series"], strict=True):
        light = light.replace(old, new)
    assert light == dark


def test_drawing_in_the_page_has_no_colour_style_or_id_of_its_own(made_up: dict[str, Record]) -> None:
    chart = charts.CHARTS[0]
    drawing = drawings.inline(chart.svg(made_up[chart.scenario], "light"), "this", "what it shows")
    assert drawing.startswith('<svg class="chart" role="img" aria-label="what it shows" ')
    assert "<style" not in drawing
    assert "<!--" not in drawing
    assert drawings.COLOUR.search(drawing) is None
    assert 'id="this-' in drawing
    assert drawing.count('id="') == drawing.count('id="this-')
    assert drawing.count('href="#') == drawing.count('href="#this-')


def test_axis_holds_its_ends_and_has_round_ticks() -> None:
    axis = Axis(24.0, 166.0)
    assert [text for _, text in axis.ticks] == ["50 ns", "100 ns"]
    assert (axis.place(24.0), axis.place(166.0)) == ("4.00", "96.00")
    assert [text for _, text in Axis(0.9, 2e6).ticks] == ["1 ns", "100 ns", "10 µs", "1 ms"]
    assert len(Axis(5.0, 5.0).ticks) >= 1, "one contender alone"


@given(low=st.floats(0.001, 1e9), factor=st.floats(1.0, 1e9))
def test_ticks_of_any_axis_have_room_and_are_inside(low: float, factor: float) -> None:
    places = [float(place) for place, _ in Axis(low, low * factor).ticks]
    assert places
    assert all(0 < place < 100 for place in places)
    assert all(after - before >= 18.9 for before, after in pairwise(places))


def test_reference_is_run_on_both_engines_and_no_path_of_the_machine_is_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def none(_folder: Path | None) -> tuple[Any, ...]:
        return ()

    monkeypatch.setattr(catalogue, "find", none)
    result = CliRunner().invoke(command.main, ["conformance", "--reports", str(tmp_path)])
    assert result.exit_code == 0, result.output
    text = (tmp_path / conformance.FILE).read_text(encoding="utf-8")
    assert str(ROOT) not in text
    assert sys.executable not in text
    found = conformance.read(tmp_path / conformance.FILE)
    assert found is not None
    assert found.digest == suite.load(None).digest
    native, python = found.implementations
    assert (native.name, python.name) == ("reference-native", "reference-python")
    assert python.totals is not None
    assert python.totals["fail"] == python.totals["error"] == 0 < python.totals["pass"]
    assert native.totals == python.totals or "native" in native.problem


def test_stopped_run_of_the_suite_writes_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def stopped(_progress: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(conformance, "make", stopped)
    result = CliRunner().invoke(command.main, ["conformance", "--reports", str(tmp_path)])
    assert result.exit_code == INTERRUPTED
    assert list(tmp_path.iterdir()) == []


def test_committed_page_is_one_file_that_loads_nothing() -> None:
    page = (ROOT / "reports" / FILE).read_text(encoding="utf-8")
    assert "default-src 'none'" in page
    for loading in ("<img", "<link", "<iframe", "src=", "@import", "url(http"):
        assert loading not in page
