"""The desk: what it does beside moves, in every store, under revisions that change and beside people who are faster."""

import asyncio
import inspect
import threading
import time
from datetime import timedelta
from decimal import Decimal

import attrs
import pytest

from oppcore import engine
from oppcore.desk import AsyncDesk, Desk, Saved
from oppcore.engine import Merged, Moved, Override, Signed, open_opportunity, replay
from oppcore.errors import CommandMismatch, MoveRefused, NotFound, VersionConflict
from oppcore.money import Money
from oppcore.pipeline import Flow, Permissions, load_pipeline
from oppcore.records import Actor, Lead, RoundStatus
from oppcore.repository import MemoryRepository, SqliteRepository
from tests.desks import DESKS, meddler
from tests.repository.stores import at

CONTRACTS = load_pipeline("""
key = "contracts"
currency = "EUR"
opens_in = ["draft"]
stages = [
    { key = "draft", kind = "open", entry = [{ present = "name" }], stay = [{ present = "name" }] },
    { key = "quoted", kind = "open", entry = [{ present = "budget" }], exit = [{ approved = "quote" }] },
    { key = "won", kind = "won" },
]
permissions = { correct = { roles = ["admin"] }, remove = {}, restore = {}, merge = {} }
flow = { transfer = {} }
actions = [{ key = "send_quote", gate = [{ present = "budget" }] }]
overrides = [{ roles = ["head"], waives = ["criteria", "approvals"] }]

[[approvals]]
key = "quote"
covers = ["budget"]
steps = [{ key = "price", roles = ["manager"] }, { key = "terms", roles = ["lawyer"] }]
""")
RENEWALS = load_pipeline("""
key = "renewals"
currency = "EUR"
stages = [{ key = "draft", kind = "open" }, { key = "due", kind = "open" }, { key = "won", kind = "won" }]
flow = { transfer = {} }
""")
EURO = Money(Decimal(1000), "EUR")
ANN = Actor("ann", ["admin", "head"])
MAX, MIA = Actor("max", ["manager"]), Actor("mia", ["manager"])
LEO = Actor("leo", ["lawyer"])
WAIVED = Override("The founder asked for it", ["stages.draft.entry[0]", "stages.draft.stay[0]"])


def newer(pipeline, **changed):
    """The next revision of a pipeline."""
    return attrs.evolve(pipeline, revision=pipeline.revision + 1, **changed)


@pytest.fixture(params=DESKS)
def make_desk(request, tmp_path):
    """Make a desk of a kind; all share one store."""
    kind, repository = DESKS[request.param](tmp_path)
    return lambda wrap=lambda repository: repository, **options: kind(wrap(repository), **options)


def furnish(desk):
    """Publish both pipelines and open two deals."""
    desk.publish(CONTRACTS)
    desk.publish(RENEWALS)
    for id in ("d-1", "d-2"):
        desk.open("contracts", id, {"name": id, "budget": EURO}, at=at(), actor=ANN)
    return desk


@pytest.fixture
def desk(make_desk):
    """A desk with two deals."""
    return furnish(make_desk())


# Every command: what comes before it, the command itself, and another wish of the same kind.


@attrs.frozen
class Case:
    """A command, and what there is to be said about it."""

    run: object
    other: object
    prepare: object = lambda desk: None
    revised: object = CONTRACTS  # of this pipeline, somebody publishes a revision
    forbids: object = None  # what changes in a revision under which the command is refused
    asked: tuple = ((1, "d-1"),)  # with which versions and records authorize is asked


def with_request(desk):
    desk.request_approval("d-1", "quote", at=at(1), actor=ANN)


def with_history(desk):
    desk.amend("d-1", {"source": "fair"}, at=at(3))


