"""Building a testee of the catalogue, where the programs that it needs are there."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from flatstream_conformance.catalogue import Entry

BUILD_SECONDS = 1200
OUTPUT_KEPT = 4000

State: TypeAlias = Literal["built", "missing", "failed"]


@dataclass(frozen=True, slots=True)
class Built:
    """What became of the build: `why` is empty if it went well; `output` is the end of what a failed one said."""

    state: State
    why: str = ""
    output: str = ""


def build(entry: Entry) -> Built:
    """Run the build commands of a testee in its folder, up to the first that fails."""
    missing = [program for program in entry.needs if shutil.which(program) is None]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        return Built("missing", f"not built here: {', '.join(missing)} {verb} missing")
    for command in entry.build_commands:
        failed = _run(entry, command)
        if failed is not None:
            return failed
    return Built("built")


def _run(entry: Entry, command: tuple[str, ...]) -> Built | None:
    shown = shlex.join(command)
    # What the system finds for a name is spelt out: under Windows `npm` is `npm.cmd`.
    program = shutil.which(command[0], path=None) or command[0]
    try:
        done = subprocess.run(  # noqa: S603 -- running the catalogue's own commands is the purpose
            [program, *command[1:]],
            cwd=entry.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=BUILD_SECONDS,
        )
    except OSError as error:
        return Built("failed", f"the build cannot be started: {shown}: {error}")
    except subprocess.TimeoutExpired:
        return Built("failed", f"the build did not end within {BUILD_SECONDS} s: {shown}")
    if done.returncode == 0:
        return None
    output = done.stdout.decode("utf-8", "replace")[-OUTPUT_KEPT:]
    return Built("failed", f"the build failed with status {done.returncode}: {shown}", output)
