"""Laws of overrides and of stay criteria."""

from datetime import UTC, datetime

import attrs
from hypothesis import given
from hypothesis import strategies as st

from oppcore.criteria import Situation
from oppcore.engine import (
    Moved,
    Override,
    amend,
    correct,
    evolve,
    merge,
    move,
    open_opportunity,
    options,
    request_approval,
    sign,
    unmet,
)
from oppcore.engine.judging import find_stay_rules
from oppcore.errors import MoveRefused
from oppcore.money import Money
from oppcore.pipeline import OverridePolicy, load_pipeline, rules_of
from oppcore.records import Actor
from oppcore.testing.values import ROLES
from tests.laws.lives import lives, quarter, record_of, standings

CHIEF = Actor("chief", [*ROLES, "chief"])


@st.composite
def wishes(draw):
    """A record, a target, and a pipeline in which the chief may override everything that can be."""
    pipeline, record = draw(standings())
    pipeline = attrs.evolve(pipeline, overrides=[OverridePolicy(roles=["chief"])])
    target = draw(st.sampled_from([stage.key for stage in pipeline.stages]))
    reason = draw(st.sampled_from([None, "price"]))
    actor = draw(st.sampled_from([CHIEF, Actor("chief", ["chief"])]))
    return pipeline, record, {"to": target, "at": record.progress.changed_at, "actor": actor, "reason": reason}


@quarter
@given(wishes(), st.data())
def test_an_override_waives_exactly_what_it_names(wish, data):
    pipeline, record, asked = wish
    problems = unmet(pipeline, record, **asked)
    named = sorted({problem.rule for problem in problems if problem.rule})
    chosen = tuple(data.draw(st.lists(st.sampled_from(named), unique=True))) if named else ()
    override = Override("the board wants it", chosen)
    left = unmet(pipeline, record, **asked, override=override)

    # Two rules may want the same: what one of them says still stands when only the other is waived.
    assert {problem for problem in problems if problem.rule not in chosen} <= set(left) <= set(problems)
    assert not {problem.rule for problem in left} & set(chosen)
    if not left:
        moved = move(pipeline, record, **asked, override=override)[-1]
        waived = () if moved.stamp.waiver is None else moved.stamp.waiver.waived
        assert {one.rule for one in waived} == {problem.rule for problem in problems} - {""}
        assert {one.code for one in waived} == {problem.code for problem in problems}


@quarter
@given(wishes())
def test_nobody_overrides_without_the_role_or_a_reason(wish):
    pipeline, record, asked = wish
    problems = unmet(pipeline, record, **asked)
    rules = tuple(dict.fromkeys(problem.rule for problem in problems if problem.rule))
    if rules:
        stranger = {**asked, "actor": Actor("stranger", ROLES)}
        before = unmet(pipeline, record, **stranger)
        refused = unmet(pipeline, record, **stranger, override=Override("please", rules))
        silent = unmet(pipeline, record, **asked, override=Override("  ", rules))

        assert set(before) < set(refused)
        assert {problem.code for problem in refused if problem not in before} == {"override.forbidden"}
        assert {problem.code for problem in silent} > {"override.reason"} - {problem.code for problem in problems}


@quarter
@given(wishes())
def test_what_no_rule_says_cannot_be_waived(wish):
    pipeline, record, asked = wish
    problems = unmet(pipeline, record, **asked)
    everything = Override("all of it", tuple(rules_of(pipeline)))
    left = unmet(pipeline, record, **asked, override=everything)

    assert [problem for problem in problems if not problem.rule] == list(left)


@quarter
@given(lives(max_steps=10))
def test_every_problem_that_was_waived_names_a_rule_of_the_pipeline(life):
    pipeline, changes = life
    known = rules_of(pipeline)
    for change in changes:
        if change.stamp.waiver is not None:
            assert {one.rule for one in change.stamp.waiver.waived} <= set(known)
        if isinstance(change, Moved):
            assert set(change.stamp.rules) <= set(known)


STAYS = load_pipeline("""
key = "p"
currency = "EUR"
stages = [
    { key = "a", kind = "open", stay = [{ present = "intent" }] },
    { key = "b", kind = "open", stay = [{ approved = "quote" }, { compare = "amount", ge = 2 }] },
    { key = "w", kind = "won", stay = [{ any = [{ approved = "quote" }, { compare = "amount", ge = 3 }] }] },
]
approvals = [{ key = "quote", covers = [{ at_most = "amount" }], steps = [{ key = "m", roles = ["manager"] }] }]
overrides = [{ roles = ["chief"] }]
permissions = { correct = {}, merge = {} }
""")
VALUES = st.sampled_from([{"intent": "weak"}, {"intent": None}, *({"amount": Money(n, "EUR")} for n in (1, 2, 3))])
ANN, BOSS = Actor("ann"), Actor("boss", ["manager"])
T0 = datetime(2026, 3, 2, tzinfo=UTC)


OTHER = record_of(open_opportunity(STAYS, "e", {"intent": "weak"}, at=T0))


def do(act, record, changes, values):
    """The changes of something that somebody does; a refusal is raised."""
    match act:
        case "amend":
            return amend(STAYS, record, values, at=T0)
        case "ask":
            return request_approval(STAYS, record, "quote", at=T0, actor=ANN)
        case "sign":
            return sign(STAYS, record, "quote", "approve", at=T0, actor=BOSS)
        case "withdraw":
            return sign(STAYS, record, "quote", "withdraw", at=T0, actor=ANN)
        case "correct":
            return correct(STAYS, record, changes, 1 + len(changes) // 2, happened_at=None, at=T0)
        case "merge":
            return merge(STAYS, record, OTHER, values, at=T0)[:1]
    here = record.progress.stage
    ways = [one.target for one in options(STAYS, record, at=T0) if one.is_allowed and one.target.stage != here]
    return move(STAYS, record, ways[0].stage, outcome=ways[0].outcome, at=T0) if ways else ()


ACTS = st.sampled_from(["amend", "amend", "ask", "sign", "withdraw", "move", "correct", "merge"])


@given(st.lists(st.tuples(ACTS, VALUES), min_size=4, max_size=20))
def test_stay_criteria_never_go_from_true_to_not_true_without_an_override(acts):
    changes = open_opportunity(STAYS, "d", {"intent": "weak", "amount": Money(2, "EUR")}, at=T0)
    for act, values in acts:
        record = record_of(changes)
        try:
            new = do(act, record, changes, values)
        except MoveRefused:
            continue
        after = evolve(record, *new)
        if after.progress.stage == record.progress.stage:
            for rule in find_stay_rules(STAYS, record):
                then, now = (Situation(record=one, at=T0) for one in (record, after))

                assert rule.criterion.judge(now) is True or rule.criterion.judge(then) is not True
        changes += new


@quarter
@given(lives())
def test_an_override_without_need_leaves_no_trace(life):
    pipeline, changes = life
    record = record_of(changes)
    pipeline = attrs.evolve(pipeline, overrides=[OverridePolicy(roles=["chief"])])
    override = Override("just in case", ("flow.jump",))
    for stage in pipeline.stages:
        wish = {"to": stage.key, "at": record.progress.changed_at, "actor": CHIEF}
        if not unmet(pipeline, record, **wish):
            plain, careful = move(pipeline, record, **wish), move(pipeline, record, **wish, override=override)

            assert plain == careful
            assert evolve(record, *plain) == evolve(record, *careful)
