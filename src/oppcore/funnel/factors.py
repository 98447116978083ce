"""What sales velocity is made of, exactly: deals, their mean value, the share won of them, and how long it takes."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any, final

import attrs

from oppcore.funnel.buckets import Bucket, BucketTally
from oppcore.funnel.stays import DAY
from oppcore.money import Money, minor_units
from oppcore.periods import Period
from oppcore.records import Outcome

__all__ = ["Heading", "VelocityDeals", "VelocityFactors", "VelocityValue", "find_factors", "to_money"]

Heading = tuple[Period, Outcome, str]
"""The period, the outcome at its end (closed ones: closed in it), and the currency."""


class VelocityDeals(StrEnum):
    """Which deals are multiplied: those `open` at the end of the period, those `worked` in it (open at its end, or
    closed in it), or those `closed` in it (won or lost).
    """

    OPEN = "open"
    WORKED = "worked"
    CLOSED = "closed"


class VelocityValue(StrEnum):
    """Whose mean amount is the value of a deal: that of those `won` in the period, or of `all` that are multiplied."""

    WON = "won"
    ALL = "all"


@final
@attrs.frozen(kw_only=True)
class VelocityFactors:
    """What a velocity is made of: deals, their mean value, the share won of them, and the days it takes.

    `value_amount` is the sum of `valued` deals, `cycle_days` the mean of the `won` ones. Each is exact, and None where
    there is nothing to divide by; so is `velocity`, the money per day, where one of them is missing or the cycle is 0.
    """

    deals: int
    value_amount: Money
    valued: int
    won: int
    lost: int
    won_days: Fraction

    @property
    def average_value(self) -> Fraction | None:
        """The mean amount, in the currency."""
        return Fraction(self.value_amount.amount) / self.valued if self.valued else None

    @property
    def win_rate(self) -> Fraction | None:
        """Won over won and lost."""
        return Fraction(self.won, self.won + self.lost) if self.won + self.lost else None

    @property
    def cycle_days(self) -> Fraction | None:
        """The mean days from the creation of a deal until it was won."""
        return self.won_days / self.won if self.won else None

    @property
    def velocity(self) -> Fraction | None:
        """Deals times mean value times win rate over cycle, in money per day."""
        value, rate, days = self.average_value, self.win_rate, self.cycle_days
        if not self.deals or value is None or rate is None or not days:
            return None
        return self.deals * value * rate / days

    def detail(self) -> dict[str, Any]:
        """Give the factors as plain data, ready for JSON; amounts are texts."""
        value, currency = self.average_value, self.value_amount.currency
        return {
            "deals": self.deals,
            "average_value": None if value is None else format(to_money(value, currency).amount, "f"),
            "win_rate": None if self.win_rate is None else float(self.win_rate),
            "cycle_days": None if self.cycle_days is None else float(self.cycle_days),
            "velocity": None if self.velocity is None else format(to_money(self.velocity, currency).amount, "f"),
            "won": self.won,
            "lost": self.lost,
        }


def find_factors(
    tally: BucketTally[Heading], period: Period, currency: str, deals: VelocityDeals, value: VelocityValue
) -> VelocityFactors:
    """Give the factors of a period in a currency."""
    found = {outcome: tally.bucket((period, outcome, currency)) for outcome in Outcome}
    won, lost = found[Outcome.WON], found[Outcome.LOST]
    counted = {
        VelocityDeals.OPEN: [found[Outcome.OPEN]],
        VelocityDeals.WORKED: list(found.values()),
        VelocityDeals.CLOSED: [won, lost],
    }[deals]
    valued = [won] if value is VelocityValue.WON else counted
    return VelocityFactors(
        deals=_number(counted),
        value_amount=sum((one.amounts[currency] for one in valued if one.count), Money.zero(currency)),
        valued=_number(valued),
        won=won.count,
        lost=lost.count,
        won_days=_days_of(won.duration),
    )


def _number(buckets: list[Bucket]) -> int:
    return sum(bucket.count for bucket in buckets)


def to_money(value: Fraction, currency: str) -> Money:
    """Give an exact number as money, rounded to the currency's minor unit."""
    places = minor_units(currency)
    return Money(Decimal(f"{round(value * 10**places)}E-{places}"), currency)


def _days_of(span: timedelta) -> Fraction:
    """Give a length of time in days, exactly."""
    return Fraction(span // timedelta.resolution, DAY // timedelta.resolution)
