"""What the tests of stores and desks share: the deals of the contract, and every store behind the same methods."""

import asyncio

from oppcore.repository import AsyncMemoryRepository, MemoryRepository, SqliteRepository
from oppcore.testing.deals import PIPELINE, START, at, guard, key, naming, opening, publishing


class Awaited:
    """An async store, asked from plain code."""

    def __init__(self, repository):
        self.repository = repository

    def load(self, key, /):
        return asyncio.run(self.repository.load(key))

    def find(self, query, /):
        return asyncio.run(self.repository.find(query))

    def history(self, key, /, *, after=0, limit):
        return asyncio.run(self.repository.history(key, after=after, limit=limit))

    def recall(self, tenant, command_id, /):
        return asyncio.run(self.repository.recall(tenant, command_id))

    def follow(self, tenant, /, *, after=None, limit):
        return asyncio.run(self.repository.follow(tenant, after=after, limit=limit))

    def commit(self, commit, /):
        return asyncio.run(self.repository.commit(commit))


STORES = {
    "memory": lambda folder: MemoryRepository(),
    "async memory": lambda folder: Awaited(AsyncMemoryRepository()),
    "sqlite": lambda folder: SqliteRepository(folder / "deals.db"),
}

__all__ = [
    "PIPELINE",
    "START",
    "STORES",
    "Awaited",
    "at",
    "guard",
    "key",
    "naming",
    "opening",
    "publishing",
]
