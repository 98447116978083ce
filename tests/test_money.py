"""Money: exact whatever the host's decimal context says, and never mixed."""

import copy
import pickle
from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.errors import CurrencyMismatch
from oppcore.money import CURRENCIES, Money, decimal_text, minor_units, sum_by_currency
from oppcore.testing import moneys

EUR = moneys(currency="EUR")
HOSTILE = Context(prec=6, rounding="ROUND_UP")


def fraction(money):
    return Fraction(money.amount)


@given(EUR, EUR, st.decimals(-1000, 1000, places=4))
def test_sums_and_products_are_exact_under_a_hosts_narrow_context(one, other, factor):
    with localcontext(HOSTILE):
        total, difference, product, minus = one + other, one - other, one * factor, -one

    assert fraction(total) == fraction(one) + fraction(other)
    assert fraction(difference) == fraction(one) - fraction(other)
    assert fraction(product) == fraction(one) * Fraction(factor)
    assert fraction(minus) == -fraction(one)


@given(moneys())
def test_text_and_comparison_are_exact_under_a_hosts_narrow_context(money):
    texts = str(money), repr(money), money.rounded(), decimal_text(money.amount)
    with localcontext(HOSTILE) as context:
        context.traps[Inexact] = True

        assert (str(money), repr(money), money.rounded(), decimal_text(money.amount)) == texts


@given(st.lists(moneys()))
def test_a_sum_per_currency_does_not_depend_on_order(amounts):
    assert sum_by_currency(amounts) == sum_by_currency(reversed(amounts))
    for currency, total in sum_by_currency(amounts).items():
        assert fraction(total) == sum(fraction(one) for one in amounts if one.currency == currency)


@given(st.fractions(), st.sampled_from(["EUR", "JPY", "KWD", "CLF"]))
def test_rounding_goes_to_the_nearest_minor_unit_and_ties_to_the_even_one(value, currency):
    amount = Decimal(value.numerator % 10**9) / Decimal(8)  # many ties
    unit = Fraction(1, 10 ** minor_units(currency))

    assert fraction(Money(amount, currency).rounded()) == round(Fraction(amount) / unit) * unit


@given(st.decimals(-(10**12), 10**12, places=6))
def test_the_canonical_text_of_a_number_reads_back_equal_and_has_no_exponent(number):
    text = decimal_text(number)

    assert Decimal(text) == number
    assert "E" not in text
    assert text == decimal_text(number * 1) == decimal_text(Decimal(f"{number}000" if "." in str(number) else number))


@given(EUR, EUR)
def test_equal_amounts_have_equal_hashes_however_they_are_written(one, other):
    wider = Money(one.amount.quantize(Decimal("1.00000"), context=Context(prec=50)), "EUR")

    assert (wider, hash(wider)) == (one, hash(one))
    assert (one == other) == (one <= other <= one)


@given(EUR, EUR)
def test_of_two_amounts_one_is_smaller_or_they_are_equal(one, other):
    for right in (one, other):
        assert [one < right, one == right, one > right].count(True) == 1
        assert (one >= right, one <= right) == (not one < right, not one > right)


@given(moneys())
def test_the_representation_is_what_makes_it(money):
    assert repr(money) == f"Money('{money.amount}', '{money.currency}')"


@pytest.mark.parametrize("amount", ["9.9e40", "1e-40", "-1e40"])
def test_amounts_up_to_the_limits_are_taken(amount):
    assert Money(amount, "EUR").amount == Decimal(amount)


@pytest.mark.parametrize("amount", [1.5, float("nan"), True, None, [], b"1"])
def test_what_is_not_exact_is_no_amount(amount):
    with pytest.raises(TypeError, match="floats are not exact"):
        Money(amount, "EUR")


@pytest.mark.parametrize(
    "amount", ["", "x", "1,5", "NaN", "sNaN", "Infinity", "1e41", "1e-41", "1e999999999", Decimal("nan")]
)
def test_what_is_no_finite_number_of_reasonable_size_is_no_amount(amount):
    with pytest.raises(ValueError, match="amount"):
        Money(amount, "EUR")


@pytest.mark.parametrize(
    ("currency", "error"), [("eur", ValueError), ("XXX", ValueError), ("", ValueError), (None, TypeError)]
)
def test_a_currency_is_an_iso_code(currency, error):
    with pytest.raises(error, match="ISO 4217"):
        Money(1, currency)


@pytest.mark.parametrize(
    "act",
    [
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a < b,
        lambda a, b: a <= b,
        lambda a, b: a > b,
        lambda a, b: a >= b,
        lambda a, b: sorted([a, b]),
    ],
)
def test_unlike_currencies_never_mix(act):
    with pytest.raises(CurrencyMismatch, match=r"EUR and USD|USD and EUR"):
        act(Money(1, "EUR"), Money(1, "USD"))


def test_unlike_currencies_are_never_equal():
    assert Money(0, "EUR") != Money(0, "USD")


@pytest.mark.parametrize("other", [1, Decimal(1), "1", None])
def test_money_is_added_to_and_compared_with_money_only(other):
    with pytest.raises(TypeError):
        Money(1, "EUR") + other
    with pytest.raises(TypeError):
        assert Money(1, "EUR") < other


@pytest.mark.parametrize("factor", [0.5, True, Money(1, "EUR")])
def test_money_is_multiplied_by_exact_numbers_only(factor):
    with pytest.raises(TypeError):
        Money(1, "EUR") * factor


def test_a_factor_may_stand_first():
    assert 2 * Money("1.5", "EUR") == Money(3, "EUR")


def test_money_has_no_truth_value():
    with pytest.raises(TypeError, match="compare"):
        bool(Money(0, "EUR"))


@given(moneys())
def test_money_copies_and_pickles(money):
    pickled = pickle.loads(pickle.dumps(money))  # noqa: S301 - our own

    assert pickled == copy.deepcopy(money) == copy.copy(money) == money


@pytest.mark.parametrize(
    ("currency", "text"), [("EUR", "1,234.50 EUR"), ("JPY", "1,234.5 JPY"), ("KWD", "1,234.500 KWD")]
)
def test_money_is_shown_with_its_minor_units(currency, text):
    assert str(Money("1234.5", currency)) == text


def test_minus_nothing_is_nothing():
    assert str(Money("-0", "EUR")) == str(-Money.zero("EUR")) == "0.00 EUR"


def test_every_currency_is_three_letters_with_up_to_four_decimals():
    assert all(len(code) == 3 and code.isupper() and 0 <= digits <= 4 for code, digits in CURRENCIES.items())


@given(st.decimals(-(10**6), 10**6, places=5))
def test_rounding_agrees_with_decimals_own(amount):
    assert Money(amount, "EUR").rounded().amount == amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN)
