"""Explanations: what must change so that the answer is the wanted one."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.criteria import AllOf, AnyOf, Not, Present, Situation, SomeOf, explain, find_unmet
from oppcore.records import FIELDS, is_present, with_fields
from oppcore.testing import criteria, field_values, situations
from tests.criteria.situations import ANYTHING, Known, asked, trees
from tests.problems import assert_said

HERE = asked()


def below(explanation):
    yield explanation
    for part in explanation.parts:
        yield from below(part)


@given(criteria(), situations(ANYTHING), st.booleans())
def test_an_explanation_agrees_with_the_judgement(criterion, situation, wanted):
    found = explain(criterion, situation, wanted=wanted)

    for one in below(found):
        assert one.answer is one.criterion.judge(situation)
        assert one.is_met == (one.answer is one.wanted)


@given(criteria(), situations(ANYTHING), st.booleans())
def test_nothing_is_unmet_exactly_when_it_is_met(criterion, situation, wanted):
    found = explain(criterion, situation, wanted=wanted)

    assert (found.unmet() == ()) == found.is_met
    assert all(problem.text() for problem in found.unmet())


@given(criteria(), situations(ANYTHING))
def test_what_keeps_a_criterion_from_being_true_is_found_exactly_when_it_is_not_true(criterion, situation):
    assert (find_unmet(criterion, situation) == ()) == (criterion.judge(situation) is True)
    for problem in (*find_unmet(criterion, situation), *find_unmet(Not(criterion), situation)):
        assert_said(problem)


@given(criteria(), situations(ANYTHING), st.booleans())
def test_the_wanted_answer_turns_around_below_not(criterion, situation, wanted):
    found = explain(Not(criterion), situation, wanted=wanted)

    assert found.parts[0].wanted is (not wanted)
    assert found.unmet() == explain(criterion, situation, wanted=not wanted).unmet()


def mended(criterion, wanted):
    """Turn every leaf that a problem speaks of into what is wanted."""
    match criterion:
        case Known():
            return Known(wanted)
        case Not(part):
            return Not(mended(part, not wanted))
        case AllOf(parts) | AnyOf(parts) | SomeOf(_, parts):
            new = [mended(part, wanted) for part in parts]
            return SomeOf(criterion.number, new) if isinstance(criterion, SomeOf) else type(criterion)(new)


def impossible(problem):
    return problem.code == "criteria.impossible" or any(map(impossible, problem.parts))


@given(trees(), st.booleans())
def test_mending_everything_that_is_named_helps_unless_it_is_impossible(criterion, wanted):
    problems = explain(criterion, HERE, wanted=wanted).unmet()
    if not any(map(impossible, problems)):
        assert explain(mended(criterion, wanted), HERE, wanted=wanted).is_met


@given(st.lists(st.sampled_from([True, False, None]).map(Known), max_size=5), st.integers(1, 5), st.booleans())
def test_a_choice_says_how_many_ways_are_needed_and_so_many_suffice(parts, number, wanted):
    criterion = SomeOf(number, parts)
    match explain(criterion, HERE, wanted=wanted).unmet():
        case ():
            assert criterion.judge(HERE) is wanted
        case (problem,) if problem.code == "criteria.impossible":
            assert number > len(parts)
        case problems:
            needed = problems[0].params["number"] if problems[0].parts else len(problems)
            wrong = [index for index, part in enumerate(parts) if part.answer is not wanted]

            def with_mended(count):
                new = [Known(wanted) if index in wrong[:count] else part for index, part in enumerate(parts)]
                return SomeOf(number, new).judge(HERE)

            assert with_mended(needed) is wanted
            assert with_mended(needed - 1) is not wanted


LIKELY = ("amount", "probability", "expected_close_on", "budget", "intent", "decision", "account_id")


@given(criteria(fields=[FIELDS[name] for name in LIKELY], max_depth=0), situations(ANYTHING), st.data())
def test_doing_what_a_field_problem_says_makes_it_go_away(criterion, situation, data):
    for problem in find_unmet(criterion, situation):
        if problem.path not in FIELDS:
            continue
        if problem.path in ("answers", "current_quote_id"):
            continue  # an answer to something else is none; a quote is chosen among those there are
        need, code = problem.params.get("need"), problem.params.get("comparison", problem.code.partition(".")[2])
        match code:
            case "missing":
                value = data.draw(field_values(FIELDS[problem.path]))
                value = value if is_present(value) else "x"  # what is drawn may be blank
            case "eq" | "le" | "ge" | "one_of" | "between" | "contains" | "starts" | "ends" if need is not None:
                value = need[0] if isinstance(need, tuple) else need
            case _:
                continue
        if problem.path == "decision" and not isinstance(criterion, Present):
            continue  # a text to match is no choice
        record = with_fields(situation.record, {problem.path: value})
        after = find_unmet(criterion, Situation(record=record, at=situation.at, actor=situation.actor))
        if code != "missing" or isinstance(criterion, Present):
            assert after == ()
        else:
            assert problem not in after


def test_a_gate_of_choices_explains_itself_in_one_line():
    gate = AnyOf([Present("budget"), AllOf([Present("amount"), Not(Present("proposal"))])])

    [problem] = find_unmet(gate, asked(proposal="x"))

    assert problem.code == "criteria.some"
    assert [part.code for part in problem.parts] == ["field.missing", "criteria.all"]
    assert [part.code for part in problem.parts[1].parts] == ["field.missing", "field.present"]
    assert "\n" not in str(problem)


def test_a_single_way_out_is_no_choice():
    assert [problem.path for problem in find_unmet(AnyOf([Present("budget")]), HERE)] == ["budget"]


def test_nothing_suffices_for_any_of_nothing():
    assert [problem.code for problem in find_unmet(AnyOf(()), HERE)] == ["criteria.impossible"]


@pytest.mark.parametrize("error", [KeyError("x"), RuntimeError("host")])
def test_an_exception_of_a_hosts_criterion_reaches_the_caller(error):
    class Broken:
        def judge(self, situation):
            raise error

    with pytest.raises(type(error)):
        find_unmet(AllOf([Broken()]), HERE)


def test_facts_reach_the_hosts_criteria():
    class InCredit:
        def judge(self, situation):
            return situation.facts.get("in_credit")

    situation = Situation(record=HERE.record, at=HERE.at + timedelta(days=1), facts={"in_credit": True})

    assert AllOf([InCredit()]).judge(situation) is True
