"""``tox run -e fuzz``, which is ``python -m flatstream.tests.fuzz``: some minutes under atheris for each target."""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from flatstream.tests.fuzz.engines import ENGINES
from flatstream.tests.fuzz.record import README, RECORD, add, facts, rendered
from flatstream.tests.fuzz.targets import TARGETS, seeds

EVERY: Final = 5.0
"""Seconds from one line of progress to the next."""
SLOW: Final = 30
"""Seconds after which an input counts as one that hangs."""
MEMORY: Final = 1024
"""MiB of the process, over which an input counts as one that takes too much."""

_STATUS: Final = re.compile(r"#(\d+)\s+\w+\s+cov: (\d+).*?corp: (\d+)")


def options() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m flatstream.tests.fuzz", description="Fuzz FlatStream, on both engines."
    )
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)} [default: all]")
    parser.add_argument("--minutes", type=float, default=10, help="for each target [default: 10]")
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path(".fuzz"),
        help="keeps the inputs, and goes on from them the next time; what fails is in found/ [default: .fuzz]",
    )
    parser.add_argument("--record", action="store_true", help=f"add the figures to {RECORD.name}, and to the README")
    parser.add_argument("--render", action="store_true", help="only write the table of the README anew")
    chosen = parser.parse_args()
    unknown = [name for name in chosen.targets if name not in TARGETS]
    if unknown:
        parser.error(f"there is no target {unknown[0]}: they are {', '.join(TARGETS)}")
    if not 0 < chosen.minutes < 10_000:
        parser.error(f"minutes are more than 0 and less than 10,000, not {chosen.minutes:g}")
    return chosen


def fuzz(name: str, minutes: float, folder: Path) -> dict[str, Any]:
    """Run one target; its figures."""
    corpus, found = folder / "corpus" / name, folder / "found" / name
    for place in (corpus, found):
        place.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds(name)):
        (corpus / f"seed-{number:04}").write_bytes(seed)
    before = set(found.iterdir())
    command = [
        *(sys.executable, "-m", "flatstream.tests.fuzz.worker", name, str(corpus)),
        f"-max_total_time={max(round(minutes * 60), 1)}",
        f"-max_len={TARGETS[name].largest}",
        f"-timeout={SLOW}",
        f"-rss_limit_mb={MEMORY}",
        f"-artifact_prefix={found}/",
    ]
    start = shown = time.monotonic()
    inputs = branches = kept = 0
    told: list[str] = []
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace"
    ) as worker:
        assert worker.stderr is not None
        try:
            for line in worker.stderr:
                status = _STATUS.match(line)
                if status is None:
                    told.append(line)
                    continue
                inputs, branches, kept = map(int, status.groups())
                now = time.monotonic()
                if now - shown > EVERY:
                    shown = now
                    print(
                        f"{name}: {inputs:,} inputs, {inputs / (now - start):,.0f}/s, {branches:,} branches", flush=True
                    )
        except KeyboardInterrupt:
            worker.kill()
            raise
    done = re.search(r"Done (\d+) runs", "".join(told))
    inputs = int(done[1]) if done else inputs
    failed = sorted(set(found.iterdir()) - before)
    seconds = time.monotonic() - start
    print(f"{name}: {inputs:,} inputs in {seconds:,.0f} s, {inputs / seconds:,.0f}/s, {branches:,} branches, ", end="")
    print(f"{len(failed)} failed", flush=True)
    if worker.returncode or failed:
        sys.stderr.writelines(told)
        for path in failed:
            print(f"{name}: failed, and kept: {path}", file=sys.stderr)
    return {
        "target": name,
        "seconds": round(seconds, 1),
        "inputs": inputs,
        "engines": dict.fromkeys(ENGINES, inputs),
        "branches": branches,
        "corpus": kept,
        "found": max(len(failed), int(worker.returncode != 0)),
    }


def render() -> None:
    """Write the table of the README anew."""
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    README.write_text(rendered(README.read_text(encoding="utf-8"), record), encoding="utf-8")


def main() -> int:
    """Exit status: 0 all is well, 1 an input failed, 2 wrong usage, 130 interrupted: what was finished is recorded."""
    chosen = options()
    if chosen.render:
        render()
        return 0
    try:
        environment = facts(version("atheris"))
    except PackageNotFoundError:
        print("fuzzing needs atheris: pip install 'atheris>=3'", file=sys.stderr)
        return 2
    status = 0
    try:
        for name in chosen.targets or TARGETS:
            run = fuzz(name, chosen.minutes, chosen.folder)
            status = max(status, int(run["found"] > 0))
            if chosen.record:
                add(RECORD, run | environment)
                render()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return status


if __name__ == "__main__":
    sys.exit(main())
