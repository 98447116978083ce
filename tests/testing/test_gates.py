"""Situations on either side of a gate: always there, on the limits too, and refused where there are none."""

from datetime import timedelta
from decimal import Decimal
from typing import final

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oppcore.criteria import (
    AllOf,
    Approved,
    Compare,
    Elapsed,
    Exists,
    Leaf,
    Not,
    Present,
    Role,
    is_always_true,
    is_satisfiable,
)
from oppcore.errors import Problem
from oppcore.money import Money
from oppcore.pipeline import load_pipeline
from oppcore.records import Lead
from oppcore.testing import criteria, satisfying, situations, violating
from tests.laws.lives import quarter

MANY = settings(max_examples=100, derandomize=True, database=None)


@quarter
@given(criteria(subjects=["quote"], max_depth=1), st.data())
def test_what_satisfies_a_criterion_makes_it_true_and_what_violates_it_does_not(criterion, data):
    if is_satisfiable([criterion]):
        assert criterion.judge(data.draw(satisfying(criterion))) is True
    if is_always_true(criterion) is False:
        assert criterion.judge(data.draw(violating(criterion))) is not True


def seen(strategy, what):
    """What occurs in many situations."""
    found = set()

    @MANY
    @given(strategy)
    def look(situation):
        found.add(what(situation))

    look()
    return found


def amount(situation):
    return situation.record.amount


def test_both_sides_come_to_the_limit():
    gate = [Compare("amount", "ge", Money(100, "EUR"))]

    assert {Money(100, "EUR"), Money("100.01", "EUR")} <= seen(satisfying(gate), amount)
    assert {Money("99.99", "EUR"), None} <= seen(violating(gate), amount)


def test_a_clock_comes_to_its_limit():
    week = Elapsed("entered", at_least_days=Decimal(7))

    def passed(situation):
        return situation.at - situation.record.progress.entered_at

    assert min(seen(satisfying(week), passed)) == timedelta(days=7)
    assert timedelta(days=7) - timedelta(seconds=1) < max(seen(violating(week), passed)) < timedelta(days=7)


def test_each_part_of_a_gate_is_violated_alone():
    gate = [Present("budget"), Role(("manager",))]

    def met(situation):
        return tuple(one.judge(situation) is True for one in gate)

    assert seen(violating(gate), met) == {(False, True), (True, False), (False, False)}


@pytest.mark.parametrize(
    "criterion", [Approved("quote"), Exists("quotes", Compare("status", "eq", "accepted")), Not(Present("name"))]
)
def test_approvals_and_items_are_made_so(criterion):
    assert seen(satisfying(criterion), lambda one: criterion.judge(one)) == {True}
    assert seen(violating(criterion), lambda one: criterion.judge(one) is True) == {False}


@pytest.mark.parametrize(
    ("make", "criterion", "said"),
    [
        (satisfying, [Present("budget"), Not(Present("budget"))], "no situation satisfies this"),
        (satisfying, Compare("probability", "gt", Decimal(1)), "probability is above 1"),
        (violating, AllOf(()), "no situation violates this"),
        (
            violating,
            Compare("seats", "gt", Decimal(1)),
            "asks for seats, and no deal has such fields; give the pipeline",
        ),
    ],
)
def test_a_side_on_which_nobody_can_be_is_refused_at_once(make, criterion, said):
    with pytest.raises(ValueError, match=said):
        make(criterion)


LEADS = load_pipeline("""
key = "screening"
kind = "lead"
fields = [{key = "seats", type = "number"}]
stages = [{key = "new", kind = "open"}, {key = "converted", kind = "won"}]
""")


def test_the_records_are_of_the_pipeline_that_is_given():
    gate = Compare("seats", "gt", Decimal(1))
    assert seen(satisfying(gate, pipeline=LEADS), lambda one: type(one.record)) == {Lead}
    with pytest.raises(ValueError, match="screening has no such fields"):
        satisfying(Present("account_id"), pipeline=LEADS)


@final
@attrs.frozen
class Solvent(Leaf):
    def judge(self, situation):
        return situation.facts.get("rating", 0) >= 3

    def problem(self, situation, wanted):
        return Problem("host.rating")


def test_what_a_criterion_of_ones_own_decides_is_chosen_among_what_is_given():
    rated = st.builds(
        lambda one, rating: attrs.evolve(one, facts={"rating": rating}), situations(LEADS), st.integers(0, 5)
    )

    def rating(situation):
        return situation.facts["rating"]

    assert seen(satisfying(Solvent(), among=rated), rating) == {3, 4, 5}
    assert seen(violating(Solvent(), among=rated), rating) == {0, 1, 2}
    with pytest.raises(ValueError, match=r"not known, for Solvent decides it.*among=situations"):
        satisfying([Solvent(), Present("budget")])


def test_a_criterion_of_ones_own_that_does_not_decide_stands_in_nobodys_way():
    gate = [Present("budget"), Solvent()]

    assert seen(violating(gate), lambda one: AllOf(gate).judge(one) is True) == {False}
