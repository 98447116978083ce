"""How long things stay: the Kaplan-Meier curve, with its quantiles and its restricted mean."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from fractions import Fraction
from itertools import accumulate, pairwise
from math import sqrt
from typing import Any, final

import attrs

from oppcore.stats.curve import CurveScale, Interval, Probability, choose_division, find_intervals, find_step
from oppcore.stats.events import EventTable
from oppcore.stats.normal import two_sided_quantile

__all__ = ["RestrictedMean", "SurvivalCurve", "estimate_survival"]

_NEAR = 1e-9
"""Two floats that are no further apart may stand for the same probability: then integers decide."""


@final
@attrs.frozen(kw_only=True)
class RestrictedMean:
    """The mean time for which things stay, counting no more than `until` for each, and the variance of the estimate."""

    value: Probability
    variance: Probability
    until: float

    def interval(self, confidence: float = 0.95) -> Interval | None:
        """Give the interval (low, high) of the mean; None where nothing ended before `until`."""
        if not self.variance:
            return None
        error = two_sided_quantile(confidence) * sqrt(self.variance)
        return max(0.0, float(self.value) - error), min(float(self.until), float(self.value) + error)


@final
@attrs.frozen(kw_only=True)
class SurvivalCurve:
    """The probability that a thing is still there after each time, whatever may end it, with Greenwood's variance.

    `at_risk` were under observation just before each time, `events` ended then, `censored` were last seen then.
    `survival` and `variance` hold from that time on until the next; before the first time survival is 1.
    """

    times: tuple[float, ...]
    at_risk: tuple[int, ...]
    events: tuple[int, ...]
    censored: tuple[int, ...]
    survival: tuple[Probability, ...]
    variance: tuple[Probability, ...]

    @property
    def assumes(self) -> str:
        """What must be true for the curve to be right."""
        return "to be censored, or to come under observation late, says nothing about how long a thing stays"

    def survival_at(self, time: float) -> Probability | None:
        """Give the probability that a thing is still there after a time; None where nothing was observed any more."""
        step = find_step(self.times, time, ended=self._ended)
        return None if step is None else self.survival[step] if step >= 0 else 1.0

    def interval_at(self, time: float, confidence: float = 0.95, *, scale: CurveScale = "log-log") -> Interval | None:
        """Give the interval of `survival_at`; None where there is none, and where the curve is at 0 or 1."""
        step = find_step(self.times, time, ended=self._ended)
        here = slice(0) if step is None or step < 0 else slice(step, step + 1)
        found = find_intervals(self.survival[here], self.variance[here], confidence=confidence, scale=scale)
        return found[0] if found else None

    def intervals(self, confidence: float = 0.95, *, scale: CurveScale = "log-log") -> tuple[Interval | None, ...]:
        """Give the interval at each time, point by point; None where the curve is at 0 or 1."""
        return find_intervals(self.survival, self.variance, confidence=confidence, scale=scale)

    @property
    def median(self) -> float | None:
        """The time by which half of the things have ended; None where the curve does not get there."""
        return self.quantile(0.5)

    def quantile(self, share: float | Fraction) -> float | None:
        """Give the first time by which a share of the things has ended; None where the curve does not get there.

        Whether it has is decided exactly, from the counts: no float is just above 0.5 here. The share is read as it is
        written: 0.9 is nine tenths. Raises `ValueError` for a share that is not between 0 and 1.
        """
        left = _left_after(share)
        step = bisect_left(self.survival, -float(left) - _NEAR, key=_negative)
        while step < len(self.times) and not (self.events[step] and self._is_at_most(step, left)):
            step += 1
        return self.times[step] if step < len(self.times) else None

    def quantile_interval(
        self, share: float | Fraction, confidence: float = 0.95, *, scale: CurveScale = "log-log"
    ) -> tuple[float | None, float | None]:
        """Give the interval (low, high) of a quantile: where the limits of the curve cross it.

        None for a side on which the data set no limit.

        Source: Brookmeyer and Crowley (1982), A confidence interval for the median survival time, Biometrics 38, 29-41.
        """
        left = _left_after(share)
        low = high = None
        for time, value, limits in zip(self.times, self.survival, self.intervals(confidence, scale=scale), strict=True):
            if low is None and (value == 0 or (limits is not None and limits[0] <= left)):
                low = time
            if high is None and limits is not None and limits[1] <= left:
                high = time
        return low, high

    def median_interval(
        self, confidence: float = 0.95, *, scale: CurveScale = "log-log"
    ) -> tuple[float | None, float | None]:
        """Give the interval (low, high) of the median; None for a side on which the data set no limit."""
        return self.quantile_interval(0.5, confidence, scale=scale)

    def restricted_mean(self, until: float) -> RestrictedMean | None:
        """Give the mean time for which things stay, counting no more than `until` for each: the area below the curve.

        None where `until` is later than anything was observed.

        Source: Klein and Moeschberger (2003), Survival analysis, 2nd ed., 4.5.1 and 4.5.2.
        """
        last = find_step(self.times, until, ended=self._ended)
        if last is None:
            return None
        edges = [0, *self.times[: last + 1], until]
        heights: list[Probability] = [1, *self.survival[: last + 1]]
        pieces = [height * (end - start) for height, (start, end) in zip(heights, pairwise(edges), strict=True)]
        from_there_on = list(accumulate(reversed(pieces)))[::-1]
        divide = choose_division(exact=isinstance(heights[-1], Fraction))
        terms = [
            divide(ended, there * (there - ended)) * area * area
            for there, ended, area in zip(self.at_risk, self.events, from_there_on[1:], strict=False)
            if 0 < ended < there
        ]
        return RestrictedMean(value=from_there_on[0], variance=sum(terms), until=until)

    def as_records(self, confidence: float = 0.95, *, scale: CurveScale = "log-log") -> list[dict[str, Any]]:
        """Give one dict per time, as `pandas.DataFrame` takes them."""
        columns = (self.times, self.at_risk, self.events, self.censored, self.survival, self.variance)
        names = ("time", "at_risk", "events", "censored", "survival", "variance", "low", "high")
        limits = (found or (None, None) for found in self.intervals(confidence, scale=scale))
        rows = zip(zip(*columns, strict=True), limits, strict=True)
        return [dict(zip(names, (*row, *pair), strict=True)) for row, pair in rows]

    @property
    def _ended(self) -> bool:
        return bool(self.survival) and self.survival[-1] == 0

    def _is_at_most(self, step: int, left: Fraction) -> bool:
        value = self.survival[step]
        if isinstance(value, Fraction) or abs(value - left) > _NEAR:
            return value <= left
        there, ended = self.at_risk[: step + 1], self.events[: step + 1]
        above = Counter(one - other for one, other in zip(there, ended, strict=True))
        below = Counter(there)
        shared = above & below
        numerator = _product((above - shared).elements())
        denominator = _product((below - shared).elements())
        return numerator * left.denominator <= left.numerator * denominator


def estimate_survival(table: EventTable, *, exact: bool = False) -> SurvivalCurve:
    """Give the Kaplan-Meier curve of counts: how long things stay, when some had not ended yet.

    What ends and what is censored at one time were both at risk then; what comes under observation at that time was
    not. With `exact`, probabilities and variances are fractions: for some hundreds of times, not for a million.

    With delayed entry the curve is that of things which stay until the first entry. Where the few that entered early
    have all ended, it falls to 0 and stays there, however many enter later: `at_risk` shows it.

    Source: Kaplan and Meier (1958), Nonparametric estimation from incomplete observations, JASA 53, 457-481; the
    variance is Greenwood's (1926).

    >>> from oppcore.stats import count_events
    >>> curve = estimate_survival(count_events([5, 9, 9, 12], ["won", "lost", None, "won"]), exact=True)
    >>> [str(value) for value in curve.survival], curve.median
    (['3/4', '1/2', '0'], 9)
    """
    divide = choose_division(exact=exact)
    events = table.all_events
    value, spread = divide(1, 1), divide(0, 1)
    survival: list[Probability] = []
    variance: list[Probability] = []
    for there, ended in zip(table.at_risk, events, strict=True):
        if ended:
            value *= divide(there - ended, there)
            if ended < there:
                spread += divide(ended, there * (there - ended))
        survival.append(value)
        variance.append(value * value * spread)
    return SurvivalCurve(
        times=table.times,
        at_risk=table.at_risk,
        events=events,
        censored=table.censored,
        survival=tuple(survival),
        variance=tuple(variance),
    )


def _left_after(share: float | Fraction) -> Fraction:
    found = 1 - Fraction(str(share)) if 0 < share < 1 else None
    if found is None:
        message = f"a share lies between 0 and 1, not {share}"
        raise ValueError(message)
    return found


def _negative(value: Probability) -> float:
    return -float(value)


def _product(factors: Iterable[int]) -> int:
    """Multiply many numbers in pairs, so that huge ones meet only at the end."""
    found = list(factors) or [1]
    while len(found) > 1:
        found = [one * other for one, other in zip(found[::2], [*found[1::2], 1], strict=False)]
    return found[0]
