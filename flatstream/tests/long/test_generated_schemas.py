"""Made-up schemas with made-up messages: what this library writes, official readers read, value by value.

The classes that flatc generates for Python are one reader, flatc itself, which is written in C++, the other.
"""

from __future__ import annotations

import importlib
import itertools
import json
import math
import re
import shutil
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flatstream import Record, Schema
from flatstream.records.as_json import as_json
from flatstream.records.reflection import SCHEMA
from flatstream.tests.zoo import MONSTER, SCHEMAS, exact, messages, official

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SCALARS = {
    "bool": st.sampled_from(["true", "false"]),
    "byte": st.integers(-128, 127),
    "ubyte": st.integers(0, 255),
    "short": st.integers(-(2**15), 2**15 - 1),
    "ushort": st.integers(0, 2**16 - 1),
    "int": st.integers(-(2**31), 2**31 - 1),
    "uint": st.integers(0, 2**32 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    # From 2^63 on, flatc 2.0.8 writes the default 0 into the binary schema, and the right one into the classes.
    "ulong": st.integers(0, 2**63 - 1),
    # The default -0.0 becomes 0.0 in the binary schema.
    "float": st.floats(-(2.0**100), 2.0**100, width=32).map(lambda value: value + 0.0),
    "double": st.floats(-1e300, 1e300).map(lambda value: value + 0.0),
}

NUMBERS = itertools.count()

BARE = re.compile(r'^( *(?:"\w+": )?)(-?nan|-?inf)(?=,?$)', re.MULTILINE)
"""A float as flatc writes it where JSON has no number for it."""
SPELT = {"nan": "NaN", "-nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


@st.composite
def schemas(draw: st.DrawFn, namespace: str) -> str:
    """The text of a schema: an enum, structs, tables that refer to earlier ones, a union, and a root."""
    scalar = st.sampled_from(sorted(SCALARS))
    text = [f"namespace {namespace};", "enum E0 : short { A = -5, Zero = 0, B, C = 300 }"]
    structs: list[str] = []
    for index in range(draw(st.integers(1, 2))):
        kinds = st.one_of(scalar, st.just("E0"), *([st.sampled_from(structs)] if structs else []))
        fields = [f"  f{number}: {kind};" for number, kind in enumerate(draw(st.lists(kinds, min_size=1, max_size=4)))]
        structs.append(f"S{index}")
        text.append("\n".join([f"struct S{index} {{", *fields, "}"]))
    tables: list[str] = []
    for index in range(draw(st.integers(1, 3))):
        union = bool(tables) and draw(st.booleans())
        if union:
            text.append(f"union U{index} {{ {', '.join(draw(st.sets(st.sampled_from(tables), min_size=1)))} }}")
        fields = []
        for number in range(draw(st.integers(1, 7))):
            fields.append(f"  f{number}: {draw(_field_type(scalar, structs, [*tables, f'T{index}']))};")
        if union:
            fields.append(f"  u: U{index};")
        tables.append(f"T{index}")
        text.append("\n".join([f"table T{index} {{", *fields, "}"]))
    text.append(f"root_type {tables[-1]};")
    if draw(st.booleans()):
        text.append('file_identifier "GEN1";')
    return "\n".join(text) + "\n"


@st.composite
def _field_type(draw: st.DrawFn, scalar: st.SearchStrategy[str], structs: list[str], tables: list[str]) -> str:
    kind = draw(st.sampled_from(["scalar", "default", "optional", "enum", "string", "struct", "table", "vector"]))
    required = draw(st.sampled_from(["", "", " (required)", " (deprecated)"]))
    if kind == "scalar":
        return draw(scalar)
    if kind == "default":
        name = draw(scalar)
        return f"{name} = {draw(SCALARS[name])}"
    if kind == "optional":
        return f"{draw(scalar)} = null"
    if kind == "enum":
        return draw(st.sampled_from(["E0", "E0 = B"]))
    if kind == "vector":
        element = draw(st.one_of(scalar, st.sampled_from(["string", "E0", *structs, *tables])))
        return f"[{element}]{required}"
    # A table that requires one of its own kind could not end.
    inner = {"string": ["string"], "struct": structs, "table": tables}[kind]
    name = draw(st.sampled_from(inner))
    return name if kind == "table" else f"{name}{required}"


@settings(max_examples=1000)
@given(data=st.data())
def test_official_classes_read_messages_of_generated_schemas(
    data: st.DataObject, flatc: Callable[..., str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    namespace = f"made{next(NUMBERS)}"
    folder = tmp_path_factory.mktemp("generated")
    path = folder / f"{namespace}.fbs"
    path.write_text(data.draw(schemas(namespace)), "utf-8")
    flatc("-b", "--schema", "-o", folder, path)
    flatc("--python", "-o", folder, path)
    sys.path.insert(0, str(folder))
    try:
        importlib.invalidate_caches()
        record = Schema.load(folder / f"{namespace}.bfbs").record()
        for message in data.draw(st.lists(messages(record, 2), min_size=1, max_size=5)):
            for each in (record, record.replace(force_defaults=True)):
                payload = each.encode(**message)
                record.verify(payload)
                assert exact(record.decode(payload)) == exact(message)
                assert exact(official(record, payload)) == exact(message)
        compare_with_flatc(record, path, message, folder, flatc)
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.split(".")[0] == namespace]:
            del sys.modules[name]
        shutil.rmtree(folder)


@settings(max_examples=200)
@given(message=messages(MONSTER, 2))
def test_flatc_reads_monsters(
    message: dict[str, Any], flatc: Callable[..., str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("monsters")
    compare_with_flatc(MONSTER, SCHEMAS / "monster.fbs", message, folder, flatc)
    shutil.rmtree(folder)


def compare_with_flatc(
    record: Record, schema: Path, message: dict[str, Any], folder: Path, flatc: Callable[..., str]
) -> None:
    """Let flatc, by C++, turn the payload into JSON, and compare that with what this library says of it."""
    payload = folder / "message.bin"
    payload.write_bytes(record.encode(**message))
    flags = ["--json", "--raw-binary", "--strict-json", "--defaults-json", "--natural-utf8"]
    flatc(*flags, "-o", folder, schema, "--", payload)
    text = BARE.sub(lambda found: found[1] + SPELT[found[2]], (folder / "message.json").read_text("utf-8"))
    told = json.loads(text, strict=False)
    ours = as_json(record, record.decode(payload.read_bytes()))
    assert_same(told, ours)


def assert_same(told: Any, ours: Any) -> None:
    """flatc leaves out what is absent, and writes floats with some 12 digits."""
    if isinstance(ours, dict):
        for name, value in ours.items():
            if value is None:
                assert told.get(name) is None
            elif name not in told:
                assert value == "NONE", name  # the tag of a union that there is not
            else:
                assert_same(told[name], value)
    elif isinstance(ours, list):
        assert len(told) == len(ours)
        for one, other in zip(told, ours, strict=True):
            assert_same(one, other)
    elif isinstance(ours, float):
        assert math.isclose(told, ours, rel_tol=1e-5, abs_tol=1e-6)
    elif isinstance(told, float):
        assert str(told).replace("inf", "Infinity").replace("nan", "NaN") == ours
    else:
        assert told == ours


@pytest.mark.parametrize("name", ["monster", "telemetry", "thing", "keeper"])
def test_the_checked_in_schemas_are_what_flatc_makes(name: str, flatc: Callable[..., str], tmp_path: Path) -> None:
    flatc("-b", "--schema", *(["--bfbs-builtins"] if name == "keeper" else []), "-o", tmp_path, SCHEMAS / f"{name}.fbs")
    # Not as bytes: they have the path of the .fbs file in them.
    made_schema = SCHEMA.decode((tmp_path / f"{name}.bfbs").read_bytes())
    assert exact(made_schema) == exact(SCHEMA.decode((SCHEMAS / f"{name}.bfbs").read_bytes()))
    if name in {"monster", "telemetry"}:
        flatc("--python", "-o", tmp_path, SCHEMAS / f"{name}.fbs")
        made = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*.py")}
        for path, content in made.items():
            assert (SCHEMAS / "generated" / path).read_bytes() == content
