"""Six writers with pauses and one follower: nothing is missed, and each deal's changes come in order."""

import random
import threading
import time
from datetime import UTC, datetime

import pytest

from oppcore.desk import Desk
from oppcore.repository import MAX_PAGE, MemoryRepository
from tests.reliability.profiles import sizes
from tests.reliability.shared import STORES, at_once, opened

WRITERS = 6
DEALS = [f"d-{number}" for number in range(WRITERS)]


class Slow:
    """A store on the way to which time passes, as on a network."""

    def __init__(self, repository, seed):
        self.repository, self.dice = repository, random.Random(seed)

    def __getattr__(self, name):
        return getattr(self.repository, name)

    def commit(self, commit, /):
        if self.dice.random() < 0.3:
            time.sleep(self.dice.uniform(0, 0.002))
        return self.repository.commit(commit)


def write(repository, writer, count):
    """Change one's own deal, each change as of the moment in which it was decided."""
    desk = Desk(Slow(repository, writer))
    for number in range(count):
        desk.amend(DEALS[writer], {"name": f"change {number}"}, at=datetime.now(UTC))


def follow(repository, take, done):
    """Take what is new until all writers are done and nothing is left; give all that was taken."""
    found = []
    while True:
        is_over = done.is_set()  # asked before the last look
        new = take(repository, found)
        found += new
        if is_over and not new:
            return found


def by_feed(repository, found):
    """What comes behind the last change that was dealt with."""
    return repository.follow("main", after=found[-1].cursor if found else None, limit=50)


def by_instant(repository, found):
    """What was recorded after the last change that was dealt with: how outboxes are often polled."""
    newest = max((one.change.stamp.recorded_at for one in found), default=datetime.min.replace(tzinfo=UTC))
    listed, after = [], None
    while part := repository.follow("main", after=after, limit=MAX_PAGE):
        listed, after = [*listed, *part], part[-1].cursor
    return [one for one in listed if one.change.stamp.recorded_at > newest]


def run(repository, take, count):
    """Let all loose; give what the follower took."""
    opened(repository, *DEALS)
    ended = threading.Barrier(WRITERS, action=(done := threading.Event()).set)

    def job(writer):
        try:
            write(repository, writer, count)
        finally:
            ended.wait()

    writers = [lambda writer=writer: job(writer) for writer in range(WRITERS)]
    return at_once([lambda: follow(repository, take, done), *writers])[0]


@sizes(fast=240, full=10_000)
@pytest.mark.parametrize("store", STORES)
def test_who_follows_misses_nothing(tmp_path, store, size):
    repository = STORES[store](tmp_path)
    found = run(repository, by_feed, size // WRITERS)

    assert len(found) == (size // WRITERS + 1) * WRITERS
    for deal in DEALS:
        changes = [one.change for one in found if one.key.id == deal]
        assert [change.stamp.version for change in changes] == list(range(1, size // WRITERS + 2))
        assert tuple(changes) == Desk(repository).history(deal)


@sizes(fast=240, full=1_200)
def test_who_polls_by_instants_would_miss_some(size):
    repository = MemoryRepository()
    found = run(repository, by_instant, size // WRITERS)

    assert len(found) < (size // WRITERS + 1) * WRITERS
