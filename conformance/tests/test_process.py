"""The testee's process: every wait ends, and so does everything that was started."""

from __future__ import annotations

import contextlib
import select
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from flatstream_conformance import lines, process
from flatstream_conformance.errors import UnusableTesteeError
from flatstream_conformance.process import GarbageError, GoneError, HungError, PipedProcess, split_command

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True, params=["polled", "threaded"])
def _both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each rule holds for both ways to wait for a pipe; Windows has only the second."""
    if request.param == "threaded":
        monkeypatch.delattr(select, "poll", raising=False)


@contextlib.contextmanager
def running(source: str) -> Iterator[PipedProcess]:
    child = PipedProcess([sys.executable, "-c", source])
    try:
        yield child
    finally:
        child.kill()


def test_lines_come_in_order_without_their_ends() -> None:
    with running("print('a\\nb\\n\\nc', flush=True); input()") as child:
        assert [child.receive(20) for _ in range(4)] == [b"a", b"b", b"", b"c"]


def test_a_line_before_the_end_is_still_delivered() -> None:
    with running("print('last')") as child:
        assert child.receive(20) == b"last"
        with pytest.raises(GoneError, match="exited with status 0"):
            child.receive(20)


def test_a_line_without_its_end_is_no_line() -> None:
    with running("print('unfinished', end='')") as child, pytest.raises(GoneError):
        child.receive(20)


def test_output_that_is_closed_is_noticed_while_the_process_runs() -> None:
    source = "import os, time; os.close(1); os.close(2); time.sleep(600)"
    with (
        running(source) as child,
        pytest.raises(GoneError, match="closed its standard output, but still runs"),
    ):
        child.receive(20)


def test_a_request_that_is_never_read_blocks_nobody() -> None:
    with running("import time; time.sleep(600)") as child:
        child.send(b"x" * 10_000_000 + b"\n")
        with pytest.raises(HungError):
            child.receive(0.3)


def test_large_lines_pass_both_ways_at_once() -> None:
    source = "import sys\nfor line in sys.stdin.buffer: sys.stdout.buffer.write(line); sys.stdout.flush()"
    line = b"y" * 5_000_000
    with running(source) as child:
        child.send(line + b"\n")
        assert child.receive(20) == line


def test_a_line_that_never_ends_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MAX_LINE", 1 << 20)
    monkeypatch.setattr(process, "MAX_LINE", 1 << 20)
    endless = running("import sys\nwhile True: sys.stdout.write('z' * 65536)")
    with endless as child, pytest.raises(GarbageError, match="a line of more than 1048576 bytes"):
        child.receive(20)


def test_a_flood_of_lines_fills_no_memory() -> None:
    with running("import sys\nwhile True: sys.stdout.write('n\\n' * 10000)") as child:
        assert child.receive(20) == b"n"
        time.sleep(0.2)
        if isinstance(child._output, lines.ThreadedLines):
            assert child._output._lines.qsize() <= 64
        elif isinstance(child._output, lines.PolledLines):
            assert len(child._output._splitter._pending) <= lines.CHUNK


def test_the_end_of_input_ends_the_process() -> None:
    with running("import sys; sys.stdin.read()") as child:
        assert child.stop(20) is None
    with running("import sys; sys.stdin.read(); sys.exit(5)") as child:
        assert child.stop(20) == "exited with status 5"


def test_what_a_testee_writes_at_its_end_does_not_keep_it_from_it() -> None:
    with running("import sys; sys.stdin.read(); sys.stdout.write('bye\\n' * 100_000)") as child:
        assert child.stop(20) is None


def test_a_short_request_never_overtakes_a_long_one() -> None:
    source = "import sys, time; time.sleep(0.3)\nfor line in sys.stdin: print(len(line), flush=True)"
    with running(source) as child:
        child.send(b"x" * 1_000_000 + b"\n")
        child.send(b"y\n")
        assert [child.receive(20), child.receive(20)] == [b"1000001", b"2"]


def test_of_stderr_only_the_end_is_kept() -> None:
    with running("import sys; sys.stderr.write('e' * 1_000_000 + 'end')") as child:
        with pytest.raises(GoneError):
            child.receive(20)
        child.kill()
        assert child.take_stderr() == "e" * (process.STDERR_KEPT - 3) + "end"
        assert child.take_stderr() == ""


def test_no_thread_is_left_of_a_process_that_ended() -> None:
    before = threading.active_count()
    with running("import time; time.sleep(600)"):
        assert threading.active_count() in {before + 2, before + 3}
    assert threading.active_count() == before


def test_killing_ends_the_children_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        port = server.getsockname()[1]
        grandchild = f"import socket, time; s = socket.create_connection(('127.0.0.1', {port})); time.sleep(600)"
        source = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {grandchild!r}])"
        with running(source):
            connection, _ = server.accept()
        with connection:
            connection.settimeout(20)
            assert connection.recv(1) == b""


@pytest.mark.parametrize("command", ["", "  ", "python 'open"])
def test_a_command_that_cannot_be_split_is_refused(command: str) -> None:
    with pytest.raises(UnusableTesteeError):
        split_command(command)


@pytest.mark.skipif(sys.platform == "win32", reason="the system splits it there")
def test_a_command_is_split_as_a_shell_would() -> None:
    assert split_command("a 'b c' d") == ["a", "b c", "d"]
