"""The official verifier in C++ as an oracle: the same verdicts, but for what the oracle's page lists."""

from __future__ import annotations

from collections import Counter
from random import Random
from struct import pack_into, unpack_from
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flatstream.errors import VerificationFailed
from flatstream.tests.zoo import KEEPER, MONSTER, SCHEMAS, TELEMETRY, THING, messages

if TYPE_CHECKING:
    from collections.abc import Callable

    from flatstream import Record

RECORDS = {"monster": MONSTER, "thing": THING, "telemetry": TELEMETRY, "keeper": KEEPER}

STRICTER = ("are not aligned", "a string is no UTF-8", "a union has")
"""What Rust's verifier refuses and C++'s accepts: see the oracle's page."""

BATCHES = 500
"""Messages of each record whose corruptions are judged."""
CORRUPTED = 100
"""Corruptions of each: 200,000 in all."""


def verdict(record: Record, payload: bytes) -> str:
    """Why the payload is refused; empty if it is not."""
    try:
        record.verify(payload)
    except VerificationFailed as error:
        return error.reason
    return ""


def corrupted(payload: bytes, random: Random) -> bytes:
    """A payload of which something is wrong: mostly places and lengths, by little or by much."""
    data = bytearray(payload)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        at = random.randrange(len(data))
        kind = random.randrange(5)
        if kind == 0:
            data[at] = random.randrange(256)
        elif kind == 1:
            data[at] ^= 1 << random.randrange(8)
        elif kind == 2 and at + 4 <= len(data):
            at &= ~3
            value = unpack_from("<I", data, at)[0] + random.choice((-8, -4, -2, -1, 1, 2, 4, 8, len(data), 2**31))
            pack_into("<I", data, at, value % 2**32)
        elif kind == 3 and at + 2 <= len(data):
            at &= ~1
            value = unpack_from("<H", data, at)[0] + random.choice((-8, -4, -2, -1, 1, 2, 4, 8, len(data)))
            pack_into("<H", data, at, value % 2**16)
        elif kind == 4 and random.randrange(4) == 0:
            del data[max(at, 1) :]
    return bytes(data)


@pytest.mark.parametrize("name", RECORDS)
def test_the_oracle_and_the_verifier_agree_on_corrupted_payloads(
    name: str, oracle: Callable[..., Any], record_property: Callable[[str, object], None]
) -> None:
    record = RECORDS[name]
    seen: Counter[str] = Counter()
    with oracle(name) as ask:

        @settings(max_examples=BATCHES)
        @given(messages(record, 2), st.integers(0, 2**32 - 1))
        def judged(message: dict[str, Any], seed: int) -> None:
            random = Random(seed)
            payload = record.encode(**message)
            payloads = [payload, *(corrupted(payload, random) for _ in range(CORRUPTED))]
            for number, (each, accepted) in enumerate(zip(payloads, ask(payloads), strict=True)):
                reason = verdict(record, each)
                if number == 0:
                    assert accepted
                    assert not reason
                elif accepted and reason:
                    assert any(words in reason for words in STRICTER), (reason, each.hex())
                    seen[next(words for words in STRICTER if words in reason)] += 1
                else:
                    assert accepted == (not reason), (reason, each.hex())
                    seen["both accept" if accepted else "both refuse"] += 1

        judged()
    record_property("verdicts", dict(seen))
    print(name, dict(seen))  # noqa: T201  (shown with -s)
    assert seen["both refuse"] > BATCHES
    assert seen["both accept"] > BATCHES


@pytest.mark.parametrize("name", RECORDS)
def test_the_verifier_from_a_binary_schema_accepts_what_is_encoded(name: str, oracle: Callable[..., Any]) -> None:
    record = RECORDS[name]
    with oracle(SCHEMAS / f"{name}.bfbs", record.name) as ask:

        @settings(max_examples=BATCHES)
        @given(st.lists(messages(record, 2), min_size=1, max_size=5))
        def accepted(batch: list[dict[str, Any]]) -> None:
            forced = record.replace(force_defaults=True)
            payloads = [each.encode(**message) for message in batch for each in (record, forced)]
            assert all(ask(payloads))

        accepted()
