"""The desk: every command against every store."""

import asyncio
import inspect
import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import attrs
import pytest

from oppcore.desk import AsyncDesk, Desk, Saved
from oppcore.engine import Amended, Moved, Opened, amend, evolve, open_opportunity, replay
from oppcore.errors import CommandMismatch, Corrupt, MoveRefused, NotFound, Unavailable, VersionConflict
from oppcore.money import Money
from oppcore.records import Actor
from oppcore.repository import AsyncMemoryRepository, MemoryRepository, SqliteRepository, Stored
from tests.desks import DESKS, PlainDesk, meddler
from tests.repository.stores import PIPELINE, at

EURO = Money(Decimal(1000), "EUR")
ANN, BOB = Actor("ann"), Actor("bob")
FLAT = attrs.evolve(PIPELINE, revision=2, stages=tuple(attrs.evolve(stage, entry=()) for stage in PIPELINE.stages))


@pytest.fixture(params=DESKS)
def make_desk(request, tmp_path):
    """Make a desk of a kind; all share one store."""
    kind, repository = DESKS[request.param](tmp_path)
    return lambda wrap=lambda repository: repository, **options: kind(wrap(repository), **options)


@pytest.fixture
def desk(make_desk):
    """A desk with a published pipeline and a deal."""
    desk = make_desk()
    desk.publish(PIPELINE)
    desk.open("new-business", "d-1", {"name": "Mills"}, at=at(), actor=ANN)
    return desk


def test_a_deal_goes_its_way(desk):
    assert desk.get("d-1").name == "Mills"
    assert [problem.code for problem in desk.unmet("d-1", "offered", at=at(1))] == ["field.missing"]
    with pytest.raises(MoveRefused) as caught:
        desk.move("d-1", "offered", at=at(1))
    assert caught.value.problems == desk.unmet("d-1", "offered", at=at(1))
    assert desk.get("d-1").progress.version == 1

    receipt = desk.move("d-1", "offered", at=at(1), actor=ANN, amending={"budget": EURO})
    assert (receipt.version, receipt.repeated) == (3, False)
    assert [type(change) for change in receipt.changes] == [Amended, Moved]
    assert receipt.record == desk.get("d-1") == replay(desk.history("d-1"))
    assert [option.target.stage for option in desk.options("d-1", at=at(2)) if option.is_allowed][:1]
    assert desk.amend("d-1", {"name": "Mill & Co"}, at=at(2)).version == 4
    assert [record.name for record in desk.find(stages=["offered"]).items] == ["Mill & Co"]
    assert desk.find(stages=["won"]).items == ()


def test_what_is_not_there_is_said(desk):
    for ask in (
        lambda: desk.get("d-9"),
        lambda: desk.move("d-9", "offered", at=at(1)),
        lambda: desk.amend("d-9", {}, at=at(1)),
        lambda: desk.history("d-9"),
        lambda: desk.options("d-9", at=at(1)),
        lambda: desk.unmet("d-9", "offered", at=at(1)),
        lambda: desk.pipeline("renewals"),
        lambda: desk.open("renewals", "d-9", at=at()),
    ):
        with pytest.raises(NotFound):
            ask()


def test_a_deal_is_opened_once(desk):
    with pytest.raises(VersionConflict) as caught:
        desk.open("new-business", "d-1", at=at(1))
    assert (caught.value.expected, caught.value.found) == (0, 1)


def test_a_deal_is_adopted_as_it_stands(desk):
    image = attrs.evolve(desk.get("d-1"), id="d-2")
    image = attrs.evolve(image, progress=attrs.evolve(image.progress, stage="negotiating"))
    receipt = desk.adopt(image, at=at(3), command_id="c-1")

    assert receipt.record.progress.stage == "negotiating"
    assert desk.adopt(image, at=at(4), command_id="c-1").repeated
    assert desk.get("d-2") == receipt.record


def test_an_amendment_that_changes_nothing_writes_nothing(desk):
    receipt = desk.amend("d-1", {"name": "Mills"}, at=at(1))

    assert (receipt.version, receipt.changes) == (1, ())
    assert len(desk.history("d-1")) == 1


