"""Simulated worlds agree with the direct method, come again with the same seed, and are covered by its intervals."""

from math import sqrt
from random import Random
from statistics import NormalDist

import pytest

from oppcore.forecast import forecast_revenue
from tests.forecast.books import FIVE, eur, prospect

MIXED = [
    *(prospect(40 + 13 * place, 0.05 + place % 9 / 10, id=f"fixed{place}") for place in range(12)),
    *(prospect((10, 30 + place, 200), 0.3, id=f"range{place}") for place in range(6)),
    prospect((50, 50, 90), 0.5, id="left"),
    prospect((50, 90, 90), 0.5, id="right"),
]


@pytest.mark.parametrize("dependence", [0.0, 0.25])
@pytest.mark.parametrize("deals", [FIVE, MIXED], ids=["five", "mixed"])
def test_simulation_and_the_direct_method_agree_within_four_standard_errors(deals, dependence):
    drawn = forecast_revenue(deals, dependence=dependence, method="simulation", seed=5, worlds=40_000)
    direct = forecast_revenue(deals, dependence=dependence, quota=eur(200))

    assert abs(drawn.mean.amount - direct.mean.amount) <= 4 * drawn.mean_error.amount
    assert drawn.variance == pytest.approx(direct.variance, rel=0.04)
    for amount in range(20, 900, 60):
        off = float(drawn.probability_at_least(eur(amount))) - float(direct.probability_at_least(eur(amount)))
        assert abs(off) <= 4 * drawn.standard_error(eur(amount)) + 1e-3


@pytest.mark.parametrize("dependence", [0.0, 0.25])
def test_simulated_swings_are_those_of_the_direct_method(dependence):
    direct, drawn = (
        forecast_revenue(MIXED, dependence=dependence, quota=eur(700), **how).contributions(most=4)
        for how in ({}, {"method": "simulation", "seed": 2, "worlds": 40_000})
    )

    assert [one.opportunity_id for one in direct] == [one.opportunity_id for one in drawn]
    for one, other in zip(direct, drawn, strict=True):
        assert other.swing == pytest.approx(one.swing, abs=0.03)


def test_the_same_seed_gives_the_same_worlds_and_another_gives_others():
    def draw(seed):
        found = forecast_revenue(MIXED, dependence=0.2, method="simulation", seed=seed, worlds=500)
        return list(found.solution.totals)

    assert draw(7) == draw(7)
    assert draw(7) != draw(8)


def test_a_seed_gives_these_worlds_wherever_it_is_drawn():
    apart = forecast_revenue(FIVE, method="simulation", seed=1, worlds=100)
    together = forecast_revenue(MIXED, dependence=0.2, method="simulation", seed=1, worlds=100)

    assert [total // 100 for total in apart.solution.totals[:8]] == [70, 200, 100, 170, 100, 150, 180, 100]
    assert list(together.solution.totals[:4]) == [117558, 134693, 135454, 82206]


def test_every_world_is_a_sum_of_deals():
    sums = {sum(deal.amount.amount for place, deal in enumerate(FIVE) if bits >> place & 1) for bits in range(32)}
    found = forecast_revenue(FIVE, method="simulation", seed=3, worlds=1_000)

    assert {eur(amount) for amount in sums} >= {found.book.to_money(total) for total in found.solution.totals}


def test_ranges_stay_in_their_bounds():
    found = forecast_revenue([prospect((10, 15, 30), 1)], method="simulation", seed=3, worlds=5_000)

    assert min(found.solution.totals) >= 1_000
    assert max(found.solution.totals) <= 3_000


@pytest.mark.parametrize("dependence", [0.0, 0.3])
def test_eighty_percent_intervals_cover_eighty_percent_of_1500_worlds(dependence):
    dice = Random(20)
    covered = worlds = 0
    for _ in range(30):
        odds = [(1000 * dice.randint(1, 40), dice.uniform(0.05, 0.8)) for _ in range(25)]
        deals = [prospect(amount, chance, id=f"d{place}") for place, (amount, chance) in enumerate(odds)]
        low, high = forecast_revenue(deals, dependence=dependence).interval(0.8)
        for _ in range(50):
            worlds += 1
            covered += low.amount <= live(odds, dependence, dice) <= high.amount

    assert worlds == 1_500
    assert 0.77 <= covered / worlds <= 0.83


def live(odds, dependence, dice):
    """What comes in in one world: deals with odds of their own, moved by one draw for all."""
    shock = dice.gauss(0, 1)
    return sum(
        amount
        for amount, chance in odds
        if sqrt(dependence) * shock + sqrt(1 - dependence) * dice.gauss(0, 1) < NormalDist().inv_cdf(chance)
    )
