"""Ways of judging open deals, by name: each gives the probability that a deal is won within the horizon.

A method is any function of a `ForecastOrigin`; it gives probabilities (0 to 1) by opportunity id, and leaves out the
deals that it cannot judge. What it knows is what the origin holds, so it cannot know too much.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from oppcore.forecast.backtest.origin import ForecastOrigin, find_actuals, view_history
from oppcore.forecast.estimates.closing import estimate_closing
from oppcore.forecast.estimates.markov import estimate_stage_chain
from oppcore.forecast.estimates.spells import AgeClock
from oppcore.forecast.estimates.stage_probabilities import estimate_stage_probabilities
from oppcore.forecast.scoring.bayes import fit_bayes
from oppcore.forecast.scoring.recalibration import fit_platt
from oppcore.funnel import measure_stage_win_rates
from oppcore.history import Standing, Trail
from oppcore.pipeline import StageKind
from oppcore.pipeline.estimate import effective_probability
from oppcore.records import Outcome

__all__ = [
    "METHODS",
    "NAIVE",
    "Method",
    "judge_by_age",
    "judge_by_bayes",
    "judge_by_closing",
    "judge_by_pipeline",
    "judge_by_recent_stage",
    "judge_by_stage_chain",
    "judge_by_stage_history",
    "judge_by_stage_probabilities",
    "judge_each",
    "judge_naively",
    "recalibrate",
]

Method = Callable[[ForecastOrigin], Mapping[str, float]]
"""Gives, by opportunity id, the probability that a deal open at an origin stands as won at the end of its horizon."""


def judge_each(origin: ForecastOrigin, source: Callable[[Standing], float | None]) -> Mapping[str, float]:
    """Give each open deal the probability that a source has for where it stands; those it has none for are left out."""
    found = {deal.opportunity_id: source(deal) for deal in origin.deals}
    return {id: probability for id, probability in found.items() if probability is not None}


def judge_naively(origin: ForecastOrigin) -> Mapping[str, float]:
    """Give every open deal the share of the open deals that were won within such a horizon so far.

    So far: at the instants one, two and more horizons before the origin.
    """
    counts = list(_recent(origin).values())
    seen, won = sum(seen for seen, _ in counts), sum(won for _, won in counts)
    return judge_each(origin, lambda _: won / seen if seen else None)


def judge_by_recent_stage(origin: ForecastOrigin) -> Mapping[str, float]:
    """Give each open deal the share, won within such a horizon so far, of the deals that were open in its stage."""
    shares = {stage: won / seen for stage, (seen, won) in _recent(origin).items()}
    return judge_each(origin, lambda deal: shares.get(deal.state.stage))


def judge_by_pipeline(origin: ForecastOrigin) -> Mapping[str, float]:
    """Give each open deal its own probability, or else that of its stage: what the weighted forecast weighs by.

    It is that of ever being won, and not of the horizon alone. The stages have the probabilities they have today.
    """

    def source(deal: Standing) -> float | None:
        probability = effective_probability(origin.pipeline, deal.state, deal.estimate)
        return None if probability is None else float(probability)

    return judge_each(origin, source)


def judge_by_stage_history(origin: ForecastOrigin) -> Mapping[str, float]:
    """Give each open deal the share won of the deals, won or lost by the origin, that had visited its stage.

    It is that of ever being won, and not of the horizon alone.
    """
    rates = measure_stage_win_rates(origin.history, origin.pipeline, as_of=origin.at, lenient=True).rows
    shares = {row.name: row.rate.value for row in rates}

    def source(deal: Standing) -> float | None:
        share = shares.get(deal.state.stage)
        return None if share is None else float(share)

    return judge_each(origin, source)


def judge_by_stage_probabilities(origin: ForecastOrigin) -> Mapping[str, float]:
    """Give each open deal what `estimate_stage_probabilities` says: of ever being won, where it says anything."""
    return judge_each(
        origin, estimate_stage_probabilities(origin.history, origin.pipeline, as_of=origin.at, lenient=True)
    )


def judge_by_stage_chain(origin: ForecastOrigin) -> Mapping[str, float]:
    """Give each open deal what `estimate_stage_chain` says: of ever being won, by the ways that deals take."""
    return judge_each(origin, estimate_stage_chain(origin.history, origin.pipeline, as_of=origin.at, lenient=True))


def judge_by_closing(origin: ForecastOrigin, *, clock: AgeClock | str = AgeClock.STAGE) -> Mapping[str, float]:
    """Give each open deal what `estimate_closing` says: of being won within the horizon, given its age in the stage."""
    found = estimate_closing(
        origin.history, origin.pipeline, within=origin.horizon, as_of=origin.at, clock=clock, lenient=True
    )
    return found.probabilities


def judge_by_age(origin: ForecastOrigin) -> Mapping[str, float]:
    """Give each open deal what `estimate_closing` says by its age since its creation, whatever its stage."""
    return judge_by_closing(origin, clock=AgeClock.CREATION)


def judge_by_bayes(origin: ForecastOrigin) -> Mapping[str, float]:
    """Give each open deal what `fit_bayes` says: of being won within the horizon, by what is known of the deal."""
    model = fit_bayes(origin.history, origin.pipeline, as_of=origin.at, within=origin.horizon, lenient=True)
    return judge_each(origin, model)


def recalibrate(
    method: Method,
    *,
    fit: Callable[[Iterable[float], Iterable[bool]], Callable[[float], float]] = fit_platt,
    horizons: int = 6,
    min_deals: int = 30,
) -> Method:
    """Give the method that corrects another by what came of what that one said before, at the same distance.

    At an origin, the other is asked as of one, two and up to so many `horizons` earlier, knowing what was known by
    then; `fit` (such as `fit_platt` or `fit_isotonic`) maps its probabilities to what came of the deals, as known at
    the origin. It says nothing with fewer than `min_deals` such deals. That way a probability of ever being won becomes
    one of being won within the horizon.
    """

    def recalibrated(origin: ForecastOrigin) -> Mapping[str, float]:
        said: list[float] = []
        won: list[bool] = []
        for back in range(1, horizons + 1):
            at = origin.at - back * origin.horizon
            view = view_history(origin.history, at)
            if not len(view):
                break
            before = ForecastOrigin(history=view, pipeline=origin.pipeline, at=at, until=at + origin.horizon)
            actuals = find_actuals(before, origin.history)
            for id, probability in sorted(method(before).items()):
                if id in actuals.standings:
                    said.append(probability)
                    won.append(actuals.is_won(id))
        if len(said) < max(1, min_deals):
            return {}
        mapped = fit(said, won)
        return {id: mapped(probability) for id, probability in method(origin).items()}

    return recalibrated


NAIVE = "base_rate"
"""The method that the others are held against."""

METHODS: Mapping[str, Method] = {
    NAIVE: judge_naively,
    "pipeline": judge_by_pipeline,
    "recent_stage": judge_by_recent_stage,
    "stage_history": judge_by_stage_history,
    "stage_probabilities": judge_by_stage_probabilities,
    "stage_chain": judge_by_stage_chain,
    "recalibrated_pipeline": recalibrate(judge_by_pipeline, horizons=3),
    "age": judge_by_age,
    "closing": judge_by_closing,
    "bayes": judge_by_bayes,
}
"""The methods that come with oppcore, the simplest first."""


def _existing(origin: ForecastOrigin) -> Iterator[tuple[Trail, Standing]]:
    return ((trail, trail.standing) for trail in origin.past.trails if trail.standing is not None)


def _recent(origin: ForecastOrigin) -> Mapping[str, tuple[int, int]]:
    """Count by stage the deals that were open whole horizons before the origin, and how many were won one later."""
    at, horizon = origin.at, origin.horizon
    kinds = {stage.key: stage.kind for stage in origin.pipeline.stages}
    counts: dict[str, list[int]] = {}
    for trail, _ in _existing(origin):
        won = [visit for visit in trail.visits if kinds[visit.stage].outcome is Outcome.WON]
        for visit in trail.visits:
            if kinds[visit.stage] is not StageKind.OPEN:
                continue
            # The instants lie a whole number of horizons back: the visit covers those from `first` to `last`.
            first = 1 if visit.left_at is None else max(1, (at - visit.left_at) // horizon + 1)
            last = (at - visit.entered_at) // horizon
            if last < first:
                continue
            found = counts.setdefault(visit.stage, [0, 0])
            found[0] += last - first + 1
            for back in range(first, last + 1) if won else ():
                end = at - (back - 1) * horizon
                found[1] += any(sold.entered_at <= end and (sold.left_at is None or end < sold.left_at) for sold in won)
    return {stage: (seen, won) for stage, (seen, won) in counts.items()}
