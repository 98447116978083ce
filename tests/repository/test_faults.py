"""What goes wrong around a store, and values that bite: what is said then, and that nothing is lost or half done."""

import asyncio
from decimal import Decimal

import attrs
import pytest

from oppcore.criteria import Compare
from oppcore.desk import AsyncDesk, Desk
from oppcore.engine import replay
from oppcore.errors import InvalidDocument, MoveRefused, Unavailable, Unsupported, VersionConflict
from oppcore.money import Money
from oppcore.pipeline import load_pipeline
from oppcore.repository import AsyncMemoryRepository, Commit, MemoryRepository, SqliteRepository, Write
from tests.desks import DESKS
from tests.repository.stores import PIPELINE, STORES, at, key, opening

# The connection and the task.


class Lost:
    """A store whose connection is lost in a commit: before it happened, or after, when nobody can know."""

    def __init__(self, repository, happened):
        self.repository, self.happened, self.times = repository, happened, 1

    def __getattr__(self, name):
        return getattr(self.repository, name)

    def commit(self, commit, /):
        if self.times:
            self.times -= 1
            if self.happened:
                self.repository.commit(commit)
            raise Unavailable("connection lost")
        return self.repository.commit(commit)


@pytest.mark.parametrize("happened", [True, False])
@pytest.mark.parametrize("make", [lambda folder: MemoryRepository(), lambda folder: SqliteRepository(folder / "d.db")])
def test_after_a_lost_connection_the_same_command_id_finds_out(make, happened, tmp_path):
    repository = make(tmp_path)
    Desk(repository).publish(PIPELINE)
    Desk(repository).open("new-business", "d-1", at=at())
    desk = Desk(Lost(repository, happened))
    with pytest.raises(Unavailable):
        desk.amend("d-1", {"name": "Mills"}, at=at(1), command_id="c-1")
    assert Desk(repository).get("d-1").progress.version == 1 + happened

    receipt = desk.amend("d-1", {"name": "Mills"}, at=at(2), command_id="c-1")
    assert (receipt.version, receipt.repeated) == (2, happened)
    assert [change.stamp.version for change in desk.history("d-1")] == [1, 2]


class Slow:
    """An awaited store in which something else runs before, or after, each commit."""

    def __init__(self, repository, after):
        self.repository, self.after = repository, after
        self.reached = asyncio.Event()

    def __getattr__(self, name):
        return getattr(self.repository, name)

    async def commit(self, commit, /):
        committed = await self.repository.commit(commit) if self.after else None
        self.reached.set()
        await asyncio.Event().wait()  # for ever: somebody has to cancel
        return committed


@pytest.mark.parametrize("after", [True, False])
def test_a_cancelled_task_leaves_the_store_before_or_after_the_commit(after):
    async def story():
        repository = AsyncMemoryRepository()
        desk = AsyncDesk(repository)
        await desk.publish(PIPELINE)
        await desk.open("new-business", "d-1", at=at())
        slow = Slow(repository, after)
        wish = {"at": at(1), "command_id": "c-1"}
        task = asyncio.create_task(AsyncDesk(slow).amend("d-1", {"name": "Mills"}, **wish))
        await slow.reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await desk.get("d-1")).progress.version == 1 + after
        receipt = await desk.amend("d-1", {"name": "Mills"}, **wish)
        return receipt.version, receipt.repeated, len(await desk.history("d-1"))

    assert asyncio.run(story()) == (2, after, 2)


# The clock.


@pytest.fixture(params=DESKS)
def desk(request, tmp_path):
    kind, repository = DESKS[request.param](tmp_path)
    desk = kind(repository)
    desk.publish(PIPELINE)
    desk.open("new-business", "d-1", {"name": "Mills"}, at=at(5))
    return desk


def test_a_clock_that_goes_backwards_is_refused_and_writes_nothing(desk):
    early, before = "change.out_of_order", "change.before_it_happens"
    for times, code in (
        ({"at": at(4)}, early),
        ({"at": at(4), "recorded_at": at(9)}, early),
        ({"at": at(6), "recorded_at": at(5)}, before),
    ):
        with pytest.raises(MoveRefused) as caught:
            desk.amend("d-1", {"name": "x"}, **times)
        assert code in {problem.code for problem in caught.value.problems}
    assert desk.get("d-1").progress.version == 1
    assert desk.amend("d-1", {"name": "the same instant"}, at=at(5)).version == 2
    assert desk.amend("d-1", {"name": "said late"}, at=at(6), recorded_at=at(9)).version == 3
    with pytest.raises(MoveRefused):
        desk.amend("d-1", {"name": "recorded before what is recorded already"}, at=at(7), recorded_at=at(8))


# Values.

HUGE = Decimal("92233720368547758.08")  # 2**63 cents


@pytest.mark.parametrize("amount", [HUGE, Decimal(10) ** 25, -HUGE, Decimal("0.01"), Decimal("-0.00")])
def test_an_amount_beyond_64_bits_of_cents_is_kept_and_found_exactly(desk, amount):
    desk.amend("d-1", {"amount": Money(amount, "EUR")}, at=at(6))

    assert desk.get("d-1").amount == Money(amount, "EUR")
    cent = Money(amount - Decimal("0.01"), "EUR") if amount else Money(Decimal("-0.01"), "EUR")
    for comparison, than, wanted in (
        ("ge", Money(amount, "EUR"), 1),
        ("gt", Money(amount, "EUR"), 0),
        ("gt", cent, 1),
        ("lt", cent, 0),
        ("eq", Money(amount, "EUR"), 1),
        ("eq", cent, 0),
    ):
        assert len(desk.search(where=Compare("amount", comparison, than), at=at(6)).items) == wanted


