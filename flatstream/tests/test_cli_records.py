"""``flatstream cat --schema``, ``convert`` and ``ingest``: messages as JSON and as tables, and tables as messages."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from pyarrow import csv, parquet
from rich.progress import Progress

import flatstream
from flatstream.cli import csv_rows, ingest, source, typed
from flatstream.cli.app import cli
from flatstream.records import field, frame_records
from flatstream.tests.zoo import MONSTER, SCHEMAS, TELEMETRY

if TYPE_CHECKING:
    from collections.abc import Callable

    from flatstream import Record

TELEMETRY_SCHEMA = SCHEMAS / "telemetry.bfbs"
MONSTER_SCHEMA = SCHEMAS / "monster.bfbs"
ROWS = [(1, 10, 0.5), (2**64 - 1, 0, 0.0), (3, 30, -1.5)]
NAMES = ("device_id", "timestamp", "value")
MESSAGES = [dict(zip(NAMES, row, strict=True)) for row in ROWS]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(each) for each in arguments], env={"COLUMNS": "120"})


def stream(path: Path, record: Record = TELEMETRY, table: Any = ROWS, checksum: str = "crc32") -> Path:
    path.write_bytes(frame_records(record, table, checksum))
    return path


def lines(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


# cat


def test_cat_writes_messages_as_json_lines(tmp_path: Path) -> None:
    path = stream(tmp_path / "a.bin")
    result = run("cat", path, "--schema", TELEMETRY_SCHEMA)
    assert (result.exit_code, lines(result.stdout)) == (0, MESSAGES)
    assert lines(run("cat", path, "--schema", TELEMETRY_SCHEMA, "--from", 1, "--count", 1).stdout) == MESSAGES[1:2]


def test_cat_names_enums_and_unions_and_spells_what_json_lacks(tmp_path: Path) -> None:
    rows = [
        {
            "name": "Ö\n",
            "color": "Red",
            "mood": 5,
            "equipped_type": "Armor",
            "equipped": {"weight": float("nan")},
            "numbers": [float("inf"), float("-inf"), 1.5],
            "inventory": b"ab",
            "mixed": {
                "flag": True,
                "where": (1, 2, 3),
                "count": 1,
                "tests": [(1, 2)] * 2,
                "color": 2,
                "raw": [1, 2, 3],
            },
        }
    ]
    result = run("cat", stream(tmp_path / "a.bin", MONSTER, rows), "--schema", MONSTER_SCHEMA, "--root", "zoo.Monster")
    (told,) = lines(result.stdout)
    assert {name: told[name] for name in ("name", "color", "mood", "equipped_type", "equipped", "numbers", "pet")} == {
        "name": "Ö\n",
        "color": "Red",
        "mood": 5,
        "equipped_type": "Armor",
        "equipped": {"weight": "NaN"},
        "numbers": ["Infinity", "-Infinity", 1.5],
        "pet": None,
    }
    assert told["inventory"] == [97, 98]
    assert told["mixed"]["color"] == "Green"
    assert told["mixed"]["tests"] == [{"a": 1, "b": 2}] * 2


def test_cat_takes_the_root_that_is_named(tmp_path: Path) -> None:
    weapon = flatstream.Schema.load(MONSTER_SCHEMA).record("zoo.Weapon")
    path = stream(tmp_path / "a.bin", weapon, [{"name": "axe"}])
    result = run("cat", path, "--schema", MONSTER_SCHEMA, "--root", "zoo.Weapon")
    assert lines(result.stdout) == [{"name": "axe", "damage": 7, "parts": None}]


def test_cat_stops_at_a_message_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    with flatstream.open(path, "wb", checksum="crc32") as writer:
        TELEMETRY.encode_into(writer, device_id=5)
        writer.write_payload(b"no table at all")
    result = run("cat", path, "--schema", TELEMETRY_SCHEMA, "--checksum", "crc32")
    assert result.exit_code == 1
    assert lines(result.stdout) == [{"device_id": 5, "timestamp": 0, "value": 0.0}]
    assert result.stderr.startswith(
        f"flatstream: error: {path}: telemetry.Telemetry, at byte 0 of the payload: the root"
    )
    assert "(frame at offset 30)" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--schema", TELEMETRY_SCHEMA, "--format", "hex"], "there is no other --format"),
        (["--root", "zoo.Monster"], "the messages need a --schema"),
        (["--schema", TELEMETRY_SCHEMA, "--root", "zoo.Monster"], "the schema has no table 'zoo.Monster'; its tables"),
        (["--schema", SCHEMAS / "telemetry.fbs"], "no binary schema: reflection.Schema, at byte"),
        (["--schema", SCHEMAS / "missing.bfbs"], "missing.bfbs: No such file or directory"),
    ],
)
def test_cat_says_what_is_wrong_with_a_schema(arguments: list[object], words: str, tmp_path: Path) -> None:
    result = run("cat", stream(tmp_path / "a.bin"), *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert result.stderr.count("\n") == 1 + ("note" in result.stderr)


# verify


def test_verify_looks_into_every_message(tmp_path: Path) -> None:
    path = stream(tmp_path / "a.bin")
    assert run("verify", path, "--schema", TELEMETRY_SCHEMA).exit_code == 0
    result = run("verify", path, "--schema", MONSTER_SCHEMA, "--keep-going", "--json")
    (told,) = json.loads(result.stdout)["files"]
    assert (result.exit_code, told["bad_frames"], told["frames"]) == (1, 3, 0)
    assert (told["error"]["kind"], told["error"]["validator"]) == ("validation_failed", "zoo.Monster")
    assert "the file identifier is" in told["error"]["message"]
    assert run("verify", path, "--root", "zoo.Monster").exit_code == 2


# convert


def read_csv(path: Path) -> Any:
    types = {"device_id": pa.uint64(), "timestamp": pa.uint64(), "value": pa.float64()}
    return csv.read_csv(path, convert_options=csv.ConvertOptions(column_types=types))


READERS: dict[str, Callable[[Path], Any]] = {
    "parquet": parquet.read_table,
    "arrow": lambda path: pa.ipc.open_file(pa.OSFile(str(path))).read_all(),
    "csv": read_csv,
}


@pytest.mark.parametrize("portion", [1, 2, 100])
@pytest.mark.parametrize("form", READERS)
def test_convert_writes_a_table(form: str, portion: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typed, "MESSAGES", portion)
    result = run("convert", stream(tmp_path / "a.bin"), "--to", form, "--schema", TELEMETRY_SCHEMA)
    made = tmp_path / f"a.{form}"
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{made}: 3 rows, ")
    assert READERS[form](made).to_pylist() == MESSAGES
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["a.bin", f"a.{form}"])


def test_convert_writes_json_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typed, "BYTES", 1)
    out = tmp_path / "b.json"
    path = stream(tmp_path / "a.bin")
    assert run("convert", path, "--to", "jsonl", "--schema", TELEMETRY_SCHEMA, "--out", out).exit_code == 0
    assert lines(out.read_text("utf-8")) == MESSAGES


def test_convert_of_an_empty_stream_is_an_empty_table(tmp_path: Path) -> None:
    path = stream(tmp_path / "a.bin", TELEMETRY, [])
    assert run("convert", path, "--to", "parquet", "--schema", TELEMETRY_SCHEMA, "-c", "crc32").exit_code == 0
    made = parquet.read_table(tmp_path / "a.parquet")
    assert (made.num_rows, made.column_names) == (0, list(NAMES))


def test_convert_writes_only_the_named_columns(tmp_path: Path) -> None:
    path = stream(tmp_path / "a.bin", MONSTER, [{"name": "x", "hp": 5, "tags": ["t"]}])
    result = run("convert", path, "--to", "csv", "--schema", MONSTER_SCHEMA, "--column", "name", "--column", "hp")
    assert result.exit_code == 0
    assert (tmp_path / "a.csv").read_text("utf-8") == '"name","hp"\n"x",5\n'


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--to", "csv"], "CSV has no form for pos: leave it out with --column"),
        (["--to", "parquet"], "zoo.Monster.weapons: Arrow has no type for a zoo.Weapon in itself"),
        (["--to", "csv", "--column", "nme"], "zoo.Monster has no field nme; its fields are pos, mana"),
        (["--to", "jsonl", "--column", "name"], "JSON lines have all fields"),
        (["--to", "csv", "--column", "name", "--out", "."], "Is a directory"),
    ],
)
def test_convert_says_what_it_cannot(arguments: list[object], words: str, tmp_path: Path) -> None:
    path = stream(tmp_path / "a.bin", MONSTER, [{"name": "x"}])
    if arguments[1] == "csv" and len(arguments) == 2:
        arguments = [*arguments, "--column", "pos"]
    result = run("convert", path, "--schema", MONSTER_SCHEMA, "-c", "crc32", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["a.bin"]


@pytest.mark.parametrize("form", ["parquet", "arrow", "csv", "jsonl"])
@pytest.mark.parametrize("fault", ["message", "checksum", "torn"])
def test_convert_writes_nothing_of_a_stream_with_a_fault(form: str, fault: str, tmp_path: Path) -> None:
    path = stream(tmp_path / "a.bin")
    data = bytearray(path.read_bytes())
    if fault == "message":
        data += flatstream.framer.ChecksumFramer("crc32").header(b"no table at all") + b"no table at all"
    elif fault == "checksum":
        data[-1] ^= 1
    else:
        del data[-1]
    path.write_bytes(data)
    result = run("convert", path, "--to", form, "--schema", TELEMETRY_SCHEMA, "-c", "crc32")
    at = {"message": len(data) - 23, "checksum": 80, "torn": 80}[fault]
    assert result.exit_code == 1
    assert result.stderr.startswith(f"flatstream: error: {path}: ")
    assert result.stderr.endswith(f"(frame at offset {at})\n")
    assert [each.name for each in tmp_path.iterdir()] == ["a.bin"]


# ingest


def write_table(path: Path, table: Any) -> Path:
    if path.suffix == ".csv":
        csv.write_csv(table, path)
    else:
        parquet.write_table(table, path)
    return path


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize("rows", [1, 2, 100])
def test_ingest_makes_a_stream_of_a_table(
    form: str, rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "ROWS", rows)
    table = write_table(tmp_path / f"a.{form}", pa.Table.from_pylist(MESSAGES, schema=TELEMETRY.to_arrow([]).schema))
    out = tmp_path / "a.bin"
    result = run("ingest", table, "--schema", TELEMETRY_SCHEMA, "--out", out, "--checksum", "crc32")
    assert (result.exit_code, result.stdout) == (0, f"{out}: 3 frames, {out.stat().st_size} bytes\n")
    assert out.read_bytes() == frame_records(TELEMETRY, ROWS, "crc32")


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_ingest_shows_how_far_it_is(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[float] = []
    monkeypatch.setattr(source, "LARGE", 1)
    monkeypatch.setattr(ingest, "LARGE", 1)
    monkeypatch.setattr(source, "stderr_is_terminal", lambda: True)
    monkeypatch.setattr(Progress, "update", lambda *_args, **how: told.append(how["completed"] / how["total"]))
    table = write_table(tmp_path / f"a.{form}", pa.Table.from_pylist(MESSAGES, schema=TELEMETRY.to_arrow([]).schema))
    result = run("ingest", table, "--schema", TELEMETRY_SCHEMA, "--out", tmp_path / "a.bin")
    assert result.exit_code == 0, result.stderr
    assert told[-1] == 1.0


def test_what_is_converted_is_ingested_again(tmp_path: Path) -> None:
    path = stream(tmp_path / "a.bin", checksum="xxh3_64")
    for form in ("csv", "parquet"):
        assert run("convert", path, "--to", form, "--schema", TELEMETRY_SCHEMA).exit_code == 0
        again = tmp_path / f"{form}.bin"
        assert run("ingest", tmp_path / f"a.{form}", "--schema", TELEMETRY_SCHEMA, "--out", again).exit_code == 0
        assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("device_id\n-1\n", "CSV conversion error to uint64: invalid value '-1'"),
        ("device_id,value\n1,2\n3\n", "Expected 2 columns, got 1: 3"),
        ("device\n1\n", "telemetry.Telemetry has no field 'device'"),
        ("device_id,value\n1,2,3\n", "a.csv, line 2: Expected 2 columns, got 3: 1,2,3"),
        ("device_id\n1\nx\n", "a.csv, line 3: column device_id: CSV conversion error to uint64: invalid value 'x'"),
        ("device_id\r\n1\r\n1.5\r\n", "a.csv, line 3: column device_id: "),
        ("\n\ndevice_id,value\n\n1,2\n\n1,x", "a.csv, line 7: column value: "),
        ("device_id,value,device_id\n1,2,3\n", "a.csv: there are 2 columns device_id"),
        (
            "device_id\n" + "1" * 100_000 + "\n",
            "a.csv, line 2: column device_id: CSV conversion error to uint64: invalid",
        ),
        ("device_id\n1" + " " * 200_000 + "\nx\n", "a.csv, row 3: column device_id: "),
        ("device_id" + "x" * 200_000 + "\n1\n", "a.csv: line 1: field larger than field limit (131072)"),
        ("", "a.csv: it is empty: a line with the names of the columns comes first"),
        ("\ufeff", "a.csv: it is empty: "),
        ("\n\n", "a.csv: it is empty: "),
        ("\udcff\udcfed\0", "a.csv: the names of the columns are no UTF-8: invalid start byte"),
    ],
)
def test_ingest_of_a_table_that_does_not_fit_writes_nothing(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    out = tmp_path / "a.bin"
    out.write_bytes(b"as it was")
    result = run("ingest", path, "--schema", TELEMETRY_SCHEMA, "--out", out)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"flatstream: error: {path}")
    assert words in result.stderr
    assert result.stderr.count("\n") == 1
    assert len(result.stderr) < 1000
    assert out.read_bytes() == b"as it was"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.bin", "a.csv"]


NAMED = flatstream.Record("Named", name=field("string", required=True), id="u8", note="string", raw="[u8]")


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Arguments by which the messages are of a record with text in it."""
    monkeypatch.setattr(ingest, "record_of", lambda _schema, _root: NAMED)
    return ["--schema", "X.bfbs", "-c", "none"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id\n1\n", "there is no column name, which Named requires"),
        ('"id","name"\n1,"a\n\n"\n2,"b\n"\nx,c\n', "a.csv, line 7: column id: CSV conversion error to uint8"),
        ("name,raw\nx,y\n", "CSV has no form for raw: leave it out, or take Parquet"),
        ('id,name\n1,a\n2,"x\n3,y\n', "a.csv, line 3: a quotation mark is not closed"),
        ('id,name\n1,"x\n' + "y" * 1000, "a.csv: a row is longer than 64 bytes: is there a quotation mark that is not"),
        ("id,name\n1,a\n1,\udce4\n", "a.csv, line 3: column name: CSV conversion error to string: invalid UTF8 data"),
    ],
)
def test_ingest_of_text_that_does_not_fit(
    text: str, words: str, named: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_rows, "BLOCK", 64)
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    result = run("ingest", path, "--out", tmp_path / "a.bin", *named)
    assert result.exit_code == 2
    assert words in result.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["a.csv"]


