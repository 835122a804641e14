"""Loading the suite of vectors: what the manifest promises is checked before anything is run.

The vectors are data, installed as the folder `flatstream_conformance.vectors`.
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from flatstream_conformance.errors import VectorsError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.resources.abc import Traversable
    from pathlib import Path

    from flatstream_conformance.json_types import JsonMapping

SUITE = "flatstream"
FORMAT_VERSION = 1
PACKAGE = "flatstream_conformance.vectors"


@dataclass(frozen=True, slots=True)
class Vector:
    """One case: a request, and the fields that the reply must have."""

    id: str
    group: str
    op: str
    rules: tuple[str, ...]
    comment: str
    features: tuple[str, ...]
    request: JsonMapping
    expect: JsonMapping

    @property
    def algorithm(self) -> str | None:
        """The algorithm that the request names; None for an operation that has none."""
        name = self.request.get("algorithm")
        return name if isinstance(name, str) else None

    def matches(self, pattern: str) -> bool:
        """Whether `pattern` is one of the rule ids, or a glob that the id matches."""
        return pattern in self.rules or fnmatch.fnmatchcase(self.id, pattern)


@dataclass(frozen=True, slots=True)
class Suite:
    """All vectors in the order of the manifest; `digest` names exactly this set of files."""

    version: int
    digest: str
    vectors: tuple[Vector, ...]

    def select(self, patterns: Iterable[str]) -> tuple[Vector, ...]:
        """The vectors that match one of the patterns; all of them if there is no pattern."""
        wanted = tuple(patterns)
        if not wanted:
            return self.vectors
        return tuple(v for v in self.vectors if any(v.matches(pattern) for pattern in wanted))


def load(folder: Path | None = None) -> Suite:
    """Load the suite from `folder`, or the one that is installed with this package.

    Raises VectorsError if a file is missing, is not what the manifest says, or is not in the format.
    """
    root: Traversable = folder if folder is not None else _installed()
    try:
        return _load(root)
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise VectorsError(f"the vectors cannot be read: {error}") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise VectorsError(f"the vectors are not in the format {FORMAT_VERSION}: {error!r}") from error


def _installed() -> Traversable:
    try:
        return files(PACKAGE)
    except ModuleNotFoundError as error:
        raise VectorsError(f"the package {PACKAGE} is not installed; name a folder with --vectors") from error


def _load(root: Traversable) -> Suite:
    manifest: dict[str, Any] = json.loads(root.joinpath("manifest.json").read_text(encoding="utf-8"))
    if (manifest["suite"], manifest["version"]) != (SUITE, FORMAT_VERSION):
        raise VectorsError(
            f"the manifest is of {manifest['suite']} {manifest['version']}, not of {SUITE} {FORMAT_VERSION}"
        )
    vectors: list[Vector] = []
    seen: set[str] = set()
    lines: list[tuple[str, str]] = []
    for entry in manifest["files"]:
        content = _open_listed(root, entry["path"])
        sha256 = hashlib.sha256(content).hexdigest()
        if sha256 != entry["sha256"]:
            raise VectorsError(f"{entry['path']} is not the file of the manifest: its SHA-256 is {sha256}")
        lines.append((entry["path"], f"{sha256}  {entry['path']}\n"))
        for vector in _parse(entry["path"], json.loads(content)):
            if vector.id in seen:
                raise VectorsError(f"{entry['path']}: the id {vector.id} is there twice")
            seen.add(vector.id)
            vectors.append(vector)
    digest = hashlib.sha256("".join(line for _, line in sorted(lines)).encode()).hexdigest()
    if digest != manifest["digest"]:
        raise VectorsError(f"the digest of the manifest is wrong: the files give {digest}")
    if len(vectors) != manifest["vectors"]:
        raise VectorsError(f"the manifest counts {manifest['vectors']} vectors, there are {len(vectors)}")
    _refuse_unlisted(root, {path for path, _ in lines})
    return Suite(version=manifest["version"], digest=digest, vectors=tuple(vectors))


def _open_listed(root: Traversable, path: str) -> bytes:
    parts = path.split("/")
    if any(part in {"", ".", ".."} or "\\" in part or ":" in part for part in parts):
        raise VectorsError(f"the manifest names a path outside of the vectors: {path}")
    file = root
    for part in parts:
        file = file.joinpath(part)
    return file.read_bytes()


def _parse(path: str, document: dict[str, Any]) -> Iterable[Vector]:
    if (document["suite"], document["version"]) != (SUITE, FORMAT_VERSION):
        raise VectorsError(f"{path}: not a file of {SUITE} {FORMAT_VERSION}")
    for entry in document["vectors"]:
        yield Vector(
            id=entry["id"],
            group=document["group"],
            op=document["op"],
            rules=tuple(entry["rules"]),
            comment=entry["comment"],
            features=tuple(entry["features"]),
            request=entry["request"],
            expect=entry["expect"],
        )


def _refuse_unlisted(root: Traversable, listed: set[str]) -> None:
    """A vector file that the manifest does not know would silently not be run."""
    for file in root.joinpath(f"v{FORMAT_VERSION}").iterdir():
        path = f"v{FORMAT_VERSION}/{file.name}"
        if file.name.endswith(".json") and path not in listed:
            raise VectorsError(f"{path} is not in the manifest")
