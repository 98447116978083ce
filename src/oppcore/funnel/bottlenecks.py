"""Bottlenecks: in which stage time goes, deals are lost, work piles up and money waits, and whether that is sure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, tzinfo
from decimal import Decimal
from typing import Any, final

import attrs

from oppcore.funnel.bottleneck_scores import (
    BottleneckCriterion,
    BottleneckRule,
    CycleOf,
    Scores,
    count_gone_on,
    find_expected_visits,
    find_scores,
    find_target,
)
from oppcore.funnel.cohort import Cohort
from oppcore.funnel.flows import FlowCounts, FlowSums, find_flow
from oppcore.funnel.maturity import EstimatedShare
from oppcore.funnel.report import Report, make_report
from oppcore.funnel.sample import LAST, find_sample
from oppcore.funnel.stays import DAY
from oppcore.funnel.tally import Tally
from oppcore.history import History
from oppcore.periods import as_instant
from oppcore.pipeline import Pipeline
from oppcore.spelling import choose, hint
from oppcore.stats import Ratio, make_ratio, percentile_interval, resample

__all__ = [
    "Bottleneck",
    "count_bottlenecks",
    "finish_bottlenecks",
    "measure_bottlenecks",
]

_MOST_DRAWN = 2_000
"""More deals than that are drawn in random groups of the same size: that is as good, and much less work."""
_FEWEST = 0.5
"""The share of the samples that must give a score for there to be an interval."""


@final
@attrs.frozen(kw_only=True)
class Bottleneck:
    """A stage by the four criteria, each with its interval; None where the deals do not tell.

    `leads` names the criteria by which it is the bottleneck: it has the highest score, above 0, and its interval lies
    above those of all other stages. Where no stage leads, none can be told from the others.

    `visits` is the expected number of visits in a cycle, `stay_days` the mean stay (days of all over the number that
    ended), `went_on` the share of those that went on, `target` the share that should. Of the window: `arrived`,
    `departed`, how many were there at its start, at its end and on average (`mean_present`), and what the arrivals per
    day times the mean stay of those that arrived make of that (`little_present`, by Little's law): the same where no
    stay reaches across an end of the window.
    """

    name: str
    leads: tuple[BottleneckCriterion, ...]
    scores: Mapping[BottleneckCriterion, EstimatedShare] = attrs.field(hash=False)
    visits: float | None
    stay_days: float | None
    went_on: Ratio
    target: float
    arrived: int
    departed: int
    present_at_start: int
    present_at_end: int
    mean_present: float | None
    little_present: float | None

    def figures(self) -> Mapping[str, Any]:
        """Give the figures by name; those of the window are for JSON."""
        window = ("arrived", "departed", "present_at_start", "present_at_end", "mean_present", "little_present")
        return {
            "name": self.name,
            "leads": ", ".join(self.leads) or None,
            **{str(criterion): self.scores[criterion] for criterion in BottleneckCriterion},
            "visits": self.visits,
            "stay_days": self.stay_days,
            "went_on": self.went_on,
            "target": EstimatedShare(self.target, None, None),
            "window": ({name: getattr(self, name) for name in window},),
        }


def measure_bottlenecks(
    history: History,
    pipeline: Pipeline,
    *,
    since: date | None = None,
    start: str | None = None,
    cycle: CycleOf | str = CycleOf.WON,
    rank_by: BottleneckCriterion | str = BottleneckCriterion.TIME,
    resamples: int = 200,
    seed: int = 0,
    as_of: date | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    by: str | None = None,
    attribution: str = LAST,
    cohort: Cohort | None = None,
    confidence: float | Decimal = 0.95,
    lenient: bool = False,
) -> Report[Bottleneck]:
    """Give the open stages by four criteria of being the bottleneck, the highest by `rank_by` first, and which lead.

    Intervals are those of `resamples` samples of the deals, drawn with a `seed` (more than 2,000 of them in 2,000
    random groups); a stage leads where its interval lies above all others. Expected visits are those of the
    absorbing chain of the stages from `start` on (by default the first open stage), in the cycle of deals that are
    won in the end, or of `all`: then early stages weigh more, because more deals come there. The mean stay is the
    time of all visits over the number that ended. What should go on is the `expected_conversion` of the stages
    where all have one, otherwise the share that goes on in all stages together. Congestion is that of the window
    from `since` on, by default the later half of the time; amounts count in relation to the mean of their currency,
    those below zero as nothing. The other settings are those of `measure_funnel`.

    Raises `ValueError` for unknown stages and words, and for fewer than 1 sample.

    Source: Kemeny and Snell (1960), Finite Markov chains, chapter 3, and 3.5 for the chain of those that are won;
    Efron (1979), Bootstrap methods: another look at the jackknife, Ann. Statist. 7, 1-26.
    """
    tally = count_bottlenecks(
        history,
        pipeline,
        since=since,
        start=start,
        cycle=cycle,
        as_of=as_of,
        known_on=known_on,
        timezone=timezone,
        by=by,
        attribution=attribution,
        cohort=cohort,
        lenient=lenient,
    )
    return finish_bottlenecks(tally, rank_by=rank_by, resamples=resamples, seed=seed, confidence=confidence)


def count_bottlenecks(
    history: History,
    pipeline: Pipeline,
    *,
    since: date | None = None,
    start: str | None = None,
    cycle: CycleOf | str = CycleOf.WON,
    as_of: date | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    by: str | None = None,
    attribution: str = LAST,
    cohort: Cohort | None = None,
    lenient: bool = False,
) -> Tally[BottleneckRule, FlowCounts]:
    """Give the flow of each deal through the open stages: what `measure_bottlenecks` adds up and draws from."""
    known = tuple(stage.key for stage in pipeline.open_stages)
    if start is not None and start not in known:
        message = (
            f"a cycle starts in an open stage: {start!r} is none of pipeline {pipeline.key!r}; {hint(start, known)}"
        )
        raise ValueError(message)
    targets = {stage.key: float(stage.expected_conversion or -1) for stage in pipeline.open_stages}
    rule = BottleneckRule(
        stages=known,
        targets=targets if min(targets.values()) > 0 else {},
        start=known[0] if start is None else start,
        cycle=choose(CycleOf, cycle, "cycle"),
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
    groups = {
        group: FlowCounts({trail.opportunity_id: find_flow(trail, standing, known) for trail, standing in deals})
        for group, deals in sample.groups.items()
    }
    return Tally(definition=rule, basis=sample.basis, none=FlowCounts({}), groups=groups)


def finish_bottlenecks(
    tally: Tally[BottleneckRule, FlowCounts],
    *,
    rank_by: BottleneckCriterion | str = BottleneckCriterion.TIME,
    resamples: int = 200,
    seed: int = 0,
    confidence: float | Decimal = 0.95,
) -> Report[Bottleneck]:
    """Give the bottlenecks of counted flows; the same flows and seed give the same. Raises as `measure_bottlenecks`."""
    first, level = choose(BottleneckCriterion, rank_by, "criterion of bottlenecks"), float(confidence)
    until, rule = tally.basis.as_of, tally.definition
    begun = [flow.stays[0].entered_at for flow in (tally.total.deals or {}).values() if flow.stays]
    since = rule.since
    if since is None and until is not None:
        since = until - (until - min(begun, default=until)) / 2

    def lines(counts: FlowCounts) -> Iterable[Bottleneck]:
        if since is None or until is None:
            return ()
        flows = [flow for _, flow in sorted((counts.deals or {}).items())]
        sums = FlowSums(flows, rule.stages, since, until)
        rows = _find_rows(sums, rule, (until - since) / DAY, resamples, seed, level)
        return sorted(rows, key=lambda row: _order(row.scores[first]))

    target = "expected" if rule.targets else "in all stages together"
    definition = (
        f"time: share of the cycle of {rule.cycle} deals; loss: gain in the chance to win if as many go on as {target};"
        f" congestion: share of what came in since {None if since is None else since.isoformat()} and did not go out;"
        " value: time weighted by amount"
    )
    report = make_report("bottlenecks", definition, tally, lines, confidence=level)
    leading = {one: [row.name for row in report.rows if one in row.leads] for one in BottleneckCriterion}
    aside: dict[str, int | str] = {
        f"by_{one}": stages[0] if stages else "not distinguishable" for one, stages in leading.items()
    }
    aside["without_amount"] = sum(flow.amount is None for flow in (tally.total.deals or {}).values())
    return attrs.evolve(report, aside=aside)


def _find_rows(
    sums: FlowSums, rule: BottleneckRule, window_days: float, resamples: int, seed: int, confidence: float
) -> Iterator[Bottleneck]:
    total = sums.total()
    scores = find_scores(total, rule)
    drawn: dict[tuple[BottleneckCriterion, str], list[float]] = {key: [] for key in scores}
    if scores:
        parts = sums.grouped(_MOST_DRAWN, seed)
        for weights in resample(len(parts), times=resamples, seed=seed):
            for key, value in find_scores(parts.total(weights), rule).items():
                if key in drawn:
                    drawn[key].append(value)
    limits = {
        key: percentile_interval(values, confidence)
        for key, values in drawn.items()
        if len(values) >= _FEWEST * resamples
    }
    visits = find_expected_visits(total, rule)
    for stage in rule.stages:
        left, arrived = total.figure("left", stage), total.figure("arrived", stage)
        departed, present = (round(total.figure(name, stage)) for name in ("departed", "present"))
        stays = total.figure("arrived_days", stage)
        yield Bottleneck(
            name=stage,
            leads=tuple(one for one in BottleneckCriterion if _leads(one, stage, scores, limits, rule.stages)),
            scores={
                one: EstimatedShare(scores.get((one, stage)), *limits.get((one, stage), (None, None)))
                for one in BottleneckCriterion
            },
            visits=visits.get(stage),
            stay_days=total.figure("days", stage) / left if left else None,
            went_on=make_ratio(round(count_gone_on(total, rule, stage)), round(left), confidence=confidence),
            target=find_target(total, rule, stage),
            arrived=round(arrived),
            departed=departed,
            present_at_start=present,
            present_at_end=present + round(arrived) - departed,
            mean_present=total.figure("window_days", stage) / window_days if window_days else None,
            little_present=arrived / window_days * (stays / arrived) if window_days and arrived else None,
        )


def _leads(
    criterion: BottleneckCriterion,
    stage: str,
    scores: Scores,
    limits: Mapping[tuple[BottleneckCriterion, str], tuple[float, float]],
    stages: tuple[str, ...],
) -> bool:
    """Say whether the interval of a stage lies above 0 and above those of all others that have a score."""
    others = [(criterion, other) for other in stages if other != stage and (criterion, other) in scores]
    if (criterion, stage) not in limits or not others or any(other not in limits for other in others):
        return False
    return limits[criterion, stage][0] > max(0.0, *(limits[other][1] for other in others))


def _order(score: EstimatedShare) -> tuple[bool, float]:
    return score.value is None, -(score.value or 0.0)
