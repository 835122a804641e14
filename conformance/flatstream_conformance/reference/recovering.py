"""The operations `recover` and `truncate`."""

from __future__ import annotations

import io
from typing import Any

import flatstream
from flatstream_conformance.reference.algorithms import algorithm
from flatstream_conformance.reference.arguments import error
from flatstream_conformance.reference.deframing import deframer_of
from flatstream_conformance.reference.doubles import Source

Message = dict[str, Any]


def recover(request: Message) -> Message:
    """The operation `recover`."""
    source = Source(bytes.fromhex(request["wire"]), request)
    deframer = deframer_of(request)
    try:
        if "skip_frames" in request:
            reader = flatstream.StreamReader(source, deframer)
            for _ in range(request["skip_frames"]):
                reader.read_message()
        if request.get("scan") == "file":
            report = flatstream.recover_file(source, deframer)  # type: ignore[arg-type]  # RawIOBase has what it needs
        else:
            report = flatstream.recover(source, deframer)
    except flatstream.FlatStreamError as raised:
        return {"error": error(raised, request)}
    reply: Message = {
        "frames": report.frames,
        "last_good_offset": report.last_good_offset,
        "end": report.end.value,
    }
    if request.get("count_empty_tail"):
        reply["empty_tail"] = report.empty_tail
    if "scan" in request:
        reply["position"] = source.position
    return reply


def truncate(request: Message) -> Message:
    """The operation `truncate`."""
    file = io.BytesIO(bytes.fromhex(request["wire"]))
    reply: Message = {"refused": True}
    try:
        report = flatstream.recover_file(file, deframer_of(request))
        flatstream.truncate(file, report)
    except flatstream.TruncationRefused:
        pass
    except flatstream.FlatStreamError as raised:
        reply["error"] = error(raised, request)
    else:
        reply["refused"] = False
        writer = flatstream.StreamWriter(file, flatstream.ChecksumFramer(algorithm(request["algorithm"])))
        for payload in request["append"]:
            writer.write_payload(bytes.fromhex(payload))
    reply["wire"] = file.getvalue().hex()
    return reply
