"""``tox run -e fuzz``, which is ``python -m flatstream.tests.fuzz``: some minutes under libFuzzer for each target."""

from __future__ import annotations

import argparse
import platform
import re
import shutil
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple

from flatstream.tests.fuzz import native
from flatstream.tests.fuzz.corpus import NATIVE_MESSAGES, messages_text
from flatstream.tests.fuzz.engines import ENGINES
from flatstream.tests.fuzz.record import RECORD, add, facts, render
from flatstream.tests.fuzz.targets import ALL, NATIVE_TARGETS, TARGETS, seeds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

EVERY: Final = 5.0
"""Seconds from one line of progress to the next."""
SLOW: Final = 30
"""Seconds after which an input counts as one that hangs."""
MEMORY: Final = 1024
"""MiB of the process, over which an input counts as one that takes too much."""

_STATUS: Final = re.compile(r"#(\d+)\s+\w+\s+cov: (\d+).*?corp: (\d+)")


class Unusable(Exception):  # noqa: N818  (a message for the terminal)
    """A tool is missing, and was asked for."""


class Worker(NamedTuple):
    """What runs a target."""

    command: list[str]
    """Without libFuzzer's options."""
    engines: Iterable[str]
    """Those that see each input."""
    tools: dict[str, str]
    """Their versions."""


def options() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m flatstream.tests.fuzz",
        description="Fuzz FlatStream: both engines by atheris, and the core of the native engine by programs that "
        "cargo builds.",
    )
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(ALL)} [default: all]")
    parser.add_argument("--minutes", type=float, default=10, help="for each target [default: 10]")
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path(".fuzz"),
        help="keeps the inputs, and goes on from them the next time; what fails is in found/ [default: .fuzz]",
    )
    parser.add_argument("--record", action="store_true", help=f"add the figures to {RECORD.name}, and to the README")
    parser.add_argument(
        "--render", action="store_true", help="only write anew what is made: the table of the README, and seeds"
    )
    chosen = parser.parse_args()
    unknown = [name for name in chosen.targets if name not in ALL]
    if unknown:
        parser.error(f"there is no target {unknown[0]}: they are {', '.join(ALL)}")
    if not 0 < chosen.minutes < 10_000:
        parser.error(f"minutes are more than 0 and less than 10,000, not {chosen.minutes:g}")
    return chosen


def workers(names: list[str]) -> dict[str, Worker]:
    """What runs each of these targets, or all; without cargo the native ones are left out, unless they were named."""
    wanted = names or list(ALL)
    found: dict[str, Worker] = {}
    if set(wanted) & set(TARGETS):
        try:
            tools = {
                "atheris": version("atheris"),
                "python": f"{platform.python_implementation()} {platform.python_version()}",
            }
        except PackageNotFoundError:
            raise Unusable("fuzzing needs atheris: pip install 'atheris>=3'") from None
        for name in TARGETS:
            found[name] = Worker([sys.executable, "-m", "flatstream.tests.fuzz.worker", name], ENGINES, tools)
    if set(wanted) & set(NATIVE_TARGETS):
        cargo = shutil.which("cargo")
        if cargo is None:
            left_out = [name for name in wanted if name in NATIVE_TARGETS]
            if names:
                raise Unusable(f"{', '.join(left_out)}: built with cargo, which is not on the PATH")
            print(f"left out, without cargo on the PATH: {', '.join(left_out)}", file=sys.stderr)
        else:
            print("native targets: building them with cargo, a minute or so the first time", flush=True)
            tools = native.tools()
            for name, program in native.build(cargo).items():
                found[name] = Worker([str(program)], ["native"], tools)
    return {name: found[name] for name in dict.fromkeys(wanted) if name in found}


def _lines(stream: IO[str]) -> Iterator[str | None]:
    """Each line, and ``None`` whenever there was none for a while: libFuzzer is silent when it finds nothing new."""
    queue: SimpleQueue[str | None] = SimpleQueue()

    def pump() -> None:
        for line in stream:
            queue.put(line)
        queue.put(None)

    pumping = Thread(target=pump, daemon=True)
    pumping.start()
    while True:
        try:
            line = queue.get(timeout=EVERY)
        except Empty:
            yield None
            continue
        if line is None:
            return
        yield line


def fuzz(name: str, worker: Worker, minutes: float, folder: Path) -> dict[str, Any]:
    """Run one target; its figures."""
    corpus, found = folder / "corpus" / name, folder / "found" / name
    for place in (corpus, found):
        place.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds(name)):
        (corpus / f"seed-{number:04}").write_bytes(seed)
    before = set(found.iterdir())
    allowed = max(round(minutes * 60), 1)
    command = [
        *worker.command,
        str(corpus),
        f"-max_total_time={allowed}",
        f"-max_len={ALL[name].largest}",
        f"-timeout={SLOW}",
        f"-rss_limit_mb={MEMORY}",
        f"-artifact_prefix={found}/",
    ]
    start = shown = counted = time.monotonic()
    inputs = branches = kept = 0
    told: list[str] = []
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace"
    ) as process:
        assert process.stderr is not None
        try:
            for line in _lines(process.stderr):
                now = time.monotonic()
                status = _STATUS.match(line or "")
                if status is not None:
                    inputs, branches, kept = map(int, status.groups())
                    counted = now
                elif line is not None:
                    told.append(line)
                if now - shown > EVERY and counted > start:
                    shown = now
                    print(
                        f"{name}: {now - start:,.0f} of {allowed:,} s, {inputs:,} inputs, "
                        f"{inputs / (counted - start):,.0f}/s, {branches:,} branches",
                        flush=True,
                    )
        except KeyboardInterrupt:
            process.kill()
            raise
    done = re.search(r"Done (\d+) runs", "".join(told))
    inputs = int(done[1]) if done else inputs
    failed = sorted(set(found.iterdir()) - before)
    seconds = time.monotonic() - start
    print(f"{name}: {inputs:,} inputs in {seconds:,.0f} s, {inputs / seconds:,.0f}/s, {branches:,} branches, ", end="")
    print(f"{len(failed)} failed", flush=True)
    if process.returncode or failed:
        sys.stderr.writelines(told)
        for path in failed:
            print(f"{name}: failed, and kept: {path}", file=sys.stderr)
    return {
        "target": name,
        "seconds": round(seconds, 1),
        "inputs": inputs,
        "engines": dict.fromkeys(worker.engines, inputs),
        "branches": branches,
        "corpus": kept,
        "found": max(len(failed), int(process.returncode != 0)),
    }


def main() -> int:
    """Exit status: 0 all is well, 1 an input failed, 2 wrong usage, 130 interrupted: what was finished is recorded."""
    chosen = options()
    if chosen.render:
        NATIVE_MESSAGES.write_text(messages_text(), encoding="utf-8")
        render()
        return 0
    status = 0
    try:
        found = workers(chosen.targets)
        environments = {name: facts(worker.tools) for name, worker in found.items()}
        for name, worker in found.items():
            run = fuzz(name, worker, chosen.minutes, chosen.folder)
            status = max(status, int(run["found"] > 0))
            if chosen.record:
                add(run | environments[name])
    except (Unusable, native.NotBuilt) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return status


if __name__ == "__main__":
    sys.exit(main())
