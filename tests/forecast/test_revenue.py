"""The revenue distribution against enumeration, against other ways to compute it, and against its own laws."""

from decimal import Decimal
from fractions import Fraction
from itertools import product
from math import sqrt

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, norm, triang

from oppcore.errors import CurrencyMismatch
from oppcore.forecast import Prospect, forecast_revenue
from oppcore.forecast.revenue.book import open_book
from oppcore.forecast.revenue.spectrum import transform_book
from oppcore.money import Money
from tests.forecast.books import FIVE, books, eur, prospect

DEPENDENCES = st.sampled_from([0.0, 0.1, 0.3, 0.6])


def worlds_of(deals):
    """Every world with its exact probability, by brute force."""
    for wins in product([False, True], repeat=len(deals)):
        weight, total = Fraction(1), Fraction(0)
        for deal, won in zip(deals, wins, strict=True):
            weight *= deal.chance if won else 1 - deal.chance
            total += Fraction(deal.amount.amount) if won else 0
        yield total, weight


def probability_by_hand(deals, amount):
    return sum((weight for total, weight in worlds_of(deals) if total >= amount), Fraction(0))


def quantile_by_hand(deals, probability):
    seen = Fraction(0)
    for total, weight in sorted(worlds_of(deals)):
        seen += weight
        if weight and seen >= probability:
            return total
    raise AssertionError(seen)


def test_five_deals_give_the_numbers_of_all_their_worlds():
    found = forecast_revenue(FIVE, quota=eur(120))

    assert (found.mean, found.variance) == (eur(132), 4736)
    assert (found.q10, found.q50, found.q90) == (eur(20), eur(130), eur(230))
    assert (found.quota_probability, found.probability_at_least(eur(150))) == (Fraction("0.6072"), Fraction("0.49"))
    assert found.interval(0.8) == (eur(20), eur(230))
    assert found.is_exact
    assert found.resolution is None


@given(books(), st.integers(1, 240), st.fractions(Fraction(1, 100), Fraction(99, 100)))
def test_few_deals_are_counted_exactly(deals, amount, probability):
    found = forecast_revenue(deals, currency="EUR")

    assert found.probability_at_least(eur(amount)) == probability_by_hand(deals, amount)
    assert found.quantile(probability) == eur(int(quantile_by_hand(deals, probability)))
    mean = sum((weight * total for total, weight in worlds_of(deals)), Fraction(0))
    assert Fraction(found.mean.amount) == mean
    assert found.variance == pytest.approx(float(sum(w * (t - mean) ** 2 for t, w in worlds_of(deals))), abs=1e-9)


@settings(max_examples=40)
@given(books(least=1), st.integers(1, 240), DEPENDENCES)
def test_the_transform_gives_what_counting_gives(deals, amount, dependence):
    counted = forecast_revenue(deals, dependence=dependence)
    book = open_book(deals, eur(0))
    found = transform_book(book, dependence).spread()

    assert found.at_least(book.to_units(eur(amount))) == pytest.approx(
        float(counted.probability_at_least(eur(amount))), abs=1e-6
    )


@settings(max_examples=20)
@given(books(least=2), st.integers(1, 240), DEPENDENCES)
def test_the_transform_knows_the_swing_of_each_deal(deals, quota, dependence):
    certain = [deal for deal in deals if 0 < deal.chance < 1 and deal.amount.amount]
    counted = {one.opportunity_id: one.swing for one in _contributions(certain, quota, dependence)}
    book = open_book(certain, eur(0))

    assert transform_book(book, dependence).swings(book.deals, book.to_units(eur(quota))) == pytest.approx(
        counted, abs=1e-6
    )


def _contributions(deals, quota, dependence):
    return forecast_revenue(deals, quota=eur(quota), dependence=dependence).contributions() if deals else ()


