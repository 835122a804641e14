"""The suite is exactly what its manifest says, or it is not run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from flatstream_conformance.errors import VectorsError
from flatstream_conformance.suite import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Bench


def edit(bench: Bench, change: Callable[[dict[str, Any]], object]) -> None:
    path = bench.folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    change(manifest)
    path.write_text(json.dumps(manifest), encoding="utf-8")


def refused(bench: Bench) -> str:
    with pytest.raises(VectorsError) as caught:
        load(bench.folder)
    assert caught.value.exit_status == 2
    return str(caught.value)


def test_a_suite_is_loaded_in_the_order_of_the_manifest(bench: Bench) -> None:
    suite = load(bench.folder)
    assert [vector.id for vector in suite.vectors] == [entry["id"] for entry in bench.vectors]
    assert suite.vectors[0].rules == ("W3",)
    assert suite.vectors[0].algorithm == "crc32"


def test_a_changed_vector_is_refused(bench: Bench) -> None:
    path = bench.folder / "v1" / "sums-checksum.json"
    path.write_bytes(path.read_bytes().replace(b"c2412435", b"c2412436"))
    assert "v1/sums-checksum.json is not the file of the manifest" in refused(bench)


def test_a_manifest_of_another_digest_is_refused(bench: Bench) -> None:
    edit(bench, lambda manifest: manifest.update(digest="0" * 64))
    assert "digest of the manifest is wrong" in refused(bench)


def test_a_wrong_count_is_refused(bench: Bench) -> None:
    edit(bench, lambda manifest: manifest.update(vectors=8))
    assert refused(bench) == "the manifest counts 8 vectors, there are 9"


def test_a_file_that_is_not_listed_is_refused(bench: Bench) -> None:
    (bench.folder / "v1" / "extra.json").write_text("{}", encoding="utf-8")
    assert refused(bench) == "v1/extra.json is not in the manifest"


def test_a_missing_file_and_a_missing_manifest_are_refused(bench: Bench) -> None:
    (bench.folder / "v1" / "sums-checksum.json").unlink()
    assert "cannot be read" in refused(bench)
    (bench.folder / "manifest.json").unlink()
    assert "cannot be read" in refused(bench)


@pytest.mark.parametrize("path", ["../outside.json", "/etc/hosts", "v1/../../x.json", "C:/x.json", "v1\\x.json"])
def test_a_path_outside_of_the_folder_is_refused(bench: Bench, path: str) -> None:
    edit(bench, lambda manifest: manifest["files"][0].update(path=path))
    assert "outside of the vectors" in refused(bench)


def test_another_version_is_refused(bench: Bench) -> None:
    edit(bench, lambda manifest: manifest.update(version=2))
    assert refused(bench) == "the manifest is of flatstream 2, not of flatstream 1"


@pytest.mark.parametrize("text", ["", "[]", '{"suite": "flatstream"}', "\ufeff{}"])
def test_a_manifest_that_is_none_is_refused(bench: Bench, text: str) -> None:
    (bench.folder / "manifest.json").write_text(text, encoding="utf-8")
    assert refused(bench)
