from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import triang

from oppcore.errors import CurrencyMismatch
from oppcore.forecast import AmountRange, CloseRange, Prospect
from oppcore.money import Money
from oppcore.periods import Period
from tests.forecast.books import eur, prospect

DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 31))


@given(st.lists(DAYS, min_size=3, max_size=3), st.lists(DAYS, min_size=3, max_size=3, unique=True))
def test_the_odds_of_neighbouring_periods_add_up(days, cuts):
    earliest, likely, latest = sorted(days)
    close = CloseRange(earliest=earliest, likely=likely, latest=latest)
    one, two, three = sorted(cuts)

    assert close.chance_in(Period(one, two)) + close.chance_in(Period(two, three)) == close.chance_in(
        Period(one, three)
    )
    assert close.chance_in(Period(date(2026, 1, 1), date(2027, 1, 1))) == 1


@given(st.lists(DAYS, min_size=3, max_size=3), DAYS)
def test_close_dates_are_triangular(days, end):
    earliest, likely, latest = sorted(days)
    length = (latest - earliest).days + 1
    peak = ((likely - earliest).days + 0.5) / length
    oracle = triang(peak, scale=length).cdf((end - earliest).days)
    found = CloseRange(earliest=earliest, likely=likely, latest=latest).chance_in(Period(date(2025, 1, 1), end))

    assert float(found) == pytest.approx(oracle, abs=1e-12)


def test_ranges_in_another_order_are_refused():
    with pytest.raises(ValueError, match="from low over likely to high"):
        AmountRange(low=eur(2), likely=eur(1), high=eur(3))
    with pytest.raises(CurrencyMismatch):
        AmountRange(low=eur(1), likely=Money(2, "USD"), high=eur(3))
    with pytest.raises(ValueError, match="from earliest over likely to latest"):
        CloseRange(earliest=date(2026, 2, 1), likely=date(2026, 1, 1), latest=date(2026, 3, 1))


@pytest.mark.parametrize("probability", [-0.1, 1.1, float("nan"), Decimal(50)])
def test_a_probability_lies_between_0_and_1(probability):
    with pytest.raises(ValueError, match="between 0 and 1"):
        Prospect(id="a", probability=probability, amount=eur(1))


@pytest.mark.parametrize("probability", ["0.5", True, None])
def test_a_probability_is_a_number(probability):
    with pytest.raises(TypeError, match="a number from 0 to 1"):
        Prospect(id="a", probability=probability, amount=eur(1))


def test_a_deal_brings_nothing_or_more():
    with pytest.raises(ValueError, match="nothing or more"):
        prospect(-1, 0.5)
    with pytest.raises(ValueError, match="nothing or more"):
        prospect((-1, 0, 1), 0.5)
