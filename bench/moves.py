"""What one move costs, next to the libraries a user would otherwise pick; all in one run, turn by turn.

Each does the same work: seven stages in a row, two conditions per step, what happened is recorded.
`by hand` calls the constructor of a frozen attrs record of ten fields and appends a tuple; it is the floor.

Usage: pip install transitions python-statemachine; python bench/moves.py [rounds]
Goals: a move with its change below `transitions`, 12x below `python-statemachine`, at most 3x `by hand`; a refusal with
its whole explanation below 3x the bare refusal of `transitions`.
Seen on two cores with Python 3.11, best of 20 rounds: 3.6x by hand, 0.6x `transitions`, a twentieth of
`python-statemachine`, a refusal 2.2x. So one goal is not reached, 3x by hand; what remains is spread thinly over the
five frozen values that a move makes (52 fields, by hand ten) and the twenty calls that decide it.
"""

import gc
import statistics
import sys
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from time import perf_counter

import attrs
from statemachine import State, StateMachine
from transitions import Machine

from oppcore import Money, dump_pipeline, evolve, load_pipeline, move, open_opportunity, replay, unmet

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 15
BATCH = 400
STAGES = [f"stage_{number}" for number in range(7)]
START = datetime(2026, 1, 1, tzinfo=UTC)
PIPELINE = load_pipeline(
    {
        "key": "bench",
        "stages": [
            {
                "key": key,
                "kind": "open",
                "entry": [{"present": "budget"}, {"compare": "amount", "ge": {"amount": 100, "currency": "EUR"}}],
            }
            for key in STAGES
        ],
        "opens_in": [STAGES[0]],
    }
)
VALUES = {"budget": Money(5_000, "EUR"), "amount": Money(1_000, "EUR")}


@attrs.frozen
class Plain:
    """A record by hand."""

    id: str
    stage: str
    version: int
    opened_at: datetime
    entered_at: datetime
    changed_at: datetime
    recorded_at: datetime
    amount: int
    budget: int
    owner: str


def by_hand() -> None:
    deal, history = Plain("deal", STAGES[0], 1, START, START, START, START, 1_000, 5_000, "ann"), []
    for number, stage in enumerate(STAGES[1:], 1):
        at = START + timedelta(days=number)
        if deal.budget and deal.amount >= 100:
            history.append((deal.stage, stage, at))
            deal = Plain(
                deal.id, stage, deal.version + 1, deal.opened_at, at, at, at, deal.amount, deal.budget, deal.owner
            )


class Model:
    """What a machine of `transitions` moves."""

    def __init__(self) -> None:
        self.budget, self.amount, self.history = 5_000, 1_000, []

    def has_budget(self) -> bool:
        return bool(self.budget)

    def is_large(self) -> bool:
        return self.amount >= 100

    def keep(self) -> None:
        self.history.append((self.state, START))


MACHINE = Machine(states=STAGES, initial=STAGES[0], auto_transitions=False)
for source, dest in pairwise(STAGES):
    MACHINE.add_transition("next", source, dest, conditions=["has_budget", "is_large"], after="keep")


def with_transitions() -> None:
    model = Model()
    MACHINE.add_model(model)
    for _ in STAGES[1:]:
        model.next()
    MACHINE.remove_model(model)


class Sales(StateMachine):
    """The same for `python-statemachine`."""

    s0, s1, s2, s3, s4, s5, s6 = (State(key, initial=key == STAGES[0], final=key == STAGES[-1]) for key in STAGES)
    next = (
        s0.to(s1, cond=["has_budget", "is_large"])
        | s1.to(s2, cond=["has_budget", "is_large"])
        | s2.to(s3, cond=["has_budget", "is_large"])
        | s3.to(s4, cond=["has_budget", "is_large"])
        | s4.to(s5, cond=["has_budget", "is_large"])
        | s5.to(s6, cond=["has_budget", "is_large"])
    )

    def __init__(self, budget: int = 5_000) -> None:
        self.budget, self.amount, self.history = budget, 1_000, []
        super().__init__()

    def has_budget(self) -> bool:
        return bool(self.budget)

    def is_large(self) -> bool:
        return self.amount >= 100

    def after_next(self) -> None:
        self.history.append(START)


