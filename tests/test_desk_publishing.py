"""Publishing revisions while deals stand in the pipeline, against every store."""

import attrs
import pytest

from oppcore.desk import Desk
from oppcore.engine import Moved, replay
from oppcore.errors import NotFound, RevisionRefused, Unavailable, VersionConflict
from oppcore.pipeline import load_pipeline
from oppcore.proof import Effect, compare, plan_migration
from oppcore.records import Actor, Lead
from oppcore.repository import MemoryRepository
from tests.desks import DESKS, Meddling, meddler
from tests.repository.stores import at

TABLE = {
    "key": "shop",
    "stages": [
        {"key": "lead", "kind": "open"},
        {"key": "demo", "kind": "open"},
        {"key": "offer", "kind": "open"},
        {"key": "won", "kind": "won"},
    ],
    "permissions": {"remove": {}},
    "reasons": [{"key": "price", "outcome": "lost"}],
}
FIRST = load_pipeline(TABLE)


def revised(revision=2, drop=(), **stages):
    """The pipeline with other stages."""
    changed = [{**stage, **stages.get(stage["key"], {})} for stage in TABLE["stages"] if stage["key"] not in drop]
    return load_pipeline({**TABLE, "revision": revision, "stages": changed})


ARCHIVED = revised(demo={"archived": True}, offer={"entry": [{"present": "budget"}]})
WISH = {"mapping": {"demo": "offer"}, "at": at(9)}


@pytest.fixture(params=DESKS)
def make_desk(request, tmp_path):
    """Make a desk of a kind; all share one store."""
    kind, repository = DESKS[request.param](tmp_path)
    return lambda wrap=lambda repository: repository, **options: kind(wrap(repository), **options)


@pytest.fixture
def desk(make_desk):
    """A desk with a deal in every open stage; two in the one that will be archived, one of them lost, one removed."""
    desk = make_desk()
    desk.publish(FIRST)
    for id, stage in {"a": "lead", "b": "demo", "c": "demo", "d": "offer", "e": "demo", "f": "demo"}.items():
        open_in(desk, id, stage)
    desk.move("e", outcome="lost", reason="price", at=at(1))
    desk.remove("f", at=at(1))
    return desk


def open_in(desk, id, stage, days=0):
    """Open a deal and bring it to a stage."""
    desk.open("shop", id, at=at(days))
    for to in {"lead": [], "demo": ["demo"], "offer": ["demo", "offer"]}[stage]:
        desk.move(id, to, at=at(days))


def stages(desk):
    """Where every deal stands."""
    return {deal.id: deal.progress.stage for deal in desk.find(removed=None).items}


BEFORE = {"a": "lead", "b": "demo", "c": "demo", "d": "offer", "e": "demo", "f": "demo"}


def test_a_revision_is_refused_while_deals_have_no_place_in_it(desk):
    with pytest.raises(RevisionRefused) as caught:
        desk.publish(ARCHIVED)

    [problem] = caught.value.problems
    assert (problem.code, problem.path, problem.parts[0].code) == ("revision.unplaced", "demo", "revision.no_place")
    assert (problem.params["count"], problem.params["record_ids"]) == (2, ["b", "c"])  # not the lost and removed ones
    assert (caught.value.pipeline, caught.value.revision, caught.value.published) == ("shop", 2, False)
    assert caught.value.detail()["problems"][0]["params"]["record_ids"] == ["b", "c"]
    assert "b, c" in str(caught.value)
    assert desk.unmet_publication(ARCHIVED) == caught.value.problems
    assert desk.pipeline("shop") == FIRST
    assert stages(desk) == BEFORE


def test_with_a_mapping_the_revision_is_published_and_its_deals_are_moved(desk):
    assert desk.unmet_publication(ARCHIVED, **WISH) == ()
    published = desk.publish(ARCHIVED, actor=Actor("ann"), **WISH)

    assert (published.record, published.version, published.moved) == (ARCHIVED, 2, 3)
    assert stages(desk) == {**BEFORE, "b": "offer", "c": "offer", "e": "offer"}
    moved = desk.history("b")[-1]
    assert isinstance(moved, Moved)
    assert (moved.stamp.origin, moved.stamp.actor_id, moved.stamp.at, moved.stamp.revision) == (
        "migrated",
        "ann",
        at(9),
        2,
    )
    assert replay(desk.history("e")) == desk.get("e")
    assert desk.publish(ARCHIVED, **WISH).moved == 0
    assert desk.publish(ARCHIVED).moved == 0


