"""The glossary holds every public name once, and no name that does not exist."""

import importlib
import inspect
import pkgutil
import re
from collections import Counter
from enum import Enum

import oppcore
from oppcore.records import FIELDS
from tests.docs.pages import read_page

PAGE = read_page("glossary.md")
ROWS = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("| `")]
LISTED = [row[0].strip("`") for row in ROWS]


def exported() -> dict[str, object]:
    """Every name in the `__all__` of the rooms and of the front door."""
    rooms = [importlib.import_module(f"oppcore.{found.name}") for found in pkgutil.iter_modules(oppcore.__path__)]
    return {name: getattr(room, name) for room in [*rooms, oppcore] for name in getattr(room, "__all__", ())}


def parts(value: object) -> set[str]:
    """The public attributes, fields, choices and parameters by which a class or function can be spoken to."""
    found = {name for name in dir(value) if not name.startswith("_")} if inspect.isclass(value) else set()
    if inspect.isclass(value) and issubclass(value, Enum):
        found.update(member.value for member in value)
    found.update(getattr(value, "__annotations__", {}))
    if inspect.isfunction(value):
        found.update(inspect.signature(value).parameters)
    return found


def test_every_public_noun_and_everyday_name_is_in_the_glossary():
    nouns = {name for name in exported() if name[0].isupper() and not name.isupper()}

    assert sorted((nouns | set(oppcore.__all__)) - set(LISTED)) == []


def test_every_name_in_the_glossary_exists():
    names = exported()
    known = set(names).union(FIELDS, *map(parts, names.values()))

    assert sorted(set(LISTED) - known) == []


def test_every_name_is_in_the_glossary_once():
    assert [name for name, times in Counter(LISTED).items() if times > 1] == []


def test_every_name_has_a_chinese_term_and_a_meaning():
    for row in ROWS:
        assert len(row) == 3, row
        assert re.search(r"[\u4e00-\u9fff]", row[1]), row


def test_every_chinese_term_names_one_thing():
    assert [term for term, times in Counter(row[1] for row in ROWS).items() if times > 1] == []
