"""The native targets: programs of the crate ``flatstream/native/fuzz``, built with cargo for libFuzzer.

Coverage is instrumented by a pass of LLVM's that the stable compiler has, too. It is in all that is compiled: the
engine's core, the crates of its checksums, and the models that it is compared with.
"""

from __future__ import annotations

import json
import os
import subprocess
import tomllib
from pathlib import Path
from typing import Final

import flatstream

CRATE: Final = Path(flatstream.__file__).parent / "native" / "fuzz"
INSTRUMENTED: Final = (
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
)


class NotBuilt(Exception):  # noqa: N818  (caught by its one caller)
    """cargo failed, and has said why on stderr."""


def tools() -> dict[str, str]:
    """Versions of the compiler and of libFuzzer's crate."""
    locked = tomllib.loads((CRATE / "Cargo.lock").read_text(encoding="utf-8"))["package"]
    (libfuzzer,) = (package["version"] for package in locked if package["name"] == "libfuzzer-sys")
    return {"rustc": _rustc()["release"], "libfuzzer-sys": libfuzzer}


def build(cargo: str) -> dict[str, Path]:
    """Build all native targets; the programs by their names. cargo's own progress goes to stderr."""
    command = [
        *(cargo, "build", "--locked", "--release", "--features", "libfuzzer", "--bins"),
        # Named, so that what runs while it is built (build scripts, macros) is not instrumented.
        *("--target", _rustc()["host"]),
        *("--manifest-path", str(CRATE / "Cargo.toml"), "--message-format", "json-render-diagnostics"),
    ]
    flags = {"CARGO_ENCODED_RUSTFLAGS": "\x1f".join(INSTRUMENTED)}
    done = subprocess.run(command, env=os.environ | flags, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise NotBuilt(f"cargo could not build the native targets: exit status {done.returncode}")
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    return {each["target"]["name"]: Path(each["executable"]) for each in messages if each.get("executable")}


def _rustc() -> dict[str, str]:
    """What the compiler says of itself."""
    try:
        done = subprocess.run(["rustc", "-vV"], capture_output=True, text=True, check=True)  # noqa: S607  (cargo's)
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotBuilt(f"rustc does not say which it is: {error}") from error
    return dict(line.split(": ", 1) for line in done.stdout.splitlines() if ": " in line)
