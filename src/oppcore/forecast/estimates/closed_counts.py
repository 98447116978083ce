"""The closed deals that visited each stage, by group: what stage probabilities are made of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import final

import attrs

from oppcore.history import Trail
from oppcore.records import Outcome

__all__ = ["ClosedCount", "Group", "count_closed"]

Group = tuple[str | None, ...]
"""The values of the columns grouped by, in order; `()` is all deals."""


@final
@attrs.define
class ClosedCount:
    """The closed deals of a group that visited a stage: how many, how many of them won, and what they weigh."""

    won: int = 0
    closed: int = 0
    won_weight: float = 0.0
    weight: float = 0.0

    def add(self, weight: float, *, won: bool) -> None:
        """Count one more."""
        self.won += won
        self.closed += 1
        self.won_weight += weight * won
        self.weight += weight


def count_closed(
    trails: Sequence[Trail],
    stages: Sequence[str],
    columns: Sequence[str],
    as_of: datetime | None,
    half_life: timedelta | None,
) -> dict[str, dict[Group, ClosedCount]]:
    """Give the closed deals that visited each stage, by group; every group is in every stage."""
    found: dict[str, dict[Group, ClosedCount]] = {stage: {} for stage in stages}
    for trail in trails:
        standing = trail.standing
        if standing is None:
            continue
        group = tuple(map(standing.column, columns))
        for groups in found.values():
            groups.setdefault(group, ClosedCount())
        if standing.closed_at is None or as_of is None:
            continue
        weight = 1.0 if half_life is None else 0.5 ** ((as_of - standing.closed_at) / half_life)
        for stage in {visit.stage for visit in trail.visits} & found.keys():
            found[stage][group].add(weight, won=standing.outcome is Outcome.WON)
    return found
