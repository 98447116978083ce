"""The bias of forecasters: who says too much or too little, where that can be told from chance."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from math import exp, log, sqrt
from typing import Any, final

import attrs

from oppcore.errors import Problem
from oppcore.forecast.submissions.judgement import JudgedSubmission
from oppcore.stats.normal import check_confidence
from oppcore.stats.special import beta_quantile_pair
from oppcore.table import Table

__all__ = ["BiasReport", "BiasVerdict", "ForecastBias", "measure_bias"]


class BiasVerdict(StrEnum):
    """Whether somebody says too much (`optimistic`, happy ears), too little (`cautious`, sandbagging), or neither.

    `undecided` where chance would do, `too_few` with fewer than two periods.
    """

    OPTIMISTIC = "optimistic"
    CAUTIOUS = "cautious"
    UNDECIDED = "undecided"
    TOO_FEW = "too_few"


@final
@attrs.frozen(kw_only=True)
class ForecastBias:
    """How many times what came an author said, in the geometric mean over `count` periods; 1 is without bias.

    `low` and `high` hold that factor with the confidence that was asked for; None with fewer than two periods.
    """

    author: str
    count: int
    factor: float
    low: float | None
    high: float | None

    @property
    def verdict(self) -> BiasVerdict:
        """What the interval says: a bias is called so only where 1 is not in it."""
        if self.low is None or self.high is None:
            return BiasVerdict.TOO_FEW
        if self.low > 1:
            return BiasVerdict.OPTIMISTIC
        return BiasVerdict.CAUTIOUS if self.high < 1 else BiasVerdict.UNDECIDED

    def as_record(self) -> dict[str, Any]:
        """Give the bias as a dict."""
        return {
            "author": self.author,
            "count": self.count,
            "factor": self.factor,
            "low": self.low,
            "high": self.high,
            "verdict": str(self.verdict),
        }


@final
@attrs.frozen(kw_only=True)
class BiasReport:
    """The bias of each author, by name. `left_out` lists the submissions of which no ratio to what came exists."""

    confidence: float
    rows: tuple[ForecastBias, ...]
    left_out: tuple[Problem, ...] = ()

    def as_records(self) -> list[dict[str, Any]]:
        """Give one dict per author."""
        return [row.as_record() for row in self.rows]

    def detail(self) -> dict[str, Any]:
        """Give the report as plain data, ready for JSON."""
        return {
            "measure": "forecast_bias",
            "confidence": self.confidence,
            "rows": self.as_records(),
            "left_out": [problem.detail() for problem in self.left_out],
        }

    def table(self) -> Table:
        """Give the report for eyes, a line per author."""
        return Table(
            columns=["author", "periods", "said / came", "interval", "verdict"],
            rows=[
                [
                    row.author,
                    row.count,
                    f"{row.factor:.2f}",
                    None if row.low is None or row.high is None else f"{row.low:.2f} to {row.high:.2f}",
                    str(row.verdict).replace("_", " "),
                ]
                for row in self.rows
            ],
            title="Bias of submissions",
            notes=(
                f"the last submission of each period; intervals hold with {self.confidence:.0%} confidence if the"
                " periods are alike and independent",
            ),
            left_out=self.left_out,
        )

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().html()


def measure_bias(judged: Iterable[JudgedSubmission], *, confidence: float = 0.95) -> BiasReport:
    """Give how many times what came each author said, with an interval.

    Of several submissions of an author on one line and period, such as weekly ones, the last is taken: they do not
    tell of independent errors. Where nothing came or nothing was said there is no ratio; these are listed.

    Source: the mean of log(said / came) and Student's interval around it, as exponentials.
    """
    check_confidence(confidence)
    last: dict[object, JudgedSubmission] = {}
    for row in judged:
        key = row.submission.line
        if key not in last or row.submission.as_of > last[key].submission.as_of:
            last[key] = row
    logs: dict[str, list[float]] = {}
    left_out: list[Problem] = []
    for row in last.values():
        said, came = row.submission.amount, row.actual
        if said.amount > 0 and came.amount > 0:
            logs.setdefault(row.submission.author, []).append(log(float(said.amount) / float(came.amount)))
        else:
            path = f"submission of {row.submission.author} for {row.submission.period}"
            left_out.append(Problem("bias.no_ratio", path, {"have": said, "need": came}))
    rows = tuple(_bias(author, found, confidence) for author, found in sorted(logs.items()))
    return BiasReport(confidence=confidence, rows=rows, left_out=tuple(left_out))


def _bias(author: str, logs: list[float], confidence: float) -> ForecastBias:
    count = len(logs)
    mean = sum(logs) / count
    if count == 1:
        return ForecastBias(author=author, count=1, factor=exp(mean), low=None, high=None)
    freedom = count - 1
    share, rest = beta_quantile_pair(confidence, 0.5, freedom / 2)  # of t² / (freedom + t²)
    half = sqrt(freedom * share / rest * sum((one - mean) ** 2 for one in logs) / freedom / count)
    return ForecastBias(author=author, count=count, factor=exp(mean), low=exp(mean - half), high=exp(mean + half))
