"""Whether probabilities hold: of the deals that were given 30 %, were three in ten won?"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from itertools import groupby
from math import fsum, log, log1p
from typing import Any, final

import attrs

from oppcore.errors import Problem
from oppcore.forecast.scoring.recalibration import read_outcomes
from oppcore.spelling import choose
from oppcore.stats import LogisticCurve, Ratio, fit_logistic, logit, make_ratio
from oppcore.table import Table

__all__ = ["Binning", "Calibration", "ReliabilityBin", "measure_calibration"]

Pairs = Sequence[tuple[float, bool]]


class Binning(StrEnum):
    """How probabilities are put into bins: bins as wide as one another, or with as many deals."""

    EQUAL_WIDTH = "equal_width"
    QUANTILE = "quantile"


@final
@attrs.frozen(kw_only=True)
class ReliabilityBin:
    """The forecasts from `low` up to, and in the last bin including, `high`: their mean and the share that was won.

    Of a bin without forecasts the mean is None, and so is the value of the share. Bins of quantiles reach from their
    least to their greatest forecast, None where they have none.
    """

    low: float | None
    high: float | None
    mean: float | None
    won: Ratio

    @property
    def count(self) -> int:
        """The number of forecasts."""
        return self.won.denominator

    @property
    def gap(self) -> float | None:
        """The share won less the mean forecast: above 0 where forecasts were too low."""
        return None if self.mean is None else self.won.numerator / self.won.denominator - self.mean


@final
@attrs.frozen(kw_only=True)
class Calibration:
    """How good probabilities were, of `count` deals of which `won` were won. `left_out` says why a figure is None.

    - `brier` is the mean squared error, `log_loss` the mean surprise in nats; 0 is perfect for both. For the log loss
      alone, forecasts are kept `clip` away from 0 and 1; `clipped` of them were nearer.
    - `reliability` - `resolution` + `uncertainty` is the Brier score: how far forecasts are from what came of them, how
      far apart what came of unlike forecasts is, and what the Brier score of the mean would be. Forecasts that are
      exactly equal are one group; where hardly any two are, the first two say little.
    - `expected_error` is the mean gap of the bins, by their forecasts, without sign.
    - `slope` and `intercept` are of the curve of the outcomes by the log-odds of the forecasts: 1 and 0 where they
      hold; a slope below 1 says that they are too extreme. `slope_error` and `intercept_error` are their errors.
    - `auc` is the chance that a deal that was won had been given more than one that was not; 0.5 is as good as none.
    """

    count: int
    won: int
    mean: float | None
    brier: float | None
    log_loss: float | None
    reliability: float | None
    resolution: float | None
    uncertainty: float | None
    expected_error: float | None
    slope: float | None
    slope_error: float | None
    intercept: float | None
    intercept_error: float | None
    auc: float | None
    bins: tuple[ReliabilityBin, ...]
    binning: Binning
    clip: float
    clipped: int
    confidence: float
    left_out: tuple[Problem, ...] = ()

    def figures(self) -> Mapping[str, float | None]:
        """Give the figures by name, without the bins."""
        return {name: getattr(self, name) for name in _FIGURES}

    def as_records(self) -> list[dict[str, Any]]:
        """Give one dict per bin."""
        return [
            {
                "low": found.low,
                "high": found.high,
                "count": found.count,
                "mean": found.mean,
                "won": found.won.numerator,
                "share": None if found.won.value is None else float(found.won.value),
                "share_low": found.won.low,
                "share_high": found.won.high,
            }
            for found in self.bins
        ]

    def detail(self) -> dict[str, Any]:
        """Give it as plain data, ready for JSON."""
        return {
            "measure": "calibration",
            "count": self.count,
            "won": self.won,
            **self.figures(),
            "clip": self.clip,
            "clipped": self.clipped,
            "binning": str(self.binning),
            "confidence": self.confidence,
            "rows": self.as_records(),
            "left_out": [problem.detail() for problem in self.left_out],
        }

    def table(self) -> Table:
        """Give it for eyes: a line per bin, the figures below."""
        figures = [f"{name.replace('_', ' ')} {_shown(value)}" for name, value in self.figures().items()]
        notes = [", ".join(figures[start : start + 4]) for start in range(0, len(figures), 4)]
        notes.append(f"log loss with forecasts at least {self.clip:g} from 0 and 1: {self.clipped:,} were nearer")
        return Table(
            columns=["forecast", "deals", "mean forecast", "won", "share won"],
            rows=[[_range(one), one.count, _percent(one.mean), one.won.numerator, str(one.won)] for one in self.bins],
            title=f"Calibration of {self.count:,} forecasts, {self.won:,} won",
            notes=tuple(notes),
            left_out=self.left_out,
        )

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().html()


_FIGURES = (
    "mean",
    "brier",
    "log_loss",
    "reliability",
    "resolution",
    "uncertainty",
    "expected_error",
    "slope",
    "slope_error",
    "intercept",
    "intercept_error",
    "auc",
)


def measure_calibration(
    probabilities: Iterable[float],
    outcomes: Iterable[bool | int],
    *,
    bins: int = 10,
    binning: Binning | str = Binning.EQUAL_WIDTH,
    clip: float = 1e-15,
    confidence: float | Decimal = 0.95,
) -> Calibration:
    """Give how well probabilities (0 to 1) hold against outcomes: true for won, false for all else.

    With bins of quantiles, equal forecasts stay together, so that some bins may be empty. Raises `ValueError` for lists
    of unlike length, probabilities outside 0 to 1, outcomes that are neither true nor false, and less than one bin.

    Source: Brier (1950), Monthly Weather Review 78, 1-3; Murphy (1973), Journal of Applied Meteorology 12, 595-600, for
    the decomposition; Cox (1958), Biometrika 45, 562-565, for slope and intercept; Naeini et al. (2015), AAAI, for the
    expected error; Hanley and McNeil (1982), Radiology 143, 29-36, for the AUC.

    >>> found = measure_calibration([0.9, 0.2, 0.7, 0.6, 0.4], [True, False, True, True, False])
    >>> round(found.brier, 3), found.auc
    (0.092, 1.0)
    """
    if bins < 1:
        message = f"there is at least one bin, not {bins}"
        raise ValueError(message)
    if not 0 < clip < 0.5:
        message = f"clip lies between 0 and 0.5, not {clip}"
        raise ValueError(message)
    pairs = sorted(read_outcomes(probabilities, outcomes))
    chosen = choose(Binning, binning, "binning")
    count, won = len(pairs), sum(hit for _, hit in pairs)
    level = float(confidence)
    found = _equal_width(pairs, bins, level) if chosen is Binning.EQUAL_WIDTH else _quantile(pairs, bins, level)
    curve = _curve(pairs)
    share = won / count if count else None
    return Calibration(
        count=count,
        won=won,
        mean=fsum(chance for chance, _ in pairs) / count if count else None,
        brier=fsum((chance - hit) ** 2 for chance, hit in pairs) / count if count else None,
        log_loss=fsum(_surprise(min(max(chance, clip), 1 - clip), hit) for chance, hit in pairs) / count
        if count
        else None,
        reliability=_over_groups(pairs, lambda chance, part: (chance - part) ** 2),
        resolution=None if share is None else _over_groups(pairs, lambda _, part: (part - share) ** 2),
        uncertainty=None if share is None else share * (1 - share),
        expected_error=fsum(one.count * abs(one.gap) for one in found if one.gap is not None) / count
        if count
        else None,
        slope=None if curve is None else curve.slope,
        slope_error=None if curve is None else curve.slope_error,
        intercept=None if curve is None else curve.intercept,
        intercept_error=None if curve is None else curve.intercept_error,
        auc=_auc(pairs),
        bins=found,
        binning=chosen,
        clip=clip,
        clipped=sum(not clip <= chance <= 1 - clip for chance, _ in pairs),
        confidence=level,
        left_out=_gaps(pairs, curve),
    )


_LIMIT = 1e-15
"""For slope and intercept, how near to 0 and 1 forecasts are taken to be at most: their log-odds are finite."""


def _curve(pairs: Pairs) -> LogisticCurve | None:
    x = [logit(min(max(chance, _LIMIT), 1 - _LIMIT)) for chance, _ in pairs]
    return fit_logistic(x, [float(hit) for _, hit in pairs])


def _surprise(chance: float, hit: bool) -> float:
    return -log(chance) if hit else -log1p(-chance)


def _over_groups(pairs: Pairs, term: Callable[[float, float], float]) -> float | None:
    """Give the mean of a term of the forecast and the share won over the groups of equal forecasts."""
    if not pairs:
        return None
    total: list[float] = []
    for chance, same in groupby(pairs, key=_chance):
        hits = [hit for _, hit in same]
        total.append(len(hits) * term(chance, sum(hits) / len(hits)))
    return fsum(total) / len(pairs)


def _auc(pairs: Pairs) -> float | None:
    """Give the share of the pairs of a won and a lost deal that stand in the right order; a tie is half a pair."""
    won = sum(hit for _, hit in pairs)
    if not 0 < won < len(pairs):
        return None
    right = below = 0
    for _, same in groupby(pairs, key=_chance):
        hits = [hit for _, hit in same]
        misses = len(hits) - sum(hits)
        right += sum(hits) * (2 * below + misses)
        below += misses
    return right / (2 * won * (len(pairs) - won))


def _equal_width(pairs: Pairs, bins: int, confidence: float) -> tuple[ReliabilityBin, ...]:
    edges = [place / bins for place in range(bins + 1)]
    groups: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for pair in pairs:
        groups[min(bisect_right(edges, pair[0]), bins) - 1].append(pair)
    return tuple(_bin(group, edges[place], edges[place + 1], confidence) for place, group in enumerate(groups))


def _quantile(pairs: Pairs, bins: int, confidence: float) -> tuple[ReliabilityBin, ...]:
    groups: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    before = 0
    for _, same in groupby(pairs, key=_chance):
        group = list(same)
        groups[before * bins // len(pairs)] += group
        before += len(group)
    return tuple(
        _bin(group, group[0][0], group[-1][0], confidence) if group else _bin((), None, None, confidence)
        for group in groups
    )


def _bin(pairs: Pairs, low: float | None, high: float | None, confidence: float) -> ReliabilityBin:
    mean = fsum(chance for chance, _ in pairs) / len(pairs) if pairs else None
    won = make_ratio(sum(hit for _, hit in pairs), len(pairs), confidence=confidence)
    return ReliabilityBin(low=low, high=high, mean=mean, won=won)


def _gaps(pairs: Pairs, curve: LogisticCurve | None) -> tuple[Problem, ...]:
    won = [chance for chance, hit in pairs if hit]
    lost = [chance for chance, hit in pairs if not hit]
    if not pairs:
        return (Problem("calibration.nothing"),)
    if not won or not lost:
        return (Problem("calibration.one_outcome", "", {"count": len(pairs), "won": len(won)}),)
    if curve is None and pairs[0][0] == pairs[-1][0]:
        return (Problem("calibration.one_forecast", "", {"count": len(pairs), "have": pairs[0][0]}),)
    return () if curve else (Problem("calibration.parted", "", {"count": len(pairs)}),)


def _chance(pair: tuple[float, bool]) -> float:
    return pair[0]


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _percent(value: float | None) -> str | None:
    return None if value is None else f"{value:.1%}"


def _range(found: ReliabilityBin) -> str | None:
    return None if found.low is None or found.high is None else f"{found.low:.1%} to {found.high:.1%}"