CASES = {
    "open": Case(
        lambda desk, **options: desk.open("contracts", "d-3", at=at(5), actor=ANN, override=WAIVED, **options),
        lambda desk, **options: desk.open(
            "contracts", "d-3", at=at(5), actor=ANN, override=attrs.evolve(WAIVED, reason="No"), **options
        ),
        forbids={"overrides": ()},
        asked=((1, "d-3"),),
    ),
    "move": Case(
        lambda desk, **options: desk.move(
            "d-1", "won", at=at(5), actor=ANN, override=Override("Signed", ["stages.quoted.exit[0]"]), **options
        ),
        lambda desk, **options: desk.move("d-1", "won", at=at(5), actor=ANN, **options),
        prepare=lambda desk: desk.move("d-1", "quoted", at=at(1)),
        forbids={"overrides": ()},
        asked=((2, "d-1"),),
    ),
    "amend": Case(
        lambda desk, **options: desk.amend("d-1", {"name": None}, at=at(5), actor=ANN, override=WAIVED, **options),
        lambda desk, **options: desk.amend("d-1", {"name": None}, at=at(5), actor=ANN, **options),
        forbids={"overrides": ()},
    ),
    "hold": Case(
        lambda desk, **options: desk.hold("d-1", at=at(5), reason="Holidays", actor=ANN, **options),
        lambda desk, **options: desk.hold("d-1", at=at(5), resume_on=at(9).date(), actor=ANN, **options),
    ),
    "resume": Case(
        lambda desk, **options: desk.resume("d-1", at=at(5), actor=ANN, **options),
        lambda desk, **options: desk.resume("d-2", at=at(5), actor=ANN, **options),
        prepare=lambda desk: desk.hold("d-1", at=at(1)),
        asked=((2, "d-1"),),
    ),
    "request_approval": Case(
        lambda desk, **options: desk.request_approval("d-1", "quote", at=at(5), actor=ANN, **options),
        lambda desk, **options: desk.request_approval("d-1", "discount", at=at(5), actor=ANN, **options),
        forbids={"approvals": (attrs.evolve(CONTRACTS.approvals[0], roles=("sales",)),)},
    ),
    "sign": Case(
        lambda desk, **options: desk.sign("d-1", "quote", "approve", at=at(5), actor=MAX, **options),
        lambda desk, **options: desk.sign("d-1", "quote", "reject", at=at(5), actor=MAX, **options),
        prepare=with_request,
        asked=((2, "d-1"),),
    ),
    "correct": Case(
        lambda desk, **options: desk.correct("d-1", 2, happened_at=at(2), at=at(5), actor=ANN, **options),
        lambda desk, **options: desk.correct("d-1", 2, happened_at=None, at=at(5), actor=ANN, **options),
        prepare=with_history,
        forbids={"permissions": Permissions()},
        asked=((2, "d-1"),),
    ),
    "remove": Case(
        lambda desk, **options: desk.remove("d-1", at=at(5), comment="A test", actor=ANN, **options),
        lambda desk, **options: desk.remove("d-1", at=at(5), actor=ANN, **options),
        forbids={"permissions": Permissions()},
    ),
    "restore": Case(
        lambda desk, **options: desk.restore("d-1", at=at(5), comment="No test", actor=ANN, **options),
        lambda desk, **options: desk.restore("d-1", at=at(5), actor=ANN, **options),
        prepare=lambda desk: desk.remove("d-1", at=at(1)),
        forbids={"permissions": Permissions()},
        asked=((2, "d-1"),),
    ),
    "merge": Case(
        lambda desk, **options: desk.merge("d-1", "d-2", {"source": "fair"}, at=at(5), actor=ANN, **options),
        lambda desk, **options: desk.merge("d-1", "d-2", at=at(5), actor=ANN, **options),
        forbids={"permissions": Permissions()},
        asked=((1, "d-1"), (1, "d-2")),
    ),
    "transfer": Case(
        lambda desk, **options: desk.transfer("d-1", "renewals", "due", at=at(5), actor=ANN, **options),
        lambda desk, **options: desk.transfer("d-1", "renewals", at=at(5), actor=ANN, **options),
        revised=RENEWALS,
        forbids={"flow": Flow()},
        asked=((1, "d-1"), (2, "d-1")),
    ),
    "transfer, left": Case(
        lambda desk, **options: desk.transfer("d-1", "renewals", "due", at=at(5), actor=ANN, **options),
        lambda desk, **options: desk.transfer("d-1", "renewals", at=at(5), actor=MAX, **options),
        forbids={"flow": Flow()},
        asked=((1, "d-1"), (2, "d-1")),
    ),
}


