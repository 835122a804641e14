"""Streams at a URL are read as files are."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import fsspec
import pytest
from click.testing import CliRunner, Result

import flatstream
from flatstream import MissingExtra, StreamIOError, build_index, remote
from flatstream.cli.app import cli
from flatstream.index import sidecar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PAYLOADS = [b"one", b"", b"x" * 400_000, b"four"]


@pytest.fixture
def url() -> Iterator[str]:
    memory = fsspec.filesystem("memory")
    memory.pipe("/bucket/journal.bin", bytes(flatstream.frame_many(PAYLOADS, "crc32")))
    yield "memory://bucket/journal.bin"
    memory.rm("/bucket", recursive=True)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(each) for each in arguments], env={"COLUMNS": "120"})


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("s3://bucket/a.bin", True),
        ("simplecache::s3://bucket/a.bin", True),
        ("file:///a.bin", True),
        ("C:\\a.bin", False),
        ("C://a.bin", False),
        ("a.bin", False),
        ("./a://b", False),
    ],
)
def test_urls_are_told_from_paths(path: str, is_one: bool) -> None:
    assert remote.is_url(path) is is_one


def test_reading_scanning_and_seeking(url: str) -> None:
    with flatstream.open(url, checksum="crc32", copy=True) as reader:
        assert list(reader) == PAYLOADS
        reader.seek_frame(3)
        assert list(reader) == PAYLOADS[3:]
    assert list(flatstream.scan(url, "crc32").checked()) == PAYLOADS


def test_a_sidecar_beside_a_url_is_used(url: str, tmp_path: Path) -> None:
    made = build_index(url, "crc32", step=10)
    made.save(tmp_path / "sidecar")
    fsspec.filesystem("memory").pipe("/bucket/journal.bin.fsindex", (tmp_path / "sidecar").read_bytes())
    assert remote.exists(sidecar(url))
    with flatstream.open(url, checksum="crc32", copy=True, index=True) as reader:
        reader.seek_frame(2)
        assert list(reader) == PAYLOADS[2:]


def test_only_the_ranges_that_are_needed_are_asked_for(tmp_path: Path) -> None:
    stream = bytes(flatstream.frame_many([b"x" * 992] * 40_000, "xxh3_64"))
    memory = fsspec.filesystem("memory")
    made = build_index(io.BytesIO(stream), "xxh3_64")

    class Ranged(fsspec.AbstractFileSystem):  # type: ignore[misc]  # which publishes no types
        protocol = "ranged"
        asked = 0

        def info(self, _path: str, **_options: Any) -> dict[str, Any]:
            return {"name": "x", "size": len(stream), "type": "file"}

        def _open(self, path: str, **options: Any) -> Any:
            class File(fsspec.spec.AbstractBufferedFile):  # type: ignore[misc]  # the same
                def _fetch_range(self, start: int, end: int) -> bytes:
                    Ranged.asked += end - start
                    return stream[start:end]

            options.pop("mode")
            return File(self, path, "rb", size=len(stream), **options)

    fsspec.register_implementation("ranged", Ranged, clobber=True)
    with flatstream.open("ranged://x", checksum="xxh3_64", index=made) as reader:
        reader.seek_frame(30_000)
        assert next(iter(reader)) == b"x" * 992
    assert 0 < Ranged.asked < len(stream)
    memory.store.clear()


def test_paths_and_urls_are_opened_and_looked_for_in_one_way(url: str, tmp_path: Path) -> None:
    path = tmp_path / "journal.bin"
    assert not remote.exists(path)
    path.write_bytes(fsspec.filesystem("memory").cat_file("/bucket/journal.bin"))
    for place in (url, path, str(path)):
        assert remote.exists(place)
        with remote.opened(place) as file:
            assert file.read() == path.read_bytes()
            assert isinstance(file, io.FileIO) is (place is not url)  # unbuffered


def test_a_missing_file_is_an_os_error(url: str) -> None:
    with pytest.raises(FileNotFoundError):
        flatstream.open(url + ".none")
    assert not remote.exists(url + ".none")


def test_what_goes_wrong_elsewhere_is_an_io_error(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise RuntimeError("403")

    monkeypatch.setattr("fsspec.implementations.memory.MemoryFileSystem.open", refuse)
    with pytest.raises(StreamIOError, match="RuntimeError: 403"):
        flatstream.open(url)


def test_an_unknown_protocol_is_said(url: str) -> None:
    with pytest.raises(StreamIOError, match="Protocol not known: nowhere"):
        flatstream.open("nowhere://bucket/a.bin")


def test_a_protocol_whose_package_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_url: str) -> None:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr("fsspec.core.url_to_fs", missing)
    with pytest.raises(MissingExtra, match=r"^this needs another package: Install s3fs to access S3$"):
        flatstream.open("s3://bucket/a.bin")


def test_without_fsspec_the_extra_is_named(without: Callable[..., str]) -> None:
    code = """
import flatstream
try:
    flatstream.open("memory://a.bin")
except flatstream.MissingExtra as error:
    print(error)
"""
    assert without(code, "fsspec").strip() == "this needs fsspec: pip install 'flatstream[fsspec]'"


@pytest.mark.parametrize(
    ("mode", "options"),
    [("wb", {}), ("ab", {}), ("rb", {"mapped": True}), ("rb", {"follow": True})],
)
def test_what_is_for_files_alone_is_refused(url: str, mode: Any, options: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (each has a text of its own)
        flatstream.open(url, mode, **options)


def test_the_commands_read_urls(url: str) -> None:
    result = run("verify", url, "--checksum", "crc32")
    assert (result.exit_code, "good  memory://bucket/journal.bin: 4 good frames" in result.stdout) == (0, True)
    assert run("cat", url, "--format", "len").stdout.split() == ["3", "0", "400000", "4"]
    assert "400,039 bytes" in run("inspect", url).stdout


@pytest.mark.parametrize("arguments", [["cat", "--follow", "-c", "crc32"], ["index"]])
def test_what_a_command_does_not_do_with_a_url_is_said(url: str, arguments: list[str]) -> None:
    result = run(*arguments, url)
    assert (result.exit_code, "URL" in result.stderr) == (2, True)


def test_a_url_is_indexed_into_a_file(url: str, tmp_path: Path) -> None:
    assert run("index", url, "-c", "crc32", "--out", tmp_path / "sidecar").exit_code == 0
    assert flatstream.Index.load(tmp_path / "sidecar").frames == 4


@pytest.mark.parametrize("command", ["verify", "inspect", "cat"])
def test_what_goes_wrong_while_the_algorithm_is_guessed_is_said(
    url: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing(io.BytesIO):
        def read(self, _size: int | None = -1, /) -> bytes:
            raise RuntimeError("500")

    monkeypatch.setattr(remote, "opened", lambda _url: Failing(b"12345"))
    result = run(command, url)
    assert (result.exit_code, result.stderr) == (2, "flatstream: error: reading failed: RuntimeError: 500\n")


def test_a_file_without_a_size_is_said(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Streaming(io.BytesIO):
        def seek(self, *_place: int) -> int:
            raise ValueError("Cannot seek streaming HTTP file")

    monkeypatch.setattr(remote, "opened", lambda _url: Streaming())
    result = run("verify", url, "-c", "crc32")
    assert (result.exit_code, "finding out the size failed: ValueError" in result.stderr) == (2, True)
