"""Inputs to begin with: the golden vectors, schemas, tables and sidecars; and what the fuzzer found once."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import flatstream
from flatstream import Schema
from flatstream.records.reflection import SCHEMA
from flatstream.tests.fuzz.commands import COMMANDS
from flatstream.tests.fuzz.messages import RECORDS
from flatstream.tests.fuzz.streams import ALGORITHMS, HEAD
from flatstream.tests.zoo import KEEPER, MONSTER, SCHEMAS, TELEMETRY, THING

if TYPE_CHECKING:
    from collections.abc import Iterator

VECTORS: Final = Path(__file__).parents[3] / "vectors" / "v1"
FOUND: Final = Path(__file__).parent / "found"
"""Inputs that once failed, in a folder for each target; a name says what was wrong."""
LARGEST: Final = 2048
"""Bytes of the longest stream that is taken: short inputs are run, and combined, more often."""


def wires() -> Iterator[tuple[str, bytes]]:
    """Algorithm and stream of each golden vector that has one, each once."""
    seen: set[tuple[str, bytes]] = set()
    for path in sorted(VECTORS.glob("*.json")):
        for vector in json.loads(path.read_text(encoding="utf-8"))["vectors"]:
            request = vector["request"]
            algorithm, wire = request.get("algorithm"), request.get("wire")
            if algorithm not in ALGORITHMS or not isinstance(wire, str) or len(wire) > 2 * LARGEST:
                continue
            each = algorithm, bytes.fromhex(wire)
            if each not in seen:
                seen.add(each)
                yield each


def streams() -> Iterator[bytes]:
    """Of each vector, read in one of the ways, some with checksums put right."""
    for number, (algorithm, wire) in enumerate(wires()):
        choice = ALGORITHMS.index(algorithm) | (number % 4 << 2 if number % 3 == 0 else 0) | number % 8 << 4
        yield bytes([choice | (128 if number % 5 == 0 else 0)]).ljust(HEAD, b"\0") + wire


def native_streams() -> Iterator[bytes]:
    """The same, and some with more frames than the engine walks at a time, of which one is bad."""
    yield from streams()
    for index, algorithm in enumerate(ALGORITHMS):
        for way, sizes in ((0, 1), (1, 3), (7, 3)):
            wire = bytes(flatstream.frame_many([b"ab"[: number % sizes] for number in range(600)], algorithm))
            place = len(wire) * 7 // 8 * (way > 0)
            yield bytes([index | way << 4 | 128]) + place.to_bytes(2, "little") + bytes([way]) + wire


_LEAF: Final = Schema.load(SCHEMAS / "keeper.bfbs").record("zoo.inner.Leaf")
MESSAGES: Final = (
    TELEMETRY.encode(device_id=1, timestamp=2, value=3.0),
    MONSTER.encode(
        name="Ö\n",
        color="Red",
        mood=5,
        equipped_type="Armor",
        equipped={"weight": 1.5},
        numbers=[float("inf"), 1.5],
        inventory=b"ab",
        mixed={"flag": True, "where": (1, 2, 3), "count": 1, "tests": [(1, 2)] * 2, "color": 2, "raw": [1, 2, 3]},
        weapons=[{"name": "axe", "parts": [{"name": "helve"}]}],
        path=[(1, 2, 3), (4, 5, 6)],
        tags=["a", "b"],
        words=[1, 2],
        pet={"name": "pet", "perhaps": 1, "maybe": False},
    ),
    THING.encode(id=1, what_type="Label", what="a", wide=(1, 2), wides=[(3, 4)], things=[{"id": 2}]),
    THING.encode(what_type="Wide", what=(5, 6), things=[{"what_type": "Leaf", "what": {"value": 7}}]),
    KEEPER.encode(leaf=_LEAF.encode(value=1, name="leaf"), plain=b"abc"),
)
_INNER: Final = _LEAF.encode(name="ab")
SMALL: Final = (
    TELEMETRY.encode(),
    TELEMETRY.encode(value=2.0),
    MONSTER.encode(name="a"),
    MONSTER.encode(name="a", hp=5),
    THING.encode(),
    KEEPER.encode(leaf=_LEAF.encode(name="")),
    _LEAF.encode(name="a"),
    _LEAF.encode(value=1, name="a", wide=2.0),
    KEEPER.encode(leaf=_INNER, self=KEEPER.encode(leaf=_INNER, self=KEEPER.encode(leaf=_INNER), plain=b"a"), last=1),
)
"""Messages that have little, or nothing, in them, or buffers in buffers."""

NATIVE_MESSAGES: Final = Path(flatstream.__file__).parent / "native" / "fuzz" / "seeds" / "messages.hex"
"""Both, for the tests of the native targets, which know no Python: `messages_text` writes it."""


def payloads() -> Iterator[bytes]:
    """Messages, schemas, and what the vectors frame, each as a payload of each record."""
    found = {*MESSAGES, *schemas()}
    for _, wire in wires():
        found |= {bytes(payload) for payload in flatstream.scan(wire)} if len(wire) < 200 else set()
    for number, payload in enumerate(sorted(found)):
        for which in range(len(RECORDS)):
            if number % 7 == which or len(payload) > 30:
                yield bytes([which | (128 if (number + which) % 3 == 0 else 0)]) + payload
    for which, record in enumerate(RECORDS[:2]):
        for payload in MESSAGES:
            yield bytes([which | 64]) + 2 * payload
        for message in ({"name": "a"}, {"name": "a", "hp": 5}) if record is MONSTER else ({}, {"value": 2.0}):
            yield bytes([which | 64]) + 2 * record.encode(**message)


def messages_text() -> str:
    """What `NATIVE_MESSAGES` holds: a line for each."""
    lines = [message.hex() for message in (*MESSAGES, *SMALL)]
    return "\n".join(["# Made by `python -m flatstream.tests.fuzz --render` of what stands in corpus.py.", *lines, ""])


def native_payloads() -> Iterator[bytes]:
    """The payloads, with the head of the native target, each alone; and messages in all ways that it has."""
    for each in payloads():
        yield bytes([each[0] & 63, 0, 0, 0]) + each[1:]
    for which in range(len(RECORDS)):
        for number, message in enumerate((*MESSAGES, *SMALL)):
            yield bytes([which | 64, number, 0, 0]) + 2 * message
            yield bytes([which | 128, number, 0, 1 << which]) + message
            yield bytes([which | 128, number, 0, 0]) + message
            yield bytes([which | 192, number, 0, 4]) + 4 * message


def schemas() -> Iterator[bytes]:
    """The binary schemas of the tests."""
    for path in sorted(SCHEMAS.glob("*.bfbs")):
        yield path.read_bytes()


def schema_files() -> Iterator[bytes]:
    """The same, the smallest schema there is, and some that are none."""
    yield from schemas()
    yield SCHEMA.encode(objects=[{"name": "A", "fields": [], "minalign": 1, "bytesize": 0}], enums=[])
    yield from (b"", b"no schema", TELEMETRY.encode(device_id=1))


TABLES: Final = (
    b"device_id,timestamp,value\n1,2,0.5\n18446744073709551615,0,-1e300\n",
    b"\xef\xbb\xbfvalue,device_id\r\n,7\r\nnan,8\r\n",
    b'name,color,mood\n"a ""quoted"" name",1,2\n"two\nlines",Red,\n',
    b"device_id\nx\n",
    b"no,such,columns\n1,2,3\n",
    b'device_id\n"1\n',
    b"",
)


def sidecars() -> Iterator[bytes]:
    """Sidecars of the journal beside which they will lie, and of another."""
    with tempfile.TemporaryDirectory() as folder:
        journal, place = Path(folder, "a"), Path(folder, "a.fsindex")
        for payloads in ([b"abc", b"", b"defg" * 20], [b"another"]):
            for algorithm in ALGORITHMS:
                journal.write_bytes(flatstream.frame_many(payloads, algorithm))
                flatstream.build_index(journal, algorithm, step=1).save(place)
                yield place.read_bytes()


def files() -> Iterator[bytes]:
    """Of each command: the files that it is for."""
    names = [command.__name__ for command in COMMANDS]
    streamed = names[: names.index("_sidecar")]
    for number, (algorithm, wire) in enumerate(wires()):
        if number % 6 == 0:
            choice = ALGORITHMS.index(algorithm) | number // 6 % 16 << 3
            yield bytes([number // 6 % len(streamed), choice]) + wire
    for choice, algorithm in enumerate(ALGORITHMS):
        for number, message in enumerate(MESSAGES[:2]):
            wire = bytes(flatstream.frame_many([message] * 2, algorithm))
            for form in range(4):
                yield bytes([names.index("_messages"), choice | number << 3 | form << 4]) + wire
    for number, content in enumerate(sidecars()):
        yield bytes([names.index("_sidecar"), number % 4]) + content
    for content in TABLES:
        for choice in (0, 8):
            yield bytes([names.index("_ingest"), choice]) + content
    for content in schema_files():
        yield bytes([names.index("_schema"), 0]) + content


def found(target: str) -> Iterator[bytes]:
    """What failed once."""
    for path in sorted((FOUND / target).glob("*")):
        yield path.read_bytes()
