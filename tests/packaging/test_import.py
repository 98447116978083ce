"""What `import oppcore` promises: it is light, and its names are there."""

import ast
import importlib
import inspect
import subprocess
import sys

import pytest

import oppcore
from tests.packaging.sources import modules

# Loaded only by the rooms that need them, when they are used.
LAZY = {"cattrs", "click", "hypothesis", "pytest", "rich", "sqlite3", "tomli_w"}


def loaded_after(statement: str) -> set[str]:
    """The top-level modules a fresh interpreter holds after the statement."""
    code = f"{statement}; import sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_import_oppcore_loads_nothing_until_a_name_is_used():
    assert "attrs" not in loaded_after("import oppcore")


def test_the_everyday_names_load_no_optional_package():
    loaded = loaded_after("from oppcore import *")

    assert "attrs" in loaded
    assert loaded & LAZY == set()


def test_a_language_is_loaded_when_it_is_first_spoken():
    speak = "from oppcore import *; {}; import sys; print(*sorted(m for m in sys.modules if '.messages.' in m))"
    told = {
        said: subprocess.run(
            [sys.executable, "-c", speak.format(said)], capture_output=True, text=True, check=True
        ).stdout.split()
        for said in ("0", "str(Problem('x'))", "Problem('x').text('zh')")
    }

    assert list(told.values()) == [[], ["oppcore.messages.en"], ["oppcore.messages.zh"]]


@pytest.mark.parametrize("name", sorted(LAZY))
def test_the_check_above_would_see_each_of_them(name):
    assert name in loaded_after(f"import oppcore, {name}")


def test_the_front_door_says_the_same_three_times():
    tree = ast.parse(inspect.getsource(oppcore))
    [typed] = [node for node in tree.body if isinstance(node, ast.If)]
    declared = {node.module: {alias.name for alias in node.names} for node in typed.body}
    rooms = {f"oppcore.{room}": set(names.split()) for room, names in oppcore._ROOMS.items()}

    assert declared == rooms
    assert sorted(oppcore.__all__) == sorted(name for names in rooms.values() for name in names) == sorted(dir(oppcore))


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'mvoe'"):
        oppcore.mvoe  # noqa: B018


def public_names(tree: ast.Module) -> list[str] | None:
    """The module's `__all__`, if it is one literal list of strings."""
    found = [
        statement.value
        for statement in tree.body
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "__all__"
    ]
    uses = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "__all__"]
    if len(found) != 1 or len(uses) != 1 or not isinstance(found[0], ast.List):
        return None
    names = [item.value for item in found[0].elts if isinstance(item, ast.Constant) and isinstance(item.value, str)]
    return names if len(names) == len(found[0].elts) else None


def is_public(name: str, tree: ast.Module) -> bool:
    """Neither private, nor a script, nor only a docstring."""
    return not any(part.startswith("_") for part in name.split(".")) and len(tree.body) > 1


@pytest.mark.parametrize(("name", "tree"), [pytest.param(*m, id=m[0]) for m in modules() if is_public(*m)])
def test_every_public_module_has_a_literal_all_whose_names_resolve(name, tree):
    names = public_names(tree)
    module = importlib.import_module(name)

    assert names is not None, f"{name} needs one literal __all__ = [...]"
    assert len(set(names)) == len(names)
    assert [n for n in names if not hasattr(module, n)] == []


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ('__all__ = ["a", "b"]', ["a", "b"]),
        ("a = 1", None),
        ('__all__ = ["a", b]', None),
        ('__all__ = ["a"] + ["b"]', None),
        ('__all__ = ["a"]\n__all__ += ["b"]', None),
        ('__all__ = ["a"]\n__all__.append("b")', None),
        ("__all__ = sorted(globals())", None),
    ],
)
def test_only_a_literal_all_counts(source, names):
    assert public_names(ast.parse(source)) == names
