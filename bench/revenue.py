"""How fast and how right the revenue distribution of a large book is, next to numpy, which draws every world.

Usage: python bench/revenue.py [deals]
Goals for 10,000 deals: the direct method below 0.5 s and within 0.5 % of 100,000 worlds of numpy, below 10 s with
dependence; 10,000 simulated worlds below 2 s and at most twice the time of numpy. Numpy draws single floats.
"""

import random
import sys
from decimal import Decimal
from time import perf_counter

import numpy as np
from scipy.special import ndtr, ndtri

from oppcore.forecast import AmountRange, Prospect, forecast_revenue
from oppcore.money import Money

DEALS = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
TRUE_WORLDS, WORLDS, BLOCK = 100_000, 10_000, 500


def euros(amount: float) -> Money:
    return Money(Decimal(round(100 * amount)).scaleb(-2), "EUR")


def make_prospects(*, ranges: bool, stages: bool) -> list[Prospect]:
    dice = random.Random(1)
    found = []
    for number in range(DEALS):
        likely = dice.lognormvariate(10, 1)
        amount = euros(likely)
        if ranges:
            amount = AmountRange(low=euros(0.7 * likely), likely=amount, high=euros(1.5 * likely))
        chance = dice.choice([0.1, 0.25, 0.4, 0.6]) if stages else dice.uniform(0.02, 0.6)
        found.append(Prospect(id=f"{number:06}", probability=chance, amount=amount))
    return found


def draw_worlds(prospects: list[Prospect], dependence: float, worlds: int) -> tuple[np.ndarray, float]:
    start = perf_counter()
    dice = np.random.default_rng(2)
    chances = np.array([float(one.chance) for one in prospects], dtype=np.float32)
    low, likely, high = np.array([[float(money.amount) for money in one.corners] for one in prospects]).T
    fixed = bool((low == high).all())
    totals = np.empty(worlds)
    for first in range(0, worlds, BLOCK):
        given = chances
        if dependence:
            shocks = dice.standard_normal((BLOCK, 1))
            given = ndtr((ndtri(chances) - np.sqrt(dependence) * shocks) / np.sqrt(1 - dependence))
        won = dice.random((BLOCK, len(prospects)), dtype=np.float32) < given
        if fixed:
            totals[first : first + BLOCK] = won @ low
        else:
            totals[first : first + BLOCK] = (won * dice.triangular(low, likely, high, won.shape)).sum(axis=1)
    return totals, perf_counter() - start


def timed(prospects: list[Prospect], **settings: object):
    start = perf_counter()
    found = forecast_revenue(prospects, **settings)
    quantiles = [float(money.amount) for money in (found.q10, found.q50, found.q90)]
    return found, quantiles, perf_counter() - start


def main() -> None:
    for ranges in (False, True):
        for stages in (False, True):
            prospects = make_prospects(ranges=ranges, stages=stages)
            print(
                f"\n{DEALS:,} deals, {'amount ranges' if ranges else 'fixed amounts'}, {'4' if stages else 'any'} odds"
            )
            for dependence in (0.0, 0.2):
                true_worlds = TRUE_WORLDS if not ranges else TRUE_WORLDS // 10
                truth, took = draw_worlds(prospects, dependence, true_worlds)
                wanted = np.quantile(truth, (0.1, 0.5, 0.9))
                found, quantiles, direct = timed(prospects, dependence=dependence)
                off = max(abs(have / want - 1) for have, want in zip(quantiles, wanted, strict=True))
                _, drawn, simulated = timed(
                    prospects, dependence=dependence, method="simulation", seed=3, worlds=WORLDS
                )
                far = max(abs(have / want - 1) for have, want in zip(drawn, wanted, strict=True))
                _, numpys = draw_worlds(prospects, dependence, WORLDS)
                print(
                    f"dependence {dependence}: direct {direct:.2f} s, off by {off:.3%} of {true_worlds:,} numpy worlds"
                    f" ({took:.1f} s), blur {found.resolution}; simulation {simulated:.2f} s, off by {far:.3%},"
                    f" numpy {numpys:.2f} s: {simulated / numpys:.1f}x"
                )


main()
