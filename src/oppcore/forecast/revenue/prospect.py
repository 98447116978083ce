"""What may come in: one deal with its chance, what it may be worth, and when it may close."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import isfinite
from typing import Any, final

import attrs

from oppcore.money import Money
from oppcore.periods import Period

__all__ = ["AmountRange", "CloseRange", "Prospect"]


@final
@attrs.frozen(kw_only=True)
class AmountRange:
    """An amount that is not fixed yet: `low` at least, `high` at most, `likely` the most likely (a triangular law).

    Raises `CurrencyMismatch` for unlike currencies, `ValueError` where the three are not in this order.
    """

    low: Money
    likely: Money
    high: Money

    def __attrs_post_init__(self) -> None:
        if not self.low <= self.likely <= self.high:
            message = f"an amount range goes from low over likely to high, not {self.low}, {self.likely}, {self.high}"
            raise ValueError(message)


@final
@attrs.frozen(kw_only=True)
class CloseRange:
    """A close date that is not fixed yet: `earliest`, most `likely` and `latest` day (a triangular law).

    Raises `ValueError` where the three are not in this order.
    """

    earliest: date
    likely: date
    latest: date

    def __attrs_post_init__(self) -> None:
        if not self.earliest <= self.likely <= self.latest:
            message = (
                "a close range goes from earliest over likely to latest,"
                f" not {self.earliest}, {self.likely}, {self.latest}"
            )
            raise ValueError(message)

    def chance_in(self, period: Period) -> Fraction:
        """Give the probability (0 to 1, exactly) that the close date lies in a period.

        Days are stretches of time: the range goes from the start of `earliest` to the end of `latest`, and is most
        likely in the middle of the day `likely`.

        >>> may_or_june = CloseRange(earliest=date(2026, 5, 1), likely=date(2026, 5, 31), latest=date(2026, 6, 30))
        >>> round(float(may_or_june.chance_in(Period(date(2026, 5, 1), date(2026, 6, 1)))), 3)
        0.516
        """
        return self._before(period.end) - self._before(period.start)

    def _before(self, day: date) -> Fraction:
        """The probability that it closes before a day begins."""
        start, end = 0, 2 * ((self.latest - self.earliest).days + 1)  # in half days
        peak = 2 * (self.likely - self.earliest).days + 1
        place = min(max(2 * (day - self.earliest).days, start), end)
        if place <= peak:
            return Fraction(place * place, end * peak)
        return 1 - Fraction((end - place) ** 2, end * (end - peak))


def _probability(_instance: Any, attribute: Any, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal, Fraction)):
        message = f"the {attribute.name} of a prospect is a number from 0 to 1, not {type(value).__name__}"
        raise TypeError(message)
    if not (isfinite(value) and 0 <= value <= 1):
        message = f"the {attribute.name} of a prospect lies between 0 and 1, not {value}"
        raise ValueError(message)


def _amount(_instance: Any, _attribute: Any, value: Any) -> None:
    lowest = value.low if isinstance(value, AmountRange) else value
    if lowest.amount < 0:
        message = f"a prospect brings nothing or more, not {lowest}"
        raise ValueError(message)


@final
@attrs.frozen(kw_only=True)
class Prospect:
    """An open deal as a chance: won with `probability` (0 to 1), and then worth `amount`.

    `closes` is the probability that it closes within the time looked at, if it is won at all; `CloseRange.chance_in`
    gives it. An amount of a range is drawn independently of everything else.

    Raises `ValueError` for probabilities outside 0 to 1 and for amounts below zero.
    """

    id: str
    probability: Decimal | Fraction | float = attrs.field(validator=_probability)
    amount: Money | AmountRange = attrs.field(validator=_amount)
    closes: Decimal | Fraction | float = attrs.field(default=1, validator=_probability)

    @property
    def chance(self) -> Fraction:
        """The probability that it is won and closes within the time: the product of the two, exactly."""
        return Fraction(self.probability) * Fraction(self.closes)

    @property
    def currency(self) -> str:
        """The currency of the amount."""
        return self.corners[0].currency

    @property
    def corners(self) -> tuple[Money, Money, Money]:
        """The least, the most likely and the largest amount: three times the same where it is fixed."""
        if isinstance(self.amount, AmountRange):
            return self.amount.low, self.amount.likely, self.amount.high
        return self.amount, self.amount, self.amount
