"""Changing a pipeline that deals stand in: compared, planned, applied, and asked of the past."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.criteria import AllOf, Not, Present, Role
from oppcore.engine import amend, evolve, migrate, move, open_opportunity, replay, unmet_migration
from oppcore.errors import MoveRefused
from oppcore.money import Money
from oppcore.pipeline import Permissions, load_pipeline
from oppcore.proof import compare, plan_migration, replay_under
from oppcore.records import Actor, Lead, Opportunity, RecordKind
from oppcore.testing import histories, pipelines
from tests.laws.lives import quarter
from tests.problems import assert_said

T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)
OLD = """
key = "p"
revision = 1
stages = [
    { key = "lead", kind = "open" },
    { key = "demo", kind = "open" },
    { key = "offer", kind = "open" },
    { key = "won", kind = "won" },
]
fields = [{ key = "score", type = "number" }, { key = "tier", type = "text" }]
"""


def revised(**changes):
    """The next revision, with other stages or parts."""
    old = load_pipeline(OLD)
    stages = [attrs.evolve(stage, **changes.pop(stage.key, {})) for stage in old.stages]
    return attrs.evolve(old, **{"revision": 2, "stages": stages, **changes})


def deal(id="d", stage="demo", **values):
    pipeline = load_pipeline(OLD)
    record = replay(open_opportunity(pipeline, id, values, at=T0))
    for key in ("demo", "offer", "won"):
        if record.progress.stage == stage:
            return record
        record = evolve(record, *move(pipeline, record, key, at=T0))
    return record


def effects(new, records=()):
    found = compare(load_pipeline(OLD), new, records)
    for one in found:
        assert_said(one.problem)
    return [(one.problem.code, str(one.effect), one.record_ids) for one in found]


def test_a_revision_without_differences_has_none():
    assert compare(load_pipeline(OLD), revised()) == ()
    assert compare(load_pipeline(OLD), load_pipeline(OLD)) == ()


@pytest.mark.parametrize(
    ("new", "found"),
    [
        (revised(revision=3), ("revision.number", "refused", ())),
        (revised(key="q"), ("revision.other", "refused", ())),
        (revised(demo={"archived": True}), ("revision.stage_archived", "needs_mapping", ("d",))),
        (revised(offer={"archived": True}), ("revision.stage_archived", "harmless", ())),
        (revised(demo={"kind": "lost"}), ("revision.stage_kind", "refused", ("d",))),
        (revised(offer={"kind": "lost"}), ("revision.stage_kind", "harmless", ())),
        (revised(fields=[]), ("revision.field", "needs_mapping", ("d",))),
        (revised(offer={"roles": ["boss"]}), ("revision.part", "harmless", ())),
        (revised(permissions=Permissions()), None),
    ],
)
def test_each_difference_says_what_it_means_and_names_the_deals(new, found):
    seen = effects(new, [deal(score=Decimal(3))])

    assert (found in seen) if found else seen == []


def test_a_stage_that_is_gone_is_refused_whether_deals_stand_in_it_or_not():
    stages = [stage for stage in load_pipeline(OLD).stages if stage.key != "offer"]
    new = revised(stages=stages)

    assert ("revision.stage_gone", "refused", ()) in effects(new)
    assert ("revision.stage_gone", "refused", ("d",)) in effects(new, [deal(stage="offer")])


def test_a_new_stage_and_another_order_are_harmless():
    lead, demo, offer, won = load_pipeline(OLD).stages
    new = revised(stages=[lead, offer, demo, attrs.evolve(demo, key="pilot"), won])

    assert [found[:2] for found in effects(new)] == [("revision.stage_new", "harmless"), ("revision.order", "harmless")]


ARCHIVED = revised(demo={"archived": True}, offer={"entry": [Present("budget")]})


def test_a_plan_says_where_each_deal_goes_and_what_the_new_rules_do_not_like():
    here, there, done = deal("a"), deal("b", "offer"), deal("c", "won")
    plan = plan_migration([here, there, done], ARCHIVED, {"demo": "offer"}, at=T0 + DAY)

    assert [(one.record_id, one.before.progress.stage, one.after.progress.stage) for one in plan.migrations] == [
        ("a", "demo", "offer"),
        ("b", "offer", "offer"),
        ("c", "won", "won"),
    ]
    assert [[problem.code for problem in one.violations] for one in plan.migrations] == [
        ["field.missing"],
        ["field.missing"],
        [],
    ]
    assert plan.unresolved == ()
    assert [(change.stamp.origin, change.stamp.revision) for [change] in plan.changes] == [("migrated", 2)]


def test_a_plan_without_a_place_for_a_deal_is_unresolved():
    plan = plan_migration([deal("a")], ARCHIVED, at=T0 + DAY)
    wrong = plan_migration([deal("a")], ARCHIVED, {"demo": "won"}, at=T0 + DAY)

    assert [[problem.code for problem in one.problems] for one in plan.unresolved] == [["revision.no_place"]]
    assert [[problem.code for problem in one.problems] for one in wrong.unresolved] == [["state.illegal"]]
    assert plan.changes == wrong.changes == ()


def test_a_plan_says_who_moves_the_deals_and_when_that_is_recorded():
    said = {"at": T0 + DAY, "recorded_at": T0 + 2 * DAY, "actor": Actor("ann")}
    [[change]] = plan_migration([deal("a")], ARCHIVED, {"demo": "offer"}, **said).changes
    [wrong] = plan_migration([deal("a")], ARCHIVED, {"demo": "offer"}, **said | {"recorded_at": T0}).unresolved

    assert (change.stamp.at, change.stamp.recorded_at, change.stamp.actor_id) == (T0 + DAY, T0 + 2 * DAY, "ann")
    assert [problem.code for problem in wrong.problems] == ["change.before_it_happens"]


def test_a_plan_is_applied_in_parts_and_planning_again_plans_the_rest():
    deals = [deal(name) for name in "abc"]
    plan = plan_migration(deals, ARCHIVED, {"demo": "offer"}, at=T0 + DAY)
    half = [evolve(one.before, *one.changes) for one in plan.migrations[:2]] + deals[2:]
    rest = plan_migration(half, ARCHIVED, {"demo": "offer"}, at=T0 + DAY)

    assert (len(plan.changes), len(rest.changes)) == (3, 1)
    done = [one.after for one in rest.migrations]
    assert {record.progress.stage for record in done} == {"offer"}
    assert plan_migration(done, ARCHIVED, {"demo": "offer"}, at=T0 + DAY).changes == ()


def test_asking_and_migrating_agree():
    record = deal("a")

    assert migrate(ARCHIVED, record, "demo", at=T0) == ()
    assert unmet_migration(ARCHIVED, record, "offer", at=T0) == ()
    for to, code in (("nowhere", "move.unknown_stage"), ("won", "state.illegal")):
        assert [problem.code for problem in unmet_migration(ARCHIVED, record, to, at=T0)] == [code]
        with pytest.raises(MoveRefused, match=r"the migration to"):
            migrate(ARCHIVED, record, to, at=T0)
    back = unmet_migration(ARCHIVED, deal("a", "offer"), "demo", at=T0)
    assert [problem.code for problem in back] == ["stage.archived"]


def test_the_past_is_asked_under_todays_rules():
    old = load_pipeline(OLD)
    changes = [*open_opportunity(old, "d", at=T0)]
    for key in ("demo", "offer", "won"):
        changes += move(old, replay(changes), key, at=T0)
    found = list(replay_under(ARCHIVED, [changes]))

    assert [(change.target.stage, [problem.code for problem in problems]) for change, problems in found] == [
        ("demo", ["stage.archived"]),
        ("offer", ["field.missing"]),
    ]


def test_what_somebody_could_have_done_is_not_refused_and_what_nobody_could_is():
    old = load_pipeline(OLD)
    changes = [*open_opportunity(old, "d", at=T0)]
    changes += move(old, replay(changes), "demo", at=T0)
    for gate, codes in (
        ([Role(("boss",))], []),
        ([Not(Role(("boss",)))], []),
        ([AllOf([Role(("boss",)), Not(Role(("clerk",)))])], []),
        ([AllOf([Role(("boss",)), Not(Role(("boss",)))])], ["role.missing", "role.held"]),
    ):
        found = dict(replay_under(revised(demo={"entry": gate}), [changes]))
        assert [problem.code for problems in found.values() for problem in problems] == codes


def test_a_way_there_is_not_any_more_is_said():
    old = load_pipeline(OLD)
    changes = [*open_opportunity(old, "d", at=T0)]
    changes += move(old, replay(changes), "demo", at=T0)
    wayless = attrs.evolve(changes[-1], source=changes[-1].target)
    [(_, problems)] = replay_under(old, [[*changes[:-1], wayless]])

    assert [(problem.code, problem.path) for problem in problems] == [("move.no_way", "to")]
    assert_said(problems[0])


def test_what_came_with_a_move_counts_for_it():
    old = load_pipeline(OLD)
    changes = [*open_opportunity(old, "d", at=T0)]
    changes += move(old, replay(changes), "demo", at=T0)
    changes += move(old, replay(changes), "offer", at=T0, amending={"budget": Money(1, "EUR")})
    changes += amend(old, replay(changes), {"budget": None}, at=T0)

    assert [change.target.stage for change, _ in replay_under(ARCHIVED, [changes])] == ["demo"]


@st.composite
def pasts(draw):
    pipeline = draw(pipelines(kind=draw(st.sampled_from(RecordKind)), max_open_stages=3))
    return pipeline, draw(histories(pipeline, max_steps=8))


@quarter
@given(pasts())
def test_the_rules_of_the_day_refuse_nothing_that_they_allowed(past):
    pipeline, changes = past

    assert list(replay_under(pipeline, [changes])) == []


@quarter
@given(pasts(), st.data())
def test_migrating_leaves_everything_but_the_stage(past, data):
    pipeline, changes = past
    record = replay(changes, of=Lead if pipeline.kind is RecordKind.LEAD else Opportunity)
    to = data.draw(st.sampled_from([stage.key for stage in pipeline.stages]))
    at = record.progress.changed_at
    if not unmet_migration(pipeline, record, to, at=at):
        after = evolve(record, *migrate(pipeline, record, to, at=at))

        assert (after.progress.stage, after.progress.outcome) == (to, record.progress.outcome)
        assert attrs.evolve(after, progress=record.progress) == record
        assert (after.progress.closed_at, after.progress.reason) == (record.progress.closed_at, record.progress.reason)
