"""Suppositions: what is supposed of a deal to be otherwise than it is."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, final

import attrs

from oppcore.forecast.deals import ForecastDeal
from oppcore.forecast.weighted import Forecast
from oppcore.money import Money
from oppcore.periods import Period
from oppcore.records import Outcome
from oppcore.records.checks import key_text, optional_probability

__all__ = ["SUPPOSED", "Lever", "Supposition", "lose_biggest"]

SUPPOSED = "supposed"
"""The source of the probability of a deal of which another one is supposed."""


class Lever(StrEnum):
    """What is supposed of a deal to be otherwise: its amount, probability or expected close date; or it is lost."""

    AMOUNT = "amount"
    PROBABILITY = "probability"
    CLOSE_DATE = "close_date"
    LOST = "lost"


def _day(_instance: Any, attribute: Any, value: Any) -> None:
    if value is not None and type(value) is not date:
        message = f"{attribute.name} is a date, not {type(value).__name__}"
        raise TypeError(message)


@final
@attrs.frozen(kw_only=True)
class Supposition:
    """What is supposed of one open deal; None stands for what it is. A deal that is lost has nothing else."""

    opportunity_id: str = attrs.field(validator=key_text)
    amount: Money | None = None
    probability: Decimal | None = attrs.field(default=None, validator=optional_probability)
    closes_on: date | None = attrs.field(default=None, validator=_day)
    lost: bool = False

    def __attrs_post_init__(self) -> None:
        levers = self.levers
        if not levers or (self.lost and len(levers) > 1):
            message = f"of {self.opportunity_id} either something is supposed, or that it is lost and nothing else"
            raise ValueError(message)

    @property
    def levers(self) -> tuple[Lever, ...]:
        """What is supposed to be otherwise."""
        said = {
            Lever.AMOUNT: self.amount is not None,
            Lever.PROBABILITY: self.probability is not None,
            Lever.CLOSE_DATE: self.closes_on is not None,
            Lever.LOST: self.lost,
        }
        return tuple(lever for lever, is_said in said.items() if is_said)

    def apply(self, deal: ForecastDeal, levers: Iterable[Lever] | None = None) -> ForecastDeal | None:
        """Give the deal with what is supposed, or with some of it; None where it is lost."""
        for lever in self.levers if levers is None else levers:
            match lever:
                case Lever.AMOUNT if self.amount is not None:
                    deal = attrs.evolve(deal, amount=self.amount)
                case Lever.PROBABILITY:
                    deal = attrs.evolve(deal, probability=self.probability, source=SUPPOSED)
                case Lever.CLOSE_DATE:
                    deal = attrs.evolve(deal, closes_on=self.closes_on)
                case _:
                    return None
        return deal


def lose_biggest(
    forecast: Forecast, *, currency: str, count: int = 1, period: Period | None = None
) -> tuple[Supposition, ...]:
    """Suppose that the largest open deals are lost, by amount: of all, or of those that are to close in a period."""
    deals = [
        deal
        for deal in forecast.deals
        if deal.outcome is Outcome.OPEN
        and deal.amount.currency == currency
        and (period is None or (deal.closes_on is not None and deal.closes_on in period))
    ]
    largest = sorted(deals, key=lambda deal: (deal.amount.amount.copy_negate(), deal.opportunity_id))[:count]
    return tuple(Supposition(opportunity_id=deal.opportunity_id, lost=True) for deal in largest)
