"""A program that forks a writer for each line of its input, to be killed: starting Python for each would take too long.

A line is a JSON object of settings for `flatstream.open`, with ``path`` and ``seed``. A writer opens the journal, which
may have been torn by the one before it, and appends payloads, which follow from the seed and their number in the
journal, until it is killed. The program answers in numbers of 8 bytes: the writer's process, then how many frames of
the journal are with the operating system, each time that there are more, and ``ENDED`` when the writer is no more.

Run by `flatstream.tests.kills`.
"""

from __future__ import annotations

import json
import os
import struct
import sys
from random import Random
from typing import Any, Final

import flatstream

ENDED: Final = -1
NUMBER: Final = struct.Struct("<q")


def payload(seed: int, number: int) -> bytes:
    """The payload of this number: mostly small, now and then so large that a kill strikes in the middle of it."""
    random = Random(seed * 1_000_003 + number)
    size = random.randrange(60) if number % 40 else random.randrange(1, 2_000_000)
    return random.randbytes(8) + bytes(size)


def write(options: dict[str, Any]) -> None:
    """Append until killed."""
    path, seed = options.pop("path"), options.pop("seed")
    if "group_commit" in options:
        options["group_commit"] = flatstream.GroupCommit(**options["group_commit"])
    if "background" in options:
        options["background"] = flatstream.Background(**options["background"])
    journal = flatstream.open(path, "ab", checksum="xxh3_64", truncate_torn_tail=True, **options)
    number = kept = journal.recovered.frames
    ends: list[int] = []
    while True:
        journal.write_payload(payload(seed, number))
        ends.append(journal.offset)
        number += 1
        reached = journal.flushed_offset
        before = kept
        while ends and ends[0] <= reached:
            del ends[0]
            kept += 1
        if kept != before:
            os.write(1, NUMBER.pack(kept))


def main() -> None:
    """Fork a writer for each line."""
    for line in sys.stdin:
        child = os.fork()
        if not child:
            try:
                write(json.loads(line))
            finally:
                os._exit(1)
        os.write(1, NUMBER.pack(child))
        os.waitpid(child, 0)
        os.write(1, NUMBER.pack(ENDED))


if __name__ == "__main__":
    main()
