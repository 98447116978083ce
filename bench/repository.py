"""What a desk and a store add: a move in memory next to bare `move` and `evolve`, SQLite next to its statements.

Usage: python bench/repository.py [moves] [folder]

`by hand` runs the statements of one desk move (two reads, then BEGIN IMMEDIATE, guard, UPDATE, INSERT, COMMIT) on an
equal file with texts made beforehand: no engine, no codec, no checks. The folder says which disk is measured.

Measured on 2 very busy cores, CPython 3.11, SQLite 3.40, in 200 short rounds: a move at a desk in memory costs 5.3
times move + evolve (best; median 4.9). A desk on SQLite has some 110 µs of its own, of which 18 read the record and 20
write it and its change. So it reaches 0.76 of the rate by hand where a durable commit takes 2.6 ms (the median on that
disk), 0.48 where it takes 0.14 ms (the best), and 0.27 where syncing costs nothing (a memory disk, nothing durable).
"""

import shutil
import sqlite3
import statistics
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from time import perf_counter

from oppcore.codec import encode
from oppcore.desk import Desk
from oppcore.engine import evolve, move
from oppcore.pipeline import load_pipeline
from oppcore.repository import MemoryRepository, SqliteRepository

MOVES = int(sys.argv[1]) if len(sys.argv) > 1 else 10
FOLDER = sys.argv[2] if len(sys.argv) > 2 else None
ROUNDS = 200  # short ones: on a busy machine some of them are undisturbed
START = datetime(2026, 3, 2, tzinfo=UTC)
PIPELINE = load_pipeline("""
key = "new-business"
stages = [
    { key = "qualified", kind = "open" },
    { key = "offered", kind = "open", entry = [{ present = "name" }] },
    { key = "won", kind = "won" },
]
""")
STAGES = ("qualified", "offered")


def opened(repository: MemoryRepository | SqliteRepository) -> Desk:
    """A desk with one deal."""
    desk = Desk(repository)
    desk.publish(PIPELINE)
    desk.open("new-business", "d-1", {"name": "Mills", "owner_id": "ann"}, at=START)
    return desk


def bare() -> Callable[[int], None]:
    """The engine alone."""
    record = opened(MemoryRepository()).get("d-1")

    def step(number: int) -> None:
        nonlocal record
        record = evolve(record, *move(PIPELINE, record, STAGES[number % 2], at=START + timedelta(seconds=number)))

    return step


def at_desk(repository: MemoryRepository | SqliteRepository) -> Callable[[int], None]:
    """The same moves through a desk."""
    desk = opened(repository)

    def step(number: int) -> None:
        desk.move("d-1", STAGES[number % 2], at=START + timedelta(seconds=number))

    return step


def by_hand(path: Path) -> Callable[[int], None]:
    """The statements of a desk's move."""
    with SqliteRepository(path) as repository:
        desk = opened(repository)
        receipt = desk.move("d-1", "offered", at=START)
    body, change, version = encode(receipt.record), encode(receipt.changes[0]), 2
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    deal, pipeline = ("main", "opportunity", "d-1"), ("main", "pipeline", "new-business")

    def step(number: int) -> None:
        nonlocal version
        for key in (deal, pipeline):
            connection.execute("SELECT version, body FROM records WHERE (tenant, kind, id) = (?, ?, ?)", key).fetchone()
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("SELECT version FROM records WHERE (tenant, kind, id) = (?, ?, ?)", pipeline).fetchone()
        connection.execute(
            "UPDATE records SET version = ?, pipeline = ?, stage = ?, outcome = ?, owner_id = ?, changed_at = ?,"
            " body = ? WHERE (tenant, kind, id) = (?, ?, ?) AND version = ?",
            (version + 1, "new-business", STAGES[number % 2], "open", "ann", f"{number:09}", body, *deal, version),
        )
        version += 1
        connection.execute(
            "INSERT INTO changes (tenant, kind, id, version, body) VALUES (?, ?, ?, ?, ?)", (*deal, version, change)
        )
        connection.execute("COMMIT")

    return step


folder = Path(tempfile.mkdtemp(dir=FOLDER))
ways = {
    "move + evolve": bare(),
    "desk in memory": at_desk(MemoryRepository()),
    "sqlite by hand": by_hand(folder / "hand.db"),
    "desk on sqlite": at_desk(SqliteRepository(folder / "desk.db")),
}
times: dict[str, list[float]] = {name: [] for name in ways}
numbers = {name: count(1) for name in ways}
for _ in range(ROUNDS):
    for name, step in ways.items():
        start = perf_counter()
        for number in (next(numbers[name]) for _ in range(MOVES)):
            step(number)
        times[name].append((perf_counter() - start) / MOVES * 1e6)
shutil.rmtree(folder)

print(f"{'':16}{'best':>12}{'median':>12}   ({ROUNDS} rounds of {MOVES} moves, Python {sys.version.split()[0]})")
for name, found in times.items():
    print(f"{name:16}{min(found):9.1f} µs{statistics.median(found):9.1f} µs")
for one, other, what in (
    ("desk in memory", "move + evolve", "a desk's move in memory costs {:.1f} (median {:.1f}) times move + evolve"),
    ("sqlite by hand", "desk on sqlite", "a desk on SQLite reaches {:.2f} (median {:.2f}) of the rate by hand"),
):
    medians = statistics.median(times[one]) / statistics.median(times[other])
    print(what.format(min(times[one]) / min(times[other]), medians))