def test_unlike_currencies_are_kept_apart(desk):
    desk.open("new-business", "d-2", at=at(5))
    desk.amend("d-1", {"amount": Money(5, "EUR"), "budget": Money(7, "USD")}, at=at(6))
    desk.amend("d-2", {"amount": Money(9, "JPY")}, at=at(6))

    assert (desk.get("d-1").qualification.budget, desk.get("d-2").amount) == (Money(7, "USD"), Money(9, "JPY"))
    for comparison in ("lt", "ge", "ne"):
        assert desk.search(where=Compare("amount", comparison, Money(4, "USD")), at=at(6)).items == ()
    found = desk.search(where=Compare("amount", "one_of", (Money(5, "EUR"), Money(9, "JPY"))), at=at(6), order="id")
    assert [deal.id for deal in found.items] == ["d-1", "d-2"]


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "\udfff!"])
def test_what_no_store_can_keep_is_refused_at_the_border(desk, text):
    for ask in (
        lambda: desk.amend("d-1", {"name": text}, at=at(6)),
        lambda: desk.open("new-business", text, at=at(6)),
        lambda: desk.get(text),
        lambda: desk.find(owners=[text]),
        lambda: desk.amend("d-1", {"name": "x"}, at=at(6), command_id=text),
    ):
        with pytest.raises((ValueError, MoveRefused)):
            ask()
    assert desk.get("d-1").progress.version == 1


@pytest.mark.parametrize(
    "text", ["\ufffe", "\u2028", "e\u0301", "\U0010ffff", "\x7f\x01", "\r\n", "'; DROP TABLE records; --"]
)
def test_odd_text_is_kept_as_it_is(desk, text):
    desk.amend("d-1", {"name": text, "owner_id": text.strip() or "x"}, at=at(6))

    assert desk.get("d-1").name == text
    assert replay(desk.history("d-1")) == desk.get("d-1")
    if text.strip():
        assert [deal.id for deal in desk.find(owners=[text.strip()]).items] == ["d-1"]


def test_a_field_of_ten_megabytes_is_refused_and_writes_nothing(desk):
    for values in ({"name": "x" * 10_000_000}, {"tags": ("x" * 10_000_000,)}):
        with pytest.raises((MoveRefused, ValueError), match="characters"):
            desk.amend("d-1", values, at=at(6))
    assert desk.get("d-1").progress.version == 1


def test_ten_megabytes_of_many_fields_are_refused_by_the_file_and_write_nothing(tmp_path):
    with SqliteRepository(tmp_path / "deals.db") as repository:
        commit = opening()
        [write] = commit.writes
        fields = {f"f{number}": "x" * 19_000 for number in range(550)}
        change = attrs.evolve(write.changes[0], record=attrs.evolve(write.record, fields=fields))
        large = Write(write.key, 0, change.record, (change,))
        with pytest.raises(Unsupported, match="large"):
            repository.commit(Commit(tenant="main", writes=(*opening("d-0").writes, large)))
        assert repository.load(key("d-0")) is None
        assert repository.follow(None, limit=9) == ()


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("cursor", ["x" * 10_000_000, "[" * 100_000, "é", "bnVsbA==", "W10=", ""])
def test_a_cursor_from_nowhere_is_refused_as_such(store, cursor, tmp_path):
    repository = STORES[store](tmp_path)
    repository.commit(opening())

    with pytest.raises(InvalidDocument):
        repository.follow("main", after=cursor, limit=1)


# Revisions that do not know a record's stage any more.

ARCHIVED = load_pipeline("""
key = "new-business"
revision = 2
currency = "EUR"
stages = [
    { key = "qualified", kind = "open", archived = true },
    { key = "offered", kind = "open" },
    { key = "negotiating", kind = "open" },
    { key = "won", kind = "won" },
]
""")
FORGOTTEN = attrs.evolve(ARCHIVED, stages=ARCHIVED.stages[1:])


def behind_the_desks_back(desk, pipeline):
    """Publish a revision without asking what becomes of the deals, as a host's own code might."""
    store = desk._repository if isinstance(desk, Desk) else None
    commit = Commit(tenant="main", writes=(Write(publishing_key(pipeline), pipeline.revision - 1, pipeline),))
    if store is None:
        asyncio.run(desk._desk._repository.commit(commit))
    else:
        store.commit(commit)


def publishing_key(pipeline):
    return attrs.evolve(key(), kind="pipeline", id=pipeline.key)


def test_a_deal_in_an_archived_stage_is_read_amended_and_leaves(desk):
    behind_the_desks_back(desk, ARCHIVED)

    assert desk.get("d-1").progress.stage == "qualified"
    assert [deal.id for deal in desk.find(stages=["qualified"]).items] == ["d-1"]
    assert desk.amend("d-1", {"name": "Mills & Co"}, at=at(6)).version == 2
    with pytest.raises(MoveRefused):
        desk.open("new-business", "d-2", at=at(6), stage="qualified")
    assert desk.move("d-1", "offered", at=at(7)).version == 3


def test_a_deal_in_a_stage_that_is_forgotten_is_read_and_can_be_taken_elsewhere(desk):
    behind_the_desks_back(desk, FORGOTTEN)

    assert desk.get("d-1").progress.stage == "qualified"
    assert replay(desk.history("d-1")) == desk.get("d-1")
    with pytest.raises(MoveRefused) as caught:
        desk.move("d-1", "offered", at=at(6))
    assert caught.value.problems
    assert desk.publish(FORGOTTEN, mapping={"qualified": "offered"}, at=at(6)).moved == 1
    assert desk.get("d-1").progress.stage == "offered"


def test_a_revision_that_went_backwards_is_a_conflict(desk):
    behind_the_desks_back(desk, ARCHIVED)
    with pytest.raises(VersionConflict):
        desk.publish(PIPELINE)
