"""The machine finds the holes there are, tells them shortly, and lets a sound process pass."""

import re
import unittest
from datetime import timedelta
from typing import final

import attrs
import pytest
from hypothesis import Phase, seed, settings
from hypothesis import strategies as st

from oppcore.criteria import Leaf, Present
from oppcore.errors import Problem
from oppcore.money import Money
from oppcore.pipeline import Claim, Pipeline, Stage, load_pipeline, template
from oppcore.proof import prove_claims
from oppcore.records import RecordKind
from oppcore.testing import pipeline_machine
from tests.docs.pages import read_page
from tests.testing.holes import HOLES, a_won_deal_has_a_budget, a_won_deal_was_reviewed, process

SHOP = re.search(r"```toml\n(.*?)```", read_page("how-to/prove-your-sales-process.md"), re.DOTALL)[1]
QUICK = settings(max_examples=40, derandomize=True, database=None)
# The machine leaves steps out by itself, too, which is enough for a short story; shrinking takes longer.
UNSHRUNK = settings(max_examples=3_000, derandomize=True, database=None, phases=[Phase.generate])


def run(machine):
    """What came of the test: nothing, or what is said."""
    [test] = unittest.TestLoader().loadTestsFromTestCase(machine)
    result = unittest.TestResult()
    test.run(result)
    return next((told for _, told in (*result.failures, *result.errors)), "")


def story(told):
    """The numbered lines."""
    return [line for line in told.splitlines() if re.match(r"\d+\. ", line)]


def claims_of(pipeline):
    return [claim for claim in pipeline.claims if not claim.closes]


def test_the_hole_of_the_shop_is_found_and_its_story_is_as_short_as_that_of_the_proof():
    shop = load_pipeline(SHOP)
    within = settings(max_examples=500, database=None)
    machine = pipeline_machine(shop, invariants=claims_of(shop), settings=within)
    machine.play = seed(1)(machine.play)
    told = run(machine)

    assert "won deals are approved: does not hold at the end of this story" in told
    assert len(story(told)) == len(prove_claims(shop)[0].story.changes) == 7


MENDS = {
    "asked again": ('kind = "won"\n', 'kind = "won"\nentry = [{approved = "quote"}]\n'),
    "locked": ("entry = [{approved", "stay = [{approved"),
}


@pytest.mark.parametrize("name", MENDS)
def test_both_ways_to_mend_the_shop_pass(name):
    shop = load_pipeline(SHOP.replace(*MENDS[name]))

    assert run(pipeline_machine(shop, invariants=claims_of(shop), settings=QUICK)) == ""


@pytest.mark.parametrize("name", HOLES)
def test_every_hole_is_found_and_told_in_a_short_story(name):
    hole = HOLES[name]
    lines = story(run(pipeline_machine(hole.pipeline, invariants=[hole.invariant], settings=UNSHRUNK)))

    assert hole.story[0] in lines[0]
    assert hole.story[-1] in lines[-1]
    assert len(hole.story) <= len(lines) <= len(hole.story) + 2  # bench/holes.py shrinks, and finds the shortest


MENDED = {
    "the budget is asked for at the end": (process(won='entry = [{present = "budget"}]'), a_won_deal_has_a_budget),
    "no stage may be left out": (process(), a_won_deal_was_reviewed),
    "a lead keeps its email": (
        process(kind="lead", won='entry = [{present = "email"}]'),
        HOLES["a lead loses its email"].invariant,
    ),
    "rules are overridden, but not that one": (
        process('overrides = [{roles = ["boss"], waives = ["flow"]}]', won='entry = [{present = "budget"}]'),
        a_won_deal_has_a_budget,
    ),
}


@pytest.mark.parametrize("name", MENDED)
def test_a_process_without_the_hole_passes(name):
    pipeline, invariant = MENDED[name]

    assert run(pipeline_machine(pipeline, invariants=[invariant], settings=QUICK)) == ""


@pytest.mark.parametrize("key", ["full_cycle", "lead_funnel", "milestones"])
def test_the_laws_hold_and_the_claims_too_in_the_templates(key):
    pipeline = template(key)

    assert run(pipeline_machine(pipeline, invariants=claims_of(pipeline), settings=QUICK)) == ""


def test_a_story_is_told_in_chinese_with_the_names_of_the_pipeline():
    pipeline = load_pipeline("""
key = "sales"
stages = [
    {key = "offer", kind = "open", labels = {zh = "报价"}},
    {key = "won", kind = "won", labels = {zh = "签约"}},
]
claims = [{key = "budget", outcome = "won", holds = [{present = "budget"}], labels = {zh = "赢单均有预算"}}]
""")
    told = run(pipeline_machine(pipeline, invariants=pipeline.claims, language="zh", settings=UNSHRUNK))

    assert "以下情形结束时不成立：赢单均有预算\n  - " in told
    assert story(told) == [
        "1. 2026-01-05 09:00：ann 在“报价”新建商机",
        "2. 2026-01-05 09:00：ann 将商机从“报价”推进到“签约（赢单）”",
    ]


