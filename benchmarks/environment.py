"""What the numbers depend on and what is written beside them: machine, kernel, Python, libraries, sources."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sysconfig
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final, TypedDict

import flatstream

__all__ = ["ROOT", "Environment", "environment", "library_digest", "sources_digest"]

ROOT: Final = Path(__file__).resolve().parent.parent
"""The root of the repository."""

RENDERING: Final = frozenset(
    {
        "__main__.py",
        "blocks.py",
        "check.py",
        "comparing.py",
        "faults.py",
        "markers.py",
        "prose.py",
        "records.py",
        "showing.py",
        "test_speed.py",
    }
)
"""Modules that only show, check or store what was measured: they may change without a new run."""


SOURCES: Final = (
    "*.py",
    "contenders/**/*.py",
    "paths/**/*.py",
    "studies/**/*.py",
    "schemas/**/*.py",
    "schemas/**/*.fbs",
    "rust/Cargo.*",
    "rust/src/**/*.rs",
)

_LIBRARIES: Final = (
    "flatstream",
    "flatbuffers",
    "fastcrc",
    "xxhash",
    "numpy",
    "pyarrow",
    "msgpack",
    "msgspec",
    "orjson",
    "cbor2",
    "protobuf",
    "fastavro",
    "mcap",
)

_TOOLS: Final = {"rustc": ("rustc", "--version"), "valgrind": ("valgrind", "--version")}
"""The programs that a scenario runs, and how each says its version."""


class Environment(TypedDict):
    """The facts beside a record's numbers."""

    processor: str
    cpus: int
    kernel: str
    python: str
    build: str
    engine: str
    libraries: dict[str, str]
    tools: dict[str, str]
    library: str
    sources: str
    date: str


def environment() -> Environment:
    """The facts of this machine and this moment."""
    return {
        "processor": _processor(),
        "cpus": os.cpu_count() or 1,
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "build": _build(),
        "engine": flatstream.engine.name,
        "libraries": {name: version(name) for name in _LIBRARIES},
        "tools": _tools(),
        "library": library_digest(),
        "sources": sources_digest(),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
    }


def sources_digest(folder: Path = ROOT / "benchmarks") -> str:
    """SHA-256 over everything that decides what is measured and how: new files count unless they are listed here."""
    return _digest(
        folder,
        [
            path
            for pattern in SOURCES
            for path in folder.glob(pattern)
            if path.parent != folder or path.name not in RENDERING
        ],
    )


def library_digest() -> str:
    """SHA-256 over the modules of the library that is measured, wherever it is installed."""
    folder = Path(flatstream.__file__).parent
    native = [*folder.glob("native/Cargo.*"), *folder.glob("native/src/**/*.rs")]
    modules = [path for path in folder.rglob("*.py") if "tests" not in path.relative_to(folder).parts]
    return _digest(folder, [*modules, *native])


def _digest(folder: Path, paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(paths, key=lambda path: path.relative_to(folder).as_posix()):
        content = path.read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{path.relative_to(folder).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _tools() -> dict[str, str]:
    found = {}
    for name, command in _TOOLS.items():
        if shutil.which(command[0]) is not None:
            answer = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)  # noqa: S603  (our own)
            found[name] = answer.stdout.strip()
    return found


def _build() -> str:
    """How the interpreter was compiled, as far as it decides its speed."""
    arguments = str(sysconfig.get_config_var("CONFIG_ARGS") or "")
    found = [
        name
        for option, name in (("--enable-optimizations", "profile-guided"), ("--with-lto", "link-time optimised"))
        if option in arguments
    ]
    if os.name == "nt":
        return platform.python_compiler()
    kind = ", ".join(found) if found else "neither profile-guided nor link-time optimised"
    return f"{kind}; {platform.python_compiler()}"
