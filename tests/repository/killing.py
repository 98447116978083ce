"""`python -m tests.repository.killing FOLDER` runs the cases that must find broken stores out.

It writes to a file which exception each case ended with. Everything runs as in a host's own suite.
"""

import inspect
import json
import sys
from pathlib import Path

import pytest

from tests.repository import broken_reads, broken_writes

CONTRACTS = Path(__file__).with_name("broken_contracts.py")
LOCKSTEP, HISTORIES = "test_behaves_like_the_reference", "test_whatever_can_happen_to_a_deal_is_kept"
SIMULATION = "test_keeps_every_promise_when_everything_goes_wrong"
# Found out by search alone as well, without the case that was made for them.
SEARCHED = {
    "LosesUpdates": LOCKSTEP,
    "CreatesOverWhatIsThere": LOCKSTEP,
    "WritesByHalves": LOCKSTEP,
    "KeepsNoHistory": LOCKSTEP,
    "TurnsHistoryAround": LOCKSTEP,
    "IgnoresGuards": LOCKSTEP,
    "ForgetsCommands": LOCKSTEP,
    "ComparesNoDigests": LOCKSTEP,
    "ShowsAllTenants": LOCKSTEP,
    "IgnoresOwners": LOCKSTEP,
    "SkipsTies": LOCKSTEP,
    "OrdersByOpening": LOCKSTEP,
    "SearchesWithWildcards": LOCKSTEP,
    "ShowsWhatWasRemoved": LOCKSTEP,
    "DropsAField": HISTORIES,
    "KeepsWholeSeconds": HISTORIES,
    "RemembersWhatWasRefused": SIMULATION,
    "WritesTheLedgerLater": SIMULATION,
    "LetsCountersGo": SIMULATION,
}


def broken_stores():
    """Every broken store."""
    return [
        store
        for module in (broken_writes, broken_reads)
        for store in vars(module).values()
        if inspect.isclass(store) and store.__module__ == module.__name__
    ]


class Outcomes:
    """Which exception each case ended with; None where it passed."""

    def __init__(self):
        self.found = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item, call):
        report = yield
        if call.excinfo is not None or report.when == "call":
            name = f"{item.parent.name.removeprefix('Test')}.{item.name}"
            self.found[name] = None if call.excinfo is None else call.excinfo.type.__name__
        return report


def main(folder):
    """Run the case that must find it, and the lock-step, against each broken store; all cases against the right one."""
    stores = broken_stores()
    chosen = [f"{CONTRACTS}::TestPlainStore"]
    chosen += [f"{CONTRACTS}::Test{store.__name__}::{store.by}" for store in stores]
    chosen += [f"{CONTRACTS}::Test{store}::{case}" for store, case in SEARCHED.items()]
    outcomes = Outcomes()
    options = ["-q", "--tb=no", "--show-capture=no", "-p", "no:cacheprovider", "-p", "no:randomly"]
    pytest.main([*options, *chosen], plugins=[outcomes])
    Path(folder, "outcomes.json").write_text(json.dumps(outcomes.found))


if __name__ == "__main__":
    main(sys.argv[1])
