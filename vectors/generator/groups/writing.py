"""Writing frames: the layout, the bounds, serializers, durability."""

from __future__ import annotations

from vectors.generator.answers import error_event, invalid_frame, wrote
from vectors.generator.layout import DEFAULT_MAX_FRAME_LEN, LARGEST_PAYLOAD, Stream, counting
from vectors.generator.model import Group, JsonObject
from vectors.generator.oracles import ALGORITHMS
from vectors.generator.payloads import FLATBUFFERS, MIXED
from vectors.generator.questions import ask_frame

STREAMS = {
    "nothing": ((), "W1", "no payload written: an empty stream, without magic or trailer"),
    "empty": ((b"",), "W1 W2 W4 W5", "an empty payload is a real frame, with the checksum of no bytes"),
    "empty-twice": ((b"", b""), "W1 W5", "two empty payloads are two frames"),
    "abc": ((b"abc",), "W1 W2 W4", "the smallest frame to check by hand"),
    "one-zero-byte": ((b"\x00",), "W1 W2", "a payload of one zero byte is not an empty payload"),
    "mixed": (MIXED, "W1 W2 W5", "frames follow each other with nothing between"),
    "same-twice": ((b"abc", b"abc"), "W1 W4", "the checksum starts anew at each frame"),
    "length-255": ((counting(255),), "W2", "the largest length of one byte"),
    "length-256": ((counting(256),), "W2", "the length is little-endian: 00010000"),
    "length-258": ((counting(258),), "W2", "a length with two different bytes: 02010000"),
    "looks-like-frames": (
        (bytes.fromhex("0000000003000000616263"),),
        "W1 W2",
        "a payload that looks like frames stays one payload: nothing is escaped",
    ),
}


def groups() -> list[Group]:
    """Return the groups of the `frame` operation that need no special sink."""
    return [_frames(), _bounds(), _huge(), _going_on(), _serializers(), _durability()]


def _frames() -> Group:
    group = Group("frames", "frame", "Payloads and the exact bytes of their frames.")
    for algorithm in ALGORITHMS:
        for name, (payloads, rules, comment) in STREAMS.items():
            stream = Stream(algorithm, payloads)
            group.add(f"{algorithm}/{name}", rules, comment, ask_frame(algorithm, payloads), wrote(stream.wire))
        for name, payload in FLATBUFFERS.items():
            stream = Stream(algorithm, [payload])
            comment = "a FlatBuffer is framed as it is: no second prefix, no padding"
            group.add(
                f"{algorithm}/flatbuffer-{name}", "W1 W2", comment, ask_frame(algorithm, [payload]), wrote(stream.wire)
            )
    stream = Stream("crc32", [counting(65536 + 2)])
    comment = "the third byte of the length: 02000100"
    group.add("crc32/length-65538", "W2", comment, ask_frame("crc32", stream.payloads), wrote(stream.wire))
    return group


def _bounds() -> Group:
    group = Group(
        "writing-bounds",
        "frame",
        "The writer's own bound. A payload over it leaves not one byte; what was written before stays.",
    )
    for algorithm in ALGORITHMS:
        abc = Stream(algorithm, [b"abc"])
        two = Stream(algorithm, [b"abc", b""])
        group.add(
            f"{algorithm}/at-the-bound",
            "S2",
            "3 bytes with a bound of 3",
            ask_frame(algorithm, [b"abc"], 3),
            wrote(abc.wire),
        )
        group.add(
            f"{algorithm}/over-the-bound",
            "S2 E1",
            "4 bytes with a bound of 3: neither header nor payload reaches the sink",
            ask_frame(algorithm, [b"abcd"], 3),
            wrote(b"", invalid_frame(4, 3)),
        )
        group.add(
            f"{algorithm}/third-over-the-bound",
            "S2 E1",
            "two frames reach the sink, the third payload is refused, and writing stops there",
            ask_frame(algorithm, [b"abc", b"", b"abcd", b"x"], 3),
            wrote(two.wire, invalid_frame(4, 3)),
        )
        group.add(
            f"{algorithm}/bound-0-empty",
            "S2 W5",
            "a bound of 0 lets empty payloads through",
            ask_frame(algorithm, [b"", b""], 0),
            wrote(Stream(algorithm, [b"", b""]).wire),
        )
        group.add(
            f"{algorithm}/bound-0-one-byte",
            "S2 E1",
            "a bound of 0 is a bound, not the absence of one",
            ask_frame(algorithm, [b"x"], 0),
            wrote(b"", invalid_frame(1, 0)),
        )
    group.add(
        "crc32/largest-bound",
        "S2 W8",
        "a bound of 2^32-1 is allowed",
        ask_frame("crc32", [b"abc"], LARGEST_PAYLOAD),
        wrote(Stream("crc32", [b"abc"]).wire),
    )
    return group


