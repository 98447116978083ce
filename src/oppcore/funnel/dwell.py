"""Time in stage: how long deals stay, those that are still there taken for as long as they were seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta, tzinfo
from decimal import Decimal
from typing import Any, final

import attrs

from oppcore.funnel.cohort import Cohort
from oppcore.funnel.report import Report, make_report
from oppcore.funnel.sample import LAST
from oppcore.funnel.spans import ENDED, DwellClock, DwellCounting, DwellUnit, count_dwell
from oppcore.funnel.stays import DAY, EstimatedDays, StayCounts, find_completed, mean_days, quantile_days
from oppcore.funnel.tally import Tally
from oppcore.history import Ending, History
from oppcore.pipeline import Pipeline
from oppcore.stats import SurvivalCurve, estimate_survival

__all__ = ["Dwell", "finish_dwell", "measure_dwell"]


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
    clock: DwellClock | str = DwellClock.ELAPSED,
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

    `unit` says whose time it is; that of a deal is over while it is elsewhere, though it may come back. By the `active`
    clock, time on hold does not count. `stages` are
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
        clock=clock,
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
    which = "days" if tally.definition.clock is DwellClock.ELAPSED else "days not on hold,"
    definition = (
        f"{which} in stage of {whose.get(tally.definition.unit, 'each visit')}{seen}, by the Kaplan-Meier curve; "
        "the completed mean and median leave out what has not ended, and are too short"
    )
    return make_report("dwell", definition, tally, lines, confidence=level)


def _estimate(
    name: str, counts: StayCounts, until: timedelta | None, quantiles: Sequence[float], confidence: float
) -> Dwell:
    table, cells = counts.table(name), counts.cells
    curve = estimate_survival(table)
    completed = find_completed(table, *map(str, ENDED))
    longest = curve.times[-1] if curve.times else None
    limit = longest if until is None else until / DAY
    mean = None if limit is None else curve.restricted_mean(limit)
    low, high = (mean.interval(confidence) if mean else None) or (None, None)
    median = curve.median
    exits = {ending: find_completed(table, str(ending)) for ending in ENDED}
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
