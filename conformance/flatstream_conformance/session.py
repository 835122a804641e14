"""A conversation with a testee: the handshake, numbered requests, and restarts after a fault."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias

from flatstream_conformance.errors import UnusableTesteeError
from flatstream_conformance.process import (
    GarbageError,
    GoneError,
    HungError,
    PipedProcess,
)
from flatstream_conformance.schemas import reply_problem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    from flatstream_conformance.json_types import JSON, JsonMapping, JsonObject

PROTOCOL = 1
FaultKind: TypeAlias = Literal["crash", "hang", "garbage", "wrong_seq", "errored"]


@dataclass(frozen=True, slots=True)
class Claims:
    """What the testee says of itself in its reply to `start`."""

    implementation: JsonObject
    algorithms: tuple[str, ...]
    ops: tuple[str, ...]
    features: tuple[str, ...]


class FaultError(Exception):
    """No verdict on the answer is possible: the testee gave none. `kind` is the kind of fault."""

    def __init__(self, kind: FaultKind, text: str, stderr: str = "") -> None:
        super().__init__(text)
        self.kind = kind
        self.text = text
        self.stderr = stderr


class Session:
    """Start the testee on entering, and leave nothing running on leaving, also by an exception.

    `timeout` is the time in seconds for each reply. After a fault that can leave the two sides out of step
    the process is killed, and the next request starts a new one.
    """

    def __init__(self, command: Sequence[str] | str, timeout: float, folder: Path | None = None) -> None:
        self._command = command
        self._folder = folder
        self._timeout = timeout
        self._process: PipedProcess | None = None
        self._seq = 0
        self._peak: int | None = None
        self.starts = 0
        self._claims: Claims | None = None

    @property
    def claims(self) -> Claims:
        """What the testee claimed at its first start; later starts cannot take it back."""
        if self._claims is None:
            raise AssertionError("the session has not been entered")
        return self._claims

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._kill()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._kill()

    def ask(self, op: str, fields: JsonMapping, right: JsonMapping | None = None) -> JsonObject:
        """Send one request and return the reply, which its schema has accepted.

        `right` is a reply that is known to be in the protocol: of one that is the same, to the last field, the
        schema has nothing more to say, and most of the time of a run is saved.

        Raises FaultError for a crash, a hang, garbage, a wrong `seq` or an `errored` reply, and
        UnusableTesteeError if the testee had to be started again and does not come up.
        """
        if self._process is None:
            self._start()
        return self._exchange(op, fields, right)

    def running(self) -> int:
        """The id of the testee's process, which is started if there is none."""
        if self._process is None:
            self._start()
        if self._process is None:
            raise AssertionError("the testee was started and is not there")
        return self._process.pid

    def restart(self) -> None:
        """End the testee; the next request starts a new one."""
        self._kill()

    def finish(self) -> str | None:
        """End the testee's input; None if it exits with 0 then, else what it did instead."""
        if self._process is None:
            return None
        how = self._process.stop(self._timeout)
        # Only now: an interrupt while waiting must still find the process, and kill it.
        self._process = None
        return how

    def peak_memory(self) -> int | None:
        """The largest resident set in bytes that the testee was seen to have; None if it is not known.

        The system's own mark may be set back in between; this is then to be asked before.
        """
        peaks = (self._peak, self._process.peak_memory() if self._process is not None else None)
        self._peak = max((peak for peak in peaks if peak is not None), default=None)
        return self._peak

    def take_stderr(self) -> str:
        """What the running testee wrote to stderr since the last call."""
        return self._process.take_stderr() if self._process is not None else ""

    def _start(self) -> None:
        again = "" if self.starts == 0 else " again"
        self._process = PipedProcess(self._command, self._folder)
        self.starts += 1
        self._seq = 0
        try:
            reply = self._exchange("start", {"protocol": PROTOCOL})
        except FaultError as fault:
            stderr = fault.stderr.strip().splitlines()
            said = f" (stderr: {stderr[-1]})" if stderr else ""
            raise UnusableTesteeError(f"the testee did not start{again}: {fault.text}{said}") from fault
        if "skipped" in reply:
            raise UnusableTesteeError(f"the testee did not start{again}: it skipped: {reply['skipped']}")
        if self._claims is None:
            self._claims = _claims_of(reply)

    def _exchange(self, op: str, fields: JsonMapping, right: JsonMapping | None = None) -> JsonObject:
        process = self._process
        if process is None:
            raise AssertionError("no testee is running")
        seq, self._seq = self._seq, self._seq + 1
        message = {"seq": seq, "op": op, **fields}
        process.send(json.dumps(message, separators=(",", ":")).encode() + b"\n")
        try:
            reply = _parse(process.receive(self._timeout))
        except GoneError as error:
            raise self._out_of_step("crash", str(error)) from error
        except HungError as error:
            raise self._out_of_step("hang", str(error)) from error
        except GarbageError as error:
            raise self._out_of_step("garbage", f"garbage on stdout: {error}") from error
        got = reply.get("seq")
        if got != seq or isinstance(got, bool):
            raise self._out_of_step("wrong_seq", f"the reply has seq {got!r}, the request had {seq}")
        if right is not None and _same(reply, {"seq": seq, **right}):
            return reply
        problem = reply_problem(op, reply)
        if problem is not None:
            raise FaultError("garbage", f"malformed reply: {problem}", self.take_stderr())
        if "errored" in reply:
            raise FaultError("errored", f"the testee errored: {reply['errored']}", self.take_stderr())
        return reply

    def _out_of_step(self, kind: FaultKind, text: str) -> FaultError:
        process = self._process
        self._kill()
        return FaultError(kind, text, process.take_stderr() if process is not None else "")

    def _kill(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()


def _same(one: JSON, other: JSON) -> bool:
    """Whether two messages are equal in value and type: to Python, True is 1 and 1.0 is 1."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return one == other


def _parse(line: bytes) -> dict[str, Any]:
    shown = repr(line[:80].decode("utf-8", "backslashreplace")) + ("..." if len(line) > 80 else "")
    try:
        reply = json.loads(line.decode("utf-8"), parse_constant=_refuse_constant)
        if b"\\u" in line:
            # An escaped lone surrogate is no text: it could not be written to any report.
            json.dumps(reply, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise GarbageError(f"{shown} is not JSON") from error
    if not isinstance(reply, dict):
        raise GarbageError(f"{shown} is not a JSON object")
    return reply


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _claims_of(reply: dict[str, Any]) -> Claims:
    return Claims(
        implementation=reply["implementation"],
        algorithms=tuple(reply["algorithms"]),
        ops=tuple(reply["ops"]),
        features=tuple(reply["features"]),
    )
