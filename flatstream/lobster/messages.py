"""From rows to FlatBuffers: the records of the two files, equal to the schemas in `flatstream.lobster.generated`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flatstream.records import Record, struct

if TYPE_CHECKING:
    from flatstream.lobster.rows import BookRow, MessageRow

__all__ = ["MESSAGE", "ORDERBOOK", "encode_message", "encode_orderbook"]

_NAMESPACE: Final = "flatstream.lobster.generated"

_LEVEL: Final = struct(f"{_NAMESPACE}.Level", price="i64", size="u64")

MESSAGE: Final = Record(
    f"{_NAMESPACE}.LobsterMessage",
    time="f64",
    type="u8",
    order_id="u64",
    size="u32",
    price="i64",
    direction="i8",
)
"""A row of a message file: `Record.columns` and `Record.to_arrow` give all of them as a table."""

ORDERBOOK: Final = Record(f"{_NAMESPACE}.LobsterOrderbook", time="f64", asks=[_LEVEL], bids=[_LEVEL])
"""A row of an order book file."""


def encode_message(row: MessageRow) -> bytes:
    """The payload of a message."""
    return MESSAGE.encode(
        time=row.time,
        type=row.type,
        order_id=row.order_id,
        size=row.size,
        price=row.price,
        direction=row.direction,
    )


def encode_orderbook(row: BookRow, time: float) -> bytes:
    """The payload of a state of the book at that time, in seconds after midnight."""
    asks = list(zip(row.ask_prices, row.ask_sizes, strict=True))
    bids = list(zip(row.bid_prices, row.bid_sizes, strict=True))
    return ORDERBOOK.encode(time=time, asks=asks, bids=bids)
