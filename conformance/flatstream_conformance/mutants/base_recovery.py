"""Recovery: where the last whole frame ends, and cutting off what is torn (C1 to C6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from flatstream_conformance.mutants.base_wire import FrameError

if TYPE_CHECKING:
    from collections.abc import Collection

    from flatstream_conformance.mutants.base_doubles import File, Source
    from flatstream_conformance.mutants.base_reading import Reader
    from flatstream_conformance.mutants.base_wire import Payload

FIRST_BYTE = 0


@dataclass
class Report:
    """What a scan found."""

    frames: int = 0
    last_good_offset: int = 0
    end: str = "clean_eof"
    empty_tail: int = 0


class RefusedError(Exception):
    """The report does not authorise truncation (C5)."""


class Recovery:
    """Scans and truncates."""

    torn_kinds: ClassVar[Collection[str]] = ("unexpected_eof",)
    truncatable_ends: ClassVar[Collection[str]] = ("torn_tail",)

    def scan(self, reader: Reader) -> Report:
        """Scan from where the source stands, with offsets relative to it (C1, C2). Raises FrameError (C3)."""
        report = Report()
        try:
            while (payload := reader.next_payload()) is not None:
                self.count(report, payload)
        except FrameError as error:
            if error.kind not in self.torn_kinds:
                raise
            self.torn(report)
        report.last_good_offset = self.good_offset(reader)
        return report

    def count(self, report: Report, payload: Payload) -> None:
        """Count one whole frame (C1), and the empty ones at the end (C6)."""
        report.frames += 1
        report.empty_tail = 0 if payload else report.empty_tail + 1

    def torn(self, report: Report) -> None:
        """The source ended inside of a frame (C2)."""
        report.end = "torn_tail"

    def good_offset(self, reader: Reader) -> int:
        """One past the last whole frame (C1, C2)."""
        return reader.last_good

    def scan_file(self, reader: Reader, file: Source | File) -> Report:
        """Scan a file from its first byte, wherever its cursor is, and leave the cursor at the offset (C4)."""
        self.rewind(file)
        report = self.scan(reader)
        self.place_cursor(file, report)
        return report

    def rewind(self, file: Source | File) -> None:
        """A scan of a file begins at its first byte (C4)."""
        file.seek(FIRST_BYTE)

    def place_cursor(self, file: Source | File, report: Report) -> None:
        """Leave the cursor at the last good offset (C4)."""
        file.seek(report.last_good_offset)

    def truncate(self, file: File, report: Report) -> None:
        """Cut a torn tail off and stand where it was; refuse anything else (C5)."""
        if report.end not in self.truncatable_ends:
            raise RefusedError
        file.truncate(self.cut_at(report))
        self.place_for_appending(file, report)

    def cut_at(self, report: Report) -> int:
        """The new length of the file (C5)."""
        return report.last_good_offset

    def place_for_appending(self, file: File, report: Report) -> None:
        """Frames can be appended at once (C5)."""
        file.seek(report.last_good_offset)
