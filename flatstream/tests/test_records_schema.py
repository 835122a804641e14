"""Schemas and declarations: where a record comes from makes no difference, and what cannot be one says why."""

from __future__ import annotations

import contextlib
import copy
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flatstream import Record, Schema
from flatstream.errors import SchemaError, VerificationFailed
from flatstream.records import enum, field, struct, union
from flatstream.records.reflection import SCHEMA
from flatstream.records.types import TableType, UnionType, VectorType
from flatstream.tests.zoo import KEEPER, MONSTER, SCHEMAS, TELEMETRY, THING, exact, messages

VEC3 = struct("zoo.Vec3", x="f32", y="f32", z="f32")
COLOR = enum("zoo.Color", "u8", **{"None": 0, "Red": 1, "Green": 2, "Blue": 8})
MOOD = enum("zoo.Mood", "i64", Bad=-(2**63), Even=0, Good=2**63 - 1)
TEST = struct("zoo.Test", a="i16", b="i8")
MIXED = struct("zoo.Mixed", flag="bool", where=VEC3, count="u64", tests=(TEST, 2), color=COLOR, raw="[u8:3]")
WEAPON = Record("zoo.Weapon", name=field("string", required=True), damage=field("i16", default=7), parts="[u8]")
ARMOR = Record("zoo.Armor", weight=field("f64", default=float("nan")))
GEAR = union("zoo.Gear", WEAPON, Sharp=WEAPON, Armor=ARMOR)

DECLARED = Record(
    "zoo.Monster",
    pos=VEC3,
    mana=field("i16", default=150),
    hp=field("i16", default=100),
    name=field("string", required=True),
    friendly=field("bool", deprecated=True),
    inventory="[u8]",
    color=field(COLOR, default="Blue"),
    weapons=[WEAPON],
    equipped=GEAR,
    path=[VEC3],
    mixed=MIXED,
    flag=field("bool", default=True),
    tiny=field("i8", default=-3),
    wide=field("u64", default=2**63 - 1),
    ratio=field("f32", default=0.1),
    exact=field("f64", default=1e300),
    perhaps=field("u32", default=None),
    maybe=field("bool", default=None),
    numbers=["f64"],
    flags="[bool]",
    colors=[COLOR],
    tags=["string"],
    mixes=[MIXED],
    pet="u8",
    mood=field(MOOD, default="Good"),
    old=field(GEAR, deprecated=True),
    words="[u16]",
    last="u64",
).replace(file_identifier="ZOO1")
"""The monster, but for the two places where a table nests in itself, which only a schema can say."""


def described(record: Record) -> list[tuple[Any, ...]]:
    return [
        (each.name, each.slot, exact(each.default), each.required, spelt(each.type)) for each in record.table.fields
    ]


def spelt(kind: Any) -> Any:
    if isinstance(kind, TableType):
        return kind.name
    if isinstance(kind, VectorType):
        return [spelt(kind.element)]
    if isinstance(kind, UnionType):
        return [(each.name, each.tag, spelt(each.type)) for each in kind.members]
    return kind


def test_a_declaration_gives_the_slots_sizes_and_defaults_that_flatc_gives() -> None:
    recursive = {"weapons", "pet"}
    ours = [each for each in described(DECLARED) if each[0] not in recursive]
    assert ours == [each for each in described(MONSTER) if each[0] not in recursive]


@given(messages(MONSTER, 1).filter(lambda message: message["weapons"] in (None, []) and message["pet"] is None))
def test_a_declared_record_gives_the_same_bytes_as_one_of_a_schema(message: dict[str, Any]) -> None:
    message = {**message, "pet": 0, "weapons": None}
    if message["equipped_type"] in {1, 2}:
        message["equipped"] = {**message["equipped"], "parts": None}
    assert DECLARED.encode(**message) == MONSTER.encode(**{**message, "pet": None})


def test_telemetry_declared_is_telemetry() -> None:
    declared = Record("telemetry.Telemetry", device_id="u64", timestamp="u64", value="f64")
    assert described(declared) == described(TELEMETRY)
    assert repr(declared) == "<Record telemetry.Telemetry: device_id, timestamp, value>"
    values = {"device_id": 7, "timestamp": 2**63, "value": 1.5}
    assert declared.encode(**values) == TELEMETRY.encode(**values)


