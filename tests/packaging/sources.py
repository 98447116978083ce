"""Where the things under test are: the tree, the package, its modules."""

import ast
from collections.abc import Iterator
from pathlib import Path

import oppcore

TREE = Path(__file__).parents[2]
PACKAGE = Path(oppcore.__file__).parent

# The rooms above the functional core: only they may read clocks and files.
OUTER_ROOMS = {"repository", "desk", "exchange", "charts", "frames", "testing", "cli"}


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Every module of the package: its dotted name and its parsed source."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        yield name, ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def core_modules() -> Iterator[tuple[str, ast.Module]]:
    """The modules of the functional core: those of no outer room."""
    for name, tree in modules():
        if not OUTER_ROOMS.intersection(name.split(".")[1:2]):
            yield name, tree
