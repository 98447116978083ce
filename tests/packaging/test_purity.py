"""The functional core reads and writes nothing, has no clock, throws no unseeded dice and keeps no global state.

Ruff bans the usual calls while one types; this sees what ruff's list of names cannot.
"""

import ast
from collections.abc import Iterator

import pytest

from tests.packaging.sources import core_modules

OUTSIDE_WORLD = set(
    "asyncio ctypes http io logging multiprocessing os pathlib pickle secrets select shelve shutil signal socket "
    "sqlite3 subprocess sys tempfile threading time urllib warnings".split()
)
CALLS = {"breakpoint", "compile", "eval", "exec", "globals", "input", "open", "print"}
INVENTED = {"now", "today", "utcnow", "uuid1", "uuid4"}


def impurities(tree: ast.Module) -> Iterator[str]:
    """What in the module touches the world around it, as `line: what`."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                found = [alias.name for alias in names if alias.name.partition(".")[0] in OUTSIDE_WORLD]
            case ast.ImportFrom(module="random", names=names):
                found = [f"random.{alias.name}" for alias in names if alias.name != "Random"]
            case ast.ImportFrom(module=str(module)):
                found = [module] if module.partition(".")[0] in OUTSIDE_WORLD else []
            case ast.Attribute(value=ast.Name(id="random"), attr=name) if name != "Random":
                found = [f"random.{name}"]
            case ast.Call(func=ast.Name(id=name)) if name in CALLS:
                found = [f"{name}()"]
            case ast.Call(func=ast.Name(id="Random") | ast.Attribute(attr="Random"), args=[]):
                found = ["Random() without a seed"]
            case ast.Call(func=ast.Attribute(value=owner, attr=name)) if name in INVENTED:
                found = [f"{ast.unparse(owner)}.{name}()"]
            case ast.Global(names=names):
                found = [f"global {name}" for name in names]
            case _:
                found = []
        for what in found:
            yield f"{node.lineno}: {what}"


@pytest.mark.parametrize(("name", "tree"), [pytest.param(*m, id=m[0]) for m in core_modules()])
def test_core_modules_are_pure(name, tree):
    assert list(impurities(tree)) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def f(path):\n    return open(path)", ["2: open()"]),
        ("print('hello')", ["1: print()"]),
        ("import logging.config", ["1: logging.config"]),
        ("from pathlib import Path", ["1: pathlib"]),
        ("def f():\n    import sqlite3", ["2: sqlite3"]),
        ("def f():\n    global count, total", ["2: global count", "2: global total"]),
        ("from random import random", ["1: random.random"]),
        ("import random\nrandom.shuffle(x)", ["2: random.shuffle"]),
        ("import random\nrandom.Random()", ["2: Random() without a seed"]),
        ("when = dt.datetime.now(UTC)", ["1: dt.datetime.now()"]),
        ("key = uuid.uuid4()", ["1: uuid.uuid4()"]),
        # All this is allowed: package data, seeded dice, names that only look alike.
        ("import importlib.resources", []),
        ("import random\nrandom.Random(seed)", []),
        ("reopen(deal)\nself.open()\nopen_opportunity()", []),
        ("stage.today", []),
    ],
)
def test_the_check_above_finds_what_it_should(source, found):
    assert list(impurities(ast.parse(source))) == found
