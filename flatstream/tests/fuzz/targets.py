"""All targets by name: what an input is, where inputs come from, and how long one may be."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

from flatstream.tests.fuzz import commands, corpus, messages, streams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Target(NamedTuple):
    """What is fuzzed."""

    run: Callable[[bytes], None]
    """Returns if all is well."""
    corpus: Callable[[], Iterator[bytes]]
    largest: int
    """Bytes of the longest input that is made up."""


class NativeTarget(NamedTuple):
    """What is fuzzed in the native engine alone, by a program that `flatstream.tests.fuzz.native` builds."""

    corpus: Callable[[], Iterator[bytes]]
    largest: int


TARGETS: Final = {
    "parse": Target(streams.parse, corpus.streams, 256),
    "salvage": Target(streams.salvage, corpus.streams, 256),
    "records": Target(messages.records, corpus.payloads, 1024),
    "schema": Target(messages.schema, corpus.schema_files, 4096),
    "command": Target(commands.command, corpus.files, 4096),
}
NATIVE_TARGETS: Final = {
    "native-scan": NativeTarget(corpus.native_streams, 8192),  # more frames than the engine walks at a time
    "native-records": NativeTarget(corpus.native_payloads, 2048),  # four of the largest messages
}
ALL: Final[dict[str, Target | NativeTarget]] = TARGETS | NATIVE_TARGETS


def seeds(name: str) -> Iterator[bytes]:
    """The inputs that a target begins with, and those that failed once."""
    return chain(ALL[name].corpus(), corpus.found(name))
