from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks import check
from benchmarks.blocks import BLOCKS, number
from benchmarks.check import render
from benchmarks.environment import ROOT, sources_digest
from benchmarks.markers import MarkerError, block_names
from benchmarks.prose import unheld
from benchmarks.records import RecordError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmarks.check import Place
    from benchmarks.records import Record


TIMES = "\N{MULTIPLICATION SIGN}"


def problems(place: Place, sources: str | None = None) -> list[str]:
    """What the check finds; that charts are drawn again as well, their own tests say."""
    return list(check.problems(place, sources, redraw=False))


def edit(path: Path, change: Callable[[str], str]) -> None:
    before = path.read_text(encoding="utf-8")
    after = change(before)
    assert after != before
    path.write_text(after, encoding="utf-8", newline="\n")


def edit_record(place: Place, change: Callable[[Any], object], scenario: str = "tel-100k") -> None:
    path = place.reports / "data" / f"{scenario}.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    change(record)
    path.write_text(json.dumps(record), encoding="utf-8")


def row(record: Any) -> Any:
    """A row that is measured on every machine: FlatStream's own need the native engine."""
    (found,) = [row for row in record["groups"][0]["rows"] if row["name"] == "pickle"]
    return found


def test_what_was_rendered_passes(place: Place) -> None:
    assert problems(place) == []


def test_rendering_twice_changes_nothing(place: Place) -> None:
    before = {path: path.read_bytes() for path in place.page.parent.rglob("*") if path.is_file()}
    render(place)
    assert {path: path.read_bytes() for path in place.page.parent.rglob("*") if path.is_file()} == before


def test_number_edited_by_hand_in_a_table_fails(place: Place) -> None:
    edit(place.page, lambda text: re.sub(r"(?<=pickle, protocol 5 \| )[\d.,]+", "1.23", text, count=1))
    assert [problem[:38] for problem in problems(place)] == ["README.md differs from what the record"]


def test_number_edited_by_hand_in_a_span_fails(place: Place) -> None:
    edit(place.page, lambda text: text.replace("pickle/ns -->", "pickle/ns -->1"))
    assert any("README.md differs" in problem for problem in problems(place))


def test_number_edited_by_hand_in_a_record_fails(place: Place) -> None:
    edit_record(place, lambda record: row(record).update(ns=1.0))
    assert "tel-100k/F0/pickle: ns do not follow from the samples" in problems(place)


@pytest.mark.parametrize("number", ["ns_low", "ns_high", "ratio", "ratio_low", "ratio_high", "tie"])
def test_interval_edited_by_hand_in_a_record_fails(place: Place, number: str) -> None:
    edit_record(
        place, lambda record: row(record).update({number: row(record)[number] * 1.1 if number != "tie" else True})
    )
    assert f"tel-100k/F0/pickle: {number} do not follow from the samples" in problems(place)


def test_noise_floor_edited_by_hand_in_a_record_fails(place: Place) -> None:
    edit_record(place, lambda record: record["groups"][0].update(floor=1.0))
    assert "tel-100k/F0: the noise floor does not follow from the samples" in problems(place)


@pytest.mark.parametrize(
    ("scenario", "kind", "number", "problem"),
    [
        ("sweep", "models", "ns_byte", "sweep: its models do not follow from its groups"),
        ("sweep", "crossovers", "bytes", "sweep: its crossovers do not follow from its groups"),
        ("tel-100k", "memory", "peak_bytes", "tel-100k/F1/flatstream: the peak does not follow from its samples"),
        (
            "tel-100k",
            "instructions",
            "a_message",
            "tel-100k/F0/flatstream: the number of instructions does not follow from its samples",
        ),
        ("scale", "scale", "ns", "scale/R0/reader/1000: the time does not follow from its samples"),
    ],
)
def test_what_is_worked_out_of_a_record_and_edited_by_hand_fails(
    place: Place, scenario: str, kind: str, number: str, problem: str
) -> None:
    edit_record(place, lambda record: record[kind][0].update({number: 2 * record[kind][0][number]}), scenario)
    assert problem in problems(place)


def test_record_older_than_the_sources_fails(place: Place, made_up: dict[str, Record]) -> None:
    stale = problems(place, sources="0" * 64)
    assert len(stale) == len(made_up) >= 10
    assert all("is older than the benchmark's sources" in problem for problem in stale)


def test_missing_markers_fail(place: Place) -> None:
    edit(place.page, lambda text: text.replace("benchmarks:peers", "benchmarks-peers"))
    assert "README.md has no markers for the block 'peers'" in problems(place)
    assert render(place) == ["peers"]


def test_missing_record_fails(place: Place) -> None:
    (place.reports / "data" / "bars.json").unlink()
    assert problems(place)[0].startswith("no records of bars; make them with")


def test_edited_report_fails(place: Place) -> None:
    edit(place.reports / "README.md", lambda text: text + "And more.\n")
    assert problems(place) == ["reports/README.md differs from what the records render to"]


def test_edited_page_in_html_fails(place: Place) -> None:
    edit(place.reports / "report.html", lambda text: text.replace("</main>", "<p>And more.</p></main>"))
    assert problems(place) == ["reports/report.html differs from what the records render to"]


def test_missing_broken_and_foreign_results_of_the_suite_fail(place: Place) -> None:
    path = place.reports / "conformance.json"
    edit(path, lambda text: text.replace('"digest": "', '"digest": "0'))
    render(place)
    assert problems(place) == [
        "conformance.json is of other vectors than these; make it anew with: python -m benchmarks conformance"
    ]
    path.write_text("{", encoding="utf-8")
    assert [problem[:32] for problem in problems(place)] == ["conformance.json cannot be read,"]
    path.unlink()
    render(place)
    assert problems(place) == ["conformance.json is missing; make it with: python -m benchmarks conformance"]