def name_of(case):
    """The name of the method."""
    return next(name for name, one in CASES.items() if one is case).partition(",")[0]


@pytest.fixture(params=CASES)
def case(request):
    return CASES[request.param]


def some_cases(wanted):
    """Run a test with those commands only."""
    return pytest.mark.parametrize("case", [name for name, case in CASES.items() if wanted(case)], indirect=True)


def of_revised(case, receipt):
    """The last change of a receipt that was decided under the revised pipeline."""
    return [one for one in receipt.changes if one.stamp.pipeline == case.revised.key]


def test_what_is_done_is_what_is_kept(desk, case):
    case.prepare(desk)
    receipt = case.run(desk)

    id = receipt.record.id
    assert not receipt.repeated
    assert receipt.changes
    assert receipt.record == desk.get(id) == replay(desk.history(id))
    assert desk.history(id)[-len(receipt.changes) :] == receipt.changes
    for record in desk.find(order="id", removed=None).items:
        assert record == replay(desk.history(record.id))


def test_a_revision_that_comes_in_between_decides(desk, make_desk, case):
    case.prepare(desk)
    ours = meddler(make_desk, lambda rival: rival.publish(newer(case.revised)), times=1)

    assert all(change.stamp.revision == 2 for change in of_revised(case, case.run(ours)))


@some_cases(lambda case: case.forbids is not None)
def test_a_revision_that_comes_in_between_may_refuse(desk, make_desk, case):
    case.prepare(desk)
    before = desk.find(order="id", removed=None)
    ours = meddler(make_desk, lambda rival: rival.publish(newer(case.revised, **case.forbids)), times=1)

    with pytest.raises(MoveRefused):
        case.run(ours)
    assert desk.find(order="id", removed=None) == before


def test_a_decision_under_an_old_revision_is_never_committed(desk, make_desk, case):
    case.prepare(desk)
    before = desk.find(order="id", removed=None)
    ours = meddler(make_desk, lambda rival: rival.publish(newer(case.revised)), times=1, retries=0)

    with pytest.raises(VersionConflict) as caught:
        case.run(ours)
    assert (caught.value.kind, caught.value.id) == ("pipeline", case.revised.key)
    assert desk.find(order="id", removed=None) == before


def decide_elsewhere(case):
    """What the command changes in another store in which the same is kept."""
    elsewhere = furnish(Desk(MemoryRepository()))
    case.prepare(elsewhere)
    before = {record.id: record.progress.version for record in elsewhere.find(removed=None).items}
    case.run(elsewhere)
    return [
        elsewhere.history(record.id)[before.get(record.id, 0) :]
        for record in elsewhere.find(order="id", removed=None).items
    ]


def test_what_was_decided_elsewhere_is_saved_under_the_same_revisions(desk, case):
    case.prepare(desk)
    changes = decide_elsewhere(case)

    saved = desk.save(changes)
    assert saved == Saved(sum(map(bool, changes)), sum(map(len, changes)))
    for record in desk.find(order="id", removed=None).items:
        assert record == replay(desk.history(record.id))


@some_cases(lambda case: name_of(case) != "transfer" or case.revised is RENEWALS)  # its changes name the rules entered
def test_what_was_decided_elsewhere_under_an_old_revision_is_not_saved(desk, case):
    case.prepare(desk)
    changes = decide_elsewhere(case)
    desk.publish(newer(case.revised))
    before = desk.find(order="id", removed=None)

    with pytest.raises(VersionConflict) as caught:
        desk.save(changes)
    assert (caught.value.kind, caught.value.expected, caught.value.found) == ("pipeline", 1, 2)
    assert desk.find(order="id", removed=None) == before


