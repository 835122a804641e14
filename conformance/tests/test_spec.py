"""SPEC.md holds to its own form, and none of its examples can be wrong.

The document is parsed: rule headings, fenced example blocks, links. Every number in an example is computed
again here from its labelled fields with zlib, binascii and xxhash. Nothing of the implementation is used.
It is one file, longer than most, because it is the whole check of one document.
"""

from __future__ import annotations

import binascii
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import xxhash

SPEC = Path(__file__).resolve().parents[1] / "SPEC.md"
TEXT = SPEC.read_text(encoding="utf-8")

GROUPS = {"W": 8, "R": 13, "S": 6, "C": 6, "E": 2, "V": 5, "P": 6}
RULE_IDS = [f"{letter}{number}" for letter, last in GROUPS.items() for number in range(1, last + 1)]

HEADING = re.compile(r"^(#+) (.+)$")
RULE_HEADING = re.compile(r"^#### ([A-Z]\d+) - (\S.*)$")
KEYWORD = re.compile(r"\b(MUST|SHOULD|MAY)\b")


def fnv1a64(payload: bytes) -> int:
    """64-bit FNV-1a, the function of the custom algorithms in the examples."""
    value = 0xCBF29CE484222325
    for byte in payload:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


ALGORITHMS: dict[str, tuple[int, Callable[[bytes], int]]] = {
    "none": (0, lambda _payload: 0),
    "crc16": (2, lambda payload: binascii.crc_hqx(payload, 0)),
    "crc32": (4, zlib.crc32),
    "xxh3_64": (8, xxhash.xxh3_64_intdigest),
    "fnv1a64/3": (3, fnv1a64),
}


def checksum(algorithm: str, payload: bytes) -> bytes:
    width, compute = ALGORITHMS[algorithm]
    return (compute(payload) % (1 << 8 * width)).to_bytes(width, "little")


def outside_fences(text: str) -> Iterator[str]:
    fenced = False
    for line in text.splitlines():
        if line.startswith("```"):
            fenced = not fenced
        elif not fenced:
            yield line


def rule_bodies() -> list[tuple[str, str]]:
    """Each rule id with the text up to the next heading, in the order of the document."""
    rules: list[tuple[str, list[str]]] = []
    inside = False
    for line in outside_fences(TEXT):
        if HEADING.match(line):
            rule = RULE_HEADING.match(line)
            inside = rule is not None
            if rule:
                rules.append((rule[1], []))
        elif inside:
            rules[-1][1].append(line)
    return [(rule_id, "\n".join(body).strip()) for rule_id, body in rules]


def blocks(label: str) -> list[str]:
    """The fenced blocks of one label; a blank line inside separates two examples."""
    found = re.findall(rf"^```{label}\n(.*?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL)
    return [example.strip() for block in found for example in re.split(r"\n\s*\n", block)]


# --- form of the document


def test_every_rule_has_exactly_one_heading_in_order_and_no_unknown_id() -> None:
    assert [rule_id for rule_id, _ in rule_bodies()] == RULE_IDS


def test_level_four_headings_are_rules_and_nothing_else() -> None:
    level_four = [line for line in outside_fences(TEXT) if line.startswith("#### ")]
    assert [line for line in level_four if not RULE_HEADING.match(line)] == []


@pytest.mark.parametrize(("rule_id", "body"), rule_bodies(), ids=[rule_id for rule_id, _ in rule_bodies()])
def test_a_rule_binds_before_it_explains(rule_id: str, body: str) -> None:
    binding = re.split(r"\*(?:Why|Example):\*", body)[0]
    assert KEYWORD.search(binding), f"{rule_id} has no MUST, SHOULD or MAY outside of its explanation"


def test_rule_ids_in_the_text_exist() -> None:
    prose = "\n".join(outside_fences(TEXT))
    named = set(re.findall(r"(?<![\w`])([WRSCEVP]\d+)(?!\w)", prose))
    assert named <= set(RULE_IDS)


def test_the_checklist_names_every_rule() -> None:
    checklist = TEXT[TEXT.index("\n## 11 ") : TEXT.index("\n## 12 ")]
    assert [rule_id for rule_id in RULE_IDS if not re.search(rf"\b{rule_id}\b", checklist)] == []


def anchors(text: str) -> set[str]:
    """The anchors of headings, as renderers derive them: lower case, no punctuation, hyphens for spaces."""
    headings = [match[2] for line in outside_fences(text) if (match := HEADING.match(line))]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_relative_link_resolves() -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", "\n".join(outside_fences(TEXT)))
    assert targets
    for target in targets:
        if "://" in target:
            continue
        path, _, fragment = target.partition("#")
        file = SPEC.parent / path if path else SPEC
        assert file.exists(), target
        assert not fragment or fragment in anchors(file.read_text(encoding="utf-8")), target


def test_prose_is_wrapped_at_120() -> None:
    long = [line for line in TEXT.splitlines() if len(line) > 120 and not line.startswith("|")]
    assert long == []


# --- frames in hexadecimal


@dataclass(frozen=True)
class Field:
    data: bytes
    label: str
    value: str

    @property
    def name(self) -> str:
        return re.split(r"[ :]", self.label)[0]


@dataclass(frozen=True)
class Example:
    algorithm: str
    limit: int
    fields: list[Field]
    recovery: str

    @property
    def wire(self) -> bytes:
        return b"".join(field.data for field in self.fields)


def parse_example(text: str) -> Example:
    directives: dict[str, str] = {}
    fields: list[Field] = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) == 3:
            fields.append(Field(bytes.fromhex(cells[0]), cells[1], cells[2]))
        else:
            key, separator, value = line.partition(": ")
            assert separator, line
            directives[key] = value
    assert set(directives) <= {"algorithm", "limit", "recovery"}, text
    limit = int(directives.get("limit", 2**31))
    return Example(directives["algorithm"], limit, fields, directives["recovery"])


