"""The time that deals spend in stages, before any estimate: whose time, by which clock, and since when it was seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import final

import attrs

from oppcore.funnel.cells import Cell, CellCounts
from oppcore.funnel.cohort import Cohort
from oppcore.funnel.sample import LAST, find_sample
from oppcore.funnel.stays import DAY, StayCounts
from oppcore.funnel.tally import Tally
from oppcore.history import Ending, History, Trail, Visit
from oppcore.periods import as_instant
from oppcore.pipeline import Pipeline, StageKind
from oppcore.spelling import choose, hint
from oppcore.stats import EventTable, count_events

__all__ = ["ENDED", "DwellClock", "DwellCounting", "DwellUnit", "count_dwell"]

ENDED = tuple(ending for ending in Ending if ending not in (Ending.OPEN, Ending.REMOVED))
"""How a stay ends that is over; one that ended because its deal was taken out is not."""
_NO_TIME = timedelta(0)

_Holds = Sequence[tuple[datetime, datetime | None]]
"""The times for which a deal was on hold."""


class DwellUnit(StrEnum):
    """Whose time is measured: that of each `visit`, of all visits of a `deal` together, or of its `last_visit`."""

    VISIT = "visit"
    DEAL = "deal"
    LAST_VISIT = "last_visit"


class DwellClock(StrEnum):
    """Which time is measured: all that has `elapsed`, or the `active` one, in which the deal was not on hold."""

    ELAPSED = "elapsed"
    ACTIVE = "active"


@final
@attrs.frozen
class DwellCounting:
    """The stages in which time is measured, whose and which time it is, and since when deals were under observation."""

    stages: tuple[str, ...]
    unit: DwellUnit
    clock: DwellClock
    since: datetime | None = None


def count_dwell(
    history: History,
    pipeline: Pipeline,
    *,
    unit: DwellUnit | str = DwellUnit.VISIT,
    clock: DwellClock | str = DwellClock.ELAPSED,
    stages: Iterable[str] | None = None,
    since: date | None = None,
    as_of: date | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    by: str | None = None,
    attribution: str = LAST,
    cohort: Cohort | None = None,
    lenient: bool = False,
) -> Tally[DwellCounting, StayCounts]:
    """Give the stays in each stage by what ended them: what `measure_dwell` estimates from."""
    definition = DwellCounting(
        stages=_find_stages(pipeline, stages),
        unit=choose(DwellUnit, unit, "unit of time in stage"),
        clock=choose(DwellClock, clock, "clock"),
        since=None if since is None else as_instant(since, timezone),
    )
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
    seen_until = sample.basis.as_of
    groups = {
        group: _count([trail for trail, _ in deals], definition, seen_until) for group, deals in sample.groups.items()
    }
    return Tally(definition=definition, basis=sample.basis, none=_count((), definition, seen_until), groups=groups)


def _find_stages(pipeline: Pipeline, stages: Iterable[str] | None) -> tuple[str, ...]:
    if stages is None:
        return tuple(one.key for one in pipeline.stages if one.kind in (StageKind.OPEN, StageKind.POST_SALE))
    if isinstance(stages, str):
        message = f"a list of stages is wanted, not the text {stages!r}"
        raise TypeError(message)
    known, wanted = [one.key for one in pipeline.stages], tuple(dict.fromkeys(stages))
    if unknown := [stage for stage in wanted if stage not in known]:
        message = f"{unknown[0]!r} is no stage of pipeline {pipeline.key!r}; {hint(unknown[0], known)}"
        raise ValueError(message)
    return wanted


def _count(trails: Iterable[Trail], definition: DwellCounting, until: datetime | None) -> StayCounts:
    members: dict[str, Mapping[Cell, int]] = {}
    stays: dict[str, list[tuple[float, float, Ending]]] = {name: [] for name in definition.stages}
    for trail in trails:
        cells: dict[Cell, int] = {}
        for name, found in stays.items():
            visits = [visit for visit in trail.visits if visit.stage == name]
            if until is None or not visits:
                continue
            holds = trail.holds if definition.clock is DwellClock.ACTIVE else ()
            for days, before, ended in _find_stays(visits, holds, definition, until):
                found.append((days, before, ended))
                kinds = (str(ended), "late") if before else (str(ended),)
                for kind in kinds:
                    cells[name, kind] = cells.get((name, kind), 0) + 1
        members[trail.opportunity_id] = cells
    return StayCounts(CellCounts.of(members), {name: _count_stays(found) for name, found in stays.items()})


def _find_stays(
    visits: Sequence[Visit], holds: _Holds, definition: DwellCounting, until: datetime
) -> Iterator[tuple[float, float, Ending]]:
    """Give the days of each stay, how many of them passed before it came under observation, and how it ended."""
    since = definition.since
    whole = [visits] if definition.unit is DwellUnit.DEAL else [[visit] for visit in visits]
    for parts in whole[-1:] if definition.unit is DwellUnit.LAST_VISIT else whole:
        spans = [(visit.entered_at, visit.left_at or until) for visit in parts]
        stay = sum((_passed(entered, left, holds) for entered, left in spans), _NO_TIME)
        before = _NO_TIME
        if since is not None:
            entered, left = spans[-1]
            before = sum((_passed(one, min(other, since), holds) for one, other in spans if one < since), _NO_TIME)
            if (entered < since and left <= since) or stay == before > _NO_TIME:
                continue  # over before it came under observation
        yield stay / DAY, before / DAY, parts[-1].ended


def _passed(start: datetime, end: datetime, holds: _Holds) -> timedelta:
    """Give the time from one instant to another that was not on hold."""
    held = (max(_NO_TIME, min(end, last or end) - max(start, first)) for first, last in holds)
    return end - start - sum(held, _NO_TIME)


def _count_stays(stays: Sequence[tuple[float, float, Ending]]) -> EventTable:
    causes = [str(ended) if ended in ENDED else None for _, _, ended in stays]
    return count_events([days for days, _, _ in stays], causes, entries=[before for _, before, _ in stays])