@given(books(least=1), st.integers(1, 240))
def test_a_swing_is_the_difference_between_winning_and_not(deals, quota):
    found = forecast_revenue(deals, quota=eur(quota)).contributions()

    for one in found:
        others = [deal for deal in deals if deal.id != one.opportunity_id]
        deal = next(deal for deal in deals if deal.id == one.opportunity_id)
        amount = int(deal.amount.amount)
        if one.swing is None:
            assert deal.chance in (0, 1) or amount == 0
        else:
            won, missed = (probability_by_hand(others, quota - more) for more in (amount, 0))
            assert one.swing == pytest.approx(float(won - missed))


@settings(max_examples=40)
@given(books(least=1), DEPENDENCES)
def test_shares_of_the_variance_and_of_what_is_expected_add_up(deals, dependence):
    found = forecast_revenue(deals, dependence=dependence)
    shares = found.contributions()

    assert sum(one.expected.amount for one in shares) == pytest.approx(found.mean.amount, abs=Decimal("0.05"))
    if found.variance:
        assert sum(one.variance_share for one in shares) == pytest.approx(1)
    else:
        assert {one.variance_share for one in shares} == {None}


@settings(max_examples=40)
@given(books(least=1), DEPENDENCES)
def test_amounts_ten_times_as_large_give_ten_times_as_much(deals, dependence):
    tenfold = [attrs.evolve(deal, amount=deal.amount * 10) for deal in deals]
    small, large = (forecast_revenue(each, dependence=dependence) for each in (deals, tenfold))

    assert (large.q10, large.q50, large.q90) == (small.q10 * 10, small.q50 * 10, small.q90 * 10)
    assert large.mean == small.mean * 10


@settings(max_examples=40)
@given(books(least=1).flatmap(lambda deals: st.tuples(st.just(deals), st.permutations(deals))), DEPENDENCES)
def test_the_order_of_the_deals_changes_nothing(both, dependence):
    found = [forecast_revenue(deals, dependence=dependence, quota=eur(50)).detail() for deals in both]

    assert found[0] == found[1]


@settings(max_examples=40)
@given(books(least=1), st.integers(0, 500), DEPENDENCES)
def test_what_was_won_is_certain(deals, won, dependence):
    alone, together = (forecast_revenue(deals, dependence=dependence, won=eur(each)) for each in (0, won))

    assert together.q50 == alone.q50 + eur(won)
    assert together.probability_at_least(eur(won)) == pytest.approx(1)


@settings(max_examples=40)
@given(st.integers(1, 99), st.sampled_from([0.05, 0.3, 0.7, 0.95]))
def test_a_deal_alone_keeps_its_probability_whatever_the_dependence(percent, dependence):
    found = forecast_revenue([prospect(7, percent / 100)], dependence=dependence)

    assert found.probability_at_least(eur(7)) == pytest.approx(percent / 100, abs=1e-9)


@pytest.mark.parametrize("dependence", [0.1, 0.5, 0.9])
@pytest.mark.parametrize(("one", "other"), [(0.2, 0.7), (0.5, 0.5), (0.05, 0.1)])
def test_two_deals_are_won_together_as_a_bivariate_normal_says(one, other, dependence):
    both = forecast_revenue([prospect(1, one), prospect(2, other)], dependence=dependence).probability_at_least(eur(3))
    oracle = multivariate_normal([0, 0], [[1, dependence], [dependence, 1]]).cdf([norm.ppf(one), norm.ppf(other)])

    assert both == pytest.approx(oracle, abs=1e-7)


def test_full_dependence_is_approached_as_all_go_together():
    deals = [prospect(1, 0.3, id="a"), prospect(2, 0.3, id="b"), prospect(4, 0.6, id="c")]
    found = forecast_revenue(deals, dependence=0.9999)

    assert found.probability_at_least(eur(7)) == pytest.approx(0.3, abs=0.01)
    assert found.probability_at_least(eur(4)) == pytest.approx(0.6, abs=0.01)
    assert found.probability_at_least(eur(1)) == pytest.approx(0.6, abs=0.01)


def test_dependence_makes_intervals_wider_and_leaves_the_mean():
    deals = [prospect(100, 0.4, id=f"d{place}") for place in range(60)]
    apart, together = (forecast_revenue(deals, dependence=each) for each in (0, 0.2))

    assert apart.mean == together.mean == eur(2400)
    assert together.q10 < apart.q10 < apart.q90 < together.q90
    assert together.variance == pytest.approx(forty_percent_of_sixty(0.2), rel=1e-9)