@pytest.mark.parametrize("text", [b"", b"a", b"a\n", b"a\nbc", b"a\nbcd", b"a\nbcd\n"])
@pytest.mark.parametrize("size", [1, 2, 4, 5, 6, 100])
@pytest.mark.parametrize("given", [1, 100])
def test_each_line_of_csv_has_an_end(text: bytes, size: int, given: int) -> None:
    file = io.BytesIO(text)
    read = csv_rows._Source(lambda size: file.read(min(size, given))).read
    parts = list(iter(lambda: read(size), b""))
    assert b"".join(parts) == (text if not text or text.endswith(b"\n") else text + b"\n")
    assert {len(part) for part in parts[:-1]} <= {size}


def test_ingest_reads_csv_in_portions(named: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_rows, "BLOCK", 64)
    path = tmp_path / "a.csv"
    path.write_text("id,name\n" + "".join(f"{row},{row}\n" for row in range(100)), "utf-8")
    assert run("ingest", path, "--out", tmp_path / "a.bin", *named).exit_code == 0
    assert NAMED.columns(flatstream.scan(tmp_path / "a.bin"))["id"].tolist() == list(range(100))
    path.write_text(path.read_text("utf-8") + "100,x\n256,y\n", "utf-8")
    assert "a.csv, line 103: column id: " in run("ingest", path, "--out", tmp_path / "b.bin", *named).stderr