OPENED = replay(open_opportunity(PIPELINE, "deal", VALUES, at=START))
POOR = replay(
    open_opportunity(
        load_pipeline({"key": "bench", "stages": [{"key": key, "kind": "open"} for key in STAGES]}),
        "poor",
        {},
        at=START,
    )
)


def with_oppcore() -> None:
    deal, history = OPENED, []
    for number, stage in enumerate(STAGES[1:], 1):
        changes = move(PIPELINE, deal, stage, at=START + timedelta(days=number))
        history.extend(changes)
        deal = evolve(deal, *changes)


def refused_by_transitions() -> None:
    for _ in STAGES[1:]:
        POOR_MODEL.next()


def refused_with_reasons() -> None:
    for _ in STAGES[1:]:
        unmet(PIPELINE, POOR, STAGES[1], at=START)


POOR_MODEL = Model()
POOR_MODEL.budget = 0
MACHINE.add_model(POOR_MODEL)


def measure(work: Callable[[], object], moves: int) -> float:
    start = perf_counter()
    for _ in range(BATCH):
        work()
    return (perf_counter() - start) / BATCH / moves * 1e6


def statemachine_moves() -> float:
    machines = [Sales() for _ in range(40)]
    start = perf_counter()
    for machine in machines:
        for _ in STAGES[1:]:
            machine.next()
    return (perf_counter() - start) / len(machines) / 6 * 1e6


def transitions_moves() -> float:
    models = [Model() for _ in range(BATCH)]
    MACHINE.add_model(models)
    start = perf_counter()
    for model in models:
        for _ in STAGES[1:]:
            model.next()
    spent = perf_counter() - start
    MACHINE.remove_model(models)
    return spent / BATCH / 6 * 1e6


def main() -> None:
    works: dict[str, Callable[[], float]] = {
        "by hand": lambda: measure(by_hand, 6),
        "oppcore move + evolve": lambda: measure(with_oppcore, 6),
        "transitions": transitions_moves,
        "python-statemachine": statemachine_moves,
        "oppcore refusal, explained": lambda: measure(refused_with_reasons, 6),
        "transitions refusal, bare": lambda: measure(refused_by_transitions, 6),
    }
    found: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            found[name].append(work())
    best = {name: min(times) for name, times in found.items()}
    print(
        f"{'what':30}{'best':>10}{'median':>10}   microseconds each, {ROUNDS} rounds, Python {sys.version.split()[0]}"
    )
    for name, times in found.items():
        print(f"{name:30}{best[name]:10.2f}{statistics.median(times):10.2f}")
    ours = best["oppcore move + evolve"]
    print(f"\na move takes {ours / best['by hand']:.1f}x the time by hand, {ours / best['transitions']:.1f}x that of")
    print(f"transitions; python-statemachine takes {best['python-statemachine'] / ours:.1f}x the time of a move")
    refusal = best["oppcore refusal, explained"] / best["transitions refusal, bare"]
    print(f"an explained refusal costs {refusal:.1f}x a bare one of transitions")
    print(f"an open deal takes {size_of_deals():.0f} bytes; a pipeline of 100 stages from TOML {load_time():.1f} ms")


def size_of_deals() -> float:
    """The bytes of an open deal with ordinary fields."""
    gc.collect()
    tracemalloc.start()
    deals = [
        replay(
            open_opportunity(
                PIPELINE,
                f"deal-{number}",
                {
                    "amount": Money(number, "EUR"),
                    "budget": Money(number + 1, "EUR"),
                    "owner_id": f"rep-{number % 7}",
                    "source": "referral",
                    "account_id": f"account-{number}",
                },
                at=START + timedelta(hours=number),
            )
        )
        for number in range(100, 1_100)
    ]
    size = tracemalloc.get_traced_memory()[0] / len(deals)
    tracemalloc.stop()
    return size


def load_time() -> float:
    """The milliseconds of loading a pipeline of 100 stages, each with a gate of two criteria."""
    stages = [
        {"key": f"s{n}", "kind": "open", "entry": [{"present": "budget"}, {"present": "amount"}]} for n in range(100)
    ]
    text = dump_pipeline(load_pipeline({"key": "large", "stages": stages}))
    times = []
    for _ in range(10):
        start = perf_counter()
        load_pipeline(text)
        times.append(perf_counter() - start)
    return min(times) * 1e3


if __name__ == "__main__":
    main()
