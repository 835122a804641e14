"""The generator of the golden vectors: what it makes, what its check finds, and what it does not import."""

from __future__ import annotations

import ast
import hashlib
import json
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from vectors.generator import oracles
from vectors.generator.__main__ import main
from vectors.generator.answers import checksum_mismatch
from vectors.generator.check import problems, validators
from vectors.generator.groups import all_groups
from vectors.generator.model import RULES, Group, features_of
from vectors.generator.render import render_all

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
TREE = ROOT / "vectors"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the vectors that a test may damage."""
    copy_vectors(tmp_path)
    return tmp_path


def copy_vectors(tree: Path) -> None:
    """Copy vectors, schemas and manifest."""
    for name in ("v1", "schema"):
        shutil.copytree(TREE / name, tree / name)
    shutil.copy(TREE / "manifest.json", tree)


def check(tree: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Run the check over a tree; return its status and what it said."""
    status = main(["--check", "--tree", str(tree)])
    return status, capsys.readouterr().out


def edit(path: Path, change: Callable[[Any], None]) -> None:
    """Change a file of vectors as a person would who edits it by hand."""
    record = json.loads(path.read_text(encoding="utf-8"))
    change(record)
    path.write_text(json.dumps(record), encoding="utf-8", newline="\n")


# --- the tree ---------------------------------------------------------------------------------------------


def test_the_command_finds_nothing_wrong_with_the_tree() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "vectors.generator", "--check"],
        cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.endswith("no problem\n")


def test_generation_is_deterministic() -> None:
    assert render_all(all_groups()) == render_all(reversed(all_groups()))


def test_files_are_ascii_with_lf_and_end_with_a_newline() -> None:
    for name, content in render_all(all_groups()).items():
        assert content.isascii(), name
        assert b"\r" not in content, name
        assert content.endswith(b"}\n"), name


def test_writing_makes_what_is_there_and_removes_what_is_not_made(tree: Path) -> None:
    (tree / "v1" / "wrong-algorithm.json").unlink()
    (tree / "v1" / "invented.json").write_text("{}", encoding="utf-8")
    assert main(["--tree", str(tree)]) == 0
    for path in [TREE / "manifest.json", *(TREE / "v1").iterdir()]:
        assert (tree / path.relative_to(TREE)).read_bytes() == path.read_bytes()
    assert sorted(path.name for path in (tree / "v1").iterdir()) == sorted(
        path.name for path in (TREE / "v1").iterdir()
    )


