"""One message at a time: from a mapping of values to a payload, by the rules of `flatstream.records.layout`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from operator import eq, itemgetter
from struct import Struct, pack, pack_into
from struct import error as struct_error
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias, cast

from flatstream import engine
from flatstream.records.accelerated import row_encoder_of
from flatstream.records.layout import OFFSET_SIZE, Layout, aligned, buffer_align, lay_out, root_position
from flatstream.records.types import SCALARS, EnumType, Scalar, StringType, StructType, TableType, UnionType
from flatstream.records.values import inline_packer, vector_packer

if TYPE_CHECKING:
    from collections.abc import Callable

    from flatstream.engine import Native, RowEncoder
    from flatstream.records.types import Field, Type, VectorType

__all__ = ["Encoder"]

MAX_PAYLOAD: Final = 2**31 - 1
"""Bytes; offsets have no more to say it."""

MAX_FLAT: Final = 256
"""Sets of names, in the order in which they are given, that are kept ready; programs have a few."""

_OFFSET: Final = bytes(4)
"""Holds the place of an offset until it is known where it leads."""


class _Output:
    """A payload that grows, and where in it each vtable stands that later tables can share."""

    def __init__(self, start: bytes) -> None:
        self.data = bytearray(start)
        self.vtables: dict[bytes, int] = {}

    def place(self, size: int, align: int, behind: int = 4) -> int:
        """Make room for ``size`` bytes, so that what comes ``behind`` bytes after their start is aligned."""
        data = self.data
        at = aligned(len(data) + behind, align) - behind
        data.extend(bytes(at - len(data) + size))
        return at

    def refer(self, offset_at: int, target: int) -> None:
        """Let the offset that lies at ``offset_at`` lead to ``target``."""
        pack_into("<I", self.data, offset_at, target - offset_at)


Put: TypeAlias = "Callable[[_Output, Any], int]"
"""Puts a value behind all others, and says where it is."""


class _Slot(NamedTuple):
    """How a field is written: what is ``inline`` packs to bytes, anything else is ``put`` and referred to."""

    field: Field
    bit: int
    inline: Callable[[Any], bytes] | None
    default: bytes | None
    """Bytes of the value that is left out."""
    put: Put | None


class _Flat(NamedTuple):
    """How a message of nothing but these numbers is packed in one go, if none of them is left out."""

    get: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    """The values in the order in which they lie."""
    defaults: tuple[Any, ...]
    rounded: tuple[tuple[int, bytes], ...]
    """Of the fields whose bytes can be the default's while the value is not equal: place in the payload, default."""
    pack: Callable[..., bytes]
    head: bytes
    vtable: bytes


