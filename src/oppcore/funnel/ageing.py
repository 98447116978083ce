"""Ageing: how long open deals have stood where they are, and which of them longer than planned or than others did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, tzinfo
from decimal import Decimal
from enum import StrEnum
from typing import Any, final

import attrs

from oppcore.funnel.cohort import Cohort
from oppcore.funnel.maturity import EstimatedShare
from oppcore.funnel.report import Report, make_report
from oppcore.funnel.sample import LAST, find_sample
from oppcore.funnel.stays import DAY
from oppcore.funnel.tally import Tally, add_members
from oppcore.history import Ending, History, Standing, Trail
from oppcore.pipeline import Pipeline
from oppcore.records import Outcome
from oppcore.spelling import choose
from oppcore.stats import EventTable, SurvivalCurve, count_events, estimate_survival

__all__ = [
    "AgeVerdict",
    "Ageing",
    "AgeingBenchmark",
    "AgeingCounts",
    "AgeingRule",
    "OpenAge",
    "count_ageing",
    "finish_ageing",
    "measure_ageing",
]


_NO_SHARE = EstimatedShare(None, None, None)


class AgeVerdict(StrEnum):
    """What is said of the time for which an open deal has been in its stage.

    By the plan: `in_time`, `over_expected` (longer than a stay should be), `over_maximum` (than it may be). By the
    benchmark: `in_time`, or `stuck` (longer than most stays of others). `unknown` where there is no plan, or too little
    to compare with.
    """

    IN_TIME = "in_time"
    OVER_EXPECTED = "over_expected"
    OVER_MAXIMUM = "over_maximum"
    STUCK = "stuck"
    UNKNOWN = "unknown"


class AgeingBenchmark(StrEnum):
    """Whose stays an open deal is compared with: those of `all` deals, or of those that were `won` in the end."""

    ALL = "all"
    WON = "won"


@final
@attrs.frozen
class AgeingRule:
    """The plan (expected and maximum days per stage), and whose stays are the benchmark."""

    plan: Mapping[str, tuple[Decimal | None, Decimal | None]] = attrs.field(hash=False)
    benchmark: AgeingBenchmark


@final
@attrs.frozen
class OpenAge:
    """Where an open deal stands, for how many days, since its creation, and since anything was said of it."""

    stage: str
    in_stage_days: float
    age_days: float
    idle_days: float
    on_hold: bool


@final
@attrs.frozen
class AgeingCounts:
    """The open deals by id, and the stays per stage that they are compared with; they add up with `+`."""

    deals: Mapping[str, OpenAge] | None = attrs.field(hash=False)
    stays: Mapping[str, EventTable] = attrs.field(hash=False)

    def ids(self, name: str, *kinds: str) -> tuple[str, ...]:
        """Give the ids of the deals that are in a stage, under the kind `open`."""
        return tuple(key for key, one in (self.deals or {}).items() if one.stage == name and Outcome.OPEN in kinds)

    def __add__(self, other: AgeingCounts) -> AgeingCounts:
        nothing = EventTable()
        names = {*self.stays, *other.stays}
        stays = {name: self.stays.get(name, nothing) + other.stays.get(name, nothing) for name in names}
        return AgeingCounts(add_members(self.deals, other.deals), stays)


@final
@attrs.frozen(kw_only=True)
class Ageing:
    """One open deal: how many days it has been in its stage, how old it is, and since when nothing was said of it.

    `by_plan` compares the days in its stage with `expected_days` and `maximum_days` of the pipeline, `by_benchmark`
    with `benchmark_days`, by which the wanted share of the stays of others had ended (None: it has not, so far).
    `percentile` is the share of their stays that end no later than this one has lasted already. That a deal is
    `on_hold` changes no verdict: who puts deals on hold knows why.
    """

    name: str
    stage: str
    in_stage_days: float
    age_days: float
    idle_days: float
    on_hold: bool
    expected_days: float | None
    maximum_days: float | None
    by_plan: AgeVerdict
    benchmark_days: float | None
    percentile: EstimatedShare
    by_benchmark: AgeVerdict

    def figures(self) -> Mapping[str, Any]:
        """Give the figures by name."""
        found = attrs.asdict(self, recurse=False)
        return {name: str(value) if isinstance(value, AgeVerdict) else value for name, value in found.items()}


def measure_ageing(
    history: History,
    pipeline: Pipeline,
    *,
    benchmark: AgeingBenchmark | str = AgeingBenchmark.ALL,
    share: float = 0.9,
    minimum: int = 20,
    as_of: date | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    by: str | None = None,
    attribution: str = LAST,
    cohort: Cohort | None = None,
    confidence: float | Decimal = 0.95,
    lenient: bool = False,
) -> Report[Ageing]:
    """Give every open deal with its age, those longest in their stage first, and what is to be said of it.

    Against the plan: the expected and the maximum days of its stage. Against others: it is stuck where it has been
    there for longer than the days by which a `share` of the stays in that stage had ended, by the Kaplan-Meier curve;
    where fewer than `minimum` of them have ended, that is `unknown`. Stays of deals that were `won` in the end are a
    stricter benchmark. Groups are compared with all deals. The other settings are those of `measure_funnel`.

    Raises `ValueError` for an unknown benchmark, and for a share that is not between 0 and 1.
    """
    tally = count_ageing(
        history,
        pipeline,
        benchmark=benchmark,
        as_of=as_of,
        known_on=known_on,
        timezone=timezone,
        by=by,
        attribution=attribution,
        cohort=cohort,
        lenient=lenient,
    )
    return finish_ageing(tally, share=share, minimum=minimum, confidence=confidence)


def count_ageing(
    history: History,
    pipeline: Pipeline,
    *,
    benchmark: AgeingBenchmark | str = AgeingBenchmark.ALL,
    as_of: date | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    by: str | None = None,
    attribution: str = LAST,
    cohort: Cohort | None = None,
    lenient: bool = False,
) -> Tally[AgeingRule, AgeingCounts]:
    """Give the open deals and the stays of others: what `measure_ageing` compares."""
    rule = AgeingRule(
        {stage.key: (stage.expected_days, stage.maximum_days) for stage in pipeline.open_stages},
        choose(AgeingBenchmark, benchmark, "benchmark of ageing"),
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
    until = sample.basis.as_of
    groups = {group: _count(deals, rule, until) for group, deals in sample.groups.items()}
    return Tally(definition=rule, basis=sample.basis, none=_count((), rule, until), groups=groups)


def finish_ageing(
    tally: Tally[AgeingRule, AgeingCounts],
    *,
    share: float = 0.9,
    minimum: int = 20,
    confidence: float | Decimal = 0.95,
) -> Report[Ageing]:
    """Give the ageing of counts. Raises `ValueError` for a share that is not between 0 and 1."""
    level = float(confidence)
    tables = tally.total.stays
    curves = {stage: estimate_survival(table) for stage, table in tables.items()}
    limits = {stage: curve.quantile(share) for stage, curve in curves.items()}
    known = {stage: sum(table.all_events) >= minimum for stage, table in tables.items()}

    def lines(counts: AgeingCounts) -> Iterator[Ageing]:
        oldest = sorted((counts.deals or {}).items(), key=lambda item: (-item[1].in_stage_days, item[0]))
        for key, deal in oldest:
            stage = deal.stage
            expected, maximum = (None if days is None else float(days) for days in tally.definition.plan[stage])
            limit = limits[stage] if known[stage] else None
            percentile = _find_percentile(curves[stage], deal.in_stage_days, level) if known[stage] else _NO_SHARE
            yield Ageing(
                name=key,
                stage=stage,
                in_stage_days=deal.in_stage_days,
                age_days=deal.age_days,
                idle_days=deal.idle_days,
                on_hold=deal.on_hold,
                expected_days=expected,
                maximum_days=maximum,
                by_plan=_judge(deal.in_stage_days, expected, maximum),
                benchmark_days=limit,
                percentile=percentile,
                by_benchmark=_compare(deal.in_stage_days, limit, percentile),
            )

    whose = "all deals" if tally.definition.benchmark is AgeingBenchmark.ALL else "the deals won in the end"
    definition = (
        f"open deals by days in their stage; stuck: longer than {share:.0%} of the stays of {whose}, "
        f"unknown where fewer than {minimum} of those have ended"
    )
    found = tuple(lines(tally.total))
    aside = {
        "open": len(found),
        "over_expected": sum(one.by_plan is AgeVerdict.OVER_EXPECTED for one in found),
        "over_maximum": sum(one.by_plan is AgeVerdict.OVER_MAXIMUM for one in found),
        "without_plan": sum(one.by_plan is AgeVerdict.UNKNOWN for one in found),
        "stuck": sum(one.by_benchmark is AgeVerdict.STUCK for one in found),
        "without_benchmark": sum(one.by_benchmark is AgeVerdict.UNKNOWN for one in found),
    }
    return make_report("ageing", definition, tally, lines, confidence=level, aside=aside)


def _count(deals: Iterable[tuple[Trail, Standing]], rule: AgeingRule, until: datetime | None) -> AgeingCounts:
    found: dict[str, OpenAge] = {}
    stays: dict[str, list[tuple[float, str | None]]] = {stage: [] for stage in rule.plan}
    for trail, standing in deals:
        if until is None:
            continue
        if standing.outcome is Outcome.OPEN and standing.state.stage in stays:
            found[trail.opportunity_id] = OpenAge(
                stage=standing.state.stage,
                in_stage_days=(until - standing.entered_at) / DAY,
                age_days=(until - standing.opened_at) / DAY,
                idle_days=(until - (trail.changed_at or standing.entered_at)) / DAY,
                on_hold=any(end is None for _, end in trail.holds),
            )
        if rule.benchmark is AgeingBenchmark.WON and standing.outcome is not Outcome.WON:
            continue
        for visit in trail.visits:
            if visit.stage in stays:
                ended = None if visit.ended in (Ending.OPEN, Ending.REMOVED) else str(visit.ended)
                stays[visit.stage].append((((visit.left_at or until) - visit.entered_at) / DAY, ended))
    tables = {
        stage: count_events([days for days, _ in some], [ended for _, ended in some]) for stage, some in stays.items()
    }
    return AgeingCounts(found, tables)


def _judge(days: float, expected: float | None, maximum: float | None) -> AgeVerdict:
    if maximum is not None and days > maximum:
        return AgeVerdict.OVER_MAXIMUM
    if expected is not None and days > expected:
        return AgeVerdict.OVER_EXPECTED
    return AgeVerdict.UNKNOWN if expected is None and maximum is None else AgeVerdict.IN_TIME


def _compare(days: float, limit: float | None, percentile: EstimatedShare) -> AgeVerdict:
    if limit is not None and days > limit:
        return AgeVerdict.STUCK
    return AgeVerdict.UNKNOWN if percentile.value is None else AgeVerdict.IN_TIME


def _find_percentile(curve: SurvivalCurve, days: float, confidence: float) -> EstimatedShare:
    still = curve.survival_at(days)
    low, high = curve.interval_at(days, confidence) or (None, None)
    return EstimatedShare(
        None if still is None else 1 - float(still),
        None if high is None else 1 - high,
        None if low is None else 1 - low,
    )
