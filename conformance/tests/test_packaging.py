"""The wheel has all that the runner reads: pyproject.toml names each folder, and the kinds of files in it."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[2]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = SETTINGS["tool"]["setuptools"]["packages"]
PACKAGE_DATA = SETTINGS["tool"]["setuptools"]["package-data"]
RUNNER = ROOT / "conformance" / "flatstream_conformance"


def package_of(file: Path) -> str:
    return ".".join(file.parent.relative_to(RUNNER.parent).parts)


def runner_files() -> list[Path]:
    """The files of the runner's package that are not made by running it."""
    return sorted(file for file in RUNNER.rglob("*") if file.is_file() and "__pycache__" not in file.parts)


def test_every_folder_of_the_runner_is_a_package_of_the_wheel() -> None:
    assert {package_of(file) for file in runner_files()} <= set(PACKAGES)


def test_every_file_of_the_runner_that_is_no_module_is_package_data() -> None:
    data = [file for file in runner_files() if file.suffix != ".py"]
    assert {"page.html", "records.json", "py.typed"} <= {file.name for file in data}
    left_out = [
        file.relative_to(ROOT).as_posix()
        for file in data
        if not any(fnmatch(file.name, pattern) for pattern in PACKAGE_DATA.get(package_of(file), []))
    ]
    assert left_out == []


def test_the_specification_and_the_vectors_travel_in_the_wheel() -> None:
    folders = SETTINGS["tool"]["setuptools"]["package-dir"]
    for package, name in (("docs", "SPEC.md"), ("vectors", "manifest.json")):
        module = f"flatstream_conformance.{package}"
        assert module in PACKAGES
        assert (ROOT / folders[module] / name).is_file()
        assert any(fnmatch(name, pattern) for pattern in PACKAGE_DATA[module])


def test_the_extra_of_the_runner_names_what_it_imports() -> None:
    extra = " ".join(SETTINGS["project"]["optional-dependencies"]["conformance"])
    for name in ("click", "jinja2", "jsonschema", "referencing", "rich"):
        assert name in extra
