"""Who passed which stage, deal by deal, and how long each stayed there at first: what comparisons are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta, tzinfo
from typing import final

import attrs

from oppcore.funnel.cells import Cell, CellCounts
from oppcore.funnel.cohort import Cohort
from oppcore.funnel.sample import LAST, find_sample
from oppcore.funnel.standard import StandardFunnel
from oppcore.funnel.tally import Tally
from oppcore.history import Ending, History, Standing, Trail
from oppcore.pipeline import Pipeline
from oppcore.records import Outcome
from oppcore.stats import EventTable, count_events

__all__ = ["DROPPED", "IN_TIME", "OVER_TIME", "UNDECIDED", "WENT_ON", "Passing", "PassingCounts", "count_passing"]

WENT_ON, DROPPED, UNDECIDED = "went_on", "dropped", "undecided"
IN_TIME, OVER_TIME = "in_time", "over_time"
_DAY = timedelta(days=1)


@final
@attrs.frozen
class Passing:
    """The stages that deals pass, and how long a stay should take in those of which it is known."""

    stages: tuple[str, ...]
    times: tuple[tuple[str, timedelta], ...] = ()


@final
@attrs.frozen
class PassingCounts:
    """Deals per stage by whether they went on, and the first stays of deals, in days; they add up with `+`."""

    cells: CellCounts
    stays: Mapping[str, EventTable] = attrs.field(hash=False)

    def ids(self, name: str, *kinds: str) -> tuple[str, ...]:
        """Give the ids of the deals of a stage under any of these kinds, such as `dropped`."""
        return self.cells.ids(name, *kinds)

    def __add__(self, other: PassingCounts) -> PassingCounts:
        nothing = EventTable()
        names = dict.fromkeys((*self.stays, *other.stays))
        stays = {name: self.stays.get(name, nothing) + other.stays.get(name, nothing) for name in names}
        return PassingCounts(self.cells + other.cells, stays)


def count_passing(
    history: History,
    pipeline: Pipeline,
    *,
    standard: StandardFunnel | None = None,
    as_of: date | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    by: str | None = None,
    attribution: str = LAST,
    cohort: Cohort | None = None,
    lenient: bool = False,
) -> Tally[Passing, PassingCounts]:
    """Give the deals that `measure_deviations` compares; those of several parts of a history combine to the whole.

    A deal counts once per open stage it was in: it `went_on` where it was in a later open stage or won afterwards, was
    `dropped` where it was not and is lost or abandoned, and is `undecided` otherwise. Of its stays in a stage the first
    counts, censored where it is not over; `in_time` and `over_time` sort those that began long enough ago by the days
    of the standard.
    """
    days = (standard or StandardFunnel()).days
    times = tuple((stage.key, float(days[stage.key]) * _DAY) for stage in pipeline.open_stages if stage.key in days)
    definition = Passing(tuple(stage.key for stage in pipeline.open_stages), times)
    sample = find_sample(
        history,
        pipeline,
        as_of=as_of,
        known_on=known_on,
        timezone=timezone,
        lenient=lenient,
        by=by,
        attribution=attribution,
        cohort=cohort,
    )
    until = sample.basis.as_of
    groups = {group: _count(deals, definition, until) for group, deals in sample.groups.items()}
    return Tally(definition=definition, basis=sample.basis, none=_count((), definition, until), groups=groups)


def _count(deals: Iterable[tuple[Trail, Standing]], definition: Passing, until: datetime | None) -> PassingCounts:
    ranks = {name: rank for rank, name in enumerate(definition.stages)}
    times = dict(definition.times)
    members: dict[str, Mapping[Cell, int]] = {}
    stays: dict[str, list[tuple[float, bool]]] = {name: [] for name in definition.stages}
    for trail, standing in deals:
        cells = _passed(trail, standing, ranks)
        seen: set[str] = set()
        for visit in trail.visits:
            name = visit.stage
            if name not in ranks or name in seen or until is None:
                continue
            seen.add(name)
            took = (visit.left_at or until) - visit.entered_at
            ended = visit.ended not in (Ending.OPEN, Ending.REMOVED)
            stays[name].append((took / _DAY, ended))
            if name in times and visit.ended is not Ending.REMOVED and until - visit.entered_at >= times[name]:
                cells[name, IN_TIME if ended and took <= times[name] else OVER_TIME] = 1
        members[trail.opportunity_id] = cells
    tables = {name: count_events([days for days, _ in found], [e for _, e in found]) for name, found in stays.items()}
    return PassingCounts(CellCounts.of(members), tables)


def _passed(trail: Trail, standing: Standing, ranks: Mapping[str, int]) -> dict[Cell, int]:
    """Say of each open stage a deal was in whether it went on from there."""
    gone = standing.outcome in (Outcome.LOST, Outcome.ABANDONED)
    found: dict[Cell, int] = {}
    furthest = -1
    passed: set[str] = set()
    for stage, _ in reversed(trail.path):
        rank = len(ranks) if stage is None else ranks.get(stage, -1)
        if stage is not None and rank >= 0 and furthest > rank:
            passed.add(stage)
        furthest = max(furthest, rank)
    for stage in dict.fromkeys(stage for stage, _ in trail.path):
        if stage is not None and stage in ranks:
            found[stage, WENT_ON if stage in passed else DROPPED if gone else UNDECIDED] = 1
    return found
