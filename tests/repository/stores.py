"""What the tests of stores and desks share: a pipeline, deals, and every store behind the same five methods."""

import asyncio
from datetime import UTC, datetime, timedelta

from oppcore.engine import amend, evolve, open_opportunity
from oppcore.pipeline import load_pipeline
from oppcore.records import Key
from oppcore.repository import AsyncMemoryRepository, Commit, Guard, MemoryRepository, SqliteRepository, Write

START = datetime(2026, 3, 2, 9, tzinfo=UTC)

PIPELINE = load_pipeline("""
key = "new-business"
currency = "EUR"
stages = [
    { key = "qualified", kind = "open" },
    { key = "offered", kind = "open", entry = [{ present = "budget" }] },
    { key = "negotiating", kind = "open" },
    { key = "won", kind = "won" },
]
""")


def at(days=0):
    """An instant, so many days after the start."""
    return START + timedelta(days=days)


def key(id="d-1", tenant="main"):
    """The key of a deal."""
    return Key("opportunity", id, tenant)


def opening(id="d-1", *, tenant="main", days=0, command=None, values=None, guards=(), digest="first"):
    """A commit that opens a deal."""
    changes = open_opportunity(PIPELINE, id, values, at=at(days))
    write = Write(key(id, tenant), 0, evolve(None, *changes), changes)
    return Commit(
        tenant=tenant, writes=(write,), guards=guards, command_id=command, digest=None if command is None else digest
    )


def naming(record, name, *, tenant="main", days=1, command=None, guards=(), digest="first"):
    """A commit that gives a deal another name."""
    changes = amend(PIPELINE, record, {"name": name}, at=at(days))
    write = Write(key(record.id, tenant), record.progress.version, evolve(record, *changes), changes)
    return Commit(
        tenant=tenant, writes=(write,), guards=guards, command_id=command, digest=None if command is None else digest
    )


def publishing(pipeline=PIPELINE, tenant="main"):
    """A commit that publishes a pipeline."""
    write = Write(Key("pipeline", pipeline.key, tenant), pipeline.revision - 1, pipeline)
    return Commit(tenant=tenant, writes=(write,))


def guard(version=1, tenant="main"):
    """The guard of the pipeline's revision."""
    return Guard(Key("pipeline", PIPELINE.key, tenant), version)


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