class Encoder:
    """Encodes tables of one type. ``encoders`` has those of the types that were met before, since types can nest."""

    def __init__(
        self,
        table: TableType,
        *,
        identifier: bytes = b"",
        force_defaults: bool = False,
        encoders: dict[TableType, Encoder] | None = None,
    ) -> None:
        self._encoders = {} if encoders is None else encoders
        self._encoders[table] = self
        self._table = table
        self._force = force_defaults
        self.name = table.name
        self.fields = table.fields
        self.start = bytes(4) + identifier
        """What stands before the root table, but for its offset."""
        self._rows: tuple[Native, RowEncoder | None] | None = None
        self._layouts: dict[int, Layout] = {}
        self._flat: dict[tuple[str, ...], _Flat | None] = {}
        self._known = frozenset(field.name for field in table.fields)
        self.tags = frozenset(f"{field.name}_type" for field in table.fields if isinstance(field.type, UnionType))
        """Names of the tags of unions: one is never written without its value."""
        self._slots = [self._slot(index, field) for index, field in enumerate(table.fields)]

    def _slot(self, index: int, field: Field) -> _Slot:
        kind = field.type
        if not isinstance(kind, (Scalar, EnumType, StructType)):
            put = (
                self._putter(kind)
                if field.nested is None
                else _vector_putter(SCALARS["u8"], buffer_align(field.nested))
            )
            return _Slot(field, 1 << index, None, None, put)
        inline = inline_packer(kind)
        left_out = None if self._force or field.default is None else inline(field.default)
        return _Slot(field, 1 << index, inline, left_out, None)

    def _putter(self, kind: Type) -> Put:
        if isinstance(kind, StringType):
            return _put_string
        if isinstance(kind, TableType):
            return partial(self._put_table, kind)
        if isinstance(kind, UnionType):
            return _put_union({member.tag: self._putter(member.type) for member in kind.members})
        if isinstance(kind, StructType):
            return partial(_put_struct, kind, inline_packer(kind))
        element = cast("VectorType", kind).element
        if isinstance(element, (StringType, TableType)):
            return partial(_put_offsets, self._putter(element))
        return _vector_putter(element, element.align)

    def _put_table(self, table: TableType, output: _Output, values: Any) -> int:
        # Made when the first one is met: chains of tables can be of any length.
        encoder = self._encoders.get(table)
        if encoder is None:
            encoder = Encoder(table, force_defaults=self._force, encoders=self._encoders)
        return encoder.put(output, values)

    def engine_rows(self) -> RowEncoder | None:
        """The engine's writer of these tables, or ``None``."""
        native = engine.native
        if native is None:
            return None
        if self._rows is None or self._rows[0] is not native:
            self._rows = native, row_encoder_of(native, self, MAX_PAYLOAD)
        return self._rows[1]

    def default_bytes(self, field: Field) -> bytes | None:
        """The bytes of a field's default; ``None`` if it has none."""
        inline = self._slots[self.fields.index(field)].inline
        return None if inline is None or field.default is None else inline(field.default)

    def left_out(self, field: Field) -> bytes | None:
        """The bytes of the value that is left out, since it is what absence means; ``None`` if there is none."""
        return self._slots[self.fields.index(field)].default

    def writes_default(self, field: Field) -> bool:
        """Whether a field that is not given is written with its default.

        That of a union's tag never is: it would be a tag without a value.
        """
        return self._force and field.default is not None and field.name not in self.tags

    def layout(self, present: int) -> Layout:
        """The layout of a table with the fields of these bits."""
        layout = self._layouts.get(present)
        if layout is None:
            layout = lay_out(slot.field for slot in self._slots if slot.bit & present)
            self._layouts[present] = layout
        return layout

    def call(self, fields: Mapping[str, Any] | None = None, /, **more: Any) -> bytes:
        """`encode` of a mapping, of values by name, or of both, in which those by name count."""
        if fields is None:
            return self.encode(more)
        if not isinstance(fields, Mapping):
            raise TypeError(f"encode() takes a mapping of fields, or fields by name, and not {type(fields).__name__}")
        return self.encode({**fields, **more} if more else fields)

    def encode(self, values: Mapping[str, Any]) -> bytes:
        """The payload with these values. ``TypeError`` or ``ValueError`` names the field of one that does not fit."""
        names = tuple(values)
        try:
            flat = self._flat[names]
        except KeyError:
            flat = self._flat_for(names)
        if flat is not None:
            payload = _packed_flat(values, *flat)
            if payload is not None:
                return payload
        output = _Output(self.start)
        root = self.put(output, values)
        output.refer(0, root)
        if len(output.data) > MAX_PAYLOAD:
            raise ValueError(f"{len(output.data)} bytes are more than a FlatBuffer can have ({MAX_PAYLOAD})")
        return bytes(output.data)

    def _flat_for(self, names: tuple[str, ...]) -> _Flat | None:
        """How a message with fields of these names, in this order, is packed in one go; ``None`` if it cannot be."""
        slots = {slot.field.name: slot for slot in self._slots}
        flat = None
        if not self._force and not any(slot.field.required for slot in self._slots) and self._all_numbers(names):
            layout = self.layout(sum(slots[name].bit for name in names))
            root = root_position(layout, identified=len(self.start) > OFFSET_SIZE)
            head = bytearray(root + OFFSET_SIZE)
            head[: len(self.start)] = self.start
            pack_into("<I", head, 0, root)
            pack_into("<i", head, root, -layout.size)
            places = zip(layout.fields, layout.positions, strict=True)
            inexact = [(slots[field.name].default, at) for field, at in places if _is_inexact(field)]
            flat = _Flat(
                _getter([field.name for field in layout.fields]),
                tuple(field.default for field in layout.fields),
                tuple((root + at, default) for default, at in inexact if default is not None),
                Struct(f"<{len(head)}s{layout.packer.format[2:]}{len(layout.vtable)}s").pack,
                bytes(head),
                layout.vtable,
            )
        if len(self._flat) < MAX_FLAT:
            self._flat[names] = flat
        return flat

    def _all_numbers(self, names: tuple[str, ...]) -> bool:
        kinds = {field.name: field.type for field in self.fields}
        found = [kinds.get(name) for name in names]
        return bool(names) and all(isinstance(kind, Scalar) and kind.kind != "b" for kind in found)

    def put(self, output: _Output, values: Mapping[str, Any]) -> int:
        """Put a table, its vtable if there is none to share, and all that the table refers to."""
        if not isinstance(values, Mapping):
            raise TypeError(f"a mapping of {self._table.name}'s fields is needed, not {type(values).__name__}")
        if not self._known.issuperset(values):
            unknown = next(name for name in values if name not in self._known)
            raise TypeError(f"{self._table.name} has no field {unknown!r}")
        present, inline, later = self._gathered(values)
        layout = self.layout(present)
        data = output.data
        table = output.place(layout.size, layout.align)
        for field, at in zip(layout.fields, layout.positions, strict=True):
            part = inline.get(field.name, _OFFSET)
            data[table + at : table + at + len(part)] = part
        vtable = output.vtables.get(layout.vtable)
        if vtable is None:
            vtable = output.vtables[layout.vtable] = output.place(0, 2, 0)
            data += layout.vtable
        pack_into("<i", data, table, table - vtable)
        for slot, value in later:
            field = slot.field
            try:
                target = slot.put(output, value)  # type: ignore[misc]
            except (TypeError, ValueError) as cause:
                raise _named(cause, f"{self._table.name}.{field.name}") from cause
            output.refer(table + layout.positions[layout.fields.index(field)], target)
        return table

    def _gathered(self, values: Mapping[str, Any]) -> tuple[int, dict[str, bytes], list[tuple[_Slot, Any]]]:
        """The bits of the fields that are present, the bytes of those that lie in the table, and the others."""
        present = 0
        inline: dict[str, bytes] = {}
        later: list[tuple[_Slot, Any]] = []
        for slot in self._slots:
            field, bit, packer, default, _ = slot
            value = values.get(field.name)
            if value is None:
                if field.required:
                    raise ValueError(f"{self._table.name}.{field.name} is required")
                if isinstance(field.type, UnionType) and self._tag(field, values):
                    raise ValueError(f"{self._table.name}.{field.name} has a tag, and no value")
                if not self.writes_default(field):
                    continue
                value = field.default
            if isinstance(field.type, UnionType):
                value = self._tag(field, values), value
            if packer is None:
                later.append((slot, value))
            else:
                try:
                    part = packer(value)
                except (TypeError, ValueError) as cause:
                    raise _named(cause, f"{self._table.name}.{field.name}") from cause
                if part == default:
                    continue
                inline[field.name] = part
            present |= bit
        return present, inline, later

    @staticmethod
    def _tag(union: Field, values: Mapping[str, Any]) -> Any:
        """The tag that is given with the value of a union, as a number."""
        tag = values.get(f"{union.name}_type")
        return cast("UnionType", union.type).tag.members.get(tag) if isinstance(tag, str) else tag


