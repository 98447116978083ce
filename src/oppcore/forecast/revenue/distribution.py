"""The revenue distribution: how much may come in, how surely, and what it hangs on."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from math import sqrt
from typing import Any, final

import attrs

from oppcore.errors import Problem
from oppcore.forecast.concentration import Concentration, measure_concentration
from oppcore.forecast.revenue.book import Book
from oppcore.forecast.revenue.contributions import DealContribution, find_covariances, list_contributions
from oppcore.forecast.revenue.enumeration import Enumeration
from oppcore.forecast.revenue.spectrum import Spectrum
from oppcore.forecast.revenue.spread import Spread
from oppcore.forecast.revenue.worlds import Worlds
from oppcore.forecast.sources import EXAMPLES_WARNING
from oppcore.funnel.terms import Terms
from oppcore.money import Money
from oppcore.pipeline import Numbers
from oppcore.stats import Probability
from oppcore.table import Table

__all__ = ["RevenueDistribution", "RevenueMethod"]

_MOST_SHOWN = 5


class RevenueMethod(StrEnum):
    """How a revenue distribution is found: `direct`, without drawing anything, or by `simulation` from a seed."""

    DIRECT = "direct"
    SIMULATION = "simulation"


@final
@attrs.frozen(kw_only=True, slots=False)
class RevenueDistribution:
    """What may come in from open deals in one currency, what was won included.

    Quantiles are of revenue: q90 is the amount that is *not exceeded* with a probability of 90 % (some trades call it
    P10). `resolution` is the standard deviation by which the direct method blurs amounts where sums are too many to be
    told apart: what it says of an amount is true, but for less than 0.0001, of one within four times that. It is None
    where nothing is blurred. A simulation has a `seed` and a number of `worlds`; `standard_error` says how far off it
    may be. `terms` say what was asked of a history; None where prospects were given. `numbers` says whether
    probabilities are a template's examples.
    """

    book: Book = attrs.field(repr=False)
    method: RevenueMethod
    dependence: float
    quota: Money | None
    solution: Enumeration | Spectrum | Worlds = attrs.field(repr=False, hash=False)
    terms: Terms | None = None
    numbers: Numbers = Numbers.OWN
    left_out: tuple[Problem, ...] = ()

    @property
    def currency(self) -> str:
        """The currency of every amount."""
        return self.book.currency

    @property
    def won(self) -> Money:
        """What has come in already, and is certain."""
        return self.book.to_money(self.book.won)

    @property
    def count(self) -> int:
        """The number of open deals."""
        return len(self.book.deals)

    @property
    def seed(self) -> int | None:
        """The seed of the simulation."""
        return self.solution.seed if isinstance(self.solution, Worlds) else None

    @property
    def worlds(self) -> int | None:
        """The number of simulated worlds."""
        return len(self.solution.totals) if isinstance(self.solution, Worlds) else None

    @property
    def is_exact(self) -> bool:
        """Whether every probability is an exact fraction."""
        return isinstance(self.solution, Enumeration) and not self.dependence

    @property
    def resolution(self) -> Money | None:
        """The standard deviation by which amounts are blurred; None where they are not."""
        blur = self.solution.blur if isinstance(self.solution, Spectrum) else 0.0
        return self.book.to_money(Fraction(blur)) if blur else None

    @cached_property
    def spread(self) -> Spread:
        """How likely each amount is, in units of the book."""
        return self.solution.spread()

    @cached_property
    def mean(self) -> Money:
        """What is expected: exact and rounded once; of a simulation, the mean over its worlds."""
        if isinstance(self.solution, Worlds):
            return self.book.to_money(Fraction(sum(self.solution.totals), len(self.solution.totals)))
        return self.book.to_money(self.book.mean)

    @cached_property
    def variance(self) -> float:
        """The variance, in squared amounts; of a simulation, that of its worlds."""
        scale = float(100**self.book.decimals)
        if isinstance(self.solution, Worlds):
            totals = self.solution.totals
            middle = sum(totals) / len(totals)
            return sum((total - middle) ** 2 for total in totals) / (len(totals) - 1) / scale
        return max(0.0, sum(self._covariances)) / scale

    @cached_property
    def _covariances(self) -> list[float]:
        return find_covariances(self.book, self.dependence)

    @property
    def sd(self) -> Money:
        """The standard deviation, rounded to the minor unit."""
        return self.book.to_money(Fraction(sqrt(self.variance)) * 10**self.book.decimals)

    def quantile(self, probability: Decimal | Fraction | float) -> Money:
        """Give the smallest amount that is not exceeded with a probability (above 0, below 1).

        Raises `ValueError` for other probabilities.
        """
        if not 0 < probability < 1:
            message = f"a quantile is for a probability above 0 and below 1, not {probability}"
            raise ValueError(message)
        wanted = Fraction(str(probability)) if isinstance(probability, float) else Fraction(probability)
        found = self.spread.quantile(wanted)
        return self.book.to_money(found if isinstance(found, int) else Fraction(found))

    @property
    def q10(self) -> Money:
        """The amount that is exceeded with a probability of 90 %."""
        return self.quantile(Fraction(1, 10))

    @property
    def q50(self) -> Money:
        """The amount that is exceeded as likely as not."""
        return self.quantile(Fraction(1, 2))

    @property
    def q90(self) -> Money:
        """The amount that is exceeded with a probability of 10 %."""
        return self.quantile(Fraction(9, 10))

    def interval(self, confidence: float = 0.8) -> tuple[Money, Money]:
        """Give the amounts between which revenue lies with a probability, as much being left out on either side."""
        outside = (1 - Fraction(str(confidence))) / 2
        return self.quantile(outside), self.quantile(1 - outside)

    def probability_at_least(self, amount: Money) -> Probability:
        """Give the probability (0 to 1) that as much as an amount comes in: exact where `is_exact`.

        Raises `CurrencyMismatch` for an amount in another currency.
        """
        units = self.book.to_units(amount - Money.zero(self.currency))
        found = self.spread.at_least(units)
        return found if self.is_exact else float(found)

    @property
    def quota_probability(self) -> Probability | None:
        """The probability that the quota is reached; None where there is no quota."""
        return None if self.quota is None else self.probability_at_least(self.quota)

    def standard_error(self, amount: Money) -> float | None:
        """Give how far off `probability_at_least` may be, as a standard error; None where nothing was simulated."""
        if not isinstance(self.solution, Worlds):
            return None
        units = self.book.to_units(amount - Money.zero(self.currency))
        return self.solution.error([float(total >= units) for total in self.solution.totals])

    @property
    def mean_error(self) -> Money | None:
        """The standard error of the mean; None where nothing was simulated."""
        if not isinstance(self.solution, Worlds):
            return None
        return self.book.to_money(Fraction(self.solution.error(self.solution.totals)))

    def contributions(self, *, most: int | None = None) -> tuple[DealContribution, ...]:
        """Give what each deal adds, those first that add most to the uncertainty; `most` of them, or all.

        Swings cost time for each deal: of a large book, ask for the first few.
        """
        units = None if self.quota is None else self.book.to_units(self.quota)
        return list_contributions(self.book, self._covariances, self.solution, quota=units, most=most)

    def concentration(self) -> Concentration:
        """Give how much of what is expected of the open deals hangs on the largest."""
        return measure_concentration(
            {deal.id: self.book.to_money(deal.probability * deal.mean) for deal in self.book.deals},
            currency=self.currency,
        )

    def as_records(self) -> list[dict[str, Any]]:
        """Give one dict with the amounts as Decimals, and the probability of the quota."""
        return [
            {
                "currency": self.currency,
                "deals": self.count,
                "won": self.won.amount,
                "mean": self.mean.amount,
                "sd": self.sd.amount,
                "q10": self.q10.amount,
                "q50": self.q50.amount,
                "q90": self.q90.amount,
                "quota": None if self.quota is None else self.quota.amount,
                "quota_probability": None if self.quota_probability is None else float(self.quota_probability),
            }
        ]

    def detail(self) -> dict[str, Any]:
        """Give the distribution as plain data, ready for JSON; amounts are texts, deals the five that matter most."""
        found = {
            key: format(cell, "f") if isinstance(cell, Decimal) else cell for key, cell in self.as_records()[0].items()
        }
        return {
            **({"measure": "revenue"} if self.terms is None else self.terms.detail()),
            **found,
            "numbers": str(self.numbers),
            "method": str(self.method),
            "dependence": self.dependence,
            "exact": self.is_exact,
            "resolution": _text(self.resolution),
            "seed": self.seed,
            "worlds": self.worlds,
            "mean_error": _text(self.mean_error),
            "concentration": self.concentration().ratios(),
            "contributions": [
                {**attrs.asdict(one), "expected": format(one.expected.amount, "f")}
                for one in self.contributions(most=_MOST_SHOWN)
            ],
            "left_out": [problem.detail() for problem in self.left_out],
        }

    def table(self) -> Table:
        """Give the distribution for eyes: how it is spread, and the deals that matter most."""
        lines: list[list[Any]] = [
            ["won already", self.won],
            ["mean", self.mean],
            ["standard deviation", self.sd],
            ["q10 (exceeded in 9 of 10 cases)", self.q10],
            ["q50 (exceeded in half of all cases)", self.q50],
            ["q90 (exceeded in 1 of 10 cases)", self.q90],
        ]
        if self.quota is not None and self.quota_probability is not None:
            lines.append([f"probability of {self.quota} or more", f"{float(self.quota_probability):.1%}"])
        return Table(
            columns=["revenue", self.currency],
            rows=[[name, _shown(cell) if isinstance(cell, Money) else cell] for name, cell in lines],
            title=f"Revenue of {self.count:,} open deals{self._when()}",
            notes=tuple(self._notes()),
            left_out=self.left_out,
        )

    def _when(self) -> str:
        return "" if self.terms is None else f" in {self.terms.periods[0]} {self.terms.text()}"

    def _notes(self) -> list[str]:
        how = "direct"
        if self.worlds is not None:
            how = f"simulation of {self.worlds:,} worlds from seed {self.seed}, standard error {self.mean_error}"
        elif self.is_exact:
            how = "direct, exact"
        elif self.resolution is not None:
            how = f"direct, amounts blurred by {self.resolution}"
        together = f"one shared shock of {self.dependence}" if self.dependence else "none: deals are independent"
        notes = [] if self.terms is None else list(self.terms.notes())
        notes += [f"method: {how}", f"dependence: {together}"]
        if self.numbers is Numbers.EXAMPLE:
            notes.append(EXAMPLES_WARNING)
        for one in self.contributions(most=_MOST_SHOWN):
            if one.variance_share:
                swing = "" if one.swing is None else f", quota {one.swing:+.1%} if won instead of not"
                notes.append(f"{one.opportunity_id}: {one.variance_share:.1%} of the variance{swing}")
        return notes

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().html()


def _text(money: Money | None) -> str | None:
    return None if money is None else format(money.amount, "f")


def _shown(money: Money) -> str:
    return str(money).removesuffix(f" {money.currency}")
