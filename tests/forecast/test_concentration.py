from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.errors import CurrencyMismatch
from oppcore.forecast import measure_concentration
from oppcore.money import Money


def measure(*amounts):
    found = {f"d{place}": Money(amount, "EUR") for place, amount in enumerate(amounts)}
    return measure_concentration(found, currency="EUR")


def test_the_indices_are_those_of_the_textbook():
    found = measure(10, 20, 30, 40)

    assert (found.herfindahl, found.gini, found.top().value) == (Fraction(3, 10), Fraction(1, 4), Fraction(2, 5))
    assert found.effective_number == Fraction(10, 3)
    assert found.top(2).value == Fraction(7, 10)


def test_one_that_has_it_all_is_as_concentrated_as_can_be():
    assert (measure(0, 0, 7).herfindahl, measure(0, 0, 7).gini) == (1, Fraction(2, 3))
    assert (measure(5, 5, 5).herfindahl, measure(5, 5, 5).gini) == (Fraction(1, 3), 0)


@pytest.mark.parametrize("amounts", [(), (0, 0)])
def test_without_a_total_there_are_no_shares(amounts):
    found = measure(*amounts)

    assert (found.herfindahl, found.gini, found.effective_number, found.top().value) == (None, None, None, None)
    assert all(line["share"] is None for line in found.as_records())
    assert "Gini –" in str(found)


def test_amounts_below_zero_other_currencies_and_counts_below_one_are_refused():
    with pytest.raises(ValueError, match="not below zero"):
        measure(1, -1)
    with pytest.raises(CurrencyMismatch):
        measure_concentration({"a": Money(1, "USD")}, currency="EUR")
    with pytest.raises(ValueError, match="one or more"):
        measure(1).top(0)


def test_it_is_plain_for_json_and_shows_the_largest_first():
    found = measure(10, 20, 30, 40)

    assert found.detail()["amounts"][0] == {"of": "d3", "currency": "EUR", "amount": "40", "share": 0.4}
    assert found.detail()["effective_number"] == pytest.approx(10 / 3)
    assert str(found).splitlines()[0] == "The 4 largest of 4, 100.00 EUR in all"
    assert found._repr_html_().startswith("<table>")


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=8).filter(any), st.randoms(), st.integers(1, 50))
def test_indices_know_neither_order_nor_scale(amounts, random, factor):
    found = measure(*amounts)
    other = measure(*(amount * factor for amount in random.sample(amounts, len(amounts))))

    assert (found.herfindahl, found.gini) == (other.herfindahl, other.gini)
    total, count = sum(amounts), len(amounts)
    assert found.herfindahl == sum(Fraction(amount, total) ** 2 for amount in amounts)
    assert found.gini == Fraction(sum(abs(one - two) for one in amounts for two in amounts), 2 * count * total)
