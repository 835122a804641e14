"""The base of all mutants, behind the protocol: every operation and every feature of the suite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flatstream_conformance.mutants.base_doubles import File, HugePayload, Sink, Source, TouchedError
from flatstream_conformance.mutants.base_policies import Adaptive, Counting, Policies, Threshold
from flatstream_conformance.mutants.base_reading import Reader, ReadSettings
from flatstream_conformance.mutants.base_recovery import Recovery, RefusedError
from flatstream_conformance.mutants.base_validators import TableRoot, Validators
from flatstream_conformance.mutants.base_wire import FrameError, Payload, Wire
from flatstream_conformance.mutants.base_writing import Writer, WriteSettings
from flatstream_conformance.schemas import ALGORITHMS, FEATURES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Message = dict[str, Any]
FINISH = ("flush", "sync")


class CallerError(Exception):
    """What the caller's own callback or serializer raises."""


@dataclass(frozen=True)
class Implementation:
    """An implementation of FlatStream, part by part; a mutant has another class in the place of one of them."""

    name: str = "base"
    wire: type[Wire] = Wire
    reader: type[Reader] = Reader
    writer: type[Writer] = Writer
    recovery: type[Recovery] = Recovery
    validators: type[Validators] = Validators
    table_root: type[TableRoot] = TableRoot
    policies: type[Policies] = Policies
    adaptive: type[Adaptive] = Adaptive
    threshold: type[Threshold] = Threshold

    def answer(self, request: Mapping[str, Any]) -> Message:
        """The reply to one request. What the implementation was not supposed to raise is `errored`."""
        operations: dict[str, Callable[[Mapping[str, Any]], Message]] = {
            "start": self.start,
            "checksum": self.checksum,
            "declare": self.declare,
            "frame": self.frame,
            "deframe": self.deframe,
            "recover": self.recover,
            "truncate": self.truncate,
            "policy": self.policy,
        }
        operation = operations.get(request["op"])
        if operation is None:
            return {"seq": request["seq"], "skipped": f"no operation {request['op']!r}"}
        try:
            return {"seq": request["seq"], **operation(request)}
        except Exception as error:  # noqa: BLE001  (a mutant may go wrong in any way)
            return {"seq": request["seq"], "errored": f"{type(error).__name__}: {error}"}

    def start(self, _request: Mapping[str, Any]) -> Message:
        """The operation `start`."""
        return {
            "protocol": 1,
            "implementation": {"name": f"mutant {self.name}", "version": "1", "language": "Python"},
            "algorithms": list(ALGORITHMS),
            "ops": ["start", "checksum", "declare", "frame", "deframe", "recover", "truncate", "policy"],
            "features": list(FEATURES),
        }

    def checksum(self, request: Mapping[str, Any]) -> Message:
        """The operation `checksum`."""
        return {"checksum": self.wire(request["algorithm"]).checksum_field(bytes.fromhex(request["data"])).hex()}

    def declare(self, request: Mapping[str, Any]) -> Message:
        """The operation `declare`."""
        return {"accepted": self.wire.may_be_declared(request["width"])}

    def policy(self, request: Mapping[str, Any]) -> Message:
        """The operation `policy`."""
        policies = self.policies(self.adaptive, self.threshold)
        policy = policies.make(request["policy"])
        asked = [policies.ask(policy, request["baseline"], *event) for event in request["events"]]
        return {"decisions": asked}

    def frame(self, request: Mapping[str, Any]) -> Message:
        """The operation `frame`."""
        if "mode" in request:
            return self._asked(request)
        observed: list[str] = []
        sink = Sink(dict(request))
        writer = self._writer(request, sink, observed)
        goes_on = request.get("go_on", False) or "serializer_fails_at" in request
        reply: Message = {}
        results: list[Any] = []
        for write in _writes(request, writer):
            try:
                write()
            except FrameError as error:
                results.append({"error": _error(error, request)})
                if not goes_on:
                    reply["error"] = _error(error, request)
                    break
            except CallerError:
                results.append({"raised": True})
            except TouchedError:
                break
            else:
                results.append("ok")
        finish = request.get("finish")
        if finish in FINISH:
            getattr(writer, finish)()
        reply["wire"] = sink.taken.hex()
        if goes_on:
            reply["results"] = results
        if request.get("observe"):
            reply["observed"] = observed
        if finish is not None:
            reply |= {"flushes": sink.flushes, "syncs": sink.syncs}
        return reply

    def deframe(self, request: Mapping[str, Any]) -> Message:
        """The operation `deframe`."""
        observed: list[str] = []
        source = Source(bytes.fromhex(request["wire"]), dict(request))
        reader = self._reader(request, source, observed)
        reply = _events(request, reader) if "calls" in request else _payloads(request, reader, source)
        if request.get("observe"):
            reply["observed"] = observed
        return reply

    def recover(self, request: Mapping[str, Any]) -> Message:
        """The operation `recover`."""
        source = Source(bytes.fromhex(request["wire"]), dict(request))
        recovery = self.recovery()
        try:
            before = self._reader(request, source)
            for _ in range(request.get("skip_frames", 0)):
                before.next_payload()
            reader = self._reader(request, source)
            report = recovery.scan_file(reader, source) if request.get("scan") == "file" else recovery.scan(reader)
        except FrameError as error:
            return {"error": _error(error, request)}
        reply = {"frames": report.frames, "last_good_offset": report.last_good_offset, "end": report.end}
        if request.get("count_empty_tail"):
            reply["empty_tail"] = report.empty_tail
        if "scan" in request:
            reply["position"] = source.tell()
        return reply

    def truncate(self, request: Mapping[str, Any]) -> Message:
        """The operation `truncate`."""
        file = File(bytes.fromhex(request["wire"]))
        recovery = self.recovery()
        reply: Message = {"refused": True}
        try:
            report = recovery.scan_file(self._reader(request, file), file)
            recovery.truncate(file, report)
            reply["refused"] = False
            writer = self.writer(self.wire(request["algorithm"]), file, WriteSettings())
            for payload in request["append"]:
                writer.write(bytes.fromhex(payload))
        except RefusedError:
            pass
        except FrameError as error:
            reply["error"] = _error(error, request)
        reply["wire"] = file.getvalue().hex()
        return reply

    def _reader(self, request: Mapping[str, Any], source: Source | File, observed: list[str] | None = None) -> Reader:
        policies = self.policies(self.adaptive, self.threshold)
        settings = ReadSettings(
            limit=request["max_frame_len"],
            validator=request.get("validator", "none"),
            validators=self.validators(self.table_root),
            observer=_observer(request, observed),
            policy=policies.make(request.get("policy", "none")),
            policies=policies,
        )
        return self.reader(self.wire(request["algorithm"]), source, settings)

    def _writer(self, request: Mapping[str, Any], sink: Sink, observed: list[str]) -> Writer:
        settings = WriteSettings(
            bound=request["max_payload_len"],
            validator=request.get("validator", "none"),
            validators=self.validators(self.table_root),
            observer=_observer(request, observed),
            policies=self.policies(self.adaptive, self.threshold),
        )
        return self.writer(self.wire(request["algorithm"]), sink, settings)

    def _asked(self, request: Mapping[str, Any]) -> Message:
        """How often the policy of a writer's builder is asked (P1, P6)."""
        writer = self._writer(request, Sink({}), [])
        policy = writer.settings.policy = Counting()
        for text in request["payloads"]:
            message = _byte_vector(bytes.fromhex(text))
            try:
                if request["mode"] == "simple":
                    writer.write_message(lambda builder, message=message: builder.extend(message))  # type: ignore[misc]  # mypy infers no default of a lambda
                else:
                    writer.write_finished(message)
            except FrameError:
                break
        return {"asked": policy.asked}


