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
    """A store in which somebody else is faster, some times: `meddle` is called before a commit, or another method."""

    def __init__(self, repository, meddle, times, before="commit"):
        self._repository, self._meddle, self._times, self._before = repository, meddle, times, before

    def __getattr__(self, name):
        asked = getattr(self._repository, name)
        if name != self._before or self._times == 0:
            return asked
        self._times -= 1
        meddled = self._meddle()
        return self._after(meddled, asked) if inspect.isawaitable(meddled) else asked

    def _after(self, meddled, asked):
        async def ask(*args, **options):
            await meddled
            return await asked(*args, **options)

        return ask


def meddler(make_desk, command, *, times, before="commit", **options):
    """A desk at which another one's command always comes in between."""
    made = []

    def meddle():
        rival = made[0]
        return command(rival._desk if isinstance(rival, PlainDesk) else rival)

    made.append(make_desk())
    return make_desk(lambda repository: Meddling(repository, meddle, times, before), **options)