def _is_inexact(field: Field) -> bool:
    """Whether a value can have the bytes of the default and still not be equal to it: rounded, or NaN."""
    return field.type == SCALARS["f32"] or field.default != field.default


def _getter(names: list[str]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    if len(names) == 1:
        (name,) = names
        return lambda values: (values[name],)
    return itemgetter(*names)


def _packed_flat(  # noqa: PLR0917  (plain arguments, as an engine takes them)
    values: Mapping[str, Any],
    get: Callable[[Mapping[str, Any]], tuple[Any, ...]],
    defaults: tuple[Any, ...],
    rounded: tuple[tuple[int, bytes], ...],
    pack_all: Callable[..., bytes],
    head: bytes,
    vtable: bytes,
) -> bytes | None:
    """The payload; ``None`` if a value is a default, or does not fit: the slower way knows more."""
    given = get(values)
    try:
        if True in map(eq, given, defaults):
            return None
        payload = pack_all(head, *given, vtable)
    except (struct_error, OverflowError, TypeError, ValueError):
        return None
    for at, default in rounded:
        if payload[at : at + len(default)] == default:
            return None
    return payload


def _put_string(output: _Output, value: str) -> int:
    if not isinstance(value, str):
        raise TypeError(f"a str is needed, not {type(value).__name__}")
    text = value.encode("utf-8")
    at = output.place(0, 4, 0)
    output.data += pack("<I", len(text)) + text + b"\0"
    return at


def _put_struct(kind: StructType, packer: Callable[[Any], bytes], output: _Output, value: Any) -> int:
    part = packer(value)
    at = output.place(0, max(4, kind.align), 0)
    output.data += part
    return at


def _vector_putter(element: Scalar | EnumType | StructType, align: int) -> Put:
    return partial(_put_vector, max(4, align), vector_packer(element))


def _put_vector(align: int, packer: Callable[[Any], tuple[int, bytes]], output: _Output, value: Any) -> int:
    count, part = packer(value)
    at = output.place(0, align)
    output.data += pack("<I", count) + part
    return at


def _put_offsets(put: Put, output: _Output, values: Any) -> int:
    """Put a vector of what is not inline: first the offsets, then what they lead to."""
    if hasattr(values, "tolist"):  # an array, as pandas has lists of strings
        values = values.tolist()
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Sequence):
        raise TypeError(f"a sequence is needed, not {type(values).__name__}")
    at = output.place(4 + 4 * len(values), 4, 0)
    pack_into("<I", output.data, at, len(values))
    for index, value in enumerate(values):
        slot = at + 4 + 4 * index
        try:
            output.refer(slot, put(output, value))
        except (TypeError, ValueError) as cause:
            raise _named(cause, f"[{index}]") from cause
    return at


def _put_union(members: dict[int, Put]) -> Put:
    def put(output: _Output, tagged: tuple[Any, Any]) -> int:
        tag, value = tagged
        if tag not in members:
            raise ValueError(f"a union's value needs a tag of a member, not {tag!r}")
        return members[tag](output, value)

    return put


def _named(cause: Exception, where: str) -> Exception:
    """The same kind of error, with the field's name in front."""
    kind = TypeError if isinstance(cause, TypeError) else ValueError
    return kind(f"{where}: {cause}")
