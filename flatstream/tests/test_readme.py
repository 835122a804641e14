"""The README's programs run as printed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"
PROGRAMS = re.findall(r"^```python\n(.*?)^```", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def test_there_are_programs() -> None:
    assert len(PROGRAMS) == 6


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_runs_as_printed(program: str, tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")


def test_the_first_program_has_ten_lines_and_greets(tmp_path: Path) -> None:
    assert len([line for line in PROGRAMS[0].splitlines() if line]) <= 10
    run = subprocess.run(
        [sys.executable, "-c", PROGRAMS[0]], cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", check=True
    )
    assert run.stdout.splitlines() == [
        "Hello, Ada! (up to byte 32)",
        "Hello, Grace! (up to byte 68)",
        "Hello, Barbara! (up to byte 104)",
    ]


def test_links_to_files_lead_somewhere() -> None:
    text = README.read_text(encoding="utf-8")
    targets = [target for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text) if "://" not in target]
    assert targets
    assert [target for target in targets if not (README.parent / target).exists()] == []