def test_ingest_of_a_file_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    result = run("ingest", path, "--schema", TELEMETRY_SCHEMA, "--out", tmp_path / "a.bin")
    assert (result.exit_code, result.stderr) == (2, f"flatstream: error: {path}: No such file or directory\n")


def test_ingest_tells_empty_text_from_none(named: list[object], tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b'\xef\xbb\xbfnote,name,id\n,,\n"","",2\n"x\n\n,""y",z,3\nNA,null,4')
    assert run("ingest", path, "--out", tmp_path / "a.bin", *named).exit_code == 0
    read = [NAMED.decode(payload) for payload in flatstream.StreamReader((tmp_path / "a.bin").read_bytes())]
    assert [(each["note"], each["name"], each["id"]) for each in read] == [
        (None, "", 0),
        ("", "", 2),
        ('x\n\n,"y', "z", 3),
        ("NA", "null", 4),
    ]


def test_numbers_that_are_none_come_back_from_csv(tmp_path: Path) -> None:
    values = [float("nan"), float("inf"), float("-inf"), -0.0]
    path = stream(tmp_path / "a.bin", TELEMETRY, {"value": values}, "xxh3_64")
    assert run("convert", path, "--to", "csv", "--schema", TELEMETRY_SCHEMA).exit_code == 0
    again = tmp_path / "b.bin"
    assert run("ingest", tmp_path / "a.csv", "--schema", TELEMETRY_SCHEMA, "--out", again).exit_code == 0
    assert [str(value) for value in TELEMETRY.columns(flatstream.scan(again, "xxh3_64"))["value"]] == [
        str(value) for value in values
    ]


