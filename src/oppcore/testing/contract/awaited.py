"""An async store behind the methods of a plain one: how one suite holds for both."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, ExitStack, contextmanager
from typing import Any, TypeAlias, final

from oppcore.desk import AsyncDesk
from oppcore.engine import Change
from oppcore.records import Key
from oppcore.repository import (
    AsyncRepository,
    Commit,
    Committed,
    CommittedChange,
    Page,
    Powers,
    Query,
    Repository,
    Stored,
)
from oppcore.repository.powers import find_powers
from oppcore.testing.contract.sessions import RETRIES, Call, OpenSession

__all__ = ["Awaited", "OpenedAsync", "call_as_tasks", "open_awaited"]

OpenedAsync: TypeAlias = AbstractContextManager[AsyncRepository] | AbstractAsyncContextManager[AsyncRepository]
"""An async store to be entered with `with` or `async with`."""


@final
class Awaited:
    """Asks an async store and waits for the answer, in one event loop."""

    def __init__(self, repository: AsyncRepository, runner: asyncio.Runner) -> None:
        self.repository = repository
        self.runner = runner

    def load(self, key: Key, /) -> Stored | None:
        """Give what is there, or None."""
        return self.runner.run(self.repository.load(key))

    def find(self, query: Query, /) -> Page[Stored]:
        """Give a page of records."""
        return self.runner.run(self.repository.find(query))

    def history(self, key: Key, /, *, after: int = 0, limit: int) -> Page[Change]:
        """Give changes in version order."""
        return self.runner.run(self.repository.history(key, after=after, limit=limit))

    def recall(self, tenant: str, command_id: str, /) -> Committed | None:
        """Give what a command did, or None."""
        return self.runner.run(self.repository.recall(tenant, command_id))

    def commit(self, commit: Commit, /) -> Committed:
        """Write everything, or nothing and raise."""
        return self.runner.run(self.repository.commit(commit))

    @property
    def powers(self) -> Powers:
        """What the store can do beyond its five methods."""
        return find_powers(self.repository)

    def follow(self, tenant: str | None, /, *, after: str | None = None, limit: int) -> tuple[CommittedChange, ...]:
        """Give what was committed behind a place."""
        feed: Any = self.repository
        found: tuple[CommittedChange, ...] = self.runner.run(feed.follow(tenant, after=after, limit=limit))
        return found


@contextmanager
def open_awaited(made: OpenedAsync, runner: asyncio.Runner) -> Generator[Awaited]:
    """Enter an async store in an event loop, and leave it in the same."""
    if isinstance(made, AbstractAsyncContextManager):
        repository = runner.run(_coroutine(made.__aenter__()))
        try:
            yield Awaited(repository, runner)
        except BaseException as error:
            runner.run(_coroutine(made.__aexit__(type(error), error, error.__traceback__)))
            raise
        else:
            runner.run(_coroutine(made.__aexit__(None, None, None)))
    else:
        with made as repository:
            yield Awaited(repository, runner)


def call_as_tasks(repository: Repository, calls: Sequence[Call], open_session: OpenSession) -> list[Any]:
    """Make calls at the same time, each as a task and in a session of its own."""
    assert isinstance(repository, Awaited)
    with ExitStack() as stack:
        sessions: list[Any] = [stack.enter_context(open_session(repository)) for _ in calls]

        async def make(call: Call, session: Any) -> Any:
            desk = AsyncDesk(session, retries=RETRIES)
            steps = call(session, desk)
            try:
                wanted = next(steps)
                while True:
                    wanted = steps.send(await wanted)
                    await asyncio.sleep(0)
            except StopIteration as stop:
                return stop.value

        async def make_all() -> list[Any]:
            asked = zip(calls, sessions, strict=True)
            return await asyncio.gather(*(make(call, session.repository) for call, session in asked))

        return repository.runner.run(make_all())


async def _coroutine(awaitable: Any) -> Any:
    """Await anything: a runner takes coroutines only."""
    return await awaitable
