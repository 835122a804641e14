"""From rows to FlatBuffers, by the classes that ``flatc`` made. The builder is the caller's, and reused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flatstream.lobster.generated import Level, LobsterMessage, LobsterOrderbook

if TYPE_CHECKING:
    from collections.abc import Sequence

    import flatbuffers

    from flatstream.lobster.rows import BookRow, MessageRow

__all__ = ["build_message", "build_orderbook"]


def build_message(builder: flatbuffers.Builder, row: MessageRow) -> None:
    """Finish ``builder``, cleared first, with a ``LobsterMessage``."""
    builder.Clear()
    LobsterMessage.Start(builder)
    LobsterMessage.AddTime(builder, row.time)
    LobsterMessage.AddOrderId(builder, row.order_id)
    LobsterMessage.AddPrice(builder, row.price)
    LobsterMessage.AddSize(builder, row.size)
    LobsterMessage.AddType(builder, row.type)
    LobsterMessage.AddDirection(builder, row.direction)
    builder.Finish(LobsterMessage.End(builder))


def build_orderbook(builder: flatbuffers.Builder, row: BookRow, time: float) -> None:
    """Finish ``builder``, cleared first, with a ``LobsterOrderbook`` of that time in seconds after midnight."""
    builder.Clear()
    LobsterOrderbook.StartAsksVector(builder, len(row.ask_prices))
    asks = _levels(builder, row.ask_prices, row.ask_sizes)
    LobsterOrderbook.StartBidsVector(builder, len(row.bid_prices))
    bids = _levels(builder, row.bid_prices, row.bid_sizes)
    LobsterOrderbook.Start(builder)
    LobsterOrderbook.AddTime(builder, time)
    LobsterOrderbook.AddAsks(builder, asks)
    LobsterOrderbook.AddBids(builder, bids)
    builder.Finish(LobsterOrderbook.End(builder))


def _levels(builder: flatbuffers.Builder, prices: Sequence[int], sizes: Sequence[int]) -> int:
    """The vector that was just started, filled: from its end, since a builder works backwards."""
    for price, size in zip(reversed(prices), reversed(sizes), strict=True):
        Level.CreateLevel(builder, price, size)
    offset: int = builder.EndVector()
    return offset
