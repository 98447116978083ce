"""Mutants: which changes are tried, which decide alike, and which a suite does not notice."""

from datetime import UTC, datetime

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oppcore import Actor, InvalidPipeline, Problem, dump_pipeline, load_pipeline, open_opportunity, options, template
from oppcore.engine import unmet_action, unmet_request
from oppcore.records import Outcome
from oppcore.testing import assert_refused, find_survivors, load_scenarios, mutants, pipelines, situations
from oppcore.testing.mutation.alike import Decisions
from oppcore.testing.mutation.changes import find_changes
from tests.testing.documents import PIPELINE as TEXT
from tests.testing.documents import write_scenarios

PIPELINE = load_pipeline(TEXT)
T0 = datetime(2026, 1, 1, tzinfo=UTC)


def changed(stage, more="", head='key = "x"\ncurrency = "EUR"\n'):
    """What is changed of one stage, in words."""
    pipeline = load_pipeline(
        head + f'stages = [{{ key = "a", kind = "open" }}, {{ key = "b", kind = "open"{", " * bool(stage)}{stage} }}, '
        f'{{ key = "won", kind = "won" }}]\n{more}'
    )
    return [mutant.description for mutant in mutants(pipeline)]


ENTRIES = {
    "{ present = 'budget' }": ["budget is filled in dropped"],
    "{ compare = 'amount', gt = 0 }": [
        "amount is above 0.00 EUR dropped",
        "amount is above 0.00 EUR loosened to amount is at least 0.00 EUR",
        "amount is above 0.00 EUR loosened to amount is above -1.00 EUR",
        "amount is above 0.00 EUR tightened to amount is above 1.00 EUR",
    ],
    "{ compare = 'probability', le = 0.4 }": [
        "probability is at most 0.4 dropped",
        "probability is at most 0.4 tightened to probability is below 0.4",
        "probability is at most 0.4 loosened to probability is at most 0.6",
        "probability is at most 0.4 tightened to probability is at most 0.2",
    ],
    "{ compare = 'expected_close_on', lt = '2026-06-30' }": [
        "expected_close_on is below 2026-06-30 dropped",
        "expected_close_on is below 2026-06-30 loosened to expected_close_on is at most 2026-06-30",
        "expected_close_on is below 2026-06-30 loosened to expected_close_on is below 2026-07-30",
        "expected_close_on is below 2026-06-30 tightened to expected_close_on is below 2026-05-31",
    ],
    "{ compare = 'source', one_of = ['fair', 'web'] }": [
        "source is one of fair, web dropped",
        "source is one of fair, web tightened to source is one of web",
        "source is one of fair, web tightened to source is one of fair",
        "source is one of fair, web loosened to source is filled in",
    ],
    "{ compare = 'probability', between = [0.2, 0.4] }": [
        "probability lies between 0.2, 0.4 (both included) dropped",
        "probability lies between 0.2, 0.4 (both included) loosened to probability is at least 0.2",
        "probability lies between 0.2, 0.4 (both included) loosened to probability is at most 0.4",
    ],
    "{ text = 'intent', starts = 'buy' }": [
        "intent starts with 'buy' dropped",
        "intent starts with 'buy' loosened to intent contains 'buy'",
    ],
    "{ elapsed = 'entered', at_least_days = 4 }": [
        "since entered: at least 4 days dropped",
        "since entered: at least 4 days loosened to since entered: at least 2 days",
        "since entered: at least 4 days tightened to since entered: at least 6 days",
    ],
    "{ role = ['a', 'b'] }": [
        "done by a, b dropped",
        "done by a, b tightened to done by b",
        "done by a, b tightened to done by a",
    ],
    "{ some = 2, of = [{ present = 'budget' }, { present = 'needs' }, { present = 'intent' }] }": [
        "2 of: [budget is filled in | or: needs is filled in | or: intent is filled in] dropped",
        "2 of: [budget is filled in | or: needs is filled in | or: intent is filled in] cut to 2 of: "
        "[needs is filled in | or: intent is filled in]",
        "2 of: [budget is filled in | or: needs is filled in | or: intent is filled in] cut to 2 of: "
        "[budget is filled in | or: intent is filled in]",
        "2 of: [budget is filled in | or: needs is filled in | or: intent is filled in] cut to 2 of: "
        "[budget is filled in | or: needs is filled in]",
        "2 of: [budget is filled in | or: needs is filled in | or: intent is filled in] loosened to 1 of: "
        "[budget is filled in | or: needs is filled in | or: intent is filled in]",
        "2 of: [budget is filled in | or: needs is filled in | or: intent is filled in] tightened to 3 of: "
        "[budget is filled in | or: needs is filled in | or: intent is filled in]",
    ],
    "{ exists = 'quotes', at_least = 2 }": [
        "at least 2 of quotes dropped",
        "at least 2 of quotes tightened to at least 3 of quotes",
        "at least 2 of quotes loosened to at least 1 of quotes",
    ],
    "{ not = { compare = 'probability', lt = 0.5 } }": [
        "not: [probability is below 0.5] dropped",
        "not: [probability is below 0.5] turned to probability is below 0.5",
        "not: [probability is below 0.5] tightened to not: [probability is at most 0.5]",
        "not: [probability is below 0.5] tightened to not: [probability is below 0.75]",
        "not: [probability is below 0.5] loosened to not: [probability is below 0.25]",
    ],
}


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_criterion_is_dropped_loosened_tightened_and_turned(entry):
    found = [words for words in changed(f"entry = [{entry}]") if words.startswith("entry of b: ")]

    assert found == [f"entry of b: {words}" for words in ENTRIES[entry]]


