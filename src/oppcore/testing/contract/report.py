"""What a run of the contract says at its end: the powers of each store, and what was not asked of it, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

import pytest

from oppcore.repository import Powers, Repository
from oppcore.repository.powers import find_powers

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

__all__ = ["ContractReport", "report_of"]


@final
class ContractReport:
    """Collects while the tests run, and prints a part of pytest's summary. Processes of their own print nothing."""

    def __init__(self) -> None:
        self._powers = dict[str, Powers]()
        self._left_out = dict[str, dict[str, list[str]]]()

    def note(self, suite: str, repository: Repository) -> None:
        """Remember what a store declares."""
        self._powers[suite] = find_powers(repository)

    def leave_out(self, suite: str, case: str, reason: str) -> None:
        """Remember a case that was not asked, and why."""
        self._left_out.setdefault(suite, {}).setdefault(reason, []).append(case)

    def lines(self) -> list[str]:
        """Give a line for each store, and one for each reason for which cases of its contract were left out."""
        found = list[str]()
        for suite, powers in self._powers.items():
            filters = ", ".join(sorted(type_.__name__ for type_ in powers.filters))
            said = [f"Filter ({filters})"] * bool(filters) + ["Feed"] * powers.feeds
            found.append(f"{suite}: powers declared: {', '.join(said) or 'none'}")
            for reason, cases in self._left_out.get(suite, {}).items():
                found.append(f"  {len(cases)} left out, {reason}: {', '.join(cases)}")
        return found

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        """Print the lines below the results of the tests."""
        terminalreporter.section("contracts of stores")
        for line in self.lines():
            terminalreporter.line(line)


def report_of(config: pytest.Config) -> ContractReport:
    """Give the report of this run; there is one."""
    name = "oppcore-contracts"
    found: object = config.pluginmanager.get_plugin(name)
    if isinstance(found, ContractReport):
        return found
    report = ContractReport()
    config.pluginmanager.register(report, name)
    return report
