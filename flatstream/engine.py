"""The seam to the accelerated engine: which one is active, and why.

The pure-Python code is the reference. The native engine does the same, faster: it takes over whole, good frames, and
leaves all else to the rules in Python. The environment variable ``FLATSTREAM_ENGINE`` chooses, at first use:

| value            | engine                                                   |
|------------------|----------------------------------------------------------|
| ``auto`` (unset) | native where it was built, else Python                   |
| ``native``       | native; ``EngineUnavailable`` where it was not built     |
| ``python``       | Python                                                   |

>>> from flatstream import engine
>>> engine.name in {"native", "python"}
True
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, cast

from flatstream.errors import EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from typing_extensions import Buffer

    from flatstream.wire import Payload

    name: str
    """The active engine: ``native`` or ``python``."""
    native: Native | None
    """What the native engine offers, or ``None`` if it is not active."""
    why_python: str | None
    """Why the active engine is Python, or ``None`` if it is native."""

VARIABLE: Final = "FLATSTREAM_ENGINE"
"""The environment variable that chooses."""

BUILT_IN: Final = frozenset({"none", "crc16", "crc32", "xxh3_64"})
"""The checksums that the native engine knows, by name."""


class WholeFrames(Protocol):
    """Lists of the payloads whose frames stand whole in a window, up to the first frame that does not pass."""

    pos: int
    """Position in the window, in bytes, one past the last frame of the last list."""

    def pos_after(self, given: int, /) -> int:
        """Position one past the first ``given`` frames of the last list."""

    def __iter__(self) -> Iterator[list[Payload]]: ...

    def __next__(self) -> list[Payload]: ...


class Gate(Protocol):
    """What a `FrameWriter` and the Python code behind it share, so that neither has to know the other."""

    written: int
    """Bytes of the frames that went the short way."""

    def close(self) -> None:
        """Leave everything to ``slow`` from now on."""


class FrameWriter(Protocol):
    """Writes small ``bytes`` payloads to a sink that takes them; leaves the rest to Python."""

    def write_payload(self, payload: Buffer, /) -> None:
        """Write any bytes-like as one frame."""


EngineColumn: TypeAlias = "tuple[int, Buffer, Any, Any, Buffer | None, bool]"
"""As `RowEncoder.frame_columns` takes one."""


class Verifier(Protocol):
    """Says which payloads pass, as `flatstream.records.verify`; not why others do not."""

    def accepts(self, payload: Buffer, /) -> bool:
        """Whether it passes."""

    def passing(self, source: Buffer, offsets: Buffer, lengths: Buffer, /) -> int:
        """How many of the payloads at int64 offsets, of uint32 lengths, pass, up to the first that does not."""


class Gatherer(Protocol):
    """Reads the columns of some fields from payloads, as `flatstream.records.gather`."""

    def gather(
        self, source: Buffer, offsets: Buffer, lengths: Buffer, /
    ) -> tuple[int, list[tuple[bytearray, bytearray | None, bytearray | None]]]:
        """How many payloads are sound, up to the first that is not; and if all are, three columns for each field.

        Of numbers and structs the values, ``None``, and a 1 for each row that has none, or ``None`` if all have one; of
        strings and vectors the byte of the source (int64) at which the elements begin, their number (int64), the same.
        """


class Decoder(Protocol):
    """Decodes tables of one type, as `flatstream.Record.decode`."""

    def decode(self, payload: Buffer, /) -> dict[str, Any]:
        """The fields by name; what does not pass is left to ``slow``."""


class RowEncoder(Protocol):
    """Writes tables of one type, byte for byte as `flatstream.records.encode`."""

    def function(self) -> Callable[..., bytes]:
        """A function from values, by field name or in a dict, to a payload; what is not plain is left to ``slow``."""

    def frame_rows(self, rows: list[Any], checksum: str, frames: bytearray, /) -> bool:
        """Append the frames of rows; nothing, and ``False``, unless all are tuples of plain values, one a field."""

    def frame_columns(
        self,
        columns: list[EngineColumn],
        start: int,
        stop: int,
        checksum: str,
        frames: bytearray,
        /,
    ) -> None:
        """Append the frames of rows ``start`` to ``stop`` of columns.

        A column is: index of the field; data; where in it values begin and the bytes from one to the next, or, for
        strings and vectors, columns of where elements begin and how many there are (int64); a column of a byte for
        each row, not 0 if it has a value, or ``None``; whether the value that absence means is left out.

        ``OverflowError`` with the number of a row whose payload would be too long, and nothing is appended.
        """


class Native(Protocol):
    """What the native engine offers. Checksums are given by name, and are of `BUILT_IN`.

    Buffers are single bytes in one piece, and are held, so that nobody can free or resize them, for as long as what was
    made of them lives.
    """

    def WholeFrames(  # noqa: N802, PLR0917  (a class of the native module, whose arguments have places)
        self,
        window: Payload,
        pos: int,
        checksum: str,
        max_frame_len: int,
        copy: bool,  # noqa: FBT001  (arguments of native code have places, not names)
        verifier: Verifier | None,
        /,
    ) -> WholeFrames:
        """The frames from ``pos`` on; payloads are views of a view, unless ``copy``, else ``bytes``.

        A payload that the verifier refuses is in front of what it gives, as is a frame that is not whole and good.
        """

    def FrameWriter(  # noqa: N802, PLR0917  (the same)
        self,
        gate: Gate,
        sink: object,
        checksum: str,
        longest: int,
        slow: Callable[[Buffer], None],
        unsure: Callable[[bytes | None, object], None],
        /,
    ) -> FrameWriter:
        """A writer of payloads of up to ``longest`` bytes to a ``bytearray`` or an object with ``write``.

        ``slow`` writes any payload by the rules; ``unsure`` goes on after a sink that did not simply take the whole
        frame, with the frame (``None`` if it is a ``bytearray``) and what the sink answered or raised.
        """

    def Gate(self) -> Gate:  # noqa: N802
        """An open one, through which nothing has gone."""

    def Decoder(  # noqa: N802
        self,
        fields: list[tuple[str, int, str, Any]],
        verifier: Verifier,
        slow: Callable[[Buffer], dict[str, Any]],
        /,
    ) -> Decoder:
        """The reader of tables with these fields: name, entry, code as of `RowEncoder`, value where it is absent."""

    def Verifier(self, plan: Sequence[Sequence[Any]], identifier: bytes, limits: tuple[int, int, int], /) -> Verifier:  # noqa: N802
        """The verifier of a plan, with limits of depth, tables and apparent size."""

    def Gatherer(self, fields: list[tuple[int, int, int, int, bool]], identifier: bytes, /) -> Gatherer:  # noqa: N802
        """The reader of fields: entry, kind (0 number or struct, 1 string, 2 vector), size, alignment, required."""

    def RowEncoder(  # noqa: N802
        self,
        start: bytes,
        fields: list[tuple[str, int, str, int, int, int | None, int | None, bool]],
        longest: int,
        slow: Callable[..., bytes],
        /,
    ) -> RowEncoder:
        """The writer of tables with these fields, in payloads of up to ``longest`` bytes.

        ``start`` is what stands before the root table: the place of its offset, and a file identifier. A field is:
        name, slot, code, size, alignment, the bits of the value that is left out, of the one that is written where none
        is given, required. Codes of numbers are those of the module ``struct``; ``s`` is a string, ``y`` a vector of
        bytes, ``V`` any other vector, with size and alignment of an element, ``S`` a struct, ``O`` what the engine does
        not write. ``ValueError`` for fields that a vtable may not be able to say.
        """

    def Slices(self, source: memoryview, offsets: Buffer, lengths: Buffer, /) -> Iterator[memoryview]:  # noqa: N802
        """Views on ``source`` at int64 offsets, of uint32 lengths."""

    def arrow_views(self, source: Buffer, offsets: Buffer, lengths: Buffer, buffer_len: int, /) -> bytearray:
        """What `flatstream.batch` documents under that name; ``ValueError`` for a payload that Arrow cannot say."""

    def scan(
        self, source: Buffer, checksum: str, max_frame_len: int, threads: int, /
    ) -> tuple[Buffer, Buffer, int, tuple[str, str | None, int, int] | None]:
        """Offsets (int64) and lengths (uint32) of the payloads, the offset of the end, and why it is there.

        Why: ``None`` for the clean end, else kind of error, field, and its two numbers.
        """

    def frame_some(
        self,
        payloads: list[Buffer],
        start: int,
        enough: int,
        checksum: str,
        flat_view: Callable[[Buffer], memoryview],
        /,
    ) -> tuple[bytearray, int]:
        """The frames of the payloads from ``start`` on, up to ``enough`` bytes or more; and the index behind the last.

        It stops in front of a payload that is refused; if that is the first one, it raises what ``flat_view`` does, or
        ``OverflowError`` with the length of one that is too long (W8).
        """

    def frame_rows(self, rows: Buffer, count: int, row_len: int, checksum: str, /) -> bytearray:
        """The frames of ``count`` payloads of ``row_len`` bytes, which lie one behind the other in ``rows``."""


def _choose() -> tuple[Native | None, str | None]:
    """The native engine, or ``None`` and the reason."""
    wanted = os.environ.get(VARIABLE, "") or "auto"
    if wanted not in {"auto", "native", "python"}:
        raise EngineUnavailable(f"{VARIABLE} is {wanted!r}, and not auto, native or python")
    if wanted == "python":
        return None, f"{VARIABLE} is python"
    try:
        return cast("Native", import_module("flatstream._native")), None
    except ImportError as cause:
        missing = isinstance(cause, ModuleNotFoundError)
        why = "it was not built: that takes cargo when flatstream is installed" if missing else str(cause)
        if wanted == "native":
            raise EngineUnavailable(f"{VARIABLE} is native, but there is no native engine: {why}") from cause
        return None, f"there is no native engine: {why}"


def __getattr__(attribute: str) -> object:
    """``name``, ``native``, ``why_python``: found out at first use, so that an error is raised where one is caught."""
    if attribute not in {"name", "native", "why_python"}:
        raise AttributeError(f"module {__name__!r} has no attribute {attribute!r}")
    engine, why = _choose()
    globals().update(native=engine, name="python" if engine is None else "native", why_python=why)
    return globals()[attribute]
