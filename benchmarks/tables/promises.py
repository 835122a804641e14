"""The project's promises: what was promised, what was measured, and which of them are missed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from benchmarks.tables.numbers import interval, multiple, promised

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.records import Record

__all__ = ["Promise", "promises"]

OF_SPEED: Final = frozenset({"engine", "records"})
"""Scenarios that promise to be so many times as fast; the others promise to take at most so many times as long."""


class Promise(NamedTuple):
    """One promise, ready to be read."""

    scenario: str
    group: str
    what: str
    beside: str
    bound: str
    measured: str
    interval: str
    met: bool


def promises(records: Mapping[str, Record]) -> list[Promise]:
    """All promises of all scenarios, in the order of the records."""
    return [
        Promise(
            record["scenario"],
            group["name"],
            bar["label"],
            bar["reference"],
            *(
                (
                    f"{promised(1 / bar['bound'])} as fast",
                    multiple(1 / bar["ratio"]),
                    interval(1 / bar["ratio_high"], 1 / bar["ratio_low"]),
                )
                if record["scenario"] in OF_SPEED
                else (
                    f"{bar['bound']:g}\N{MULTIPLICATION SIGN} the time",
                    multiple(bar["ratio"]),
                    interval(bar["ratio_low"], bar["ratio_high"]),
                )
            ),
            bar["verdict"] == "met",
        )
        for record in records.values()
        for group in record["groups"]
        for bar in group["bars"]
    ]