@pytest.mark.parametrize(
    ("declare", "words"),
    [
        (lambda: Record("R", a="u65"), "R.a: 'u65' is no type"),
        (lambda: Record("R", a=cast("str", 5)), "R.a: 5 is no type"),
        (lambda: Record("R", **{"a b": "u8"}), "R.a b: a field's name is made of letters"),
        (lambda: Record("R", a="[u8:3]"), "R.a: an array of fixed length belongs into a struct"),
        (lambda: Record("R", a=[["u8"]]), "R.a: a vector holds no unions, vectors or arrays"),
        (lambda: Record("R", a=[GEAR]), "R.a: a vector holds no unions, vectors or arrays"),
        (lambda: Record("R", a=field("string", default="x")), "R.a: only a scalar has a default"),
        (lambda: Record("R", a=field("[i8]", nested=WEAPON)), "R.a: only a vector of u8 holds a nested buffer"),
        (lambda: Record("R", a=field("u8", required=True)), "R.a: a scalar cannot be required"),
        (lambda: Record("R", a=field("u8", default=256)), "R.a: 256 is no u8"),
        (lambda: Record("R", a=field("f32", default=1e300)), r"R.a: 1e\+300 is no f32"),
        (lambda: Record("R", a=field(COLOR, default="Pink")), "R.a: 'Pink' is no u8"),
        (lambda: struct("S"), "S: a struct has at least one field"),
        (lambda: struct("S", a="[u64:9000]"), "S: a struct of 72000 bytes is too large"),
        (lambda: struct("S", a="string"), "S.a: a struct holds scalars, structs and arrays"),
        (lambda: struct("S", a="[u8:0]"), "S.a: an array holds 1 to 65535 scalars"),
        (lambda: struct("S", a=("[u8:2]", 2)), "S.a: an array holds 1 to 65535 scalars"),
        (lambda: enum("E", "f32", A=1), "E: an enum is made of integers, not of 'f32'"),
        (lambda: enum("E", "u8", A=256), "E.A: 256 is no u8"),
        (lambda: union("U", A="u8"), "U.A: a union is made of tables, structs and strings"),
        (
            lambda: TELEMETRY.replace(file_identifier="TOOLONG"),
            "a file identifier has 4 bytes, which 'TOOLONG' has not",
        ),
    ],
)
def test_what_cannot_be_declared_names_the_field(declare: Any, words: str) -> None:
    with pytest.raises(SchemaError, match=words):
        declare()


# Binary schemas


def test_a_schema_names_its_tables_and_its_root() -> None:
    schema = Schema.load((SCHEMAS / "monster.bfbs").read_bytes())
    assert schema.root == "zoo.Monster"
    assert schema.tables == ["zoo.Armor", "zoo.Monster", "zoo.Weapon"]
    assert schema.record().file_identifier == "ZOO1"
    assert schema.record("zoo.Weapon").file_identifier == ""
    assert schema.record("zoo.Weapon", force_defaults=True).force_defaults
    assert schema.record("zoo.Weapon").table is schema.record().table.fields[6].type.element  # type: ignore[union-attr]


def test_a_table_that_is_not_there_is_looked_up_in_vain() -> None:
    schema = Schema.load(str(SCHEMAS / "monster.bfbs"))
    for name in ("zoo.Vec3", "Monster"):
        with pytest.raises(LookupError, match=r"no table .*; its tables are zoo\.Armor, zoo\.Monster, zoo\.Weapon"):
            schema.record(name)


def decoded(name: str = "monster") -> dict[str, Any]:
    return SCHEMA.decode((SCHEMAS / f"{name}.bfbs").read_bytes())


def test_a_schema_without_a_root_type_needs_a_name() -> None:
    rootless = Schema({**decoded(), "root_table": None})
    assert rootless.root is None
    with pytest.raises(LookupError, match="names no root type"):
        rootless.record()
    assert rootless.record("zoo.Weapon").name == "zoo.Weapon"


@pytest.mark.parametrize("data", [b"", b"table Monster { hp: short; }", (SCHEMAS / "monster.bfbs").read_bytes()[:500]])
def test_what_is_no_binary_schema_is_refused(data: bytes) -> None:
    with pytest.raises(SchemaError, match="no binary schema: "):
        Schema.load(data)
    assert SCHEMA.file_identifier == "BFBS"


def part(schema: dict[str, Any], where: str) -> dict[str, Any]:
    """The object, or the field of one, with a dotted name."""
    for each in schema["objects"]:
        if each["name"] == where:
            return each  # type: ignore[no-any-return]
        for inner in each["fields"]:
            if f"{each['name']}.{inner['name']}" == where:
                return inner  # type: ignore[no-any-return]
    raise LookupError(where)


