"""The weighted forecast: what was won, and what is open times its probability, per month and currency."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, tzinfo
from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact, InvalidOperation
from typing import Any, final

import attrs

from oppcore.errors import Problem
from oppcore.forecast.scope import Scope, find_scope
from oppcore.history import History, Standing
from oppcore.money import Money, minor_units
from oppcore.periods import as_of_text, month_of
from oppcore.pipeline import Numbers, Pipeline
from oppcore.pipeline.estimate import effective_category, effective_probability
from oppcore.records import ForecastCategory, Opportunity, Outcome
from oppcore.table import Table

__all__ = ["Forecast", "ForecastRow", "weigh_forecast"]

_EXACT = Context(prec=1_000, traps=[Inexact, InvalidOperation])
_ROUNDING = Context(prec=1_000, rounding=ROUND_HALF_EVEN)
_SHOWN = 5
_ZERO = Decimal(0)


@final
@attrs.frozen(kw_only=True)
class ForecastRow:
    """What one month brings in one currency; `period` is None where no month is known.

    `won` and `open` are exact sums, `weighted_open` the sum of amount times probability, rounded once to the minor
    unit; `expected` is `won` and `weighted_open` together. `count` is the number of deals in the row, won and open.
    """

    period: str | None
    currency: str
    won: Money
    open: Money
    weighted_open: Money
    won_count: int
    open_count: int

    @property
    def expected(self) -> Money:
        """What was won and what is expected of the open deals."""
        return self.won + self.weighted_open

    @property
    def count(self) -> int:
        """The number of deals."""
        return self.won_count + self.open_count


@final
@attrs.frozen(kw_only=True)
class Forecast:
    """A row per month and currency, in that order; deals without a month come last, in rows of their own.

    `own_probability` and `stage_probability` count the open deals by whose probability weighs them; `numbers` says
    whether those of the stages are a template's examples. `left_out` lists the deals that are in no row, and why; lost
    and abandoned deals bring nothing and are not listed.
    """

    as_of: datetime | None
    known_on: datetime | None
    rows: tuple[ForecastRow, ...]
    own_probability: int
    stage_probability: int
    numbers: Numbers = Numbers.OWN
    left_out: tuple[Problem, ...] = ()

    def as_records(self) -> list[dict[str, Any]]:
        """Give one dict per row; amounts are Decimals."""
        return [
            {
                "period": row.period,
                "currency": row.currency,
                "won": row.won.amount,
                "open": row.open.amount,
                "weighted_open": row.weighted_open.amount,
                "expected": row.expected.amount,
                "count": row.count,
            }
            for row in self.rows
        ]

    def detail(self) -> dict[str, Any]:
        """Give the forecast as plain data, ready for JSON; amounts are texts."""
        return {
            "measure": "forecast",
            "as_of": None if self.as_of is None else self.as_of.isoformat(),
            "known_on": None if self.known_on is None else self.known_on.isoformat(),
            "rows": [
                {key: format(cell, "f") if isinstance(cell, Decimal) else cell for key, cell in record.items()}
                for record in self.as_records()
            ],
            "probabilities": {"own": self.own_probability, "stage": self.stage_probability},
            "numbers": str(self.numbers),
            "left_out": [problem.detail() for problem in self.left_out],
        }

    def table(self) -> Table:
        """Give the forecast for eyes: a line per month and currency."""
        amounts = ("won", "open", "weighted_open", "expected")
        weighed = self.own_probability + self.stage_probability
        note = f"{weighed:,} open deals weighed: {self.own_probability:,} by a probability of their own"
        notes = [f"{note}, {self.stage_probability:,} by that of their stage"]
        if self.stage_probability and self.numbers is Numbers.EXAMPLE:
            notes.append(
                "the probabilities of the stages are a template's examples, not yours: put your own in their place"
            )
        return Table(
            columns=["period", "currency", *(name.replace("_", " ") for name in amounts), "deals"],
            rows=[
                [row.period, row.currency, *(getattr(row, name).amount for name in amounts), row.count]
                for row in self.rows
            ],
            title=f"Forecast {as_of_text(self.as_of, self.known_on)}",
            notes=tuple(notes),
            left_out=self.left_out,
        )

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().html()


def weigh_forecast(
    source: History | Iterable[Opportunity],
    pipeline: Pipeline,
    *,
    as_of: date | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    lenient: bool = False,
) -> Forecast:
    """Give what was won and what is expected of the open deals, per month and currency.

    `source` is a history (as of an instant, as `take_snapshot` has it) or the records of a host as they are now. Open
    deals stand in the month of `expected_close_on`, won ones in that of their closing in `timezone`. A deal's own
    probability beats that of its stage. Deals without an amount, open deals without a probability, and open deals of
    the category `omitted` are in `left_out`; sums are exact and rounded once.

    Raises `UnreadableChanges` for stages that the pipeline does not have, unless `lenient`; `ValueError` where won
    deals need a `timezone` for their month.
    """
    scope = find_scope(source, pipeline, as_of=as_of, known_on=known_on, timezone=timezone, lenient=lenient)
    return _weigh(scope, pipeline, timezone)


@attrs.define
class _Sums:
    """What has been added up for one row so far."""

    won: Decimal = _ZERO
    open: Decimal = _ZERO
    weighted: Decimal = _ZERO
    won_count: int = 0
    open_count: int = 0


def _weigh(scope: Scope, pipeline: Pipeline, timezone: str | tzinfo | None) -> Forecast:
    sums: dict[tuple[str | None, str], _Sums] = {}
    left_out: dict[tuple[str, str], list[str]] = {}
    own = default = 0
    for standing in scope.standings:
        outcome = standing.outcome
        if outcome is Outcome.LOST or outcome is Outcome.ABANDONED:
            continue
        reasons = list(_reasons(standing, pipeline))
        for reason in reasons:
            left_out.setdefault(reason, []).append(standing.opportunity_id)
        amount = standing.amount
        probability = effective_probability(pipeline, standing.state, standing.estimate)
        if reasons or amount is None or probability is None:
            continue
        day = standing.closed_at if outcome is Outcome.WON else standing.expected_close_on
        period = None if day is None else month_of(day, timezone)
        found = sums.setdefault((period, amount.currency), _Sums())
        if outcome is Outcome.WON:
            found.won = _EXACT.add(found.won, amount.amount)
            found.won_count += 1
        else:
            found.open = _EXACT.add(found.open, amount.amount)
            found.weighted = _EXACT.add(found.weighted, _EXACT.multiply(amount.amount, probability))
            found.open_count += 1
            own += standing.probability is not None
            default += standing.probability is None
    problems = tuple(_problem(code, stage, ids) for (code, stage), ids in sorted(left_out.items()))
    return Forecast(
        as_of=scope.as_of,
        known_on=scope.known_on,
        rows=tuple(_row(period, currency, found) for (period, currency), found in sorted(sums.items(), key=_row_order)),
        own_probability=own,
        stage_probability=default,
        numbers=pipeline.numbers,
        left_out=scope.left_out + problems,
    )


def _reasons(standing: Standing, pipeline: Pipeline) -> Iterator[tuple[str, str]]:
    """Give the code of each reason why a deal cannot be forecast, with the stage that matters for it."""
    if standing.amount is None:
        yield "amount.missing", ""
    if effective_probability(pipeline, standing.state, standing.estimate) is None:
        yield "probability.missing", standing.state.stage
    if effective_category(pipeline, standing.state, standing.estimate) is ForecastCategory.OMITTED:
        yield "category.omitted", ""


def _problem(code: str, stage: str, ids: list[str]) -> Problem:
    first = tuple(ids[:_SHOWN])
    more = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
    path = f"{'opportunity' if len(ids) == 1 else 'opportunities'} {', '.join(first)}{more}"
    params: dict[str, object] = {"count": len(ids), "ids": tuple(ids)}
    return Problem(code, path, {**params, "stage": stage} if stage else params)


def _row_order(item: tuple[tuple[str | None, str], _Sums]) -> tuple[bool, str, str]:
    (period, currency), _ = item
    return period is None, period or "", currency


def _row(period: str | None, currency: str, found: _Sums) -> ForecastRow:
    places = Decimal(1).scaleb(-minor_units(currency))
    return ForecastRow(
        period=period,
        currency=currency,
        won=Money(found.won, currency),
        open=Money(found.open, currency),
        weighted_open=Money(found.weighted.quantize(places, context=_ROUNDING), currency),
        won_count=found.won_count,
        open_count=found.open_count,
    )
