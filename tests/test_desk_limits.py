"""Limits on work in progress: conditions over several deals, held under a guard."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from oppcore.desk import Desk, Limit
from oppcore.engine import replay
from oppcore.errors import MoveRefused, VersionConflict
from oppcore.pipeline import load_pipeline
from oppcore.records import Lead
from oppcore.repository import MemoryRepository, SqliteRepository
from tests.desks import DESKS, meddler
from tests.repository.stores import at

PIPELINE = load_pipeline("""
key = "shop"
currency = "EUR"
stages = [
    { key = "lead", kind = "open" },
    { key = "negotiation", kind = "open", may_be_skipped = true },
    { key = "contract", kind = "open" },
    { key = "won", kind = "won" },
]
permissions = { remove = {}, restore = {}, merge = {} }
""")
OTHER = load_pipeline({"key": "other", "stages": [{"key": "lead", "kind": "open"}]})
LIMITS = [Limit(pipeline="shop", stages=["negotiation", "contract"], most=2)]


@pytest.fixture(params=DESKS)
def make_desk(request, tmp_path):
    """Make a desk with a limit; all share one store."""
    kind, repository = DESKS[request.param](tmp_path)

    def make(wrap=lambda repository: repository, **options):
        return kind(wrap(repository), **{"limits": LIMITS, **options})

    return make


@pytest.fixture
def desk(make_desk):
    """A desk at which Ann negotiates about two deals already, and has two more; Bob has one; one is nobody's."""
    desk = make_desk()
    desk.publish(PIPELINE)
    desk.publish(OTHER)
    for id, owner in {"a1": "ann", "a2": "ann", "a3": "ann", "a4": "ann", "b1": "bob", "n1": None}.items():
        desk.open("shop", id, {"owner_id": owner}, at=at())
    desk.move("a1", "negotiation", at=at(1))
    desk.move("a2", "negotiation", at=at(1))
    return desk


def refused(ask, *args, **options):
    """The problem that a command is refused for."""
    with pytest.raises(MoveRefused) as caught:
        ask(*args, **options)
    [problem] = caught.value.problems
    return problem


def test_no_deal_comes_under_a_limit_that_is_reached(desk):
    problem = refused(desk.move, "a3", "negotiation", at=at(2))

    assert (problem.code, problem.params["most"], problem.params["owner"]) == ("limit.reached", 2, "ann")
    assert desk.unmet("a3", "negotiation", at=at(2)) == (problem,)
    assert desk.get("a3").progress.stage == "lead"
    assert "ann" in problem.text("zh")
    assert desk.unmet("b1", "negotiation", at=at(2)) == ()
    assert desk.move("b1", "negotiation", at=at(2)).version == 2  # Bob has room
    assert desk.move("n1", "negotiation", at=at(2)).version == 2  # nobody's deals are not limited


def test_who_is_under_the_limit_already_goes_on(desk):
    assert desk.move("a1", "contract", at=at(2)).version == 3
    assert desk.amend("a1", {"name": "Mills"}, at=at(2)).version == 4
    refused(desk.move, "a3", "negotiation", at=at(2))
    desk.move("a2", "lead", at=at(2))
    assert desk.move("a3", "negotiation", at=at(3)).version == 2


def test_a_deal_can_come_under_a_limit_in_many_ways(desk):
    desk.move("b1", "negotiation", at=at(2))
    problems = [
        refused(desk.amend, "b1", {"owner_id": "ann"}, at=at(3)),
        refused(desk.open, "shop", "a9", {"owner_id": "ann"}, at=at(3), stage="negotiation"),
        refused(desk.move, "a3", "negotiation", at=at(3), amending={"owner_id": "ann", "name": "x"}),
    ]
    assert desk.unmet_amendment("b1", {"owner_id": "ann"}, at=at(3)) == (problems[0],)
    assert desk.unmet_opening("shop", "a9", {"owner_id": "ann"}, at=at(3), stage="negotiation") == (problems[1],)
    desk.remove("a1", at=at(3))
    desk.move("a3", "negotiation", at=at(3))
    again = refused(desk.restore, "a1", at=at(4))
    assert desk.unmet_restoration("a1", at=at(4)) == (again,)
    desk.move("a3", outcome="lost", at=at(5))  # lost where it stands: no longer open
    assert desk.restore("a1", at=at(5)).version == 4


def test_a_limit_for_all_counts_the_deals_of_everybody(make_desk, desk):
    everybody = make_desk(limits=[Limit(pipeline="shop", stages=["negotiation"], most=3, per=None)])
    everybody.move("n1", "negotiation", at=at(2))

    problem = refused(everybody.move, "b1", "negotiation", at=at(2))
    assert (problem.params["most"], problem.params["owner"]) == (3, None)
    assert everybody.open("other", "x", at=at(2)).version == 1