BASE = Implementation()


def _byte_vector(data: bytes) -> bytes:
    """A finished FlatBuffer with a byte vector as its root."""
    padding = bytes(-len(data) % 4)
    return (4).to_bytes(4, "little") + len(data).to_bytes(4, "little") + data + padding


def _error(error: FrameError, request: Mapping[str, Any]) -> Message:
    place = {"offset": error.offset} if request.get("report_offsets") else {}
    return {"kind": error.kind, **error.facts, **place}


def _observer(request: Mapping[str, Any], observed: list[str] | None) -> Callable[[Payload], None] | None:
    if observed is None or not request.get("observe"):
        return None
    seen = observed
    return lambda payload: seen.append(payload.hex())


def _writes(request: Mapping[str, Any], writer: Writer) -> Iterator[Callable[[], None]]:
    fails_at = request.get("serializer_fails_at")
    for index, text in enumerate(request["payloads"]):
        payload = bytes.fromhex(text)
        if fails_at is None:
            yield lambda payload=payload: writer.write(payload)  # type: ignore[misc]  # mypy infers no default of a lambda
        else:
            serialize = _serializer(payload, fails=index == fails_at)
            yield lambda serialize=serialize: writer.write_message(serialize)  # type: ignore[misc]  # the same
    if "zeros" in request:
        yield lambda: writer.write(HugePayload.of(request["zeros"]))


def _serializer(payload: bytes, *, fails: bool) -> Callable[[bytearray], None]:
    def serialize(builder: bytearray) -> None:
        if fails:
            builder += b"half a message"
            raise CallerError
        builder += payload

    return serialize


def _events(request: Mapping[str, Any], reader: Reader) -> Message:
    events: list[Message] = []
    for _ in range(request["calls"]):
        try:
            payload = reader.next_payload()
        except FrameError as error:
            events.append({"error": _error(error, request)})
        else:
            events.append({"end": "clean"} if payload is None else {"payload": payload.hex()})
    return {"events": events}


def _payloads(request: Mapping[str, Any], reader: Reader, source: Source) -> Message:
    payloads: list[str] = []
    reply: Message = {"payloads": payloads, "end": "clean"}
    fails_at = request.get("callback_fails_at")
    stop_after = request.get("stop_after")
    try:
        if fails_at is not None:
            reply["callback_error"] = _callback_error(reader, payloads, fails_at)
        if stop_after is not None:
            while len(payloads) < stop_after and (payload := reader.next_payload()) is not None:
                payloads.append(payload.hex())
            reply["end"] = "stopped" if len(payloads) == stop_after else "clean"
        else:
            reader.process_all(lambda payload: payloads.append(payload.hex()))
            for data in request.get("appended", []):
                source.wire += bytes.fromhex(data)
                reader.process_all(lambda payload: payloads.append(payload.hex()))
    except FrameError as error:
        reply |= {"end": "error", "error": _error(error, request)}
    if stop_after is not None:
        reply["consumed"] = source.position
    return reply


def _callback_error(reader: Reader, payloads: list[str], fails_at: int) -> bool:
    """Run the loop with a callback that fails; whether its error came out unchanged (R12)."""
    caller_error = CallerError()

    def callback(payload: Payload) -> None:
        payloads.append(payload.hex())
        if len(payloads) - 1 == fails_at:
            raise caller_error

    try:
        reader.process_all(callback)
    except CallerError as raised:
        return raised is caller_error
    return False
