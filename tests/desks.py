"""What the tests of the desk share: every kind of desk and store, and stores in which others are faster."""

import asyncio
import inspect

from oppcore.desk import AsyncDesk, Desk
from oppcore.repository import AsyncMemoryRepository, MemoryRepository, SqliteRepository

__all__ = ["DESKS", "Meddling", "PlainDesk", "meddler"]


class PlainDesk:
    """An async desk, asked from plain code."""

    def __init__(self, repository, **options):
        self._desk = AsyncDesk(repository, **options)

    def __getattr__(self, name):
        return lambda *args, **options: asyncio.run(getattr(self._desk, name)(*args, **options))


DESKS = {
    "memory": lambda folder: (Desk, MemoryRepository()),
    "async memory": lambda folder: (PlainDesk, AsyncMemoryRepository()),
    "sqlite": lambda folder: (Desk, SqliteRepository(folder / "deals.db")),
}


class Meddling:
    """A store in which somebody else is faster, some times: `meddle` is called before a commit."""

    def __init__(self, repository, meddle, times):
        self._repository, self._meddle, self._times = repository, meddle, times

    def __getattr__(self, name):
        return getattr(self._repository, name)

    def commit(self, commit, /):
        if self._times > 0:
            self._times -= 1
            meddled = self._meddle()
            if inspect.isawaitable(meddled):
                return self._later(meddled, commit)
        return self._repository.commit(commit)

    async def _later(self, meddled, commit):
        await meddled
        return await self._repository.commit(commit)


def meddler(make_desk, command, *, times, **options):
    """A desk at which another one's command always comes in between."""
    made = []

    def meddle():
        rival = made[0]
        return command(rival._desk if isinstance(rival, PlainDesk) else rival)

    made.append(make_desk())
    return make_desk(lambda repository: Meddling(repository, meddle, times), **options)
