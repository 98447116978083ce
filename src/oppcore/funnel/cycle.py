"""The sales cycle: how long deals take until they are closed, and how long all of them will, open ones included."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from enum import StrEnum
from typing import Any, final

import attrs

from oppcore.funnel.cells import Cell, CellCounts
from oppcore.funnel.cohort import Cohort
from oppcore.funnel.report import Report, make_report
from oppcore.funnel.sample import LAST, find_sample
from oppcore.funnel.stays import DAY, EstimatedDays, StayCounts, find_completed, mean_days, quantile_days
from oppcore.funnel.tally import Tally
from oppcore.history import History, Standing, Trail
from oppcore.pipeline import Pipeline
from oppcore.records import Outcome
from oppcore.spelling import choose, hint
from oppcore.stats import SurvivalCurve, count_events, estimate_survival

__all__ = ["Cycle", "CycleCounting", "CycleSpan", "count_cycles", "find_cycle", "finish_cycle", "measure_cycle"]

_CLOSED = "closed"
_NO_START = "without_start"
_OUTCOMES = (Outcome.WON, Outcome.LOST, Outcome.ABANDONED)
_NO_TIME = timedelta(0)


class CycleSpan(StrEnum):
    """Whether the time for which a reopened deal was closed is part of its cycle (`gross`) or not (`net`)."""

    GROSS = "gross"
    NET = "net"


@final
@attrs.frozen
class CycleCounting:
    """Where a cycle starts (None: when the deal was created; or the first entry of a stage), and what is part of it."""

    start: str | None
    span: CycleSpan


@final
@attrs.frozen(kw_only=True)
class Cycle:
    """How many days deals with an outcome took until they had it; under `closed`, those of all outcomes.

    `mean_days`, `median_days` and `quantiles` are of the deals that are closed: where many are open they are too short,
    because those that take long are the ones that are missing. `estimated_days` says by which day half of *all* deals
    are closed, the open ones taken for as long as they were seen; only under `closed`, because a deal that was lost
    will not be won later.
    """

    name: str
    deals: int
    open: int | None
    mean_days: float | None
    median_days: float | None
    quantiles: Mapping[str, float | None] = attrs.field(hash=False)
    estimated_days: EstimatedDays
    curve: SurvivalCurve | None = attrs.field(default=None, repr=False)

    def figures(self) -> Mapping[str, Any]:
        """Give the figures by name."""
        return {
            "name": self.name,
            "deals": self.deals,
            "open": self.open,
            "mean_days": self.mean_days,
            "median_days": self.median_days,
            **{f"{name}_days": days for name, days in self.quantiles.items()},
            "estimated_days": self.estimated_days,
        }


def measure_cycle(
    history: History,
    pipeline: Pipeline,
    *,
    start: str | None = None,
    span: CycleSpan | str = CycleSpan.GROSS,
    quantiles: Sequence[float] = (0.9,),
    as_of: date | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    by: str | None = None,
    attribution: str = LAST,
    cohort: Cohort | None = None,
    confidence: float | Decimal = 0.95,
    lenient: bool = False,
) -> Report[Cycle]:
    """Give how many days deals take until they are won, lost, abandoned, or closed in any way.

    A cycle begins when the deal is created, or with its first entry of the open stage `start`; it ends when the deal is
    closed, not on the day on which that was expected. Deals that were never in `start` before they were closed are
    counted as `without_start`. The other settings are those of `measure_funnel`.

    Raises `ValueError` for a start that is no open stage, and for quantiles outside 0 to 1.
    """
    tally = count_cycles(
        history,
        pipeline,
        start=start,
        span=span,
        as_of=as_of,
        known_on=known_on,
        timezone=timezone,
        by=by,
        attribution=attribution,
        cohort=cohort,
        lenient=lenient,
    )
    return finish_cycle(tally, quantiles=quantiles, confidence=confidence)


def count_cycles(
    history: History,
    pipeline: Pipeline,
    *,
    start: str | None = None,
    span: CycleSpan | str = CycleSpan.GROSS,
    as_of: date | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    by: str | None = None,
    attribution: str = LAST,
    cohort: Cohort | None = None,
    lenient: bool = False,
) -> Tally[CycleCounting, StayCounts]:
    """Give the cycles by outcome, and those of open deals so far: what `measure_cycle` divides."""
    known = [stage.key for stage in pipeline.open_stages]
    if start is not None and start not in known:
        message = (
            f"a cycle starts in an open stage: {start!r} is none of pipeline {pipeline.key!r}; {hint(start, known)}"
        )
        raise ValueError(message)
    definition = CycleCounting(start, choose(CycleSpan, span, "span of a cycle"))
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


def finish_cycle(
    tally: Tally[CycleCounting, StayCounts],
    *,
    quantiles: Sequence[float] = (0.9,),
    confidence: float | Decimal = 0.95,
) -> Report[Cycle]:
    """Give the cycles of counts. Raises `ValueError` for quantiles outside 0 to 1."""
    if wrong := [share for share in quantiles if not 0 <= share <= 1]:
        message = f"a quantile lies between 0 and 1, not {wrong[0]}"
        raise ValueError(message)
    level = float(confidence)

    def lines(counts: StayCounts) -> Iterator[Cycle]:
        for name in (*map(str, _OUTCOMES), _CLOSED):
            yield _summarise(name, counts, quantiles, level)

    start, span = tally.definition.start, tally.definition.span
    began = "their creation" if start is None else f"the first entry of {start}"
    definition = f"days from {began} until deals were closed, {span}; the median of all of them is estimated"
    aside = {_NO_START: tally.total.cells.number(_CLOSED, _NO_START)}
    return make_report("cycle", definition, tally, lines, confidence=level, aside=aside)


def find_cycle(trail: Trail, standing: Standing, definition: CycleCounting, until: datetime) -> timedelta | None:
    """Give the time from the start of a deal until it was closed or, where it is open, until an instant.

    None where it was not in the stage in which a cycle starts before that.
    """
    end = standing.closed_at or until
    start: datetime | None = standing.opened_at
    if definition.start is not None:
        start = next((at for stage, at in trail.path if stage == definition.start), None)
    if start is None or start > end:
        return None
    return end - start - (_NO_TIME if definition.span is CycleSpan.GROSS else _find_closed_time(trail, start, end))


def _find_closed_time(trail: Trail, start: datetime, end: datetime) -> timedelta:
    closed, since = _NO_TIME, None
    for change in trail.outcome_changes:
        if change.outcome is not Outcome.OPEN:
            since = since or change.at
        elif since is not None:
            closed += max(change.at - max(since, start), _NO_TIME)
            since = None
    return closed if since is None else closed + max(end - max(since, start), _NO_TIME)


def _count(deals: Iterable[tuple[Trail, Standing]], definition: CycleCounting, until: datetime | None) -> StayCounts:
    members: dict[str, Mapping[Cell, int]] = {}
    stays: list[tuple[float, str | None]] = []
    for trail, standing in deals:
        outcome = str(standing.outcome)
        took = None if until is None else find_cycle(trail, standing, definition, until)
        members[trail.opportunity_id] = {(_CLOSED, _NO_START): 1}
        if took is not None:
            stays.append((took / DAY, None if standing.outcome is Outcome.OPEN else outcome))
            lines = (_CLOSED,) if standing.outcome is Outcome.OPEN else (_CLOSED, outcome)
            members[trail.opportunity_id] = {(line, outcome): 1 for line in lines}
    table = count_events([days for days, _ in stays], [outcome for _, outcome in stays])
    return StayCounts(CellCounts.of(members), {_CLOSED: table})


def _summarise(name: str, counts: StayCounts, quantiles: Sequence[float], confidence: float) -> Cycle:
    table = counts.table(_CLOSED)
    closed = name == _CLOSED
    days = find_completed(table, *(map(str, _OUTCOMES) if closed else [name]))
    curve = estimate_survival(table) if closed else None
    return Cycle(
        name=name,
        deals=len(days),
        open=counts.cells.number(_CLOSED, Outcome.OPEN) if closed else None,
        mean_days=mean_days(days),
        median_days=quantile_days(days, 0.5),
        quantiles={f"p{share * 100:g}": quantile_days(days, share) for share in quantiles},
        estimated_days=EstimatedDays(None)
        if curve is None
        else EstimatedDays(curve.median, *curve.median_interval(confidence)),
        curve=curve,
    )
