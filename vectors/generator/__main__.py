"""The command line: write the vectors, or check them."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from vectors.generator.check import present_files, problems
from vectors.generator.groups import all_groups
from vectors.generator.oracles import OracleError
from vectors.generator.render import render_all

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TREE = Path(__file__).resolve().parent.parent


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status: 0 done or nothing wrong, 1 something wrong, 2 wrong usage."""
    options = _parser().parse_args(arguments)
    try:
        groups = all_groups()
        made = render_all(groups)
        if options.check:
            return _check(options.tree, made)
        _write(options.tree, made)
    except (OracleError, OSError) as error:
        sys.stderr.write(f"vectors.generator: {error}\n")
        return 1
    total = sum(len(group.vectors) for group in groups)
    sys.stdout.write(f"wrote {total} vectors in {len(groups)} groups to {options.tree}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m vectors.generator",
        description="Make the golden vectors of FlatStream, or check the ones that are there.",
        epilog="Exit status: 0 if all is well, 1 if --check found a problem or a file cannot be "
        "written, 2 on wrong usage.",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing: compare the tree byte for byte with what would be written, validate it against the "
        "schemas, ask the oracles, and count rules, algorithms and vectors",
    )
    parser.add_argument(
        "--tree",
        type=_folder,
        default=_TREE,
        metavar="FOLDER",
        help="the folder of v1, schema and manifest.json (default: the one that holds this package)",
    )
    return parser


def _folder(text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is no folder")
    return path


def _check(tree: Path, made: Mapping[str, bytes]) -> int:
    found = problems(tree, made)
    summary = f"problems: {len(found)}" if found else f"{len(made)} files: no problem"
    sys.stdout.writelines(f"{line}\n" for line in [*found, summary])
    return 1 if found else 0


def _write(tree: Path, made: Mapping[str, bytes]) -> None:
    """Write every file through a temporary one beside it, and remove generated files that are no longer made."""
    for name, content in made.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(temporary).chmod(0o644)  # mkstemp gives 0600, and these files are for everybody
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    for name in present_files(tree) - set(made):
        (tree / name).unlink()


if __name__ == "__main__":
    sys.exit(main())
