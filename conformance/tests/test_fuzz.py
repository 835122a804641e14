"""The search finds a wrong answer, makes it small, and gives it as a vector; and it accuses nobody falsely."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import hypothesis
import jsonschema
import pytest
import referencing
import referencing.jsonschema

from flatstream_conformance.errors import ConformanceError
from flatstream_conformance.fuzzing import case as cases_module
from flatstream_conformance.fuzzing.case import Case, vector_file
from flatstream_conformance.fuzzing.hunt import Hunt, hunt
from flatstream_conformance.fuzzing.oracle import Oracle
from flatstream_conformance.fuzzing.questions import cases
from flatstream_conformance.schemas import ALGORITHMS, FEATURES, OPS
from flatstream_conformance.session import Claims, Session
from flatstream_conformance.suite import load
from vectors.generator.model import features_of as features_by_the_generator

PLAIN = (Path(__file__).parents[1] / "testees" / "python_plain" / "testee.py").read_text(encoding="utf-8")
SCHEMAS = Path(__file__).parents[2] / "vectors" / "schema"
LIMIT_OFF_BY_ONE = PLAIN.replace("if length > self.limit:", "if length >= self.limit:")
CRASHES = PLAIN.replace(
    'raise FrameError("invalid_frame", self.offset',
    'import os; os._exit(9)\n            raise FrameError("invalid_frame", 0',
)
HANGS = PLAIN.replace('    end = "clean_eof"\n', '    end = "clean_eof"\n    import time; time.sleep(60)\n')


def command_of(folder: Path, source: str) -> list[str]:
    file = folder / "testee.py"
    file.write_text(source, encoding="utf-8")
    return [sys.executable, str(file)]


def search(command: list[str], timeout: float = 10, **settings: Any) -> Hunt:
    plan: dict[str, Any] = {"seed": 0, "seconds": 120, "max_examples": 400, **settings}
    with Session(command, timeout) as session:
        return hunt(session, Oracle(), **plan)


def fuzz(*arguments: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "flatstream_conformance", "fuzz", *arguments]
    return subprocess.run(words, capture_output=True, encoding="utf-8", check=False, timeout=120)


def assert_valid(document: Any, op: str) -> None:
    """By the schemas of the vectors themselves."""
    schemas = [json.loads(path.read_text(encoding="utf-8")) for path in SCHEMAS.glob("*.json")]
    made = ((schema["$id"], referencing.jsonschema.DRAFT202012.create_resource(schema)) for schema in schemas)
    registry: referencing.Registry[Any] = referencing.Registry().with_resources(made)
    jsonschema.Draft202012Validator({"$ref": f"{op}.schema.json"}, registry=registry).validate(document)


def test_a_wrong_testee_is_found_and_the_question_is_as_small_as_it_gets(tmp_path: Path) -> None:
    found = search(command_of(tmp_path, LIMIT_OFF_BY_ONE))
    assert found.smallest is not None
    assert found.shrunk
    request = found.smallest.case.request
    # The shortest stream with a length at the limit: one empty frame, and a limit of 0.
    assert (request["algorithm"], request["wire"], request["max_frame_len"]) == ("none", "00000000", 0)
    assert request.keys() == {"algorithm", "wire", "max_frame_len"}


def test_the_same_seed_finds_the_same(tmp_path: Path) -> None:
    command = command_of(tmp_path, LIMIT_OFF_BY_ONE)
    first, second = search(command, seed=5), search(command, seed=5)
    assert first.smallest == second.smallest is not None
    assert first.asked == second.asked


def test_the_finding_is_a_file_of_vectors_that_the_suite_takes_as_it_stands(tmp_path: Path) -> None:
    out = tmp_path / "finding.json"
    quoted = subprocess.list2cmdline(command_of(tmp_path, LIMIT_OFF_BY_ONE))
    done = fuzz("--testee", quoted, "--seconds", "60", "--json", str(out))
    assert done.returncode == 1, done.stderr
    document = json.loads(out.read_text(encoding="utf-8"))
    assert_valid(document, document["op"])
    (vector,) = document["vectors"]
    assert out.read_text(encoding="utf-8") in done.stdout
    assert "frame 0 length = 0" in done.stdout
    assert vector["expect"] == {"payloads": [""], "end": "clean"} or vector["expect"]["end"] == "clean_eof"
    by_request = [v for v in load().vectors if v.op == document["op"] and v.request == vector["request"]]
    assert all(known.expect == vector["expect"] for known in by_request)


def test_a_crash_is_a_finding_and_made_small(tmp_path: Path) -> None:
    found = search(command_of(tmp_path, CRASHES))
    assert found.smallest is not None
    assert found.smallest.fault == "crash"
    assert "exited with status 9" in found.smallest.reason
    assert len(str(found.smallest.case.request["wire"])) <= 24


def test_a_hang_is_a_finding(tmp_path: Path) -> None:
    found = search(command_of(tmp_path, HANGS), timeout=1.0, seconds=8)
    assert found.smallest is not None
    assert (found.smallest.fault, found.smallest.case.op) == ("hang", "recover")
    assert found.seconds < 8 + 3


def test_an_answer_that_is_wrong_only_once_is_told_from_one_that_stays(tmp_path: Path) -> None:
    once = f"""