def test_what_comes_from_elsewhere_is_counted_and_not_refused(make_desk, desk):
    free = make_desk(limits=())
    free.move("a3", "negotiation", at=at(2))
    desk.amend("a3", {"name": "still here"}, at=at(3))
    desk.move("a1", "lead", at=at(3))
    refused(desk.move, "a1", "negotiation", at=at(4))


def test_merging_counts_what_is_left(desk):
    desk.move("b1", "negotiation", at=at(2))
    assert desk.unmet_merging("b1", "a1", {"owner_id": "ann"}, at=at(3)) == ()
    assert desk.merge("b1", "a1", {"owner_id": "ann"}, at=at(3)).record.team.owner_id == "ann"
    refused(desk.move, "a3", "negotiation", at=at(4))


@pytest.mark.parametrize("most", [-1, 901, True, 1.5])
def test_a_limit_is_a_number_that_fits_into_a_page(most):
    with pytest.raises(ValueError, match="most"):
        Limit(pipeline="shop", stages=["negotiation"], most=most)


def test_a_limit_of_nothing_lets_nobody_in(make_desk, desk):
    closed = make_desk(limits=[Limit(pipeline="shop", stages=["contract"], most=0)])

    refused(closed.move, "b1", "contract", at=at(2))


# Others come in at the same time.


def test_of_two_that_come_in_at_once_one_is_refused(make_desk, desk):
    desk.move("a2", "lead", at=at(2))
    ours = meddler(make_desk, lambda rival: rival.move("a4", "negotiation", at=at(3)), times=1)

    problem = refused(ours.move, "a3", "negotiation", at=at(3))
    assert problem.code == "limit.reached"
    assert desk.get("a4").progress.stage == "negotiation"


def test_without_trying_again_the_guard_is_what_conflicts(make_desk, desk):
    desk.move("a2", "lead", at=at(2))
    ours = meddler(make_desk, lambda rival: rival.move("a4", "negotiation", at=at(3)), times=1, retries=0)

    with pytest.raises(VersionConflict) as caught:
        ours.move("a3", "negotiation", at=at(3))
    assert caught.value.kind == "guard"


def crowd(tmp_path, limits, rounds=6, movers=6):
    """How often more deals than three were in a stage at once, when all of an owner's were moved there at once."""
    over = 0
    for number in range(rounds):
        with SqliteRepository(tmp_path / f"{len(limits)}-{number}.db") as repository:
            desk = Desk(repository, limits=limits)
            desk.publish(PIPELINE)
            for mover in range(movers):
                desk.open("shop", f"d-{mover}", {"owner_id": "ann"}, at=at())
            together = threading.Barrier(movers)

            def go(mover, desk=desk, together=together):
                counted = len(desk.find(stages=["negotiation"], owners=["ann"]).items)
                together.wait()
                try:
                    if limits or counted < 3:
                        desk.move(f"d-{mover}", "negotiation", at=at(1))
                except MoveRefused:
                    return

            with ThreadPoolExecutor(movers) as pool:
                list(pool.map(go, range(movers)))
            found = desk.find(stages=["negotiation"], owners=["ann"]).items
            assert all(replay(desk.history(deal.id)) == deal for deal in found)
            over += len(found) > 3
            assert not limits or len(found) == 3
    return over


def test_a_limit_holds_when_everybody_comes_at_once(tmp_path):
    assert crowd(tmp_path, [Limit(pipeline="shop", stages=["negotiation"], most=3)]) == 0


def test_counting_without_a_guard_lets_too_many_in(tmp_path):
    assert crowd(tmp_path, [], rounds=2) > 0


def test_a_converted_lead_opens_under_the_limit():
    repository = MemoryRepository()
    limits = [Limit(pipeline="shop", stages=["lead"], most=1)]
    leads = Desk(repository, of=Lead, limits=limits)
    leads.publish(PIPELINE)
    stages = [{"key": "new", "kind": "open"}, {"key": "converted", "kind": "won"}]
    leads.publish(load_pipeline({"key": "leads", "kind": "lead", "stages": stages}))
    for id in ("l-1", "l-2"):
        leads.open("leads", id, at=at())
    wish = {"into": "shop", "values": {"owner_id": "ann"}, "at": at(1)}
    leads.convert("l-1", opportunity_id="d-1", **wish)

    problem = refused(leads.convert, "l-2", opportunity_id="d-2", **wish)
    assert leads.unmet_conversion("l-2", opportunity_id="d-2", **wish) == (problem,)
    assert leads.get("l-2").progress.stage == "new"