def test_every_part_of_a_pipeline_is_changed():
    assert {mutant.key.partition("#")[0] for mutant in mutants(PIPELINE)} == {
        "stages.lead.exit[0]",
        "stages.offer.entry[0]",
        "stages.offer.roles",
        "stages.offer.may_be_skipped",
        "stages.won.entry[0]",
        "opens_in",
        "flow.advance",
        "flow.jump",
        "flow.revert",
        "flow.win",
        "flow.lose",
        "flow.abandon",
        "flow.reopen",
        "flow.reopen.roles",
        "flow.overturn",
        "flow.reclassify",
        "actions.send_quote.gate[0]",
        "actions.send_quote.roles",
        "reasons.won",
        "reasons.lost",
        "approvals.price.mode",
        "approvals.price.separate",
        "approvals.price.covers",
        "approvals.price.steps.head",
        "approvals.price.steps.audit",
        "approvals.price.steps.audit.when",
        "overrides[0]",
    }


def test_transitions_and_stay_criteria_are_changed():
    found = changed(
        'stay = [{ present = "budget" }]',
        'transitions = [{ source = "a", target = "b", roles = ["x", "y"], gate = [{ present = "needs" }] }, '
        '{ source = "b", target = "won" }]',
    )

    for words in (
        "stay in b: budget is filled in dropped",
        "the transition a → b is no longer drawn",
        "the transition a → b: needs is filled in dropped",
        "the transition a → b: open to anybody, not only to x, y",
        "the transition a → b: no longer open to x",
    ):
        assert words in found


def test_what_decides_alike_is_no_mutant():
    # Nothing is delivered or drawn, only one stage can be skipped, and the second criterion follows from the first.
    found = changed('entry = [{ compare = "amount", ge = 5 }, { present = "amount" }]')

    assert not [words for words in found if "deliver" in words]
    assert not [words for words in found if words in ("a may now be skipped", "won may now be skipped")]
    assert "entry of b: amount is filled in dropped" not in found
    assert "entry of b: amount is at least 5.00 EUR dropped" in found
    assert "b may now be skipped" in found


def test_a_stay_criterion_that_follows_from_another_is_asked_for_itself():
    found = changed('stay = [{ compare = "amount", ge = 5 }, { present = "amount" }]')

    assert "stay in b: amount is filled in dropped" in found


def test_of_the_condition_of_a_step_unknown_counts_too():
    # `when` unknown keeps an approval from being asked for: to say that it is filled in changes that.
    when = '{ all = [{ present = "amount" }, { compare = "amount", gt = 5 }] }'
    found = changed(
        "",
        f'[[approvals]]\nkey = "price"\nsteps = [{{ key = "one", roles = ["x"] }}, '
        f'{{ key = "two", roles = ["y"], when = {when} }}]',
    )

    assert any("cut to all of: [amount is above 5.00 EUR]" in words for words in found)


@settings(max_examples=5)
@given(pipelines(max_open_stages=3))
def test_every_mutant_is_a_valid_pipeline_with_a_key_and_words_of_its_own(pipeline):
    found = mutants(pipeline)

    assert len({mutant.key for mutant in found}) == len(found)
    assert all(mutant.pipeline != pipeline and mutant.description for mutant in found)
    for mutant in found[:3]:
        assert load_pipeline(dump_pipeline(mutant.pipeline, format="json")) == mutant.pipeline


@settings(max_examples=5)
@given(st.data())
def test_what_decides_alike_allows_the_same_to_everybody(data):
    pipeline = data.draw(pipelines(max_open_stages=3))
    decisions, kept = Decisions(pipeline), []
    for _, _, make in find_changes(pipeline):
        try:
            kept.append(make())
        except (InvalidPipeline, TypeError, ValueError):
            continue
    alike = [other for other in kept if decisions.are_alike(other)]
    for situation in data.draw(st.lists(situations(pipeline), min_size=5, max_size=5)):
        for other in alike:
            assert allowed(other, situation) == allowed(pipeline, situation)