import os
SEEN = {str(tmp_path / "seen")!r}
right = deframe
def deframe(request):
    if request["wire"] and not os.path.exists(SEEN):
        open(SEEN, "w").close()
        return {{"payloads": ["ff"] * 99, "end": "clean"}}
    return right(request)
OPS["deframe"] = deframe
"""
    found = search(
        command_of(tmp_path, PLAIN.replace('if __name__ == "__main__":', f'{once}\nif __name__ == "__main__":'))
    )
    assert found.smallest is not None
    assert not found.stable


def test_right_testees_are_not_accused(tmp_path: Path) -> None:
    assert search(command_of(tmp_path, PLAIN)).findings == []
    built_in = [sys.executable, "-m", "flatstream_conformance.testee"]
    done = search(built_in, seed=1)
    assert (done.findings, done.asked, done.skipped) == ([], 400, 0)


def test_the_time_ends_the_search(tmp_path: Path) -> None:
    done = search(command_of(tmp_path, PLAIN), seconds=1.0, max_examples=None)
    assert done.asked > 0
    assert done.seconds < 10


def test_a_testee_that_skips_everything_has_not_passed(tmp_path: Path) -> None:
    source = PLAIN.replace(
        'OPS[request["op"]](request)', '(start(request) if request["op"] == "start" else {"skipped": "no"})'
    )
    done = fuzz("--testee", subprocess.list2cmdline(command_of(tmp_path, source)), "--max-examples", "20")
    assert done.returncode == 1
    assert "no question was answered" in done.stdout


def test_without_the_library_there_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "flatstream_conformance.testee", None)
    with pytest.raises(ConformanceError, match="the search needs the reference"):
        Oracle()


def test_a_testee_that_cannot_be_started_gives_status_3() -> None:
    done = fuzz("--testee", "/not/there")
    assert done.returncode == 3
    assert len(done.stderr.splitlines()) == 1


EVERYTHING = Claims(implementation={}, algorithms=ALGORITHMS, ops=OPS, features=FEATURES)
ORACLE = Oracle()


@hypothesis.settings(max_examples=300, deadline=None, database=None, derandomize=True)
@hypothesis.given(cases(ORACLE, EVERYTHING))
def test_every_question_would_be_a_valid_vector_with_the_features_that_it_needs(case: Case) -> None:
    expect = ORACLE.expect(case)
    document: Any = vector_file(case, expect)
    assert_valid(document, case.op)
    assert document["vectors"][0]["features"] == features_by_the_generator(case.op, case.request)


@hypothesis.settings(max_examples=100, deadline=None, database=None, derandomize=True)
@hypothesis.given(cases(ORACLE, Claims({}, ("crc32",), ("start", "frame", "deframe"), ("chunked", "validators"))))
def test_nothing_is_asked_that_is_not_claimed(case: Case) -> None:
    assert case.op in {"frame", "deframe"}
    assert case.request["algorithm"] == "crc32"
    assert set(cases_module.features_of(case)) <= {"chunked", "validators"}
