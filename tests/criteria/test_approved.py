"""The criterion on approvals: asked of a record, of its items, and of the solver."""

from datetime import UTC, datetime

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.criteria import (
    AllOf,
    Approved,
    Exists,
    Impossible,
    Not,
    Present,
    Situation,
    Witness,
    find_unmet,
    find_witness,
    implies,
    is_always_true,
)
from oppcore.records import Covered, Need, Round, RoundStatus, Signature, Step
from oppcore.testing import criteria
from tests.criteria.situations import DEAL
from tests.problems import assert_told

T0 = datetime(2026, 3, 2, tzinfo=UTC)


def a_round(**values):
    return Round(**{"subject": "quote", "number": 1, "requested_by": "ann", "requested_at": T0, **values})


def asked(*rounds, **values):
    record = attrs.evolve(DEAL, **values)
    return Situation(record=attrs.evolve(record, progress=attrs.evolve(record.progress, approvals=rounds)), at=T0)


STEP = Step(key="boss", roles=("boss",))
YES = Signature(actor_id="bo", verdict="approve", at=T0, step="boss")
NAMED = Covered(field="name", value="Mill")


@pytest.mark.parametrize(
    ("situation", "answer"),
    [
        (asked(), False),
        (asked(a_round()), True),
        (asked(a_round(subject="terms")), False),
        (asked(a_round(steps=(STEP,))), False),
        (asked(a_round(steps=(STEP,), signatures=(YES,))), True),
        (asked(a_round(steps=(STEP,), signatures=(attrs.evolve(YES, actor_id="ann"),))), False),
        (asked(a_round(steps=(STEP,), signatures=(attrs.evolve(YES, verdict="reject"),))), False),
        (asked(a_round(steps=(STEP,), signatures=(YES, attrs.evolve(YES, verdict="withdraw")))), False),
        (asked(a_round(covered=(NAMED,)), name="Mill"), True),
        (asked(a_round(covered=(NAMED,)), name="Mills"), False),
        (asked(a_round(covered=(NAMED,)), a_round(number=2, is_stale=True, steps=(STEP,)), name="Mill"), True),
    ],
)
def test_a_granted_round_that_covers_what_is_there_counts_and_no_other(situation, answer):
    assert Approved("quote").judge(situation) is answer
    assert Not(Approved("quote")).judge(situation) is not answer
    [problem] = (*find_unmet(Approved("quote"), situation), *find_unmet(Not(Approved("quote")), situation))
    assert_told(problem)


def test_an_item_is_never_approved_by_itself():
    situation = attrs.evolve(asked(a_round()), record=Need(text="speed"))

    assert Approved("quote").judge(situation) is False
    assert a_round().status is RoundStatus.GRANTED


def test_the_solver_takes_an_approval_for_something_that_can_be_had_or_not():
    found = find_witness([Approved("quote"), Not(Approved("terms"))])

    assert found.approved == {"quote": True, "terms": False}
    assert find_witness([Approved("quote"), Not(Approved("quote"))]) == Impossible()
    assert find_witness([Exists("needs", Approved("quote"))]) == Impossible()
    assert implies([AllOf([Approved("quote"), Present("name")])], Approved("quote")) is True
    assert is_always_true(Not(AllOf([Approved("quote"), Not(Approved("quote"))]))) is True


@given(st.lists(criteria(subjects=["quote", "terms"], max_depth=2), max_size=3), st.booleans())
def test_a_witness_applied_makes_gates_with_approvals_true_whatever_was_approved_before(gate, before):
    found = find_witness(gate, budget=5_000)
    if isinstance(found, Witness):
        record = asked(*([a_round(), a_round(subject="terms")] if before else [])).record
        situation = found.apply(record, at=T0)

        assert [criterion.judge(situation) for criterion in gate] == [True] * len(gate)