@pytest.mark.parametrize("text", ["device_id,value", "device_id,value\n"])
def test_a_header_alone_is_a_stream_without_frames(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text, "utf-8")
    result = run("ingest", path, "--schema", TELEMETRY_SCHEMA, "--out", tmp_path / "a.bin")
    assert (result.exit_code, (tmp_path / "a.bin").read_bytes()) == (0, b"")
    assert result.stderr == f"flatstream: note: {path} has no column for timestamp\n"


def test_ingest_tells_what_it_did_as_json(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("value\n1\n2\n", "utf-8")
    out = tmp_path / "a.bin"
    result = run("ingest", path, "--schema", TELEMETRY_SCHEMA, "--out", out, "--json", "-c", "none")
    assert (result.exit_code, result.stderr) == (0, "")
    told = {"file": str(out), "frames": 2, "size": out.stat().st_size, "checksum": "none"}
    assert json.loads(result.stdout) == {**told, "absent": ["device_id", "timestamp"]}


def test_of_many_fields_without_a_column_only_the_number_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("name\nx\n", "utf-8")
    result = run("ingest", path, "--schema", MONSTER_SCHEMA, "--out", tmp_path / "a.bin")
    assert result.stderr == f"flatstream: note: {path} has no column for 26 of 27 fields\n"


def test_ingest_says_what_is_wrong_with_a_parquet_file(tmp_path: Path) -> None:
    path = write_table(tmp_path / "a.parquet", pa.table({"device_id": [1, 2, 3]}))
    data = bytearray(path.read_bytes())
    for damaged, words in ((b"", "Parquet file size is 0 bytes"), (b"\xff" * 36, "Couldn't deserialize thrift")):
        data[4:40] = damaged
        path.write_bytes(data if damaged else b"")
        result = run("ingest", path, "--schema", TELEMETRY_SCHEMA, "--out", tmp_path / "a.bin")
        assert result.exit_code == 2
        assert result.stderr.startswith(f"flatstream: error: {path}: ")
        assert words in result.stderr


def test_ingest_names_the_row_at_which_a_value_does_not_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "ROWS", 2)
    table = write_table(tmp_path / "a.parquet", pa.table({"device_id": [1, 2, 3, -4]}))
    result = run("ingest", table, "--schema", TELEMETRY_SCHEMA, "--out", tmp_path / "a.bin")
    assert result.exit_code == 2
    assert "a.parquet, row 4: telemetry.Telemetry.device_id: -4 is out of the range of u64" in result.stderr


