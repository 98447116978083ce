"""Sixteen writers on three deals, half of them async: nothing is lost, and what they saw happened in one order."""

import asyncio
import time
from datetime import timedelta

import pytest

from oppcore.desk import Desk
from oppcore.engine import replay
from oppcore.repository import SqliteRepository
from oppcore.testing.deals import START
from tests.reliability.linearity import Operation, find_anomaly
from tests.reliability.profiles import sizes
from tests.reliability.shared import STORES, at_once, desks_for, opened
from tests.repository.broken_writes import LosesUpdates

DEALS = ("d-1", "d-2", "d-3")
WRITERS = 16
TARGETS = ("negotiating", "qualified")


class Log:
    """What all clients did, by deal."""

    def __init__(self):
        self.operations = {deal: [] for deal in DEALS}

    def add(self, deal, begun, version, *, is_write):
        self.operations[deal].append(Operation(begun, time.perf_counter(), version, is_write))


def wishes(writer, count):
    """The moves of one writer: which deal, and a name that nobody else gives."""
    for number in range(count):
        yield DEALS[(writer + number) % len(DEALS)], f"writer {writer} move {number}"


def write(desk, log, writer, count):
    """Move deals, and look at them now and then."""
    for deal, name in wishes(writer, count):
        begun = time.perf_counter()
        receipt = desk.amend(deal, {"name": name}, at=START + timedelta(days=1))
        log.add(deal, begun, receipt.version, is_write=True)
        begun = time.perf_counter()
        log.add(deal, begun, desk.get(deal).progress.version, is_write=False)


async def write_async(desk, log, writer, count):
    """The same, awaited."""
    for deal, name in wishes(writer, count):
        begun = time.perf_counter()
        receipt = await desk.amend(deal, {"name": name}, at=START + timedelta(days=1))
        log.add(deal, begun, receipt.version, is_write=True)
        begun = time.perf_counter()
        log.add(deal, begun, (await desk.get(deal)).progress.version, is_write=False)


def run(repository, count):
    """Let all writers loose; give what they did."""
    plain, awaited = desks_for(opened(repository, *DEALS), retries=100_000)
    log = Log()

    async def all_async():
        await asyncio.gather(*(write_async(awaited, log, writer, count) for writer in range(WRITERS // 2, WRITERS)))

    jobs = [lambda writer=writer: write(plain, log, writer, count) for writer in range(WRITERS // 2)]
    at_once([*jobs, lambda: asyncio.run(all_async())])
    return log


def lost(repository, count):
    """How many acknowledged changes are in no history."""
    found = set()
    for deal in DEALS:
        changes = Desk(repository).history(deal)
        found |= {edit.new for change in changes for edit in getattr(change, "edits", ())}
    return sum(name not in found for writer in range(WRITERS) for _, name in wishes(writer, count))


@sizes(fast=8, full=500)
@pytest.mark.parametrize("store", STORES)
def test_no_acknowledged_change_is_lost(tmp_path, store, size):
    repository = STORES[store](tmp_path)
    log = run(repository, size)

    assert lost(repository, size) == 0
    for deal, operations in log.operations.items():
        changes = Desk(repository).history(deal)
        assert replay(changes) == Desk(repository).get(deal)
        assert [change.stamp.version for change in changes] == list(range(1, len(changes) + 1))
        assert len(operations) == 2 * (len(changes) - 1)
        assert find_anomaly(operations) is None
    if isinstance(repository, SqliteRepository):
        repository.close()


@sizes(fast=30, full=500)
def test_without_a_version_check_changes_would_be_lost(size):
    repository = LosesUpdates()
    log = run(repository, size)

    anomalies = [find_anomaly(operations) for operations in log.operations.values()]
    assert lost(repository, size) + sum(anomaly is not None for anomaly in anomalies) > 0


@pytest.mark.parametrize(
    ("operations", "anomaly"),
    [
        ([(0, 1, 2, True), (2, 3, 2, False), (2, 3, 3, True)], None),
        ([(0, 3, 2, True), (1, 2, 1, False), (1, 4, 2, False)], None),
        ([(0, 1, 2, True), (0, 1, 2, True)], "two writes made version 2"),
        ([(0, 1, 2, True), (2, 3, 1, False)], "version 1 came after version 2"),
        ([(0, 1, 3, True), (2, 3, 2, True)], "version 2 came after version 3"),
        ([(0, 1, 3, False), (2, 3, 3, True)], "version 3 came after version 3"),
        ([(0, 2, 3, False), (3, 4, 4, True)], None),
    ],
)
def test_what_cannot_have_happened_is_noticed(operations, anomaly):
    assert find_anomaly([Operation(*one) for one in operations]) == anomaly
