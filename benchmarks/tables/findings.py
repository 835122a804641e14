"""Who is ahead: in each contest, the fastest way of FlatStream beside the fastest of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from benchmarks.records import measured
from benchmarks.tables.rows import called, is_own

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.records import GroupRecord, Record, Row

__all__ = ["Duel", "Tally", "Times", "beside", "duels", "tallies"]


class Times(NamedTuple):
    """How many times as long one row takes as another, with the interval; and whether that is no difference."""

    times: float
    low: float
    high: float
    tie: bool


def beside(row: Row, other: Row, group: GroupRecord) -> Times:
    """The time of a row over that of another of the same group.

    Where neither is the group's reference this is a ratio of two ratios, and its interval as wide as both of theirs
    make it.
    """
    one, two = _ratio(row, group), _ratio(other, group)
    times, low, high = one[0] / two[0], one[1] / two[2], one[2] / two[1]
    return Times(times, low, high, low <= 1 <= high or 1 / group["floor"] <= times <= group["floor"])


class Duel(NamedTuple):
    """The fastest way of FlatStream and the fastest peer in one group.

    ``times`` is how many times as long the slower one takes.
    """

    scenario: str
    title: str
    group: str
    tier: str
    work: str
    own: str
    peer: str
    note: str
    """What the peer does differently."""
    ahead: Literal["own", "peer", "tie"]
    times: float
    low: float
    high: float


def duels(records: Mapping[str, Record]) -> list[Duel]:
    """A duel for each group in which FlatStream and others both take part.

    Groups that are there for a promise hold a single way of FlatStream each, not its fastest, and are left out. What
    the machine takes at least is no peer.
    """
    groups = ((record, group) for record in records.values() for group in record["groups"] if not group["bars"])
    found = (_duel(record, group) for record, group in groups)
    return [duel for duel in found if duel is not None]


def _duel(record: Record, group: GroupRecord) -> Duel | None:
    rows = [row for row in measured(group) if not row.get("limit")]
    own = min(filter(is_own, rows), key=_time, default=None)
    peer = min((row for row in rows if not is_own(row)), key=_time, default=None)
    if own is None or peer is None:
        return None
    slow, fast = (own, peer) if _time(own) > _time(peer) else (peer, own)
    times, low, high, tie = beside(slow, fast, group)
    ahead: Literal["own", "peer", "tie"] = "own" if fast is own else "peer"
    return Duel(
        record["scenario"],
        record["title"],
        called(group),
        group["tier"],
        group["title"],
        own["label"],
        peer["label"],
        peer["note"],
        "tie" if tie else ahead,
        times,
        low,
        high,
    )


def _ratio(row: Row, group: GroupRecord) -> tuple[float, float, float]:
    """The ratio to the reference with its interval; of the reference itself it is 1."""
    if _is_reference(row, group):
        return 1.0, 1.0, 1.0
    return row["ratio"], row["ratio_low"], row["ratio_high"]


def _is_reference(row: Row, group: GroupRecord) -> bool:
    return row["name"] == group["reference"]


def _time(row: Row) -> float:
    return row["ns"]


class Tally(NamedTuple):
    """The contests of one scenario: how many FlatStream loses, draws and wins, and the one that it loses by most."""

    scenario: str
    title: str
    behind: int
    ties: int
    ahead: int
    worst: Duel | None


def tallies(records: Mapping[str, Record]) -> list[Tally]:
    """A line for each scenario that has contests."""
    found: dict[str, list[Duel]] = {}
    for duel in duels(records):
        found.setdefault(duel.scenario, []).append(duel)
    return [
        Tally(
            scenario,
            fought[0].title,
            sum(duel.ahead == "peer" for duel in fought),
            sum(duel.ahead == "tie" for duel in fought),
            sum(duel.ahead == "own" for duel in fought),
            max((duel for duel in fought if duel.ahead == "peer"), key=lambda duel: duel.times, default=None),
        )
        for scenario, fought in found.items()
    ]