def scan(algorithm: str, limit: int, wire: bytes) -> str:
    """What recovery gives, in the words of the examples: sections 2 and 4 over a byte string."""
    width = ALGORITHMS[algorithm][0]
    offset = frames = empty_tail = 0
    end = "clean_eof"
    while offset < len(wire):
        end = "torn_tail"
        if len(wire) - offset < 4:
            break
        length = int.from_bytes(wire[offset : offset + 4], "little")
        if length > limit:
            return f"invalid_frame, offset {offset}, declared_len {length}, limit {limit}"
        body = offset + 4 + width
        if len(wire) < body + length:
            break
        expected, calculated = wire[offset + 4 : body], checksum(algorithm, wire[body : body + length])
        if expected != calculated:
            values = f"expected {expected.hex()}, calculated {calculated.hex()}"
            return f"checksum_mismatch, offset {offset}, {values}"
        offset = body + length
        frames += 1
        empty_tail = 0 if length else empty_tail + 1
        end = "clean_eof"
    return f"{end}, frames {frames}, last_good_offset {offset}, empty_tail {empty_tail}"


def check_payload_field(field: Field) -> None:
    """A quoted value is the ASCII text; a number is the little-endian value; other text is only a remark."""
    if field.value.startswith('"'):
        assert field.data.decode("ascii") == field.value.strip('"'), field
    elif field.value.isdigit():
        assert int.from_bytes(field.data, "little") == int(field.value), field


def check_frame(example: Example, fields: list[Field], *, last: bool) -> None:
    """One frame's labelled fields against the rules; only the last frame of an example may be torn."""
    width = ALGORITHMS[example.algorithm][0]
    length = int.from_bytes(fields[0].data, "little")
    assert fields[0].label == "length"
    assert len(fields[0].data) == 4
    assert length == int(fields[0].value)

    names = [field.name for field in fields]
    assert names == sorted(names, key=["length", "checksum", "payload"].index), names
    stored = b"".join(field.data for field in fields if field.name == "checksum")
    payload = b"".join(field.data for field in fields if field.name == "payload")
    torn = len(stored) < width or len(payload) < length
    assert torn <= last, "a frame that is not the last is not whole"

    marks = {(field.name, mark) for field in fields for mark in re.findall(r"\((.*)\)", field.label)}
    expected_marks: set[tuple[str, str]] = set()
    if 0 < len(stored) < width:
        expected_marks.add(("checksum", "torn"))
    elif 0 < len(payload) < length:
        expected_marks.add(("payload", "torn"))
    elif not torn and stored != checksum(example.algorithm, payload):
        expected_marks.add(("checksum", "wrong"))
    assert marks == expected_marks

    for field in fields[1:]:
        if field.label.endswith("(torn)"):
            whole = width if field.name == "checksum" else length
            assert field.value == f"{len(field.data)} of {whole} bytes"
        elif field.name == "checksum":
            assert len(field.data) == width
            assert field.value == f"0x{int.from_bytes(field.data, 'little'):0{2 * width}x}"
        else:
            check_payload_field(field)
    assert len(payload) <= length


EXAMPLES = [parse_example(text) for text in blocks("frame-hex")]
EXAMPLE_NAMES = [f"{example.algorithm}-{example.wire.hex()[:24]}" for example in EXAMPLES]


def test_the_examples_cover_every_algorithm_and_outcome() -> None:
    assert {example.algorithm for example in EXAMPLES} == set(ALGORITHMS)
    outcomes = {example.recovery.split(",")[0] for example in EXAMPLES}
    assert outcomes == {"clean_eof", "torn_tail", "invalid_frame", "checksum_mismatch"}


@pytest.mark.parametrize("example", EXAMPLES, ids=EXAMPLE_NAMES)
def test_labelled_fields_are_right(example: Example) -> None:
    starts = [index for index, field in enumerate(example.fields) if field.name == "length"]
    assert starts[0] == 0
    for start, end in zip(starts, [*starts[1:], len(example.fields)], strict=True):
        check_frame(example, example.fields[start:end], last=end == len(example.fields))


