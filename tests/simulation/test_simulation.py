"""Histories in which everything goes wrong: none breaks a promise, and each planted fault is found."""

import re
from collections import Counter

import pytest

from oppcore.desk.requests import Receipt
from oppcore.errors import MoveRefused, Unavailable, VersionConflict
from oppcore.repository import MemoryRepository
from oppcore.testing import simulate
from tests.repository import broken_reads, broken_writes
from tests.simulation.planted import SHELLS

HISTORIES = 5_000
STORES = {
    broken_writes.LosesUpdates: "was committed on version",
    broken_writes.CreatesOverWhatIsThere: "was committed on version",
    broken_writes.WritesByHalves: "was read as",
    broken_writes.KeepsTheHistoryOfConflicts: "has a gap",
    broken_writes.KeepsNoHistory: "has a gap",
    broken_writes.CountsCommitsNotChanges: "was read as",
    broken_writes.IgnoresGuards: "was committed on version",
    broken_writes.ChecksThatThereIsAPipeline: "was committed on version",
    broken_writes.LetsCountersGo: "was committed on version",
    broken_writes.ForgetsCommands: "refused after it had been carried out",
    broken_writes.RemembersWhatWasRefused: "acknowledged and never committed",
    broken_writes.WritesTheLedgerLater: "refused after it had been carried out",
    broken_writes.AnswersWithWhatIsThereNow: "acknowledged as .* and as",
    broken_reads.FeedsOneChangeOfACommit: "the feed does not have",
    broken_reads.FeedsWhatWasRefused: "the feed does not have",
}


def find_fault(play, most=1_000):
    """What the first of so many histories says that breaks a promise."""
    for seed in range(most):
        try:
            play(seed)
        except AssertionError as fault:
            return str(fault)
    return "nothing was found"


def test_no_history_breaks_a_promise():
    for seed in range(HISTORIES):
        simulate(MemoryRepository(), seed)


@pytest.mark.parametrize(("store", "finds"), STORES.items(), ids=lambda one: getattr(one, "__name__", ""))
def test_a_fault_in_the_store_is_found(store, finds):
    assert re.match(rf"seed \d+: .*{finds}", find_fault(lambda seed: simulate(store(), seed)))


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell.__name__)
def test_a_fault_in_the_desk_is_found(shell):
    found = find_fault(lambda seed: simulate(MemoryRepository(), seed, begin=shell.begin))

    assert re.match(rf"seed \d+: .*{shell.finds}", found)


def test_a_seed_plays_the_same_history_each_time():
    first, again, other = (repr(simulate(MemoryRepository(), seed).endings) for seed in (7, 7, 8))

    assert first == again != other


def test_everything_happens_in_some_history():
    found = Counter()
    for seed in range(200):
        world = simulate(MemoryRepository(), seed)
        found["faults"] += world.faults
        for _, order, result in world.endings:
            found[order.wish, type(result)] += 1

    assert found["faults"] > 200
    for wish in ("move", "offer", "amend", "open", "merge"):
        for result in (Receipt, Unavailable, type(None)):
            assert found[wish, result] > 0, (wish, result)
    for wish in ("move", "offer", "amend", "merge"):
        assert found[wish, MoveRefused] > 0
    assert found["amend", VersionConflict] > 0