def allowed(pipeline, situation):
    """What may be done in a situation, and by which rules: moves, actions and the approvals that can be asked for."""
    record, who = situation.record, {"at": situation.at, "actor": situation.actor}
    asker = situation.actor or Actor("al")
    return (
        [option.target for option in options(pipeline, record, **who) if option.is_allowed],
        [one.key for one in pipeline.actions if not unmet_action(pipeline, record, one.key, **who)],
        [
            one.key
            for one in pipeline.approvals
            if not unmet_request(pipeline, record, one.key, at=situation.at, actor=asker)
        ],
    )


@pytest.mark.parametrize("key", ["customer_view", "leads"])
def test_templates_have_mutants(key):
    assert len(mutants(template(key))) >= 20


SUITE = """
[[scenarios]]
name = "a budget"
steps = [
    { open = "lead" },
    { move = "offer", actor = "ann", values = { amount = 1000 }, refused = ["field.missing"] },
    { move = "offer", actor = "ann", values = { amount = 1000, budget = 1 } },
]
"""


def test_the_survivors_are_what_no_scenario_notices(tmp_path):
    scenarios = load_scenarios(write_scenarios(tmp_path, SUITE))
    score = find_survivors(PIPELINE, scenarios)
    survivors = {mutant.key for mutant in score.survivors}

    assert score.tried == len(mutants(PIPELINE))
    assert "stages.lead.exit[0]#1" not in survivors
    # The gate lets in what it should, and nobody looked at what it should not let in.
    noticed = [m.description for m in mutants(PIPELINE) if m.key not in survivors]
    assert noticed == [
        "exit of lead: budget is filled in dropped",
        "entry of offer: amount is at least 1,000.00 EUR tightened to amount is above 1,000.00 EUR",
        "entry of offer: amount is at least 1,000.00 EUR tightened to amount is at least 1,500.00 EUR",
        "entry of offer: no longer open to seller",
        "to advance is no longer allowed",
    ]
    assert score.share == pytest.approx(5 / score.tried)
    assert score.table().title.startswith(f"Mutants of sales, revision 1: 5 of {score.tried} noticed")
    assert len(score.table().rows) == len(score.survivors)


def test_one_more_scenario_notices_one_more(tmp_path):
    more = """
    [[scenarios]]
    name = "an amount"
    given = { values = { budget = 1 } }
    steps = [{ move = "offer", actor = "ann", values = { amount = 999 }, refused = ["field.ge"] }]
    """
    before = find_survivors(PIPELINE, load_scenarios(write_scenarios(tmp_path, SUITE)))
    after = find_survivors(PIPELINE, load_scenarios(write_scenarios(tmp_path, SUITE + more)))

    assert {one.description for one in before.survivors} - {one.description for one in after.survivors} == {
        "entry of offer: amount is at least 1,000.00 EUR dropped",
        "entry of offer: amount is at least 1,000.00 EUR loosened to amount is at least 500.00 EUR",
    }


def raises(pipeline):
    [opened] = open_opportunity(pipeline, "d-1", at=T0)
    assert_refused(pipeline, opened.record, outcome="lost", at=T0, codes={"reason.missing"})


def says(pipeline):
    return bool(pipeline.reasons_for(Outcome.LOST))


def fails(pipeline):
    if not pipeline.reasons_for(Outcome.LOST):
        pytest.fail("no reason is asked for")


@pytest.mark.parametrize("suite", [raises, says, fails])
def test_a_suite_is_any_function_that_raises_or_says_false(suite):
    survivors = {mutant.key for mutant in find_survivors(PIPELINE, suite).survivors}

    assert "reasons.lost#1" not in survivors
    assert "reasons.won#1" in survivors


def test_a_suite_that_tests_nothing_lets_everything_survive():
    score = find_survivors(PIPELINE, lambda pipeline: None)

    assert (score.share, len(score.survivors)) == (0, score.tried)


def test_a_suite_that_fails_as_it_is_measures_nothing(tmp_path):
    with pytest.raises(ValueError, match="the suite does not pass on sales as it is: it says False"):
        find_survivors(PIPELINE, lambda pipeline: False)
    with pytest.raises(ValueError, match="there is no scenario about leads, revision 1"):
        find_survivors(template("leads"), load_scenarios(write_scenarios(tmp_path, SUITE)))


@attrs.frozen
class Never:
    """A criterion of a host's own."""

    def judge(self, situation):
        return False

    def problem(self, situation, wanted):
        return Problem("shop.never")


def test_a_criterion_of_the_hosts_own_is_dropped_and_never_changed():
    pipeline = load_pipeline(
        'key = "x"\nstages = [{ key = "a", kind = "open" }, { key = "won", kind = "won", entry = [{ never = {} }] }]',
        criteria={"never": Never},
    )

    assert [one.description for one in mutants(pipeline) if "entry" in one.key] == [
        "entry of won: the criterion Never dropped"
    ]
