"""The reference in this process: the functions of the built-in testee, without the pipe."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from flatstream_conformance.errors import ConformanceError
from flatstream_conformance.fuzzing.case import Case, expectation

if TYPE_CHECKING:
    from collections.abc import Callable

    from flatstream_conformance.json_types import JsonObject


class Oracle:
    """Knows the right answer to a case. Making one raises ConformanceError if the library is not installed."""

    def __init__(self) -> None:
        try:
            # Only here: the runner itself does without the library that it judges.
            module = import_module("flatstream_conformance.testee")
        except ModuleNotFoundError as error:
            raise ConformanceError(
                f"the search needs the reference, which cannot be imported: there is no module {error.name}"
            ) from error
        self._answer: Callable[[dict[str, Any]], JsonObject] = module.answer

    def expect(self, case: Case) -> JsonObject:
        """The fields that a right reply to `case` has."""
        reply = self._answer({"seq": 0, "op": case.op, **case.request})
        if "errored" in reply or "skipped" in reply:
            raise ConformanceError(f"the reference has no answer: {reply}; the request: {case.op} {case.request}")
        return expectation(case, reply)

    def frames(self, algorithm: str, payloads: list[bytes]) -> list[bytes]:
        """Each payload as its frame."""
        return [bytes.fromhex(str(self.expect(_frame(algorithm, payload))["wire"])) for payload in payloads]

    def payload_count(self, algorithm: str, wire: bytes, limit: int | None) -> int:
        """How many payloads reading gives before it ends."""
        reply = self.expect(Case("deframe", {"algorithm": algorithm, "wire": wire.hex(), "max_frame_len": limit}))
        payloads = reply["payloads"]
        return len(payloads) if isinstance(payloads, list) else 0


def _frame(algorithm: str, payload: bytes) -> Case:
    return Case("frame", {"algorithm": algorithm, "payloads": [payload.hex()], "max_payload_len": None})
