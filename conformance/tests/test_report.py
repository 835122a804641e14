"""The command `report`, and the badge: renderings of records that are already there."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from flatstream_conformance import badge

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Bench

WRONG = 'def answer(r):\n    return {"checksum": "00"} if r["op"] == "checksum" else right(r)'
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def recorded(bench: Bench, tmp_path: Path) -> Path:
    """The records of a run with two failures."""
    file = tmp_path / "wrong.jsonl"
    assert bench.command("run", "--json", str(file), testee=bench.testee(WRONG)).returncode == 1
    return file


def test_a_report_renders_what_the_run_itself_renders(bench: Bench, tmp_path: Path) -> None:
    names = ("junit.xml", "page.html", "badge.svg")
    options = ["--junit", "--html", "--badge"]
    (tmp_path / "run").mkdir()
    (tmp_path / "report").mkdir()
    of_run = [part for pair in zip(options, (str(tmp_path / "run" / n) for n in names), strict=True) for part in pair]
    of_report = [
        part for pair in zip(options, (str(tmp_path / "report" / n) for n in names), strict=True) for part in pair
    ]
    file = tmp_path / "run" / "records.jsonl"
    ran = bench.command("run", "--json", str(file), *of_run, testee=bench.testee(WRONG))
    reported = bench.command("report", str(file), "--vectors", str(bench.folder), *of_report)
    assert (ran.returncode, reported.returncode, reported.stderr, reported.stdout) == (1, 0, "", "")
    for name in names:
        assert (tmp_path / "run" / name).read_bytes() == (tmp_path / "report" / name).read_bytes()


def test_without_an_option_the_report_is_the_one_for_a_terminal(bench: Bench, recorded: Path) -> None:
    done = bench.command("report", str(recorded), "--vectors", str(bench.folder))
    assert done.returncode == 0
    assert "FAILED: 2 cases count against the testee" in done.stdout


def test_several_records_make_one_page(bench: Bench, recorded: Path, tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    files = [str(recorded), str(recorded), "--vectors", str(bench.folder)]
    assert bench.command("report", *files, "--html", str(target)).returncode == 0
    assert target.read_text(encoding="utf-8").count('<article class="card fail">') == 2
    refused = bench.command("report", *files, "--badge", str(tmp_path / "badge.svg"))
    assert refused.returncode == 2
    assert "of one run" in refused.stderr


def test_stdout_is_for_one_file(bench: Bench, recorded: Path) -> None:
    files = [str(recorded), "--vectors", str(bench.folder)]
    done = bench.command("report", *files, "--badge", "-")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("<svg ")
    assert bench.command("report", *files, "--badge", "-", "--html", "-").returncode == 2


def broken(text: str, how: str) -> str:
    header, *cases, footer = text.splitlines()
    match how:
        case "no footer":
            kept = [header, *cases]
        case "lost":
            kept = [header, *cases[1:], footer]
        case "no number":
            kept = [header, cases[0].replace('"seconds": ', '"seconds": NaN, "was": '), *cases[1:], footer]
        case "no verdict":
            kept = [header, cases[0].replace('"verdict": "fail"', '"verdict": "maybe"'), *cases[1:], footer]
        case "no case":
            kept = [header, cases[0].replace("sums/crc32", "sums/crc99"), *cases[1:], footer]
        case "other rules":
            kept = [header, cases[0].replace('["W3"]', '["W4"]'), *cases[1:], footer]
        case _:
            kept = [json.dumps({**json.loads(header), "digest": "0" * 64}), *cases, footer]
    return "".join(f"{line}\n" for line in kept)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("no footer", "the records have no footer: the run did not end"),
        ("lost", "the footer counts other cases"),
        ("no number", "NaN is not JSON"),
        ("no verdict", "record 2 is no case of a run: verdict: 'maybe'"),
        ("no case", "sums/crc99 is no case of these vectors"),
        ("other rules", "sums/crc32 is another case in these vectors"),
        ("other vectors", "the records are of the vectors 000000000000"),
    ],
)
def test_records_that_are_not_whole_are_refused(bench: Bench, recorded: Path, how: str, message: str) -> None:
    recorded.write_text(broken(recorded.read_text(encoding="utf-8"), how), encoding="utf-8")
    target = recorded.with_suffix(".html")
    done = bench.command("report", str(recorded), "--vectors", str(bench.folder), "--html", str(target))
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert message in line
    assert recorded.name in line
    assert not target.exists()


@pytest.mark.parametrize(
    ("plan", "body", "colour", "message"),
    [
        ({}, "", badge.GREEN, "9/9"),
        ({"only": ("R1", "R13")}, "", badge.GREEN, "2/2 in part"),
        ({"known": {"sums/crc16": "x", "sums/crc32": "x"}}, WRONG, badge.AMBER, "7/9"),
        ({}, WRONG, badge.RED, "7/9"),
        ({"only": ("zzz",)}, "", badge.GREY, "not run"),
    ],
)
def test_the_badge_says_how_many_passed_in_a_colour(
    bench: Bench, plan: dict[str, Any], body: str, colour: str, message: str
) -> None:
    root = ET.fromstring(badge.render(bench.run(body, **plan)))  # noqa: S314 -- our own output
    assert [text.text for text in root.iter(f"{SVG}text")] == ["FlatStream conformance", message]
    assert [rect.get("fill") for rect in root.iter(f"{SVG}rect")][-1] == colour
    assert root.get("aria-label") == f"FlatStream conformance: {message}"


def test_the_title_of_the_badge_names_the_testee_as_text(bench: Bench) -> None:
    done = bench.run()
    hostile = replace(done, header=replace(done.header, testee={"name": "<script>\x00", "version": "&"}))
    root = ET.fromstring(badge.render(hostile))  # noqa: S314 -- our own output
    title = root.find(f"{SVG}title")
    assert title is not None
    assert title.text == "FlatStream conformance of <script>\\x00 &: 9 pass, 0 fail, 0 error, 0 skip"


def test_the_badge_counts_what_was_skipped(bench: Bench) -> None:
    root = ET.fromstring(badge.render(bench.run(features=[])))  # noqa: S314 -- our own output
    assert [text.text for text in root.iter(f"{SVG}text")][-1] == "8/8, 1 skipped"
