"""The optional operation `bench`: what a testee says of its own speed, asked only once its answers are right.

The testee measures its own loop, so neither the pipe nor the runner is in the figure. It is no benchmark: one
loop of each kind, on a machine that may be busy, by the testee's own clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flatstream_conformance.errors import UnusableTesteeError
from flatstream_conformance.schemas import ALGORITHMS
from flatstream_conformance.session import FaultError

if TYPE_CHECKING:
    from flatstream_conformance.json_types import JsonObject
    from flatstream_conformance.session import Session

MODES = ("frame", "deframe")
# Bytes of the payload, and how many: some milliseconds of a compiled testee.
LOADS = ((32, 10_000), (4096, 1_000))


@dataclass(frozen=True, slots=True)
class Speed:
    """One loop over `count` payloads of `payload_len` bytes; `ns` is the time for the whole loop."""

    mode: str
    algorithm: str
    payload_len: int
    count: int
    ns: int

    @property
    def ns_per_message(self) -> float:
        """Nanoseconds for one message."""
        return self.ns / self.count


def measure(session: Session) -> tuple[Speed, ...]:
    """Ask for each loop that the testee claims; a loop that it skips or fails is left out, and is no verdict."""
    if "bench" not in session.claims.ops:
        return ()
    found: list[Speed] = []
    for algorithm in ALGORITHMS:
        for mode in MODES if algorithm in session.claims.algorithms else ():
            for payload_len, count in LOADS:
                load: JsonObject = {"mode": mode, "algorithm": algorithm, "payload_len": payload_len, "count": count}
                try:
                    reply = session.ask("bench", load)
                except FaultError:
                    continue
                except UnusableTesteeError:
                    return tuple(found)
                ns = reply.get("ns")
                if isinstance(ns, int):
                    found.append(Speed(mode, algorithm, payload_len, count, ns))
    return tuple(found)
