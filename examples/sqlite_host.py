"""A small host: deals in one SQLite file, two users, a refusal, a conflict and a double click.

Usage: python examples/sqlite_host.py [FILE]
"""

import sys
import tempfile
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from oppcore.desk import Desk
from oppcore.errors import MoveRefused, VersionConflict
from oppcore.money import Money
from oppcore.pipeline import Pipeline, load_pipeline
from oppcore.records import Actor, Opportunity
from oppcore.repository import SqliteRepository

PIPELINE = load_pipeline("""
key = "new-business"
stages = [
    { key = "qualified", kind = "open" },
    { key = "offered", kind = "open", entry = [{ present = "budget" }] },
    { key = "won", kind = "won" },
]
""")
MORNING = datetime(2026, 3, 2, 9, tzinfo=UTC)


def authorize(actor: Actor | None, action: str, record: Opportunity | Pipeline) -> None:
    """The host's own rule: whoever owns a deal changes it."""
    if isinstance(record, Opportunity) and (actor is None or actor.id != record.team.owner_id):
        raise PermissionError(f"{action}: {record.id} belongs to {record.team.owner_id}")


def main(path: Path) -> None:
    ann, bob = Actor("ann"), Actor("bob")
    with SqliteRepository(path) as repository:
        desk = Desk(repository, authorize=authorize)
        desk.publish(PIPELINE)
        seen = desk.open("new-business", "d-1", {"owner_id": "ann"}, at=MORNING, actor=ann).version
        try:
            desk.move("d-1", "offered", at=MORNING + timedelta(hours=1), actor=ann)
        except MoveRefused as refusal:
            print(refusal)
        try:
            desk.move("d-1", "offered", at=MORNING + timedelta(hours=1), actor=bob)
        except PermissionError as refusal:
            print(refusal)

        budget = {"budget": Money(Decimal(12_000), "EUR")}
        for _ in ("click", "click"):
            receipt = desk.move(
                "d-1", "offered", at=MORNING + timedelta(hours=2), actor=ann, amending=budget, command_id="form-77"
            )
            print(f"version {receipt.version}{', as before' if receipt.repeated else ''}")
        try:
            desk.move("d-1", "won", at=MORNING + timedelta(hours=3), actor=ann, expected_version=seen)
        except VersionConflict as conflict:
            print(conflict)
        print([type(change).__name__ for change in desk.history("d-1")])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        main(Path(sys.argv[1] if len(sys.argv) > 1 else f"{folder}/deals.db"))
