"""What each deal adds to a book: to what is expected, to the uncertainty, and to the odds of a quota."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fractions import Fraction
from typing import Protocol, final

import attrs

from oppcore.forecast.revenue.book import Book, Chance
from oppcore.forecast.revenue.cumulants import Moments, raw_moments
from oppcore.forecast.revenue.shock import Shock, threshold
from oppcore.money import Money

__all__ = ["DealContribution", "Solution", "find_covariances", "list_contributions"]

_SHOCKS = 97


class Solution(Protocol):
    """A book whose distribution is found, and which can say how much depends on single deals."""

    def swings(self, deals: Collection[Chance], amount: Fraction) -> dict[str, float]:
        """Give by how much more likely it is that an amount comes in if a deal is won than if it is not."""
        ...


@final
@attrs.frozen(kw_only=True)
class DealContribution:
    """What one deal adds to a revenue distribution.

    `expected` is its probability times its mean amount, rounded once; `expected_share` its share of what is expected of
    all open deals; `variance_share` its share of the variance, by its covariance with the sum: the shares of all deals
    add up to 1. `swing` is by how much more likely the quota is reached if the deal is won than if it is not; None
    where there is no quota, or the deal is certain. Shares are None where there is nothing to share.
    """

    opportunity_id: str
    probability: float
    expected: Money
    expected_share: float | None
    variance_share: float | None
    swing: float | None


def find_covariances(book: Book, dependence: float) -> list[float]:
    """Give the covariance of each deal with the sum of all, in squared units; together they are its variance."""
    if not dependence:
        found: list[float] = []
        for deal in book.deals:
            chance = float(deal.probability)
            mean, square, *_ = raw_moments(deal)
            found.append(chance * (square - chance * mean * mean))
        return found
    shock = Shock.of(dependence, _SHOCKS)
    means = [given.mean for given in Moments.of(book.deals).given(shock)]
    whole = sum(weight * mean for weight, mean in zip(shock.weights, means, strict=True))
    weighted = [weight * (mean - whole) for weight, mean in zip(shock.weights, means, strict=True)]
    seen: dict[float, tuple[float, float]] = {}
    found = []
    for deal in book.deals:
        chance = float(deal.probability)
        if chance not in seen:
            chances = shock.chances(chance, threshold(chance))
            shared = sum(p * mean for p, mean in zip(chances, weighted, strict=True))
            both = sum(weight * p * p for weight, p in zip(shock.weights, chances, strict=True))
            seen[chance] = (shared, both) if 0 < chance < 1 else (0.0, chance)
        shared, both = seen[chance]
        mean, square, *_ = raw_moments(deal)
        found.append(mean * shared + chance * square - both * mean * mean)
    return found


def list_contributions(
    book: Book, covariances: Sequence[float], solution: Solution, *, quota: Fraction | None, most: int | None
) -> tuple[DealContribution, ...]:
    """Give what each deal adds, those first that add most to the uncertainty; `most` of them, or all."""
    variance = sum(covariances)
    expected = book.mean - book.won
    ordered = sorted(zip(book.deals, covariances, strict=True), key=lambda pair: (-pair[1], pair[0].id))[:most]
    swings = _swings([deal for deal, _ in ordered], solution, quota)
    return tuple(
        DealContribution(
            opportunity_id=deal.id,
            probability=float(deal.probability),
            expected=book.to_money(deal.probability * deal.mean),
            expected_share=float(deal.probability * deal.mean / expected) if expected else None,
            variance_share=covariance / variance if variance else None,
            swing=swings.get(deal.id),
        )
        for deal, covariance in ordered
    )


def _swings(deals: Sequence[Chance], solution: Solution, quota: Fraction | None) -> dict[str, float]:
    if quota is None:
        return {}
    return solution.swings([deal for deal in deals if 0 < deal.probability < 1 and deal.high], quota)