def test_ingest_takes_only_tables_that_it_knows(tmp_path: Path) -> None:
    path = tmp_path / "a.xls"
    path.write_bytes(b"")
    result = run("ingest", path, "--schema", TELEMETRY_SCHEMA, "--out", tmp_path / "a.bin")
    assert (result.exit_code, result.stderr.split(" (")[0]) == (
        2,
        f"flatstream: error: {path} is neither .csv nor .parquet",
    )


def test_what_is_no_regular_file_is_never_replaced(tmp_path: Path) -> None:
    path = stream(tmp_path / "a.bin")
    result = run("convert", path, "--to", "jsonl", "--schema", TELEMETRY_SCHEMA, "--out", os.devnull)
    assert result.exit_code == 0
    assert not Path(os.devnull).is_file()
    link, kept = tmp_path / "link.jsonl", tmp_path / "kept.jsonl"
    link.symlink_to(kept)
    assert run("convert", path, "--to", "jsonl", "--schema", TELEMETRY_SCHEMA, "--out", link).exit_code == 0
    assert link.is_symlink()
    assert lines(kept.read_text("utf-8")) == MESSAGES


def test_a_folder_that_there_is_not_is_named(tmp_path: Path) -> None:
    out = tmp_path / "missing" / "a.jsonl"
    result = run(
        "convert",
        stream(tmp_path / "a.bin"),
        "--to",
        "jsonl",
        "--schema",
        TELEMETRY_SCHEMA,
        "--out",
        out,
        "-c",
        "crc32",
    )
    assert (result.exit_code, result.stderr) == (2, f"flatstream: error: {out}: No such file or directory\n")


