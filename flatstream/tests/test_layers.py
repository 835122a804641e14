"""Data flows one way: each module imports only from below itself."""

from __future__ import annotations

import ast
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

spec = find_spec("flatstream")
assert spec is not None
assert spec.origin is not None
ROOT = Path(spec.origin).parent

# From the bottom up. A module may import from any row above its own in this list, and from none of its own row.
LAYERS = [
    {"errors", "arguments", "changes"},
    {"wire", "extras", "locking"},
    {"engine", "commit", "disk", "remote"},
    {"log", "whole"},
    {"checksum", "validation", "policy"},
    {"adapters"},
    {"framer", "deframer", "typed"},
    {"feed"},
    {"batch"},
    {"sink", "reader", "windows", "salvaging"},
    {"writer"},
    {"aio", "follow"},
    {"recovery", "index"},
    {"journal"},
    {"opening"},
    {"records"},
    {"lobster"},
    {"__init__"},
    {"cli", "examples", "dask"},
    {"__main__"},
]
HEIGHT = {room: height for height, layer in enumerate(LAYERS) for room in layer}


def room(module: str) -> str:
    """The room of a dotted name: ``flatstream.cli.app`` is in ``cli``, ``flatstream`` itself is ``__init__``."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in HEIGHT else "__init__"


def sources() -> list[Path]:
    return [path for path in ROOT.rglob("*.py") if not {"tests", "generated"} & set(path.relative_to(ROOT).parts)]


def imports(path: Path) -> set[str]:
    """Dotted names of what a module imports from flatstream, wherever in it the statement stands."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.split(".")[0] == "flatstream"}


def test_every_module_has_its_layer() -> None:
    rooms = {path.relative_to(ROOT).parts[0].removesuffix(".py") for path in sources()}
    assert rooms == set(HEIGHT)


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_module_imports_only_from_below(path: Path) -> None:
    own = path.relative_to(ROOT).parts[0].removesuffix(".py")
    above = {name for name in imports(path) if HEIGHT[room(name)] >= HEIGHT[own] and room(name) != own}
    assert above == set()


EXTRAS = {
    "click",
    "rich",
    "inotify_simple",
    "fsspec",
    "dask",
    "distributed",
    "numpy",
    "pyarrow",
    "jsonschema",
    "pytest",
    "hypothesis",
    "flatstream_conformance",
}

# What needs an extra is imported by nothing but functions of what does not, and there under `needing`.
NEED_EXTRAS = {"cli", "__main__.py", "dask.py"} | {
    f"records/{name}.py"
    for name in (
        "arrays",
        "arrow_in",
        "arrow_out",
        "batch_encode",
        "column",
        "columns",
        "gather",
        "intake",
        "texts",
    )
}


def needs_extras(path: Path) -> bool:
    relative = path.relative_to(ROOT)
    return bool({relative.parts[0], relative.as_posix()} & NEED_EXTRAS)


def test_the_library_does_without_the_packages_of_its_extras() -> None:
    for path in sources():
        if needs_extras(path):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        skipped = {id(node) for each in ast.walk(tree) if only_for_types(each) for node in ast.walk(each)}
        nodes = [node for node in ast.walk(tree) if id(node) not in skipped]
        modules = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        modules |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
        assert not {module.split(".")[0] for module in modules} & EXTRAS, path


def only_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def test_the_library_can_be_imported_without_any_extra(without: Callable[..., str]) -> None:
    assert without("import flatstream; print(flatstream.Record('R', a='u8').encode(a=5).hex())", *EXTRAS)