@pytest.mark.parametrize(
    ("where", "change", "words"),
    [
        ("zoo.Monster.hp", {"offset64": True}, "zoo.Monster.hp: offsets of 64 bits are not supported"),
        ("zoo.Monster.hp", {"default_integer": 40000}, "zoo.Monster.hp: the default 40000 is no i16"),
        ("zoo.Monster.ratio", {"default_real": 1e300}, r"zoo.Monster.ratio: the default 1e\+300 is no f32"),
        ("zoo.Monster.pos", {"type": {"index": 99}}, "zoo.Monster.pos: its type has the index 99 of 6"),
        ("zoo.Monster.mood", {"type": {"index": 99}}, "zoo.Monster.mood: its type has the index 99 of 3"),
        ("zoo.Monster.equipped", {"type": {"index": -1}}, "zoo.Monster.equipped: its type has the index -1 of 3"),
        (
            "zoo.Monster.hp",
            {"type": {"base_type": 18}},
            "zoo.Monster.hp: the type 18 of the binary schema is not known",
        ),
        (
            "zoo.Monster.path",
            {"type": {"element": 16, "index": 1}},
            "zoo.Monster.path: vectors of unions are not supported",
        ),
        (
            "zoo.Monster.path",
            {"type": {"element": 1, "index": 1}},
            "zoo.Monster.path: vectors of unions are not supported",
        ),
        (
            "zoo.Monster.path",
            {"type": {"element": 14}},
            "zoo.Monster.path: the type 0 of the binary schema is not known",
        ),
        (
            "zoo.Monster.path",
            {"type": {"base_type": 17}},
            "zoo.Monster.path: an array of fixed length belongs into a struct",
        ),
        ("zoo.Vec3.y", {"offset": 2}, "zoo.Vec3.y: its place 2 is not aligned, or taken"),
        ("zoo.Vec3.y", {"offset": 0}, "zoo.Vec3.y: its place 0 is not aligned, or taken"),
        ("zoo.Vec3.y", {"type": {"base_type": 13}}, "zoo.Vec3.y: a struct holds scalars, structs"),
        (
            "zoo.Vec3.y",
            {"type": {"base_type": 17, "element": 13, "fixed_length": 2}},
            "zoo.Vec3.y: an array of fixed length holds scalars and structs",
        ),
        ("zoo.Vec3", {"bytesize": 2**31 - 4}, "zoo.Vec3: a struct of 2147483644 bytes is too large"),
        ("zoo.Vec3", {"bytesize": 8}, "zoo.Vec3: a struct of 8 bytes, aligned to 4, cannot hold its fields"),
        ("zoo.Vec3", {"minalign": 3}, "zoo.Vec3: a struct of 12 bytes, aligned to 3, cannot hold its fields"),
        ("zoo.Vec3", {"minalign": 8}, "zoo.Vec3: a struct of 12 bytes, aligned to 8, cannot hold its fields"),
        ("zoo.Vec3", {"fields": []}, "zoo.Vec3: a struct of 12 bytes, aligned to 4, cannot hold its fields"),
        (
            "zoo.Mixed.where",
            {"type": {"index": 1}},
            "zoo.Mixed: a struct of 40 bytes, aligned to 8, cannot hold its fields",
        ),
    ],
)
def test_what_cannot_be_a_record_names_the_field(where: str, change: dict[str, Any], words: str) -> None:
    schema = copy.deepcopy(decoded())
    assert [each["name"] for each in schema["objects"]][1] == "zoo.Mixed"
    place = part(schema, where)
    if "type" in change:
        place["type"].update(change["type"])
    else:
        place.update(change)
    with pytest.raises(SchemaError, match=words):
        Schema(schema).record()


def test_an_enum_must_be_made_of_integers_and_a_union_of_tables() -> None:
    schema = copy.deepcopy(decoded())
    names = [each["name"] for each in schema["enums"]]
    schema["enums"][names.index("zoo.Color")]["underlying_type"]["base_type"] = 12
    with pytest.raises(
        SchemaError, match=r"zoo\.Mixed\.color: the enum zoo\.Color is not made of integers|zoo\.Monster\.color"
    ):
        Schema(schema).record()
    schema = copy.deepcopy(decoded())
    schema["enums"][names.index("zoo.Gear")]["values"][1]["union_type"] = {"base_type": 4, "index": -1}
    with pytest.raises(SchemaError, match=r"zoo\.Monster\.equipped: the union zoo\.Gear is made of other than"):
        Schema(schema).record()