def test_a_long_history_is_read_to_its_end(make_desk):
    desk = make_desk()
    desk.publish(PIPELINE)
    changes = list(open_opportunity(PIPELINE, "d-1", at=at()))
    record = replay(changes)
    for number in range(2_100):
        made = amend(PIPELINE, record, {"name": str(number)}, at=at(1))
        record = evolve(record, *made)
        changes += made
    desk.save([changes], command_id="import")

    assert desk.history("d-1") == tuple(changes)
    assert desk.get("d-1").name == "2099"


# Versions and conflicts.


def rename(desk):
    """What somebody else does meanwhile: two changes that make one another possible, for ever."""
    rename.count += 1
    return desk.amend("d-1", {"name": f"theirs {rename.count}"}, at=at(1))


rename.count = 0


def test_a_conflict_is_decided_again(desk, make_desk):
    ours = meddler(make_desk, rename, times=3)
    receipt = ours.amend("d-1", {"source": "fair"}, at=at(2))

    assert receipt.version == 5
    assert receipt.record.name.startswith("theirs")
    assert receipt.record.origin.source == "fair"


def test_decided_again_means_that_it_may_be_refused_now(desk, make_desk):
    desk.amend("d-1", {"budget": EURO}, at=at())
    ours = meddler(make_desk, lambda rival: rival.amend("d-1", {"budget": None}, at=at(1)), times=1)

    with pytest.raises(MoveRefused):
        ours.move("d-1", "offered", at=at(2))


def test_conflicts_without_end_are_given_up(desk, make_desk):
    ours = meddler(make_desk, rename, times=99, retries=2)

    with pytest.raises(VersionConflict):
        ours.amend("d-1", {"source": "fair"}, at=at(2))
    assert desk.get("d-1").progress.version == 4


def test_what_the_user_saw_is_never_replaced_by_what_is_there(desk, make_desk):
    desk.amend("d-1", {"name": "Mill"}, at=at(1))

    with pytest.raises(VersionConflict) as caught:
        desk.amend("d-1", {"source": "fair"}, at=at(2), expected_version=1)
    assert (caught.value.expected, caught.value.found) == (1, 2)
    with pytest.raises(VersionConflict):
        desk.move("d-1", "won", at=at(2), expected_version=3)
    ours = meddler(make_desk, rename, times=1)
    with pytest.raises(VersionConflict):
        ours.amend("d-1", {"source": "fair"}, at=at(2), expected_version=2)
    assert desk.amend("d-1", {"source": "fair"}, at=at(2), expected_version=3).version == 4


# Pipelines.


def test_publishing_the_same_again_changes_nothing(desk):
    assert desk.publish(PIPELINE).version == 1
    assert desk.pipeline("new-business") == PIPELINE


def test_revisions_follow_one_another(desk):
    with pytest.raises(VersionConflict):
        desk.publish(attrs.evolve(PIPELINE, currency="USD"))  # the same revision, but another pipeline
    with pytest.raises(VersionConflict):
        desk.publish(attrs.evolve(PIPELINE, revision=3))
    assert desk.publish(FLAT).version == 2
    with pytest.raises(VersionConflict):
        desk.publish(PIPELINE)


def test_the_newest_revision_decides_even_if_it_comes_in_between(desk, make_desk):
    desk.amend("d-1", {"budget": EURO}, at=at())
    ours = meddler(make_desk, lambda rival: rival.publish(FLAT), times=1)
    receipt = ours.move("d-1", "offered", at=at(1))

    assert receipt.changes[0].stamp.revision == 2


def test_two_hosts_that_publish_the_same_at_once_both_succeed(make_desk):
    ours = meddler(make_desk, lambda rival: rival.publish(PIPELINE), times=1)

    assert ours.publish(PIPELINE).version == 1


def test_of_two_that_publish_unlike_revisions_one_wins(make_desk):
    ours = meddler(make_desk, lambda rival: rival.publish(attrs.evolve(PIPELINE, currency="USD")), times=1, retries=0)
    with pytest.raises(VersionConflict):
        ours.publish(PIPELINE)

    ours = meddler(make_desk, lambda rival: rival.publish(FLAT), times=1)
    with pytest.raises(VersionConflict):
        ours.publish(attrs.evolve(FLAT, currency="CHF"))


# Commands that come twice.


