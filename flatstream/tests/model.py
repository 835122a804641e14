"""The native engine's contract in plain Python: what each function must do, in the fewest lines and with no haste.

The tests of the library run against it where the native engine is not built, and its own tests compare it with that
where it is.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from flatstream.checksum import BUILT_IN
from flatstream.errors import VerificationFailed
from flatstream.records.verify import INLINE, STRING, VECTOR, Step, verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def frame_at(
    data: Any, pos: int, checksum: str, limit: int
) -> tuple[int, int] | tuple[str, str | None, int, int] | None:
    """Start and end of the payload of a good frame, or why there is none; ``None`` at the end."""
    algorithm = BUILT_IN[checksum]
    left = len(data) - pos
    if left == 0:
        return None
    if left < 4:
        return "unexpected_eof", "length", 4, left
    length = int.from_bytes(data[pos : pos + 4], "little")
    if length > limit:
        return "invalid_frame", None, length, 0
    start = pos + 4 + algorithm.width
    if start > len(data):
        return "unexpected_eof", "checksum", algorithm.width, left - 4
    if start + length > len(data):
        return "unexpected_eof", "payload", length, len(data) - start
    expected, calculated = data[pos + 4 : start], algorithm.field(data[start : start + length])
    if expected != calculated:
        return "checksum_mismatch", None, int.from_bytes(expected, "little"), int.from_bytes(calculated, "little")
    return start, start + length


def frame(payload: Any, checksum: str) -> bytes:
    data = bytes(payload)
    return struct.pack("<I", len(data)) + BUILT_IN[checksum].field(data) + data


class WholeFrames:
    """Two payloads at a time, so that lists of them are left half read."""

    def __init__(  # noqa: PLR0917  (as the engine's)
        self, window: Any, pos: int, checksum: str, limit: int, copy: bool, verifier: Any
    ) -> None:
        if pos > len(window):
            raise IndexError(pos)
        self._verifier = verifier
        self._window, self._args, self._copy = window, (checksum, limit), copy
        self.pos = pos
        self._ends = [pos]

    def pos_after(self, given: int) -> int:
        return self._ends[given]

    def __iter__(self) -> WholeFrames:
        return self

    def __next__(self) -> list[Any]:
        payloads: list[Any] = []
        self._ends = [self.pos]
        while len(payloads) < 2:
            found = frame_at(self._window, self.pos, *self._args)
            if found is None or len(found) == 4:
                break
            payload = self._window[found[0] : found[1]]
            if self._verifier is not None and not self._verifier.accepts(payload):
                break
            payloads.append(bytes(payload) if self._copy else payload)
            self.pos = found[1]
            self._ends.append(self.pos)
        if not payloads:
            raise StopIteration
        return payloads


class Gate:
    def __init__(self) -> None:
        self.written = 0
        self.open = True

    def close(self) -> None:
        self.open = False


class FrameWriter:
    def __init__(  # noqa: PLR0917  (the places are those of the native class)
        self, gate: Any, sink: Any, checksum: str, longest: int, slow: Any, unsure: Any
    ) -> None:
        self._gate = gate
        self._write = sink.extend if isinstance(sink, bytearray) else sink.write
        self._args = checksum, longest
        self._slow, self._unsure = slow, unsure

    def write_payload(self, payload: Any, /) -> None:
        checksum, longest = self._args
        if type(payload) is not bytes or len(payload) > longest or not self._gate.open:
            self._slow(payload)
            return
        data = frame(payload, checksum)
        try:
            taken = self._write(data)
        except BaseException as error:  # noqa: BLE001
            self._unsure(data, error)
            return
        if taken not in {len(data), None}:
            self._unsure(data, taken)
        else:
            self._gate.written += len(data)


class Verifier:
    """The reference, which differs from the engine in nothing but that it says why."""

    def __init__(self, plan: Any, identifier: bytes, limits: tuple[int, int, int]) -> None:
        if any(step.size >= 2**16 for steps in plan for step in steps):
            raise ValueError("no field has this size or alignment")
        self._args = identifier, *limits
        self._plan = plan

    def accepts(self, payload: Any, /) -> bool:
        try:
            verify(self._plan, "", payload if isinstance(payload, bytes) else memoryview(payload), *self._args)
        except VerificationFailed:
            return False
        return True

    def passing(self, source: Any, offsets: Any, lengths: Any) -> int:
        return next(
            (row for row, at in enumerate(spots(offsets, lengths)) if not self.accepts(source[at])), len(lengths) // 4
        )


def spots(offsets: Any, lengths: Any) -> Iterator[slice]:
    for start, length in zip(memoryview(offsets).cast("q"), memoryview(lengths).cast("I"), strict=True):
        yield slice(start, start + length)


class Gatherer:
    """A payload at a time, each verified as a record of just these fields would be."""

    def __init__(self, fields: Any, identifier: bytes) -> None:
        steps = [
            Step(entry, (INLINE, STRING, VECTOR)[kind], size, align, required, 0, "")
            for entry, kind, size, align, required in fields
        ]
        self._fields = fields
        self._verifier = Verifier((tuple(steps),), identifier, (64, 10**6, 2**62))

    def gather(self, source: Any, offsets: Any, lengths: Any) -> Any:
        sound = self._verifier.passing(source, offsets, lengths)
        if sound < len(lengths) // 4:
            return sound, []
        return sound, [self._column(field, memoryview(source), list(spots(offsets, lengths))) for field in self._fields]

    def _column(self, field: Any, source: memoryview, rows: list[slice]) -> Any:
        entry, kind, size, _, _ = field
        values, counts, absent = bytearray(), bytearray(), bytearray()
        for row in rows:
            payload = source[row]
            (root,) = struct.unpack_from("<I", payload)
            vtable = root - struct.unpack_from("<i", payload, root)[0]
            (length,) = struct.unpack_from("<H", payload, vtable)
            offset = struct.unpack_from("<H", payload, vtable + entry)[0] if entry < length else 0
            absent.append(not offset)
            at = root + offset
            if kind == 0:
                values += payload[at : at + size] if offset else bytes(size)
                continue
            at += struct.unpack_from("<I", payload, at)[0] if offset else 0
            values += struct.pack("q", row.start + at + 4 if offset else 0)
            counts += struct.pack("q", struct.unpack_from("<I", payload, at)[0] if offset else 0)
        return values, counts if kind else None, absent if any(absent) else None


class Decoder:
    def __init__(self, fields: Any, verifier: Any, slow: Any) -> None:
        self._fields, self._verifier, self._slow = fields, verifier, slow

    def decode(self, payload: Any, /) -> Any:
        if not self._verifier.accepts(payload):
            return self._slow(payload)
        values = {}
        (root,) = struct.unpack_from("<I", payload)
        vtable = root - struct.unpack_from("<i", payload, root)[0]
        (length,) = struct.unpack_from("<H", payload, vtable)
        for name, entry, code, default in self._fields:
            offset = struct.unpack_from("<H", payload, vtable + entry)[0] if entry < length else 0
            at = root + offset
            if not offset:
                values[name] = default
            elif code in "sy":
                at += struct.unpack_from("<I", payload, at)[0]
                (count,) = struct.unpack_from("<I", payload, at)
                text = bytes(memoryview(payload)[at + 4 : at + 4 + count])
                values[name] = text.decode() if code == "s" else text
            else:
                (values[name],) = struct.unpack_from("<" + code, payload, at)
        return values


class RowEncoder:
    """A field at a time, with no layout that is kept."""

    def __init__(self, start: bytes, fields: Any, longest: int, slow: Any) -> None:
        if any(field[3] >= 2**16 or field[1] >= 2**15 for field in fields):
            raise ValueError("no field has this slot, size or alignment")
        self._start, self._fields, self._longest, self._slow = start, fields, longest, slow

    def function(self) -> Any:
        def encode(*positional: Any, **given: Any) -> bytes:
            by_name = not positional
            by_dict = len(positional) == 1 and type(positional[0]) is dict and not given
            values = given if by_name else positional[0]
            if (by_name or by_dict) and values.keys() <= {field[0] for field in self._fields}:
                plain = self._plain([values.get(field[0]) for field in self._fields])
                payload = None if plain is None else self._payload(plain)
                if payload is not None and len(payload) <= self._longest:
                    return payload
            return bytes(self._slow(*positional, **given))

        return encode

    def frame_rows(self, rows: list[Any], checksum: str, frames: bytearray) -> bool:
        if any(type(row) is not tuple or len(row) != len(self._fields) for row in rows):
            return False
        plain = list(map(self._plain, rows))
        if None in plain:
            return False
        payloads = list(map(self._payload, plain))
        if any(len(payload) > self._longest for payload in payloads):
            return False
        frames += b"".join(frame(payload, checksum) for payload in payloads)
        return True

    def frame_columns(self, columns: Any, start: int, stop: int, checksum: str, frames: bytearray) -> None:
        done = b""
        for row in range(start, stop):
            cells = [None] * len(self._fields)
            for index, data, first, step, present, leave_out in columns:
                if present is None or present[row]:
                    cells[index] = self._cell(index, bytes(data), first, step, row, leave_out)
            payload = self._payload(cells)
            if len(payload) > self._longest:
                raise OverflowError(row)
            done += frame(payload, checksum)
        frames += done

    def _cell(self, index: int, data: bytes, first: Any, step: Any, row: int, leave_out: bool) -> Any:  # noqa: PLR0917
        _, _, code, size, _, left_out, _, _ = self._fields[index]
        if code in "syV":
            at, count = memoryview(first).cast("q")[row], memoryview(step).cast("q")[row]
            return count, data[at : at + count * size]
        value = data[first + row * step :][:size]
        return None if leave_out and left_out == int.from_bytes(value, "little") else value

    def _plain(self, row: Any) -> Any:
        cells: list[Any] = []
        for value, (_, _, code, size, _, left_out, forced, required) in zip(row, self._fields, strict=True):
            if value is None:
                if required:
                    return None
                cells.append(None if forced is None else forced.to_bytes(size, "little"))
            elif code == "s" and type(value) is str:
                try:
                    text = value.encode()
                except UnicodeEncodeError:
                    return None
                cells.append((len(text), text))
            elif code == "y" and type(value) is bytes:
                cells.append((len(value), value))
            else:
                kinds: Any = {"?": bool, "f": float, "d": float}.get(code, int)
                whole = code in "fd" and type(value) is int
                if code in "syVSO" or not (isinstance(value, kinds) or whole):
                    return None
                try:
                    part = struct.pack("<" + code, value)
                except (struct.error, OverflowError):
                    return None
                cells.append(None if left_out == int.from_bytes(part, "little") else part)
        return cells

    def _payload(self, cells: list[Any]) -> bytes:
        there = [(field, cell) for field, cell in zip(self._fields, cells, strict=True) if cell is not None]
        lying = sorted(there, key=lambda pair: (-(pair[0][4] if isinstance(pair[1], bytes) else 4), pair[0][1]))
        align = max([4, *(pair[0][4] for pair in lying if isinstance(pair[1], bytes))])
        root = -(-(len(self._start) + 4) // align) * align - 4
        table, places = bytearray(4), {}
        for field, cell in lying:
            places[field[1]] = len(table)
            table += cell if isinstance(cell, bytes) else bytes(4)
        size = len(table)
        table += bytes(size % 2)
        slots = [places.get(slot, 0) for slot in range(max(places, default=-1) + 1)]
        vtable = struct.pack(f"<{2 + len(slots)}H", 4 + 2 * len(slots), size, *slots)
        table[:4] = struct.pack("<i", -len(table))
        out = bytearray(self._start + bytes(root - len(self._start)) + table + vtable)
        out[:4] = struct.pack("<I", root)
        for field, cell in sorted(there, key=lambda pair: pair[0][1]):
            if not isinstance(cell, bytes):
                step = max(4, field[4])
                out += bytes(-(len(out) + 4) % step)
                at = root + places[field[1]]
                out[at : at + 4] = struct.pack("<I", len(out) - at)
                out += struct.pack("<I", cell[0]) + cell[1] + bytes(field[2] == "s")
        return bytes(out)


def Slices(source: memoryview, offsets: Any, lengths: Any) -> Iterator[memoryview]:  # noqa: N802
    offsets, lengths = memoryview(offsets).cast("q"), memoryview(lengths).cast("I")
    return (source[start : start + length] for start, length in zip(offsets, lengths, strict=True))


def scan(source: Any, checksum: str, limit: int, threads: int) -> Any:
    assert threads > 0
    offsets, lengths, pos = [], [], 0
    while (found := frame_at(source, pos, checksum, limit)) is not None and len(found) == 2:
        offsets.append(found[0])
        lengths.append(found[1] - found[0])
        pos = found[1]
    return struct.pack(f"{len(offsets)}q", *offsets), struct.pack(f"{len(lengths)}I", *lengths), pos, found


def frame_some(
    payloads: list[Any], start: int, enough: int, checksum: str, flat_view: Callable[[Any], Any]
) -> tuple[bytearray, int]:
    frames, index = bytearray(), start
    while index < len(payloads) and len(frames) < enough:
        payload = payloads[index]
        try:
            data = payload if type(payload) is bytes else flat_view(payload)
            if len(data) >= 2**32:
                raise OverflowError(len(data))
        except Exception:
            if index == start:
                raise
            break
        frames += frame(data, checksum)
        index += 1
    return frames, index


def frame_rows(rows: Any, count: int, row_len: int, checksum: str) -> bytearray:
    if len(rows) != count * row_len:
        raise BufferError("the rows are not all of their buffer")
    return frame_some([rows[row * row_len :][:row_len] for row in range(count)], 0, 2**62, checksum, bytes)[0]


def arrow_views(source: Any, offsets: Any, lengths: Any, buffer_len: int) -> bytearray:
    views = bytearray()
    columns = zip(memoryview(offsets).cast("q"), memoryview(lengths).cast("I"), strict=True)
    for index, (start, length) in enumerate(columns):
        if length >= 2**31:
            raise ValueError(f"payload {index} has {length} bytes, over the 2147483647 that Arrow can say")
        payload = bytes(source[start : start + min(length, 12)])
        place = divmod(start, buffer_len)
        views += struct.pack("<i12s", length, payload if length <= 12 else struct.pack("<4sii", payload, *place))
    return views
