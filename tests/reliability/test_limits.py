"""A condition over several deals: at most three are offered at once, whoever moves them and when."""

import pytest

from oppcore.desk import Desk, Limit
from oppcore.errors import MoveRefused
from oppcore.pipeline import load_pipeline
from oppcore.repository import MemoryRepository, Query
from oppcore.testing.deals import START
from tests.reliability.profiles import sizes
from tests.reliability.shared import STORES, at_once

MOVERS, MOST = 8, 3
LIMIT = Limit(pipeline="free", stages=["offered"], most=MOST, per=None)
PIPELINE = load_pipeline("""
key = "free"
stages = [{ key = "qualified", kind = "open" }, { key = "offered", kind = "open" }]
""")


def offer(desk, tenant, number):
    """Move a deal to where only three may be; say whether it went through."""
    try:
        desk.move(f"d-{number}", "offered", at=START)
    except MoveRefused:
        return False
    return True


def offer_after_counting(desk, repository, tenant, number):
    """The same, by a host that counts first and moves then."""
    if len(repository.find(Query(tenant=tenant, stages=["offered"])).items) >= MOST:
        return False
    return offer(desk, tenant, number)


def play(repository, tenant, job, **options):
    """One round: eight clients at the same moment. Give how many went through, and how many are offered then."""
    desk = Desk(repository, tenant=tenant, retries=100_000, **options)
    desk.publish(PIPELINE)
    for number in range(MOVERS):
        desk.open("free", f"d-{number}", at=START)
    done = at_once([lambda number=number: job(desk, number) for number in range(MOVERS)])
    return sum(done), len(repository.find(Query(tenant=tenant, stages=["offered"])).items)


@sizes(fast=12, full=200)
@pytest.mark.parametrize("store", STORES)
def test_a_limit_holds_whoever_moves_at_once(tmp_path, store, size):
    repository = STORES[store](tmp_path)
    for number in range(size):
        tenant = f"round {number}"
        counted = play(repository, tenant, lambda desk, one, tenant=tenant: offer(desk, tenant, one), limits=[LIMIT])
        assert counted == (MOST, MOST)


@sizes(fast=60, full=200)
def test_without_guards_a_limit_would_be_passed(size):
    repository = MemoryRepository()
    most = 0
    for number in range(size):
        tenant = f"round {number}"

        def job(desk, one, tenant=tenant):
            return offer_after_counting(desk, repository, tenant, one)

        most = max(most, play(repository, tenant, job)[1])
    assert most > MOST
