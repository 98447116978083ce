"""The category forecast: closed, commit, most likely, best case, pipeline; each by itself and with the surer ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any, final

import attrs

from oppcore.errors import Problem
from oppcore.forecast.category_figures import CATEGORIES, RollUpMethod, counts_in
from oppcore.forecast.deals import EXACT, CategorySource, ForecastDeal, add_up, plain, value_deals
from oppcore.forecast.explanation import ForecastExplanation
from oppcore.forecast.scope import find_scope
from oppcore.funnel.listing import list_ids
from oppcore.history import History
from oppcore.money import Money, sum_by_currency
from oppcore.periods import Period, as_of_text
from oppcore.pipeline import Pipeline
from oppcore.records import ForecastCategory, Opportunity, Outcome
from oppcore.table import Table

__all__ = ["CategoryForecast", "CategoryRow", "forecast_categories"]

_ZERO = Decimal(0)


@final
@attrs.frozen(kw_only=True)
class CategoryRow:
    """One category in one month and currency; `period` is None where no month is known.

    `single` is the sum of the `count` deals in the category; `own` of them (`own_count`) were put there by hand,
    against what their stage says. `cumulative` is the sum with all surer categories; of `pipeline` it is all that is
    open.
    """

    period: str | None
    currency: str
    category: ForecastCategory
    single: Money
    cumulative: Money
    count: int
    own: Money
    own_count: int

    def as_record(self) -> dict[str, Any]:
        """Give the row as a dict; amounts are Decimals."""
        return {
            "period": self.period,
            "currency": self.currency,
            "category": str(self.category),
            "single": self.single.amount,
            "cumulative": self.cumulative.amount,
            "count": self.count,
            "own": self.own.amount,
            "own_count": self.own_count,
        }


@final
@attrs.frozen(kw_only=True)
class CategoryForecast:
    """Five rows, the surest category first, per month and currency; deals without a month come last.

    `deals` are those behind the rows, each with its category and who says so. `left_out` lists those that are in no
    row: omitted ones, those without an amount, and open ones that somebody put in `closed`. Lost and abandoned deals
    are not listed. No probability is used.
    """

    as_of: datetime | None
    known_on: datetime | None
    rows: tuple[CategoryRow, ...]
    deals: tuple[ForecastDeal, ...] = attrs.field(repr=False)
    left_out: tuple[Problem, ...] = ()

    def row(self, period: str | None, currency: str, category: ForecastCategory | str) -> CategoryRow:
        """Give one row. Raises `LookupError` where no deal counts in that month and currency."""
        wanted = ForecastCategory(category)
        for row in self.rows:
            if (row.period, row.currency, row.category) == (period, currency, wanted):
                return row
        message = f"no deal of this forecast counts in {period} and {currency}, or {wanted} is not forecast"
        raise LookupError(message)

    def find_deals(
        self,
        category: ForecastCategory | str,
        *,
        period: Period | None = None,
        method: RollUpMethod | str = RollUpMethod.CUMULATIVE,
    ) -> tuple[ForecastDeal, ...]:
        """Give the deals in the figure of a category, in any currency; all of them, or those that close in a period."""
        wanted, how = ForecastCategory(category), RollUpMethod(method)
        return tuple(
            deal
            for deal in self.deals
            if counts_in(deal, wanted, method=how)
            and (period is None or (deal.closes_on is not None and deal.closes_on in period))
        )

    def amounts_by_owner(
        self,
        category: ForecastCategory | str,
        *,
        currency: str,
        period: Period | None = None,
        method: RollUpMethod | str = RollUpMethod.CUMULATIVE,
    ) -> dict[str | None, Money]:
        """Give each owner's own figure of a category in one currency, for `roll_up`; None is the deals of nobody."""
        found: dict[str | None, list[Money]] = {}
        for deal in self.find_deals(category, period=period, method=method):
            if deal.amount.currency == currency:
                found.setdefault(deal.owner_id, []).append(deal.amount)
        return {owner: sum_by_currency(amounts)[currency] for owner, amounts in found.items()}

    def explain(self) -> ForecastExplanation:
        """Give the deals behind the rows: what each is worth, its category, and who says so."""
        return ForecastExplanation(
            title=f"Deals of the category forecast {as_of_text(self.as_of, self.known_on)}",
            deals=self.deals,
            notes=(*self._totals(), self._note()),
            left_out=self.left_out,
        )

    def as_records(self) -> list[dict[str, Any]]:
        """Give one dict per row; amounts are Decimals."""
        return [row.as_record() for row in self.rows]

    def detail(self) -> dict[str, Any]:
        """Give the forecast as plain data, ready for JSON; amounts are texts."""
        return {
            "measure": "category_forecast",
            "as_of": None if self.as_of is None else self.as_of.isoformat(),
            "known_on": None if self.known_on is None else self.known_on.isoformat(),
            "rows": [{key: plain(cell) for key, cell in record.items()} for record in self.as_records()],
            "categories": {str(source): count for source, count in self._sources().items()},
            "left_out": [problem.detail() for problem in self.left_out],
        }

    def _sources(self) -> dict[CategorySource, int]:
        found = dict.fromkeys(CategorySource, 0)
        for deal in self.deals:
            found[deal.category_source] += 1
        return found

    def _totals(self) -> Iterator[str]:
        together = _rows(attrs.evolve(deal, closes_on=None) for deal in self.deals)
        for currency in dict.fromkeys(row.currency for row in together):
            said = [f"{_word(row.category)} {row.single}" for row in together if row.currency == currency]
            yield f"in all {', '.join(said)}"

    def _note(self) -> str:
        counts = self._sources()
        opened = sum(counts.values()) - counts[CategorySource.OUTCOME]
        note = f"{opened:,} open deals: {counts[CategorySource.OWN]:,} in a category chosen by hand"
        note += f", {counts[CategorySource.STAGE]:,} in that of their stage"
        if counts[CategorySource.NOBODY]:
            note += f", {counts[CategorySource.NOBODY]:,} in pipeline because nobody says otherwise"
        return note

    def table(self) -> Table:
        """Give the forecast for eyes: a line per month, currency and category."""
        return Table(
            columns=["period", "currency", "category", "single", "cumulative", "deals", "by hand"],
            rows=[
                [
                    row.period,
                    row.currency,
                    _word(row.category),
                    row.single.amount,
                    row.cumulative.amount,
                    row.count,
                    row.own_count,
                ]
                for row in self.rows
            ],
            title=f"Category forecast {as_of_text(self.as_of, self.known_on)}",
            notes=(
                self._note(),
                "cumulative: with all surer categories; pipeline: all that is open, without what is closed",
            ),
            left_out=self.left_out,
        )

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().html()