def test_the_digest_is_that_of_the_lines_of_sha256sum_sorted_by_path() -> None:
    lines = sorted(
        (f"v1/{path.name}", hashlib.sha256(path.read_bytes()).hexdigest()) for path in (TREE / "v1").iterdir()
    )
    text = "".join(f"{digest}  {path}\n" for path, digest in lines)
    manifest = json.loads((TREE / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["digest"] == hashlib.sha256(text.encode("ascii")).hexdigest()
    assert [(entry["path"], entry["sha256"]) for entry in manifest["files"]] == lines


def test_the_example_of_the_readme_is_a_vector() -> None:
    text = (TREE / "README.md").read_text(encoding="utf-8")
    example = json.loads(text.split("```json\n")[1].split("```")[0])
    group = json.loads((TREE / "v1" / f"{example['id'].split('/')[0]}.json").read_text(encoding="utf-8"))
    assert example in group["vectors"]


def test_the_readme_names_every_group() -> None:
    table = (TREE / "README.md").read_text(encoding="utf-8").split("## The groups")[1].split("##")[0]
    patterns = re.findall(r"`([a-z*-]+)`", table)
    names = [group.name for group in all_groups()]
    unnamed = [name for name in names if not any(fnmatch(name, pattern) for pattern in patterns)]
    unused = [pattern for pattern in patterns if not any(fnmatch(name, pattern) for name in names)]
    assert (unnamed, unused) == ([], [])


def test_every_rule_has_vectors_of_its_own() -> None:
    covered = {rule for group in all_groups() for vector in group.vectors for rule in vector.rules}
    assert covered == set(RULES)
    assert len(RULES) == 46


def test_every_algorithm_has_vectors() -> None:
    asked = {vector.request.get("algorithm") for group in all_groups() for vector in group.vectors}
    assert asked >= set(oracles.ALGORITHMS)


# --- the check finds --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What one check says of a tree in which each of ten files has its own damage."""
    tree = tmp_path_factory.mktemp("damaged")
    copy_vectors(tree)
    v1 = tree / "v1"

    def contradict(record: Any) -> None:
        # A stream of nothing is a question of two groups; one of them now answers otherwise.
        for vector in record["vectors"]:
            if vector["id"] == "truncation/none/cut-000":
                vector["expect"] = {"payloads": [], "end": "error", "error": {"kind": "unexpected_eof"}}

    def rename_rules(record: Any) -> None:
        for vector in record["vectors"]:
            vector["rules"] = ["S1"]

    change_one_digit(v1 / "wrong-algorithm.json")
    (v1 / "stale-tails.json").unlink()
    (v1 / "invented.txt").write_text("", encoding="utf-8")
    (v1 / "zero-tails.json").write_bytes((v1 / "zero-tails.json").read_bytes().replace(b"\n", b"\r\n"))
    (v1 / "callbacks.json").write_text("{", encoding="utf-8")
    edit(v1 / "appended.json", lambda record: record["vectors"].append(record["vectors"][0]))
    edit(v1 / "resume.json", lambda record: record["vectors"][0].update(features=[]))
    edit(v1 / "checksums.json", lambda record: record["vectors"][0]["expect"].update(checksum="0102"))
    edit(v1 / "declarations.json", lambda record: record["vectors"][0].update(flags=[]))
    edit(v1 / "serializers.json", rename_rules)
    edit(v1 / "truncation.json", contradict)
    return "\n".join(problems(tree, render_all(all_groups())))


def change_one_digit(path: Path) -> tuple[int, int]:
    """Change one hexadecimal digit of a wire; return line and column, both from 1."""
    content = bytearray(path.read_bytes())
    place = content.index(b'"wire": "') + len(b'"wire": "')
    content[place] ^= 1  # another digit: 0 and 1, 2 and 3, ... change places
    path.write_bytes(content)
    return content.count(b"\n", 0, place) + 1, place - content.rindex(b"\n", 0, place)


def test_check_finds_a_changed_byte_and_says_where(report: str, tree: Path) -> None:
    line, column = change_one_digit(tree / "v1" / "wrong-algorithm.json")
    assert f"v1/wrong-algorithm.json: differs in line {line}, column {column}: " in report


@pytest.mark.parametrize(
    "problem",
    [
        "v1/stale-tails.json: missing",
        "v1/invented.txt: not made by the generator",
        "v1/zero-tails.json: differs in line 1, column 2: is b'{\\r', should be b'{'",
        "v1/callbacks.json: no JSON: ",
        "appended/crc16/mismatch: 2 vectors have this id",
        "v1/resume.json: resume/crc16/clean-end-repeats: its request needs the features ['resume']",
        "v1/checksums.json: checksums/crc16/123456789: the oracles say c331",
        "v1/declarations.json: vectors/0: Additional properties are not allowed ('flags' was unexpected)",
        "S6: 0 vectors",
        "v1/truncation.json: truncation/none/cut-000: contradicts clean-streams/none/nothing",
    ],
)
def test_check_finds(report: str, problem: str) -> None:
    assert f"\n{problem}" in f"\n{report}"


def test_one_problem_is_status_1(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tree / "manifest.json").unlink()
    assert check(tree, capsys) == (1, "manifest.json: missing\nproblems: 1\n")


def test_check_finds_a_missing_schema(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tree / "schema" / "policy.schema.json").unlink()
    status, said = check(tree, capsys)
    assert status == 1
    assert "schema: " in said
    assert "policy.schema.json" in said


def test_a_folder_that_is_not_there_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--tree", "no/such/folder"])
    assert "is no folder" in capsys.readouterr().err


# --- the schemas are strict -------------------------------------------------------------------------------


def _first(record: Any) -> Any:
    return record["vectors"][0]


@pytest.mark.parametrize(
    "change",
    [
        lambda record: record.update(extra=1),
        lambda record: _first(record).update(extra=1),
        lambda record: _first(record).pop("comment"),
        lambda record: _first(record).update(rules=[]),
        lambda record: _first(record).update(rules=["R14"]),
        lambda record: _first(record).update(id="Wrong Id"),
        lambda record: _first(record).update(features=["telepathy"]),
        lambda record: _first(record)["request"].update(wire="0"),
        lambda record: _first(record)["request"].update(wire="AB"),
        lambda record: _first(record)["request"].update(algorithm="crc64"),
        lambda record: _first(record)["request"].update(max_frame_len=-1),
        lambda record: _first(record)["request"].pop("max_frame_len"),
        lambda record: _first(record)["request"].update(fault_once=True),
        lambda record: _first(record).update(expect={"payloads": [], "end": "error"}),
        lambda record: _first(record).update(expect={"payloads": [], "end": "clean", "error": {"kind": "io"}}),
        lambda record: _first(record).update(
            expect={"payloads": [], "end": "error", "error": {"kind": "invalid_frame"}}
        ),
        lambda record: _first(record).update(
            expect={"payloads": [], "end": "error", "error": {"kind": "checksum_mismatch", "expected": ""}}
        ),
        lambda record: _first(record).update(expect={"payloads": [], "end": "error", "error": {"kind": "crash"}}),
    ],
)
def test_schema_refuses(change: Callable[[Any], None]) -> None:
    record = json.loads((TREE / "v1" / "truncation.json").read_text(encoding="utf-8"))
    schema = validators(TREE)["deframe"]
    schema.validate(record)
    change(record)
    with pytest.raises(jsonschema.ValidationError):
        schema.validate(record)


# --- the generator cannot fool itself ---------------------------------------------------------------------


def test_damage_that_changes_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="equal checksums"):
        checksum_mismatch(b"\x01", b"\x01")


@pytest.mark.parametrize("rules", ["", "R14", "R1 X9"])
def test_a_vector_of_no_known_rule_is_refused(rules: str) -> None:
    with pytest.raises(ValueError, match="no such rules"):
        Group("g", "declare", "about").add("name", rules, "comment", {"width": 1}, {"accepted": True})


def test_a_group_asks_nothing_twice() -> None:
    group = Group("g", "declare", "about")
    group.add("one", "W6", "comment", {"width": 1}, {"accepted": True})
    with pytest.raises(ValueError, match="g/other: asks what g/one asks"):
        group.add("other", "W6", "comment", {"width": 1}, {"accepted": True})


def test_features_follow_from_the_request() -> None:
    nested = {"composite": ["table_root", {"composite": [{"typed": {}}]}]}
    assert features_of("deframe", {"algorithm": "fnv1a64/3", "wire": "", "validator": nested}) == [
        "composite_validators", "custom", "typed_validator", "validators",
    ]  # fmt: skip
    assert features_of("policy", {"policy": "none"}) == []
    assert features_of("deframe", {"policy": "none"}) == ["policies"]


# --- independence -----------------------------------------------------------------------------------------


def test_the_generator_imports_no_implementation() -> None:
    sources = sorted((TREE / "generator").rglob("*.py"))
    assert len(sources) > 20
    for source in sources:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{source.name}: a relative import"
                names = [node.module or ""]
            assert not [name for name in names if name.split(".")[0].startswith("flatstream")], source.name


def test_running_the_generator_loads_no_implementation(tmp_path: Path) -> None:
    program = (
        "import sys; from vectors.generator.__main__ import main; "
        f"status = main(['--tree', {str(tmp_path)!r}]); "
        "sys.exit(status or any(name.split('.')[0].startswith('flatstream') for name in sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=False)
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "manifest.json").read_bytes() == (TREE / "manifest.json").read_bytes()
