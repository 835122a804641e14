"""The bytes of the vector files and of the manifest: the same on every machine."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import TYPE_CHECKING

from vectors.generator.model import RULES, Group, JsonObject, Vector

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SUITE = "flatstream"
VERSION = 1
MANIFEST = "manifest.json"


def path_of(group: Group) -> str:
    """Return where the file of a group lives, relative to the folder of the vectors."""
    return f"v{VERSION}/{group.name}.json"


def render_all(groups: Iterable[Group]) -> dict[str, bytes]:
    """Return every file by its path relative to the folder of the vectors, the manifest included."""
    ordered = sorted(groups, key=path_of)
    files = {path_of(group): render_group(group) for group in ordered}
    files[MANIFEST] = render_manifest(ordered, files)
    return files


def render_group(group: Group) -> bytes:
    """Return the file of a group: one vector a line, sorted by id, ASCII, LF."""
    head: JsonObject = {
        "$schema": f"../schema/{group.op}.schema.json",
        "suite": SUITE,
        "version": VERSION,
        "group": group.name,
        "op": group.op,
        "about": group.about,
    }
    vectors = [_vector_record(vector) for vector in sorted(group.vectors, key=lambda vector: vector.id)]
    return _render(head, "vectors", vectors)


def _vector_record(vector: Vector) -> JsonObject:
    return {
        "id": vector.id,
        "rules": list(vector.rules),
        "comment": vector.comment,
        "features": list(vector.features),
        "request": vector.request,
        "expect": vector.expect,
    }


def render_manifest(groups: Iterable[Group], files: Mapping[str, bytes]) -> bytes:
    """Return the manifest: what is there, how much of it, and one digest over all."""
    rules: Counter[str] = Counter()
    entries: list[JsonObject] = []
    lines: list[str] = []
    total = 0
    for group in groups:
        path = path_of(group)
        digest = hashlib.sha256(files[path]).hexdigest()
        lines.append(f"{digest}  {path}\n")
        entries.append(
            {"path": path, "group": group.name, "op": group.op, "vectors": len(group.vectors), "sha256": digest}
        )
        total += len(group.vectors)
        rules.update(rule for vector in group.vectors for rule in vector.rules)
    head: JsonObject = {
        "$schema": "schema/manifest.schema.json",
        "suite": SUITE,
        "version": VERSION,
        "vectors": total,
        "digest": hashlib.sha256("".join(lines).encode("ascii")).hexdigest(),
        "rules": {rule: rules[rule] for rule in RULES},
    }
    return _render(head, "files", entries)


def _render(head: JsonObject, list_name: str, records: list[JsonObject]) -> bytes:
    """Write `head` one field a line and then the list one record a line, so that a diff shows records."""
    fields = [f"  {json.dumps(name)}: {json.dumps(value)},\n" for name, value in head.items()]
    body = ",\n".join(f"    {json.dumps(record)}" for record in records)
    return f"{{\n{''.join(fields)}  {json.dumps(list_name)}: [\n{body}\n  ]\n}}\n".encode("ascii")
