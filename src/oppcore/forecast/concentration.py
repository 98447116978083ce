"""Concentration: how much of a sum hangs on a few deals, accounts or people."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, final

import attrs

from oppcore.errors import CurrencyMismatch
from oppcore.funnel.share import Share
from oppcore.money import Money, sum_by_currency
from oppcore.table import Table

__all__ = ["Concentration", "measure_concentration"]

_SHOWN = 5


@final
@attrs.frozen(kw_only=True)
class Concentration:
    """Amounts by whose they are, the largest first; none is below zero. Without a total there is no share of it.

    Source: Herfindahl and Hirschman's index is the sum of squared shares; Gini's is half the mean difference of two
    amounts over their mean.
    """

    total: Money
    amounts: Mapping[str, Money] = attrs.field(hash=False)

    def top(self, count: int = 1) -> Share:
        """Give the share of the largest amounts. Raises `ValueError` for a count below one."""
        if count < 1:
            message = f"the largest are one or more, not {count}"
            raise ValueError(message)
        largest = list(self.amounts.values())[:count]
        return Share(sum(largest, start=Money.zero(self.total.currency)), self.total)

    @property
    def herfindahl(self) -> Fraction | None:
        """The sum of the squared shares: 1 where one has it all, 1/n where n have the same."""
        shares = self._shares()
        return sum((share**2 for share in shares), start=Fraction(0)) if shares else None

    @property
    def effective_number(self) -> Fraction | None:
        """How many equal amounts would be as concentrated: 1 over `herfindahl`."""
        return None if self.herfindahl is None else 1 / self.herfindahl

    @property
    def gini(self) -> Fraction | None:
        """0 where all have the same, up to 1 - 1/n where one has it all."""
        shares = self._shares()
        count = len(shares)
        ranked = enumerate(reversed(shares), start=1)
        return (
            sum(((2 * rank - count - 1) * share for rank, share in ranked), start=Fraction(0)) / count
            if count
            else None
        )

    def _shares(self) -> list[Fraction]:
        total = Fraction(self.total.amount)
        return [Fraction(money.amount) / total for money in self.amounts.values()] if total else []

    def ratios(self) -> dict[str, Any]:
        """Give the share of the largest, and the three ratios, as plain data."""
        ratios = {"herfindahl": self.herfindahl, "effective_number": self.effective_number, "gini": self.gini}
        return {
            "largest": self.top().detail(),
            **{name: None if ratio is None else float(ratio) for name, ratio in ratios.items()},
        }

    def as_records(self) -> list[dict[str, Any]]:
        """Give one dict per amount, with its share."""
        shares = self._shares()
        return [
            {
                "of": name,
                "currency": money.currency,
                "amount": money.amount,
                "share": float(shares[place]) if shares else None,
            }
            for place, (name, money) in enumerate(self.amounts.items())
        ]

    def detail(self) -> dict[str, Any]:
        """Give the concentration as plain data, ready for JSON; amounts are texts."""
        return {
            "measure": "concentration",
            "currency": self.total.currency,
            "total": format(self.total.amount, "f"),
            **self.ratios(),
            "amounts": [{**line, "amount": format(line["amount"], "f")} for line in self.as_records()],
        }

    def table(self) -> Table:
        """Give the largest amounts for eyes, and how concentrated all are."""
        lines = self.as_records()[:_SHOWN]
        ratios = [
            f"{name} {'–' if ratio is None else f'{float(ratio):.2f}'}"
            for name, ratio in (
                ("Herfindahl", self.herfindahl),
                ("as many as equal ones:", self.effective_number),
                ("Gini", self.gini),
            )
        ]
        return Table(
            columns=["of", "amount", "share"],
            rows=[
                [line["of"], line["amount"], None if line["share"] is None else f"{line['share']:.1%}"]
                for line in lines
            ],
            title=f"The {len(lines)} largest of {len(self.amounts):,}, {self.total} in all",
            notes=("; ".join(ratios),),
        )

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().html()


def measure_concentration(amounts: Mapping[str, Money], *, currency: str) -> Concentration:
    """Give how much of a sum hangs on its largest parts, such as the committed deals of a quarter.

    >>> deals = {"a": Money("10", "EUR"), "b": Money("20", "EUR"), "c": Money("30", "EUR"), "d": Money("40", "EUR")}
    >>> found = measure_concentration(deals, currency="EUR")
    >>> found.top().value, found.herfindahl, found.gini
    (Fraction(2, 5), Fraction(3, 10), Fraction(1, 4))

    Raises `ValueError` for amounts below zero, `CurrencyMismatch` for amounts in another currency.
    """
    for name, money in amounts.items():
        if money.currency != currency:
            raise CurrencyMismatch(currency, money.currency)
        if money.amount < 0:
            message = f"shares are of amounts that are not below zero, as {money} of {name} is"
            raise ValueError(message)
    ordered = sorted(amounts.items(), key=lambda one: (one[1].amount.copy_negate(), one[0]))
    return Concentration(
        total=sum_by_currency((Money.zero(currency), *amounts.values()))[currency], amounts=dict(ordered)
    )