def test_a_command_that_comes_again_gives_its_first_outcome(desk):
    first = desk.amend("d-1", {"name": "Mill"}, at=at(1), actor=ANN, command_id="c-1")
    at_once = desk.amend("d-1", {"name": "Mill"}, at=at(2), actor=ANN, command_id="c-1")
    desk.amend("d-1", {"name": "Mill & Co", "source": "fair"}, at=at(3))
    later = desk.amend("d-1", {"name": "Mill"}, at=at(4), actor=ANN, command_id="c-1", expected_version=77)

    assert not first.repeated
    assert at_once == later == attrs.evolve(first, repeated=True)
    assert desk.get("d-1").name == "Mill & Co"


def test_a_change_that_comes_while_the_first_outcome_is_read_is_no_part_of_it(desk, make_desk):
    first = desk.amend("d-1", {"name": "Mill"}, at=at(1), command_id="c-1")
    ours = meddler(make_desk, lambda rival: rival.amend("d-1", {"source": "web"}, at=at(2)), times=1, before="history")

    assert ours.amend("d-1", {"name": "Mill"}, at=at(1), command_id="c-1") == attrs.evolve(first, repeated=True)


def test_a_command_that_changed_nothing_changes_nothing_later(desk):
    assert desk.amend("d-1", {"name": "Mills"}, at=at(1), command_id="c-1").changes == ()
    desk.amend("d-1", {"name": "Mill & Co"}, at=at(2))
    again = desk.amend("d-1", {"name": "Mills"}, at=at(3), command_id="c-1")

    assert (again.repeated, again.version, again.changes) == (True, 1, ())
    assert desk.get("d-1").name == "Mill & Co"


def test_an_id_belongs_to_one_command(desk):
    desk.amend("d-1", {"name": "Mill"}, at=at(1), actor=ANN, command_id="c-1")
    desk.open("new-business", "d-2", at=at())

    for other in (
        lambda: desk.amend("d-1", {"name": "Miller"}, at=at(1), actor=ANN, command_id="c-1"),
        lambda: desk.amend("d-1", {"name": "Mill"}, at=at(1), actor=BOB, command_id="c-1"),
        lambda: desk.amend("d-2", {"name": "Mill"}, at=at(1), actor=ANN, command_id="c-1"),
        lambda: desk.move("d-1", "offered", at=at(1), actor=ANN, command_id="c-1"),
        lambda: desk.open("new-business", "d-1", {"name": "Mill"}, at=at(1), actor=ANN, command_id="c-1"),
    ):
        with pytest.raises(CommandMismatch):
            other()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", Decimal(1)),
        (Decimal("1"), Money(Decimal(1), "EUR")),
        (Money(Decimal(1), "EUR"), Money(Decimal(1), "USD")),
        (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC).date()),
        (("a", "b"), ("b", "a")),
        (None, "None"),
    ],
)
def test_unlike_values_make_unlike_commands(one, other):
    from oppcore.desk.digest import digest_of

    assert digest_of({"x": one}) != digest_of({"x": other})
    assert digest_of({"x": one}) == digest_of({"x": one})


def test_a_command_under_way_twice_is_carried_out_once(desk, make_desk):
    desk.amend("d-1", {"budget": EURO}, at=at())

    def same(rival):
        return rival.move("d-1", "offered", at=at(1), command_id="c-1")

    receipt = meddler(make_desk, same, times=1).move("d-1", "offered", at=at(1), command_id="c-1")
    assert receipt.repeated
    assert [type(change) for change in desk.history("d-1")] == [Opened, Amended, Moved]


class Forgetful:
    """A store that commits, and then cannot say so."""

    def __init__(self, repository):
        self._repository, self._is_well = repository, False

    def __getattr__(self, name):
        return getattr(self._repository, name)

    def commit(self, commit, /):
        committed = self._repository.commit(commit)
        if self._is_well:
            return committed
        self._is_well = True
        if inspect.isawaitable(committed):
            return self._fail_later(committed)
        raise Unavailable("the connection is gone")

    async def _fail_later(self, committed):
        await committed
        raise Unavailable("the connection is gone")


def test_an_unknown_outcome_is_resolved_by_the_same_command_id(desk, make_desk):
    ours = make_desk(Forgetful)
    with pytest.raises(Unavailable):
        ours.amend("d-1", {"name": "Mill"}, at=at(1), command_id="c-1")

    assert ours.amend("d-1", {"name": "Mill"}, at=at(1), command_id="c-1").repeated
    assert len(desk.history("d-1")) == 2


