"""The operation `policy`."""

from __future__ import annotations

from typing import Any

from flatstream.policy import Installed, ReclamationReason
from flatstream_conformance.reference.arguments import policy as policy_of

Message = dict[str, Any]

WORDS = {
    ReclamationReason.MESSAGE_COUNT: "count",
    ReclamationReason.SIZE_THRESHOLD: "count",
    ReclamationReason.TIME_COOLDOWN: "cooldown",
}


def policy(request: Message) -> Message:
    """The operation `policy`."""
    now = 0.0

    def clock() -> float:
        return now

    installed = Installed(policy_of(request["policy"], request["baseline"], clock))
    decisions: list[str | None] = []
    for capacity, size, milliseconds in request["events"]:
        now = milliseconds / 1000
        info = installed.ask(size, capacity)
        decisions.append(None if info is None else WORDS[info.reason])
    return {"decisions": decisions}