def test_edited_stale_and_missing_charts_fail(place: Place) -> None:
    light, dark = (place.reports / f"tel-100k-{theme}.svg" for theme in ("light", "dark"))
    edit(light, lambda text: text.replace("<svg ", "<svg  ", 1))
    assert problems(place) == ["tel-100k-light.svg was edited after it was drawn"]
    shutil.copy(dark, light)
    dark.unlink()
    assert problems(place) == [
        "tel-100k-light.svg was not drawn from these records",
        "tel-100k-dark.svg is missing",
    ]


@pytest.mark.parametrize(
    ("page", "message"),
    [
        ("<!-- benchmarks:peers -->\n", "without its other half"),
        ("<!-- n:a/b/c -->1\n", "without its other half"),
        ("<!-- benchmarks:a -->\n<!-- /benchmarks:a -->\n" * 2, "stands twice"),
    ],
)
def test_broken_markers_are_refused(page: str, message: str) -> None:
    with pytest.raises(MarkerError, match=message):
        block_names(page)


def test_unknown_block_is_refused_and_nothing_is_written(place: Place) -> None:
    edit(place.page, lambda text: text.replace("benchmarks:peers", "benchmarks:pubs"))
    before = place.page.read_bytes()
    with pytest.raises(MarkerError, match="no block 'pubs'; the blocks are chart"):
        render(place)
    assert place.page.read_bytes() == before


def test_number_that_the_records_do_not_hold_is_refused(made_up: dict[str, Record]) -> None:
    for path in ("tel-100k/F0/nobody/ns", "tel-100k/F9/pickle/ns", "tel/F0/pickle/ns", "tel-100k/F0/pickle/age"):
        with pytest.raises(RecordError, match="hold no number"):
            number(path, made_up)


def test_number_of_what_is_not_here_is_a_question_mark(made_up: dict[str, Record]) -> None:
    assert number("tel-100k/F0/json/ns", made_up) == "?", "its output was wrong"
    few = {name: record for name, record in made_up.items() if name != "tel-100"}
    assert number("tel-100/F0/pickle/ns", few) == "?"


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("tel-100k/F0/pickle/ns", "248"),
        ("tel-100k/F0/pickle/ratio", f"1.44{TIMES}"),
        ("tel-100k/F0/pickle/speed", f"0.69{TIMES}"),
        ("tel-100k/F0/floor", "3.7 %"),
    ],
)
def test_number_is_written_as_its_path_asks(made_up: dict[str, Record], path: str, written: str) -> None:
    assert number(path, made_up) == written


@pytest.mark.parametrize(
    "text",
    [
        "It takes 440 ns.",
        "7.5x faster",
        "3 times",
        "12 % more",
        "2 GB/s",
        "9 messages a second",
        f"5{TIMES}",
        "a 3-fold cost",
    ],
)
def test_measured_number_in_prose_is_found_with_its_line(text: str) -> None:
    ((line, _),) = unheld(f"# Title\n\n{text}\n", {"4"})
    assert line == 3


@pytest.mark.parametrize(
    "text",
    [
        "at most 4 times",
        "32 bytes",
        "version 3.11",
        "`440 ns`",
        "```\n440 ns\n```",
        "<!-- n:a/b/c -->440<!-- /n --> ns",
        "0x31C3",
    ],
)
def test_other_numbers_are_left_alone(text: str) -> None:
    assert unheld(text, {"4"}) == []


def test_prose_of_the_page_is_checked(place: Place) -> None:
    edit(place.page, lambda text: text.replace("The end.", "It is 9 times faster."))
    (problem,) = problems(place)
    assert problem.startswith("README.md, line ")
    assert "'9 times' is not in the records" in problem


def test_report_holds_every_contender_and_reason(place: Place, made_up: dict[str, Record]) -> None:
    full = (place.reports / "README.md").read_text(encoding="utf-8")
    for record in made_up.values():
        for group in record["groups"]:
            for row in group["rows"]:
                assert row["label"] in full
                assert row["note"] in full


def test_page_has_every_block(place: Place) -> None:
    page = place.page.read_text(encoding="utf-8")
    assert block_names(page) == list(BLOCKS)
    for text in ("FlatStream, xxh3_64", "pickle, protocol 5", "bytes, borrowed", "noise floor", "CPython"):
        assert text in page


def test_sources_digest_follows_what_is_measured_and_not_what_is_shown(tmp_path: Path) -> None:
    ignored = shutil.ignore_patterns("__pycache__", "tests")
    shutil.copytree(ROOT / "benchmarks", tmp_path, dirs_exist_ok=True, ignore=ignored)
    before = sources_digest(tmp_path)
    assert before == sources_digest()
    edit(tmp_path / "charts" / "tiers.py", lambda text: text + "\n")
    assert sources_digest(tmp_path) == before
    generated = "schemas/generated/telemetry/Telemetry.py"
    for name in ("workloads.py", "contenders/messagepack.py", "schemas/telemetry.fbs", generated):
        edit(tmp_path / name, lambda text: text + "\n")
        assert sources_digest(tmp_path) != before
        before = sources_digest(tmp_path)
    (tmp_path / "new_module.py").write_text("", encoding="utf-8")
    assert sources_digest(tmp_path) != before
