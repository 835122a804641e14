"""Views: one message, field by field, each read when it is asked for."""

from __future__ import annotations

import copy
from typing import Any, assert_type

import pytest
from hypothesis import given

from flatstream import FlatBuffersError, Record
from flatstream.errors import VerificationFailed
from flatstream.records import StructView, TableView, VectorView
from flatstream.tests.zoo import MONSTER, TELEMETRY, THING, exact, messages

PAYLOAD = MONSTER.encode(
    name="Örk",
    pos=(1, 2, 3),
    inventory=b"abc",
    weapons=[{"name": "axe", "parts": [{"name": "blade"}]}, {"name": "bow"}],
    equipped_type="Armor",
    equipped={"weight": 3.5},
    path=[(1, 2, 3), (4, 5, 6)],
    tags=["a", "b", "c"],
    mixed={"flag": True, "where": (1, 2, 3), "count": 5, "tests": [(1, 2), (3, 4)], "color": 1, "raw": [1, 2, 3]},
)


def whole(value: Any) -> Any:
    """A view with everything in it, in the form that `Record.decode` has."""
    if isinstance(value, TableView | StructView):
        return {name: whole(value[name]) for name in dir(value) if not name.startswith("__") and name[0] != "_"}
    return [whole(each) for each in value] if isinstance(value, VectorView) else value


@given(messages(MONSTER, 1))
def test_a_view_reads_what_decoding_gives(message: dict[str, Any]) -> None:
    payload = MONSTER.encode(**message)
    expected = {name: list(value) if isinstance(value, bytes) else value for name, value in message.items()}
    assert exact(whole(MONSTER.view(payload))) == exact(expected)


def test_types_follow_from_the_calls() -> None:
    # mypy checks these lines; the run only shows that they are not wrong.
    assert_type(TELEMETRY.encode(device_id=1), bytes)
    assert_type(TELEMETRY.frame_many([]), bytearray)
    assert_type(TELEMETRY.view(TELEMETRY.encode()), TableView)
    assert_type(TELEMETRY.decode(TELEMETRY.encode()), dict[str, Any])
    assert_type(TELEMETRY.replace(force_defaults=True), Record)


def test_fields_are_attributes_and_items() -> None:
    view = MONSTER.view(PAYLOAD)
    assert (view.name, view["name"], view.hp, view.pet, view.perhaps) == ("Örk", "Örk", 100, None, None)
    assert view.weapons[0].parts[0].name == "blade"
    assert view.equipped.weight == 3.5
    assert (view.mixed.where.z, view.mixed["count"], view.mixed.raw) == (3.0, 5, [1, 2, 3])
    assert view.mixed.tests == [{"a": 1, "b": 2}, {"a": 3, "b": 4}]


def test_vectors_are_sequences() -> None:
    view = MONSTER.view(PAYLOAD)
    assert (len(view.tags), view.tags[0], view.tags[-1], view.tags[1:]) == (3, "a", "c", ["b", "c"])
    assert view.path[1].y == 5.0
    assert [point.x for point in reversed(view.path)] == [4.0, 1.0]
    assert "b" in view.tags
    assert bytes(view.inventory.raw) == b"abc"
    assert len(view.path.raw) == 24
    with pytest.raises(IndexError):
        view.tags[3]


def test_what_is_no_field_is_no_attribute() -> None:
    view = MONSTER.view(PAYLOAD)
    with pytest.raises(AttributeError, match=r"zoo\.Monster has no field 'nme'"):
        view.nme  # noqa: B018  (it is the access that raises)
    with pytest.raises(AttributeError, match=r"zoo\.Vec3 has no field 'w'"):
        view.pos.w  # noqa: B018  (it is the access that raises)
    with pytest.raises(KeyError):
        view["nme"]