def forty_percent_of_sixty(dependence):
    level = norm.ppf(0.4)
    both = multivariate_normal([0, 0], [[1, dependence], [dependence, 1]], seed=1).cdf([level, level])
    return 10_000 * (60 * 0.24 + 60 * 59 * (both - 0.16))


@pytest.mark.parametrize("probability", [0.1, 0.3, 0.5, 0.9])
def test_one_certain_deal_of_unsure_amount_has_a_triangular_distribution(probability):
    found = forecast_revenue([prospect((100, 120, 200), 1)])
    oracle = triang(0.2, loc=100, scale=100)

    assert float(found.quantile(probability).amount) == pytest.approx(oracle.ppf(probability), abs=0.1)
    assert found.mean == eur(140)
    assert found.variance == pytest.approx(oracle.var())
    assert found.probability_at_least(eur(150)) == pytest.approx(oracle.sf(150), abs=1e-4)


def test_blurred_amounts_lie_within_four_times_the_resolution():
    deals = [prospect(Decimal(amount), 0.5) for amount in ("101.03", "57.29", "33.31", "811.77", "20.11")]
    exact = forecast_revenue(deals)
    blurred = forecast_revenue([*deals, prospect((0, 0, "0.01"), 0.5, id="range")])
    near = blurred.resolution * 4

    assert blurred.resolution < eur(1)
    for percent in range(5, 100, 5):
        wanted = exact.quantile(Decimal(percent) / 100)
        low, high = (blurred.quantile(Decimal(percent) / 100 + more) for more in (Decimal("-1e-4"), Decimal("1e-4")))
        assert low - near <= wanted <= high + near


def test_the_odds_of_closing_in_time_multiply_with_those_of_winning():
    deal = prospect(10, 0.5, closes=Fraction(1, 4))

    assert forecast_revenue([deal]).probability_at_least(eur(10)) == Fraction(1, 8)


@pytest.mark.parametrize("method", ["direct", "simulation"])
@pytest.mark.parametrize("dependence", [0, 0.4])
def test_no_deals_bring_what_was_won(method, dependence):
    seed = 1 if method == "simulation" else None
    found = forecast_revenue((), won=eur(5), quota=eur(5), method=method, dependence=dependence, seed=seed)

    assert (found.q10, found.mean, found.q90, found.quota_probability) == (eur(5), eur(5), eur(5), 1)
    assert found.contributions() == ()


