"""The oracle, built once, and flatc; and where figures are kept that a run is asked for."""

from __future__ import annotations

import json
import platform
import shutil
import struct
import subprocess
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import pytest

import flatstream
from flatstream.tests.zoo import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    Ask = Callable[[Sequence[bytes]], list[bool]]

ORACLE = SCHEMAS.parent / "oracle" / "oracle.cpp"
FLUSH = struct.pack("<I", 2**32 - 1)


FIGURES = pytest.StashKey[dict[str, Any]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--figures", metavar="FOLDER", type=Path, help="Write crashes.json there, if all tests pass.")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Write what the tests counted; nothing of a run that failed or was stopped, and nothing that was not asked for."""
    folder, found = session.config.getoption("--figures"), session.config.stash.get(FIGURES, {})
    if folder is None or exitstatus or not found:
        return
    facts = {
        "flatstream": flatstream.__version__,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "crashes.json").write_text(json.dumps(facts | {"engines": found}, indent=1) + "\n", encoding="utf-8")


@pytest.fixture
def figures(request: pytest.FixtureRequest, engine: str) -> dict[str, Any]:
    """What a test counted, by name, for `--figures`; apart for each engine."""
    found = request.config.stash.setdefault(FIGURES, {})
    return cast("dict[str, Any]", found.setdefault(engine, {}))


@pytest.fixture(scope="session")
def flatc() -> Callable[..., str]:
    """A function that runs flatc with the given arguments."""
    program = shutil.which("flatc")
    assert program is not None, "the long tests need flatc: apt-get install flatbuffers-compiler libflatbuffers-dev g++"

    def run(*arguments: object) -> str:
        done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="session")
def oracle(
    flatc: Callable[..., str], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., AbstractContextManager[Ask]]:
    """A function that starts the oracle with its arguments, and gives a function from payloads to verdicts."""
    folder = tmp_path_factory.mktemp("oracle")
    flatc("--cpp", "-o", folder, *(SCHEMAS / f"{name}.fbs" for name in ("monster", "thing", "telemetry", "keeper")))
    compiler = shutil.which("g++")
    assert compiler is not None, "the long tests need g++"
    program = folder / "oracle"
    command = [compiler, "-std=c++17", "-O1", "-I", str(folder), "-o", str(program), str(ORACLE), "-lflatbuffers"]
    subprocess.run(command, check=True)

    @contextmanager
    def started(*arguments: object) -> Iterator[Ask]:
        pipe = subprocess.PIPE
        with subprocess.Popen([program, *map(str, arguments)], stdin=pipe, stdout=pipe) as process:
            stdin, stdout = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)

            def ask(payloads: Sequence[bytes]) -> list[bool]:
                for payload in payloads:
                    stdin.write(struct.pack("<I", len(payload)) + payload)
                stdin.write(FLUSH)
                stdin.flush()
                return [stdout.readline() == b"1\n" for _ in payloads]

            yield ask
            stdin.close()

    return started
