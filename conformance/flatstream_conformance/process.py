"""The testee as an operating-system process: lines in, lines out, a deadline, and a sure end.

A testee may do anything: write megabytes to stderr, never read its stdin, leave a child behind that keeps the
pipe open. Every wait here ends by a deadline.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import shlex
import signal
import subprocess
import sys
import threading
import time
from typing import IO, TYPE_CHECKING

from flatstream_conformance.errors import UnusableTesteeError
from flatstream_conformance.lines import MAX_LINE, POLL_SECONDS, Event, Requests, lines_of, read_chunk
from flatstream_conformance.memory import peak_memory

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

STDERR_KEPT = 1 << 16
# How long output may still be under way after the process is gone, or the process after its output ended.
GRACE_SECONDS = 0.5
CAN_ASK_PIPES = os.name == "posix"


class GoneError(Exception):
    """The process ended, or closed its output, before it replied."""


class HungError(Exception):
    """No reply within the deadline."""


class GarbageError(Exception):
    """The output is not lines of the protocol."""


def split_command(command: str) -> list[str] | str:
    """The arguments of a command as a shell would split it; under Windows the system splits it itself.

    Raises UnusableTesteeError for an empty command or an open quote.
    """
    try:
        arguments = shlex.split(command)
    except ValueError as error:
        raise UnusableTesteeError(f"the testee's command cannot be split: {error}") from error
    if not arguments:
        raise UnusableTesteeError("the testee's command is empty")
    return command if sys.platform == "win32" else arguments


class PipedProcess:
    """One running testee; its end is also that of whatever it started that stayed in its process group."""

    def __init__(self, command: Sequence[str] | str, folder: Path | None = None) -> None:
        """Start `command` without a shell, in `folder`; raises UnusableTesteeError if the system cannot."""
        pipe = subprocess.PIPE
        try:
            self._process = subprocess.Popen(  # noqa: S603 -- running the user's own command is the purpose
                command, cwd=folder, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0, start_new_session=True
            )
        except (OSError, ValueError) as error:
            shown = command if isinstance(command, str) else shlex.join(command)
            raise UnusableTesteeError(f"the testee cannot be started: {shown}: {error}") from error
        self._requests = Requests(_opened(self._process.stdin))
        self._output = lines_of(_opened(self._process.stdout))
        self._stderr = bytearray()
        self._stderr_lock = threading.Lock()
        self._stderr_thread = threading.Thread(target=self._read_stderr, name="testee stderr", daemon=True)
        self._stderr_thread.start()

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def send(self, line: bytes) -> None:
        """Hand over a line, with its LF; never blocks."""
        self._requests.send(line)

    def receive(self, seconds: float) -> bytes:
        """The next line of output, without its LF.

        Raises HungError after `seconds`, GoneError when there will be no more output, and
        GarbageError for a line over MAX_LINE bytes. After any of them the process is to be killed.
        """
        deadline = time.monotonic() + seconds
        exited = False
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise HungError(f"no reply within {seconds:g} s")
            item = self._output.next(min(left, GRACE_SECONDS if exited else POLL_SECONDS))
            if isinstance(item, bytes):
                return item
            if item is Event.TOO_LONG:
                raise GarbageError(f"a line of more than {MAX_LINE} bytes")
            if item is Event.END:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(timeout=min(GRACE_SECONDS, max(left, 0.01)))
                raise GoneError(self._how_it_ended())
            if exited:
                # A child of the testee keeps the pipe open: no end of output will come.
                raise GoneError(self._how_it_ended())
            exited = self._process.poll() is not None

    def take_stderr(self) -> str:
        """What came on stderr since the last call: at most the last 64 KiB of it.

        What was written before a reply belongs to it, also if the thread has not come to read it yet.
        """
        deadline = time.monotonic() + GRACE_SECONDS
        while self._stderr_waits() and time.monotonic() < deadline:
            time.sleep(0.001)
        with self._stderr_lock:
            taken = bytes(self._stderr)
            self._stderr.clear()
        return taken.decode("utf-8", "replace")

    def _stderr_waits(self) -> bool:
        """Whether there are bytes in the pipe, or in the thread's hands; where pipes cannot be asked, no."""
        if not CAN_ASK_PIPES:
            return False
        with self._stderr_lock:
            return self._stderr_thread.is_alive() and _has_bytes(_opened(self._process.stderr), seconds=0)

    def peak_memory(self) -> int | None:
        """The largest resident set in bytes so far, of this process or one it started; None if not known."""
        return peak_memory(self._process.pid)

    def stop(self, seconds: float) -> str | None:
        """Close stdin and wait for the end; None if the testee exits with 0, else what it did instead."""
        deadline = time.monotonic() + seconds
        self._requests.end()
        # What still comes is thrown away, but taken: a full pipe would keep the testee from its end.
        while (left := deadline - time.monotonic()) > 0:
            item = self._output.next(min(left, POLL_SECONDS))
            if item in {Event.END, Event.TOO_LONG} or (item is Event.NOTHING_YET and self._process.poll() is not None):
                break
        try:
            status = self._process.wait(timeout=max(left, POLL_SECONDS))
        except subprocess.TimeoutExpired:
            self.kill()
            return f"still running {seconds:g} s after its standard input ended"
        how = None if status == 0 else self._how_it_ended()
        self.kill()
        return how

    def kill(self) -> None:
        """End the process and its group, and let the threads go. May be called more than once."""
        _kill_group(self._process)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)
        self._requests.stop()
        self._output.stop()
        self._stderr_thread.join(timeout=GRACE_SECONDS)
        # A grandchild in a session of its own may still hold a pipe; its thread is then left to the end of
        # the runner, with its descriptor: closing that under a blocked read could hit a reused number.
        if self._requests.done and self._output.done and not self._stderr_thread.is_alive():
            for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()

    def _how_it_ended(self) -> str:
        status = self._process.poll()
        if status is None:
            return "closed its standard output, but still runs"
        if status < 0:
            try:
                return f"killed by {signal.Signals(-status).name}"
            except ValueError:
                return f"killed by signal {-status}"
        return f"exited with status {status}"

    def _read_stderr(self) -> None:
        stderr = _opened(self._process.stderr)
        while True:
            if CAN_ASK_PIPES:
                # Read under the lock, so that bytes are in the pipe or kept, and never between the two.
                _has_bytes(stderr, seconds=None)
                with self._stderr_lock:
                    chunk = self._keep(read_chunk(stderr))
            else:
                chunk = self._keep(read_chunk(stderr))
            if not chunk:
                break

    def _keep(self, chunk: bytes) -> bytes:
        self._stderr += chunk
        del self._stderr[:-STDERR_KEPT]
        return chunk


def _has_bytes(pipe: IO[bytes], seconds: float | None) -> bool:
    """Whether a pipe has bytes, or its end, within so many seconds; None waits for ever."""
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        return bool(selector.select(seconds))


def _opened(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise AssertionError("Popen was asked for a pipe")
    return pipe


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        if process.poll() is None:
            subprocess.run(  # noqa: S603 -- a fixed command of the system
                ["taskkill", "/T", "/F", "/PID", str(process.pid)],  # noqa: S607 -- found by the system itself
                check=False,
                capture_output=True,
            )
    else:
        # The testee leads its own session: the group outlives it as long as a child of it runs.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(OSError):
        process.kill()
