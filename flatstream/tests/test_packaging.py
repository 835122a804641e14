"""What the wheel installs: every package of the two import names, and nothing under a bare name."""

from __future__ import annotations

import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
SETUPTOOLS = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]


def test_every_package_is_listed() -> None:
    listed = set(SETUPTOOLS["packages"])
    for folder in ("flatstream", "conformance/flatstream_conformance"):
        root = REPOSITORY / folder
        found = {
            ".".join((root.name, *path.parent.relative_to(root).parts))
            for path in root.rglob("__init__.py")
            if "tests" not in path.parts
        }
        assert found - listed == set()


def test_nothing_is_installed_under_a_bare_name() -> None:
    assert {name.split(".")[0] for name in SETUPTOOLS["packages"]} == {"flatstream", "flatstream_conformance"}


def test_every_listed_folder_exists() -> None:
    for name in SETUPTOOLS["packages"]:
        parts = name.split(".")
        roots = [".".join(parts[:count]) for count in range(len(parts), 0, -1)]
        root = next(root for root in roots if root in SETUPTOOLS["package-dir"])
        folder = Path(SETUPTOOLS["package-dir"][root], *parts[len(root.split(".")) :])
        assert (REPOSITORY / folder).is_dir(), name
