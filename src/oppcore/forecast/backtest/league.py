"""The league table of a backtest: how good each method was, and which of them chance cannot tell apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from enum import StrEnum
from math import fsum, log
from typing import Any, final

import attrs

from oppcore.forecast.backtest.accuracy import Accuracy, interval_coverage, measure_accuracy, skill
from oppcore.forecast.backtest.comparison import LossComparison, compare_losses
from oppcore.forecast.backtest.methods import NAIVE
from oppcore.forecast.backtest.trial import Trial
from oppcore.forecast.backtest.win_count import win_count_interval
from oppcore.money import Money, minor_units
from oppcore.stats import Ratio, adjust_holm, fit_logistic, logit

__all__ = ["LeagueRow", "MethodComparison", "RevenueErrors", "Score", "compare_methods", "rank_methods", "recommend"]

CLIP = 1e-15
"""Probabilities nearer to 0 or 1 than this count as this far away in a log loss."""

_ROUNDING = Context(prec=2_000, rounding=ROUND_HALF_EVEN)
_ZERO = Decimal(0)


class Score(StrEnum):
    """What methods are ranked by: the mean square of the error of a probability, or minus its logarithm."""

    BRIER = "brier"
    LOG_LOSS = "log_loss"


@final
@attrs.frozen(kw_only=True)
class RevenueErrors:
    """What a method expected of the deals it judged and what they brought, over all origins, in one currency."""

    currency: str
    expected: Money
    actual: Money
    accuracy: Accuracy


@final
@attrs.frozen(kw_only=True)
class LeagueRow:
    """How good a method was: `judged` times it judged one of the `deals` open at the origins.

    `brier` and `log_loss` are means over what it judged. `slope` is the one of `measure_calibration`: 1 where the
    probabilities are as far apart as what comes of them, below 1 where they are too extreme. `skill` is the share of
    the naive method's loss, by the score the table is sorted by, that it saves on the deals that both judged. `wins`
    holds the numbers of wins expected against those that came, origin by origin, `revenue` the same in money.
    `coverage` is the share of the origins whose number of wins lay in its range of 80 % (`win_count_interval`): much
    less than that says that deals win and lose together, or that the probabilities are off. None where there is nothing
    to go by.
    """

    method: str
    judged: int
    deals: int
    brier: float | None
    log_loss: float | None
    slope: float | None
    skill: float | None
    expected_wins: float
    actual_wins: int
    wins: Accuracy
    coverage: Ratio
    revenue: tuple[RevenueErrors, ...]

    @property
    def judged_share(self) -> float | None:
        """The share of the deals that it could judge."""
        return self.judged / self.deals if self.deals else None

    def score(self, score: Score) -> float | None:
        """Give its mean loss by a score."""
        return self.brier if score is Score.BRIER else self.log_loss

    def detail(self) -> dict[str, Any]:
        """Give the row as plain data, ready for JSON; amounts are texts."""
        return {
            "method": self.method,
            "judged": self.judged,
            "deals": self.deals,
            "brier": self.brier,
            "log_loss": self.log_loss,
            "slope": self.slope,
            "skill": self.skill,
            "expected_wins": self.expected_wins,
            "actual_wins": self.actual_wins,
            "wins": self.wins.detail(),
            "coverage": self.coverage.detail(),
            "revenue": [
                {
                    "currency": one.currency,
                    "expected": format(one.expected.amount, "f"),
                    "actual": format(one.actual.amount, "f"),
                    **one.accuracy.detail(),
                }
                for one in self.revenue
            ],
        }


@final
@attrs.frozen(kw_only=True)
class MethodComparison:
    """A method held against the best one, on the deals that both judged.

    `adjusted` is the p-value after the correction of Holm for all comparisons; None where there is no test.
    """

    method: str
    best: str
    losses: LossComparison
    adjusted: float | None

    def detail(self) -> dict[str, Any]:
        """Give the comparison as plain data, ready for JSON."""
        # A statistic may be infinite, which JSON cannot say.
        p_value = self.losses.p_value
        return {"method": self.method, "best": self.best, "p_value": p_value, "adjusted": self.adjusted}


def rank_methods(trials: Sequence[Trial], methods: Sequence[str], score: Score) -> tuple[LeagueRow, ...]:
    """Give a row per method, the best first: by skill, so that each is held to the deals that it judged.

    Where the naive method judged none of them, the mean loss decides. Those without it come last, and equals in the
    order of `methods`.
    """

    def rank(row: LeagueRow) -> tuple[int, float]:
        if row.skill is not None:
            return 0, -row.skill
        loss = row.score(score)
        return (2, 0.0) if loss is None else (1, loss)

    return tuple(sorted((_row(trials, method, score) for method in methods), key=rank))


def compare_methods(
    trials: Sequence[Trial], methods: Sequence[str], best: str, score: Score
) -> tuple[MethodComparison, ...]:
    """Give each method but the best held against it: is it worse, or was the best one lucky?"""
    others = [method for method in methods if method != best]
    overlap = max((sum(later.at < one.until for later in trials[n + 1 :]) for n, one in enumerate(trials)), default=0)
    found = [compare_losses(_differences(trials, method, best, _LOSS[score]), overlap=overlap) for method in others]
    tested = [one.p_value for one in found if one.p_value is not None]
    adjusted = iter(adjust_holm(tested))
    return tuple(
        MethodComparison(method=method, best=best, losses=one, adjusted=None if one.p_value is None else next(adjusted))
        for method, one in zip(others, found, strict=True)
    )


def recommend(methods: Sequence[str], comparisons: Sequence[MethodComparison], best: str, *, alpha: float) -> str:
    """Give the simplest method (the first of `methods`) that is not distinguishably worse than the best."""
    worse = {one.method for one in comparisons if one.adjusted is not None and one.adjusted < alpha}
    return next(method for method in methods if method not in worse or method == best)


def _square(won: float, probability: float) -> float:
    return (probability - won) ** 2


def _surprise(won: float, probability: float) -> float:
    return -log(max(CLIP, probability if won else 1 - probability))


_LOSS: Mapping[Score, Callable[[float, float], float]] = {Score.BRIER: _square, Score.LOG_LOSS: _surprise}


def _row(trials: Sequence[Trial], method: str, score: Score) -> LeagueRow:
    pairs = [list(trial.judged(method)) for trial in trials]
    judged = [pair for found in pairs for pair in found]
    count = len(judged)
    expected = [fsum(probability for _, probability in found) for found in pairs]
    actual = [sum(won for won, _ in found) for found in pairs]
    both = [found for trial in trials for found in trial.judged(method, NAIVE)]
    loss = _LOSS[score]
    naive = _mean([loss(won, other) for won, _, other in both])
    return LeagueRow(
        method=method,
        judged=count,
        deals=sum(len(trial.ids) for trial in trials),
        brier=_mean([_square(*pair) for pair in judged]),
        log_loss=_mean([_surprise(*pair) for pair in judged]),
        slope=_slope(judged),
        skill=skill(_mean([loss(won, one) for won, one, _ in both]), naive),
        expected_wins=fsum(expected),
        actual_wins=int(sum(actual)),
        wins=measure_accuracy(actual, expected),
        coverage=interval_coverage(
            [total for total, found in zip(actual, pairs, strict=True) if found],
            [win_count_interval(probability for _, probability in found) for found in pairs if found],
        ),
        revenue=_revenue(trials, method),
    )


def _slope(judged: Iterable[Sequence[float]]) -> float | None:
    """Give the slope of the outcomes by the log-odds of the probabilities; equal probabilities are one point."""
    points: dict[float, list[float]] = {}
    for won, probability in judged:
        found = points.setdefault(min(max(probability, CLIP), 1 - CLIP), [0.0, 0.0])
        found[0] += won
        found[1] += 1
    shares = [won / count for won, count in points.values()]
    curve = fit_logistic([logit(place) for place in points], shares, [count for _, count in points.values()])
    return None if curve is None else curve.slope


def _revenue(trials: Sequence[Trial], method: str) -> tuple[RevenueErrors, ...]:
    expected = [trial.expected_revenue(method) for trial in trials]
    actual = [trial.actual_revenue(method) for trial in trials]
    currencies = sorted({currency for sums in (*expected, *actual) for currency in sums})
    return tuple(
        RevenueErrors(
            currency=currency,
            expected=_total(expected, currency),
            actual=_total(actual, currency),
            accuracy=measure_accuracy(
                [float(sums.get(currency, _ZERO)) for sums in actual],
                [float(sums.get(currency, _ZERO)) for sums in expected],
            ),
        )
        for currency in currencies
    )


def _total(sums: Sequence[Mapping[str, Decimal]], currency: str) -> Money:
    total = _ZERO
    for one in sums:
        total = _ROUNDING.add(total, one.get(currency, _ZERO))
    places = Decimal(1).scaleb(-minor_units(currency))
    return Money(total.quantize(places, context=_ROUNDING), currency)


def _differences(trials: Sequence[Trial], method: str, best: str, loss: Callable[[float, float], float]) -> list[float]:
    """Give by how much more a method lost than the best, origin by origin, on the deals that both judged."""
    return [
        fsum(loss(won, one) - loss(won, other) for won, one, other in trial.judged(method, best)) for trial in trials
    ]


def _mean(losses: Sequence[float]) -> float | None:
    return fsum(losses) / len(losses) if losses else None
