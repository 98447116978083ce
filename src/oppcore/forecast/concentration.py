"""How much of a whole hangs on few: shares of the largest, and how many equal ones would weigh the same."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any, final

import attrs

from oppcore.money import Money

__all__ = ["Concentration", "measure_concentration"]


@final
@attrs.frozen(kw_only=True)
class Concentration:
    """How unequal amounts are. All shares are exact and lie between 0 and 1; None where the amounts add up to nothing.

    `top_share` is the share of the `top` largest, `herfindahl` the sum of the squared shares (the HHI), and `gini` the
    mean difference between two amounts over twice their mean.
    """

    count: int
    top: int
    top_share: Fraction | None
    herfindahl: Fraction | None
    gini: Fraction | None

    @property
    def effective_number(self) -> Fraction | None:
        """How many equal amounts would be as concentrated: 1 over the sum of the squared shares."""
        return None if self.herfindahl is None else 1 / self.herfindahl

    def detail(self) -> dict[str, Any]:
        """Give the concentration as plain data, ready for JSON."""
        shares = {
            "top_share": self.top_share,
            "herfindahl": self.herfindahl,
            "gini": self.gini,
            "effective_number": self.effective_number,
        }
        return {
            "count": self.count,
            "top": self.top,
            **{name: None if share is None else float(share) for name, share in shares.items()},
        }


def measure_concentration(amounts: Iterable[Money], *, top: int = 1) -> Concentration:
    """Give how much of the sum of amounts in one currency hangs on the largest; of deals, accounts or sellers alike.

    Raises `CurrencyMismatch` for unlike currencies, `ValueError` for amounts below zero and where `top` is below 1.

    >>> found = measure_concentration([Money(amount, "EUR") for amount in (10, 20, 30, 40)])
    >>> float(found.top_share), float(found.herfindahl), float(found.gini)
    (0.4, 0.3, 0.25)

    Source: Herfindahl (1950), Concentration in the Steel Industry; Gini (1912), Variabilità e mutabilità.
    """
    if top < 1:
        message = f"the largest are at least one, not {top}"
        raise ValueError(message)
    ordered = sorted(amounts)
    if ordered and ordered[0].amount < 0:
        message = f"shares are of amounts of zero or more, not {ordered[0]}"
        raise ValueError(message)
    values = [Fraction(money.amount) for money in ordered]
    total = sum(values)
    if not total:
        return Concentration(count=len(values), top=top, top_share=None, herfindahl=None, gini=None)
    count = len(values)
    ranked = sum(place * value for place, value in enumerate(values, start=1))
    return Concentration(
        count=count,
        top=top,
        top_share=sum(values[-top:]) / total,
        herfindahl=sum(value * value for value in values) / (total * total),
        gini=2 * ranked / (count * total) - Fraction(count + 1, count),
    )
