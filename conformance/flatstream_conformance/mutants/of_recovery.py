"""Mutants of recovery."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flatstream_conformance.mutants.base_recovery import Recovery, RefusedError, Report
from flatstream_conformance.mutants.base_wire import LENGTH_SIZE, FrameError
from flatstream_conformance.mutants.mutant import Catalogue

if TYPE_CHECKING:
    from flatstream_conformance.mutants.base_doubles import File, Source
    from flatstream_conformance.mutants.base_reading import Reader
    from flatstream_conformance.mutants.base_wire import Payload

RECOVERY = Catalogue("recovery")

CUTS = "recovery-cuts"
ERRORS = "recovery-errors"


def _torn_counts(self: Recovery, report: Report) -> None:
    Recovery.torn(self, report)
    report.frames += 1


def _torn_if_any(self: Recovery, report: Report) -> None:
    if report.frames:
        Recovery.torn(self, report)


def _torn_clears_empty(self: Recovery, report: Report) -> None:
    Recovery.torn(self, report)
    report.empty_tail = 0


def _clean_is_torn(self: Recovery, reader: Reader) -> Report:
    report = Recovery.scan(self, reader)
    report.end = "torn_tail"
    return report


def _empty_is_torn(self: Recovery, reader: Reader) -> Report:
    report = Recovery.scan(self, reader)
    report.end = report.end if report.frames else "torn_tail"
    return report


def _zeros_are_torn(self: Recovery, reader: Reader) -> Report:
    report = Recovery.scan(self, reader)
    if report.empty_tail:
        report.frames -= report.empty_tail
        report.last_good_offset -= report.empty_tail * (LENGTH_SIZE + reader.wire.width)
        report.end = "torn_tail"
    return report


def _skips(self: Recovery, reader: Reader) -> Report:
    report = Report()
    while True:
        try:
            while (payload := reader.next_payload()) is not None:
                self.count(report, payload)
        except FrameError as error:
            if error.kind == "checksum_mismatch":
                continue
            if error.kind not in self.torn_kinds:
                raise
            self.torn(report)
        report.last_good_offset = self.good_offset(reader)
        return report


def _counts_empty(_self: Recovery, report: Report, payload: Payload) -> None:
    report.frames += 1
    report.empty_tail += not payload


def _counts_all_if_last_is_empty(_self: Recovery, report: Report, payload: Payload) -> None:
    report.frames += 1
    report.empty_tail = report.frames if not payload else 0


def _counts_one(_self: Recovery, report: Report, payload: Payload) -> None:
    report.frames += 1
    report.empty_tail = int(not payload)


def _counts_full_only(_self: Recovery, report: Report, payload: Payload) -> None:
    report.frames += bool(payload)
    report.empty_tail = 0 if payload else report.empty_tail + 1


def _keeps_first_run(_self: Recovery, report: Report, payload: Payload) -> None:
    report.frames += 1
    if not payload:
        report.empty_tail += 1
    elif report.empty_tail == report.frames - 1:
        report.empty_tail = 0


RECOVERY.add("scan-counts-torn-frame", "C2", CUTS, "the torn frame is counted", torn=_torn_counts)
RECOVERY.add("scan-torn-is-clean", "C2", CUTS, "a torn tail is reported as clean", torn=lambda *_: None)
RECOVERY.add("scan-first-torn-is-clean", "C2", CUTS, "a file of one torn frame is reported as clean", torn=_torn_if_any)
RECOVERY.add("scan-torn-is-error", "C2", CUTS, "a torn tail is reported as an error", torn_kinds=())
RECOVERY.add("scan-clean-is-torn", "C1", CUTS, "a clean end is reported as a torn tail", scan=_clean_is_torn)
RECOVERY.add("scan-empty-is-torn", "C1", CUTS, "an empty stream is reported as torn", scan=_empty_is_torn)
RECOVERY.add(
    "scan-offset-one-less",
    "C2",
    CUTS,
    "the offset is one byte too small",
    good_offset=lambda _, reader: max(reader.last_good - 1, 0),
)
RECOVERY.add(
    "scan-offset-behind-header",
    "C2",
    CUTS,
    "the offset is behind the length of the torn frame",
    good_offset=lambda _, reader: reader.last_good + LENGTH_SIZE if reader.failure else reader.last_good,
)
RECOVERY.add(
    "scan-offset-is-the-end",
    "C2",
    CUTS,
    "the offset is where the source ended",
    good_offset=lambda _, reader: reader.source.tell(),
)
RECOVERY.add(
    "scan-offset-without-checksum",
    "C1",
    CUTS,
    "the checksum fields do not count for the offset",
    good_offset=lambda _, reader: reader.last_good - reader.wire.width * (reader.last_good > 0),
)
RECOVERY.add("scan-counts-full-frames", "C1", CUTS, "empty frames are not counted", count=_counts_full_only)
RECOVERY.add(
    "scan-mismatch-is-torn",
    "C3",
    ERRORS,
    "a damaged frame is a torn tail",
    torn_kinds=("unexpected_eof", "checksum_mismatch"),
)
RECOVERY.add(
    "scan-over-limit-is-torn",
    "C3",
    ERRORS,
    "a length over the limit is a torn tail",
    torn_kinds=("unexpected_eof", "invalid_frame"),
)
RECOVERY.add(
    "scan-io-is-torn",
    "C3",
    "recovery-faults",
    "a failure of the source is a torn tail",
    torn_kinds=("unexpected_eof", "io"),
)
RECOVERY.add("scan-skips-damage", "C3", ERRORS, "a damaged frame is passed over", scan=_skips)
RECOVERY.add(
    "scan-zeros-are-torn",
    "C6",
    "recovery-zero-tails empty-tails",
    "empty frames at the end are a torn tail",
    scan=_zeros_are_torn,
)
RECOVERY.add(
    "empty-tail-of-all", "C6", "empty-tails", "the empty frames of the whole stream are counted", count=_counts_empty
)
RECOVERY.add(
    "empty-tail-counts-all-frames",
    "C6",
    "empty-tails",
    "all frames are counted if the last is empty",
    count=_counts_all_if_last_is_empty,
)
RECOVERY.add("empty-tail-is-a-flag", "C6", "empty-tails", "the count is 1 at most", count=_counts_one)
RECOVERY.add(
    "empty-tail-keeps-first-run",
    "C6",
    "empty-tails",
    "only a run at the start of the stream is forgotten",
    count=_keeps_first_run,
)
RECOVERY.add("empty-tail-not-if-torn", "C6", "empty-tails", "a torn tail clears the count", torn=_torn_clears_empty)


# Positions and truncation.


def _absolute(self: Recovery, reader: Reader) -> Report:
    began = reader.source.tell()
    report = Recovery.scan(self, reader)
    report.last_good_offset += began
    return report


def _absolute_errors(self: Recovery, reader: Reader) -> Report:
    began = reader.source.tell()
    try:
        return Recovery.scan(self, reader)
    except FrameError as error:
        error.offset += began
        raise


def _rewinds(self: Recovery, reader: Reader) -> Report:
    reader.source.seek(0)
    return Recovery.scan(self, reader)


def _damage_is_torn(self: Recovery, reader: Reader, file: Source | File) -> Report:
    try:
        return Recovery.scan_file(self, reader, file)
    except FrameError:
        return Report(end="torn_tail", last_good_offset=reader.last_good)


def _scan_truncates(self: Recovery, reader: Reader, file: Source | File) -> Report:
    report = Recovery.scan_file(self, reader, file)
    if hasattr(file, "truncate") and report.empty_tail:
        file.truncate(0)
    return report


def _refuses_silently(self: Recovery, file: File, report: Report) -> None:
    if report.end in self.truncatable_ends:
        Recovery.truncate(self, file, report)
    else:
        self.place_for_appending(file, report)


def _zeroes(self: Recovery, file: File, report: Report) -> None:
    if report.end not in self.truncatable_ends:
        raise RefusedError
    size = len(file.getvalue())
    self.place_for_appending(file, report)
    file.write(bytes(size - report.last_good_offset))
    self.place_for_appending(file, report)


def _does_not_cut(self: Recovery, file: File, report: Report) -> None:
    if report.end not in self.truncatable_ends:
        raise RefusedError
    self.place_for_appending(file, report)


RECOVERY.add(
    "position-scan-absolute-errors",
    "E2",
    "recovery-error-offsets",
    "the offsets of errors of a scan from the position are absolute",
    scan=_absolute_errors,
)
RECOVERY.add(
    "file-scan-from-cursor", "C4", "positions", "the scan of a file begins at the cursor", rewind=lambda *_: None
)
RECOVERY.add(
    "position-scan-absolute", "C4", "positions", "the offsets of a scan from the position are absolute", scan=_absolute
)
RECOVERY.add(
    "position-scan-rewinds", "C4", "positions", "a scan from the position begins at the first byte", scan=_rewinds
)
RECOVERY.add(
    "cursor-left-at-the-end",
    "C4",
    "positions",
    "the cursor is left at the end of the file",
    place_cursor=lambda *_: None,
)
RECOVERY.add(
    "cursor-left-at-the-start",
    "C4",
    "positions",
    "the cursor is left at the start of the file",
    place_cursor=lambda _, file, _report: file.seek(0),
)
RECOVERY.add(
    "cuts-one-byte-more",
    "C5",
    "truncate",
    "one byte of the last whole frame is cut off",
    cut_at=lambda _, report: max(report.last_good_offset - 1, 0),
)
RECOVERY.add(
    "cuts-one-byte-less",
    "C5",
    "truncate",
    "one byte of the torn frame stays",
    cut_at=lambda _, report: report.last_good_offset + 1,
)
RECOVERY.add(
    "cuts-clean-files",
    "C5",
    "truncate",
    "the truncation of a clean file is not refused",
    truncatable_ends=("torn_tail", "clean_eof"),
)
RECOVERY.add("cuts-damage", "C5", "truncate", "a damaged file is cut at the damage", scan_file=_damage_is_torn)
RECOVERY.add("cuts-nothing", "C5", "truncate", "the torn bytes stay, and are overwritten", truncate=_does_not_cut)
RECOVERY.add("cuts-by-zeroing", "C5", "truncate", "the torn bytes are made zero", truncate=_zeroes)
RECOVERY.add("refuses-torn", "C5", "truncate", "the truncation of a torn file is refused", truncatable_ends=())
RECOVERY.add(
    "refusal-is-silent",
    "C5",
    "truncate",
    "the truncation of a clean file does nothing, and is not refused",
    truncate=_refuses_silently,
)
RECOVERY.add(
    "scan-changes-the-file",
    "C5",
    "truncate",
    "a file that ends with empty frames is emptied by the scan",
    scan_file=_scan_truncates,
)
RECOVERY.add(
    "appends-at-the-start",
    "C5",
    "truncate",
    "the cursor is at the start after truncation",
    place_for_appending=lambda _, file, _report: file.seek(0),
)
RECOVERY.add(
    "appends-behind-a-gap",
    "C5",
    "truncate",
    "the cursor stays behind the cut",
    place_for_appending=lambda _, file, report: file.seek(report.last_good_offset + 1),
)