def _huge() -> Group:
    group = Group(
        "huge-payloads",
        "frame",
        "Payloads that a writer must refuse by their length alone. A testee may offer zeros that were never touched.",
    )
    for algorithm in ALGORITHMS:
        group.add(
            f"{algorithm}/one-too-many",
            "W8 S2 E1",
            "2^32 bytes do not fit into the length field; a length that wraps would write an empty frame",
            ask_frame(algorithm, [], zeros=LARGEST_PAYLOAD + 1),
            wrote(b"", invalid_frame(LARGEST_PAYLOAD + 1, LARGEST_PAYLOAD)),
        )
    stream = Stream("crc32", [b"abc", b""])
    group.add(
        "crc32/after-good-frames",
        "W8 S2",
        "the frames before it stay, and nothing of the refused one is written",
        ask_frame("crc32", stream.payloads, zeros=LARGEST_PAYLOAD + 1),
        wrote(stream.wire, invalid_frame(LARGEST_PAYLOAD + 1, LARGEST_PAYLOAD)),
    )
    group.add(
        "none/largest-bound",
        "W8 S2",
        "with a bound of 2^32-1 the limit is the same number",
        ask_frame("none", [], LARGEST_PAYLOAD, zeros=LARGEST_PAYLOAD + 1),
        wrote(b"", invalid_frame(LARGEST_PAYLOAD + 1, LARGEST_PAYLOAD)),
    )
    group.add(
        "xxh3_64/own-bound",
        "S2",
        "over the writer's own bound: refused before the payload is hashed",
        ask_frame("xxh3_64", [], DEFAULT_MAX_FRAME_LEN, zeros=DEFAULT_MAX_FRAME_LEN + 1),
        wrote(b"", invalid_frame(DEFAULT_MAX_FRAME_LEN + 1, DEFAULT_MAX_FRAME_LEN)),
    )
    return group


def _going_on() -> Group:
    group = Group(
        "writing-on",
        "frame",
        "A refused payload leaves the writer usable: the next payloads are written as if it had not been.",
    )
    for algorithm in ALGORITHMS:
        kept = Stream(algorithm, [b"abc", b"de"])
        group.add(
            f"{algorithm}/after-the-bound",
            "S2",
            "the middle one of three payloads is over the bound of 3",
            ask_frame(algorithm, [b"abc", b"too long", b"de"], 3, go_on=True),
            wrote(kept.wire, results=["ok", error_event(invalid_frame(8, 3)), "ok"]),
        )
    group.add(
        "crc32/first-refused",
        "S2",
        "also the very first payload may be the refused one",
        ask_frame("crc32", [b"abcd", b"abc", b"abcde"], 3, go_on=True),
        wrote(
            Stream("crc32", [b"abc"]).wire,
            results=[error_event(invalid_frame(4, 3)), "ok", error_event(invalid_frame(5, 3))],
        ),
    )
    return group


def _serializers() -> Group:
    group = Group("serializers", "frame", "A serializer that raises has written nothing; its error comes out as it is.")
    payloads = (b"abc", b"defg", b"", b"hi")
    for algorithm in ALGORITHMS:
        for at in range(len(payloads)):
            kept = Stream(algorithm, [payload for i, payload in enumerate(payloads) if i != at])
            results: list[object] = [{"raised": True} if i == at else "ok" for i in range(len(payloads))]
            group.add(
                f"{algorithm}/raises-at-{at}",
                "S6",
                f"the serializer raises at payload {at}; the others are written with the same writer and builder",
                ask_frame(algorithm, payloads, serializer_fails_at=at),
                wrote(kept.wire, results=results),
            )
    return group


def _durability() -> Group:
    group = Group(
        "durability",
        "frame",
        "Handing bytes to the operating system and making them durable are two things, and neither is the other.",
    )
    for algorithm in ("none", "crc32"):
        stream = Stream(algorithm, [b"abc", b"", b"defg"])
        cases: tuple[tuple[str, JsonObject, str], ...] = (
            ("none", {"syncs": 0}, "nobody asked for durability, so no frame pays for it"),
            ("flush", {"flushes": 1, "syncs": 0}, "flush asks the sink once, and makes nothing durable"),
            ("sync", {"syncs": 1}, "sync asks once for durability"),
        )
        for finish, counts, comment in cases:
            request = ask_frame(algorithm, stream.payloads, finish=finish)
            group.add(f"{algorithm}/finish-{finish}", "S5", comment, request, {**wrote(stream.wire), **counts})
        one = Stream(algorithm, [b"abc"])
        group.add(
            f"{algorithm}/sync-flushes-first",
            "S5",
            "bytes that the operating system does not have cannot be made durable: sync flushes, once",
            ask_frame(algorithm, one.payloads, finish="sync"),
            wrote(one.wire, flushes=1, syncs=1),
        )
    return group
