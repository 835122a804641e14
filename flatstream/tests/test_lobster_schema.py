"""The generated classes and the schemas agree: every field is where, and what, the .fbs file says."""

from __future__ import annotations

import re
import struct
from importlib.resources import files
from typing import Any, Final

import flatbuffers
import pytest

from flatstream import lobster
from flatstream.lobster.generated import LobsterMessage as Message
from flatstream.lobster.generated import LobsterOrderbook as Orderbook
from flatstream.lobster.generated.Level import CreateLevel

SCHEMAS: Final = files("flatstream.lobster.generated")
FORMATS: Final = {"double": "<d", "ubyte": "<B", "byte": "<b", "uint": "<I", "ulong": "<Q", "long": "<q"}
EXTREMES: Final = {
    "double": (-1.5, 1e300),
    "ubyte": (1, 255),
    "byte": (-128, 127),
    "uint": (1, 2**32 - 1),
    "ulong": (1, 2**64 - 1),
    "long": (-(2**63), 2**63 - 1),
}


def declared(schema: str, kind: str, name: str) -> dict[str, str]:
    """Field names and types, in order, as the schema declares them."""
    text = (SCHEMAS / schema).read_text(encoding="utf-8")
    block = re.search(rf"{kind} {name} {{(.*?)}}", text, re.DOTALL)
    assert block is not None
    return dict(re.findall(r"^\s*(\w+):\s*(\[?\w+\]?);", block[1], re.MULTILINE))


def camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def slot(payload: bytes, index: int) -> int:
    """Position of a field, found by the rules of FlatBuffers alone; 0 if it is absent."""
    (table,) = struct.unpack_from("<I", payload, 0)
    vtable = table - struct.unpack_from("<i", payload, table)[0]
    (size,) = struct.unpack_from("<H", payload, vtable)
    entry = 4 + 2 * index
    offset: int = struct.unpack_from("<H", payload, vtable + entry)[0] if entry < size else 0
    return table + offset if offset else 0


MESSAGE: Final = declared("lobster_message.fbs", "table", "LobsterMessage")
ORDERBOOK: Final = declared("lobster_orderbook.fbs", "table", "LobsterOrderbook")
LEVEL: Final = declared("lobster_orderbook.fbs", "struct", "Level")


def test_schemas_declare_the_columns_of_the_format() -> None:
    assert MESSAGE == {
        "time": "double",
        "type": "ubyte",
        "order_id": "ulong",
        "size": "uint",
        "price": "long",
        "direction": "byte",
    }
    assert ORDERBOOK == {"time": "double", "asks": "[Level]", "bids": "[Level]"}
    assert LEVEL == {"price": "long", "size": "ulong"}


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("index", range(len(MESSAGE)))
def test_message_field_is_where_and_what_the_schema_says(index: int, which: int) -> None:
    name, kind = list(MESSAGE.items())[index]
    value = EXTREMES[kind][which]
    builder = flatbuffers.Builder()
    Message.Start(builder)
    getattr(Message, f"Add{camel(name)}")(builder, value)
    builder.Finish(Message.End(builder))
    payload = bytes(builder.Output())

    assert struct.unpack_from(FORMATS[kind], payload, slot(payload, index)) == (value,)
    assert [slot(payload, other) for other in range(len(MESSAGE)) if other != index] == [0] * (len(MESSAGE) - 1)
    assert getattr(Message.LobsterMessage.GetRootAs(payload), camel(name))() == value


def test_message_fields_are_zero_where_they_are_absent() -> None:
    builder = flatbuffers.Builder()
    Message.Start(builder)
    builder.Finish(Message.End(builder))
    message = Message.LobsterMessage.GetRootAs(bytes(builder.Output()))
    assert [getattr(message, camel(name))() for name in MESSAGE] == [0] * len(MESSAGE)


@pytest.mark.parametrize("name", ["asks", "bids"])
def test_levels_are_structs_of_the_declared_layout(name: str) -> None:
    levels = [(-(2**63), 2**64 - 1), (2**63 - 1, 0), (5, 6)]
    builder = flatbuffers.Builder()
    getattr(Orderbook, f"Start{camel(name)}Vector")(builder, len(levels))
    for price, size in reversed(levels):
        CreateLevel(builder, price, size)
    vector = builder.EndVector()
    Orderbook.Start(builder)
    Orderbook.AddTime(builder, 1.25)
    getattr(Orderbook, f"Add{camel(name)}")(builder, vector)
    builder.Finish(Orderbook.End(builder))
    payload = bytes(builder.Output())

    field = slot(payload, list(ORDERBOOK).index(name))
    start = field + struct.unpack_from("<I", payload, field)[0]
    layout = struct.Struct("<" + "".join(FORMATS[kind][1:] for kind in LEVEL.values()))
    assert struct.unpack_from("<I", payload, start) == (len(levels),)
    assert [layout.unpack_from(payload, start + 4 + layout.size * k) for k in range(len(levels))] == levels
    assert struct.unpack_from("<d", payload, slot(payload, 0)) == (1.25,)

    book: Any = Orderbook.LobsterOrderbook.GetRootAs(payload)
    read = [getattr(book, camel(name))(k) for k in range(getattr(book, f"{camel(name)}Length")())]
    assert [(level.Price(), level.Size()) for level in read] == levels


def test_the_generated_classes_read_what_the_records_encode() -> None:
    values = {"time": 1.5, "type": 4, "order_id": 2**64 - 1, "size": 3, "price": -(2**63), "direction": -1}
    payload = lobster.MESSAGE.encode(**values)
    message = Message.LobsterMessage.GetRootAs(payload)
    assert list(values) == list(MESSAGE)
    assert {name: getattr(message, camel(name))() for name in MESSAGE} == values
    book = Orderbook.LobsterOrderbook.GetRootAs(
        lobster.ORDERBOOK.encode(time=2.5, asks=[(7, 1), (8, 2)], bids=[(6, 2**64 - 1), (-5, 4)])
    )
    assert [book.Time(), book.Asks(1).Price(), book.Asks(1).Size(), book.Bids(0).Size(), book.Bids(1).Price()] == [
        2.5,
        8,
        2,
        2**64 - 1,
        -5,
    ]
    assert [field.name for field in lobster.ORDERBOOK.table.fields] == list(ORDERBOOK)


def test_the_records_read_what_the_generated_classes_build() -> None:
    builder = flatbuffers.Builder()
    Message.Start(builder)
    for name, value in {"Time": 1.5, "Type": 4, "OrderId": 9, "Size": 3, "Price": -7, "Direction": -1}.items():
        getattr(Message, f"Add{name}")(builder, value)
    builder.Finish(Message.End(builder))
    assert lobster.MESSAGE.decode(builder.Output()) == {
        "time": 1.5,
        "type": 4,
        "order_id": 9,
        "size": 3,
        "price": -7,
        "direction": -1,
    }
