"""What the tests of the runner share: a small suite of its own, and testees written as scripts."""

from __future__ import annotations

import hashlib
import json
import shlex
import signal
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from flatstream_conformance.run import Plan, run
from flatstream_conformance.schemas import FEATURES
from flatstream_conformance.suite import load

if TYPE_CHECKING:
    from flatstream_conformance.records import Records

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell that starts a command in the background has it ignore Ctrl-C, which tests send to one another.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A testee of five lines that a test completes: `answer(request)` returns the reply without its seq.
TESTEE = '''
import json, os, signal, subprocess, sys, time
EXPECTED = json.loads(open({answers!r}, encoding="utf-8").read())
CLAIMS = {{
    "implementation": {{"name": "fake", "version": "0", "language": "Python"}},
    "algorithms": ["none", "crc16", "crc32", "xxh3_64"],
    "ops": ["start", "checksum", "frame", "deframe", "recover", "truncate", "policy", "declare"],
    "features": {features!r},
}}
def right(request):
    """The right answer, handed over out of band."""
    key = dict(request)
    del key["seq"]
    return EXPECTED[json.dumps(key, sort_keys=True)]
def send(reply):
    sys.stdout.write(json.dumps(reply) + "\\n")
    sys.stdout.flush()
def answer(request):
    return right(request)
def respond(request):
    send({{"seq": request["seq"], **(CLAIMS if request["op"] == "start" else answer(request))}})
{body}
if __name__ == "__main__":
    for line in sys.stdin:
        respond(json.loads(line))
'''


def small_vectors() -> list[dict[str, Any]]:
    """One case of each kind of answer, enough to tell the liars apart."""
    torn = {"algorithm": "none", "wire": "03000000616263030000", "max_frame_len": None}
    return [
        vector(
            "sums/crc32",
            "checksum",
            ["W3"],
            {"algorithm": "crc32", "data": "616263"},
            {"checksum": "c2412435"},
        ),
        vector("sums/crc16", "checksum", ["W3"], {"algorithm": "crc16", "data": "616263"}, {"checksum": "d69d"}),
        vector(
            "writing/one",
            "frame",
            ["W1", "S1"],
            {"algorithm": "crc32", "payloads": ["616263"], "max_payload_len": None},
            {"wire": "03000000c2412435616263"},
        ),
        vector(
            "writing/over",
            "frame",
            ["S2"],
            {"algorithm": "none", "payloads": ["61", "6162"], "max_payload_len": 1},
            {"wire": "0100000061", "error": {"kind": "invalid_frame", "declared_len": 2, "limit": 1}},
        ),
        vector(
            "reading/two",
            "deframe",
            ["R1", "R11"],
            {"algorithm": "none", "wire": "0300000061626300000000", "max_frame_len": None},
            {"payloads": ["616263", ""], "end": "clean"},
        ),
        vector(
            "reading/flipped",
            "deframe",
            ["R13"],
            {"algorithm": "crc32", "wire": "03000000c2412435616264", "max_frame_len": None},
            {
                "payloads": [],
                "end": "error",
                "error": {"kind": "checksum_mismatch", "expected": "c2412435", "calculated": "61d440ab"},
            },
        ),
        vector(
            "reading/chunks",
            "deframe",
            ["R7"],
            {"algorithm": "none", "wire": "03000000616263", "max_frame_len": None, "chunks": [2, 1]},
            {"payloads": ["616263"], "end": "clean"},
            ["chunked"],
        ),
        vector("tails/torn", "recover", ["C2"], torn, {"frames": 1, "last_good_offset": 7, "end": "torn_tail"}),
        vector(
            "tails/corrupt",
            "recover",
            ["C3", "R3"],
            {"algorithm": "none", "wire": "ffffffff00", "max_frame_len": 16},
            {"error": {"kind": "invalid_frame", "declared_len": 4294967295, "limit": 16}},
        ),
    ]


def vector(  # noqa: PLR0917 -- the columns of a table
    case: str,
    op: str,
    rules: list[str],
    request: dict[str, Any],
    expect: dict[str, Any],
    features: list[str] | None = None,
) -> dict[str, Any]:
    entry = {"id": case, "rules": rules, "comment": f"about {case}", "features": features or []}
    return {"op": op, **entry, "request": request, "expect": expect}