def test_no_file_is_written_over_itself(tmp_path: Path) -> None:
    path = stream(tmp_path / "a.arrow")
    before = path.read_bytes()
    for arguments in (["convert", path, "--to", "arrow"], ["convert", path, "--to", "jsonl", "--out", path]):
        result = run(*arguments, "--schema", TELEMETRY_SCHEMA, "-c", "crc32")
        assert (result.exit_code, path.read_bytes()) == (2, before)
        assert "a.arrow would be written over itself" in result.stderr
    table = tmp_path / "a.csv"
    table.write_text("device_id\n1\n", "utf-8")
    assert run("ingest", table, "--schema", TELEMETRY_SCHEMA, "--out", table).exit_code == 2
    assert table.read_text("utf-8") == "device_id\n1\n"


@pytest.mark.parametrize("command", ["convert", "ingest"])
def test_without_pyarrow_the_extra_is_named(command: str, tmp_path: Path, without: Callable[..., str]) -> None:
    path = stream(tmp_path / "a.bin")
    out = {"convert": ["--to", "parquet"], "ingest": ["--out", str(tmp_path / "b.bin")]}[command]
    arguments = [command, str(path), "--schema", str(TELEMETRY_SCHEMA), *out]
    code = f"""
from click.testing import CliRunner
from flatstream.cli.app import cli
result = CliRunner().invoke(cli, {arguments!r})
print(result.exit_code, result.stderr.splitlines()[-1])
"""
    said = without(code, "pyarrow")
    assert said == "2 flatstream: error: this needs PyArrow: pip install 'flatstream[arrow]'\n"
