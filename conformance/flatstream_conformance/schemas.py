"""The JSON Schemas of the protocol, compiled once for each message.

A reply that its schema refuses is garbage (verdict `error`), not a wrong answer (verdict `fail`): an
implementation that says `{"end": "oops"}` has told nothing about the stream.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from referencing import Registry
from referencing.jsonschema import DRAFT202012

if TYPE_CHECKING:
    from collections.abc import Mapping

PACKAGE = "flatstream_conformance.schema"
OPS = ("start", "checksum", "frame", "deframe", "recover", "truncate", "policy", "declare", "bench")
CORE_OPS = ("start", "checksum", "frame", "deframe", "recover")
ALGORITHMS = ("none", "crc16", "crc32", "xxh3_64")
FEATURES = (
    "chunked",
    "faults",
    "short_writes",
    "sink_faults",
    "single_fault",
    "validators",
    "composite_validators",
    "typed_validator",
    "observers",
    "resume",
    "appends",
    "exact_reads",
    "callbacks",
    "serializers",
    "durability",
    "positions",
    "empty_tail",
    "custom",
    "huge",
    "offsets",
    "policies",
)


def request_problem(request: Mapping[str, Any]) -> str | None:
    """What is wrong with a request of the runner, in one line; None if its schema accepts it."""
    op = request.get("op")
    if op not in OPS:
        return f"op: {op!r} is not an operation of the protocol"
    return _problem(_validator(f"{op}.json", "request"), request)


def reply_problem(op: str, reply: Mapping[str, Any]) -> str | None:
    """What is wrong with a reply to `op`, in one line; None if its schema accepts it.

    A reply with `skipped` or `errored` is held against the schema of these.
    """
    for outcome in ("skipped", "errored"):
        if outcome in reply:
            return _problem(_validator("outcome.json", outcome), reply)
    return _problem(_validator(f"{op}.json", "reply"), reply)


def record_problem(kind: str, record: object) -> str | None:
    """What is wrong with a record, in one line; `kind` is `header`, `case` or `footer`. None if it is accepted."""
    return _problem(_validator("records.json", kind), record)


def _problem(validator: Draft202012Validator, message: object) -> str | None:
    if validator.is_valid(message):
        return None
    error = best_match(validator.iter_errors(message))
    text = error.message if len(error.message) <= 200 else f"{error.message[:200]}..."
    return f"{error.json_path.removeprefix('$.')}: {text}" if error.json_path != "$" else text


@cache
def _registry() -> Registry[Any]:
    resources = [
        (file.name, DRAFT202012.create_resource(json.loads(file.read_text(encoding="utf-8"))))
        for file in files(PACKAGE).iterdir()
        if file.name.endswith(".json")
    ]
    return Registry().with_resources(resources).crawl()


@cache
def _validator(name: str, message: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"{name}#/$defs/{message}"}, registry=_registry())
