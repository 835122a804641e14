"""What each testee writes every other reads, and a wrong one shows as its row or its column."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from flatstream_conformance.matrix import EDGE_LENGTHS, payload_lists

if TYPE_CHECKING:
    import subprocess

    from tests.conftest import Shelf

# The same mistake on both sides: such a testee agrees with itself and with nobody else.
BIG_ENDIAN = ('"little"', '"big"')
WRITES_WRONGLY = ('return {"wire": wire.hex()}', 'return {"wire": wire.hex() + "00"}')
NEVER_WRITES = ("def frame(request: Message) -> Message:", "def frame(request: Message) -> Message:\n    1 / 0")


def matrix(shelf: Shelf, *arguments: str) -> subprocess.CompletedProcess[str]:
    return shelf.command("matrix", "--testees", str(shelf.folder), *arguments)


def cells(shelf: Shelf) -> dict[tuple[str, str, str], dict[str, str | None]]:
    out = shelf.folder / "out.json"
    matrix(shelf, "--json", str(out))
    document = json.loads(out.read_text(encoding="utf-8"))
    return {(cell["writer"], cell["reader"], cell["algorithm"]): cell for cell in document["cells"]}


def test_the_lists_hold_no_payload_empty_ones_and_every_edge_and_are_the_same_each_time() -> None:
    lists = payload_lists()
    assert lists == payload_lists()
    alone = {len(each.payloads[0]) for each in lists if len(each.payloads) == 1}
    assert alone == set(EDGE_LENGTHS) == {0, 1, 255, 256, 257, 65535, 65536, 65537}
    assert [each.payloads for each in lists][:2] == [(), (b"", b"", b"")]
    assert sum(len(each.payloads) > 20 for each in lists) == 3


def test_right_testees_read_each_other_under_every_algorithm(shelf: Shelf) -> None:
    shelf.add("plain")
    done = matrix(shelf)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PASSED: 16 pairs agree" in done.stdout
    assert len(cells(shelf)) == 16


def test_a_wrong_writer_shows_as_every_pair_that_reads_it_and_no_other(shelf: Shelf) -> None:
    shelf.add("plain")
    shelf.add("wrong", shelf.plain.replace(*WRITES_WRONGLY))
    found = cells(shelf)
    assert {writer for (writer, _, _), cell in found.items() if cell["difference"]} == {"wrong"}
    assert all(cell["difference"] for (writer, _, _), cell in found.items() if writer == "wrong")
    done = matrix(shelf)
    assert done.returncode == 1
    assert "crc32: written by wrong, read by built-in" in done.stdout
    assert 'no payload: end: expected "clean", got "error"' in " ".join(done.stdout.split())


def test_one_that_only_agrees_with_itself_is_seen(shelf: Shelf) -> None:
    shelf.add("big", shelf.plain.replace(*BIG_ENDIAN))
    found = {pair: bool(cell["difference"]) for pair, cell in cells(shelf).items()}
    assert found["big", "big", "crc16"] is False
    assert found["big", "built-in", "crc16"] is True
    assert found["built-in", "big", "crc16"] is True


def test_a_writer_that_gives_no_bytes_is_blamed_alone(shelf: Shelf) -> None:
    shelf.add("dead", shelf.plain.replace(*NEVER_WRITES))
    cell = cells(shelf)["dead", "built-in", "none"]
    assert cell["blame"] == "dead"
    assert "exited with status 1" in str(cell["difference"])


def test_a_missing_testee_is_named_and_fails_if_it_is_required(shelf: Shelf) -> None:
    shelf.add("plain")
    shelf.add("far", needs=["not-there-1"])
    done = matrix(shelf)
    assert done.returncode == 0
    assert "far: not built here: not-there-1 is missing" in done.stdout
    assert matrix(shelf, "--require", "far").returncode == 1
