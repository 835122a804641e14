"""Validators, policies and errors, between the protocol's JSON and the library's objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import flatstream
from flatstream.policy import DEFAULT_BASELINE

if TYPE_CHECKING:
    from collections.abc import Callable

    from flatstream.validation import Validator

Message = dict[str, Any]


def validator(spec: Any) -> Validator:
    """The validator that a request describes."""
    if spec == "none":
        return flatstream.NoValidator()
    if spec == "table_root":
        return flatstream.TableRootValidator()
    ((kind, value),) = spec.items()
    if kind == "size":
        return flatstream.SizeValidator(*value)
    if kind == "table_root":
        return flatstream.TableRootValidator(value["max_depth"], value["max_tables"])
    if kind == "composite":
        return flatstream.CompositeValidator(*map(validator, value))
    identifier = value["file_identifier"].encode("ascii")
    return flatstream.TypedValidator(value["name"], lambda payload: bytes(payload[4:8]) == identifier)


def policy(
    spec: Any, baseline: int = DEFAULT_BASELINE, clock: Callable[[], float] = lambda: 0.0
) -> flatstream.MemoryPolicy:
    """The memory policy that a request describes."""
    if spec == "none":
        none = flatstream.NoOpPolicy()
        none.baseline = baseline
        return none
    ((kind, value),) = spec.items()
    if kind == "threshold":
        return flatstream.SizeThresholdPolicy(**value, baseline=baseline)
    cooldown_ms = value["cooldown_ms"]
    return flatstream.AdaptiveWatermarkPolicy(
        value["shrink_ratio"],
        value["messages_to_wait"],
        None if cooldown_ms is None else cooldown_ms / 1000,
        baseline=baseline,
        clock=clock,
    )


def error(raised: flatstream.FlatStreamError, request: Message) -> Message:
    """An error as the protocol spells it."""
    place = {"offset": raised.offset} if request.get("report_offsets") else {}
    return {"kind": raised.kind, **raised.facts(), **place}
