"""The built-in testee: the reference implementation, driven as any other, across a process boundary.

python -m flatstream_conformance.testee [--engine auto|native|python]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import TYPE_CHECKING, Any

import flatstream
from flatstream.checksum import BUILT_IN
from flatstream_conformance.reference import algorithms, deframing, framing, policies, recovering, timing

if TYPE_CHECKING:
    from collections.abc import Callable

Message = dict[str, Any]

FEATURES = [
    *("appends", "callbacks", "chunked", "composite_validators", "custom", "durability", "empty_tail", "exact_reads"),
    *("faults", "huge", "observers", "offsets", "policies", "positions", "resume", "serializers", "short_writes"),
    *("single_fault", "sink_faults", "typed_validator", "validators"),
]


def start(_request: Message) -> Message:
    """The operation `start`."""
    return {
        "protocol": 1,
        "implementation": {
            "name": "flatstream",
            "version": flatstream.__version__,
            "language": f"Python {sys.version_info.major}.{sys.version_info.minor}, {flatstream.engine.name} engine",
        },
        "algorithms": list(BUILT_IN),
        "ops": list(OPERATIONS),
        "features": FEATURES,
    }


OPERATIONS: dict[str, Callable[[Message], Message]] = {
    "start": start,
    "checksum": algorithms.checksum,
    "frame": framing.frame,
    "deframe": deframing.deframe,
    "recover": recovering.recover,
    "truncate": recovering.truncate,
    "policy": policies.policy,
    "declare": algorithms.declare,
    "bench": timing.bench,
}


def answer(request: Message) -> Message:
    """The reply to one request; whatever the library was not supposed to raise is `errored`."""
    operation = OPERATIONS.get(request["op"])
    if operation is None:
        return {"seq": request["seq"], "skipped": f"no operation {request['op']!r}"}
    try:
        return {"seq": request["seq"], **operation(request)}
    except Exception as error:  # noqa: BLE001  (the runner shows it; the next case goes on)
        return {"seq": request["seq"], "errored": f"{type(error).__name__}: {error}"}


def main() -> None:
    """Answer each line of standard input with one of standard output."""
    parser = argparse.ArgumentParser(prog="python -m flatstream_conformance.testee", description=main.__doc__)
    parser.add_argument("--engine", choices=("auto", "native", "python"), help="the engine of the library under test")
    if (engine := parser.parse_args().engine) is not None:
        os.environ[flatstream.engine.VARIABLE] = engine  # which is looked at when the library is first used
    for line in sys.stdin.buffer:
        sys.stdout.buffer.write(json.dumps(answer(json.loads(line))).encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
