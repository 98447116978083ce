"""Every code has its sentence, every sentence its code, and no sentence asks for what is not given."""

import ast
import re
from collections import defaultdict

import pytest

from oppcore import messages
from oppcore.errors import Problem
from oppcore.messages import en
from tests.packaging.sources import modules

MAKERS = {"Problem", "Wish", "_refuse", "one"}
# What is filled in later: the path by the text, and where tables are read, the rows by the list of their faults.
ALWAYS = {"path"}
GATHERED = {"column", "count", "rows"}
# Codes that are put together from a closed list.
COMPARED = ("eq", "ne", "lt", "le", "gt", "ge", "one_of", "between", "contains", "starts", "ends")
COMPOSED = {
    "field.": COMPARED,
    "field.not_": COMPARED,
    "say.": COMPARED,
}
CODE = re.compile(r"[a-z_]+\.[a-z_]+")
PLACEHOLDER = re.compile(r"\{(\w+)")
OPTIONAL = re.compile(r"\[\[.*?\]\]")


def texts_in(node):
    """The texts an argument may be: a literal, or either side of a choice."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.IfExp(body=body, orelse=orelse):
            return [*texts_in(body), *texts_in(orelse)]
        case ast.JoinedStr(values=[ast.Constant(value=str(start)), *_]):
            return [start + end for end in COMPOSED.get(start, ())]
    return []


def dictionaries(function):
    """What the dictionaries assigned in a function hold, by name."""
    found = defaultdict(set)
    for node in ast.walk(function):
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=value)
            ):
                found[name] |= keys_in(value, {}) or set()
    return found


def keys_in(node, known):
    """The parameters a dictionary gives; None where that cannot be seen."""
    match node:
        case ast.Dict(keys=keys, values=values):
            found = set()
            for key, value in zip(keys, values, strict=True):
                if key is None:
                    inner = keys_in(value, known)
                    if inner is None:
                        return None
                    found |= inner
                elif isinstance(key, ast.Constant):
                    found.add(key.value)
            return found
        case ast.Name(id=name):
            return known.get(name) or None
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            sides = keys_in(left, known), keys_in(right, known)
            return None if None in sides else sides[0] | sides[1]
    return None


def raised():
    """Every place where a problem is made: code, parameters (None: not to be seen), where."""
    for name, tree in modules():
        if name.startswith("oppcore.messages"):
            continue
        for function in [tree, *(n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef))]:
            known = dictionaries(function)
            for node in ast.walk(function):
                if isinstance(node, ast.JoinedStr):
                    yield from ((code, None, f"{name}:{node.lineno}") for code in texts_in(node))
                if not isinstance(node, ast.Call) or not node.args:
                    continue
                maker = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                if maker not in MAKERS:
                    continue
                for code in texts_in(node.args[0]):
                    if CODE.fullmatch(code):
                        yield code, given(maker, node, known), f"{name}:{node.lineno}"


def given(maker, node, known):
    if maker in ("Problem", "Wish"):
        keywords = {keyword.arg: keyword.value for keyword in node.keywords}
        place = 2 if maker == "Problem" else 1
        params = node.args[place] if len(node.args) > place else keywords.get("params")
        return set() if params is None else keys_in(params, known)
    if any(keyword.arg is None for keyword in node.keywords):
        return None
    return {keyword.arg for keyword in node.keywords}


RAISED = list(raised())
CODES = {code for code, _, _ in RAISED}
LITERALS = {
    node.value
    for name, tree in modules()
    if not name.startswith("oppcore.messages")
    for node in ast.walk(tree)
    if isinstance(node, ast.Constant) and isinstance(node.value, str)
}


def test_the_search_finds_what_is_raised():
    assert {"move.no_way", "document.syntax", "field.not_ge", "elapsed.met", "key.unknown"} <= CODES


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_has_a_sentence(code):
    assert code in en.TEXTS


@pytest.mark.parametrize("code", sorted(en.TEXTS))
def test_every_sentence_has_a_code_that_is_raised(code):
    assert code in CODES | LITERALS


@pytest.mark.parametrize("code", sorted(CODES & set(en.TEXTS)))
def test_a_sentence_asks_only_for_what_is_given(code):
    needed = set(PLACEHOLDER.findall(OPTIONAL.sub("", en.TEXTS[code].replace("{{", "")))) - ALWAYS
    lacking = [
        (where, sorted(needed - params - (GATHERED if ".exchange." in where else set())))
        for one, params, where in RAISED
        if one == code and params is not None
    ]

    assert [(where, names) for where, names in lacking if names] == []


def test_a_code_without_a_sentence_shows_its_parameters():
    assert str(Problem("no.such_code", "here", {"b": 2, "a": (1, 2)})) == "here: no.such_code (a: 1, 2; b: 2)"


def test_parameters_become_plain_data():
    assert messages.plain({"b", "a"}) == ["a", "b"]
    assert messages.plain((None, True, 1)) == [None, True, 1]
