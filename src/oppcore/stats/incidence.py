"""How things end, and when: the Aalen-Johansen curves of causes that compete with one another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, final

import attrs

from oppcore.stats.curve import CurveScale, Interval, Probability, choose_division, find_intervals, find_step
from oppcore.stats.events import Cause, EventTable

__all__ = ["IncidenceCurves", "estimate_incidence"]


@final
@attrs.frozen(kw_only=True)
class IncidenceCurves:
    """The probability of having ended by each cause by each time (cumulative incidence), and that of still being there.

    At each time the incidence of all causes and `survival` add up to 1. `variance` is that of the incidence of each
    cause. All hold from that time on until the next.
    """

    times: tuple[float, ...]
    at_risk: tuple[int, ...]
    events: Mapping[Cause, tuple[int, ...]] = attrs.field(hash=False)
    censored: tuple[int, ...]
    survival: tuple[Probability, ...]
    incidence: Mapping[Cause, tuple[Probability, ...]] = attrs.field(hash=False)
    variance: Mapping[Cause, tuple[Probability, ...]] = attrs.field(hash=False)

    @property
    def assumes(self) -> str:
        """What must be true for the curves to be right."""
        return "to be censored, or to come under observation late, says nothing about when and how a thing ends"

    def incidence_at(self, cause: Cause, time: float) -> Probability | None:
        """Give the probability of having ended by a cause up to a time; None where nothing was observed any more.

        Raises `KeyError` for a cause that is not among the events.
        """
        values = self.incidence[cause]
        step = self._find_step(time)
        return None if step is None else values[step] if step >= 0 else 0.0

    def interval_at(
        self, cause: Cause, time: float, confidence: float = 0.95, *, scale: CurveScale = "log-log"
    ) -> Interval | None:
        """Give the interval of `incidence_at`; None where there is none, and where the incidence is 0 or 1."""
        values, variances, step = self.incidence[cause], self.variance[cause], self._find_step(time)
        here = slice(0) if step is None or step < 0 else slice(step, step + 1)
        found = find_intervals(values[here], variances[here], confidence=confidence, scale=scale)
        return found[0] if found else None

    def intervals(
        self, cause: Cause, confidence: float = 0.95, *, scale: CurveScale = "log-log"
    ) -> tuple[Interval | None, ...]:
        """Give the interval of the incidence of a cause at each time; None where the incidence is 0 or 1."""
        return find_intervals(self.incidence[cause], self.variance[cause], confidence=confidence, scale=scale)

    def as_records(self, confidence: float = 0.95, *, scale: CurveScale = "log-log") -> list[dict[str, Any]]:
        """Give one dict per cause and time, as `pandas.DataFrame` takes them."""
        names = ("cause", "time", "at_risk", "events", "incidence", "variance", "low", "high")
        found: list[dict[str, Any]] = []
        for cause, events in self.events.items():
            columns = (self.times, self.at_risk, events, self.incidence[cause], self.variance[cause])
            limits = (pair or (None, None) for pair in self.intervals(cause, confidence, scale=scale))
            rows = zip(zip(*columns, strict=True), limits, strict=True)
            found.extend(dict(zip(names, (cause, *row, *pair), strict=True)) for row, pair in rows)
        return found

    def _find_step(self, time: float) -> int | None:
        return find_step(self.times, time, ended=bool(self.survival) and self.survival[-1] == 0)


def estimate_incidence(table: EventTable, *, exact: bool = False) -> IncidenceCurves:
    """Give the Aalen-Johansen curves of counts: how likely each cause has ended things by each time.

    To take the other causes for censoring instead, and 1 minus Kaplan-Meier for the incidence, would promise too much:
    what has been lost cannot be won any more. Ties, delayed entry and `exact` are as in `estimate_survival`.

    Source: Aalen and Johansen (1978), An empirical transition matrix for non-homogeneous Markov chains based on
    censored observations, Scand. J. Statist. 5, 141-150; the variance by the delta method is that of Dinse and
    Larson (1986), A note on semi-Markov models for partially censored data, Biometrika 73, 379-386.

    >>> from oppcore.stats import count_events
    >>> curves = estimate_incidence(count_events([5, 9, 9, 12], ["won", "lost", None, "won"]), exact=True)
    >>> {cause: [str(value) for value in values] for cause, values in curves.incidence.items()}
    {'lost': ['0', '1/4', '1/4'], 'won': ['1/4', '1/4', '3/4']}
    """
    divide = choose_division(exact=exact)
    everything = table.all_events
    survival: list[Probability] = []
    spread: list[Probability] = []
    value, squares = divide(1, 1), divide(0, 1)
    for there, ended in zip(table.at_risk, everything, strict=True):
        if ended:
            survivors = divide(there - ended, there)
            squares = survivors * survivors * squares + value * value * survivors * divide(ended, there * there)
            value *= survivors
        survival.append(value)
        spread.append(squares)
    before = list(zip([divide(1, 1), *survival], [divide(0, 1), *spread], strict=False))
    found = {
        cause: _follow(table.at_risk, everything, column, before, divide) for cause, column in table.events.items()
    }
    return IncidenceCurves(
        times=table.times,
        at_risk=table.at_risk,
        events=table.events,
        censored=table.censored,
        survival=tuple(survival),
        incidence={cause: values for cause, (values, _) in found.items()},
        variance={cause: variances for cause, (_, variances) in found.items()},
    )


def _follow(
    at_risk: Sequence[int],
    everything: Sequence[int],
    column: Sequence[int],
    before: Sequence[tuple[Probability, Probability]],
    divide: Callable[[int, int], Probability],
) -> tuple[tuple[Probability, ...], tuple[Probability, ...]]:
    """Give the incidence of one cause and its variance; `before` is survival just before each time and its variance."""
    reached = variance = covariance = divide(0, 1)
    incidence: list[Probability] = []
    variances: list[Probability] = []
    for there, ended, by_cause, (value, square) in zip(at_risk, everything, column, before, strict=False):
        if ended:
            part, noise = divide(by_cause, there), value * value * divide(by_cause, there * there)
            variance += part * (2 * covariance + part * square) + noise * divide(there - by_cause, there)
            covariance = divide(there - ended, there) * (covariance + part * square - noise)
            reached += value * part
        incidence.append(reached)
        variances.append(variance)
    return tuple(incidence), tuple(variances)
