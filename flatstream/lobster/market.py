"""A small limit order book that random events move, for samples of LOBSTER's form.

Only additions, multiplications and comparisons of ``random.Random.random()`` decide, so that a seed gives the same
events with every Python and on every machine.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from random import Random
from typing import Final, NamedTuple

__all__ = ["BUY", "NO_ASK", "NO_BID", "SELL", "Event", "Market"]

BUY: Final = 1
SELL: Final = -1

TICK: Final = 100
"""One cent, in dollars x 10000."""

NO_ASK: Final = 9_999_999_999
NO_BID: Final = -9_999_999_999

SUBMISSION, CANCELLATION, DELETION, EXECUTION, HIDDEN, HALT = 1, 2, 3, 4, 5, 7

_SHARES: Final = ((SUBMISSION, 0.50), (CANCELLATION, 0.55), (DELETION, 0.86), (EXECUTION, 0.97), (HIDDEN, 1.0))
"""Cumulative shares of the events, near those of LOBSTER's own samples."""


class Event(NamedTuple):
    """A message but for its time: what a row of the message file says."""

    type: int
    order_id: int
    size: int
    price: int
    direction: int


class _Side:
    """One side of the book. A key is a price with the sign that puts the best one first."""

    def __init__(self, direction: int) -> None:
        self.direction = direction
        self.keys: list[int] = []
        self.queues: dict[int, dict[int, int]] = {}
        self.orders = 0

    def add(self, key: int, order_id: int, size: int) -> None:
        if key not in self.queues:
            insort(self.keys, key)
            self.queues[key] = {}
        self.queues[key][order_id] = size
        self.orders += 1

    def take(self, key: int, order_id: int, size: int) -> None:
        """Take shares from an order, and what is empty then from the book."""
        queue = self.queues[key]
        queue[order_id] -= size
        if not queue[order_id]:
            del queue[order_id]
            self.orders -= 1
        if not queue:
            del self.queues[key]
            del self.keys[bisect_left(self.keys, key)]

    def price(self, key: int) -> int:
        """The price that a key stands for; and the key of a price."""
        return -self.direction * key

    def top(self, levels: int) -> list[tuple[int, int]]:
        """Price and size of the best levels, filled up with LOBSTER's stand-ins for empty ones."""
        best = [(self.price(key), sum(self.queues[key].values())) for key in self.keys[:levels]]
        nobody = NO_BID if self.direction == BUY else NO_ASK
        return best + [(nobody, 0)] * (levels - len(best))


class Market:
    """The book of one ticker, moved event by event; ``levels`` of it can be seen."""

    def __init__(self, seed: int, levels: int) -> None:
        self._random = Random(seed).random  # noqa: S311  (seeded on purpose)
        self._levels = levels
        self._floor = max(2, levels)
        self._ceiling = 6 * (levels + 4)
        self._next_id = 10_000_000 + self._below(1_000_000)
        self._asks, self._bids = _Side(SELL), _Side(BUY)
        middle = (500 + self._below(4_500)) * 10 * TICK
        for side in (self._asks, self._bids):
            for step in range(1, levels + 5):
                side.add(side.price(middle) + step * TICK, self._new_id(), self._lot())

    def event(self) -> Event:
        """The next event that an observer of the visible levels can see."""
        while True:
            side = self._asks if self._random() < 0.5 else self._bids
            draw = self._random()
            kind = next(kind for kind, share in _SHARES if draw < share)
            if kind == HIDDEN:
                return self._hidden(side)
            if kind == SUBMISSION and side.orders > self._ceiling:
                kind = DELETION  # or orders would pile up, and the best price would never move
            if kind == SUBMISSION or len(side.keys) < self._floor:
                event = self._submission(side)
                if event is not None:
                    return event
            else:
                return self._change(side, kind)

    def book(self) -> list[int]:
        """The visible levels: ask price, ask size, bid price, bid size, best level first."""
        sides = zip(self._asks.top(self._levels), self._bids.top(self._levels), strict=True)
        return [number for ask, bid in sides for number in (*ask, *bid)]

    def _submission(self, side: _Side) -> Event | None:
        """A new order at or behind the best price, or inside the spread; ``None`` if it cannot be seen."""
        other = self._bids if side is self._asks else self._asks
        nearest = side.price(other.price(other.keys[0])) + TICK
        spread = (side.keys[0] - nearest) // TICK
        ahead = int(self._random() * self._random() * (spread + 1))
        behind = int(self._random() * self._random() * (self._levels + 8))
        key = side.keys[0] + (behind - ahead) * TICK
        order_id, size = self._new_id(), self._lot()
        side.add(key, order_id, size)
        if bisect_left(side.keys, key) >= self._levels:
            return None
        return Event(SUBMISSION, order_id, size, side.price(key), side.direction)

    def _change(self, side: _Side, kind: int) -> Event:
        """Shares leave a visible order: the oldest at the best price is executed, others are taken back."""
        if kind == EXECUTION:
            key = side.keys[0]
            order_id = next(iter(side.queues[key]))
        else:
            visible = min(self._levels, len(side.keys))
            key = side.keys[int(self._random() * self._random() * visible)]
            order_id = next(reversed(side.queues[key]))
        size = whole = side.queues[key][order_id]
        if kind == CANCELLATION and whole == 1:
            kind = DELETION
        if kind == CANCELLATION:
            size = 1 + self._below(whole - 1)
        elif kind == EXECUTION and self._random() < 0.4:
            size = 1 + self._below(whole)
        side.take(key, order_id, size)
        return Event(kind, order_id, size, side.price(key), side.direction)

    def _hidden(self, side: _Side) -> Event:
        """An execution against an order that never stood in the visible book: it leaves the book as it is."""
        best_ask, best_bid = (each.price(each.keys[0]) for each in (self._asks, self._bids))
        return Event(HIDDEN, 0, self._lot(), (best_ask + best_bid) // 2, side.direction)

    def _new_id(self) -> int:
        self._next_id += 1 + self._below(20)
        return self._next_id

    def _lot(self) -> int:
        """Shares of an order: mostly round hundreds, sometimes odd."""
        if self._random() < 0.7:
            return 100 * (1 + self._below(3))
        return 1 + self._below(500)

    def _below(self, bound: int) -> int:
        return int(self._random() * bound)
