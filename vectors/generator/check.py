"""Compares the tree of vectors with what the generator makes, and holds both against the rules of the suite."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

import jsonschema
import referencing
import referencing.jsonschema

from vectors.generator.model import OPERATIONS, RULES, JsonObject, features_of
from vectors.generator.oracles import ALGORITHMS, OracleError, checksum, verify_published_answers
from vectors.generator.render import MANIFEST, SUITE, VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SCHEMAS: Final = (*OPERATIONS, "manifest", "values")
_FEWEST_VECTORS: Final = 450
_FEWEST_OF_A_RULE: Final = 2


def problems(tree: Path, made: Mapping[str, bytes]) -> list[str]:
    """Return one line for each thing that is wrong with the vectors under `tree`; none means good.

    `made` holds the files that the generator makes, by path relative to `tree`.
    """
    found = [*_oracle_problems(), *_differences(tree, made)]
    records, unreadable = _load(tree)
    return [
        *found,
        *unreadable,
        *_schema_problems(tree, records),
        *_suite_problems(records),
        *_contradictions(records),
        *_checksum_problems(records),
    ]


def present_files(tree: Path) -> set[str]:
    """Return the generated files that lie under `tree`, as paths relative to it."""
    files = {path.relative_to(tree).as_posix() for path in (tree / f"v{VERSION}").rglob("*") if path.is_file()}
    return files | ({MANIFEST} if (tree / MANIFEST).is_file() else set())


def _oracle_problems() -> Iterator[str]:
    try:
        verify_published_answers()
    except OracleError as error:
        yield f"oracles: {error}"


def _differences(tree: Path, made: Mapping[str, bytes]) -> Iterator[str]:
    present = present_files(tree)
    yield from (f"{name}: missing" for name in sorted(set(made) - present))
    yield from (f"{name}: not made by the generator" for name in sorted(present - set(made)))
    for name in sorted(present & set(made)):
        is_there, should_be = (tree / name).read_bytes(), made[name]
        if is_there != should_be:
            yield f"{name}: {_first_difference(is_there, should_be)}"


def _first_difference(is_there: bytes, should_be: bytes) -> str:
    old, new = is_there.split(b"\n"), should_be.split(b"\n")
    for number, (old_line, new_line) in enumerate(zip(old, new, strict=False), start=1):
        if old_line != new_line:
            column = next(
                (i for i, (a, b) in enumerate(zip(old_line, new_line, strict=False)) if a != b),
                min(len(old_line), len(new_line)),
            )
            near = max(0, column - 20)
            return (
                f"differs in line {number}, column {column + 1}: is {old_line[near : column + 20]!r}, "
                f"should be {new_line[near : column + 20]!r}"
            )
    return f"has {len(old)} lines, should have {len(new)}"


def _load(tree: Path) -> tuple[dict[str, JsonObject], list[str]]:
    records: dict[str, JsonObject] = {}
    unreadable = []
    for name in sorted(present_files(tree)):
        try:
            record = json.loads((tree / name).read_text(encoding="utf-8"))
        except (UnicodeDecodeError, json.JSONDecodeError) as error:
            unreadable.append(f"{name}: no JSON: {error}")
            continue
        if isinstance(record, dict):
            records[name] = record
        else:
            unreadable.append(f"{name}: no JSON object")
    return records, unreadable


def validators(tree: Path) -> dict[str, jsonschema.Draft202012Validator]:
    """Return a validator for each operation and for the manifest, from the schemas under `tree`.

    Raises OSError or json.JSONDecodeError for a schema that cannot be read, and
    jsonschema.SchemaError for one that is no schema.
    """
    schemas = {
        name: json.loads((tree / "schema" / f"{name}.schema.json").read_text(encoding="utf-8")) for name in SCHEMAS
    }
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    registry: referencing.Registry[JsonObject] = referencing.Registry().with_resources(
        (schema["$id"], referencing.jsonschema.DRAFT202012.create_resource(schema)) for schema in schemas.values()
    )
    return {name: jsonschema.Draft202012Validator(schema, registry=registry) for name, schema in schemas.items()}


def _schema_problems(tree: Path, records: Mapping[str, JsonObject]) -> Iterator[str]:
    try:
        by_name = validators(tree)
    except (OSError, json.JSONDecodeError, jsonschema.SchemaError) as error:
        yield f"schema: {error}"
        return
    for name, record in records.items():
        schema = "manifest" if name == MANIFEST else str(record.get("op"))
        if schema not in by_name:
            yield f"{name}: no schema for the operation {schema!r}"
            continue
        for violation in by_name[schema].iter_errors(record):
            place = "/".join(str(part) for part in violation.absolute_path)
            yield f"{name}: {place or 'the whole'}: {violation.message[:200]}"


def _vectors_of(records: Mapping[str, JsonObject]) -> Iterator[tuple[str, JsonObject, JsonObject]]:
    """Yield file name, file and vector; what is not formed like one has been told by its schema."""
    for name, record in records.items():
        vectors = record.get("vectors")
        if name != MANIFEST and isinstance(vectors, list):
            yield from ((name, record, vector) for vector in vectors if isinstance(vector, dict))


def _contradictions(records: Mapping[str, JsonObject]) -> Iterator[str]:
    """Find one question with two answers: groups may meet in a question, but not differ."""
    answers: dict[str, tuple[object, object]] = {}
    for name, record, vector in _vectors_of(records):
        question = json.dumps([record.get("op"), vector.get("request")], sort_keys=True)
        first_id, first_answer = answers.setdefault(question, (vector.get("id"), vector.get("expect")))
        if vector.get("expect") != first_answer:
            yield f"{name}: {vector.get('id')}: contradicts {first_id}"


def _suite_problems(records: Mapping[str, JsonObject]) -> Iterator[str]:
    ids: Counter[str] = Counter()
    rules: Counter[str] = Counter()
    algorithms: Counter[str] = Counter()
    operations: Counter[str] = Counter()
    for name, record, vector in _vectors_of(records):
        vector_id, request, named = str(vector.get("id")), vector.get("request"), vector.get("rules")
        ids[vector_id] += 1
        rules.update(named if isinstance(named, list) else [])
        operations[str(record.get("op"))] += 1
        if not vector_id.startswith(f"{Path(name).stem}/") or record.get("group") != Path(name).stem:
            yield f"{name}: {vector_id}: file, group and id do not agree"
        if isinstance(request, dict):
            algorithms[str(request.get("algorithm"))] += 1
            needed = features_of(str(record.get("op")), request)
            if vector.get("features") != needed:
                yield f"{name}: {vector_id}: its request needs the features {needed}"
    yield from (f"{vector_id}: {count} vectors have this id" for vector_id, count in ids.items() if count > 1)
    yield from (f"{rule}: {rules[rule]} vectors" for rule in RULES if rules[rule] < _FEWEST_OF_A_RULE)
    yield from (f"{algorithm}: no vectors" for algorithm in ALGORITHMS if not algorithms[algorithm])
    yield from (f"{op}: no vectors" for op in OPERATIONS if not operations[op])
    if ids.total() < _FEWEST_VECTORS:
        yield f"{SUITE}: {ids.total()} vectors, at least {_FEWEST_VECTORS} are wanted"


def _checksum_problems(records: Mapping[str, JsonObject]) -> Iterator[str]:
    """Ask the oracles about each checksum and each single payload that the files themselves state."""
    for name, record, vector in _vectors_of(records):
        request, expect = vector.get("request"), vector.get("expect")
        if not isinstance(request, dict) or not isinstance(expect, dict):
            continue
        algorithm = str(request.get("algorithm"))
        try:
            if record.get("op") == "checksum":
                answer = checksum(algorithm, bytes.fromhex(str(request.get("data")))).hex()
                if answer != expect.get("checksum"):
                    yield f"{name}: {vector.get('id')}: the oracles say {answer}"
            for payload in [*_list(request, "payloads"), *_list(expect, "payloads")]:
                checksum(algorithm, bytes.fromhex(str(payload)))
        except (OracleError, ValueError, KeyError) as error:
            yield f"{name}: {vector.get('id')}: {error}"


def _list(record: Mapping[str, object], name: str) -> list[object]:
    value = record.get(name)
    return value if isinstance(value, list) else []