def test_deals_in_another_currency_are_listed_and_not_added():
    dollars = Prospect(id="far", probability=0.5, amount=Money(10, "USD"))
    found = forecast_revenue([*FIVE, dollars], quota=eur(120))

    assert found.quota_probability == Fraction("0.6072")
    assert [problem.text() for problem in found.left_out] == [
        "opportunity far: in another currency than EUR, and not converted; deals in all: 1"
    ]
    with pytest.raises(ValueError, match="in one currency, and there are EUR, USD"):
        forecast_revenue([*FIVE, dollars])
    with pytest.raises(CurrencyMismatch):
        found.probability_at_least(Money(1, "USD"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"dependence": 1}, "at least 0 and below 1, not 1"),
        ({"dependence": -0.1}, "at least 0 and below 1"),
        ({"method": "simulation"}, "name it, such as seed=1"),
        ({"method": "simulation", "seed": 1, "worlds": 10}, "100 worlds or more, not 10"),
        ({"seed": 1}, "draws nothing"),
        ({"method": "guess"}, "guess"),
        ({"prospects": (*FIVE, FIVE[0])}, "two prospects have the id '100.00 EUR'"),
        ({"prospects": ()}, "in one currency, and there is none"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        forecast_revenue(settings.pop("prospects", FIVE), **settings)


@pytest.mark.parametrize("probability", [0, 1, -1, 2])
def test_a_quantile_is_for_a_probability_in_between(probability):
    with pytest.raises(ValueError, match="above 0 and below 1"):
        forecast_revenue(FIVE).quantile(probability)


def test_a_large_book_is_normal_around_its_mean_up_to_its_skew():
    deals = [prospect(1000 + 7 * place, 0.1 + place % 7 / 10, id=f"d{place:04}") for place in range(1500)]
    found = forecast_revenue(deals)
    sd = sqrt(found.variance)

    assert found.resolution is not None
    for percent in (10, 50, 90):
        wanted = float(found.mean.amount) + sd * norm.ppf(percent / 100)
        assert float(found.quantile(percent / 100).amount) == pytest.approx(wanted, abs=0.02 * sd)


@pytest.mark.parametrize("dependence", [0.0, 0.2])
def test_many_small_deals_together_are_as_they_are_one_by_one(dependence):
    deals = [prospect(1 + place * place % 6, 0.05 + place % 8 / 10, id=f"d{place:03}") for place in range(250)]
    apart = forecast_revenue(deals, dependence=dependence)
    together = forecast_revenue([*deals, prospect((0, 0, "0.01"), 0.5, id="range")], dependence=dependence)

    assert apart.resolution is None
    assert len(together.solution.large) < 50
    assert together.resolution < eur(1)
    for percent in range(5, 100, 5):
        wanted = apart.quantile(percent / 100)
        assert wanted - eur(1) <= together.quantile(percent / 100) <= wanted + eur(1)


def test_a_book_of_long_shots_is_told_apart_where_its_sums_lie():
    deals = [prospect(Decimal(10_000 + 997 * place) / 100, 0.002, id=f"d{place:03}") for place in range(500)]
    found = forecast_revenue(deals)

    assert found.probability_at_least(eur(100)) == pytest.approx(1 - 0.998**500, abs=1e-3)
    assert found.resolution < found.mean * Decimal("0.005")


@pytest.mark.parametrize("dependence", [0.0, 0.3])
def test_swings_hold_where_amounts_are_blurred(dependence):
    few = [prospect(amount, 0.5) for amount in (200, 100, 50, 25, 10)]
    exact = forecast_revenue(few, quota=eur(180), dependence=dependence).contributions()
    blurred = forecast_revenue(
        [*few, prospect((0, 0, "0.01"), 0.5, id="range")], quota=eur(180), dependence=dependence
    ).contributions(most=5)

    assert [one.opportunity_id for one in blurred] == [one.opportunity_id for one in exact]
    assert [one.swing for one in blurred] == pytest.approx([one.swing for one in exact], abs=1e-3)


def test_distributions_are_values():
    assert forecast_revenue(FIVE) == forecast_revenue(FIVE[::-1])
    assert hash(forecast_revenue(FIVE, method="simulation", seed=1)) is not None


@pytest.mark.parametrize("dependence", [0.02, 0.2, 0.5, 0.8])
def test_a_large_book_under_a_shock_is_a_mixture_of_normals(dependence):
    odds = [(1000 + 7.31 * place, 0.1 + place % 5 / 10) for place in range(3000)]
    deals = [
        prospect(Decimal(round(100 * amount)) / 100, chance, id=f"d{place:04}")
        for place, (amount, chance) in enumerate(odds)
    ]
    found = forecast_revenue(deals, dependence=dependence)
    amounts, chances = np.array(odds).T
    shocks = np.linspace(-7, 7, 4001)
    weights = norm.pdf(shocks) / norm.pdf(shocks).sum()
    given = norm.cdf((norm.ppf(np.unique(chances)) - sqrt(dependence) * shocks[:, None]) / sqrt(1 - dependence))
    kinds = np.array([[(amounts**power)[chances == chance].sum() for chance in np.unique(chances)] for power in (1, 2)])
    means, sds = given @ kinds[0], np.sqrt((given * (1 - given)) @ kinds[1] + 1)

    def below(amount):
        return (weights * norm.cdf((amount - means) / sds)).sum()

    near = float(found.resolution.amount) * (4 if dependence > 0.5 else 0)
    for percent in range(5, 100, 5):
        amount = float(found.quantile(percent / 100).amount)
        assert below(amount - near) - 5e-4 <= percent / 100 <= below(amount + near) + 5e-4