@pytest.mark.parametrize(
    ("mapping", "code"),
    [
        ({"demo": "won"}, "state.illegal"),
        ({"demo": "nowhere"}, "move.unknown_stage"),
        ({"demo": "demo"}, "revision.no_place"),
    ],
)
def test_a_mapping_that_leads_nowhere_does_nothing(desk, mapping, code):
    with pytest.raises(RevisionRefused) as caught:
        desk.publish(ARCHIVED, mapping=mapping, at=at(9))

    assert code in {part.code for problem in caught.value.problems for part in problem.parts}
    assert desk.pipeline("shop") == FIRST
    assert stages(desk) == BEFORE


def test_a_mapping_at_a_time_before_a_deals_last_change_does_nothing(desk):
    open_in(desk, "late", "demo", days=20)
    with pytest.raises(RevisionRefused) as caught:
        desk.publish(ARCHIVED, **WISH)

    [problem] = caught.value.problems
    assert (problem.params["record_ids"], problem.parts[0].code) == (["late"], "change.out_of_order")
    assert desk.pipeline("shop") == FIRST


def test_a_mapping_needs_to_know_when(desk):
    for call in (desk.publish, desk.unmet_publication):
        with pytest.raises(ValueError, match="at="):
            call(ARCHIVED, mapping={"demo": "offer"})


def test_what_may_not_be_is_refused_with_the_deals_that_are_in_the_way(desk):
    for pipeline, code, ids in (
        (revised(drop=["demo"]), "revision.stage_gone", ["b", "c", "e"]),
        (revised(offer={"kind": "post_sale"}), "revision.stage_kind", ["d"]),
    ):
        with pytest.raises(RevisionRefused) as caught:
            desk.publish(pipeline, **WISH)
        found = [problem for problem in caught.value.problems if problem.code == code]
        assert [problem.params["record_ids"] for problem in found] == [ids]
    with pytest.raises(RevisionRefused) as caught:
        desk.publish(load_pipeline({"key": "shop", "revision": 2, "kind": "lead", "stages": TABLE["stages"][:1]}))
    assert "revision.other" in {problem.code for problem in caught.value.problems}
    assert desk.publish(revised(won={"probability": 1}, lead={"labels": {"en": "Lead"}})).version == 2


def test_the_deals_in_the_way_are_counted_and_only_some_are_named(desk):
    for number in range(600):
        open_in(desk, f"x-{number}", "demo")
    with pytest.raises(RevisionRefused) as caught:
        desk.publish(ARCHIVED)

    [problem] = caught.value.problems
    assert problem.params["count"] == 602
    assert len(problem.params["record_ids"]) == 21
    assert problem.params["record_ids"][-1] == "…"
    assert desk.publish(ARCHIVED, **WISH).moved == 603


# Interrupted, and meddled with.


class Failing:
    """A store that is lost before (or after) a commit, the so-manieth."""

    def __init__(self, repository, number, after=False):
        self.repository, self.left, self.after = repository, number, after

    def __getattr__(self, name):
        asked = getattr(self.repository, name)
        if name != "commit":
            return asked
        self.left -= 1
        if self.left:
            return asked

        def commit(wanted):
            if self.after:
                asked(wanted)
            raise Unavailable("gone")

        return commit


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_same_call_again_finishes_what_was_interrupted(number, after):
    repository = MemoryRepository()
    desk = Desk(repository)
    desk.publish(FIRST)
    for each in range(700):
        open_in(desk, f"x-{each:03}", "demo")
    with pytest.raises(Unavailable):
        Desk(Failing(repository, number, after)).publish(ARCHIVED, **WISH)
    rest = desk.publish(ARCHIVED, **WISH)

    assert rest.moved == 700 - {1: 0, 2: 500 * after, 3: 500 + 200 * after}[number]
    assert {deal.progress.stage for deal in desk.find(limit=1000).items} == {"offer"}
    assert all(len(desk.history(f"x-{each:03}")) == 3 for each in range(700))


def test_a_deal_that_comes_in_between_is_moved_too(desk, make_desk):
    ours = meddler(make_desk, lambda rival: rival.move("a", "demo", at=at(2)), times=1)

    assert ours.publish(ARCHIVED, **WISH).moved == 4
    assert desk.get("a").progress.stage == "offer"


