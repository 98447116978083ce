"""The run rate: what a period will have brought by its end if it goes on as it did, or as earlier periods did."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import date, tzinfo
from fractions import Fraction
from typing import Any, final

import attrs

from oppcore.errors import Problem
from oppcore.forecast.estimates.pace import Pace
from oppcore.forecast.quotas.elapsed import PeriodClock
from oppcore.funnel.listing import list_ids
from oppcore.funnel.terms import Scope, Terms, need_zone, read_scope
from oppcore.history import History, Standing, fold_history
from oppcore.money import Money
from oppcore.periods import Period
from oppcore.pipeline import Pipeline
from oppcore.records import Outcome
from oppcore.table import Table

__all__ = ["RunRate", "RunRateRow", "estimate_run_rate"]

_NAMES = ("won", "linear", "seasonal", "low", "high")
_TENTHS = tuple(Fraction(part, 10) for part in range(1, 11))


@final
@attrs.frozen
class RunRateRow:
    """What was won in one currency, and what will have been by the end of the period, each rounded once."""

    currency: str
    pace: Pace

    @property
    def won(self) -> Money:
        """What was won so far."""
        return Money.nearest(self.pace.won, self.currency)

    @property
    def linear(self) -> Money | None:
        """What will have been won if it goes on as it did so far; None at the very beginning."""
        return self._money(self.pace.linear)

    @property
    def seasonal(self) -> Money | None:
        """What will have been won if it goes on as earlier periods did; None where they had brought nothing by now."""
        return self._money(self.pace.seasonal)

    @property
    def low(self) -> Money | None:
        """The least that follows from any earlier period."""
        return self._money(self.pace.low)

    @property
    def high(self) -> Money | None:
        """The most that follows from any earlier period."""
        return self._money(self.pace.high)

    def _money(self, number: Fraction | None) -> Money | None:
        return None if number is None else Money.nearest(number, self.currency)


@final
@attrs.frozen(kw_only=True)
class RunRate:
    """A row per currency, and the pace of the number of deals; `earlier` are the periods that it is compared with."""

    terms: Terms
    period: Period
    earlier: tuple[Period, ...]
    deals: Pace
    rows: tuple[RunRateRow, ...]
    left_out: tuple[Problem, ...] = ()

    @property
    def elapsed(self) -> Fraction:
        """The share of the period, 0 to 1, that is over: of its time, or of its working days."""
        return self.deals.elapsed

    @property
    def assumes(self) -> str:
        """What must be true for the numbers to be right."""
        return "the rest of the period goes on as it went so far (linear), or as earlier ones went on (seasonal)"

    def row(self, currency: str) -> RunRateRow:
        """Give the row of a currency. Raises `KeyError` where nothing was ever won in it."""
        for row in self.rows:
            if row.currency == currency:
                return row
        raise KeyError(currency)

    def as_records(self) -> list[dict[str, Any]]:
        """Give one dict for the number of deals (its currency is None), and one per currency; amounts are Decimals."""
        found: list[dict[str, Any]] = [
            {"currency": None, **{name: _float(getattr(self.deals, name)) for name in _NAMES}}
        ]
        for row in self.rows:
            amounts = {name: getattr(row, name) for name in _NAMES}
            plain = {name: None if money is None else money.amount for name, money in amounts.items()}
            found.append({"currency": row.currency, **plain})
        return found

    def detail(self) -> dict[str, Any]:
        """Give the run rate as plain data, ready for JSON; amounts are texts."""
        curves = [self.deals, *(row.pace for row in self.rows)]
        return {
            **self.terms.detail(),
            "period": {"start": self.period.start.isoformat(), "end": self.period.end.isoformat()},
            "elapsed": float(self.elapsed),
            "assumes": self.assumes,
            "rows": [
                {
                    **{key: _plain(cell) for key, cell in record.items()},
                    "usual_share": _float(pace.share_at(self.elapsed)),
                    "linearity": [[float(place), _float(pace.share_at(place))] for place in _TENTHS],
                }
                for record, pace in zip(self.as_records(), curves, strict=True)
            ],
            "left_out": [problem.detail() for problem in self.left_out],
        }

    def table(self) -> Table:
        """Give the run rate for eyes: a line for the number of deals, and one per currency."""
        count = len(self.earlier)
        usual = [self.deals, *(row.pace for row in self.rows)]
        return Table(
            columns=["of", "won", "linear", "usual share", "seasonal", "low", "high"],
            rows=[
                [
                    record["currency"] or "deals",
                    record["won"],
                    _shown(record["linear"]),
                    None if (share := pace.share_at(self.elapsed)) is None else f"{float(share):.1%}",
                    *(_shown(record[name]) for name in ("seasonal", "low", "high")),
                ]
                for record, pace in zip(self.as_records(), usual, strict=True)
            ],
            title=f"Run rate of {self.period} {self.terms.text()}",
            notes=(
                f"{float(self.elapsed):.1%} of the period are over; compared with {count} earlier "
                f"{'period' if count == 1 else 'periods'}",
                *self.terms.notes(),
            ),
            left_out=self.left_out,
        )

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().html()


def estimate_run_rate(
    history: History,
    pipeline: Pipeline,
    *,
    period: Period,
    timezone: str | tzinfo,
    past: int = 4,
    working_days: Collection[date] | None = None,
    as_of: date | None = None,
    scope: Scope | None = None,
    known_on: date | None = None,
    lenient: bool = False,
) -> RunRate:
    """Give what will have been won by the end of a period: at the rate so far, and as earlier periods went on.

    Won is what was won in the period up to `as_of`, and still is. The rate so far divides it by the share of the period
    that is over; but sales may come late in a quarter, so that it is also divided by the share that the `past` periods
    before it had brought by the same place, as far as these began after the first deal was opened. Won deals without an
    amount are in the number of deals alone, and are listed. `scope` narrows the deals down. Where `working_days` are
    given, of all the periods, only these count, each when it is over.

    Raises `ValueError` for unknown columns, `past` below 0, and periods without any of the working days;
    `UnreadableChanges` for rows in stages that the pipeline does not have, unless `lenient`.
    """
    if past < 0:
        message = f"the earlier periods are at least 0, not {past}"
        raise ValueError(message)
    zone = need_zone(timezone, "when a period begins")
    folded = fold_history(history, pipeline, as_of=as_of, known_on=known_on, timezone=zone, lenient=lenient)
    deals = [trail.standing for trail in folded.trails if trail.standing is not None]
    first = min((deal.opened_at for deal in deals), default=None)
    earlier = tuple(
        one
        for one in (period.before(count) for count in range(past, 0, -1))
        if first is not None and one.instants(zone)[0] >= first
    )
    terms = Terms(
        measure="run_rate",
        definition="linear: won over the share of the period that is over; seasonal: over the share usual by then",
        as_of=folded.as_of,
        known_on=folded.known_on,
        periods=(*earlier, period),
        timezone=str(zone),
        scope=read_scope(scope, history),
    )
    won = [deal for deal in deals if deal.outcome is Outcome.WON and terms.covers(deal)]
    clocks = [PeriodClock(one, zone, working_days) for one in terms.periods]
    placed = [_place(won, clock) for clock in clocks]
    elapsed = Fraction(0) if folded.as_of is None else clocks[-1].elapsed(folded.as_of)
    unpriced = [deal.opportunity_id for _, deal in placed[-1] if deal.amount is None]
    currencies = sorted({deal.amount.currency for some in placed for _, deal in some if deal.amount is not None})
    return RunRate(
        terms=terms,
        period=period,
        earlier=earlier,
        deals=_pace(placed, elapsed, lambda _: Fraction(1)),
        rows=tuple(RunRateRow(currency, _pace(placed, elapsed, _amount_in(currency))) for currency in currencies),
        left_out=(*folded.left_out, *([list_ids("amount.missing", sorted(unpriced))] if unpriced else [])),
    )


Placed = Sequence[tuple[Fraction, Standing]]


def _place(won: Sequence[Standing], clock: PeriodClock) -> Placed:
    """Give the deals that were won in a period, each with the share of it that was over then."""
    closed = [(deal.closed_at, deal) for deal in won if deal.closed_at is not None]
    return [(clock.place(at), deal) for at, deal in closed if clock.covers(at)]


def _amount_in(currency: str) -> Callable[[Standing], Fraction]:
    def amount(deal: Standing) -> Fraction:
        money = deal.amount
        return Fraction(money.amount) if money is not None and money.currency == currency else Fraction(0)

    return amount


def _pace(placed: Sequence[Placed], elapsed: Fraction, amount: Callable[[Standing], Fraction]) -> Pace:
    *earlier, now = [tuple((place, amount(deal)) for place, deal in some) for some in placed]
    return Pace(won=sum((number for _, number in now), start=Fraction(0)), elapsed=elapsed, earlier=tuple(earlier))


def _plain(cell: Any) -> Any:
    return cell if cell is None or isinstance(cell, float | str) else format(cell, "f")


def _shown(cell: Any) -> Any:
    return f"{cell:,.1f}" if isinstance(cell, float) else cell


def _float(share: Fraction | None) -> float | None:
    return None if share is None else float(share)
