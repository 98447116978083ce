"""How a large SQLite store is read: all of it in pages, in what memory; a page near its end next to one at its start.

Usage: python bench/stores.py [deals] [rows] [folder]

Fills one file with so many deals (100,000) of some four to five changes each, reads them through `find` and `history`
in pages, through `follow`, and searches them; and another with so many bare rows (1,000,000) for the pages.
"""

import resource
import shutil
import sqlite3
import statistics
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

import attrs

from oppcore.criteria import Compare
from oppcore.desk import Desk
from oppcore.engine import Change, amend, evolve, move, open_opportunity
from oppcore.money import Money
from oppcore.pipeline import load_pipeline
from oppcore.records import Key
from oppcore.repository import Query, SqliteRepository
from oppcore.repository.paging import make_cursor, place_of

DEALS = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
ROWS = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
FOLDER = sys.argv[3] if len(sys.argv) > 3 else None
START = datetime(2026, 3, 2, tzinfo=UTC)
PIPELINE = load_pipeline("""
key = "new-business"
currency = "EUR"
stages = [{ key = "qualified", kind = "open" }, { key = "offered", kind = "open" }, { key = "won", kind = "won" }]
""")


def life(number: int) -> list[Change]:
    """Four or five changes of a deal."""
    at = START + timedelta(seconds=number)
    values = {"name": f"deal {number}", "owner_id": f"u{number % 50}", "amount": Money(number, "EUR")}
    changes = list(open_opportunity(PIPELINE, f"d-{number:07}", values, at=at))
    record = evolve(None, *changes)
    changes += amend(PIPELINE, record, {"source": "fair"}, at=at)
    record = evolve(record, changes[-1])
    changes += move(PIPELINE, record, "offered", at=at)
    record = evolve(record, changes[-1])
    changes += amend(PIPELINE, record, {"source": "call"}, at=at)
    record = evolve(record, changes[-1])
    return changes + list(move(PIPELINE, record, "won", at=at) if number % 2 else ())


def measured(what: str, work: Callable[[], int]) -> None:
    """Do something and print what it took, and the most memory that the process has had until now."""
    start = perf_counter()
    count = work()
    took = perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{what:40}{count:>10,}{took:9.1f} s{peak:9.1f} MiB at most", flush=True)


def read_all(repository: SqliteRepository) -> int:
    """Every record with its history."""
    seen, cursor = 0, None
    while True:
        page = repository.find(Query(order="id", limit=1000, cursor=cursor))
        for stored in page.items:
            seen += len(repository.history(stored.key, limit=1000).items)
        cursor = page.cursor
        if cursor is None:
            return seen


def follow_all(repository: SqliteRepository) -> int:
    """Every change, as the feed gives it."""
    seen, cursor = 0, None
    while fed := repository.follow("main", after=cursor, limit=1000):
        seen, cursor = seen + len(fed), fed[-1].cursor
    return seen


def search(repository: SqliteRepository) -> int:
    """The most expensive in a hundred."""
    where = Compare("amount", "ge", Money(DEALS * 99 // 100, "EUR"))
    seen, cursor = 0, None
    while True:
        found = Desk(repository).search(where=where, at=START, limit=1000, cursor=cursor)
        seen, cursor = seen + len(found.items), found.cursor
        if cursor is None:
            return seen


folder = Path(tempfile.mkdtemp(dir=FOLDER))
with SqliteRepository(folder / "deals.db") as repository:
    desk = Desk(repository)
    desk.publish(PIPELINE)
    measured("nothing yet", lambda: 0)
    measured("save (changes)", lambda: desk.save(life(number) for number in range(DEALS)).changes)
    measured("find and history in pages (changes)", lambda: read_all(repository))
    measured("follow (changes)", lambda: follow_all(repository))
    measured("search for one in a hundred (deals)", lambda: search(repository))

# A million rows: one deal many times, written behind the store's back.
path = folder / "rows.db"
with SqliteRepository(path) as repository:
    desk = Desk(repository)
    desk.publish(PIPELINE)
    record = desk.open("new-business", "d-0000000", {"name": "x"}, at=START).record
    body = repository._file.read(  # pyright: ignore[reportPrivateUsage]
        lambda connection: connection.execute("SELECT body FROM records WHERE kind = 'opportunity'").fetchone()[0]
    )
connection = sqlite3.connect(path)
connection.executemany(
    "INSERT INTO records (tenant, kind, id, version, pipeline, stage, outcome, changed_at, body)"
    " VALUES ('main', 'opportunity', ?, 1, 'new-business', 'qualified', 'open', ?, ?)",
    (
        (
            id := f"d-{number:07}",
            changed := (START + timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%S.000000Z"),
            body.replace("d-0000000", id).replace("2026-03-02T00:00:00.000000Z", changed),
        )
        for number in range(1, ROWS)
    ),
)
connection.commit()
connection.close()
with SqliteRepository(path) as repository:
    for order in ("id", "changed_at"):
        query = Query(order=order, limit=100)  # type: ignore[arg-type]
        stored = repository.load(Key("opportunity", f"d-{ROWS - 201:07}"))
        assert stored is not None
        late = attrs.evolve(query, cursor=make_cursor(query, place_of(stored, query)))
        times: dict[str, list[float]] = {"first": [], "last": []}
        for _ in range(100):
            for name, asked in (("first", query), ("last", late)):
                start = perf_counter()
                found = repository.find(asked)
                times[name].append(perf_counter() - start)
                assert len(found.items) == 100
        first, last = (statistics.median(times[name]) * 1e3 for name in ("first", "last"))
        print(f"a page of 100 of {ROWS:,} by {order}: {first:.2f} ms at the start, {last:.2f} ms near the end")
shutil.rmtree(folder)
