"""Testees that lie: what they send is no honest answer, and the runner must not take it for one.

A liar knows the right answer, which the base gives, and sends something else, or nothing.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flatstream_conformance.errors import EXIT_FAILED, EXIT_NO_TESTEE, EXIT_OK
from flatstream_conformance.mutants.base import BASE
from flatstream_conformance.schemas import FEATURES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from flatstream_conformance.records import Verdict

Message = dict[str, Any]

CRASHED = 3
LONGER_THAN_ANY_TIMEOUT = 3600.0
REMEMBERED = 4
FEATURE_FIELDS = ("chunks", "fault_after", "sink_chunk", "observe", "report_offsets", "count_empty_tail", "validator")


@dataclass(frozen=True)
class Liar:
    """One way to lie.

    `say` gives the lines for a request, from the request and the right reply. `verdicts` are all that the cases of a
    run get, and `exit_status` is the runner's. `goodbye` is the liar's own status at the end of its input.
    """

    name: str
    about: str
    verdicts: frozenset[Verdict]
    say: Callable[[Message, Message], Iterable[bytes]]
    claims: Callable[[Message], Message] = lambda claims: claims
    exit_status: int = EXIT_FAILED
    goodbye: int = 0

    def lines(self, request: Message) -> Iterable[bytes]:
        """What the liar writes in reply to a request. Raises SystemExit where it crashes."""
        right = BASE.answer(request)
        return [line(self.claims(right))] if request["op"] == "start" else self.say(request, right)


def line(reply: Message) -> bytes:
    """A message as it goes over the pipe."""
    return json.dumps(reply).encode() + b"\n"


def _is_rejection(right: Message) -> bool:
    return "error" in right


def _reply(change: Callable[[Message, Message], Message]) -> Callable[[Message, Message], Iterable[bytes]]:
    return lambda request, right: [line(change(request, right))]


def _crash() -> Message:
    raise SystemExit(CRASHED)


def _is_the_case(request: Message) -> bool:
    """One case of the suite, to be wrong about it alone: an empty file to recover."""
    return (request["op"], request.get("wire")) == ("recover", "")


def _hang(request: Message, right: Message) -> Message:
    if _is_the_case(request):
        time.sleep(LONGER_THAN_ANY_TIMEOUT)
    return right


def _loud(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _loud(each) if name in {"checksum", "wire", "payloads"} else each for name, each in value.items()}
    if isinstance(value, list):
        return [_loud(each) for each in value]
    return value.upper() if isinstance(value, str) else value


class _Repeats:
    """Right at first, and then for ever the same."""

    def __init__(self) -> None:
        self._last: Message = {}

    def __call__(self, request: Message, right: Message) -> Message:
        if request["seq"] <= REMEMBERED:
            self._last = right
        return self._last | {"seq": request["seq"]}


class _OneBehind:
    """The answer to the question before, with the number of this one."""

    def __init__(self) -> None:
        self._before: Message = {}

    def __call__(self, request: Message, right: Message) -> Message:
        before, self._before = self._before, right
        return before | {"seq": request["seq"]}


def _as_if_core(request: Message, _right: Message) -> Message:
    return BASE.answer({name: value for name, value in request.items() if name not in FEATURE_FIELDS})


def _kind_alone(_request: Message, right: Message) -> Message:
    return right | {"error": {"kind": right["error"]["kind"]}} if _is_rejection(right) else right


def _without_error(_request: Message, right: Message) -> Message:
    silent = {name: value for name, value in right.items() if name != "error"}
    return silent | {"end": "clean"} if "end" in silent else silent


def _counts_as_truths(_request: Message, right: Message) -> Message:
    return {name: bool(value) if name == "frames" else value for name, value in right.items()}


_LIARS = (
    Liar(
        "liar-claims-more",
        "claims every feature, and answers as if the fields of most were not there",
        frozenset({"pass", "fail"}),
        _reply(_as_if_core),
        lambda claims: claims | {"features": list(FEATURES)},
    ),
    Liar(
        "liar-claims-nothing",
        "claims no operation, so that nothing can be wrong",
        frozenset({"skip"}),
        _reply(lambda _, right: right),
        lambda claims: claims | {"ops": [], "features": []},
    ),
    Liar(
        "liar-skips-all",
        "claims everything and skips every case",
        frozenset({"skip"}),
        _reply(lambda request, _: {"seq": request["seq"], "skipped": "not today"}),
    ),
    Liar(
        "liar-skips-rejections",
        "skips what it would have to refuse",
        frozenset({"pass", "skip"}),
        _reply(lambda _, right: {"seq": right["seq"], "skipped": "hard"} if _is_rejection(right) else right),
    ),
    Liar(
        "liar-skips-and-answers",
        "calls a right answer a skip",
        frozenset({"skip"}),
        _reply(lambda _, right: right | {"skipped": "to be safe"}),
    ),
    Liar("liar-echo", "sends the request back", frozenset({"error"}), _reply(lambda request, _: request)),
    Liar(
        "liar-always-clean",
        "finds every stream clean and empty",
        frozenset({"pass", "fail", "error"}),
        _reply(lambda request, _: {"seq": request["seq"], "payloads": [], "end": "clean"}),
    ),
    Liar(
        "liar-says-nothing",
        "sends replies without an answer",
        frozenset({"error"}),
        _reply(lambda request, _: {"seq": request["seq"]}),
    ),
    Liar(
        "liar-repeats",
        "is right at first, and then repeats itself",
        frozenset({"pass", "fail", "error"}),
        _reply(_Repeats()),
    ),
    Liar(
        "liar-one-behind",
        "answers the question before, under the number of this one",
        frozenset({"pass", "fail", "error"}),
        _reply(_OneBehind()),
    ),
    Liar(
        "liar-wrong-seq",
        "gives right answers under the next number",
        frozenset({"error"}),
        _reply(lambda _, right: right | {"seq": right["seq"] + 1}),
    ),
    Liar(
        "liar-no-seq",
        "gives right answers without a number",
        frozenset({"error"}),
        _reply(lambda _, right: {name: value for name, value in right.items() if name != "seq"}),
    ),
    Liar(
        "liar-seq-is-text",
        "gives right answers with the number as text",
        frozenset({"error"}),
        _reply(lambda _, right: right | {"seq": str(right["seq"])}),
    ),
    Liar(
        "liar-seq-is-true",
        "gives right answers with `true` for the number 1",
        frozenset({"error"}),
        _reply(lambda _, right: right | {"seq": True} if right["seq"] == 1 else right),
    ),
    Liar(
        "liar-errored-rejections",
        "passes off what it has to refuse as trouble of its own",
        frozenset({"pass", "error"}),
        _reply(lambda _, right: {"seq": right["seq"], "errored": "it broke"} if _is_rejection(right) else right),
    ),
    Liar(
        "liar-crashes-for-rejections",
        "crashes instead of refusing",
        frozenset({"pass", "error"}),
        _reply(lambda _, right: _crash() if _is_rejection(right) else right),
    ),
    Liar(
        "liar-crashes-once",
        "crashes on one case",
        frozenset({"pass", "error"}),
        _reply(lambda request, right: _crash() if _is_the_case(request) else right),
    ),
    Liar("liar-hangs-once", "never answers one case", frozenset({"pass", "error"}), _reply(_hang)),
    Liar(
        "liar-answers-twice",
        "sends each right answer twice",
        frozenset({"pass", "error"}),
        lambda _, right: [line(right), line(right)],
    ),
    Liar(
        "liar-talks",
        "prints to its standard output before each answer",
        frozenset({"error"}),
        lambda _, right: [b"debug: here we go\n", line(right)],
    ),
    Liar("liar-not-utf8", "sends bytes that are no text", frozenset({"error"}), lambda *_: [b'{"seq": "\xff\xfe"}\n']),
    Liar(
        "liar-upper-case",
        "writes hexadecimal in capitals",
        frozenset({"pass", "error"}),
        _reply(lambda _, right: {name: _loud({name: value})[name] for name, value in right.items()}),
    ),
    Liar(
        "liar-counts-as-truths",
        "says `true` for a count of 1",
        frozenset({"pass", "error"}),
        _reply(_counts_as_truths),
    ),
    Liar(
        "liar-kind-alone", "leaves the facts of errors out", frozenset({"pass", "fail", "error"}), _reply(_kind_alone)
    ),
    Liar(
        "liar-silent-about-errors",
        "leaves the errors out",
        frozenset({"pass", "fail", "error"}),
        _reply(_without_error),
    ),
    Liar(
        "liar-error-beside-answer",
        "adds an error to each right answer, to be right either way",
        frozenset({"pass", "fail", "error"}),
        _reply(lambda _, right: {"error": {"kind": "io"}} | right),
    ),
    Liar(
        "liar-other-protocol",
        "speaks another version of the protocol",
        frozenset(),
        _reply(lambda _, right: right),
        lambda claims: claims | {"protocol": 2},
        exit_status=EXIT_NO_TESTEE,
    ),
    Liar(
        "liar-does-not-start",
        "exits before it has said what it is",
        frozenset(),
        _reply(lambda _, right: right),
        lambda _: _crash(),
        exit_status=EXIT_NO_TESTEE,
    ),
    Liar(
        "liar-bad-ending",
        "is right in all, and exits with a status of its own: the runner warns",
        frozenset({"pass"}),
        _reply(lambda _, right: right),
        exit_status=EXIT_OK,
        goodbye=1,
    ),
)

LIARS: Mapping[str, Liar] = {liar.name: liar for liar in _LIARS}
