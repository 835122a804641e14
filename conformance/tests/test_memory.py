"""The peak memory of a testee, where the system tells it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from flatstream_conformance import growth
from flatstream_conformance.memory import peak_memory
from flatstream_conformance.session import Session
from flatstream_conformance.suite import load

if TYPE_CHECKING:
    from tests.conftest import Bench

BIG = "import sys; held = b'x' * (64 << 20); del held; print(flush=True); sys.stdin.read()"
LAUNCHER = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"


def peak_of(*arguments: str) -> int | None:
    """The peak of a process that has said that it is ready."""
    with subprocess.Popen(
        [sys.executable, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        found = peak_memory(process.pid)
        process.communicate()
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the peak of other processes")
@pytest.mark.parametrize("arguments", [("-c", BIG), ("-c", LAUNCHER, BIG)], ids=["itself", "behind a launcher"])
def test_memory_that_was_given_back_counts(arguments: tuple[str, ...]) -> None:
    peak = peak_of(*arguments)
    assert peak is not None
    assert 64 << 20 <= peak < 512 << 20


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the peak of other processes")
def test_a_session_that_is_gone_has_no_peak() -> None:
    with subprocess.Popen([sys.executable, "-c", ""], start_new_session=True) as process:
        process.wait()
    assert peak_memory(process.pid) is None


def test_another_system_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert peak_memory(os.getpid()) is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the peak of other processes")
def test_the_peak_outlives_a_mark_that_was_set_back(bench: Bench) -> None:
    body = 'def answer(r):\n    held = b"x" * (96 << 20)\n    return right(r)'
    vector = load(bench.folder).vectors[0]
    with Session(bench.testee(body), timeout=30) as session:
        session.ask(vector.op, vector.request)
        peak = session.peak_memory()
        growth.Watch(session.running())
        alone = peak_memory(session.running())
        assert peak is not None
        assert alone is not None
        assert alone < 96 << 20 <= peak
        assert session.peak_memory() == peak
