"""A ratio of money: what part of a sum is due to some of the deals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import attrs

from oppcore.money import Money

if TYPE_CHECKING:
    from fractions import Fraction

__all__ = ["Share"]


@final
@attrs.frozen
class Share:
    """One sum of money over another of the same currency, exactly; None where there is nothing to divide by.

    It has no interval: deals are drawn, not units of money.
    """

    numerator: Money
    denominator: Money

    @property
    def value(self) -> Fraction | None:
        """The exact share; None where the denominator is 0."""
        from fractions import Fraction  # slow to import

        below = Fraction(self.denominator.amount)
        return Fraction(self.numerator.amount) / below if below else None

    def __str__(self) -> str:
        return "–" if self.value is None else f"{float(self.value):.1%}"

    def detail(self) -> dict[str, Any]:
        """Give the share as plain data, ready for JSON; amounts are texts."""
        return {
            "numerator": format(self.numerator.amount, "f"),
            "denominator": format(self.denominator.amount, "f"),
            "value": None if self.value is None else float(self.value),
        }
