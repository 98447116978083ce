"""What is said with an act arrives: who did it, when, when that was recorded, and the facts that a gate asks for."""

from datetime import timedelta

import attrs
import pytest

from oppcore.engine import (
    adopt,
    amend,
    convert,
    correct,
    hold,
    merge,
    migrate,
    move,
    open_lead,
    open_opportunity,
    options,
    remove,
    replay,
    request_approval,
    require_action,
    restore,
    resume,
    sign,
    transfer,
)
from oppcore.errors import MoveRefused, Problem
from oppcore.pipeline import load_pipeline
from oppcore.records import Actor, Lead
from tests.engine.examples import DAY, T0
from tests.problems import assert_filled, assert_refusal_is_told, place_of

ANN = Actor("ann")
NOW, RECORDED = T0 + 9 * DAY, T0 + 10 * DAY


@attrs.frozen
class Checked:
    """Whether the facts say that it was checked."""

    def judge(self, situation):
        return situation.facts.get("checked", False)

    def problem(self, situation, wanted):
        return Problem("host.unchecked", "checked")


def load(key, gate="[]"):
    return load_pipeline(
        f"""
key = "{key}"
stages = [
    {{ key = "a", kind = "open", entry = {gate} }},
    {{ key = "b", kind = "open", entry = {gate} }},
    {{ key = "w", kind = "won", entry = {gate} }},
]
approvals = [{{ key = "quote", steps = [{{ key = "s", signers = ["ann"], when = {{ all = {gate} }} }}] }}]
actions = [{{ key = "send", gate = {gate} }}]
flow.transfer = {{}}
permissions = {{ correct = {{}}, remove = {{}}, restore = {{}}, merge = {{}} }}
""",
        criteria={"checked": Checked},
    )


HOME, AWAY = load("home"), load("away")
LEADS = load_pipeline('key = "l"\nkind = "lead"\nstages = [{ key = "n", kind = "open" }, { key = "w", kind = "won" }]')
OPENED = open_opportunity(HOME, "d-1", {"name": "Mill"}, at=T0)
DEAL, OTHER = replay(OPENED), replay(open_opportunity(HOME, "d-2", at=T0))
HELD = replay([*OPENED, *hold(HOME, DEAL, at=T0)])
ASKED = replay([*OPENED, *request_approval(HOME, DEAL, "quote", at=T0, actor=Actor("bob"))])
GONE = replay([*OPENED, *remove(HOME, DEAL, at=T0)])
MOVED = [*OPENED, *move(HOME, DEAL, "b", at=T0 + DAY)]
LEAD = replay(open_lead(LEADS, "l-1", at=T0), of=Lead)
OPENINGS = {
    "open": lambda **said: open_opportunity(HOME, "d-3", **said),
    "open a lead": lambda **said: open_lead(LEADS, "l-2", **said),
    "adopt": lambda **said: adopt(HOME, DEAL, **said),
}
ACTS = {
    "amend": lambda **said: amend(HOME, DEAL, {"intent": "firm"}, **said),
    "hold": lambda **said: hold(HOME, DEAL, reason="holidays", **said),
    "resume": lambda **said: resume(HOME, HELD, **said),
    "move": lambda **said: move(HOME, DEAL, "b", **said),
    "move and amend": lambda **said: move(HOME, DEAL, "b", amending={"intent": "firm"}, **said),
    "request": lambda **said: request_approval(HOME, DEAL, "quote", **said),
    "sign": lambda **said: sign(HOME, ASKED, "quote", "approve", **said),
    "correct": lambda **said: correct(HOME, replay(MOVED), MOVED, 2, happened_at=T0, **said),
    "remove": lambda **said: remove(HOME, DEAL, **said),
    "restore": lambda **said: restore(HOME, GONE, **said),
    "merge": lambda **said: merge(HOME, DEAL, OTHER, {"intent": "firm"}, **said),
    "transfer": lambda **said: transfer(HOME, DEAL, AWAY, "b", **said),
    "transfer and amend": lambda **said: transfer(HOME, DEAL, AWAY, "b", amending={"intent": "firm"}, **said),
    "migrate": lambda **said: migrate(HOME, DEAL, "b", **said),
}
EVERY = OPENINGS | ACTS


