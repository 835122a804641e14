"""The command line over files of any content, in this process."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any, Final, NamedTuple

from click.testing import CliRunner

import flatstream
from flatstream.batch import ScanEnd
from flatstream.cli.app import cli
from flatstream.errors import IndexInvalid, IndexStale
from flatstream.index import Index
from flatstream.tests.fuzz.engines import on_each
from flatstream.tests.fuzz.streams import ALGORITHMS
from flatstream.tests.zoo import MONSTER, SCHEMAS, TELEMETRY

TELEMETRY_SCHEMA: Final = SCHEMAS / "telemetry.bfbs"
MONSTER_SCHEMA: Final = SCHEMAS / "monster.bfbs"


class Run(NamedTuple):
    """What became of a command."""

    status: int
    out: bytes
    told: str
    files: dict[str, bytes]
    """All files of the folder, by name, when it was over."""


def run(files: dict[str, bytes], *arguments: str) -> Run:
    """Run a command in a folder of its own with these files; equal on both engines, no traceback, no escapes."""

    def once(_: str) -> Run:
        with tempfile.TemporaryDirectory(dir=_FAST) as folder:
            place = Path(folder)
            for name, content in files.items():
                (place / name).write_bytes(content)
            given = [each.replace("@", folder + "/", 1) if each.startswith("@") else each for each in arguments]
            result = CliRunner().invoke(cli, given, env={"COLUMNS": "100"})
            if result.exception is not None and not isinstance(result.exception, SystemExit):
                raise result.exception
            left = {each.name: each.read_bytes() for each in place.iterdir()}
            told, out = result.stderr.replace(folder, ""), result.stdout_bytes.replace(folder.encode(), b"")
        return Run(result.exit_code, out, told, left)

    done = on_each(once)
    assert done.status in {0, 1, 2}, done
    assert all(line.isprintable() for line in done.told.split("\n")), f"stderr has what steers a terminal: {done}"
    if "raw" not in arguments:
        text = done.out.decode("utf-8")
        assert all(line.isprintable() for line in text.split("\n")), f"stdout has what steers a terminal: {done}"
    for name, content in files.items():
        if "--truncate" not in arguments and name in done.files:
            assert done.files[name] == content, "a file was changed"
        assert name in done.files, "a file is gone"
    assert not [name for name in done.files if name.endswith(".part")], "half a file was left"
    return done


_FAST: Final = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  (folders with random names in it)
"""Where a sync costs nothing."""


def _options(choice: int) -> tuple[str, list[str]]:
    algorithm = ALGORITHMS[choice & 3]
    return algorithm, ["--checksum", algorithm, "--max-frame-len", str((2**31, 64)[choice >> 2 & 1])]


def _verify(choice: int, content: bytes) -> None:
    algorithm, options = _options(choice)
    found = flatstream.scan(content, algorithm, int(options[-1]))
    done = run({"a": content}, "verify", "@a", "--json", *options)
    (verdict,) = json.loads(done.out)["files"]
    assert done.status == (0 if found.end is ScanEnd.CLEAN else 1)
    assert verdict["good"] == (found.end is ScanEnd.CLEAN), "scan and verify disagree"
    if found.error is None or not verdict["bad_frames"]:
        assert (verdict["frames"], verdict["end_offset"]) == (len(found), found.last_good_offset)
    assert run({"a": content}, "verify", "@a").status in {0, 1}


def _inspect(choice: int, content: bytes) -> None:
    algorithm, options = _options(choice)
    found = flatstream.scan(content, algorithm, int(options[-1]))
    done = run({"a": content}, "inspect", "@a", "--json", *options)
    facts = json.loads(done.out)
    assert done.status == (0 if found.end is ScanEnd.CLEAN else 1)
    assert facts["frames"] >= len(found)
    assert facts["size"] == len(content)
    if not facts["bad_frames"]:
        assert (facts["frames"], facts["end_offset"]) == (len(found), found.last_good_offset)
        assert facts["payload_bytes"] == sum(found.sizes)
    assert run({"a": content}, "inspect", "@a").status in {0, 1}


def _cat(choice: int, content: bytes) -> None:
    algorithm, options = _options(choice)
    found = flatstream.scan(content, algorithm, int(options[-1]))
    form = ("hex", "text", "len", "json", "raw")[(choice >> 3) % 5]
    done = run({"a": content}, "cat", "@a", "--format", form, *options)
    assert done.status == (0 if found.end is ScanEnd.CLEAN else 1)
    payloads = [bytes(each) for each in found]
    if form == "raw":
        assert done.out == b"".join(payloads)
    else:
        lines = done.out.decode().split("\n")[:-1]
        assert len(lines) == len(payloads)
        if form == "hex":
            assert [bytes.fromhex(line) for line in lines] == payloads


def _messages(choice: int, content: bytes) -> None:
    """``cat --schema`` and ``convert`` of frames of which each may be a message."""
    _, options = _options(choice)
    schema = str((TELEMETRY_SCHEMA, MONSTER_SCHEMA)[choice >> 3 & 1])
    shown = run({"a": content}, "cat", "@a", "--schema", schema, *options)
    lines = shown.out.decode("utf-8").split("\n")[:-1]
    for line in lines:
        json.loads(line)
    form = ("jsonl", "parquet", "arrow", "csv")[choice >> 4 & 3]
    done = run({"a": content}, "convert", "@a", "--schema", schema, "--to", form, "--out", "@b", *options)
    assert ("b" in done.files) == (done.status == 0), "a table that is not whole"
    if done.status != 2:
        assert done.status == shown.status, "cat and convert disagree"
    if form == "jsonl" and done.status == 0:
        assert done.files["b"].decode("utf-8").split("\n")[:-1] == lines


def _recover(choice: int, content: bytes) -> None:
    algorithm, options = _options(choice)
    found = flatstream.scan(content, algorithm, int(options[-1]))
    done = run({"a": content}, "recover", "@a", "--truncate", "--yes", "--backup", "--json", *options)
    if done.status == 2:  # the frames say that they are of another algorithm
        assert done.files == {"a": content}
        return
    record = json.loads(done.out)
    whole = content[: found.last_good_offset]
    if found.end is ScanEnd.TORN:
        kept = f"a.torn-{found.last_good_offset}"
        assert (done.status, record["truncated"]) == (0, True)
        assert done.files == {"a": whole, kept: content[found.last_good_offset :]}, "the cut lost something"
    else:
        assert done.status == (0 if found.end is ScanEnd.CLEAN else 1)
        assert done.files == {"a": content}, "what is not torn was changed"


def _salvage(choice: int, content: bytes) -> None:
    algorithm, options = _options(choice)
    found = flatstream.scan(content, algorithm, int(options[-1]))
    done = run({"a": content}, "salvage", "@a", "--out", "@b", "--json", *options)
    record = json.loads(done.out)
    assert done.status == (0 if found.end is ScanEnd.CLEAN else 1)
    assert record["kept_bytes"] + record["lost_bytes"] == len(content)
    kept = done.files.get("b")
    assert (kept is not None) == (record["out"] is not None)
    if kept is not None:
        good = flatstream.scan(kept, algorithm, int(options[-1]))
        assert (good.end, len(good), len(kept)) == (ScanEnd.CLEAN, record["frames"], record["kept_bytes"])


def _index(choice: int, content: bytes) -> None:
    algorithm, options = _options(choice)
    found = flatstream.scan(content, algorithm, int(options[-1]))
    step = str((1, 64)[choice >> 3 & 1])
    done = run({"a": content}, "index", "@a", "--json", "--step", step, *options)
    (record,) = json.loads(done.out)["files"]
    assert done.status == (1 if found.end is ScanEnd.ERROR else 0)
    assert ("a.fsindex" in done.files) == (done.status == 0)
    if done.status == 0:
        assert (record["frames"], record["end"]) == (len(found), found.last_good_offset)


def _sidecar(choice: int, content: bytes) -> None:
    """A sidecar of any content beside a good journal is refused, or it is one."""
    algorithm, _ = _options(choice)
    journal = bytes(flatstream.frame_many([b"abc", b"", b"defg" * 20], algorithm))
    done = run({"a": journal, "a.fsindex": content}, "index", "@a", "--check", "--json")
    assert done.status in {0, 1}
    with tempfile.TemporaryDirectory(dir=_FAST) as folder:
        place = Path(folder, "a.fsindex")
        place.write_bytes(content)
        Path(folder, "a").write_bytes(journal)
        try:
            index = Index.load(place)
            index.check(Path(folder, "a"))
        except (IndexInvalid, IndexStale):
            assert done.status == 1
            return
    assert done.status == 0
    for number in range(4):
        index.locate(number)
    index.parts(3)


def _ingest(choice: int, content: bytes) -> None:
    algorithm, _ = _options(choice)
    schema, record = ((TELEMETRY_SCHEMA, TELEMETRY), (MONSTER_SCHEMA, MONSTER))[choice >> 3 & 1]
    done = run(
        {"a.csv": content}, "ingest", "@a.csv", "--schema", str(schema), "--out", "@b", "-c", algorithm, "--json"
    )
    assert done.status in {0, 2}
    assert ("b" in done.files) == (done.status == 0), "a stream that is not whole"
    if done.status == 0:
        frames = flatstream.scan(done.files["b"], algorithm)
        assert (frames.end, len(frames)) == (ScanEnd.CLEAN, json.loads(done.out)["frames"])
        assert record.verify_many(frames) == len(frames)


def _schema(choice: int, content: bytes) -> None:
    """A binary schema of any content, for a stream of one message."""
    algorithm, options = _options(choice & 3)
    message = bytes(flatstream.frame_many([TELEMETRY.encode(device_id=7, timestamp=1, value=0.5)], algorithm))
    done = run({"a": message, "s.bfbs": content}, "cat", "@a", "--schema", "@s.bfbs", *options)
    assert done.status in {0, 1, 2}
    csv = b"device_id,timestamp,value\n1,2,0.5\n"
    run({"a.csv": csv, "s.bfbs": content}, "ingest", "@a.csv", "--schema", "@s.bfbs", "--out", "@b")


COMMANDS: Final[tuple[Any, ...]] = (
    _verify,
    _inspect,
    _cat,
    _messages,
    _recover,
    _salvage,
    _index,
    _sidecar,
    _ingest,
    _schema,
)
"""The first byte of an input chooses one, the second its options; the content of the file follows."""


def command(data: bytes) -> None:
    """A command over a file ends with a status, says it without escapes, and agrees with `flatstream.scan`."""
    which, choice = data[:2].ljust(2, b"\0")
    COMMANDS[which % len(COMMANDS)](choice, data[2:])
