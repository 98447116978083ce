"""Some words name nothing; no module, class or function is called by one."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.packaging.sources import modules

EMPTY_WORDS = set(
    "util utils helper helpers common base abstract manager handler service processor factory mixin data info "
    "impl".split()
)


def words(name: str) -> list[str]:
    """Split snake_case and CamelCase into lower-case words."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]


def empty_names(module: str, tree: ast.Module) -> Iterator[str]:
    """The names of the module, its classes and functions that hold an empty word."""
    names = [module]
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.append(node.name)
    return (name for name in names if EMPTY_WORDS.intersection(words(name)))


@pytest.mark.parametrize(("module", "tree"), [pytest.param(*m, id=m[0]) for m in modules()])
def test_no_name_holds_an_empty_word(module, tree):
    assert list(empty_names(module, tree)) == []


@pytest.mark.parametrize(
    ("module", "source", "found"),
    [
        ("oppcore.utils", "", ["oppcore.utils"]),
        ("oppcore.x", "class HTTPHandler: ...", ["HTTPHandler"]),
        ("oppcore.x", "class A:\n async def _load_data(self): ...", ["_load_data"]),
        ("oppcore.x", "class DatabaseX: ...\ndef informed_basis(): ...", []),
    ],
)
def test_the_check_above_finds_whole_words_only(module, source, found):
    assert list(empty_names(module, ast.parse(source))) == found
