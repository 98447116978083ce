"""What drove a change of sales velocity: exactly, factor by factor."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import log
from typing import Any, final

import attrs

from oppcore.funnel.factors import VelocityFactors, to_money
from oppcore.money import Money

__all__ = ["VelocityDriver", "find_drivers"]


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


def _over(one: Fraction | None, other: Fraction | None) -> Fraction:
    return Fraction(0) if one is None or not other else one / other
