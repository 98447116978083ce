"""The deals of a forecast one by one: what each is worth, how likely it is held to be, and who says so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, tzinfo
from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact, InvalidOperation
from enum import StrEnum
from typing import Any, final

import attrs

from oppcore.errors import Problem
from oppcore.forecast.scope import Scope
from oppcore.forecast.sources import ProbabilitySource
from oppcore.funnel.listing import list_ids
from oppcore.history import Standing
from oppcore.money import Money, minor_units
from oppcore.periods import month_of, to_zone
from oppcore.pipeline import Pipeline
from oppcore.pipeline.estimate import effective_category
from oppcore.records import ForecastCategory, Outcome, State

__all__ = [
    "EXACT",
    "CategorySource",
    "ForecastDeal",
    "ValuedDeals",
    "add_up",
    "plain",
    "round_once",
    "value_deals",
]

# Probabilities that were floats have up to 1,074 decimals; amounts up to 80 digits.
EXACT = Context(prec=2_500, traps=[Inexact, InvalidOperation])
"""Every sum and product of a forecast is exact in this context, or raises `decimal.Inexact`."""
_ROUNDING = Context(prec=2_500, rounding=ROUND_HALF_EVEN)


class CategorySource(StrEnum):
    """Who says in which forecast category a deal is: its outcome, somebody by hand (`own`), its stage, or nobody.

    Where nobody says, an open deal is in `pipeline`.
    """

    OUTCOME = "outcome"
    OWN = "own"
    STAGE = "stage"
    NOBODY = "nobody"


@final
@attrs.frozen(kw_only=True)
class ForecastDeal:
    """One won or open deal of a forecast.

    `closes_on` is the day of the closing of a won deal, and the expected one of an open deal. `source` is the name of
    the source of the probability, `outcome` where the deal is won; both are None where no source knows the deal.
    """

    opportunity_id: str
    state: State
    owner_id: str | None
    closes_on: date | None
    amount: Money
    category: ForecastCategory
    category_source: CategorySource
    probability: Decimal | None
    source: str | None

    @property
    def outcome(self) -> Outcome:
        """Won or open."""
        return self.state.outcome

    @property
    def period(self) -> str | None:
        """The month in which it counts; None where no day is known."""
        return None if self.closes_on is None else month_of(self.closes_on)

    @property
    def product(self) -> Decimal | None:
        """Amount times probability, exactly; None without a probability."""
        return None if self.probability is None else EXACT.multiply(self.amount.amount, self.probability)

    @property
    def weighted(self) -> Money | None:
        """Amount times probability, rounded to the minor unit for the eye: sums are made of what is not rounded."""
        product = self.product
        return None if product is None else round_once(product, self.amount.currency)

    def as_record(self) -> dict[str, Any]:
        """Give the deal as a dict; amounts are Decimals, the probability is a float."""
        weighted = self.weighted
        return {
            "opportunity_id": self.opportunity_id,
            "stage": self.state.stage,
            "outcome": str(self.outcome),
            "owner_id": self.owner_id,
            "closes_on": self.closes_on,
            "period": self.period,
            "currency": self.amount.currency,
            "amount": self.amount.amount,
            "category": str(self.category),
            "category_source": str(self.category_source),
            "probability": None if self.probability is None else float(self.probability),
            "source": self.source,
            "weighted": None if weighted is None else weighted.amount,
        }

    def detail(self) -> dict[str, Any]:
        """Give the deal as plain data, ready for JSON; amounts are texts."""
        return {key: plain(cell) for key, cell in self.as_record().items()}


def plain(cell: Any) -> Any:
    """Give a cell of a record as JSON has it: decimals and days as texts."""
    if isinstance(cell, Decimal):
        return format(cell, "f")
    return cell.isoformat() if isinstance(cell, date) else cell


def add_up(numbers: Iterable[Decimal]) -> Decimal:
    """Give an exact sum."""
    total = Decimal(0)
    for number in numbers:
        total = EXACT.add(total, number)
    return total


def round_once(number: Decimal, currency: str) -> Money:
    """Give an exact sum as money, rounded to the minor unit, ties to the even digit."""
    places = Decimal(1).scaleb(-minor_units(currency))
    return Money(number.quantize(places, context=_ROUNDING), currency)


@final
@attrs.frozen(kw_only=True)
class ValuedDeals:
    """Won and open deals with an amount, not omitted; and by code and stage the ids of those that lack something."""

    deals: tuple[ForecastDeal, ...]
    missing: dict[tuple[str, str], list[str]]

    def problems(self, *codes: str) -> Iterator[Problem]:
        """List the deals that lack something, by these codes."""
        for (code, stage), ids in sorted(self.missing.items()):
            if code in codes:
                yield list_ids(code, ids, stage=stage)


def value_deals(
    scope: Scope, pipeline: Pipeline, sources: Sequence[ProbabilitySource], *, timezone: str | tzinfo | None
) -> ValuedDeals:
    """Give the won and open deals of a scope with their amounts, categories and probabilities.

    Raises `ValueError` where won deals need a `timezone` for their day.
    """
    zone = None if timezone is None else to_zone(timezone)
    deals: list[ForecastDeal] = []
    missing: dict[tuple[str, str], list[str]] = {}
    for standing in scope.standings:
        outcome = standing.outcome
        if outcome is Outcome.LOST or outcome is Outcome.ABANDONED:
            continue
        category, said_by = _category(standing, pipeline)
        probability, source = (Decimal(1), "outcome") if outcome is Outcome.WON else _ask(standing, sources)
        lacks: list[tuple[str, str]] = []
        if standing.amount is None:
            lacks.append(("amount.missing", ""))
        if category is ForecastCategory.OMITTED:
            lacks.append(("category.omitted", ""))
        lost = bool(lacks)
        if probability is None:
            lacks.append(("probability.missing", standing.state.stage))
        for reason in lacks:
            missing.setdefault(reason, []).append(standing.opportunity_id)
        if lost or standing.amount is None:
            continue
        deals.append(
            ForecastDeal(
                opportunity_id=standing.opportunity_id,
                state=standing.state,
                owner_id=standing.owner_id,
                closes_on=standing.expected_close_on if outcome is Outcome.OPEN else _day(standing.closed_at, zone),
                amount=standing.amount,
                category=category,
                category_source=said_by,
                probability=probability,
                source=source,
            )
        )
    return ValuedDeals(deals=tuple(deals), missing=missing)


def _ask(standing: Standing, sources: Sequence[ProbabilitySource]) -> tuple[Decimal | None, str | None]:
    for source in sources:
        if (found := source.ask(standing)) is not None:
            return found, source.name
    return None, None


def _category(standing: Standing, pipeline: Pipeline) -> tuple[ForecastCategory, CategorySource]:
    found = effective_category(pipeline, standing.state, standing.estimate)
    if standing.outcome is not Outcome.OPEN:
        return found, CategorySource.OUTCOME
    if standing.forecast_category is not None:
        return found, CategorySource.OWN
    told = pipeline.stage(standing.state.stage).forecast_category is not None
    return found, CategorySource.STAGE if told else CategorySource.NOBODY


def _day(instant: datetime | None, zone: tzinfo | None) -> date | None:
    if instant is None:
        return None
    if zone is None:
        message = "the day on which a deal was won depends on the time zone: name it, such as timezone='Europe/Berlin'"
        raise ValueError(message)
    return instant.astimezone(zone).date()