@pytest.mark.parametrize("example", EXAMPLES, ids=EXAMPLE_NAMES)
def test_recovery_gives_what_the_example_says(example: Example) -> None:
    assert scan(example.algorithm, example.limit, example.wire) == example.recovery


def test_known_answers_are_right() -> None:
    rows = [line for text in blocks("known-answers") for line in text.splitlines()]
    assert len(rows) == 9
    for row in rows:
        algorithm, quoted, value, wire = (cell.strip() for cell in row.split("|"))
        expected = checksum(algorithm, quoted.strip('"').encode("ascii"))
        assert wire == expected.hex(), row
        assert value == f"0x{int.from_bytes(expected, 'little'):0{2 * len(expected)}x}", row


def test_empty_frames_named_in_w5_are_right() -> None:
    named = re.findall(r"`(\w+)` ([0-9a-f]{8,})", dict(rule_bodies())["W5"])
    assert named == [(name, (bytes(4) + checksum(name, b"")).hex()) for name in list(ALGORITHMS)[:4]]


# --- V5 and the policies


def table_root_checks(payload: bytes) -> Iterator[bool]:
    """Checks 1 to 7 of V5, each evaluated only if the ones before it passed (8 and 9 are about settings)."""

    def number(position: int, width: int, *, signed: bool = False) -> int:
        return int.from_bytes(payload[position : position + width], "little", signed=signed)

    size = len(payload)
    yield size >= 4
    root = number(0, 4)
    yield root % 4 == 0
    yield root + 4 <= size
    vtable = root - number(root, 4, signed=True)
    yield 0 <= vtable < size
    yield vtable % 2 == 0 and vtable + 2 <= size
    vtable_len = number(vtable, 2)
    yield vtable_len % 2 == 0
    yield vtable + vtable_len <= size


def table_root_refusal(payload: bytes) -> int | None:
    """The number of the check that refuses, or None."""
    return next((index for index, passed in enumerate(table_root_checks(payload), 1) if not passed), None)


def test_table_root_examples_are_right() -> None:
    rows = [line for text in blocks("table-root") for line in text.splitlines()]
    verdicts = set()
    for row in rows:
        payload, verdict = (cell.strip() for cell in row.split("|"))
        refusal = table_root_refusal(bytes.fromhex(payload))
        assert verdict == ("accepted" if refusal is None else f"refused by {refusal}"), row
        verdicts.add(refusal)
    assert verdicts == {None, 1, 2, 3, 4, 5, 6, 7}


Policy = Callable[[int, int, int], str]


def adaptive(shrink_ratio: int, messages_to_wait: int, cooldown_ms: int | None) -> Policy:
    """P2 and P3 as a closure over the run."""
    count = 0
    started: int | None = None

    def tell(capacity: int, size: int, now: int) -> str:
        nonlocal count, started
        if size == 0 or capacity < size * shrink_ratio:
            count, started = 0, None
            return "-"
        count += 1
        started = now if started is None else started
        cooled = cooldown_ms is not None and now - started >= cooldown_ms
        if not cooled and count < messages_to_wait:
            return "-"
        count, started = 0, None
        return "cooldown" if cooled else "count"

    return tell


def threshold(grow_above: int, shrink_below: int, messages_to_wait: int) -> Policy:
    """P4 as a closure over its two variables."""
    armed, count = False, 0

    def tell(_capacity: int, size: int, _now: int) -> str:
        nonlocal armed, count
        if size > grow_above:
            armed, count = True, 0
        elif armed and size < shrink_below:
            count += 1
            if count >= messages_to_wait:
                armed, count = False, 0
                return "count"
        else:
            count = 0
        return "-"

    return tell


def settings(line: str) -> dict[str, int]:
    """The `name=number` pairs of a line; one that is `none` is left out."""
    return {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", line)}


def policy_of(kind: str, given: dict[str, int]) -> Policy:
    if kind == "adaptive":
        return adaptive(given["shrink_ratio"], given["messages_to_wait"], given.get("cooldown_ms"))
    return threshold(given["grow_above"], given["shrink_below"], given["messages_to_wait"])


TRACES = blocks("policy-trace")


def test_there_is_a_trace_for_each_policy_rule() -> None:
    assert [trace.splitlines()[0].split()[1] for trace in TRACES] == ["adaptive", "adaptive", "threshold"]


@pytest.mark.parametrize("trace", TRACES, ids=["P2", "P3", "P4"])
def test_policy_traces_are_right(trace: str) -> None:
    head, *rows = trace.splitlines()
    given = settings(head)
    policy = policy_of(head.split()[1], given)
    for row in rows:
        event, decision = (cell.strip() for cell in row.split("|"))
        now = settings(event)
        asked = now["capacity"] > given["baseline"]
        assert (policy(now["capacity"], now["size"], now["ms"]) if asked else "-") == decision, row
