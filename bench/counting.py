"""What counting costs in pure Python, next to loops by hand over the same rows; how it grows; and what a file costs.

The rows are those of simulated deals, 4 entries each, sorted as a history sorts them. `count by hand` is the tightest
loop that counts the deals that touched each stage: no outcomes, no checks, no instants. `visits by hand` builds one
tuple (stage, entered, left) per visit, as little as anybody needs who asks how long deals stay.

With a file, all measures of the past are asked of it (estimates of the future are left out), reading included: an event
log of loan applications (58,822 events of 10,000 cases), whose columns are named below.

Usage: python bench/counting.py [deals ...]; python bench/counting.py FILE.csv
Goals: `count_steps` at most 3x `count by hand`, `fold_history` at most 1.5x `visits by hand`; every measure of 58,822
events from CSV within 5 s together.
Seen on two busy cores with Python 3.11, up to 300,000 deals (1.2 million entries): `count_steps` 3x to 5x,
`fold_history` 14x to 28x, without the garbage collector 6x to 9x; all 21 measures of the file 7.8 s to 10.9 s of
processor time, 1.2 s of it reading and 1.5 s to 4.2 s the samples of bottlenecks. So no goal is reached. A fold makes
five values per deal and one per visit where the loop makes tuples, and most of its time the collector looks through
them.
"""

import gc
import sys
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from time import perf_counter, process_time

import attrs

from oppcore.exchange import read_changes, read_table
from oppcore.funnel import count_steps
from oppcore.history import History, Row, fold_history, make_history
from oppcore.history.inference import infer_pipeline
from oppcore.measures import MEASURES
from oppcore.money import Money
from oppcore.periods import Period
from oppcore.pipeline import Pipeline, Stage

ROUNDS = 5
OPEN = [f"s{number}" for number in range(6)]
PIPELINE = Pipeline(
    key="bench",
    stages=[
        *(Stage(key=key, kind="open") for key in OPEN),
        Stage(key="won", kind="won"),
        Stage(key="lost", kind="lost"),
    ],
)
START = datetime(2026, 1, 1, tzinfo=UTC)
BITS = {key: 1 << place for place, key in enumerate([*OPEN, "won"])}


def simulate(deals: int) -> History:
    """Deals that go from stage to stage in order, skip one now and then, and are lost or won in the end."""
    dice = Random(1)
    random, randrange = dice.random, dice.randrange
    hours = [START + timedelta(hours=number) for number in range(20_000)]
    rows: list[Row] = []
    for number in range(deals):
        id, hour, place = str(number), randrange(8_000), 0
        while True:
            stage = OPEN[place] if place < len(OPEN) else "won"
            rows.append(Row(opportunity_id=id, stage=stage, at=hours[hour]))
            hour += 1 + randrange(500)
            if stage == "won" or random() < 0.1:
                break
            if random() < 0.14:
                rows.append(Row(opportunity_id=id, stage="lost", at=hours[hour]))
                break
            place += 2 if random() < 0.05 else 1
    return make_history(rows)


def count_by_hand(history: History) -> dict[str, int]:
    by_mask: dict[int, int] = {}
    bits = BITS
    for _, rows in history:
        mask = 0
        for row in rows:
            mask |= bits.get(row.stage, 0)
        by_mask[mask] = by_mask.get(mask, 0) + 1
    return {key: sum(n for mask, n in by_mask.items() if mask & bit) for key, bit in BITS.items()}


def visits_by_hand(history: History) -> dict[str, list[tuple[str, datetime, datetime | None]]]:
    found = {}
    for id, rows in history:
        visits = []
        before = None
        for row in rows:
            if before is not None and row.stage != before.stage:
                visits.append((before.stage, before.at, row.at))
                before = row
            elif before is None:
                before = row
        visits.append((before.stage, before.at, None))
        found[id] = visits
    return found


def seconds(work: Callable[[], object]) -> float:
    gc.collect()
    start = perf_counter()
    work()
    return perf_counter() - start


def uncollected(work: Callable[[], object]) -> object:
    """Work without the cyclic garbage collector: no result of ours has cycles."""
    gc.disable()
    try:
        return work()
    finally:
        gc.enable()


def peak(work: Callable[[], object]) -> float:
    tracemalloc.start()
    work()
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found / 2**20


def compare(deals: int) -> None:
    history = simulate(deals)
    entries = len(history.rows)
    works = {
        "count by hand": lambda: count_by_hand(history),
        "count_steps": lambda: count_steps(history, PIPELINE, count="touched"),
        "visits by hand": lambda: visits_by_hand(history),
        "fold_history": lambda: fold_history(attrs.evolve(history), PIPELINE),  # a history keeps what it was folded to
        "fold_history without gc": lambda: uncollected(works["fold_history"]),
    }
    reached = dict(zip(BITS, works["count_steps"]().total.reached, strict=True))
    assert reached == count_by_hand(history), "the two do not count alike"
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            times[name].append(seconds(work))
    found = {name: min(values) for name, values in times.items()}
    print(f"{deals:,} deals, {entries:,} entries, best of {ROUNDS} rounds (Python {sys.version.split()[0]})")
    pairs = [(name, "visits by hand") for name in ("fold_history", "fold_history without gc")]
    for ours, theirs in (("count_steps", "count by hand"), *pairs):
        shown = ", ".join(f"{name} {1e9 * found[name] / entries:.0f} ns an entry" for name in (theirs, ours))
        print(f"  {shown}: {found[ours] / found[theirs]:.1f}x")
    if deals <= 100_000:
        print("  peak MiB: " + ", ".join(f"{name} {peak(work):.0f}" for name, work in works.items()))


def measure_all(file: str) -> None:
    """Ask every measure, as of the last row, with what it needs."""
    start = process_time()
    columns = {"opportunity_id": "case:concept:name", "stage": "concept:name", "at": "time:timestamp", "seq": "_seq"}
    history = read_changes(read_table(file), columns=columns)
    lost = ["Loan Denied", "Application Rejected", "Appointment Denied"]
    pipeline = infer_pipeline(history, won=["Sign Loan Agreement"], lost=lost)
    took = {"reading": process_time() - start}
    first, last = history.first_at.date(), history.last_at.date()
    period = Period(first, last)
    given = {
        "count": "ordered",
        "within": timedelta(days=1),
        "policy": "book_deltas",
        "since": first,
        "period": period,
        "deals": "worked",
        "periods": [period],
        "quota": Money("1000", "EUR"),
        "leads": history,
        "timezone": "UTC",
    }
    counted = [one for one in MEASURES if one.of.__module__.startswith(("oppcore.funnel", "oppcore.history"))]
    for measure in counted:
        start = process_time()
        settings = {name: given[name] for name in {*measure.needs, "timezone"} & set(measure.settings)}
        measure.of(history, pipeline, **settings)
        took[measure.name] = process_time() - start
    print(", ".join(f"{name} {seconds:.2f}" for name, seconds in took.items()))
    print(f"{len(history.rows):,} rows, {len(counted)} measures: {sum(took.values()):.1f} s of processor time")


for given in sys.argv[1:] or ["10000", "100000"]:
    if given.isdigit():
        compare(int(given))
    else:
        measure_all(given)