def test_old_decisions_are_not_saved_in_the_company_of_new_ones(desk):
    desk.publish(newer(CONTRACTS))
    old = open_opportunity(CONTRACTS, "d-3", {"name": "x"}, at=at())
    new = open_opportunity(newer(CONTRACTS), "d-4", {"name": "x"}, at=at())

    for batch in ([old, new], [new, old], [old]):
        with pytest.raises(VersionConflict):
            desk.save(batch)
    assert desk.save([new]) == Saved(1, 1)


def test_a_command_is_carried_out_once(desk, case):
    case.prepare(desk)
    first = case.run(desk, command_id="c-1")
    at_once = case.run(desk, command_id="c-1")
    desk.publish(newer(case.revised, **(case.forbids or {})))

    assert not first.repeated
    assert at_once == case.run(desk, command_id="c-1") == attrs.evolve(first, repeated=True)
    with pytest.raises(CommandMismatch):
        case.other(desk, command_id="c-1")


def test_a_command_under_way_twice_is_carried_out_once(desk, make_desk, case):
    case.prepare(desk)
    ours = meddler(make_desk, lambda rival: case.run(rival, command_id="c-1"), times=1)

    receipt = case.run(ours, command_id="c-1")
    assert receipt.repeated
    assert desk.get(receipt.record.id) == receipt.record


@some_cases(lambda case: name_of(case) != "open")
def test_what_the_user_saw_is_what_is_changed(desk, case):
    case.prepare(desk)
    version = desk.get("d-1").progress.version

    with pytest.raises(VersionConflict):
        case.run(desk, expected_version=version + 1)
    assert case.run(desk, expected_version=version).record == desk.get("d-1")


class NotAllowed(Exception):
    """Said by authorize."""


def test_authorize_is_asked(desk, make_desk, case):
    case.prepare(desk)
    seen = []

    def note(actor, action, record):
        assert actor is not None
        seen.append((action, record.progress.version, record.id))

    def refuse_last(actor, action, record):
        note(actor, action, record)
        if len(seen) == len(case.asked):
            raise NotAllowed

    before = desk.find(order="id", removed=None)
    with pytest.raises(NotAllowed):
        case.run(make_desk(authorize=refuse_last))
    assert desk.find(order="id", removed=None) == before
    seen.clear()
    case.run(make_desk(authorize=note))
    assert [one[1:] for one in seen] == list(case.asked)
    assert {one[0] for one in seen} == {name_of(case)}


# Questions.

