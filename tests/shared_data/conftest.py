"""Data sets that lie beside the repository, not in it: their tests are collected only where they are.

Small hand-made tables in tests/exchange and tests/cli walk the same paths everywhere.
"""

import json
from pathlib import Path

import pytest

from oppcore.cli.command import run

FOLDER = Path(__file__).parents[3] / "shared" / "data"
NOTE = (
    f"shared data sets: {'found beside the repository' if FOLDER.is_dir() else 'NOT FOUND, their tests are left out'}"
)
collect_ignore_glob = [] if FOLDER.is_dir() else ["test_*.py"]


def pytest_report_header():
    return NOTE  # seen where this folder is named


def pytest_terminal_summary(terminalreporter):
    if not FOLDER.is_dir():
        terminalreporter.write_line(NOTE, yellow=True)  # seen wherever this folder is reached


@pytest.fixture(scope="session")
def folder():
    return FOLDER


@pytest.fixture(scope="session")
def figures():
    """The reference figures of a data set, by name."""
    sets = json.loads((FOLDER / "figures.json").read_text())["datasets"]
    return lambda name: {key: figure["value"] for key, figure in sets[name]["figures"].items()}


@pytest.fixture
def oppcore(capsys):
    """Run the command; give its JSON, or what it says on standard error when it is to fail."""

    def call(*args, code=0):
        found = run([*map(str, args), *([] if code else ["--format", "json"])])
        printed = capsys.readouterr()
        assert found == code, printed.err
        return printed.err if code else json.loads(printed.out)

    return call
