"""Time in stage: how long deals stay, those that are still there taken for as long as they were seen."""

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
from oppcore.history import Ending, History, Trail, Visit
from oppcore.periods import as_instant
from oppcore.pipeline import Pipeline, StageKind
from oppcore.spelling import choose, hint
from oppcore.stats import EventTable, SurvivalCurve, count_events, estimate_survival

__all__ = ["Dwell", "DwellCounting", "DwellUnit", "count_dwell", "finish_dwell", "measure_dwell"]

_ENDED = tuple(ending for ending in Ending if ending not in (Ending.OPEN, Ending.REMOVED))
_NO_TIME = timedelta(0)


class DwellUnit(StrEnum):
    """Whose time is measured: that of each `visit`, of all visits of a `deal` together, or of its `last_visit`."""

    VISIT = "visit"
    DEAL = "deal"
    LAST_VISIT = "last_visit"


@final
@attrs.frozen
class DwellCounting:
    """The stages in which time is measured, whose time it is, and since when deals were under observation."""

    stages: tuple[str, ...]
    unit: DwellUnit
    since: datetime | None = None


@final
@attrs.frozen(kw_only=True)
class Dwell:
    """How many days deals stay in a stage.

    `ended` stays are over, `open` ones are not and count for as long as they were seen; both are in the curve. So are
    those that were already under way when the observation began: `late` of them. `removed` ended because the deal was
    taken out; they count as `open` ones do.

    `median_days`, `quantiles` and `restricted_mean_days` (of no more than `until_days` each) are read from the curve,
    `at_risk` is how many were still under observation when it reached the median; few make it rough.
    `exposure_mean_days` is the time of all stays over the number that ended: the mean where the chance to leave is the
    same on every day.

    `completed_mean_days` and `completed_median_days` leave out what has not ended: they are biased, and too short.
    """

    name: str
    ended: int
    open: int
    removed: int
    late: int
    median_days: EstimatedDays
    quantiles: Mapping[str, EstimatedDays] = attrs.field(hash=False)
    restricted_mean_days: EstimatedDays
    until_days: float | None
    exposure_mean_days: float | None
    exposure_days: float
    at_risk: int | None
    completed_mean_days: float | None
    completed_median_days: float | None
    exits: Mapping[Ending, tuple[int, float | None, float | None]] = attrs.field(hash=False)
    """By how they ended: how many, and the mean and median days of those (of ended stays only, so biased as well)."""
    curve: SurvivalCurve = attrs.field(repr=False)
    confidence: float = attrs.field(repr=False)

    def figures(self) -> Mapping[str, Any]:
        """Give the figures by name; the exits and the curve are for JSON."""
        found = attrs.asdict(self, recurse=False)
        quantiles, exits, curve, confidence = (
            found.pop(name) for name in ("quantiles", "exits", "curve", "confidence")
        )
        completed = {name: found.pop(name) for name in ("completed_mean_days", "completed_median_days")}
        return {
            **found,
            **{f"{name}_days": days for name, days in quantiles.items()},
            **completed,
            "exits": tuple(
                {"ended": str(ending), "count": count, "completed_mean_days": mean, "completed_median_days": median}
                for ending, (count, mean, median) in exits.items()
            ),
            "curve": tuple(curve.as_records(confidence)),
        }


def measure_dwell(
    history: History,
    pipeline: Pipeline,
    *,
    unit: DwellUnit | str = DwellUnit.VISIT,
    stages: Iterable[str] | None = None,
    since: date | None = None,
    until: timedelta | None = None,
    quantiles: Sequence[float] = (0.9,),
    as_of: date | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    by: str | None = None,
    attribution: str = LAST,
    cohort: Cohort | None = None,
    confidence: float | Decimal = 0.95,
    lenient: bool = False,
) -> Report[Dwell]:
    """Give how long deals stay in each stage, by the Kaplan-Meier curve, with the biased numbers of ended stays beside.

    `unit` says whose time it is; that of a deal is over while it is elsewhere, though it may come back. `stages` are
    by default the open and post-sale ones. With `since`, deals were under observation only from then on: what had ended
    by then is not counted, what was under way counts from then on (delayed entry). `until` is the limit of the
    restricted mean, by default the longest time seen in the stage; means are comparable only with the same limit. The
    other settings are those of `measure_funnel`.

    Raises `ValueError` for unknown units and stages, and for quantiles that are not between 0 and 1.

    Source: Kaplan and Meier (1958), Nonparametric estimation from incomplete observations, JASA 53, 457-481.
    """
    tally = count_dwell(
        history,
        pipeline,
        unit=unit,
        stages=stages,
        since=since,
        as_of=as_of,
        known_on=known_on,
        timezone=timezone,
        by=by,
        attribution=attribution,
        cohort=cohort,
        lenient=lenient,
    )
    return finish_dwell(tally, until=until, quantiles=quantiles, confidence=confidence)


