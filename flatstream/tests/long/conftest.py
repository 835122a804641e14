"""The oracle, built once, and flatc."""

from __future__ import annotations

import shutil
import struct
import subprocess
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, cast

import pytest

from flatstream.tests.zoo import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    Ask = Callable[[Sequence[bytes]], list[bool]]

ORACLE = SCHEMAS.parent / "oracle" / "oracle.cpp"
FLUSH = struct.pack("<I", 2**32 - 1)


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
    folder: Path = tmp_path_factory.mktemp("oracle")
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
