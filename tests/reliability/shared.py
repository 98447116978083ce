"""One store for plain and async clients at once, and a way to let many of them loose."""

import asyncio
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from oppcore.desk import AsyncDesk, Desk
from oppcore.repository import MemoryRepository, SqliteRepository
from oppcore.testing.deals import PIPELINE, START

STORES = {
    "memory": lambda folder: MemoryRepository(),
    "sqlite": lambda folder: SqliteRepository(folder / "deals.db"),
}


class InThreads:
    """A plain store for async clients."""

    def __init__(self, repository):
        self.repository = repository

    def __getattr__(self, name):
        asked = getattr(self.repository, name)

        async def ask(*args, **options):
            return await asyncio.to_thread(asked, *args, **options)

        return ask


@contextmanager
def restless():
    """Threads take turns as often as they can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def at_once(jobs):
    """Run jobs in threads that begin at the same moment; give what they returned."""
    barrier = threading.Barrier(len(jobs))

    def run(job):
        barrier.wait()
        return job()

    with restless(), ThreadPoolExecutor(len(jobs)) as pool:
        return [done.result() for done in [pool.submit(run, job) for job in jobs]]


def desks_for(repository, **options):
    """A plain desk and an async one on the same store."""
    return Desk(repository, **options), AsyncDesk(InThreads(repository), **options)


def opened(repository, *ids):
    """The store with a pipeline and some deals."""
    desk = Desk(repository)
    desk.publish(PIPELINE)
    for id in ids:
        desk.open("new-business", id, at=START)
    return repository
