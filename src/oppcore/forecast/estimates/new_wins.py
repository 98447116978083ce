"""Wins of deals that do not exist yet: created, and won, within a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from fractions import Fraction
from itertools import pairwise
from math import fsum
from typing import Any, final

import attrs

from oppcore.errors import Problem
from oppcore.forecast.estimates.spells import AgeClock, Spell, find_spells
from oppcore.funnel.counting import days_text
from oppcore.history import History, fold_history
from oppcore.money import Money, sum_by_currency
from oppcore.periods import as_of_text
from oppcore.pipeline import Pipeline
from oppcore.records import Outcome
from oppcore.stats import beta_cdf, count_events, estimate_incidence
from oppcore.table import Table

__all__ = ["NewWins", "estimate_new_wins"]


@final
@attrs.frozen(kw_only=True)
class NewWins:
    """How many deals will be created and won `within` a time after `as_of`, and what they will bring.

    `created` deals came in the `window` before `as_of`. `days` is the number of days in that time by which each deal a
    day adds up to a win: the chance of being won in time, added up over the days on which a deal may be created.
    `expected`, `low` and `high` are numbers of wins, `amounts` the expected sums per currency; all None or empty where
    too few deals were watched for that long after their creation.
    """

    as_of: datetime | None
    known_on: datetime | None
    within: timedelta
    window: timedelta
    created: int
    days: float | None
    mean_amounts: Mapping[str, Fraction] = attrs.field(hash=False)
    interval: tuple[int, int] | None
    confidence: float
    left_out: tuple[Problem, ...] = ()

    @property
    def assumes(self) -> str:
        """What must be true for the numbers to be right."""
        return "deals come in as in the window, each by itself, and are won as soon, and for as much, as those before"

    @property
    def rate(self) -> float | None:
        """The number of deals created per day."""
        return self.created / (self.window / _DAY) if self.window else None

    @property
    def expected(self) -> float | None:
        """The expected number of wins."""
        return None if self.rate is None or self.days is None else self.rate * self.days

    @property
    def amounts(self) -> Mapping[str, Money]:
        """The expected sum per currency, rounded once."""
        expected = self.expected
        if expected is None:
            return {}
        return {key: Money.nearest(mean * Fraction(expected), key) for key, mean in self.mean_amounts.items()}

    def as_records(self) -> list[dict[str, Any]]:
        """Give one dict per currency, or one without a currency where no amounts are known."""
        low, high = self.interval or (None, None)
        count = {"created": self.created, "rate": self.rate, "expected": self.expected, "low": low, "high": high}
        amounts = [{"currency": key, "amount": money.amount} for key, money in self.amounts.items()]
        return [{**count, **amount} for amount in amounts or [{"currency": None, "amount": None}]]

    def detail(self) -> dict[str, Any]:
        """Give the estimate as plain data, ready for JSON; amounts are texts."""
        low, high = self.interval or (None, None)
        return {
            "measure": "new_wins",
            "definition": _DEFINITION,
            "as_of": None if self.as_of is None else self.as_of.isoformat(),
            "known_on": None if self.known_on is None else self.known_on.isoformat(),
            "within_days": self.within / _DAY,
            "window_days": self.window / _DAY,
            "created": self.created,
            "rate": self.rate,
            "expected": self.expected,
            "low": low,
            "high": high,
            "confidence": self.confidence,
            "amounts": {key: format(money.amount, "f") for key, money in self.amounts.items()},
            "assumes": self.assumes,
            "left_out": [problem.detail() for problem in self.left_out],
        }

    def table(self) -> Table:
        """Give the estimate for eyes, in one line."""
        interval = None if self.interval is None else "{} to {}".format(*self.interval)
        expected = None if self.expected is None else f"{self.expected:.1f}"
        created = f"{self.created:,} in {days_text(self.window)}"
        return Table(
            columns=["created", "wins", "interval", *self.amounts],
            rows=[[created, expected, interval, *self.amounts.values()]],
            title=f"Wins of new deals within {days_text(self.within)} {as_of_text(self.as_of, self.known_on)}",
            notes=(
                _DEFINITION,
                f"assumes that {self.assumes}; the interval holds with {self.confidence:.0%} confidence",
            ),
            left_out=self.left_out,
        )

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().html()


def estimate_new_wins(
    history: History,
    pipeline: Pipeline,
    *,
    within: timedelta,
    window: timedelta = timedelta(days=90),
    as_of: date | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    min_deals: int = 10,
    confidence: float = 0.95,
    lenient: bool = False,
) -> NewWins:
    """Give how many deals that do not exist yet will be won within a time: what a forecast of open deals leaves out.

    Deals are created at the rate of the `window` before `as_of` (or of the whole history where it is shorter), and won
    as long after their creation as deals before them, lost and abandoned ones competing (Aalen-Johansen). Where fewer
    than `min_deals` were created so long ago that they could be watched for the whole time, there is no estimate. The
    interval knows of the chance in both numbers of deals (negative binomial), not of that in the curve. What a win
    brings is the mean of the won deals with an amount, per currency.

    Raises `ValueError` for times that are not longer than nothing; `UnreadableChanges` for rows in stages that the
    pipeline does not have, unless `lenient`.
    """
    for name, span in (("within", within), ("window", window)):
        if span <= timedelta(0):
            message = f"{name} is longer than nothing, not {span}"
            raise ValueError(message)
    past = fold_history(history, pipeline, as_of=as_of, known_on=known_on, timezone=timezone, lenient=lenient)
    at = past.as_of
    deals = [(trail, trail.standing) for trail in past.trails if trail.standing is not None]
    lives = [] if at is None else [next(find_spells(*deal, AgeClock.CREATION, at))[1] for deal in deals]
    seen = max((life.ago for life in lives), default=timedelta(0))
    looked = min(window, seen)
    created = sum(life.ago < looked or looked == seen for life in lives)
    enough = sum(life.ago >= within for life in lives) >= min_deals
    days = _days(lives, within) if enough else None
    priced = [
        standing.amount for _, standing in deals if standing.outcome is Outcome.WON and standing.amount is not None
    ]
    brief = Problem("history.brief", "new deals", {"count": len(lives)})
    return NewWins(
        as_of=at,
        known_on=past.known_on,
        within=within,
        window=looked,
        created=created,
        days=days,
        mean_amounts={key: Fraction(sum.amount) / len(priced) for key, sum in sum_by_currency(priced).items()},
        interval=None if days is None or not looked else _interval(created, days / (looked / _DAY), confidence),
        confidence=confidence,
        left_out=(*past.left_out, *([brief] if days is None else [])),
    )


_DAY = timedelta(days=1)
_WON = str(Outcome.WON)
_DEFINITION = "deals created per day, times the chance of each to be won in the days that are left"


def _days(lives: Sequence[Spell], within: timedelta) -> float | None:
    """Add up the chance of having been won over the days since creation, up to a time."""
    ends = [(life.closed / _DAY, life.outcome and str(life.outcome)) for life in lives]
    curves = estimate_incidence(count_events([days for days, _ in ends], [outcome for _, outcome in ends]))
    limit = within / _DAY
    if _WON not in curves.incidence:
        return 0.0
    if curves.incidence_at(_WON, limit) is None:
        return None
    times = [*(time for time in curves.times if time < limit), limit]
    spans = (after - before for before, after in pairwise(times))
    return fsum(float(value) * span for value, span in zip(curves.incidence[_WON], spans, strict=False))


def _interval(created: int, ratio: float, confidence: float) -> tuple[int, int]:
    """Give the numbers of wins between equal tails, where each deal created so far stands for `ratio` wins to come."""
    tail = (1 - confidence) / 2
    return _quantile(tail, created + 0.5, ratio), _quantile(1 - tail, created + 0.5, ratio)


def _quantile(probability: float, shape: float, ratio: float) -> int:
    """Give the least number that a negative binomial variable does not exceed with a probability."""
    low, high = -1, 1
    while beta_cdf(1 / (1 + ratio), shape, high + 1) < probability:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if beta_cdf(1 / (1 + ratio), shape, middle + 1) < probability:
            low = middle
        else:
            high = middle
    return high