def test_u64_comes_as_i64_in_a_binary_schema() -> None:
    schema = copy.deepcopy(decoded())
    part(schema, "zoo.Monster.wide")["default_integer"] = -1
    fields = {each.name: each for each in Schema(schema).record().table.fields}
    assert fields["wide"].default == 2**64 - 1


def test_a_table_that_failed_is_not_given_out_half_made() -> None:
    schema = copy.deepcopy(decoded())
    part(schema, "zoo.Weapon.damage")["offset64"] = True
    loaded = Schema(schema)
    for name in ("zoo.Monster", "zoo.Weapon", "zoo.Monster"):
        with pytest.raises(SchemaError, match=r"zoo\.Weapon\.damage: offsets of 64 bits"):
            loaded.record(name)
    assert [field.name for field in loaded.record("zoo.Armor").table.fields] == ["weight"]


def test_tables_refer_to_each_other_in_chains_of_any_length() -> None:
    record = Record("T0", value="u32")
    for number in range(1, 2000):
        record = Record(f"T{number}", next=record, value="u32")
    payload = record.encode(value=1, next={"value": 2, "next": {"value": 3}})
    record.verify(payload)
    assert record.view(payload).next.next.value == 3
    assert record.decode(payload)["next"]["next"] == {"next": None, "value": 3}
    objects = [
        {
            **decoded()["objects"][2],
            "name": f"T{number}",
            "fields": [{**part(decoded(), "zoo.Monster.pet"), "type": reference(number + 1), "id": 0}],
        }
        for number in range(2000)
    ]
    chain = Schema({**decoded(), "objects": [*objects, decoded()["objects"][0]], "root_table": objects[0]}).record()
    assert chain.decode(chain.encode(pet={"pet": {}})) == {"pet": {"pet": {"pet": None}}}


def reference(index: int) -> dict[str, Any]:
    return {"base_type": 15, "element": 0, "index": index, "fixed_length": 0}


def test_only_what_a_record_needs_must_be_usable() -> None:
    schema = copy.deepcopy(decoded())
    part(schema, "zoo.Monster.hp")["offset64"] = True
    assert Schema(schema).record("zoo.Weapon").name == "zoo.Weapon"


def nesting(record: Record) -> dict[str, str]:
    return {each.name: each.nested.name for each in record.table.fields if each.nested is not None}


def test_bytes_that_are_a_buffer_name_its_root_table() -> None:
    assert nesting(KEEPER) == {"self": "zoo.Keeper", "leaf": "zoo.inner.Leaf"}
    assert next(each.nested for each in KEEPER.table.fields if each.name == "self") is KEEPER.table
    schema = copy.deepcopy(decoded("keeper"))
    (attribute,) = part(schema, "zoo.Keeper.self")["attributes"]
    for name, found in {"inner.Leaf": "zoo.inner.Leaf", "zoo.Keeper": "zoo.Keeper", "Keeper": "zoo.Keeper"}.items():
        attribute["value"] = name
        assert nesting(Schema(schema).record())["self"] == found
    schema["objects"][0]["name"], attribute["value"] = "Keeper", "Keeper"  # just this name comes before any namespace
    schema["root_table"] = schema["objects"][0]
    assert nesting(Schema(schema).record())["self"] == "Keeper"


@pytest.mark.parametrize(
    ("value", "element", "words"),
    [
        ("Leaf", 4, "zoo.Keeper.self: its nested buffer is a Leaf, which is no table of the schema"),
        ("Keeper", 3, "zoo.Keeper.self: only a vector of ubyte holds a nested buffer"),
    ],
)
def test_what_cannot_be_a_buffer_inside_names_the_field(value: str, element: int, words: str) -> None:
    schema = copy.deepcopy(decoded("keeper"))
    spec = part(schema, "zoo.Keeper.self")
    spec["attributes"][0]["value"] = value
    spec["type"]["element"] = element
    with pytest.raises(SchemaError, match=words):
        Schema(schema).record()


@settings(max_examples=300)
@given(st.sampled_from(["monster", "thing", "telemetry", "keeper"]), st.data())
def test_a_corrupted_schema_is_refused_or_gives_a_record(name: str, data: st.DataObject) -> None:
    schema = bytearray((SCHEMAS / f"{name}.bfbs").read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        schema[data.draw(st.integers(0, len(schema) - 1))] = data.draw(st.integers(0, 255))
    try:
        record = Schema.load(bytes(schema)).record()
    except (SchemaError, LookupError):
        return
    with contextlib.suppress(VerificationFailed):
        record.verify(THING.encode(id=1))
