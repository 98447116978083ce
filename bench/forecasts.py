"""What estimates from history cost: exact chains next to numpy, priors next to scipy, and 10,000 deals as of a day.

Usage: python bench/forecasts.py [deals] [rounds]
Goals: a Markov chain of 30 stages, exact, under 50 ms; each estimate of 10,000 deals about a second.
Seen on two busy cores with Python 3.11: see bench/README.md.
"""

import statistics
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from time import perf_counter

import attrs
import numpy as np
from scipy.optimize import minimize
from scipy.special import betaln

from oppcore.forecast import estimate_closing, estimate_run_rate, estimate_stage_chain, estimate_stage_probabilities
from oppcore.history import History, Row, fold_history, make_history
from oppcore.periods import read_period
from oppcore.pipeline import Pipeline, Stage
from oppcore.stats import estimate_chain, fit_beta_prior

DEALS = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 5
START = datetime(2025, 1, 1, tzinfo=UTC)
OPEN = [f"s{number}" for number in range(6)]
PIPELINE = Pipeline(
    key="bench",
    stages=[*(Stage(key=key, kind="open") for key in OPEN), Stage(key="w", kind="won"), Stage(key="l", kind="lost")],
)


def steps(dice: Random, stages: int) -> dict[str, dict[str, int]]:
    """Counts of steps from every stage to every other, and to both ends."""
    names = [f"s{number}" for number in range(stages)]
    return {here: {there: dice.randint(1, 400) for there in [*names, "won", "lost"] if there != here} for here in names}


def by_numpy(counts: dict[str, dict[str, int]]) -> object:
    totals = [sum(row.values()) for row in counts.values()]
    moves = np.array(
        [[row.get(there, 0) / total for there in counts] for row, total in zip(counts.values(), totals, strict=True)]
    )
    ends = np.array(
        [[row[end] / total for end in ("won", "lost")] for row, total in zip(counts.values(), totals, strict=True)]
    )
    visits = np.linalg.inv(np.eye(len(counts)) - moves)
    return visits, visits @ ends


def groups(dice: Random, number: int) -> list[tuple[int, int]]:
    """Counts of groups whose shares are drawn from a Beta distribution."""
    found: list[tuple[int, int]] = []
    for _ in range(number):
        trials, share = dice.randint(1, 60), dice.betavariate(3, 7)
        found.append((sum(dice.random() < share for _ in range(trials)), trials))
    return found


def by_scipy(counts: list[tuple[int, int]]) -> object:
    won, of = (np.array(column) for column in zip(*counts, strict=True))

    def surprise(place: np.ndarray) -> float:
        a, b = np.exp(place)
        return -float(np.sum(betaln(a + won, b + of - won) - betaln(a, b)))

    return minimize(surprise, [0.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-9})


def lived(dice: Random) -> Iterator[Row]:
    """Deals that go through the stages over a year, some of them back or out."""
    for number in range(DEALS):
        id, place, on = f"d{number}", 0, dice.uniform(0, 330)
        while on < 365:
            yield Row(opportunity_id=id, stage=OPEN[place], at=START + timedelta(days=on), owner_id=f"r{number % 40}")
            on += dice.expovariate(1 / 14)
            if dice.random() < 0.15 or place == len(OPEN) - 1:
                if on < 365:
                    end = "w" if dice.random() < 0.2 + 0.1 * place else "l"
                    yield Row(opportunity_id=id, stage=end, at=START + timedelta(days=on))
                break
            place = max(0, place + (-1 if dice.random() < 0.1 else 1))


def seconds(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


def main() -> None:
    dice = Random(7)
    counts, shares = steps(dice, 30), groups(dice, 200)
    history: History = make_history(lived(dice))
    month, quarter = timedelta(days=30), read_period("2025-Q4")
    works: dict[str, Callable[[], object]] = {
        "chain of 30 stages, exact": lambda: estimate_chain(counts, ends=["won", "lost"], exact=True),
        "chain of 30 stages, floats": lambda: estimate_chain(counts, ends=["won", "lost"]),
        "chain of 30 stages, numpy": lambda: by_numpy(counts),
        "prior of 200 groups": lambda: fit_beta_prior(shares),
        "prior of 200 groups, scipy": lambda: by_scipy(shares),
        "the fold alone": lambda: fold_history(
            attrs.evolve(history), PIPELINE
        ),  # a history keeps what it was folded to
        "stage probabilities by owner": lambda: estimate_stage_probabilities(history, PIPELINE, by="owner_id"),
        "stage chain": lambda: estimate_stage_chain(history, PIPELINE),
        "wins within 30 days": lambda: estimate_closing(history, PIPELINE, within=month),
        "run rate": lambda: estimate_run_rate(history, PIPELINE, period=quarter, timezone="UTC"),
    }
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            times[name].append(seconds(work))
    print(f"{len(history):,} deals, {len(history.rows):,} rows, median of {ROUNDS} rounds")
    for name, found in times.items():
        print(f"{name:30} {1000 * statistics.median(found):9.1f} ms")


main()
