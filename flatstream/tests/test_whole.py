"""A file appears when it is whole, or not at all."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import pytest

from flatstream import whole
from flatstream.disk import Disk
from flatstream.whole import written_whole

if TYPE_CHECKING:
    from pathlib import Path


def names(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()]


def test_nothing_has_its_name_before_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with written_whole(path) as file:
        file.write(b"abc")
        assert not path.exists()
    assert path.read_bytes() == b"abc"
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("replace", [True, False])
@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_after_an_error_nothing_has_changed(tmp_path: Path, replace: bool, error: type[BaseException]) -> None:
    path = tmp_path / "a"
    if replace:
        path.write_bytes(b"old")
    with pytest.raises(error), written_whole(path, replace=replace) as file:
        file.write(b"abc")
        raise error
    assert names(tmp_path) == ["a"] * replace
    assert not replace or path.read_bytes() == b"old"


def test_what_is_there_stays_unless_it_may_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with pytest.raises(FileExistsError), written_whole(path, replace=False):
        raise AssertionError("no work is done")
    with written_whole(path) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("links", [True, False])
def test_what_appears_meanwhile_stays_too(tmp_path: Path, links: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"

    def refuse(*_args: object) -> None:
        raise PermissionError("no links here")

    if not links:
        monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(FileExistsError), written_whole(path, replace=False) as file:
        file.write(b"abc")
        path.write_bytes(b"somebody else's")
    assert path.read_bytes() == b"somebody else's"
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("links", [True, False])
def test_a_new_file_is_put_there_with_links_and_without(
    tmp_path: Path, links: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object) -> None:
        raise PermissionError("no links here")

    if not links:
        monkeypatch.setattr(os, "link", refuse)
    with written_whole(tmp_path / "a", replace=False) as file:
        file.write(b"abc")
    assert (tmp_path / "a").read_bytes() == b"abc"
    assert names(tmp_path) == ["a"]


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[str]]]:
    """What was synced, and what was in the folder then, in order."""
    calls: list[tuple[str, list[str]]] = []

    def sync(_disk: Disk, fd: int) -> None:
        folder = stat.S_ISDIR(os.fstat(fd).st_mode)
        calls.append(("folder", sorted(os.listdir(fd))) if folder else ("file", []))

    monkeypatch.setattr(Disk, "sync", sync)
    return calls


@pytest.mark.skipif(os.name == "nt", reason="folders are not synced there")
@pytest.mark.parametrize("replace", [True, False])
def test_the_file_and_then_its_name_are_made_durable(
    tmp_path: Path, replace: bool, synced: list[tuple[str, list[str]]]
) -> None:
    with written_whole(tmp_path / "a", replace=replace):
        assert synced == []
    assert synced == [("file", []), ("folder", ["a"])]


@pytest.mark.skipif(os.name == "nt", reason="folders are not synced there")
@pytest.mark.parametrize("number", [errno.EINVAL, errno.EIO])
def test_a_folder_that_cannot_be_synced_is_let_pass_and_one_whose_sync_fails_is_not(
    tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_disk: Disk, _path: str) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr(whole, "sync_name", refuse)
    with pytest.raises(OSError, match="no") if number == errno.EIO else nullcontext(), written_whole(tmp_path / "a"):
        pass
    assert names(tmp_path) == ["a"]


def test_a_folder_is_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError), written_whole(tmp_path):
        raise AssertionError("no work is done")


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_what_only_its_owner_could_read_stays_so(tmp_path: Path) -> None:
    secret, public, new = tmp_path / "secret", tmp_path / "public", tmp_path / "new"
    for path, mode in ((secret, 0o600), (public, 0o644)):
        path.write_bytes(b"old")
        path.chmod(mode)

    def mode_of(path: Path, **options: Any) -> int:
        with written_whole(path, **options) as file:
            file.write(b"new")
        return path.stat().st_mode & 0o777

    before = os.umask(0o022)
    try:
        assert mode_of(secret) == 0o600
        assert mode_of(secret, like=public) == 0o600
        assert mode_of(public, like=secret) == 0o644
        assert mode_of(tmp_path / "other") == 0o644
        assert mode_of(new, like=secret) == 0o600
        new.unlink()
        assert mode_of(new, like=secret, replace=False) == 0o600
        public.chmod(0o777)
        assert mode_of(public) == 0o644
        public.chmod(0o444)
        assert mode_of(public) == 0o644
    finally:
        os.umask(before)