def write_suite(folder: Path, vectors: list[dict[str, Any]]) -> Path:
    """A folder of vectors with its manifest; one file for each group and operation."""
    (folder / "v1").mkdir(parents=True, exist_ok=True)
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for entry in vectors:
        groups.setdefault((entry["id"].split("/")[0], entry["op"]), []).append(entry)
    files = []
    for (group, op), members in groups.items():
        path = f"v1/{group}-{op}.json"
        bare = [{name: value for name, value in member.items() if name != "op"} for member in members]
        document = {
            "suite": "flatstream",
            "version": 1,
            "group": group,
            "op": op,
            "about": ".",
            "vectors": bare,
        }
        (folder / path).write_text(json.dumps(document), encoding="utf-8", newline="\n")
        sha256 = hashlib.sha256((folder / path).read_bytes()).hexdigest()
        files.append({"path": path, "group": group, "op": op, "vectors": len(bare), "sha256": sha256})
    lines = "".join(f"{file['sha256']}  {file['path']}\n" for file in sorted(files, key=lambda f: str(f["path"])))
    manifest = {
        "suite": "flatstream",
        "version": 1,
        "vectors": len(vectors),
        "digest": hashlib.sha256(lines.encode()).hexdigest(),
        "files": files,
        "rules": {},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8", newline="\n")
    return folder


@dataclass(frozen=True)
class Bench:
    """A small suite on disk, and a way to make testees for it."""

    folder: Path
    vectors: list[dict[str, Any]]

    def testee(self, body: str = "", features: list[str] | None = None) -> list[str]:
        """The command of a testee that gives the right answers, but for what `body` redefines."""
        answers = {
            json.dumps({"op": entry["op"], **entry["request"]}, sort_keys=True): entry["expect"]
            for entry in self.vectors
        }
        answers_file = self.folder / "answers.json"
        answers_file.write_text(json.dumps(answers), encoding="utf-8")
        source = TESTEE.format(
            answers=str(answers_file),
            features=list(FEATURES) if features is None else features,
            body=textwrap.dedent(body),
        )
        script = self.folder / f"testee_{hashlib.sha256(source.encode()).hexdigest()[:12]}.py"
        script.write_text(source, encoding="utf-8")
        return [sys.executable, str(script)]

    def other(self, vectors: list[dict[str, Any]]) -> Bench:
        """A suite of other vectors."""
        return Bench(write_suite(self.folder / "other", vectors), vectors)

    def run(self, body: str = "", features: list[str] | None = None, **plan: Any) -> Records:
        """Run the small suite against such a testee, in this process."""
        return run(Plan(self.testee(body, features), load(self.folder), **plan))

    def command(self, *arguments: str, testee: list[str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run the command line in a process of its own, as a person would."""
        words = [sys.executable, "-m", "flatstream_conformance", *arguments]
        quoted = subprocess.list2cmdline if sys.platform == "win32" else shlex.join
        if arguments[0] in {"run", "list", "show"} and "--vectors" not in arguments:
            words += ["--vectors", str(self.folder)]
        if testee is not None:
            words += ["--testee", quoted(testee)]
        return subprocess.run(words, capture_output=True, encoding="utf-8", check=False, timeout=60)


@dataclass(frozen=True)
class Shelf:
    """A folder of testees, each a copy of the plain one or of a variant of it."""

    folder: Path
    plain: str

    def add(self, name: str, source: str | None = None, **keys: object) -> Path:
        """A testee with its testee.toml; `keys` replace the usual ones. Returns its folder."""
        described: dict[str, object] = {"name": name, "language": "Python", "about": "a test", "needs": [], "build": []}
        described |= {"run": ["{python}", "testee.py"], **keys}
        home = self.folder / name
        home.mkdir()
        lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in described.items())
        (home / "testee.toml").write_text(lines, encoding="utf-8")
        (home / "testee.py").write_text(self.plain if source is None else source, encoding="utf-8")
        return home

    def command(self, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run the command line in a process of its own, as a person would."""
        words = [sys.executable, "-m", "flatstream_conformance", *arguments]
        return subprocess.run(words, capture_output=True, encoding="utf-8", check=False, timeout=120, cwd=cwd)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    plain = Path(__file__).parents[1] / "testees" / "python_plain" / "testee.py"
    (tmp_path / "testees").mkdir()
    return Shelf(tmp_path / "testees", plain.read_text(encoding="utf-8"))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    vectors = small_vectors()
    return Bench(write_suite(tmp_path / "vectors", vectors), vectors)
