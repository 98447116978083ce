"""From open deals to a revenue distribution: one currency, one method, one shared shock."""

from __future__ import annotations

from collections.abc import Iterable

from oppcore.forecast.revenue.book import Book, open_book
from oppcore.forecast.revenue.distribution import RevenueDistribution, RevenueMethod
from oppcore.forecast.revenue.enumeration import Enumeration, enumerate_book
from oppcore.forecast.revenue.prospect import Prospect
from oppcore.forecast.revenue.shock import check_dependence
from oppcore.forecast.revenue.spectrum import Spectrum, transform_book
from oppcore.forecast.revenue.worlds import Worlds, simulate_book
from oppcore.funnel.listing import list_ids
from oppcore.money import Money

__all__ = ["forecast_revenue"]

_FEWEST_WORLDS = 100


def forecast_revenue(
    prospects: Iterable[Prospect],
    *,
    quota: Money | None = None,
    won: Money | None = None,
    currency: str | None = None,
    dependence: float = 0.0,
    method: RevenueMethod | str = RevenueMethod.DIRECT,
    seed: int | None = None,
    worlds: int = 10_000,
) -> RevenueDistribution:
    """Give how much may come in from open deals, with `won` added as certain, and how likely the `quota` is reached.

    `dependence` (0 up to, and without, 1) says how much one shared shock moves all deals together; each keeps its own
    probability. The direct method counts every sum exactly where there are few; otherwise it computes in floats. A
    simulation needs a `seed`. One currency per distribution: that of the quota, of what was won, or `currency`, else
    that of all deals. Deals in another are in `left_out`.

    Raises `ValueError` where the currency is open, an id comes twice, or a setting is out of range.

    >>> from decimal import Decimal
    >>> deals = [
    ...     Prospect(id=str(amount), probability=Decimal(p), amount=Money(amount, "EUR"))
    ...     for amount, p in [(100, "0.5"), (50, "0.6"), (30, "0.2"), (20, "0.9"), (80, "0.35")]
    ... ]
    >>> found = forecast_revenue(deals, quota=Money(120, "EUR"))
    >>> str(found.mean), str(found.q10), str(found.q90), float(found.quota_probability)
    ('132.00 EUR', '20.00 EUR', '230.00 EUR', 0.6072)

    Source: Gil-Pelaez (1951), Note on the Inversion Theorem; Hull and White (2004), Valuation of a CDO (the conditional
    independence under a shared shock).
    """
    check_dependence(dependence)
    chosen = RevenueMethod(method)
    found = tuple(prospects)
    wanted = _currency(found, [money.currency for money in (quota, won) if money is not None], currency)
    unlike = sorted(one.id for one in found if one.currency != wanted)
    left_out = (list_ids("currency.other", unlike, need=wanted),) if unlike else ()
    book = open_book([one for one in found if one.currency == wanted], Money.zero(wanted) if won is None else won)
    return RevenueDistribution(
        book=book,
        method=chosen,
        dependence=dependence,
        quota=quota,
        solution=_solve(book, dependence, chosen, seed, worlds),
        left_out=left_out,
    )


def _solve(
    book: Book, dependence: float, method: RevenueMethod, seed: int | None, worlds: int
) -> Enumeration | Spectrum | Worlds:
    if method is RevenueMethod.SIMULATION:
        if seed is None:
            message = "a simulation draws from a seed: name it, such as seed=1"
            raise ValueError(message)
        if worlds < _FEWEST_WORLDS:
            message = f"a simulation takes {_FEWEST_WORLDS} worlds or more, not {worlds}"
            raise ValueError(message)
        return simulate_book(book, dependence=dependence, seed=seed, worlds=worlds)
    if seed is not None:
        message = "the direct method draws nothing: a seed is for method='simulation'"
        raise ValueError(message)
    return enumerate_book(book, dependence) or transform_book(book, dependence)


def _currency(prospects: tuple[Prospect, ...], said: list[str], currency: str | None) -> str:
    named = {*said, *([] if currency is None else [currency])}
    found = named or {one.currency for one in prospects}
    if len(found) != 1:
        text = f"there are {', '.join(sorted(found))}" if found else "there is none"
        message = f"a distribution is in one currency, and {text}: name it, such as currency='EUR'"
        raise ValueError(message)
    return found.pop()
