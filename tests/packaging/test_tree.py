"""Nothing under version control tells on whose machine it was written."""

import re
import shutil
import subprocess

import pytest

from tests.packaging.sources import TREE

TRACES = re.compile(
    r"(?<![\w.~-])/(?:home|opt|root|tmp|Users|var|work)/\w"  # a folder of somebody's machine
    r"|\b(?:pypi\.org|pythonhosted\.org|npmjs\.(?:com|org))\b"  # a registry: which one to use is the user's choice
)
LOCK_FILES = re.compile(r"(^|/)(?:\w+\.lock|Pipfile\.lock|package-lock\.json|pylock\..*toml|requirements.*\.txt)$")


def committed_files() -> list[str]:
    """The paths under version control."""
    if not (TREE / ".git").exists() or not shutil.which("git"):
        pytest.skip("not a git checkout")
    done = subprocess.run(["git", "ls-files", "-z"], cwd=TREE, capture_output=True, check=True)
    return [name for name in done.stdout.decode().split("\0") if name and (TREE / name).is_file()]


def test_no_file_names_a_place_on_a_machine():
    found = []
    for name in committed_files():
        text = (TREE / name).read_bytes().decode("utf-8", errors="replace")
        found += [f"{name}: {match[0]}" for match in TRACES.finditer(text)]

    assert found == []


def test_no_lock_file_is_committed():
    assert [name for name in committed_files() if LOCK_FILES.search(name)] == []


@pytest.mark.parametrize(
    "trace", ["'/{}/x'".format("work"), "see /{}/x".format("tmp"), "https://pypi{}".format(".org/")]
)
def test_a_trace_would_be_found(trace):
    assert TRACES.search(trace)


@pytest.mark.parametrize("innocent", ["win/loss", "example.com/home/x", "src/work/x", "a /work item"])
def test_other_slashes_are_fine(innocent):
    assert not TRACES.search(innocent)


@pytest.mark.parametrize("name", ["uv.lock", "a/poetry.lock", "requirements-dev.txt", "package-lock.json"])
def test_a_lock_file_would_be_found(name):
    assert LOCK_FILES.search(name)
