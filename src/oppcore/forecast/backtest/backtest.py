"""The result of a backtest: how good each way of forecasting would have been, on one's own history."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, final

import attrs

from oppcore.errors import Problem
from oppcore.forecast.backtest.league import LeagueRow, MethodComparison, Score
from oppcore.forecast.backtest.methods import NAIVE
from oppcore.forecast.backtest.trial import MethodJudgement, Trial
from oppcore.forecast.scoring.calibration import Calibration, measure_calibration
from oppcore.forecast.sources import EXAMPLES_WARNING
from oppcore.pipeline import Numbers
from oppcore.table import Table

__all__ = ["Backtest"]

_DAY = timedelta(days=1)


@final
@attrs.frozen(kw_only=True)
class Backtest:
    """A league table of methods, the best first by skill in `score`, with what each said at every origin (`trials`).

    `best` is the best of those that judged enough, `comparisons` holds the others of them against it. `recommended` is
    the simplest that is not distinguishably worse; None where `insufficient` says what the history has too little of.
    `numbers` says whether the probabilities of the stages are a template's examples. `left_out` lists the deals that
    are in no figure, and those that are in none of the amounts.
    """

    horizon: timedelta
    score: Score
    alpha: float
    trials: tuple[Trial, ...] = attrs.field(repr=False)
    rows: tuple[LeagueRow, ...]
    best: str | None
    comparisons: tuple[MethodComparison, ...]
    recommended: str | None
    insufficient: tuple[Problem, ...] = ()
    numbers: Numbers = Numbers.OWN
    left_out: tuple[Problem, ...] = ()

    def row(self, method: str) -> LeagueRow:
        """Give the row of a method. Raises `KeyError` where there is none."""
        for row in self.rows:
            if row.method == method:
                return row
        raise KeyError(method)

    def judgements(self, method: str) -> tuple[MethodJudgement, ...]:
        """Give everything a method said, origin by origin, and what came of it. Raises `KeyError` for no method."""
        return tuple(judgement for trial in self.trials for judgement in trial.judgements(method))

    def calibration(self, method: str) -> Calibration:
        """Give whether the probabilities of a method hold, over all origins. Raises `KeyError` for no method."""
        said = self.judgements(method)
        return measure_calibration([one.probability for one in said], [one.won for one in said])

    def as_records(self) -> list[dict[str, Any]]:
        """Give one dict per method; the errors of amounts under the name of the currency."""
        return [_record(row) for row in self.rows]

    def detail(self) -> dict[str, Any]:
        """Give the backtest as plain data, ready for JSON; amounts are texts."""
        return {
            "measure": "backtest",
            "horizon_days": self.horizon / _DAY,
            "origins": [
                {"at": trial.at.isoformat(), "until": trial.until.isoformat(), "deals": len(trial.ids)}
                for trial in self.trials
            ],
            "score": str(self.score),
            "alpha": self.alpha,
            "rows": [row.detail() for row in self.rows],
            "best": self.best,
            "comparisons": [one.detail() for one in self.comparisons],
            "recommended": self.recommended,
            "insufficient_history": [problem.detail() for problem in self.insufficient],
            "numbers": str(self.numbers),
            "left_out": [problem.detail() for problem in self.left_out],
        }

    def table(self) -> Table:
        """Give the league table for eyes: a row per method, the best first."""
        currencies = list(dict.fromkeys(one.currency for row in self.rows for one in row.revenue))
        return Table(
            columns=[
                *("method", "judged", "Brier", "log loss", "slope", "skill"),
                *("wins expected", "wins", "wins bias", "wins WAPE", "in 80 %"),
                *(f"{currency} {name}" for currency in currencies for name in ("bias", "WAPE")),
            ],
            rows=[_cells(row, currencies) for row in self.rows],
            title=f"Backtest: deals won within {self.horizon / _DAY:g} days, foretold at {self._origins()}",
            notes=tuple(self._notes()),
            left_out=self.left_out,
        )

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().html()

    def _origins(self) -> str:
        if not self.trials:
            return "no origin"
        first, last = (trial.at.date().isoformat() for trial in (self.trials[0], self.trials[-1]))
        return f"{len(self.trials):,} origins from {first} to {last}" if len(self.trials) > 1 else f"{first} alone"

    def _notes(self) -> Iterator[str]:
        name = "Brier score" if self.score is Score.BRIER else "log loss"
        yield f"sorted by skill: the share of the {name} of {NAIVE} that is saved on the deals that both judged"
        yield "in 80 %: at how many origins the number of wins lay in the range of 80 % that the probabilities give"
        if self.numbers is Numbers.EXAMPLE and any("pipeline" in row.method for row in self.rows):
            yield EXAMPLES_WARNING
        if self.insufficient:
            yield from (f"insufficient_history: {problem.text()}" for problem in self.insufficient)
        elif self.recommended != self.best:
            yield f"recommended: {self.recommended}, the simplest that is not distinguishably worse than {self.best}"
        elif not self.comparisons:
            yield f"recommended: {self.best}, the only one that judged enough of the deals"
        else:
            tied = [one.method for one in self.comparisons if one.adjusted is None or one.adjusted >= self.alpha]
            rest = f"; not distinguishably worse: {', '.join(tied)}" if tied else ""
            yield f"recommended: {self.best}, the best{rest}"


def _record(row: LeagueRow) -> dict[str, Any]:
    found = {
        "method": row.method,
        "judged": row.judged,
        "deals": row.deals,
        "brier": row.brier,
        "log_loss": row.log_loss,
        "slope": row.slope,
        "skill": row.skill,
        "expected_wins": row.expected_wins,
        "actual_wins": row.actual_wins,
        "coverage": None if row.coverage.value is None else float(row.coverage.value),
        **{f"wins_{name}": getattr(row.wins, name) for name in ("mae", "rmse", "bias", "wape")},
    }
    for one in row.revenue:
        found |= {
            f"{one.currency}_expected": one.expected.amount,
            f"{one.currency}_actual": one.actual.amount,
            **{f"{one.currency}_{name}": getattr(one.accuracy, name) for name in ("bias", "wape")},
        }
    return found


def _cells(row: LeagueRow, currencies: Iterable[str]) -> list[Any]:
    revenue = {one.currency: one.accuracy for one in row.revenue}
    return [
        row.method,
        _figure(row.judged_share, ".1%"),
        _figure(row.brier, ".4f"),
        _figure(row.log_loss, ".4f"),
        _figure(row.slope, ".2f"),
        _figure(row.skill, ".1%"),
        _figure(row.expected_wins, ",.1f"),
        row.actual_wins,
        _figure(row.wins.bias, ".1%"),
        _figure(row.wins.wape, ".1%"),
        f"{row.coverage.numerator} of {row.coverage.denominator}",
        *(
            _figure(getattr(revenue[currency], name) if currency in revenue else None, ".1%")
            for currency in currencies
            for name in ("bias", "wape")
        ),
    ]


@final
@attrs.frozen
class _Figure:
    """A number as a cell of a table shows it."""

    text: str

    def __str__(self) -> str:
        return self.text


def _figure(value: float | None, form: str) -> _Figure | None:
    return None if value is None else _Figure(format(value, form))
