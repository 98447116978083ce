"""The contract of a store, as tests to inherit: plain and async."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import ClassVar, Literal, TypeAlias, get_args

import pytest

from oppcore.repository import AsyncRepository, Repository
from oppcore.testing.contract.awaited import Awaited, OpenedAsync, call_as_tasks, open_awaited
from oppcore.testing.contract.commands import Commands
from oppcore.testing.contract.finding import Finding
from oppcore.testing.contract.keeping import Keeping
from oppcore.testing.contract.lockstep import Lockstep
from oppcore.testing.contract.machine import OpenRepository
from oppcore.testing.contract.powers import Feeding, Filtering, LeaveOut
from oppcore.testing.contract.report import report_of
from oppcore.testing.contract.sessions import AtOnce, OpenSession, Sessions, call_in_threads
from oppcore.testing.contract.texts import Texts
from oppcore.testing.contract.versions import Versions

__all__ = ["AsyncRepositoryContract", "Part", "RepositoryContract"]

Part: TypeAlias = Literal["leads", "concurrency"]
"""What a store may do without: keeping leads, or being called by several threads or tasks at once."""


_ASKED = "the contract needs a fixture make_repository that returns a function: each call gives a store to be entered"


class _Contract(Keeping, Versions, Commands, Finding, Texts, Sessions, Feeding, Filtering, Lockstep):
    """All cases, and what they are given."""

    left_out: ClassVar[Mapping[Part, str]] = {}
    """The parts that this store does without, and why; their tests are skipped with that reason."""

    def __init_subclass__(cls) -> None:
        if unknown := sorted(set(cls.left_out) - set(get_args(Part))):
            message = f"{cls.__name__}.left_out: {', '.join(unknown)} cannot be left out, only {get_args(Part)}"
            raise TypeError(message)

    @pytest.fixture
    def repository(self, open_repository: OpenRepository, request: pytest.FixtureRequest) -> Iterator[Repository]:
        """Give a new, empty store."""
        with open_repository() as repository:
            report_of(request.config).note(type(self).__name__, repository)
            yield repository

    @pytest.fixture
    def leave_out(self, request: pytest.FixtureRequest) -> LeaveOut:
        """Give the way to skip a test and say so in the report."""

        def leave_out(reason: str) -> None:
            report_of(request.config).leave_out(type(self).__name__, request.node.name, reason)
            pytest.skip(reason)

        return leave_out

    @pytest.fixture
    def leads(self, leave_out: LeaveOut) -> None:
        """Let tests about leads run, unless they are left out."""
        self._need("leads", leave_out)

    def _need(self, part: Part, leave_out: LeaveOut) -> None:
        if part in self.left_out:
            leave_out(f"{self.left_out[part]} ({part})")


class RepositoryContract(_Contract):
    """The contract of `Repository`: inherit it, say how to make a store, and run pytest.

    The fixture `make_repository` returns a function; each call of it gives a context manager with a new, empty store.
    Where more than one session can be had on the same data, such as another connection, `make_session` gives one.
    """

    @pytest.fixture
    def make_repository(self) -> Callable[[], AbstractContextManager[Repository]]:
        """Say how to make a store."""
        pytest.fail(_ASKED)

    @pytest.fixture
    def make_session(self) -> Callable[[Repository], AbstractContextManager[Repository]]:
        """Say how to open another session of a store; if nothing is said, the store itself is used."""
        return nullcontext

    @pytest.fixture
    def open_repository(self, make_repository: OpenRepository) -> OpenRepository:
        """Give stores as the tests use them."""
        return make_repository

    @pytest.fixture
    def open_session(self, make_session: OpenSession) -> OpenSession:
        """Give sessions as the tests use them."""
        return make_session

    @pytest.fixture
    def at_once(self, open_session: OpenSession, leave_out: LeaveOut) -> AtOnce:
        """Make calls in threads."""
        self._need("concurrency", leave_out)
        return partial(call_in_threads, open_session=open_session)


class AsyncRepositoryContract(_Contract):
    """The contract of `AsyncRepository`: as `RepositoryContract`, for a store that is awaited.

    What `make_repository` and `make_session` give is entered with `async with`, or with `with`.
    """

    @pytest.fixture
    def make_repository(self) -> Callable[[], OpenedAsync]:
        """Say how to make a store."""
        pytest.fail(_ASKED)

    @pytest.fixture
    def make_session(self) -> Callable[[AsyncRepository], OpenedAsync]:
        """Say how to open another session of a store; if nothing is said, the store itself is used."""
        return nullcontext

    @pytest.fixture
    def open_repository(self, make_repository: Callable[[], OpenedAsync]) -> OpenRepository:
        """Give stores as the tests use them, each in an event loop of its own."""

        @contextmanager
        def open_repository() -> Generator[Repository]:
            with asyncio.Runner() as runner, open_awaited(make_repository(), runner) as repository:
                yield repository

        return open_repository

    @pytest.fixture
    def open_session(self, make_session: Callable[[AsyncRepository], OpenedAsync]) -> OpenSession:
        """Give sessions as the tests use them, in the loop of their store."""

        def open_session(repository: Repository) -> AbstractContextManager[Repository]:
            assert isinstance(repository, Awaited)
            return open_awaited(make_session(repository.repository), repository.runner)

        return open_session

    @pytest.fixture
    def at_once(self, open_session: OpenSession, leave_out: LeaveOut) -> AtOnce:
        """Make calls as tasks."""
        self._need("concurrency", leave_out)
        return partial(call_as_tasks, open_session=open_session)
