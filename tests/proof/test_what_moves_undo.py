"""What a proof must not count on: stay criteria that a move or a request makes untrue, or that nobody was asked for."""

import pytest

from oppcore.criteria import Approved, Exists, Not, Present
from oppcore.engine import amend, evolve, move, open_opportunity, request_approval
from oppcore.errors import MoveRefused
from oppcore.money import Money
from oppcore.pipeline import Claim, load_pipeline
from oppcore.proof import Proved, Refuted, prove
from oppcore.proof.walking import START
from oppcore.records import Actor

ANN = Actor("ann")


def pipeline_of(text):
    return load_pipeline(f"""key = "p"\ncurrency = "EUR"\n{text}""")


def test_nobody_is_asked_for_what_a_lost_stage_wants_to_stay_true():
    pipeline = pipeline_of("""
flow.reopen.allowed = true
flow.advance.allowed = false
stages = [
    { key = "new", kind = "open" },
    { key = "again", kind = "open" },
    { key = "lost", kind = "lost", stay = [{ present = "budget" }] },
]
""")
    answer = prove(pipeline, Claim(key="known", stage="again", holds=[Present("budget")]))

    assert isinstance(answer, Refuted)
    assert answer.story.moves == 2


def test_closing_ends_a_hold_whatever_the_won_stage_wants():
    pipeline = pipeline_of("""
stages = [
    { key = "new", kind = "open" },
    { key = "won", kind = "won", stay = [{ present = "hold_reason" }] },
    { key = "care", kind = "post_sale" },
]
""")
    held = Claim(key="held", stage="care", holds=[Present("hold_reason")])

    answer = prove(pipeline, held)
    assert isinstance(answer, Refuted)
    assert answer.story.moves == 2


def test_reopening_takes_the_victory_from_a_competitor():
    pipeline = pipeline_of("""
flow.advance.allowed = false
flow.jump.allowed = false
flow.reopen.allowed = true
stages = [
    { key = "new", kind = "open" },
    { key = "beaten", kind = "open", stay = [
        { exists = "competitors", where = { compare = "status", eq = "won_deal" } },
    ] },
    { key = "won", kind = "won" },
]
""")
    beaten = Exists("competitors", pipeline.stage("beaten").stay[0].where)

    assert isinstance(prove(pipeline, Claim(key="beaten", outcome="won", holds=[beaten])), Refuted)


INSTANT = """
stages = [
    { key = "new", kind = "open" },
    { key = "draft", kind = "open", stay = [{ not = { approved = "price" } }] },
    { key = "won", kind = "won" },
]
flow.jump.allowed = false
approvals = [
    { key = "price", steps = [{ key = "m", roles = ["manager"], when = { compare = "amount", ge = 1000 } }] },
]
"""


def test_a_round_that_asks_nobody_is_granted_at_once_and_so_breaks_a_stay_criterion_like_a_signature():
    pipeline = pipeline_of(INSTANT)
    deal = evolve(None, *open_opportunity(pipeline, "d", {}, at=START, actor=ANN))
    deal = evolve(deal, *move(pipeline, deal, "draft", at=START, actor=ANN))
    deal = evolve(deal, *amend(pipeline, deal, {"amount": Money(1, "EUR")}, at=START, actor=ANN))

    with pytest.raises(MoveRefused) as refused:
        request_approval(pipeline, deal, "price", at=START, actor=ANN)
    assert [problem.code for problem in refused.value.problems] == ["stay.broken"]

    draft = Claim(key="draft", outcome="won", holds=[Not(Approved("price"))])
    assert isinstance(prove(pipeline, draft), Proved)
