"""ADAPTERS.md holds: its adapter passes what it claims, its workflow is YAML, its tables are the runner's."""

from __future__ import annotations

import itertools
import json
import re
import shlex
import sys
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from click.testing import CliRunner

from flatstream_conformance.cli import cli
from flatstream_conformance.profiles import PROFILES
from flatstream_conformance.run import Plan, run
from flatstream_conformance.schemas import FEATURES
from flatstream_conformance.suite import load

if TYPE_CHECKING:
    import pytest

DOCUMENT = Path(__file__).parents[1] / "ADAPTERS.md"
TEXT = DOCUMENT.read_text(encoding="utf-8")


def blocks(label: str) -> list[str]:
    """The fenced blocks with exactly this label."""
    return re.findall(rf"^```{label}\n(.*?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL)


def workflow() -> dict[str, Any]:
    (text,) = blocks("yaml workflow")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def test_the_smallest_adapter_passes_what_it_claims(tmp_path: Path) -> None:
    (source,) = blocks("python adapter")
    adapter = tmp_path / "adapter.py"
    adapter.write_text(source, encoding="utf-8")
    done = run(Plan([sys.executable, str(adapter)], load()))
    assert done.footer.exit_status == 0, [case.case for case in done.cases if case.counts]
    assert done.footer.totals["pass"] > 40
    assert {case.op for case in done.cases if case.verdict == "pass"} == {"checksum", "frame"}
    assert done.footer.ending is None
    assert done.header.unknown_claims == ()


def test_the_smallest_adapter_is_small() -> None:
    (source,) = blocks("python adapter")
    assert len(source.splitlines()) <= 60


def test_the_workflow_is_one_that_installs_runs_and_keeps_the_results() -> None:
    loaded = workflow()
    # YAML 1.1 takes the key `on` for a truth value.
    assert set(loaded) == {"name", True, "permissions", "jobs"}
    (job,) = loaded["jobs"].values()
    commands = [step["run"] for step in job["steps"] if "run" in step]
    assert commands[0] == "pip install 'flatstream[conformance]'"
    assert all(set(step) & {"run", "uses"} for step in job["steps"])
    kept = job["steps"][-1]["with"]["path"].split()
    ran = shlex.split(commands[-1])
    assert [ran[ran.index(option) + 1] for option in ("--json", "--junit", "--html", "--badge")] == kept


def test_the_workflow_runs_with_the_runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (job,) = workflow()["jobs"].values()
    _, *arguments = shlex.split([step["run"] for step in job["steps"] if "run" in step][-1])
    arguments[arguments.index("--testee") + 1] = f'"{sys.executable}" -m flatstream_conformance.testee'
    done = CliRunner().invoke(cli, arguments, standalone_mode=False)
    assert (done.exception, done.return_value) == (None, 0)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(job["steps"][-1]["with"]["path"].split())


def test_the_shell_lines_use_options_and_cases_that_there_are() -> None:
    lines = [line for text in blocks("sh") for line in text.splitlines() if line.startswith("flatstream-conformance")]
    assert len(lines) >= 6
    ids = {vector.id for vector in load().vectors} | {"R2"}
    for line in lines:
        _, command, *arguments = shlex.split(line, comments=True)
        options = {name for each in cli.commands[command].params for name in each.opts}
        assert {word for word in arguments if word.startswith("--")} <= options, line
        named = [after for word, after in itertools.pairwise(arguments) if word == "--only"]
        assert set(named) <= ids, line
        assert command != "show" or arguments[0] in ids, line


def test_the_names_in_the_text_are_those_of_the_runner() -> None:
    section = TEXT.split("## Minute 25")[1].split("\n## ")[0]
    names = set(re.findall(r"`(\w+)`", section))
    assert names <= {*FEATURES, *PROFILES, "none", "crc16", "crc32", "xxh3_64", "algorithms", "ops", "features"}


def test_every_field_of_the_records_is_explained() -> None:
    schema = json.loads(files("flatstream_conformance.schema").joinpath("records.json").read_text(encoding="utf-8"))
    section = TEXT.split("\n## The records\n")[1]
    for kind in ("header", "case", "footer"):
        rows = re.findall(rf"^\| {kind} \| ([^|]*) \|", section, flags=re.MULTILINE)
        explained = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
        assert sorted(explained) == sorted(schema["$defs"][kind]["properties"])


def test_links_lead_somewhere() -> None:
    headings = {
        re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE)
    }
    prose = re.sub(r"^```.*?^```$", "", TEXT, flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)]+)\)", prose):
        path, _, fragment = target.partition("#")
        assert (DOCUMENT.parent / path).exists() if path else fragment in headings, target