def test_views_show_what_they_are() -> None:
    view = MONSTER.view(PAYLOAD)
    assert repr(TELEMETRY.view(TELEMETRY.encode())) == "<telemetry.Telemetry device_id, timestamp, value>"
    assert repr(view.pos) == "<zoo.Vec3 x=1.0, y=2.0, z=3.0>"
    assert repr(view.tags) == "<vector of 3>"
    assert {"x", "y", "z"} <= set(dir(view.pos))


def test_a_view_verifies_unless_it_is_told_not_to() -> None:
    broken = PAYLOAD[:-40]
    with pytest.raises(VerificationFailed):
        MONSTER.view(broken)
    view = MONSTER.view(broken, verified=True)
    assert view.hp == 100
    with pytest.raises(FlatBuffersError, match=r"zoo\.Monster cannot be read"):
        MONSTER.view(b"\xff" * 12, verified=True)


def test_a_field_that_cannot_be_read_says_which() -> None:
    text = Record("Text", text="string")
    payload = text.encode(text="abc")
    view = text.view(payload.replace(b"abc", b"\xff\xff\xff"), verified=True)
    with pytest.raises(FlatBuffersError, match=r"Text\.text cannot be read"):
        view.text  # noqa: B018  (it is the access that raises)


def test_structs_and_strings_of_unions_are_views_too() -> None:
    assert THING.view(THING.encode(what_type="Place", what=(1.0, 2.0))).what.y == 2.0
    assert THING.view(THING.encode(what_type="Label", what="hi")).what == "hi"
    assert THING.view(THING.encode()).what is None


def test_payloads_are_anything_with_bytes() -> None:
    for payload in (PAYLOAD, bytearray(PAYLOAD), memoryview(PAYLOAD)):
        assert MONSTER.view(payload).name == MONSTER.decode(payload)["name"] == "Örk"
    with pytest.raises(BufferError):
        MONSTER.view(memoryview(PAYLOAD)[::2])


def cut(record: Record, **values: Any) -> TableView:
    """A view of a payload that ends too early, and that nobody verified."""
    return record.view(record.encode(**values)[:-1], verified=True)


def test_what_is_cut_off_is_an_error_of_flatbuffers_at_every_access() -> None:
    place = cut(THING, what_type="Place", what=(1.0, 2.0)).what
    assert place.x == 1.0
    with pytest.raises(FlatBuffersError, match=r"zoo\.Place\.y cannot be read"):
        _ = place.y
    with pytest.raises(FlatBuffersError, match=r"zoo\.Place\.y cannot be read"):
        repr(place)
    payload = MONSTER.encode(name="", tags=["a", "\xff"]).replace(b"\xc3\xbf", b"\xc3\xc3")
    tags = MONSTER.view(payload, verified=True).tags
    assert tags[:1] == ["a"]
    for access in (lambda: tags[1], lambda: tags[-1], lambda: tags[1:], lambda: list(tags)):
        with pytest.raises(FlatBuffersError, match="an element of a vector cannot be read: 'utf-8' codec"):
            access()
    with pytest.raises(IndexError):
        _ = tags[2]


def test_a_vector_that_ends_outside_of_the_payload_is_none_of_any_length() -> None:
    with pytest.raises(FlatBuffersError, match=r"zoo\.Monster\.words cannot be read: a vector of 3 elements of 2"):
        _ = cut(MONSTER, name="", words=[1, 2, 3]).words
    numbers = Record("R", v="[u32]")
    payload = bytearray(numbers.encode(v=[7]))
    payload[-8:-4] = b"\xff" * 4
    with pytest.raises(FlatBuffersError, match=r"R\.v cannot be read: a vector of 4294967295 elements of 4 bytes ends"):
        _ = numbers.view(bytes(payload), verified=True).v


def test_views_can_be_copied() -> None:
    view = MONSTER.view(MONSTER.encode(name="x", pos=(1, 2, 3), tags=["a"]))
    assert copy.copy(view).name == "x"
    assert copy.copy(view.pos).z == 3
    assert list(copy.copy(view.tags)) == ["a"]
    assert not hasattr(view, "_nothing")