def refused(act, **said):
    """The codes and places of what refuses an act."""
    with pytest.raises(MoveRefused) as caught:
        act(actor=ANN, **said)
    assert_refusal_is_told(caught.value)
    return {(problem.code, place_of(problem)) for problem in caught.value.problems}


@pytest.mark.parametrize("act", EVERY.values(), ids=EVERY)
def test_every_change_says_who_did_it_and_when_and_when_it_was_recorded(act):
    stamps = [change.stamp for change in act(at=NOW, recorded_at=RECORDED, actor=ANN)]

    assert stamps
    assert {(stamp.actor_id, stamp.at, stamp.recorded_at) for stamp in stamps} == {("ann", NOW, RECORDED)}


def test_a_conversion_says_so_in_both_records():
    stamps = [change.stamp for change in convert(LEADS, LEAD, into=HOME, opportunity_id="d-4", at=NOW, actor=ANN)]

    assert [(stamp.actor_id, stamp.at, stamp.recorded_at) for stamp in stamps] == [("ann", NOW, NOW)] * 2


@pytest.mark.parametrize("act", EVERY.values(), ids=EVERY)
def test_nothing_is_recorded_before_it_happens(act):
    assert refused(act, at=NOW, recorded_at=NOW - timedelta(seconds=1)) == {("change.before_it_happens", "recorded_at")}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_nothing_happens_or_is_recorded_before_what_was_last(act):
    early = {("change.out_of_order", "at"), ("change.out_of_order", "recorded_at")}

    assert refused(act, at=T0 - DAY, recorded_at=T0 - DAY) == early


PASSED = {"Opened": ["stages.a.entry[0]"], "Moved": ["stages.b.entry[0]"], "Converted": []}
CHECKED = load("home", "[{ checked = {} }]")
ELSEWHERE = load("away", "[{ checked = {} }]")
GATED = {
    "open": lambda **said: open_opportunity(CHECKED, "d-3", **said),
    "move": lambda **said: move(CHECKED, DEAL, "b", **said),
    "transfer": lambda **said: transfer(HOME, DEAL, ELSEWHERE, "b", **said),
    "convert": lambda **said: convert(LEADS, LEAD, into=CHECKED, opportunity_id="d-4", **said),
    "act": lambda **said: require_action(CHECKED, DEAL, "send", **said),
}


@pytest.mark.parametrize("act", GATED.values(), ids=GATED)
def test_a_gate_is_told_the_facts_that_come_with_the_act_and_named_once_it_is_passed(act):
    with pytest.raises(MoveRefused) as caught:
        act(at=NOW, actor=ANN, facts={})

    assert {(problem.code, problem.path) for problem in caught.value.problems} == {("host.unchecked", "checked")}
    assert_filled(caught.value.wish.code, caught.value.wish.params)
    for change in act(at=NOW, actor=ANN, facts={"checked": True}) or ():
        assert [rule for rule in change.stamp.rules if rule.startswith("stages.")] == PASSED[type(change).__name__]


def test_the_steps_of_a_round_and_the_options_are_told_the_facts_too():
    steps = [
        [step.key for step in request_approval(CHECKED, DEAL, "quote", at=NOW, actor=ANN, facts=facts)[0].round.steps]
        for facts in ({}, {"checked": True})
    ]
    free = [
        {option.target.stage for option in options(CHECKED, DEAL, at=NOW, facts=facts) if not option.problems}
        for facts in ({}, {"checked": True})
    ]

    assert steps == [[], ["s"]]
    assert free[1] - free[0] == {"b"}