def count_dwell(
    history: History,
    pipeline: Pipeline,
    *,
    unit: DwellUnit | str = DwellUnit.VISIT,
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


def finish_dwell(
    tally: Tally[DwellCounting, StayCounts],
    *,
    until: timedelta | None = None,
    quantiles: Sequence[float] = (0.9,),
    confidence: float | Decimal = 0.95,
) -> Report[Dwell]:
    """Give the time in stage of counts. Raises `ValueError` for quantiles that are not between 0 and 1."""
    level = float(confidence)

    def lines(counts: StayCounts) -> Iterator[Dwell]:
        for name in tally.definition.stages:
            yield _estimate(name, counts, until, quantiles, level)

    since = tally.definition.since
    seen = "" if since is None else f" seen since {since.isoformat()}"
    whose = {DwellUnit.DEAL: "all visits of a deal together", DwellUnit.LAST_VISIT: "the last visit of each deal"}
    definition = (
        f"days in stage of {whose.get(tally.definition.unit, 'each visit')}{seen}, by the Kaplan-Meier curve; "
        "the completed mean and median leave out what has not ended, and are too short"
    )
    return make_report("dwell", definition, tally, lines, confidence=level)


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
            for days, before, ended in _find_stays(visits, definition, until):
                found.append((days, before, ended))
                kinds = (str(ended), "late") if before else (str(ended),)
                for kind in kinds:
                    cells[name, kind] = cells.get((name, kind), 0) + 1
        members[trail.opportunity_id] = cells
    return StayCounts(CellCounts.of(members), {name: _count_stays(found) for name, found in stays.items()})


def _find_stays(
    visits: Sequence[Visit], definition: DwellCounting, until: datetime
) -> Iterator[tuple[float, float, Ending]]:
    """Give the days of each stay, how many of them passed before it came under observation, and how it ended."""
    since = definition.since
    whole = [visits] if definition.unit is DwellUnit.DEAL else [[visit] for visit in visits]
    for parts in whole[-1:] if definition.unit is DwellUnit.LAST_VISIT else whole:
        spans = [(visit.entered_at, visit.left_at or until) for visit in parts]
        stay = sum((left - entered for entered, left in spans), _NO_TIME)
        before = _NO_TIME
        if since is not None:
            entered, left = spans[-1]
            before = sum((min(left, since) - entered for entered, left in spans if entered < since), _NO_TIME)
            if (entered < since and left <= since) or stay == before > _NO_TIME:
                continue  # over before it came under observation
        yield stay / DAY, before / DAY, parts[-1].ended


def _count_stays(stays: Sequence[tuple[float, float, Ending]]) -> EventTable:
    causes = [str(ended) if ended in _ENDED else None for _, _, ended in stays]
    return count_events([days for days, _, _ in stays], causes, entries=[before for _, before, _ in stays])


def _estimate(
    name: str, counts: StayCounts, until: timedelta | None, quantiles: Sequence[float], confidence: float
) -> Dwell:
    table, cells = counts.table(name), counts.cells
    curve = estimate_survival(table)
    completed = find_completed(table, *map(str, _ENDED))
    longest = curve.times[-1] if curve.times else None
    limit = longest if until is None else until / DAY
    mean = None if limit is None else curve.restricted_mean(limit)
    low, high = (mean.interval(confidence) if mean else None) or (None, None)
    median = curve.median
    exits = {ending: find_completed(table, str(ending)) for ending in _ENDED}
    return Dwell(
        name=name,
        ended=len(completed),
        open=cells.number(name, Ending.OPEN),
        removed=cells.number(name, Ending.REMOVED),
        late=cells.number(name, "late"),
        median_days=_find_days(curve, 0.5, confidence),
        quantiles={f"p{share * 100:g}": _find_days(curve, share, confidence) for share in quantiles},
        restricted_mean_days=EstimatedDays(None if mean is None else float(mean.value), low, high),
        until_days=limit,
        exposure_mean_days=table.exposure / len(completed) if completed else None,
        exposure_days=table.exposure,
        at_risk=None if median is None else curve.at_risk[curve.times.index(median)],
        completed_mean_days=mean_days(completed),
        completed_median_days=quantile_days(completed, 0.5),
        exits={ending: (len(days), mean_days(days), quantile_days(days, 0.5)) for ending, days in exits.items()},
        curve=curve,
        confidence=confidence,
    )


def _find_days(curve: SurvivalCurve, share: float, confidence: float) -> EstimatedDays:
    return EstimatedDays(curve.quantile(share), *curve.quantile_interval(share, confidence))
