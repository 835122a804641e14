"""Who is ahead: in each contest, the fastest way of FlatStream beside the fastest of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from benchmarks.intervals import estimate, is_tie, ratios
from benchmarks.records import measured
from benchmarks.tables.rows import is_own

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.records import GroupRecord, Record, Row

__all__ = ["Duel", "duels"]


class Duel(NamedTuple):
    """The fastest way of FlatStream and the fastest peer in one group.

    ``times`` is how many times as long the slower one takes, from the ratios of the same rounds, with its interval.
    """

    scenario: str
    title: str
    tier: str
    work: str
    own: str
    peer: str
    ahead: Literal["own", "peer", "tie"]
    times: float
    low: float
    high: float


def duels(records: Mapping[str, Record]) -> list[Duel]:
    """A duel for each group in which FlatStream and others both take part.

    Groups that are there for a promise hold a single way of FlatStream each, not its fastest, and are left out.
    """
    groups = ((record, group) for record in records.values() for group in record["groups"] if not group["bars"])
    found = (_duel(record, group) for record, group in groups)
    return [duel for duel in found if duel is not None]


def _duel(record: Record, group: GroupRecord) -> Duel | None:
    rows = measured(group)
    own = min(filter(is_own, rows), key=_time, default=None)
    peer = min((row for row in rows if not is_own(row)), key=_time, default=None)
    if own is None or peer is None:
        return None
    of_own, of_peer = (ratios(row["samples"], row["beside"]) for row in (own, peer))
    slower, faster = (of_own, of_peer) if _time(own) > _time(peer) else (of_peer, of_own)
    found = estimate(ratios(slower, faster))
    ahead: Literal["own", "peer", "tie"] = "own" if faster is of_own else "peer"
    return Duel(
        record["scenario"],
        record["title"],
        group["tier"],
        group["title"],
        own["label"],
        peer["label"],
        "tie" if is_tie(found, group["floor"]) else ahead,
        found.median,
        found.low,
        found.high,
    )


def _time(row: Row) -> float:
    return row["ns"]
