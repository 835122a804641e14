"""What a contender is: the work of each tier, in its own idiom, and the reasons for the tiers that it cannot do.

All of them write into one growing buffer in memory and read from one ``bytes``. What they write is their own encoding
together with their own framing, so that a message can be told from the next one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np

from benchmarks.loops import adding, making

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from benchmarks.loops import Access
    from benchmarks.workloads import Row, Shape

__all__ = ["Codec", "Columns", "Contender", "Written"]

Columns = dict[str, np.ndarray[Any, np.dtype[Any]]]
"""An array for each field, by its name."""

Written: TypeAlias = bytes | bytearray | memoryview
"""A stream in memory, as a contender hands it over without one more copy."""


class Codec(ABC):
    """A contender's work on messages of one shape; making one is not timed.

    A contender that parses messages one by one says how (`messages`) and how it reaches their fields (`access`), and
    gets the tiers R1 to R5 from that; one that has a better way does these itself.
    """

    access: ClassVar[Access] = "tuple"
    owns: ClassVar[bool] = False
    """Whether a parsed message is an object with the fields as attributes that owns its values, and so ends R4."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape

    @abstractmethod
    def frame(self, payloads: Sequence[bytes]) -> Written:
        """F0: frame payloads that exist already."""

    @abstractmethod
    def build(self, rows: Sequence[Row]) -> Written:
        """F1: build a message from each row, and frame it."""

    def build_columns(self, columns: Columns) -> Written:
        """F2: build a message from each row of the columns, and frame it: here from Python values, as F1."""
        values = [column.tolist() for column in columns.values()]
        for place, field in enumerate(self.shape.fields):
            if field.kind == "text":
                values[place] = [text.decode("ascii") for text in values[place]]
        return self.build(list(zip(*values, strict=True)))

    @abstractmethod
    def payloads(self, stream: bytes) -> Iterable[bytes | memoryview]:
        """R0: the frames of what `frame` wrote, without a copy where the contender can."""

    @abstractmethod
    def messages(self, stream: bytes) -> Iterable[Any]:
        """Each message of what `build` wrote, parsed or opened."""

    def verified(self, stream: bytes) -> int:
        """R1: how many messages there are, each of them parsed or verified."""
        count = 0
        for _ in self.messages(stream):
            count += 1
        return count

    @cached_property
    def _add_one(self) -> Any:
        return adding(self.shape, self.access, (self.shape.key,))

    @cached_property
    def _add(self) -> Any:
        return adding(self.shape, self.access)

    @cached_property
    def _make(self) -> Any:
        return making(self.shape, self.access)

    def one(self, stream: bytes) -> tuple[Any, ...]:
        """R2: the sum of the shape's key field."""
        added: tuple[Any, ...] = self._add_one(self.messages(stream))
        return added

    def sums(self, stream: bytes) -> tuple[Any, ...]:
        """R3: the sum of every field."""
        added: tuple[Any, ...] = self._add(self.messages(stream))
        return added

    def objects(self, stream: bytes) -> list[Any]:
        """R4: an object that owns its values for each message."""
        if self.owns:
            return list(self.messages(stream))
        made: list[Any] = self._make(self.shape.object, self.messages(stream))
        return made

    def columns(self, stream: bytes) -> Columns:
        """R5: all messages as an array for each field: here by way of Python values."""
        messages = self.messages(stream)
        rows: Any = messages if self.access == "tuple" else self._make(lambda *values: values, messages)
        return {
            name: np.array(values, self.shape.dtype[name])
            for name, values in zip(self.shape.names, zip(*rows, strict=True), strict=True)
        }

    def rows(self, stream: bytes) -> list[Row]:
        """What `build` wrote as plain values, in order to check it. Never timed."""
        if len(self.shape.fields) == 1:
            name = self.shape.names[0]
            return [(getattr(message, name),) for message in self.objects(stream)]
        return list(map(attrgetter(*self.shape.names), self.objects(stream)))


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
    def codec(self, shape: Shape) -> Codec:
        """Its work on messages of this shape."""

    def refuses(self, shape: Shape, tier: str) -> str | None:
        """Why it does not take part in this tier with messages of this shape; ``None`` if it does."""
        _ = shape
        return self.cannot.get(tier)
