"""What sales velocity is made of, exactly, and which part of it drove a change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from math import log
from typing import Any, final

import attrs

from oppcore.funnel.stays import DAY
from oppcore.money import Money, minor_units

__all__ = ["VelocityDriver", "VelocityFactors", "days_of", "find_drivers", "to_money"]


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


@final
@attrs.frozen
class VelocityDriver:
    """What one factor did to the velocity: by which factor it multiplied it, and what that is in money per day.

    The `ratio`s of all drivers multiply to that of the velocities, exactly; their `log`s add up to its logarithm, and
    their `change`s, rounded to the currency's minor unit, to the change of the rounded velocities.
    """

    ratio: Fraction
    log: float
    change: Money

    def detail(self) -> dict[str, Any]:
        """Give the driver as plain data, ready for JSON; the change is a text."""
        return {"ratio": float(self.ratio), "log": self.log, "change": format(self.change.amount, "f")}


def find_drivers(before: VelocityFactors | None, now: VelocityFactors) -> Mapping[str, VelocityDriver]:
    """Give what each factor did to a velocity; nothing where one of the velocities is missing or not above 0.

    The money is split by the logarithmic mean of the velocities, so that nothing is left over.

    Source: Ang (2005), The LMDI approach to decomposition analysis, Energy Policy 33, 867-871.
    """
    old, new = None if before is None else before.velocity, now.velocity
    if before is None or old is None or new is None or old <= 0 or new <= 0:
        return {}
    ratios = {
        "deals": Fraction(now.deals, before.deals),
        "average_value": _over(now.average_value, before.average_value),
        "win_rate": _over(now.win_rate, before.win_rate),
        "cycle_days": _over(before.cycle_days, now.cycle_days),
    }
    weight = old if old == new else (new - old) / Fraction(log(new / old))
    currency = now.value_amount.currency
    changes = {name: to_money(weight * Fraction(log(ratio)), currency) for name, ratio in ratios.items()}
    left = to_money(new, currency) - to_money(old, currency)
    for change in changes.values():
        left -= change
    largest = max(changes, key=lambda name: abs(changes[name].amount))
    changes[largest] += left
    return {name: VelocityDriver(ratio, log(ratio), changes[name]) for name, ratio in ratios.items()}


def to_money(value: Fraction, currency: str) -> Money:
    """Give an exact number as money, rounded to the currency's minor unit."""
    places = minor_units(currency)
    return Money(Decimal(f"{round(value * 10**places)}E-{places}"), currency)


def days_of(span: timedelta) -> Fraction:
    """Give a length of time in days, exactly."""
    return Fraction(span // timedelta.resolution, DAY // timedelta.resolution)


def _over(one: Fraction | None, other: Fraction | None) -> Fraction:
    return Fraction(0) if one is None or not other else one / other
