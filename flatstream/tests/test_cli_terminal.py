"""Nothing that a file, its name or a schema holds steers the terminal of whoever looks at it."""

from __future__ import annotations

import io
import json
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

import flatstream
from flatstream import Record
from flatstream.cli.app import cli
from flatstream.records import frame_records
from flatstream.records.reflection import SCHEMA

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = {
    "CSI": "\x1b[2J\x1b[31m",
    "OSC, which sets the title": "\x1b]0;pwned\x07",
    "OSC 52, which sets the clipboard": "\x1b]52;c;cm0gLXJmIH4=\x1b\\",
    "DCS": "\x1bP+q544e\x1b\\",
    "C1": "\x9b31m\x9d0;pwned\x9c",
    "backspaces and returns": "a\b\b\rb\x7f",
    "bidi overrides": "\u202egpj.exe\u2066\u2069",
    "what cannot be seen": "\u200b\ufeff\u2028\u2029\U000e0041",
}


@pytest.fixture(params=HOSTILE.values(), ids=list(HOSTILE))
def hostile(request: pytest.FixtureRequest) -> str:
    text: str = request.param
    return text


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(cli, [str(each) for each in arguments], env={"COLUMNS": "400"})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def assert_inert(result: Result) -> None:
    told = result.stdout_bytes.decode("utf-8") + result.stderr_bytes.decode("utf-8")
    assert told
    assert [char for char in told if not char.isprintable() and char != "\n"] == []


@pytest.mark.parametrize("form", ["hex", "text", "len", "json"])
def test_payloads_are_shown_without_effect(tmp_path: Path, hostile: str, form: str) -> None:
    path = tmp_path / "a"
    path.write_bytes(flatstream.frame_many([hostile.encode(), hostile.encode("utf-16"), b"\xff\x9b\x85\xc2"], "crc32"))
    result = run("cat", path, "--format", form)
    assert result.exit_code == 0
    assert_inert(result)
    assert len(result.stdout.splitlines()) == 3


def test_a_payload_can_be_told_from_what_stands_for_it(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(flatstream.frame_many([b"\x1b[m", rb"\x1b[m"], "crc32"))
    assert run("cat", path, "--format", "text").stdout == "\\x1b[m\n\\\\x1b[m\n"


def test_raw_bytes_do_not_go_to_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_bytes(flatstream.frame_many([b"\x1b[m"], "crc32"))

    class Terminal(io.BytesIO):
        def isatty(self) -> bool:
            return True

    shown = Terminal()
    monkeypatch.setattr("flatstream.cli.cat.binary_stdout", lambda: shown)
    assert run("cat", path, "--format", "raw").exit_code == 2
    assert shown.getvalue() == b""
    assert run("cat", path, "--format", "raw", "--force").exit_code == 0
    assert shown.getvalue() == b"\x1b[m"


def test_strings_of_messages_are_shown_without_effect_and_unchanged(tmp_path: Path, hostile: str) -> None:
    record, path = Record("Text", text="string"), tmp_path / "a"
    path.write_bytes(frame_records(record, [{"text": hostile}], "crc32"))
    (tmp_path / "s.bfbs").write_bytes(schema_of("Text", "text"))
    result = run("cat", path, "--schema", tmp_path / "s.bfbs", "--root", "Text")
    assert result.exit_code == 0, result.stderr
    assert_inert(result)
    assert json.loads(result.stdout) == {"text": hostile}
    result = run("convert", path, "--schema", tmp_path / "s.bfbs", "--to", "jsonl", "--root", "Text")
    assert_inert(result)
    assert json.loads((tmp_path / "a.jsonl").read_text(encoding="utf-8")) == {"text": hostile}


def schema_of(table: str, name: str) -> bytes:
    """A binary schema of one table with one string."""
    field: dict[str, Any] = {"name": name, "type": {"base_type": 13}, "id": 0, "offset": 4}
    return SCHEMA.encode(objects=[{"name": table, "fields": [field], "minalign": 4, "bytesize": 8}], enums=[])


def test_names_of_a_schema_are_shown_without_effect(tmp_path: Path, hostile: str) -> None:
    path, schema, csv = tmp_path / "a", tmp_path / "s.bfbs", tmp_path / "a.csv"
    schema.write_bytes(schema_of(hostile, hostile))
    path.write_bytes(flatstream.frame_many([b"no message, but 20 b"], "crc32"))
    csv.write_bytes(b"x\n1\n")
    options = ("--schema", schema, "--root", hostile)
    for arguments in (
        ("cat", path, *options),
        ("verify", path, *options),
        ("verify", path, "--json", *options),
        ("cat", path, "--schema", schema, "--root", "other"),
        ("convert", path, "--to", "csv", "--column", "x", *options),
        ("ingest", csv, "--out", tmp_path / "out", *options),
    ):
        result = run(*arguments)
        assert result.exit_code in {1, 2}, arguments
        assert_inert(result)


def test_a_note_of_fields_without_a_column_is_shown_without_effect(tmp_path: Path) -> None:
    schema, csv = tmp_path / "s.bfbs", tmp_path / "a.csv"
    fields = [
        {"name": name, "type": {"base_type": 13}, "id": number, "offset": 4 + 2 * number}
        for number, name in enumerate(("a", "\x1b]0;pwned\x07"))
    ]
    table = {"name": "Text", "fields": sorted(fields, key=lambda field: str(field["name"])), "minalign": 4}
    schema.write_bytes(SCHEMA.encode(objects=[table | {"bytesize": 12}], enums=[]))
    csv.write_bytes(b"a\nb\n")
    result = run("ingest", csv, "--schema", schema, "--root", "Text", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    assert "has no column for \\x1b]0;pwned\\x07" in result.stderr
    assert_inert(result)


@pytest.mark.skipif(sys.platform == "win32", reason="names of files cannot have these characters")
@pytest.mark.parametrize("torn", [False, True])
def test_names_of_files_are_shown_without_effect(tmp_path: Path, hostile: str, torn: bool) -> None:
    path = tmp_path / hostile.replace("/", "-")
    path.write_bytes(bytes(flatstream.frame_many([b"a"], "crc32"))[: 8 if torn else 9])
    for command in (
        ["inspect"],
        ["verify"],
        ["inspect", "--json"],
        ["verify", "--json"],
        ["cat"],
        ["recover", "--checksum", "crc32"],
        ["recover", "--checksum", "crc32", "--truncate"],
        ["salvage", "--checksum", "crc32", "--json", "--out", os.fspath(path) + "-new"],
        ["salvage", "--checksum", "crc32", "--out", os.fspath(path) + "-newer"],
        ["index"],
        ["convert", "--to", "csv"],
    ):
        result = run(command[0], path, *command[1:])
        if result.stdout or result.stderr:
            assert_inert(result)
    missing = tmp_path / f"{path.name}-missing"
    for command in (["inspect"], ["cat"], ["verify"], ["index"], ["convert", "--to", "csv"]):
        result = run(command[0], missing, *command[1:])
        assert result.exit_code == 2
        assert_inert(result)


def test_wrong_arguments_are_told_without_effect(hostile: str) -> None:
    for arguments in ((hostile,), ("cat", f"--{hostile}"), ("cat", "a", "--checksum", hostile), ("cat", "a", hostile)):
        result = run(*arguments)
        assert result.exit_code == 2
        assert_inert(result)
