"""The suite that hosts inherit says what it needs, and what was left out."""

import subprocess
import sys
from contextlib import asynccontextmanager

import pytest
from hypothesis import settings

from oppcore.repository import AsyncMemoryRepository
from oppcore.testing import AsyncRepositoryContract, RepositoryContract

SUITE = """
from contextlib import nullcontext

import pytest

from oppcore.repository import AsyncMemoryRepository, MemoryRepository
from oppcore.testing import AsyncRepositoryContract, RepositoryContract


class TestForgotten(RepositoryContract):
    pass


class TestForgottenAsync(AsyncRepositoryContract):
    pass


class TestWithoutLeads(RepositoryContract):
    left_out = {"leads": "no leads here", "concurrency": "one at a time"}

    @pytest.fixture
    def make_repository(self):
        return lambda: nullcontext(MemoryRepository())


class TestWithoutTasks(AsyncRepositoryContract):
    left_out = {"concurrency": "one at a time"}

    @pytest.fixture
    def make_repository(self):
        return lambda: nullcontext(AsyncMemoryRepository())
"""


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """What pytest says to a host's suite."""
    folder = tmp_path_factory.mktemp("host")
    (folder / "test_host.py").write_text(SUITE)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", folder, folder]
    command += ["-k", "never_written or a_lead_is_kept or writers_at_once"]
    return subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8").stdout


def test_a_suite_without_a_store_is_told_what_to_write(printed):
    assert "the contract needs a fixture make_repository that returns a function" in printed
    assert "TestForgotten::test_what_was_never_written_is_not_there" in printed
    assert "TestForgottenAsync::test_what_was_never_written_is_not_there" in printed


def test_what_was_left_out_is_listed_with_its_reason(printed):
    lines = printed.partition("contracts of stores")[2].splitlines()
    [without, tasks] = [number for number, line in enumerate(lines) if line.startswith("Test")]

    assert lines[without] == (
        "TestWithoutLeads: powers declared: "
        "Filter (AllOf, Answered, AnyOf, Compare, Exists, Not, Present, SomeOf, Text), Feed"
    )
    assert sorted(lines[without + 1 : tasks]) == [
        "  1 left out, no leads here (leads): test_a_lead_is_kept_with_its_history",
        "  1 left out, one at a time (concurrency): test_writers_at_once_lose_nothing",
    ]
    assert lines[tasks + 1] == "  1 left out, one at a time (concurrency): test_writers_at_once_lose_nothing"


@pytest.mark.parametrize("contract", [RepositoryContract, AsyncRepositoryContract])
def test_only_what_has_a_name_can_be_left_out(contract):
    with pytest.raises(TypeError, match="guards cannot be left out"):
        type("TestOurs", (contract,), {"left_out": {"guards": "too hard", "leads": "none"}})


class TestAsyncContextManager(AsyncRepositoryContract):
    """A store that is entered with `async with`, and left in the same event loop."""

    hypothesis = settings(max_examples=3, stateful_step_count=10, deadline=None)

    @pytest.fixture
    def make_repository(self):
        @asynccontextmanager
        async def make():
            yield AsyncMemoryRepository()

        return make

    @pytest.fixture
    def make_session(self):
        @asynccontextmanager
        async def make(repository):
            yield repository

        return make
