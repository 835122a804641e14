"""What ``SECURITY.md`` says: its numbers are the code's, and files are handled as it tells."""

from __future__ import annotations

import ast
import inspect
import os
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import flatstream
from flatstream import aio
from flatstream.checksum import BUILT_IN
from flatstream.cli.app import cli
from flatstream.recovery import recover_file, truncate

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
LIMITS = re.findall(r"^\| .* \| ([\d,]+) \| `(flatstream[\w.]+)` \|$", PAGE, re.MULTILINE)
posix = pytest.mark.skipif(os.name == "nt", reason="Windows has other links and permissions")


def constant(name: str) -> Any:
    """What stands under a dotted name; of a class the attribute of an object that is made without arguments."""
    module, _, attribute = name.rpartition(".")
    owner, _, last = module.rpartition(".")
    if last[0].isupper():
        return getattr(getattr(import_module(owner), last)(), attribute)
    return getattr(import_module(module), attribute)


@pytest.mark.parametrize(("number", "name"), LIMITS, ids=[name for _, name in LIMITS])
def test_a_limit_is_that_of_the_code(number: str, name: str) -> None:
    assert number == f"{constant(name):,}"


def test_all_rows_of_the_limits_are_compared() -> None:
    table = PAGE.split("## Limits")[1].split("\n\n")[1]
    assert len(LIMITS) == len(table.splitlines()) - 2 > 10


def test_the_limits_are_those_that_callers_get() -> None:
    limit = constant("flatstream.wire.DEFAULT_MAX_FRAME_LEN")
    assert inspect.signature(flatstream.ChecksumDeframer).parameters["max_frame_len"].default == limit
    verifying = inspect.signature(flatstream.Record.verify).parameters
    for name in ("max_depth", "max_tables", "max_apparent_size"):
        assert verifying[name].default == constant(f"flatstream.records.verify.{name.upper()}")


def test_timeouts_are_off_unless_they_are_given() -> None:
    for each, names in (
        (aio.AsyncStreamReader, ("idle_timeout", "frame_timeout")),
        (aio.AsyncStreamWriter, ("timeout",)),
    ):
        for name in names:
            assert f"`{name}`" in PAGE
            assert inspect.signature(each).parameters[name].default is None


def test_the_chances_of_a_checksum_are_those_of_its_width() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| ([\d,]+) \|$", PAGE, re.MULTILINE)
    assert rows == [(each.name, str(8 * each.width), f"{256**each.width:,}") for each in BUILT_IN.values()]


def test_nothing_in_the_library_runs_what_it_reads() -> None:
    sources = [path for path in ROOT.rglob("*.py") if not {"tests", "generated"} & set(path.relative_to(ROOT).parts)]
    assert len(sources) > 50
    for path in sources:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = {each.name for each in node.names} if isinstance(node, ast.Import | ast.ImportFrom) else set()
            if isinstance(node, ast.ImportFrom):
                names.add(node.module or "")
            assert not {name.partition(".")[0] for name in names} & {"pickle", "marshal", "shelve", "yaml"}, path
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in {"eval", "exec", "compile", "__import__"}, path


def test_links_lead_somewhere() -> None:
    targets = [target for target in re.findall(r"\]\(([^)#]+)[^)]*\)", PAGE) if "://" not in target]
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []
    assert [name for name in re.findall(r"`(tests/[\w/.]+)`", PAGE) if not (ROOT / name).exists()] == []


@posix
def test_opening_follows_links_but_a_new_file_does_not(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    link.symlink_to(real)
    with pytest.raises(FileExistsError):
        flatstream.open(link, "xb")
    with pytest.raises(FileExistsError):
        flatstream.open(link, "xb", durability="flush")
    assert not real.exists()
    with flatstream.open(link, "ab", durability="flush") as journal:
        journal.write_payload(b"abc")
    with flatstream.open(link, "ab") as writer:
        writer.write_payload(b"d")
    assert real.read_bytes() == flatstream.frame_many([b"abc", b"d"])
    with flatstream.open(link, "wb") as writer:
        writer.write_payload(b"e")
    assert link.is_symlink()
    assert real.read_bytes() == flatstream.frame_many([b"e"])


@posix
def test_truncating_by_path_follows_links_and_compares_sizes(tmp_path: Path) -> None:
    real, link, other = tmp_path / "real", tmp_path / "link", tmp_path / "other"
    real.write_bytes(flatstream.frame_many([b"abc"]) + b"\x05")
    other.write_bytes(b"12345678")
    link.symlink_to(real)
    report = recover_file(link)
    link.unlink()
    link.symlink_to(other)  # of the same size: what the page says of replacing it
    assert truncate(link, report) == 1
    assert other.read_bytes() == b"1234567"
    with real.open("r+b") as file:
        report = recover_file(file)
        real.unlink()
        real.write_bytes(b"12345678")
        assert truncate(file, report) == 1
    assert real.read_bytes() == b"12345678"


@posix
@pytest.mark.parametrize("options", [{}, {"durability": "flush"}], ids=["plain", "journal"])
def test_a_new_file_has_what_the_umask_leaves(tmp_path: Path, options: dict[str, Any]) -> None:
    before = os.umask(0o027)
    try:
        with flatstream.open(tmp_path / "a", "ab", **options):
            pass
        assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640
        (tmp_path / "b").touch(0o600)
        with flatstream.open(tmp_path / "b", "ab", **options):
            pass
        assert (tmp_path / "b").stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)


@posix
@pytest.mark.parametrize(
    ("arguments", "made"),
    [(("index",), "a.fsindex"), (("recover", "--checksum", "crc32", "--truncate", "--yes", "--backup"), "a.torn-11")],
)
def test_what_is_made_of_a_private_journal_is_private(tmp_path: Path, arguments: tuple[str, ...], made: str) -> None:
    (tmp_path / "a").touch(0o600)
    (tmp_path / "a").write_bytes(flatstream.frame_many([b"one"], "crc32") + (b"" if "index" in arguments else b"\5"))
    before = os.umask(0o022)
    try:
        result = CliRunner().invoke(cli, [*arguments, str(tmp_path / "a")])
    finally:
        os.umask(before)
    assert result.exit_code == 0, result.output
    assert (tmp_path / made).stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_journal_is_a_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="regular file"):
        flatstream.open(tmp_path / "pipe", "ab", durability="flush")
