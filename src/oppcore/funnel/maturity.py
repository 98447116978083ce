"""How many visits go on within a time: of those that have had that time, and estimated from all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any, final

import attrs

from oppcore.funnel.cells import Cell, CellCounts
from oppcore.funnel.cohort import Cohort
from oppcore.funnel.counting import check_span, days_text
from oppcore.funnel.report import Report, make_report
from oppcore.funnel.sample import LAST, find_sample
from oppcore.funnel.stays import DAY, StayCounts
from oppcore.funnel.tally import Tally
from oppcore.history import Ending, History, Trail, Visit
from oppcore.pipeline import Pipeline
from oppcore.stats import EventTable, IncidenceCurves, Ratio, count_events, estimate_incidence, make_ratio

__all__ = [
    "EstimatedShare",
    "MatureConversion",
    "Maturity",
    "count_mature_visits",
    "finish_mature_conversion",
    "measure_mature_conversion",
]

_WENT_ON, _DROPPED, _REVERTED, _REMOVED = _CAUSES = ("went_on", "dropped", "reverted", "removed")
_STILL, _YOUNG = "still_there", "too_young"
_CAUSE: Mapping[Ending, str | None] = {
    Ending.ADVANCED: _WENT_ON,
    Ending.JUMPED: _WENT_ON,
    Ending.WON: _WENT_ON,
    Ending.LOST: _DROPPED,
    Ending.ABANDONED: _DROPPED,
    Ending.REVERTED: _REVERTED,
    Ending.REMOVED: _REMOVED,
    Ending.OPEN: None,
}


@final
@attrs.frozen
class Maturity:
    """The stages whose visits are counted, and the time that they are given."""

    stages: tuple[str, ...]
    within: timedelta = attrs.field(validator=check_span)


@final
@attrs.frozen
class EstimatedShare:
    """A share estimated from things of which some are not over; None where nothing was observed for that long."""

    value: float | None
    low: float | None
    high: float | None

    def __str__(self) -> str:
        if self.value is None:
            return "–"
        text = f"{self.value:.1%}"
        return text if self.low is None or self.high is None else f"{text} ({self.low:.1%} to {self.high:.1%})"

    def detail(self) -> dict[str, Any]:
        """Give the share as plain data, ready for JSON."""
        return attrs.asdict(self)


@final
@attrs.frozen(kw_only=True)
class MatureConversion:
    """The visits to a stage that went on (advanced, jumped, won) and dropped (lost, abandoned) within a time.

    `mature` visits began at least that long before the instant; `went_on` and `dropped` are shares of them, and visits
    that are `too_young` are in neither. `estimated_went_on` and `estimated_dropped` are made of all visits, each for as
    long as it was seen.
    """

    name: str
    mature: int
    too_young: int
    went_on: Ratio
    dropped: Ratio
    estimated_went_on: EstimatedShare
    estimated_dropped: EstimatedShare

    def figures(self) -> Mapping[str, Any]:
        """Give the figures by name."""
        return attrs.asdict(self, recurse=False)


def measure_mature_conversion(
    history: History,
    pipeline: Pipeline,
    *,
    within: timedelta,
    as_of: date | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    by: str | None = None,
    attribution: str = LAST,
    cohort: Cohort | None = None,
    confidence: float | Decimal = 0.95,
    lenient: bool = False,
) -> Report[MatureConversion]:
    """Give the shares of the visits to each open stage that went on, and dropped, within a time of entering it.

    To divide by all visits would count those for lost that have only just begun. So they are left out (without bias,
    and with a loss), or taken for as long as they were seen: by the Aalen-Johansen estimate, in which going on,
    dropping, going back and being removed compete, and which assumes that visits that are not over are like those that
    are. It is None beyond the longest visit seen. The other settings are those of `measure_funnel`.

    Raises `ValueError` for a time that is not longer than nothing.
    """
    tally = count_mature_visits(
        history,
        pipeline,
        within=within,
        as_of=as_of,
        known_on=known_on,
        timezone=timezone,
        by=by,
        attribution=attribution,
        cohort=cohort,
        lenient=lenient,
    )
    return finish_mature_conversion(tally, confidence=confidence)


def count_mature_visits(
    history: History,
    pipeline: Pipeline,
    *,
    within: timedelta,
    as_of: date | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    by: str | None = None,
    attribution: str = LAST,
    cohort: Cohort | None = None,
    lenient: bool = False,
) -> Tally[Maturity, StayCounts]:
    """Give the visits by what they came to in time, and how long each lasted, before any division."""
    definition = Maturity(tuple(stage.key for stage in pipeline.open_stages), within)
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
    none = _count((), definition, until)
    groups = {group: _count([trail for trail, _ in deals], definition, until) for group, deals in sample.groups.items()}
    return Tally(definition=definition, basis=sample.basis, none=none, groups=groups)


def finish_mature_conversion(
    tally: Tally[Maturity, StayCounts], *, confidence: float | Decimal = 0.95
) -> Report[MatureConversion]:
    """Give the conversion of counts."""
    level = float(confidence)
    within = tally.definition.within

    def lines(counts: StayCounts) -> Iterator[MatureConversion]:
        for name in tally.definition.stages:
            mature = counts.cells.number(name, *_CAUSES, _STILL)
            curves = estimate_incidence(counts.stays[name])
            yield MatureConversion(
                name=name,
                mature=mature,
                too_young=counts.cells.number(name, _YOUNG),
                went_on=make_ratio(counts.cells.number(name, _WENT_ON), mature, confidence=level),
                dropped=make_ratio(counts.cells.number(name, _DROPPED), mature, confidence=level),
                estimated_went_on=_estimate(curves, _WENT_ON, within, level),
                estimated_dropped=_estimate(curves, _DROPPED, within, level),
            )

    definition = f"visits that went on and dropped within {days_text(within)}, of those that have had that time"
    return make_report("mature_conversion", definition, tally, lines, confidence=level)


def _estimate(curves: IncidenceCurves, cause: str, within: timedelta, confidence: float) -> EstimatedShare:
    value = curves.incidence_at(cause, within / DAY)
    low, high = curves.interval_at(cause, within / DAY, confidence) or (None, None)
    return EstimatedShare(None if value is None else float(value), low, high)


def _count(trails: Iterable[Trail], definition: Maturity, until: datetime | None) -> StayCounts:
    members: dict[str, Mapping[Cell, int]] = {}
    stays: dict[str, list[tuple[timedelta, Ending]]] = {name: [] for name in definition.stages}
    for trail in trails:
        cells: dict[Cell, int] = {}
        for visit in trail.visits:
            if visit.stage in stays and until is not None:
                stays[visit.stage].append(((visit.left_at or until) - visit.entered_at, visit.ended))
                cell = visit.stage, _outcome(visit, definition.within, until)
                cells[cell] = cells.get(cell, 0) + 1
        members[trail.opportunity_id] = cells
    return StayCounts(CellCounts.of(members), {name: _count_stays(found) for name, found in stays.items()})


def _outcome(visit: Visit, within: timedelta, until: datetime) -> str:
    """Say what a visit had come to after the time, if it has had that time."""
    if until - visit.entered_at < within:
        return _YOUNG
    ended_in_time = visit.left_at is not None and visit.left_at - visit.entered_at <= within
    return (_CAUSE[visit.ended] if ended_in_time else None) or _STILL


def _count_stays(stays: Iterable[tuple[timedelta, Ending]]) -> EventTable:
    """Count how long visits lasted, in days, and what ended them; every cause is there, also where it ended none."""
    found = [(stay / DAY, _CAUSE[ended]) for stay, ended in stays]
    table = count_events([days for days, _ in found], [cause for _, cause in found])
    return EventTable(events=dict.fromkeys(_CAUSES, ())) + table
