"""The record of what was fuzzed, and the table of it in ``README.md`` beside this."""

from __future__ import annotations

import json
import platform
import subprocess
import time
from collections import defaultdict
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import flatstream
from flatstream.locking import lock
from flatstream.whole import written_whole

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY: Final = Path(__file__).parents[3]
RECORD: Final = REPOSITORY / "reports" / "data" / "fuzz" / "fuzz.json"
README: Final = Path(__file__).parent / "README.md"
BEGIN, END = "<!-- fuzz:figures -->\n", "<!-- /fuzz:figures -->\n"


def facts(tools: dict[str, str]) -> dict[str, str]:
    """On what something was run, with these tools, by their versions."""
    commit = _git("rev-parse", "--short", "HEAD") or "unknown"
    changed = _git("status", "--porcelain", "--", "flatstream", ":!flatstream/tests/fuzz/README.md")
    return {
        "flatstream": flatstream.__version__,
        "commit": f"{commit}, changed" if changed else commit,
        **tools,
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


@contextmanager
def _alone() -> Iterator[None]:
    """Wait until nobody else, who fuzzes at the same time, writes what stands in this module."""
    with Path(__file__).open("rb") as file:  # not the record, in whose place there is soon another file
        while True:
            try:
                lock(file.fileno())
            except BlockingIOError:
                time.sleep(0.05)
            else:
                break
        yield


def _write(path: Path, text: str) -> None:
    with written_whole(path) as file:
        file.write(text.encode())


def _render(record: Path, readme: Path) -> None:
    held = json.loads(record.read_text(encoding="utf-8"))
    _write(readme, rendered(readme.read_text(encoding="utf-8"), held))


def render(record: Path = RECORD, readme: Path = README) -> None:
    """Write the table of the README anew."""
    with _alone():
        _render(record, readme)


def add(run: dict[str, Any], record: Path = RECORD, readme: Path = README) -> None:
    """Append a run to the record, also while others do, and write the table of the README anew."""
    with _alone():
        held = json.loads(record.read_text(encoding="utf-8")) if record.exists() else {"runs": []}
        held["runs"].append(run)
        record.parent.mkdir(parents=True, exist_ok=True)
        _write(record, json.dumps(held, indent=1) + "\n")
        _render(record, readme)


def _guide(run: dict[str, Any]) -> str:
    """Whose branches a run counts, which guided it."""
    return "native" if "libfuzzer-sys" in run else "python"


def _tools(run: dict[str, Any]) -> str:
    if _guide(run) == "native":
        return f"rustc {run['rustc']}, libfuzzer-sys {run['libfuzzer-sys']}"
    return f"{run['python']}, atheris {run['atheris']}"


def _row(*cells: str) -> str:
    return "".join(f"| {cell} " if cell else "| " for cell in cells) + "|"


def table(record: dict[str, Any]) -> str:
    """The sums of all runs, as Markdown."""
    sums: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for run in record["runs"]:
        total = sums[run["target"]]
        for key in ("inputs", "seconds", "found"):
            total[key] += run[key]
        for name, inputs in run["engines"].items():
            total[name] += inputs
        branches = f"branches, {_guide(run)}"
        total[branches] = max(total[branches], run["branches"])
    engines = sorted({name for run in record["runs"] for name in run["engines"]}, reverse=True)
    guides = sorted({_guide(run) for run in record["runs"]}, reverse=True)
    lines = [
        _row(
            "target",
            "minutes",
            *(f"inputs, {name}" for name in engines),
            "inputs/s",
            *(f"branches, {name}" for name in guides),
            "failed",
        ),
        f"|:--|{'--:|' * (3 + len(engines) + len(guides))}",
    ]
    for target, total in sums.items():
        lines.append(
            _row(
                f"`{target}`",
                f"{total['seconds'] / 60:.1f}",
                *(f"{total[name]:,.0f}" for name in engines),
                f"{total['inputs'] / total['seconds']:,.0f}",
                *(f"{total[key]:,.0f}" if (key := f"branches, {name}") in total else "" for name in guides),
                f"{total['found']:.0f}",
            )
        )
    everything = [sum(total[name] for total in sums.values()) for name in engines]
    minutes = sum(total["seconds"] for total in sums.values()) / 60
    failed = sum(total["found"] for total in sums.values())
    blank = [""] * (1 + len(guides))
    lines.append(_row("all", f"{minutes:.1f}", *(f"{count:,.0f}" for count in everything), *blank, f"{failed:.0f}"))
    dates = sorted({run["date"] for run in record["runs"]})
    versions = sorted({_tools(run) for run in record["runs"]})
    commits = list(dict.fromkeys(run["commit"] for run in record["runs"]))
    lines += ["", f"{' to '.join(dict.fromkeys((dates[0], dates[-1])))}; {'; '.join(versions)}; {', '.join(commits)}."]
    return "\n".join(lines) + "\n"


def rendered(text: str, record: dict[str, Any]) -> str:
    """The README with the table of the record in its place."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    return before + BEGIN + table(record) + END + after