def test_a_command_that_stands_in_its_own_way_is_recognised(desk, make_desk):
    desk.amend("d-1", {"budget": EURO}, at=at())

    class Late:
        """The first recall sees nothing, although the command is carried out right after it."""

        def __init__(self, repository):
            self._repository, self._first = repository, True

        def __getattr__(self, name):
            return getattr(self._repository, name)

        def recall(self, tenant, command_id, /):
            if not self._first:
                return self._repository.recall(tenant, command_id)
            self._first = False
            none = self._repository.recall(tenant, command_id)
            done = (desk._desk if isinstance(desk, PlainDesk) else desk).move(
                "d-1", "offered", at=at(1), command_id="c-1"
            )
            return self._then(none, done) if inspect.isawaitable(none) else none

        async def _then(self, none, done):
            await done
            return await none

    receipt = make_desk(Late).move("d-1", "offered", at=at(1), command_id="c-1")
    assert receipt.repeated


# Saving what was decided elsewhere.


def histories(count=1_200):
    """The changes of so many deals."""
    return [open_opportunity(PIPELINE, f"d-{number}", at=at()) for number in range(count)]


def test_many_records_are_saved_in_few_commits(make_desk):
    desk = make_desk()
    desk.publish(PIPELINE)

    assert desk.save(iter(histories())) == Saved(1_200, 1_200)
    page = desk.find(order="id", limit=1000)
    assert len(page.items) + len(desk.find(order="id", limit=1000, cursor=page.cursor).items) == 1_200


def test_saving_goes_on_where_it_was_interrupted(make_desk):
    desk = make_desk()
    desk.publish(PIPELINE)
    desk.save(histories(500), command_id="import")

    assert desk.save(histories(), command_id="import") == Saved(1_200, 1_200)
    with pytest.raises(VersionConflict):
        desk.save(histories(1))
    with pytest.raises(CommandMismatch):
        desk.save(histories(7), command_id="import")


def test_changes_may_follow_what_is_there(desk):
    changes = amend(PIPELINE, desk.get("d-1"), {"name": "Mill"}, at=at(1))

    assert desk.save([changes, ()]) == Saved(1, 1)
    assert desk.get("d-1").name == "Mill"
    with pytest.raises(VersionConflict):
        desk.save([changes])


def test_changes_decided_under_an_older_revision_are_not_saved(desk):
    desk.publish(FLAT)

    with pytest.raises(VersionConflict) as caught:
        desk.save(histories(2)[1:])
    assert caught.value.kind == "pipeline"


def test_changes_need_their_pipeline(make_desk):
    with pytest.raises(NotFound):
        make_desk().save(histories(1))


# Who may.


class NotAllowed(Exception):
    pass


def test_authorize_is_asked_before_each_commit(make_desk):
    seen = []

    def authorize(actor, action, record):
        seen.append((actor and actor.id, action, record.revision if action == "publish" else record.progress.version))
        if actor == BOB:
            raise NotAllowed

    desk = make_desk(authorize=authorize)
    desk.publish(PIPELINE, actor=ANN)
    desk.open("new-business", "d-1", at=at(), actor=ANN)
    desk.amend("d-1", {"budget": EURO}, at=at(1))
    desk.save([open_opportunity(PIPELINE, "d-2", at=at())], actor=ANN)
    for ask in (
        lambda: desk.publish(FLAT, actor=BOB),
        lambda: desk.open("new-business", "d-3", at=at(), actor=BOB),
        lambda: desk.adopt(attrs.evolve(desk.get("d-1"), id="d-3"), at=at(2), actor=BOB),
        lambda: desk.move("d-1", "won", at=at(2), actor=BOB),  # not told what else stands in the way
        lambda: desk.amend("d-1", {"name": "x"}, at=at(2), actor=BOB),
        lambda: desk.save([open_opportunity(PIPELINE, "d-3", at=at())], actor=BOB),
    ):
        with pytest.raises(NotAllowed):
            ask()

    assert seen[:4] == [("ann", "publish", 1), ("ann", "open", 1), (None, "amend", 1), ("ann", "save", 1)]
    assert [action for _, action, _ in seen[4:]] == ["publish", "open", "adopt", "move", "amend", "save"]
    assert [record.id for record in desk.find(order="id").items] == ["d-1", "d-2"]


def test_an_async_desk_awaits_its_authorize():
    async def authorize(actor, action, record):
        raise NotAllowed

    desk = PlainDesk(AsyncMemoryRepository(), authorize=authorize)
    with pytest.raises(NotAllowed):
        desk.publish(PIPELINE)


