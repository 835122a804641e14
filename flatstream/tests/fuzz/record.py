"""The record of what was fuzzed, and the table of it in ``README.md`` beside this."""

from __future__ import annotations

import json
import platform
import subprocess
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import flatstream

REPOSITORY: Final = Path(__file__).parents[3]
RECORD: Final = REPOSITORY / "reports" / "data" / "fuzz" / "fuzz.json"
README: Final = Path(__file__).parent / "README.md"
BEGIN, END = "<!-- fuzz:figures -->\n", "<!-- /fuzz:figures -->\n"


def facts(atheris: str) -> dict[str, str]:
    """On what something was run."""
    commit = _git("rev-parse", "--short", "HEAD") or "unknown"
    changed = _git("status", "--porcelain", "--", "flatstream", ":!flatstream/tests/fuzz/README.md")
    return {
        "flatstream": flatstream.__version__,
        "commit": f"{commit}, changed" if changed else commit,
        "atheris": atheris,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
    }


def _git(*arguments: str) -> str:
    """What git says; nothing where it is not there."""
    done = subprocess.run(
        ["git", *arguments],  # noqa: S607  (the one on the PATH)
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip()


def add(path: Path, run: dict[str, Any]) -> None:
    """Append a run to the record."""
    record = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"runs": []}
    record["runs"].append(run)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def table(record: dict[str, Any]) -> str:
    """The sums of all runs, as Markdown."""
    sums: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for run in record["runs"]:
        total = sums[run["target"]]
        for key in ("inputs", "seconds", "found"):
            total[key] += run[key]
        for name, inputs in run["engines"].items():
            total[name] += inputs
        total["branches"] = max(total["branches"], run["branches"])
    engines = sorted({name for run in record["runs"] for name in run["engines"]}, reverse=True)
    lines = [
        f"| target | minutes | {' | '.join(f'inputs, {name}' for name in engines)} | inputs/s | branches | failed |",
        f"|:--|--:|{'--:|' * len(engines)}--:|--:|--:|",
    ]
    for target, total in sums.items():
        lines.append(
            f"| `{target}` | {total['seconds'] / 60:.1f} | {' | '.join(f'{total[name]:,.0f}' for name in engines)} | "
            f"{total['inputs'] / total['seconds']:,.0f} | {total['branches']:,.0f} | {total['found']:.0f} |"
        )
    everything = [sum(total[name] for total in sums.values()) for name in engines]
    minutes = sum(total["seconds"] for total in sums.values()) / 60
    failed = sum(total["found"] for total in sums.values())
    lines.append(f"| all | {minutes:.1f} | {' | '.join(f'{count:,.0f}' for count in everything)} | | | {failed:.0f} |")
    dates = sorted({run["date"] for run in record["runs"]})
    versions = sorted({f"{run['python']}, atheris {run['atheris']}" for run in record["runs"]})
    commits = list(dict.fromkeys(run["commit"] for run in record["runs"]))
    lines += ["", f"{' to '.join(dict.fromkeys((dates[0], dates[-1])))}; {'; '.join(versions)}; {', '.join(commits)}."]
    return "\n".join(lines) + "\n"


def rendered(text: str, record: dict[str, Any]) -> str:
    """The README with the table of the record in its place."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    return before + BEGIN + table(record) + END + after