def test_what_happens_under_an_override_is_nothing_a_claim_speaks_of():
    pipeline = process('overrides = [{roles = ["boss"]}]', won='entry = [{present = "budget"}]')
    claim = Claim(key="paid", outcome="won", holds=[Present("budget")])

    assert run(pipeline_machine(pipeline, invariants=[claim], settings=QUICK)) == ""


def test_what_is_left_out_is_not_tried():
    pipeline, done = process('overrides = [{roles = ["boss"]}]\npermissions.remove.allowed = true'), set()

    def look(_deal, changes):
        done.add(type(changes[-1]).__name__)
        assert changes[-1].stamp.waiver is None

    machine = pipeline_machine(pipeline, invariants=[look], without=["override", "amend", "hold"], settings=QUICK)

    assert run(machine) == ""
    assert done == {"Opened", "Moved", "Removed"}


@final
@attrs.frozen
class Solvent(Leaf):
    """A criterion of the host's own, which looks at facts."""

    def judge(self, situation):
        return situation.facts.get("rating", 0) >= 3

    def problem(self, situation, wanted):
        return Problem("host.rating", "", {"have": situation.facts.get("rating")})


@final
@attrs.frozen
class Moody(Leaf):
    """A criterion that says this one time and that another."""

    answers: list = attrs.field(factory=lambda: [True])

    def judge(self, situation):
        self.answers.append(not self.answers[-1])
        return self.answers[-1]

    def problem(self, situation, wanted):
        return Problem("host.moody")


def gated(criterion, **settings):
    stages = [Stage(key="offer", kind="open", exit=[criterion]), Stage(key="won", kind="won")]
    return Pipeline(key="sales", stages=stages, **settings)


def test_a_criterion_of_ones_own_is_told_the_facts():
    reached = set()
    ratings = st.integers(0, 5).map(lambda rating: {"rating": rating})
    look = lambda deal, changes: reached.add(str(deal.progress.state))  # noqa: E731

    assert run(pipeline_machine(gated(Solvent()), invariants=[look], facts=ratings, settings=QUICK)) == ""
    assert "won (won)" in reached


def test_a_criterion_that_changes_its_mind_breaks_a_law():
    told = run(pipeline_machine(gated(Moody()), settings=QUICK))

    assert re.search(r"(asking and doing give the same answer|meets it): does not hold at the end of this story", told)
    assert story(told)[0] == "1. 2026-01-05 09:00: ann opens a deal in offer"


def test_an_invariant_that_fails_itself_fails_with_the_story():
    def broken(deal, changes):
        return deal.no_such_field

    told = run(pipeline_machine(process(), invariants=[broken], settings=QUICK))

    assert "AttributeError" in told
    assert "1. 2026-01-05 09:00: ann opens a deal in need" in told


def test_an_invariant_that_says_neither_yes_nor_no_is_a_mistake():
    told = run(pipeline_machine(process(), invariants=[lambda deal, changes: 5], settings=QUICK))

    assert "an invariant returns True, False or nothing, not 5" in told


def test_a_process_in_which_nothing_can_be_opened_does_not_pass():
    pipeline = gated(Present("amount"), opens_in=["offer"])
    closed = attrs.evolve(pipeline, stages=[attrs.evolve(pipeline.stages[0], entry=[Solvent()]), pipeline.stages[1]])

    assert "no record was ever opened in offer" in run(pipeline_machine(closed, settings=QUICK))


@pytest.mark.parametrize(
    ("wrong", "error", "said"),
    [
        ({"invariants": [5]}, TypeError, "a function of a record and its changes, a criterion or a claim"),
        ({"invariants": [Claim(key="x", closes=True)]}, ValueError, "ask oppcore.proof.prove"),
        ({"without": ["moving"]}, ValueError, "moving"),
    ],
)
def test_what_cannot_be_looked_for_is_refused_at_once(wrong, error, said):
    with pytest.raises(error, match=said):
        pipeline_machine(process(), **wrong)


def test_time_passes_as_far_as_a_gate_asks_for():
    weeks = gated(load_pipeline(PATIENT).stages[0].exit[0])

    def never(deal, changes):
        return str(deal.progress.state) != "won (won)"

    told = run(pipeline_machine(weeks, invariants=[never], settings=UNSHRUNK))

    assert story(told)[-1].startswith("2. 2026-02-04 09:00")


PATIENT = """
key = "patient"
stages = [
    {key = "offer", kind = "open", exit = [{elapsed = "opened", at_least_days = 30}]},
    {key = "won", kind = "won"},
]
"""


def test_a_limit_is_tried_from_both_sides():
    pipeline, seen = process('currency = "EUR"', review='entry = [{compare = "amount", ge = 100}]'), set()

    def look(deal, changes):
        seen.add(deal.amount)

    run(pipeline_machine(pipeline, invariants=[look], settings=QUICK))

    assert {Money(100, "EUR"), Money("100.01", "EUR"), Money("99.99", "EUR"), None} <= seen


def test_a_machine_is_for_leads_too():
    kinds = set()

    def look(lead, changes):
        kinds.add((changes[0].stamp.kind, type(changes[-1]).__name__))
        assert lead.progress.changed_at - lead.progress.opened_at >= timedelta()

    assert run(pipeline_machine(process(kind="lead"), invariants=[look], settings=QUICK)) == ""
    assert (RecordKind.LEAD, "Converted") in kinds
