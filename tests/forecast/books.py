"""Books of open deals to forecast: one enumerated by hand, and any that Hypothesis can think of."""

from decimal import Decimal

from hypothesis import strategies as st

from oppcore.forecast import AmountRange, Prospect
from oppcore.money import Money


def eur(amount):
    return Money(amount, "EUR")


def prospect(amount, probability, *, id=None, **said):
    """A deal with one amount, or three of a range."""
    if isinstance(amount, tuple):
        low, likely, high = map(eur, amount)
        amount = AmountRange(low=low, likely=likely, high=high)
    else:
        amount = eur(amount)
    return Prospect(id=str(amount) if id is None else id, probability=Decimal(str(probability)), amount=amount, **said)


FIVE = (prospect(100, 0.5), prospect(50, 0.6), prospect(30, 0.2), prospect(20, 0.9), prospect(80, 0.35))
"""Mean 132, variance 4736, P(at least 120) 0.6072, P(at least 150) 0.49, q10 20, q50 130, q90 230: all 32 worlds."""


def books(*, most=6, least=0):
    """Lists of deals with odds in whole percents."""
    deal = st.tuples(st.integers(0, 40), st.integers(0, 100))
    return st.lists(deal, min_size=least, max_size=most).map(
        lambda deals: [
            prospect(amount, Decimal(percent) / 100, id=f"d{place}") for place, (amount, percent) in enumerate(deals)
        ]
    )
