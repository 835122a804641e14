"""The public face: names, versions, types, and examples that run as printed."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from importlib.metadata import version
from typing import TYPE_CHECKING, assert_type

import pytest

import flatstream
from flatstream import FileReader, FileWriter, StreamReader

if TYPE_CHECKING:
    from pathlib import Path

MODULES = [
    module.name
    for module in pkgutil.walk_packages(flatstream.__path__, "flatstream.")
    if not {"generated", "tests", "__main__"} & set(module.name.split("."))
]


def test_every_public_name_exists_and_is_sorted() -> None:
    assert [name for name in flatstream.__all__ if not hasattr(flatstream, name)] == []
    assert len(set(flatstream.__all__)) == len(flatstream.__all__)


def test_the_version_is_that_of_the_package() -> None:
    assert flatstream.__version__ == version("flatstream")


@pytest.mark.parametrize("name", ["flatstream", *MODULES])
def test_examples_run_as_printed(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("name", [name for name in dir(flatstream) if name in flatstream.__all__])
def test_what_is_public_is_documented(name: str) -> None:
    thing = getattr(flatstream, name)
    if callable(thing):
        assert (thing.__doc__ or "").strip()


def test_types_follow_from_the_arguments(tmp_path: Path) -> None:
    # mypy checks these lines; the run only shows that they are not wrong.
    path = tmp_path / "journal"
    with flatstream.open(path, "wb") as writer:
        assert_type(writer, FileWriter)
        writer.write("text")
    with flatstream.open(path) as borrowed:
        assert_type(borrowed, FileReader[memoryview])
        assert_type(borrowed.read_message(), memoryview | None)
    with flatstream.open(path, "rb", copy=True) as copied:
        assert_type(copied, FileReader[bytes])
        for payload in copied:
            assert_type(payload, bytes)
    assert_type(StreamReader(b""), StreamReader[memoryview])
    assert_type(StreamReader(b"", copy=True), StreamReader[bytes])
    for text in StreamReader(path.read_bytes()).typed_messages(str):
        assert_type(text, str)
        assert text == "text"