QUESTIONS = {
    "open": ("unmet_opening", ("contracts", "d-3"), {}),
    "move": ("unmet", ("d-1", "won"), {}),
    "amend": ("unmet_amendment", ("d-1", {"name": None}), {}),
    "request_approval": ("unmet_request", ("d-1", "discount"), {"actor": ANN}),
    "sign": ("unmet_signature", ("d-1", "quote", "approve"), {"actor": MAX}),
    "correct": ("unmet_correction", ("d-1", 1), {"happened_at": None}),
    "remove": ("unmet_removal", ("gone",), {}),
    "restore": ("unmet_restoration", ("d-1",), {}),
    "merge": ("unmet_merging", ("d-1", "d-1"), {}),
    "transfer": ("unmet_transfer", ("d-1", "renewals", "won"), {}),
    "require_action": ("unmet_action", ("d-1", "send_gift"), {}),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_gives_every_reason_for_which_the_command_is_refused(desk, name):
    question, args, options = QUESTIONS[name]
    desk.open("contracts", "gone", {"name": "x"}, at=at())
    desk.remove("gone", at=at())

    with pytest.raises(MoveRefused) as caught:
        getattr(desk, name)(*args, at=at(5), **options)
    assert caught.value.problems == getattr(desk, question)(*args, at=at(5), **options) != ()


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_takes_what_the_command_takes(name):
    command, question = (inspect.signature(getattr(Desk, method)).parameters for method in (name, QUESTIONS[name][0]))
    only_done = {"expected_version", "expected_absorbed_version", "command_id"} | (
        {"comment"} if name in {"remove", "restore"} else set()
    )
    assert [one for one in command if one not in only_done] == list(question)


@pytest.mark.parametrize(
    "name", ["move", "transfer", "amend", "hold", "resume", "request_approval", "sign", "correct", "remove", "merge"]
)
def test_the_desk_takes_what_the_engine_takes(name):
    ours, theirs = (list(inspect.signature(getattr(owner, name)).parameters) for owner in (Desk, engine))
    given = {"pipeline", "changes"}  # what the desk loads
    named = {"record": "id", "absorbed": "absorbed_id"}
    mine = [one for one in ours if one not in {"self", "expected_version", "expected_absorbed_version", "command_id"}]
    assert mine == [named.get(one, one) for one in theirs if one not in given]


def test_a_question_changes_nothing_and_asks_nobody(make_desk):
    def refuse(actor, action, record):
        raise NotAllowed

    before = furnish(make_desk()).find(order="id", removed=None)
    desk = make_desk(authorize=refuse)
    assert desk.unmet_removal("d-1", at=at(5)) == ()
    assert desk.unmet_request("d-1", "quote", at=at(5), actor=ANN) == ()
    assert desk.unmet_merging("d-1", "d-2", at=at(5)) == ()
    assert desk.unmet_transfer("d-1", "renewals", at=at(5)) == ()
    assert desk.unmet_opening("contracts", "d-3", at=at(5), actor=ANN, override=WAIVED) == ()
    assert desk.unmet_adoption(attrs.evolve(desk.get("d-1"), id="d-3"), at=at(5)) == ()
    assert desk.find(order="id", removed=None) == before


def test_what_is_not_there_is_said(desk):
    for ask in (
        lambda: desk.form("d-9", "quoted"),
        lambda: desk.merge("d-1", "d-9", at=at(5)),
        lambda: desk.merge("d-9", "d-1", at=at(5)),
        lambda: desk.unmet_merging("d-1", "d-9", at=at(5)),
        lambda: desk.transfer("d-1", "projects", at=at(5)),
        lambda: desk.unmet_transfer("d-1", "projects", at=at(5)),
        lambda: desk.correct("d-9", 1, happened_at=at(), at=at(5)),
        lambda: desk.unmet_correction("d-9", 1, happened_at=at(), at=at(5)),
        lambda: desk.unmet_opening("projects", "d-3", at=at(5)),
        lambda: desk.require_action("d-9", "send_quote", at=at(5)),
    ):
        with pytest.raises(NotFound):
            ask()


def test_forms_and_actions(desk):
    assert [question.field.name for question in desk.form("d-1", "quoted").questions] == ["budget"]
    assert desk.unmet_action("d-1", "send_quote", at=at(1)) == ()
    assert desk.require_action("d-1", "send_quote", at=at(1)) is None
    desk.amend("d-1", {"budget": None}, at=at(1))

    assert desk.form("d-1", "quoted").missing == ("budget",)
    with pytest.raises(MoveRefused):
        desk.require_action("d-1", "send_quote", at=at(2))
    with pytest.raises(KeyError):
        desk.form("d-1", "nowhere")


def test_the_past_that_is_corrected_is_the_one_decided_on(desk, make_desk):
    with_history(desk)
    ours = meddler(make_desk, lambda rival: rival.amend("d-1", {"source": "web"}, at=at(4)), times=1)
    receipt = ours.correct("d-1", 2, happened_at=None, at=at(5), actor=ANN)

    assert (receipt.version, receipt.record.origin.source) == (4, "web")
    assert receipt.record == replay(desk.history("d-1"))


def test_a_change_that_comes_while_the_past_is_read_is_no_part_of_it(desk, make_desk):
    with_history(desk)

    def ours(name):
        return meddler(make_desk, lambda rival: rival.amend("d-1", {"name": name}, at=at(4)), times=1, before="history")

    assert ours("A").unmet_correction("d-1", 2, happened_at=None, at=at(5), actor=ANN) == ()
    receipt = ours("B").correct("d-1", 2, happened_at=None, at=at(5), actor=ANN)
    assert (receipt.version, receipt.record.name, receipt.record.origin.source) == (5, "B", None)
    assert receipt.record == replay(desk.history("d-1"))


def test_a_long_past_is_corrected(make_desk):
    desk = furnish(make_desk())
    elsewhere = furnish(Desk(MemoryRepository()))
    record = elsewhere.get("d-1")
    changes = []
    for number in range(1_100):
        made = engine.amend(CONTRACTS, record, {"name": str(number)}, at=at(1) + timedelta(seconds=number))
        record = engine.evolve(record, *made)
        changes += made
    desk.save([changes])

    receipt = desk.correct("d-1", 1_101, happened_at=None, at=at(5), actor=ANN)
    assert receipt.record.name == "1098"


# Two at once.


def test_of_two_who_sign_the_same_step_one_wins(desk, make_desk):
    with_request(desk)
    ours = meddler(make_desk, lambda rival: rival.sign("d-1", "quote", "approve", at=at(5), actor=MIA), times=1)

    with pytest.raises(MoveRefused) as caught:
        ours.sign("d-1", "quote", "approve", at=at(5), actor=MAX)
    assert [problem.code for problem in caught.value.problems] == ["approval.not_yours"]
    assert [one.signature.actor_id for one in desk.history("d-1") if isinstance(one, Signed)] == ["mia"]


def test_two_who_sign_unlike_steps_both_count(desk, make_desk):
    with_request(desk)
    ours = meddler(make_desk, lambda rival: rival.sign("d-1", "quote", "approve", at=at(5), actor=LEO), times=1)
    receipt = ours.sign("d-1", "quote", "approve", at=at(5), actor=MAX)

    [one] = receipt.record.progress.approvals
    assert (receipt.version, one.status, one.signed) == (4, RoundStatus.GRANTED, {"price", "terms"})


def test_who_signs_what_they_saw_signs_nothing_else(desk, make_desk):
    with_request(desk)
    ours = meddler(make_desk, lambda rival: rival.amend("d-1", {"source": "fair"}, at=at(4)), times=1)

    with pytest.raises(VersionConflict):
        ours.sign("d-1", "quote", "approve", at=at(5), actor=MAX, expected_version=2)
    assert desk.get("d-1").progress.approvals[0].status is RoundStatus.OPEN


def test_a_signature_never_meets_other_content(desk, make_desk):
    with_request(desk)
    more = Money(Decimal(9_000), "EUR")
    ours = meddler(make_desk, lambda rival: rival.amend("d-1", {"budget": more}, at=at(4)), times=1)

    with pytest.raises(MoveRefused):
        ours.sign("d-1", "quote", "approve", at=at(5), actor=MAX)


def test_a_merge_decides_again_when_the_absorbed_deal_has_moved(desk, make_desk):
    ours = meddler(make_desk, lambda rival: rival.move("d-2", "quoted", at=at(4)), times=1)
    receipt = ours.merge("d-1", "d-2", {"source": "fair"}, at=at(5), actor=ANN)

    assert receipt.version == 2
    assert [type(change) for change in desk.history("d-2")[1:]] == [Moved, Merged]
    assert desk.get("d-2").progress.removal.merged_into == "d-1"


def test_a_merge_that_loses_changes_neither_deal(desk, make_desk):
    ours = meddler(make_desk, lambda rival: rival.move("d-2", "quoted", at=at(4)), times=1, retries=0)

    with pytest.raises(VersionConflict) as caught:
        ours.merge("d-1", "d-2", at=at(5), actor=ANN)
    assert caught.value.id == "d-2"
    assert [type(change) for change in desk.history("d-2")[1:]] == [Moved]
    assert len(desk.history("d-1")) == 1
    with pytest.raises(VersionConflict):
        desk.merge("d-1", "d-2", at=at(5), actor=ANN, expected_absorbed_version=1)
    assert desk.merge("d-1", "d-2", at=at(5), actor=ANN, expected_version=1, expected_absorbed_version=2).version == 2


def test_a_move_meets_a_merge(desk, make_desk):
    ours = meddler(make_desk, lambda rival: rival.merge("d-1", "d-2", at=at(4)), times=1)

    with pytest.raises(MoveRefused) as caught:
        ours.move("d-2", "quoted", at=at(5))
    assert [problem.code for problem in caught.value.problems] == ["record.merged"]


def test_a_deal_transferred_meanwhile_is_decided_on_in_its_new_pipeline(desk, make_desk):
    ours = meddler(make_desk, lambda rival: rival.transfer("d-1", "renewals", at=at(4)), times=1)
    receipt = ours.move("d-1", outcome="abandoned", at=at(5))

    assert (receipt.changes[0].stamp.pipeline, receipt.version) == ("renewals", 3)


def test_threads_that_change_and_merge_lose_nothing(tmp_path):
    for store in (MemoryRepository(), SqliteRepository(tmp_path / "deals.db")):
        desk = furnish(Desk(store))
        acknowledged = []

        def rename(worker, desk=desk, acknowledged=acknowledged):
            for number in range(40):
                name = f"{worker}/{number}"
                try:
                    receipt = desk.amend("d-2", {"name": name}, at=at(1))
                except VersionConflict:
                    continue
                except MoveRefused:
                    return
                acknowledged.append((receipt.version, name))

        def merge(desk=desk, acknowledged=acknowledged):
            while len(acknowledged) < 30:
                time.sleep(0.001)
            while True:
                try:
                    return desk.merge("d-1", "d-2", at=at(1))
                except VersionConflict:
                    continue

        threads = [threading.Thread(target=rename, args=(worker,)) for worker in range(4)]
        threads.append(threading.Thread(target=merge))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        *renamed, merged = desk.history("d-2")[1:]
        assert isinstance(merged, Merged)
        assert sorted(acknowledged) == [(change.stamp.version, change.edits[0].new) for change in renamed]
        assert desk.history("d-1")[1].absorbed_id == "d-2"


# Both kinds of records.

INBOUND = load_pipeline("""
key = "inbound"
kind = "lead"
stages = [{ key = "new", kind = "open" }, { key = "converted", kind = "won" }]
permissions = { remove = {}, merge = {} }
""")


def test_leads_have_the_same_commands(make_desk):
    leads = make_desk(of=Lead)
    leads.publish(INBOUND)
    for id in ("l-1", "l-2"):
        leads.open("inbound", id, at=at())

    assert leads.hold("l-1", at=at(1)).record.progress.hold.held_since == at(1)
    assert isinstance(leads.merge("l-1", "l-2", at=at(2)).record, Lead)
    assert leads.remove("l-1", at=at(3)).record == leads.get("l-1") == replay(leads.history("l-1"), of=Lead)
    leads.open("inbound", "l-3", at=at())
    furnish(make_desk())
    wish = {"into": "contracts", "opportunity_id": "d-9", "at": at(4)}
    assert leads.unmet_conversion("l-3", **wish)[0].code == "field.missing"
    with pytest.raises(MoveRefused) as caught:
        leads.convert("l-3", **wish)
    assert caught.value.problems == leads.unmet_conversion("l-3", **wish)


def test_only_leads_are_converted(desk):
    for ask in (desk.convert, desk.unmet_conversion):
        with pytest.raises(TypeError, match="of=Lead"):
            ask("d-1", into="renewals", opportunity_id="d-9", at=at(5))


def test_a_method_shows_itself_as_what_it_is():
    for kind in (Desk, AsyncDesk):
        assert (kind.sign.__name__, kind.open.__name__) == ("sign", "open")
        assert kind.move.__doc__.startswith("Move a deal, as")
        assert inspect.signature(kind.get).return_annotation == "R"
        assert str(inspect.signature(kind.form)) == "(self, /, id: 'str', to: 'str') -> 'Form'"
    assert asyncio.iscoroutinefunction(AsyncDesk.sign)
