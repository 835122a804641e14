"""LOBSTER: what is in the CSV files is in the streams, value by value; and what is wrong is said with its place."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import zipfile
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

import flatstream
from flatstream.lobster import (
    LobsterError,
    LobsterMessage,
    LobsterOrderbook,
    ingest,
    read_shasums,
    verify,
    write_sample,
)

if TYPE_CHECKING:
    from pathlib import Path

MESSAGE = "34200.5,1,11,100,2949000,1"
BOOK = "2949100,200,2948900,300"
ONE = "T_2024-01-02_34200000_57600000_{}_1.csv"


def make_zip(path: Path, files: dict[str, str | bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def pair(path: Path, messages: str | bytes, book: str | bytes) -> Path:
    return make_zip(path, {ONE.format("message"): messages, ONE.format("orderbook"): book})


def rows_of(path: Path, word: str) -> list[list[str]]:
    with zipfile.ZipFile(path) as archive:
        (name,) = (name for name in archive.namelist() if f"_{word}_" in name)
        return list(csv.reader(io.StringIO(archive.read(name).decode("ascii"))))


def read(path: Path, kind: type[Any], checksum: str = "none") -> list[Any]:
    with flatstream.open(path, "rb", checksum=checksum, copy=True) as reader:
        return list(reader.typed_messages(kind))


def message_values(message: Any) -> list[float]:
    return [
        message.Time(), message.Type(), message.OrderId(), message.Size(), message.Price(), message.Direction()
    ]  # fmt: skip


def book_values(book: Any) -> list[int]:
    assert book.AsksLength() == book.BidsLength()
    levels = [(book.Asks(k), book.Bids(k)) for k in range(book.AsksLength())]
    return [number for pair in levels for level in pair for number in (level.Price(), level.Size())]


# Ingestion, value by value


@pytest.mark.parametrize(
    ("seed", "levels", "checksum"),
    [(0, 1, "none"), (1, 2, "crc16"), (2, 5, "crc32"), (3, 10, "xxh3_64"), (4, 50, "xxh3_64"), (5, 50, "none")],
)
def test_every_value_of_a_sample_comes_back(tmp_path: Path, seed: int, levels: int, checksum: str) -> None:
    sample = write_sample(tmp_path, rows=300, levels=levels, seed=seed)
    result = ingest(sample.path, tmp_path / "out", checksum=checksum)

    assert result.message is not None
    assert result.orderbook is not None
    assert result.message.path == tmp_path / "out" / f"{sample.path.stem}-message.bin"
    assert result.orderbook.path == tmp_path / "out" / f"{sample.path.stem}-orderbook.bin"
    assert (result.message.frames, result.orderbook.frames, result.unpaired) == (300, 300, 0)
    assert result.message.size == result.message.path.stat().st_size
    assert result.orderbook.size == result.orderbook.path.stat().st_size

    csv_messages = rows_of(sample.path, "message")
    messages = read(result.message.path, LobsterMessage, checksum)
    assert [message_values(each) for each in messages] == [[float(row[0]), *map(int, row[1:])] for row in csv_messages]
    books = read(result.orderbook.path, LobsterOrderbook, checksum)
    assert [book_values(each) for each in books] == [list(map(int, row)) for row in rows_of(sample.path, "orderbook")]
    assert [each.Time() for each in books] == [float(row[0]) for row in csv_messages]


def test_extremes_of_every_column_come_back(tmp_path: Path) -> None:
    messages = [
        f"0,1,{2**64 - 1},{2**32 - 1},{2**63 - 1},1",
        f"57600.999999999,7,0,0,{-(2**63)},-1",
        "3.42e4,6,9007199254740993,1,9007199254740993,0",
    ]
    books = [f"{2**63 - 1},{2**64 - 1},{-(2**63)},0", "9999999999,0,-9999999999,0", "9007199254740993,1,1,1"]
    source = pair(tmp_path / "x.zip", "\n".join(messages), "\r\n".join(books) + "\r\n")
    result = ingest(source, tmp_path)
    assert result.message is not None
    assert result.orderbook is not None
    assert [message_values(each) for each in read(result.message.path, LobsterMessage)] == [
        [0.0, 1, 2**64 - 1, 2**32 - 1, 2**63 - 1, 1],
        [57600.999999999, 7, 0, 0, -(2**63), -1],
        [34200.0, 6, 9007199254740993, 1, 9007199254740993, 0],
    ]
    assert [book_values(each) for each in read(result.orderbook.path, LobsterOrderbook)] == [
        [int(cell) for cell in row.split(",")] for row in books
    ]


def test_a_book_without_messages_has_the_time_zero(tmp_path: Path) -> None:
    source = make_zip(tmp_path / "x.zip", {ONE.format("orderbook"): f"{BOOK}\n{BOOK}\n"})
    result = ingest(source, tmp_path)
    assert result.message is None
    assert result.orderbook is not None
    assert result.unpaired == 2
    assert [each.Time() for each in read(result.orderbook.path, LobsterOrderbook)] == [0.0, 0.0]
    assert not (tmp_path / "x-message.bin").exists()


def test_messages_without_a_book_make_one_file(tmp_path: Path) -> None:
    source = make_zip(tmp_path / "x.zip", {f"folder/{ONE.format('message')}": f"{MESSAGE}\n", "readme.txt": "?"})
    result = ingest(source, tmp_path)
    assert result.orderbook is None
    assert result.message is not None
    assert [each.OrderId() for each in read(result.message.path, LobsterMessage)] == [11]


def test_rows_of_the_book_beyond_its_messages_have_the_time_zero(tmp_path: Path) -> None:
    result = ingest(pair(tmp_path / "x.zip", MESSAGE, f"{BOOK}\n{BOOK}\n{BOOK}\n"), tmp_path)
    assert result.orderbook is not None
    assert [each.Time() for each in read(result.orderbook.path, LobsterOrderbook)] == [34200.5, 0.0, 0.0]
    assert result.unpaired == 2


def test_messages_beyond_the_book_are_kept(tmp_path: Path) -> None:
    result = ingest(pair(tmp_path / "x.zip", f"{MESSAGE}\n{MESSAGE}\n", BOOK), tmp_path)
    assert result.message is not None
    assert result.orderbook is not None
    assert (result.message.frames, result.orderbook.frames, result.unpaired) == (2, 1, 0)


def test_files_are_paired_by_name_and_follow_each_other_by_name(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "B_message_1.csv": "2,1,2,1,1,1",
        "B_orderbook_1.csv": BOOK,
        "A_orderbook_1.csv": BOOK,
        "A_message_1.csv": "1,1,1,1,1,1",
        "A_orderbook_2.csv": f"{BOOK},{BOOK}",  # of another level: a pair of its own, without messages
        "__MACOSX/._A_message_1.csv": b"\0\1",
    }
    result = ingest(make_zip(tmp_path / "x.zip", files), tmp_path)
    assert result.message is not None
    assert result.orderbook is not None
    assert [each.OrderId() for each in read(result.message.path, LobsterMessage)] == [1, 2]
    books = read(result.orderbook.path, LobsterOrderbook)
    assert [(each.Time(), each.AsksLength()) for each in books] == [(1.0, 1), (0.0, 2), (2.0, 1)]


def test_empty_files_make_empty_streams(tmp_path: Path) -> None:
    result = ingest(pair(tmp_path / "x.zip", "", ""), tmp_path)
    assert result.message is not None
    assert result.orderbook is not None
    assert (result.message.size, result.orderbook.size) == (0, 0)


def test_progress_is_told_up_to_the_end(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    sample = write_sample(tmp_path, rows=700, levels=40)
    ingest(sample.path, tmp_path, progress=lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert len(told) > 2
    assert told[-1][0] == told[-1][1]


# What is wrong with a row, and where

BAD_MESSAGES = [
    ("34200.5,1,11,100,2949000", None, "5 columns where there must be 6"),
    (f"{MESSAGE},1", None, "7 columns where there must be 6"),
    ("", None, "0 columns where there must be 6"),
    ("x,1,11,100,2949000,1", 1, "time: 'x' is no number of seconds after midnight"),
    ("-1,1,11,100,2949000,1", 1, "time: '-1'"),
    ("nan,1,11,100,2949000,1", 1, "time: 'nan'"),
    ("1e999,1,11,100,2949000,1", 1, "time: '1e999'"),
    ("34200.5,0,11,100,2949000,1", 2, "type: '0' is no integer from 1 to 7"),
    ("34200.5,8,11,100,2949000,1", 2, "type: '8'"),
    ("34200.5,1,-1,100,2949000,1", 3, "order id: '-1'"),
    (f"34200.5,1,{2**64},100,2949000,1", 3, f"order id: '{2**64}'"),
    ("34200.5,1,1_1,100,2949000,1", 3, "order id: '1_1'"),
    ('34200.5,1,"11",100,2949000,1', 3, "order id: '\"11\"' is no integer"),
    ('34200.5,1,"1,1",100,2949000,1', None, "7 columns where there must be 6"),
    ("34200.5,1, 11,100,2949000,1", 3, "order id: ' 11'"),
    (f"34200.5,1,11,{2**32},2949000,1", 4, "size: '4294967296' is no integer from 0 to 4294967295"),
    ("34200.5,1,11,100.0,2949000,1", 4, "size: '100.0'"),
    (f"34200.5,1,11,100,{2**63},1", 5, "price"),
    ("34200.5,1,11,100,2949000,2", 6, "direction: '2' is no integer from -1 to 1"),
    ("34200.5,1,11,100,2949000,\u0663", 6, r"direction: '\\xd9\\xa3'"),
    (f"34200.5,1,11,100,2949000,{'9' * 100}", 6, f"direction: '{'9' * 37}...'"),
    ("34200.5,1" + "1" * 70_000, None, "a line of 65536 characters or more"),
]


@pytest.mark.parametrize(("row", "column", "reason"), BAD_MESSAGES)
def test_a_bad_message_is_refused_with_its_place(tmp_path: Path, row: str, column: int | None, reason: str) -> None:
    source = pair(tmp_path / "x.zip", f"{MESSAGE}\n{row}\n".encode(), f"{BOOK}\n{BOOK}\n")
    with pytest.raises(LobsterError) as caught:
        ingest(source, tmp_path / "out")
    error = caught.value
    assert error.reason.startswith(reason)
    assert (error.file, error.line, error.column) == (f"x.zip/{ONE.format('message')}", 2, column)
    place = f"x.zip/{ONE.format('message')}, line 2" + (f", column {error.column}" if error.column else "")
    assert str(error) == f"{place}: {error.reason}"
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ("1,2,3", None, "3 columns where there must be 4"),
        ("1,2,3,x", 4, "bid size 1: 'x' is no integer from 0 to 18446744073709551615"),
        ("1,-2,3,4", 2, "ask size 1: '-2'"),
        (f"{2**63},2,3,4", 1, "ask price 1"),
        (f"1,2,{-(2**63) - 1},4", 3, "bid price 1"),
        (f"1,2,3,{2**64}", 4, "bid size 1"),
        ('1,2,"3",4', 3, "bid price 1: '\"3\"'"),
    ],
)
def test_a_bad_book_row_is_refused_with_its_place(tmp_path: Path, row: str, column: int | None, reason: str) -> None:
    with pytest.raises(LobsterError) as caught:
        ingest(pair(tmp_path / "x.zip", MESSAGE, f"{BOOK}\n{row}\n"), tmp_path / "out")
    assert caught.value.reason.startswith(reason)
    assert (caught.value.line, caught.value.column) == (2, column)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("row", ["1,2,3", "1,2,3,4,5", ""])
def test_a_book_has_four_columns_for_each_level(tmp_path: Path, row: str) -> None:
    with pytest.raises(LobsterError, match=r"columns, which are not 4 for each level$"):
        ingest(pair(tmp_path / "x.zip", MESSAGE, f"{row}\n{BOOK}\n"), tmp_path / "out")


def test_an_error_in_the_second_row_of_a_level_names_the_level(tmp_path: Path) -> None:
    with pytest.raises(LobsterError, match=r"line 1, column 7: bid price 2: 'x'"):
        ingest(pair(tmp_path / "x.zip", MESSAGE, f"{BOOK},1,2,x,4"), tmp_path / "out")


def test_an_error_leaves_the_files_of_before_as_they_were(tmp_path: Path) -> None:
    ingest(pair(tmp_path / "x.zip", MESSAGE, BOOK), tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.glob("*.bin")}
    pair(tmp_path / "x.zip", f"{MESSAGE}\n{MESSAGE}\n", f"{BOOK}\nx\n")
    with pytest.raises(LobsterError):
        ingest(tmp_path / "x.zip", tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.suffix != ".zip"} == before


@pytest.mark.parametrize(("start", "reason"), [("0\n", "1 columns where"), ("0", "a line of 65536 characters")])
def test_a_file_is_not_read_further_than_its_first_bad_row(tmp_path: Path, start: str, reason: str) -> None:
    told: list[tuple[int, int]] = []
    source = make_zip(tmp_path / "x.zip", {"A_message_1.csv": start * (20 * 2**20)})
    with pytest.raises(LobsterError, match=f"line 1: {reason}"):
        ingest(source, tmp_path, progress=lambda done, total: told.append((done, total)))
    assert told[-1][0] <= 2**20
    assert told[-1][1] >= 20 * 2**20


def test_a_folder_in_the_place_of_a_stream_is_found_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "out" / "x-orderbook.bin").mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        ingest(pair(tmp_path / "x.zip", MESSAGE, BOOK), tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["x-orderbook.bin"]


# What is wrong with a ZIP


def test_a_file_that_is_no_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"PK, but not really")
    with pytest.raises(LobsterError, match=r"^x\.zip: not a ZIP that can be read: "):
        ingest(tmp_path / "x.zip", tmp_path)


def test_a_zip_of_other_things_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LobsterError, match=r"^x\.zip: holds no file \*_message_\*\.csv or \*_orderbook_\*\.csv$"):
        ingest(make_zip(tmp_path / "x.zip", {"readme.txt": "hello"}), tmp_path)


def test_a_zip_with_the_same_file_twice_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("A_message_1.csv", MESSAGE)
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("A_message_1.csv", MESSAGE)
    with pytest.raises(LobsterError, match=r"^x\.zip/A_message_1\.csv: the ZIP holds this file twice$"):
        ingest(tmp_path / "x.zip", tmp_path)


def test_an_entry_whose_bytes_are_damaged_is_refused(tmp_path: Path) -> None:
    source = make_zip(tmp_path / "x.zip", {"A_message_1.csv": f"{MESSAGE}\n"}, zipfile.ZIP_STORED)
    source.write_bytes(source.read_bytes().replace(b"34200.5", b"34200.6", 1))
    with pytest.raises(LobsterError, match=r"^x\.zip/A_message_1\.csv: not a ZIP that can be read: Bad CRC-32"):
        ingest(source, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_damaged_compression_is_refused(tmp_path: Path, compression: int) -> None:
    source = make_zip(tmp_path / "x.zip", {"A_message_1.csv": f"{MESSAGE}\n" * 100}, compression)
    data = bytearray(source.read_bytes())
    start = data.index(b".csv") + 4
    data[start + 10 : start + 30] = b"\xff" * 20
    source.write_bytes(data)
    with pytest.raises(LobsterError, match=r"^x\.zip/A_message_1\.csv: not a ZIP that can be read: "):
        ingest(source, tmp_path / "out")


def test_an_offset_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    source = make_zip(tmp_path / "x.zip", {"A_message_1.csv": MESSAGE})
    data = bytearray(source.read_bytes())
    end = data.rindex(b"PK\5\6")
    data[end + 12 : end + 20] = b"\xff\xff\0\0\0\0\0\0"  # a directory that is larger than the file
    source.write_bytes(data)
    with pytest.raises(LobsterError, match=r"^x\.zip: not a ZIP that can be read: "):
        ingest(source, tmp_path / "out")


def test_an_encrypted_entry_is_refused(tmp_path: Path) -> None:
    source = make_zip(tmp_path / "x.zip", {"A_message_1.csv": MESSAGE}, zipfile.ZIP_STORED)
    data = bytearray(source.read_bytes())
    data[6] |= 1  # the flag of the entry
    data[data.index(b"PK\1\2") + 8] |= 1  # and the one of the directory
    source.write_bytes(data)
    with pytest.raises(LobsterError, match="is encrypted"):
        ingest(source, tmp_path / "out")


def test_an_error_of_the_system_comes_through(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        ingest(tmp_path / "none.zip", tmp_path)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError, match="file"):
        ingest(pair(tmp_path / "x.zip", MESSAGE, BOOK), tmp_path / "file")


def test_an_unknown_checksum_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no checksum named 'crc99'"):
        ingest(pair(tmp_path / "x.zip", MESSAGE, BOOK), tmp_path, checksum="crc99")


# Lists of SHA-256


def test_a_zip_is_compared_with_the_list_beside_it(tmp_path: Path) -> None:
    source = pair(tmp_path / "x.zip", MESSAGE, BOOK)
    assert not verify(source)
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    shasums = tmp_path / "SHASUMS.txt"
    shasums.write_text(f"# ours\n\n{digest.upper()} *zips/x.zip\n{'0' * 64}  other.zip\n", encoding="utf-8")
    assert verify(source)
    assert verify(source, shasums)
    shasums.write_text(f"{'0' * 64}  x.zip\n", encoding="utf-8")
    with pytest.raises(LobsterError, match=rf"^x\.zip: SHA-256 {digest}, but SHASUMS\.txt says 0{{64}}$"):
        verify(source)


def test_a_zip_that_the_list_does_not_name(tmp_path: Path) -> None:
    source = pair(tmp_path / "x.zip", MESSAGE, BOOK)
    shasums = tmp_path / "SHASUMS.txt"
    shasums.write_text("", encoding="utf-8")
    assert not verify(source)
    with pytest.raises(LobsterError, match=r"^x\.zip: not named in SHASUMS\.txt$"):
        verify(source, shasums)


@pytest.mark.parametrize("line", ["abc  x.zip", f"{'0' * 64}", f"{'g' * 64}  x.zip", f"{'0' * 64}x.zip"])
def test_a_line_that_is_no_digest_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "list").write_text(f"{'1' * 64}  a.zip\n{line}\n", encoding="utf-8")
    with pytest.raises(LobsterError, match=r"^list, line 2: no line of sha256sum"):
        read_shasums(tmp_path / "list")


def test_two_digests_of_one_name_are_refused_unless_they_are_the_same(tmp_path: Path) -> None:
    (tmp_path / "list").write_text(f"{'1' * 64}  a.zip\n{'1' * 64}  a.zip\n", encoding="utf-8")
    assert read_shasums(tmp_path / "list") == {"a.zip": "1" * 64}
    (tmp_path / "list").write_text(f"{'1' * 64}  a.zip\n{'2' * 64}  a.zip\n", encoding="utf-8")
    with pytest.raises(LobsterError, match=r"line 2: a second, different digest of a\.zip"):
        read_shasums(tmp_path / "list")


# Samples


def test_the_same_arguments_give_the_same_bytes_everywhere(tmp_path: Path) -> None:
    first = write_sample(tmp_path / "a", rows=500, levels=7, seed=42)
    again = write_sample(tmp_path / "b", rows=500, levels=7, seed=42)
    other = write_sample(tmp_path / "c", rows=500, levels=7, seed=43)
    assert first.path.read_bytes() == again.path.read_bytes() != other.path.read_bytes()
    # Made once, with CPython 3.11 on Linux: another system or version must come to the same.
    assert (
        hashlib.sha256(first.path.read_bytes()).hexdigest()
        == "750b34b35e3436abb090450548b93d08cfa9a15c9220b93f13fe7dfb4a8d0006"
    )


@pytest.mark.parametrize("levels", [1, 2, 10, 50])
def test_a_sample_has_the_form_of_lobster(tmp_path: Path, levels: int) -> None:
    sample = write_sample(tmp_path, rows=1500, levels=levels, seed=levels, ticker="ABC.D")
    assert sample.path.name == f"ABC.D_2024-01-02_{levels}.zip"
    assert sample.size == sample.path.stat().st_size
    with zipfile.ZipFile(sample.path) as archive:
        assert archive.namelist() == [
            f"ABC.D_2024-01-02_34200000_57600000_{kind}_{levels}.csv" for kind in ("message", "orderbook")
        ]
    messages, books = rows_of(sample.path, "message"), rows_of(sample.path, "orderbook")
    times = [float(row[0]) for row in messages]
    assert all(re.fullmatch(r"\d{5}\.\d{9}", row[0]) for row in messages)
    assert all(before < after for before, after in pairwise(times))
    assert 34200 <= times[0] < times[-1] < 57600
    assert {row[1] for row in messages} == {"1", "2", "3", "4", "5", "7"}
    assert [row[2:] for row in messages if row[1] == "7"] == [["0", "0", price, "-1"] for price in ("-1", "0", "1")]
    for row in books:
        numbers = list(map(int, row))
        assert len(numbers) == 4 * levels
        asks, bids = numbers[0::4], numbers[2::4]
        assert asks[0] > bids[0]
        assert all(here < there for here, there in pairwise(asks) if there != 9999999999)
        assert all(here > there for here, there in pairwise(bids) if there != -9999999999)
        pairs = zip(numbers[0::2], numbers[1::2], strict=True)
        assert all((size == 0) == (abs(price) == 9999999999) for price, size in pairs)


def test_the_book_of_a_sample_follows_its_messages(tmp_path: Path) -> None:
    sample = write_sample(tmp_path, rows=2000, levels=5, seed=9)
    messages, books = rows_of(sample.path, "message"), rows_of(sample.path, "orderbook")
    seen = 0
    for before, message, after in zip(books, messages[1:], books[1:], strict=False):
        kind, _, size, price, direction = map(int, message[1:])
        side = slice(2, None, 4) if direction == 1 else slice(0, None, 4)
        depth = slice(3, None, 4) if direction == 1 else slice(1, None, 4)
        old = dict(zip(before[side], map(int, before[depth]), strict=True))
        new = dict(zip(after[side], map(int, after[depth]), strict=True))
        if kind in {5, 7}:
            assert before == after
        elif kind == 1 and str(price) in old:
            assert new[str(price)] == old[str(price)] + size
        elif kind == 1:
            assert new[str(price)] == size
        else:
            assert new.get(str(price), 0) == old[str(price)] - size
            seen += 1
    assert seen > 100


def test_the_price_of_a_sample_moves(tmp_path: Path) -> None:
    best = [row[0] for row in rows_of(write_sample(tmp_path, rows=2000, levels=10).path, "orderbook")]
    assert len(set(best)) > 10


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"rows": 0}, "rows must be 1 or more, not 0"),
        ({"levels": 0}, "levels must be from 1 to 50, not 0"),
        ({"levels": 51}, "levels must be from 1 to 50, not 51"),
        ({"ticker": "a_b"}, "ticker must be"),
        ({"ticker": "../UP"}, "ticker must be"),
    ],
)
def test_a_sample_refuses_arguments_out_of_range(tmp_path: Path, arguments: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        write_sample(tmp_path / "out", **arguments)
    assert not (tmp_path / "out").exists()


def test_a_sample_that_is_interrupted_leaves_nothing(tmp_path: Path) -> None:
    def stop(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_sample(tmp_path, rows=2000, progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_a_sample_tells_its_progress(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    write_sample(tmp_path, rows=2000, levels=1, progress=lambda done, total: told.append((done, total)))
    assert told == [(1000, 4000), (2000, 4000), (3000, 4000), (4000, 4000)]
