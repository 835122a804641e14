"""What a contender is: the work of each tier, in its own idiom, and the reasons for the tiers that it cannot do.

All of them write into one growing buffer in memory and read from one ``bytes``. What they write is their own encoding
together with their own framing, so that a message can be told from the next one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from benchmarks.workloads import Event, Row, Sums

__all__ = ["Contender"]


class Contender(ABC):
    """One way of writing and reading a stream of messages.

    ``name`` is the key of its rows in the records, ``label`` what a reader sees, ``version`` of what does the work,
    ``notes`` say for a tier what it does differently from the others, ``cannot`` why it does not take part in one.
    """

    name: str
    label: str
    version: str
    notes: Mapping[str, str]
    cannot: Mapping[str, str] = MappingProxyType({})

    @abstractmethod
    def frame(self, payloads: Sequence[bytes]) -> bytes | bytearray:
        """F0: frame payloads that exist already."""

    @abstractmethod
    def build(self, rows: Sequence[Row]) -> bytes | bytearray:
        """F1: build a message from each row, and frame it."""

    @abstractmethod
    def payloads(self, stream: bytes) -> Iterable[bytes | memoryview]:
        """R0: the frames of what `frame` wrote, without a copy where the contender can."""

    @abstractmethod
    def sums(self, stream: bytes) -> Sums:
        """R3: the sum of every field of every message of what `build` wrote."""

    @abstractmethod
    def events(self, stream: bytes) -> list[Event]:
        """R4: an object that owns its values for each message of what `build` wrote."""
