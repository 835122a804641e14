"""What the tests share: the ways of reading, so that each rule is tested by all of them."""

from __future__ import annotations

import gc
import io
import mmap
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

import flatstream
from flatstream import Record
from flatstream.tests import model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flatstream.adapters import Deframer

# No deadline: a test asserts, and a slow machine is no error. `tox run -e long` asks for many more examples,
# and valgrind, under which everything is slow, for few.
# In CI the examples are the same each time, so that what fails there fails here; others are tried everywhere else.
patient = settings(
    deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow], derandomize="CI" in os.environ
)
settings.register_profile("default", patient)
settings.register_profile("few", patient, max_examples=10, suppress_health_check=list(HealthCheck))
settings.register_profile("long", patient, max_examples=10_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell that starts a command in the background has it ignore Ctrl-C, which tests send to one another.
    signal.signal(signal.SIGINT, signal.default_int_handler)


ENGINES: dict[str, Any] = {"python": None}
"""Every test runs with each of them: the reference, and the native engine, or its model where it is not built."""
if flatstream.engine.native is None:
    ENGINES["model"] = model
else:
    ENGINES["native"] = flatstream.engine.native


@pytest.fixture(scope="session", autouse=True, params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each engine in turn, here and in the processes that a test starts; the name of the active one."""
    name: str = request.param
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flatstream.engine, "native", ENGINES[name])
        patch.setattr(flatstream.engine, "name", "python" if name == "python" else "native")
        patch.setenv(flatstream.engine.VARIABLE, "python" if name == "python" else "auto")
        for record in [each for each in gc.get_objects() if type(each) is Record]:
            for function in ("encode", "decode"):
                record.__dict__.pop(function, None)  # of the engine before, in place of the method
        yield name


class Trickle(io.RawIOBase):
    """A source that gives a byte or a few at a time, in the given sizes; the last repeats (R7)."""

    def __init__(self, data: bytes, *sizes: int) -> None:
        self._data = data
        self._sizes = list(sizes)
        self.position = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        view = memoryview(buffer)
        size = self._sizes.pop(0) if len(self._sizes) > 1 else self._sizes[0]
        part = self._data[self.position : self.position + min(size, len(view))]
        view[: len(part)] = part
        self.position += len(part)
        return len(part)


def mapped(data: bytes) -> mmap.mmap | bytes:
    """The data in an anonymous mapping; nothing can be mapped of nothing."""
    if not data:
        return data
    mapping = mmap.mmap(-1, len(data))
    mapping[:] = data
    return mapping


WAYS: dict[str, Callable[[bytes, Deframer], flatstream.StreamReader[Any]]] = {
    "bytes, borrowed": flatstream.StreamReader,
    "bytes, copied": lambda data, deframer: flatstream.StreamReader(data, deframer, copy=True),
    "bytearray, borrowed": lambda data, deframer: flatstream.StreamReader(bytearray(data), deframer),
    "bytearray, copied": lambda data, deframer: flatstream.StreamReader(bytearray(data), deframer, copy=True),
    "mmap, borrowed": lambda data, deframer: flatstream.StreamReader(mapped(data), deframer),
    "file, fresh": lambda data, deframer: flatstream.StreamReader(io.BytesIO(data), deframer, copy=True),
    "file, reused": lambda data, deframer: flatstream.StreamReader(io.BytesIO(data), deframer),
    "file, ahead": lambda data, deframer: flatstream.StreamReader(io.BytesIO(data), deframer, readahead=64),
    "file, ahead, fresh": lambda data, deframer: flatstream.StreamReader(
        io.BufferedReader(Trickle(data, 100)), deframer, copy=True, readahead=5
    ),
    "trickle, fresh": lambda data, deframer: flatstream.StreamReader(Trickle(data, 1), deframer, copy=True),
    "trickle, reused": lambda data, deframer: flatstream.StreamReader(Trickle(data, 3, 1, 7), deframer),
    "trickle, ahead": lambda data, deframer: flatstream.StreamReader(Trickle(data, 2, 5), deframer, readahead=11),
}


@pytest.fixture(scope="session", params=WAYS)
def way(request: pytest.FixtureRequest) -> Callable[[bytes, Deframer], flatstream.StreamReader[Any]]:
    """Each way of reading in turn: a function from bytes and a deframer to a reader."""
    return WAYS[request.param]


@pytest.fixture(scope="session")
def trickle() -> type[Trickle]:
    return Trickle


@pytest.fixture(scope="session", params=["none", "crc16", "crc32", "xxh3_64"])
def algorithm(request: pytest.FixtureRequest) -> flatstream.Checksum:
    """Each built-in algorithm in turn."""
    return flatstream.checksum.by_name(request.param)


@pytest.fixture(scope="session")
def framed() -> Callable[..., bytes]:
    """A function from payloads to the stream of their frames, written out by hand, not by the library."""

    def frames(algorithm: flatstream.Checksum, *payloads: bytes) -> bytes:
        return b"".join(
            len(payload).to_bytes(4, "little")
            + (algorithm.compute(payload) % 256**algorithm.width).to_bytes(algorithm.width, "little")
            + payload
            for payload in payloads
        )

    return frames


@pytest.fixture(scope="session")
def without() -> Callable[..., str]:
    """A function that runs code in a Python that has not got these packages, and gives what it prints."""

    def run(code: str, *packages: str) -> str:
        hide = f"""
import importlib.machinery as machinery
find = machinery.PathFinder.find_spec
def hidden(name, path=None, target=None):
    return None if name.partition(".")[0] in {set(packages)!r} else find(name, path, target)
machinery.PathFinder.find_spec = hidden
"""
        done = subprocess.run([sys.executable, "-c", hide + code], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
