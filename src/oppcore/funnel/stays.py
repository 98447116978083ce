"""How long things stayed, before any division: counted by line, and shown in days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, final

import attrs

from oppcore.funnel.cells import CellCounts
from oppcore.stats import Cause, EventTable

__all__ = ["DAY", "EstimatedDays", "StayCounts", "find_completed", "mean_days", "quantile_days"]

DAY = timedelta(days=1)


@final
@attrs.frozen
class StayCounts:
    """What is counted per line, and how many days each stay lasted and what ended it; they add up with `+`."""

    cells: CellCounts
    stays: Mapping[str, EventTable] = attrs.field(hash=False)

    def table(self, name: str) -> EventTable:
        """Give the stays of a line."""
        return self.stays.get(name, EventTable())

    def ids(self, name: str, *kinds: str) -> tuple[str, ...]:
        """Give the ids of the deals counted in a line under any of these kinds."""
        return self.cells.ids(name, *kinds)

    def __add__(self, other: StayCounts) -> StayCounts:
        names = {*self.stays, *other.stays}
        return StayCounts(self.cells + other.cells, {name: self.table(name) + other.table(name) for name in names})


@final
@attrs.frozen
class EstimatedDays:
    """A number of days estimated from stays of which some are not over, and its interval.

    None where the data do not say: as a value where the curve does not get there, as a limit where there is none.
    """

    value: float | None
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        if self.value is None:
            return "–"
        text = f"{self.value:,.1f}"
        if self.low is None and self.high is None:
            return text
        low, high = ("?" if limit is None else f"{limit:,.1f}" for limit in (self.low, self.high))
        return f"{text} ({low} to {high})"

    def detail(self) -> dict[str, Any]:
        """Give the days as plain data, ready for JSON."""
        return attrs.asdict(self)


def find_completed(table: EventTable, *causes: Cause) -> list[float]:
    """Give the days of each stay that was ended by one of the causes, in order."""
    columns = [table.events.get(cause, ()) for cause in causes]
    return [
        days
        for place, days in enumerate(table.times)
        for column in columns
        if place < len(column)
        for _ in range(column[place])
    ]


def mean_days(days: list[float]) -> float | None:
    """Give the mean; None of nothing."""
    from math import fsum

    return fsum(days) / len(days) if days else None


def quantile_days(days: list[float], share: float) -> float | None:
    """Give the number of days below which a share of the sorted ones lies, between the two nearest; None of nothing.

    Source: Hyndman and Fan (1996), Sample quantiles in statistical packages, definition 7.
    """
    if not days:
        return None
    place = share * (len(days) - 1)
    below = int(place)
    above = min(below + 1, len(days) - 1)
    return days[below] + (place - below) * (days[above] - days[below])