def test_a_deal_that_comes_in_between_without_a_mapping_waits_for_the_same_call_with_one(desk, make_desk):
    desk.publish(revised(offer={"entry": [{"present": "budget"}]}))
    third = revised(3, lead={"archived": True})
    desk.move("a", "demo", at=at(2))
    ours = meddler(make_desk, lambda rival: rival.open("shop", "new", at=at(2)), times=1)

    assert ours.publish(third).version == 3
    assert desk.get("new").progress.stage == "lead"
    assert desk.publish(third, mapping={"lead": "demo"}, at=at(3)).moved == 1
    assert desk.get("new").progress.stage == "demo"


def test_a_deal_that_comes_in_between_and_cannot_be_moved_is_named_when_the_rest_is_done(desk, make_desk):
    ours = meddler(make_desk, lambda rival: rival.move("a", "demo", at=at(30)), times=1)
    with pytest.raises(RevisionRefused) as caught:
        ours.publish(ARCHIVED, **WISH)

    assert caught.value.published
    assert caught.value.problems[0].params["record_ids"] == ["a"]
    assert stages(desk) == {**BEFORE, "a": "demo", "b": "offer", "c": "offer", "e": "offer"}
    assert desk.publish(ARCHIVED, mapping={"demo": "offer"}, at=at(31)).moved == 1


def test_a_deal_that_is_changed_while_it_is_moved_is_moved_as_it_is_then(make_desk, desk):
    def meddle_in_the_second(repository):
        calls = []

        def meddle():
            calls.append(1)
            return None if len(calls) != 2 else rival()

        def rival():
            return getattr(desk, "_desk", desk).amend("b", {"name": "Mills"}, at=at(2))

        return Meddling(repository, meddle, 2)

    assert make_desk(meddle_in_the_second).publish(ARCHIVED, **WISH).moved == 3
    assert (desk.get("b").name, desk.get("b").progress.stage) == ("Mills", "offer")


def test_a_revision_that_comes_in_between_stops_the_moving(make_desk, desk):
    third = attrs.evolve(ARCHIVED, revision=3)
    desk.publish(ARCHIVED, **WISH)
    ours = meddler(make_desk, lambda rival: rival.publish(third), times=1)
    with pytest.raises(VersionConflict) as caught:
        ours.publish(ARCHIVED, mapping={"lead": "offer"}, at=at(9))

    assert (caught.value.kind, caught.value.found) == ("pipeline", 3)
    assert desk.get("a").progress.stage == "lead"


# Earlier revisions.


def test_every_revision_can_be_read(desk):
    desk.publish(ARCHIVED, **WISH)
    third = revised(3, demo={"archived": True})
    desk.publish(third)

    assert [desk.pipeline("shop", revision=number) for number in (1, 2, 3)] == [FIRST, ARCHIVED, third]
    assert desk.pipeline("shop") == third
    for number in (0, 4):
        with pytest.raises(NotFound, match="revision"):
            desk.pipeline("shop", revision=number)
    with pytest.raises(NotFound, match="pipeline"):
        desk.pipeline("none", revision=1)


def test_whoever_may_not_publish_moves_nothing(desk, make_desk):
    def authorize(actor, action, record):
        raise PermissionError(action)

    for pipeline, wish in ((ARCHIVED, WISH), (FIRST, {"mapping": {"demo": "offer"}, "at": at(9)})):
        with pytest.raises(PermissionError, match="publish"):
            make_desk(authorize=authorize).publish(pipeline, **wish)
    assert stages(desk) == BEFORE


def test_the_desk_asks_of_the_concerned_deals_what_a_plan_asks_of_all(desk):
    plan = plan_migration(desk.find(removed=None).items, ARCHIVED, {"demo": "offer"}, at=at(9))
    refused = [one for one in compare(FIRST, ARCHIVED, desk.find(removed=None).items) if one.effect is Effect.REFUSED]

    assert refused == list(plan.unresolved) == []
    desk.publish(ARCHIVED, **WISH)
    for one in plan.migrations:
        assert desk.get(one.record_id).progress.stage == one.after.progress.stage


def test_leads_are_moved_as_deals_are():
    repository = MemoryRepository()
    leads, deals = Desk(repository, of=Lead), Desk(repository)
    table = {
        "key": "leads",
        "kind": "lead",
        "stages": [{"key": "new", "kind": "open"}, {"key": "known", "kind": "open"}],
    }
    deals.publish(load_pipeline(table))
    leads.open("leads", "l-1", at=at())
    archived = [{"key": "new", "kind": "open", "archived": True}, {"key": "known", "kind": "open"}]
    deals.publish(load_pipeline({**table, "revision": 2, "stages": archived}), mapping={"new": "known"}, at=at(1))

    assert leads.get("l-1").progress.stage == "known"