def test_a_plain_desk_does_not_take_an_unasked_question_for_a_yes():
    async def authorize(actor, action, record):
        raise NotAllowed

    with pytest.raises(TypeError, match="AsyncDesk"):
        Desk(MemoryRepository(), authorize=authorize).publish(PIPELINE)
    with pytest.raises(TypeError, match="AsyncDesk"):
        Desk(AsyncMemoryRepository()).get("d-1")


def test_a_store_that_gives_something_else_is_not_believed():
    class Liar:
        def load(self, key, /):
            return Stored(key, None, 1)

    for ask in (lambda: Desk(Liar()).get("d-1"), lambda: Desk(Liar()).pipeline("new-business")):
        with pytest.raises(Corrupt):
            ask()


def test_retries_are_counted_from_none(make_desk):
    with pytest.raises(ValueError, match="retries"):
        make_desk(retries=-1)


def test_desks_of_two_tenants_share_a_store(make_desk):
    ours, theirs = make_desk(tenant="a"), make_desk(tenant="b")
    ours.publish(PIPELINE)
    ours.open("new-business", "d-1", at=at())

    with pytest.raises(NotFound):
        theirs.get("d-1")
    with pytest.raises(NotFound):
        theirs.pipeline("new-business")
    with pytest.raises(ValueError, match="tenant"):
        make_desk(tenant="")


# Many at once.


def test_threads_that_move_the_same_deals_lose_nothing(tmp_path):
    repository = SqliteRepository(tmp_path / "deals.db")
    for store in (MemoryRepository(), repository):
        desk = Desk(store)
        desk.publish(PIPELINE)
        for id in ("d-1", "d-2"):
            desk.open("new-business", id, at=at())
        acknowledged = []

        def work(worker, desk=desk, acknowledged=acknowledged):
            for number in range(50):
                id = f"d-{1 + (worker + number) % 2}"
                name = f"{worker}/{number}"
                while True:
                    try:
                        receipt = desk.amend(id, {"name": name}, at=at(1))
                    except VersionConflict:
                        continue
                    acknowledged.append((id, receipt.version, name))
                    break

        threads = [threading.Thread(target=work, args=(worker,)) for worker in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        written = {
            (id, change.stamp.version, change.edits[0].new)
            for id in ("d-1", "d-2")
            for change in desk.history(id)
            if isinstance(change, Amended)
        }
        assert len(acknowledged) == 400
        assert written == set(acknowledged)


def test_tasks_that_move_the_same_deal_lose_nothing():
    async def run():
        desk = AsyncDesk(AsyncMemoryRepository())
        await desk.publish(PIPELINE)
        await desk.open("new-business", "d-1", at=at())
        await asyncio.gather(*(desk.amend("d-1", {"name": str(n)}, at=at(1)) for n in range(50)))
        return await desk.history("d-1")

    assert {change.edits[0].new for change in asyncio.run(run())[1:]} == set(map(str, range(50)))


def test_a_cancelled_command_leaves_nothing_behind():
    class Slow:
        def __init__(self):
            self._repository = AsyncMemoryRepository()

        def __getattr__(self, name):
            return getattr(self._repository, name)

        async def commit(self, commit, /):
            await asyncio.sleep(10)

    async def run():
        slow = Slow()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(AsyncDesk(slow).publish(PIPELINE), 0.01)
        with pytest.raises(NotFound):
            await AsyncDesk(slow).pipeline("new-business")

    asyncio.run(run())


def test_both_desks_offer_the_same():
    def offer(kind):
        return {
            name: str(inspect.signature(method)).replace("Async", "")
            for name, method in inspect.getmembers(kind, inspect.isfunction)
            if name == "__init__" or not name.startswith("_")
        }

    assert offer(Desk) == offer(AsyncDesk)
    assert all(inspect.iscoroutinefunction(getattr(AsyncDesk, name)) for name in offer(AsyncDesk) if name != "__init__")


def test_waiting_for_another_attempt_grows_and_is_bounded():
    from oppcore.desk.requests import wait_before

    assert max(wait_before(0) for _ in range(100)) <= 0.001
    assert 0.01 < max(wait_before(50) for _ in range(200)) <= 0.05
    assert timedelta(seconds=wait_before(3)) < timedelta(seconds=0.009)
