"""`oppcore demo`: a real-looking history becomes records, numbers, a refusal and a guarded move, step by step."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from importlib.resources import as_file, files
from pathlib import Path

import click

from oppcore.cli.printing import print_table, say
from oppcore.desk import Desk
from oppcore.engine import Amended, Change, Converted, Moved, Opened, replay
from oppcore.errors import MoveRefused
from oppcore.exchange import read_changes, read_table
from oppcore.forecast import weigh_forecast
from oppcore.funnel import measure_funnel
from oppcore.history import History, adopt_history
from oppcore.money import Money
from oppcore.pipeline import Pipeline, load_pipeline
from oppcore.records import Actor, Key
from oppcore.repository import SqliteRepository

__all__ = ["demo"]

_STAGE, _NEXT = "demo_completed", "proposal_sent"


@click.command()
@click.option(
    "--dir", "folder", metavar="DIR", help="Where to create oppcore-demo.db. Default: a new temporary folder."
)
def demo(folder: str | None) -> None:
    """Show what oppcore does, on 265 simulated deals that come with it.

    A history is read and taken over into an SQLite file, counted and forecast; then a deal is moved through a gate that
    refuses it at first.
    """
    path = _new_file(folder)
    packaged = files("oppcore.cli") / "demo_set"
    pipeline = load_pipeline((packaged / "pipeline.toml").read_bytes())
    with as_file(packaged / "changes.csv") as changes:
        history = read_changes(read_table(changes), pipeline=pipeline)

    _step(
        1,
        "A history becomes records",
        "history = read_changes(read_table('changes.csv'), pipeline=pipeline)",
        "desk = Desk(SqliteRepository('oppcore-demo.db'))",
        "desk.publish(pipeline); desk.save(adopt_history(pipeline, history).changes)",
    )
    with SqliteRepository(path) as repository:
        desk = Desk(repository)
        desk.publish(pipeline)
        saved = desk.save(adopt_history(pipeline, history).changes)
        say(f"{saved.records:,} deals and {saved.changes:,} changes are in {path}")
        _count(history, pipeline)
        id = _move(desk, history)
    _compare(path, id)
    say("\nWith your own history: oppcore infer CHANGES --help, then oppcore funnel CHANGES --pipeline FILE.")
    say(f"The deals are simulated; where they come from: {packaged / 'NOTICE'}")


def _new_file(folder: str | None) -> Path:
    place = Path(tempfile.mkdtemp(prefix="oppcore-demo-") if folder is None else folder)
    place.mkdir(parents=True, exist_ok=True)
    path = place / "oppcore-demo.db"
    if path.exists():
        raise click.UsageError(f"{path} is there already and is not overwritten; name another folder with --dir")
    return path


def _step(number: int, title: str, *lines: str) -> None:
    say(f"\n== {number}. {title}\n")
    for line in lines:
        say(f"    >>> {line}")
    say("")


def _count(history: History, pipeline: Pipeline) -> None:
    _step(2, "Counting what happened", "measure_funnel(history, pipeline, count='ordered')")
    print_table(measure_funnel(history, pipeline, count="ordered").table())
    _step(3, "Estimating what comes", "weigh_forecast(history, pipeline, timezone='UTC')")
    print_table(weigh_forecast(history, pipeline, timezone="UTC").table())


def _move(desk: Desk, history: History) -> str:
    """Try to move a deal, find out what it lacks, supply it, move it; give its id."""
    deal = desk.find(stages=[_STAGE], outcomes=["open"], order="id", limit=1).items[0]
    at = (history.last_at or deal.progress.changed_at) + timedelta(days=1)
    ann = Actor("ann")
    _step(4, f"A gate refuses deal {deal.id}", f"desk.move({deal.id!r}, {_NEXT!r}, at=at, actor=Actor('ann'))")
    try:
        desk.move(deal.id, _NEXT, at=at, actor=ann)
    except MoveRefused as refusal:
        say(str(refusal))

    missing = {
        "decision_process": "head of purchasing, then the board",
        "budget": Money("60000", "USD"),
        "expected_close_on": (at + timedelta(days=45)).date(),
    }
    _step(
        5,
        "What was missing is supplied, and the deal moves",
        *(f"missing[{name!r}] = {value!r}" for name, value in missing.items()),
        f"desk.move({deal.id!r}, {_NEXT!r}, at=at, actor=Actor('ann'), amending=missing)",
    )
    receipt = desk.move(deal.id, _NEXT, at=at, actor=ann, amending=missing)
    for change in receipt.changes:
        say(f"version {change.stamp.version}: {_told(change)}")

    return deal.id


def _compare(path: Path, id: str) -> None:
    _step(
        6,
        "History, row and version agree",
        "desk = Desk(SqliteRepository('oppcore-demo.db'))",
        f"stored, changes = desk.get({id!r}), desk.history({id!r})",
        "replay(changes) == stored and stored.progress.version == len(changes)",
    )
    with SqliteRepository(path) as repository:  # opened again, as another process would
        desk = Desk(repository)
        stored, changes, row = desk.get(id), desk.history(id), repository.load(Key("opportunity", id))
    for change in changes:
        say(f"version {change.stamp.version}, {change.stamp.at:%Y-%m-%d}, {change.stamp.origin}: {_told(change)}")
    say("")
    say(f"its {len(changes)} changes, replayed, are the deal in the file: {_yes(replay(changes) == stored)}")
    version = 0 if row is None else row.version
    say(f"the row is at version {version}, one for each change: {_yes(version == len(changes))}")


def _yes(true: bool) -> str:
    return "yes" if true else "NO"


def _told(change: Change) -> str:
    match change:
        case Opened(record=record):
            return f"opened in {record.progress.stage}"
        case Amended(edits=edits):
            return "amended " + ", ".join(edit.field for edit in edits)
        case Moved(source=source, target=target, directions=directions):
            return f"moved from {source} to {target} ({', '.join(directions)})"
        case Converted(opportunity_id=id):
            return f"converted into {id}"
        case _:
            return type(change).__name__.lower()
