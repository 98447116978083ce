"""What to ask before a move, and what may be done that is no move."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.engine import amend, evolve, form, move, open_opportunity, require_action, unmet, unmet_action
from oppcore.errors import InvalidPipeline, MoveRefused
from oppcore.money import Money
from oppcore.pipeline import load_pipeline
from oppcore.records import Actor, Need, Quote
from oppcore.testing import actors
from tests.laws.lives import quarter, standings

DAY = datetime(2026, 3, 2, tzinfo=UTC)
PIPELINE = load_pipeline("""
key = "p"
currency = "EUR"
[[stages]]
key = "a"
kind = "open"
asks = ["decision_process", "budget"]
checklist = [{ key = "who", labels = { en = "Who decides?" } }, { key = "when" }]
exit = [{ answered = "checklist" }, { not = { present = "proposal" } }]
[[stages]]
key = "b"
kind = "open"
asks = ["products"]
guidance = { en = "Offer." }
checklist = [{ key = "price" }]
entry = [{ any = [{ compare = "budget", ge = 10 }, { exists = "quotes" }] }, { answered = ["how"] }]
[[stages]]
key = "w"
kind = "won"
entry = [{ answered = ["price"] }]
[[actions]]
key = "send_quote"
gate = [{ present = "needs" }, { present = "budget" }]
roles = ["seller"]
[[actions]]
key = "call"
""")
ANN = Actor("ann", {"seller"})


def deal(**values):
    return evolve(None, *open_opportunity(PIPELINE, "d", values, at=DAY))


def test_a_form_asks_what_both_stages_ask_for_and_then_what_the_gate_looks_at():
    found = form(PIPELINE, deal(budget=Money(5, "EUR")), "b")

    assert [(one.field.name, one.is_missing, one.is_gated) for one in found.questions] == [
        ("decision_process", True, False),
        ("budget", False, True),
        ("products", True, False),
        ("proposal", True, True),
        ("quotes", True, True),
    ]
    assert found.missing == ("decision_process", "products", "proposal", "quotes")
    assert found.stage.guidance == (("en", "Offer."),)
    assert found.questions[1].value == Money(5, "EUR")


def test_a_form_shows_a_derived_field_and_asks_for_what_it_follows_from():
    pipeline = load_pipeline("""
        key = "p"
        stages = [
            { key = "a", kind = "open", asks = ["quote_status", "name"] },
            { key = "b", kind = "open", entry = [{ compare = "quote_discount", le = 0.2 }] },
        ]
    """)
    first = evolve(None, *open_opportunity(pipeline, "d", {}, at=DAY))
    found = form(pipeline, first, "b")
    offered = {"quotes": (Quote(id="q", discount=Decimal("0.3")),), "current_quote_id": "q"}
    [problem] = unmet(pipeline, first, "b", at=DAY, amending=offered)

    assert [(one.field.name, one.field.derived_from, one.is_gated) for one in found.questions] == [
        ("quote_status", ("quotes", "current_quote_id"), False),
        ("quotes", (), True),
        ("current_quote_id", (), True),
        ("name", (), False),
        ("quote_discount", ("quotes", "current_quote_id"), True),
    ]
    assert found.missing == ("quotes", "current_quote_id", "name")
    assert str(problem) == "quote_discount is 0.3; it may be at most 0.2"


def test_a_form_lists_the_items_of_the_checklist_without_an_answer():
    assert [item.key for item in form(PIPELINE, deal(), "b").checklist] == ["who", "when"]
    assert [item.key for item in form(PIPELINE, deal(answers={"who": False}), "b").checklist] == ["when"]


def test_answers_are_added_to_those_there_are():
    first = deal(answers={"who": "x"})
    both = evolve(first, *amend(PIPELINE, first, {"answers": {"when": False}}, at=DAY))

    assert both.progress.answers == {"who": "x", "when": False}
    assert amend(PIPELINE, both, {"answers": {"who": "x"}}, at=DAY) == ()


def test_what_a_form_has_collected_goes_with_the_move():
    filled = {"answers": {"who": "x", "when": False, "how": "so"}, "budget": Money(10, "EUR")}
    record = evolve(deal(), *move(PIPELINE, deal(), "b", at=DAY, amending=filled))

    assert record.progress.stage == "b"
    assert {problem.code for problem in unmet(PIPELINE, deal(), "b", at=DAY)} == {"answers.missing", "criteria.some"}


def test_a_form_to_a_stage_that_is_not_there_is_an_error():
    with pytest.raises(KeyError):
        form(PIPELINE, deal(), "x")


@quarter
@given(standings(), st.data())
def test_every_missing_field_that_alone_stands_in_the_way_is_asked_for(found, data):
    pipeline, record = found
    to = data.draw(st.sampled_from([stage.key for stage in pipeline.stages]))
    asked = {question.field.name: question for question in form(pipeline, record, to).questions}
    for problem in unmet(pipeline, record, to, at=record.progress.changed_at):
        if problem.code in ("field.missing", "field.missing_to_compare"):
            assert asked[problem.path].is_gated


# Actions.


def test_an_action_has_a_gate_and_roles_of_its_own():
    ready = deal(needs=(Need(text="speed"),), budget=Money(1, "EUR"))
    codes = [problem.code for problem in unmet_action(PIPELINE, deal(), "send_quote", at=DAY)]

    assert codes == ["role.needed", "field.missing", "field.missing"]
    assert unmet_action(PIPELINE, ready, "send_quote", at=DAY, actor=ANN) == ()
    assert unmet_action(PIPELINE, deal(), "call", at=DAY) == ()


def test_an_action_that_nobody_gates_may_be_a_slip_of_the_pen():
    [problem] = unmet_action(PIPELINE, deal(), "send_qoute", at=DAY)

    assert problem.code == "action.unknown"
    assert "send_quote" in str(problem)


@quarter
@given(standings(), st.none() | actors(), st.sampled_from(["send_quote", "call"]))
def test_ask_and_do_agree_about_actions(found, actor, action):
    pipeline, record = found
    at = record.progress.changed_at
    problems = unmet_action(pipeline, record, action, at=at, actor=actor)
    if not problems:
        require_action(pipeline, record, action, at=at, actor=actor)
        return
    with pytest.raises(MoveRefused) as refused:
        require_action(pipeline, record, action, at=at, actor=actor)
    assert refused.value.problems == problems


def test_the_gate_of_an_action_is_checked_when_the_pipeline_is_made():
    with pytest.raises(InvalidPipeline) as raised:
        load_pipeline(
            'key="p"\nstages=[{key="a",kind="open"}]\nactions=[{key="x",gate=[{present="budgte"}]},{key="x"}]'
        )

    assert {"actions[0].gate[0].present"} <= {problem.path for problem in raised.value.problems}
