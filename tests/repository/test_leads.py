"""Desks keep leads beside deals. That stores do is part of their contract."""

import asyncio
from datetime import UTC, datetime

import attrs
import pytest

from oppcore.desk import AsyncDesk, Desk
from oppcore.engine import Converted, Moved, Opened, open_lead, replay
from oppcore.errors import CommandMismatch, Corrupt, MoveRefused, NotFound, VersionConflict
from oppcore.pipeline import load_pipeline
from oppcore.records import Actor, Key, Lead, Need, Opportunity
from oppcore.repository import AsyncMemoryRepository, Commit, MemoryRepository, SqliteRepository, Write

DAY = datetime(2026, 3, 2, tzinfo=UTC)
LEADS = load_pipeline("""
key = "leads"
kind = "lead"
stages = [
    { key = "new", kind = "open", exit = [{ present = "email" }] },
    { key = "converted", kind = "won" },
]
""")
DEALS = load_pipeline('key = "deals"\nstages = [{ key = "first", kind = "open", entry = [{ present = "needs" }] }]')
NEEDS = (Need(text="speed"),)


def opening(id="x-1", **values):
    changes = open_lead(LEADS, id, values, at=DAY)
    return Commit(tenant="main", writes=(Write(Key("lead", id), 0, replay(changes, of=Lead), changes),))


def test_a_record_is_written_under_its_own_kind():
    [write] = opening().writes
    with pytest.raises(ValueError, match="lead"):
        attrs.evolve(write, key=Key("opportunity", "x-1"))


def test_a_file_that_holds_another_kind_than_its_key_says_is_corrupt(tmp_path):
    import sqlite3

    with SqliteRepository(tmp_path / "x.db") as store:
        store.commit(opening())
        with sqlite3.connect(tmp_path / "x.db") as connection:
            connection.execute("UPDATE records SET kind = 'opportunity'")
        connection.close()
        with pytest.raises(Corrupt, match="lead"):
            store.load(Key("opportunity", "x-1"))


class PlainDesk:
    """An async desk, asked from plain code."""

    def __init__(self, *arguments, **options):
        self._desk = AsyncDesk(*arguments, **options)

    def __getattr__(self, name):
        return lambda *args, **options: asyncio.run(getattr(self._desk, name)(*args, **options))


DESKS = {
    "memory": lambda folder: (Desk, MemoryRepository()),
    "async memory": lambda folder: (PlainDesk, AsyncMemoryRepository()),
    "sqlite": lambda folder: (Desk, SqliteRepository(folder / "deals.db")),
}


@pytest.fixture(params=DESKS)
def desks(request, tmp_path):
    """A desk of leads and one of deals on the same store."""
    kind, repository = DESKS[request.param](tmp_path)
    leads, deals = kind(repository, of=Lead), kind(repository)
    leads.publish(LEADS)
    deals.publish(DEALS)
    leads.open("leads", "x-1", {"email": "x@example.com", "needs": NEEDS}, at=DAY)
    return leads, deals


def test_a_desk_of_leads_has_the_commands_of_a_desk(desks):
    leads, deals = desks

    assert isinstance(leads.get("x-1"), Lead)
    assert leads.amend("x-1", {"source": "fair"}, at=DAY).version == 2
    receipt = leads.move("x-1", outcome="abandoned", at=DAY)
    assert [type(change) for change in receipt.changes] == [Moved]
    assert [record.id for record in leads.find(outcomes=["abandoned"]).items] == ["x-1"]
    assert replay(leads.history("x-1"), of=Lead) == leads.get("x-1")
    assert [problem.code for problem in leads.unmet("x-1", "converted", at=DAY)] == ["lead.convert"]
    for ask in (lambda: deals.get("x-1"), lambda: deals.history("x-1"), lambda: leads.get("x-2")):
        with pytest.raises(NotFound):
            ask()


def test_a_conversion_is_one_commit_and_carried_out_once(desks):
    leads, deals = desks
    wish = {"into": "deals", "opportunity_id": "d-1", "at": DAY, "command_id": "c-1"}
    receipt = leads.convert("x-1", **wish)
    again = leads.convert("x-1", **wish)

    assert [type(change) for change in receipt.changes] == [Converted]
    assert (receipt.record, receipt.repeated) == (leads.get("x-1"), False)
    assert (again.record, again.changes, again.repeated) == (receipt.record, receipt.changes, True)
    assert isinstance(deals.get("d-1"), Opportunity)
    assert [type(change) for change in deals.history("d-1")] == [Opened]
    with pytest.raises(CommandMismatch):
        leads.convert("x-1", **wish | {"opportunity_id": "d-2"})


def test_a_conversion_that_is_refused_leaves_both_as_they_were(desks):
    leads, deals = desks
    leads.amend("x-1", {"email": None}, at=DAY)
    with pytest.raises(MoveRefused):
        leads.convert("x-1", into="deals", opportunity_id="d-1", at=DAY)
    leads.amend("x-1", {"email": "x@example.com"}, at=DAY)
    deals.open("deals", "d-1", {"needs": NEEDS}, at=DAY)
    for wish in ({"opportunity_id": "d-1"}, {"opportunity_id": "d-2", "expected_version": 1}):
        with pytest.raises(VersionConflict):
            leads.convert("x-1", into="deals", at=DAY, **wish)
    with pytest.raises(NotFound):
        leads.convert("x-1", into="nowhere", opportunity_id="d-2", at=DAY)

    assert leads.get("x-1").progress.outcome == "open"
    assert deals.get("d-1").progress.version == 1


def test_both_sides_of_a_conversion_are_authorized(tmp_path):
    asked = []

    def authorize(actor, action, record):
        asked.append((action, type(record).__name__))

    repository = MemoryRepository()
    leads = Desk(repository, of=Lead, authorize=authorize)
    leads.publish(LEADS)
    leads.publish(DEALS)
    leads.open("leads", "x-1", {"email": "x@example.com", "needs": NEEDS}, at=DAY)
    leads.convert("x-1", into="deals", opportunity_id="d-1", at=DAY, actor=Actor("ann"))

    assert asked[-2:] == [("convert", "Lead"), ("open", "Opportunity")]


def test_histories_of_both_kinds_are_saved_by_either_desk(desks):
    leads, deals = desks
    histories = [open_lead(LEADS, "x-2", at=DAY), open_lead(LEADS, "x-3", at=DAY)]
    deals.save(histories, command_id="import")
    deals.save(histories, command_id="import")

    assert {record.id for record in leads.find().items} == {"x-1", "x-2", "x-3"}


def test_what_is_adopted_twice_under_one_command_must_be_the_same(desks):
    leads, _ = desks
    image = attrs.evolve(leads.get("x-1"), id="x-9")
    leads.adopt(image, at=DAY, command_id="c-1")
    leads.adopt(image, at=DAY, command_id="c-1")
    with pytest.raises(CommandMismatch):
        leads.adopt(attrs.evolve(image, needs=(Need(text="price"),)), at=DAY, command_id="c-1")
