"""The weighted forecast: what was won, and what is open times its probability, per month and currency."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime, tzinfo
from decimal import Context, Decimal
from typing import Any, final

import attrs

from oppcore.errors import Problem
from oppcore.forecast.deals import EXACT, ForecastDeal, add_up, plain, round_once, value_deals
from oppcore.forecast.explanation import ForecastExplanation
from oppcore.forecast.scope import find_scope
from oppcore.forecast.sources import ASKED, EXAMPLES_WARNING, ProbabilitySource, read_sources
from oppcore.history import History
from oppcore.money import Money
from oppcore.periods import as_of_text
from oppcore.pipeline import Numbers, Pipeline
from oppcore.records import Opportunity, Outcome
from oppcore.table import Table

__all__ = ["Forecast", "ForecastRow", "weigh_deals", "weigh_forecast"]

_ROOT = Context(prec=60)


@final
@attrs.frozen(kw_only=True)
class ForecastRow:
    """What one month brings in one currency; `period` is None where no month is known.

    `won` and `open` are exact sums, `weighted_open` the sum of amount times probability, rounded once to the minor
    unit; `expected` is `won` and `weighted_open` together. `variance` is that of what the open deals bring, exactly, if
    each is won or not whatever becomes of the others; deals that hang together make it larger. `count` is the number
    of deals in the row, won and open; `sources` says how many of the open ones are weighed by which source.
    """

    period: str | None
    currency: str
    won: Money
    open: Money
    weighted_open: Money
    variance: Decimal
    won_count: int
    open_count: int
    sources: Mapping[str, int] = attrs.field(factory=dict[str, int], hash=False)

    @property
    def expected(self) -> Money:
        """What was won and what is expected of the open deals."""
        return self.won + self.weighted_open

    @property
    def deviation(self) -> Money:
        """The standard deviation, the root of `variance`, rounded to the minor unit."""
        return round_once(self.variance.sqrt(_ROOT), self.currency)

    @property
    def count(self) -> int:
        """The number of deals."""
        return self.won_count + self.open_count

    def as_record(self) -> dict[str, Any]:
        """Give the row as a dict; amounts are Decimals."""
        return {
            "period": self.period,
            "currency": self.currency,
            "won": self.won.amount,
            "open": self.open.amount,
            "weighted_open": self.weighted_open.amount,
            "expected": self.expected.amount,
            "deviation": self.deviation.amount,
            "count": self.count,
        }


@final
@attrs.frozen(kw_only=True)
class Forecast:
    """A row per month and currency, in that order; deals without a month come last, in rows of their own.

    `deals` are those behind the rows, each with the probability that weighs it and its source. `asked` names the
    sources in the order in which they were asked; `numbers` says whether the probabilities of the stages are a
    template's examples. `left_out` lists the deals that are in no row, and why; lost and abandoned deals bring nothing
    and are not listed.
    """

    as_of: datetime | None
    known_on: datetime | None
    rows: tuple[ForecastRow, ...]
    deals: tuple[ForecastDeal, ...] = attrs.field(repr=False)
    asked: tuple[str, ...] = ASKED
    numbers: Numbers = Numbers.OWN
    left_out: tuple[Problem, ...] = ()

    @property
    def sources(self) -> Mapping[str, int]:
        """By source of probabilities: how many open deals it weighs; those that weigh none are there, too."""
        found = dict.fromkeys(self.asked, 0)
        for deal in self.deals:
            if deal.outcome is Outcome.OPEN and deal.source is not None:
                found[deal.source] += 1
        return found

    @property
    def totals(self) -> tuple[ForecastRow, ...]:
        """One row per currency for all months together, and for what has none; rounded once by itself."""
        return weigh_deals(attrs.evolve(deal, closes_on=None) for deal in self.deals)

    def explain(self) -> ForecastExplanation:
        """Give the deals behind the rows: what each is worth, its probability, who says so, and what it brings."""
        return ForecastExplanation(
            title=f"Deals of the forecast {as_of_text(self.as_of, self.known_on)}",
            deals=self.deals,
            notes=(*map(_sum_up, self.totals), *self.notes()),
            left_out=self.left_out,
        )

    def as_records(self) -> list[dict[str, Any]]:
        """Give one dict per row; amounts are Decimals."""
        return [row.as_record() for row in self.rows]

    def detail(self) -> dict[str, Any]:
        """Give the forecast as plain data, ready for JSON; amounts are texts."""
        return {
            "measure": "forecast",
            "as_of": None if self.as_of is None else self.as_of.isoformat(),
            "known_on": None if self.known_on is None else self.known_on.isoformat(),
            "rows": [
                {key: plain(cell) for key, cell in row.as_record().items()} | {"sources": dict(row.sources)}
                for row in self.rows
            ],
            "probabilities": dict(self.sources),
            "numbers": str(self.numbers),
            "left_out": [problem.detail() for problem in self.left_out],
        }

    def table(self) -> Table:
        """Give the forecast for eyes: a line per month and currency."""
        amounts = ("won", "open", "weighted_open", "expected")
        return Table(
            columns=["period", "currency", *(name.replace("_", " ") for name in amounts), "deals"],
            rows=[
                [row.period, row.currency, *(getattr(row, name).amount for name in amounts), row.count]
                for row in self.rows
            ],
            title=f"Forecast {as_of_text(self.as_of, self.known_on)}",
            notes=self.notes(),
            left_out=self.left_out,
        )

    def notes(self) -> tuple[str, ...]:
        """Say by whose probabilities the open deals are weighed, below a table."""
        said = {"own": "a probability of their own", "stage": "that of their stage"}
        counts = self.sources
        weighed = ", ".join(f"{count:,} by {said.get(name, name)}" for name, count in counts.items())
        notes = [f"{sum(counts.values()):,} open deals weighed: {weighed}"]
        if counts.get("stage") and self.numbers is Numbers.EXAMPLE:
            notes.append(EXAMPLES_WARNING)
        return tuple(notes)

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().html()


def _sum_up(total: ForecastRow) -> str:
    said = f"in all {total.expected} expected: {total.won} won, and {total.weighted_open} weighted of {total.open} open"
    return f"{said} (standard deviation {total.deviation})" if total.open_count else said


def weigh_forecast(
    source: History | Iterable[Opportunity],
    pipeline: Pipeline,
    *,
    probability: Iterable[ProbabilitySource | str] = ASKED,
    as_of: date | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    lenient: bool = False,
) -> Forecast:
    """Give what was won and what is expected of the open deals, per month and currency.

    `source` is a history (as of an instant, as `take_snapshot` has it) or the records of a host as they are now. Open
    deals stand in the month of `expected_close_on`, won ones in that of their closing in `timezone`. `probability`
    holds the sources of probabilities: the first one that says something of a deal weighs it. By default these are the
    deal itself (`own`) and its `stage`; a `ProbabilitySource` asks a model, or what a history taught. Deals without an
    amount, open deals without a probability, and open deals of the category `omitted` are in `left_out`; sums are exact
    and rounded once.

    Raises `UnreadableChanges` for stages that the pipeline does not have, unless `lenient`; `ValueError` where won
    deals need a `timezone` for their month, and for a probability that is none.
    """
    sources = read_sources(probability, pipeline)
    scope = find_scope(source, pipeline, as_of=as_of, known_on=known_on, timezone=timezone, lenient=lenient)
    valued = value_deals(scope, pipeline, sources, timezone=timezone)
    deals = tuple(deal for deal in valued.deals if deal.probability is not None)
    return Forecast(
        as_of=scope.as_of,
        known_on=scope.known_on,
        rows=weigh_deals(deals),
        deals=deals,
        asked=tuple(source.name for source in sources),
        numbers=pipeline.numbers,
        left_out=(*scope.left_out, *valued.problems("amount.missing", "category.omitted", "probability.missing")),
    )


def weigh_deals(deals: Iterable[ForecastDeal]) -> tuple[ForecastRow, ...]:
    """Give a row per month and currency of some deals, each of which has a probability; without a month at the end.

    Source of `variance`: that of a sum of independent amounts a, each won with probability p, is the sum
    of p (1 - p) a².
    """
    cells: dict[tuple[str | None, str], list[ForecastDeal]] = {}
    for deal in deals:
        cells.setdefault((deal.period, deal.amount.currency), []).append(deal)
    order = sorted(cells, key=lambda cell: (cell[0] is None, cell[0] or "", cell[1]))
    return tuple(_row(period, currency, cells[period, currency]) for period, currency in order)


def _row(period: str | None, currency: str, deals: list[ForecastDeal]) -> ForecastRow:
    won = [deal for deal in deals if deal.outcome is Outcome.WON]
    opened = [deal for deal in deals if deal.outcome is Outcome.OPEN]
    return ForecastRow(
        period=period,
        currency=currency,
        won=Money(add_up(deal.amount.amount for deal in won), currency),
        open=Money(add_up(deal.amount.amount for deal in opened), currency),
        weighted_open=round_once(add_up(map(_product, opened)), currency),
        variance=add_up(map(_variance, opened)),
        won_count=len(won),
        open_count=len(opened),
        sources=dict(sorted(Counter(deal.source for deal in opened if deal.source is not None).items())),
    )


def _product(deal: ForecastDeal) -> Decimal:
    return Decimal(0) if deal.product is None else deal.product


def _variance(deal: ForecastDeal) -> Decimal:
    probability = Decimal(0) if deal.probability is None else deal.probability
    spread = EXACT.multiply(probability, EXACT.subtract(Decimal(1), probability))
    return EXACT.multiply(spread, EXACT.multiply(deal.amount.amount, deal.amount.amount))