def _word(category: ForecastCategory) -> str:
    return str(category).replace("_", " ")


def forecast_categories(
    source: History | Iterable[Opportunity],
    pipeline: Pipeline,
    *,
    as_of: date | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    lenient: bool = False,
) -> CategoryForecast:
    """Give what is closed, committed, most likely, possible and in the pipeline, per month and currency.

    `source`, the months and the settings are those of `weigh_forecast`. Won deals are closed. An open deal is in its
    own category where somebody chose one by hand, else in that of its stage, else in `pipeline`. Amounts are not
    weighted and exact.

    Raises `UnreadableChanges` for stages that the pipeline does not have, unless `lenient`; `ValueError` where won
    deals need a `timezone` for their month.
    """
    scope = find_scope(source, pipeline, as_of=as_of, known_on=known_on, timezone=timezone, lenient=lenient)
    valued = value_deals(scope, pipeline, (), timezone=timezone)
    premature = [
        deal.opportunity_id
        for deal in valued.deals
        if deal.outcome is Outcome.OPEN and deal.category is ForecastCategory.CLOSED
    ]
    deals = tuple(
        deal for deal in valued.deals if not (deal.outcome is Outcome.OPEN and deal.category is ForecastCategory.CLOSED)
    )
    listed = [list_ids("category.closed", premature)] if premature else []
    return CategoryForecast(
        as_of=scope.as_of,
        known_on=scope.known_on,
        rows=_rows(deals),
        deals=deals,
        left_out=(*scope.left_out, *valued.problems("amount.missing", "category.omitted"), *listed),
    )


def _rows(deals: Iterable[ForecastDeal]) -> tuple[CategoryRow, ...]:
    cells: dict[tuple[str | None, str], dict[ForecastCategory, list[ForecastDeal]]] = {}
    for deal in deals:
        found = cells.setdefault((deal.period, deal.amount.currency), {category: [] for category in CATEGORIES})
        found[deal.category].append(deal)
    rows: list[CategoryRow] = []
    for (period, currency), found in sorted(cells.items(), key=lambda cell: (cell[0][0] is None, *map(str, cell[0]))):
        so_far = closed = _ZERO
        for category in CATEGORIES:
            own = [deal for deal in found[category] if deal.category_source is CategorySource.OWN]
            single = _sum(found[category])
            so_far = EXACT.add(so_far, single)
            if category is ForecastCategory.CLOSED:
                closed = single
            is_open = category is ForecastCategory.PIPELINE
            rows.append(
                CategoryRow(
                    period=period,
                    currency=currency,
                    category=category,
                    single=Money(single, currency),
                    cumulative=Money(EXACT.subtract(so_far, closed) if is_open else so_far, currency),
                    count=len(found[category]),
                    own=Money(_sum(own), currency),
                    own_count=len(own),
                )
            )
    return tuple(rows)


def _sum(deals: Iterable[ForecastDeal]) -> Decimal:
    return add_up(deal.amount.amount for deal in deals)
