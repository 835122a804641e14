"""``flatstream doctor``: what is installed, and whether the checksums are right here."""

from __future__ import annotations

import platform
from importlib import metadata

import click
from rich.text import Text

import flatstream
from flatstream.checksum import BUILT_IN
from flatstream.cli import options
from flatstream.cli.screen import emit, facts, show
from flatstream.errors import EngineUnavailable

__all__ = ["doctor_command"]

_TEXT = b"123456789"
_KNOWN = {"none": 0, "crc16": 0x31C3, "crc32": 0xCBF43926, "xxh3_64": 0x72DCB18B67A17DFF}
"""The checksums of `_TEXT` that the format states (W3)."""

_DEPENDENCIES = ("flatbuffers", "xxhash", "fastcrc", "click", "rich", "numpy", "pyarrow")


@click.command("doctor", short_help="Versions, and a check of the algorithms.")
@options.as_json
def doctor_command(*, as_json: bool) -> int:
    """Show the versions that matter for a report of a fault, and check every algorithm against its known answer.

    \b
    Example:
      flatstream doctor

    Keys of --json: flatstream, python, platform, engine (native, python, or null if the one that FLATSTREAM_ENGINE
    asks for is not there), engine_reason (why it is not native, else null), dependencies (versions by name, null for
    one that is not installed), algorithms (by name: width in bytes, value, expected, right).

    Exit status: 0 all right; 1 an algorithm gives a wrong answer, or there is no engine.
    """
    dependencies = {name: _version(name) for name in _DEPENDENCIES}
    algorithms: dict[str, dict[str, object]] = {}
    for name, checksum in BUILT_IN.items():
        value, expected = checksum.value(_TEXT), _KNOWN[name]
        algorithms[name] = {
            "width": checksum.width,
            "value": f"{value:0{2 * checksum.width}x}" if checksum.width else "",
            "expected": f"{expected:0{2 * checksum.width}x}" if checksum.width else "",
            "right": value == expected,
        }
    engine, reason = _engine()
    python = f"{platform.python_implementation()} {platform.python_version()}"
    about = {
        "flatstream": flatstream.__version__,
        "python": python,
        "platform": platform.platform(),
    }
    if as_json:
        found = {"engine": engine, "engine_reason": reason}
        emit({**about, **found, "dependencies": dependencies, "algorithms": algorithms})
    else:
        rows: list[tuple[str, str | Text]] = list(about.items())
        shown = Text(engine) if engine else Text("none", style="bold red")
        rows.append(("engine", shown if reason is None else Text.assemble(shown, f"  {reason}")))
        rows += [(name, version or Text("not installed", style="dim")) for name, version in dependencies.items()]
        rows += [(name, _answer(algorithm)) for name, algorithm in algorithms.items()]
        show(facts(rows))
    return 0 if engine and all(algorithm["right"] for algorithm in algorithms.values()) else 1


def _engine() -> tuple[str | None, str | None]:
    """Name of the active engine, and why it is not the native one."""
    try:
        return flatstream.engine.name, flatstream.engine.why_python
    except EngineUnavailable as error:
        return None, str(error)


def _answer(algorithm: dict[str, object]) -> Text:
    if not algorithm["width"]:
        return Text("no checksum", style="dim")
    if algorithm["right"]:
        return Text.assemble(("right", "green"), f"  {algorithm['value']} for 123456789")
    return Text(f"WRONG  {algorithm['value']} for 123456789, not {algorithm['expected']}", style="bold red")


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
