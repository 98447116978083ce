"""Conditions on items and on checklists: counted, never unknown."""

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.criteria import Answered, Compare, Exists, Not, Present, explain, find_unmet
from oppcore.records import FIELDS, ITEM_FIELDS, CustomFields, FieldType, Objection, Quote, get_field
from oppcore.testing import criteria, field_values
from tests.criteria.situations import asked

COLLECTIONS = [field for field in FIELDS.values() if field.type is FieldType.ITEMS]
ITEMS = ["who", "when", "how"]


@st.composite
def collections(draw):
    """A field of items, what it holds, and a condition on one item."""
    field = draw(st.sampled_from(COLLECTIONS))
    below = criteria(fields=ITEM_FIELDS[field.name].values(), max_depth=1)
    return field.name, draw(field_values(field)), draw(st.none() | below)


@given(collections(), st.integers(1, 4))
def test_exists_counts_the_items_for_which_the_condition_is_true(found, number):
    name, items, where = found
    situation = asked(**{name: items})
    true = [where is None or where.judge(attrs.evolve(situation, record=item)) is True for item in items]

    assert Exists(name, where, number).judge(situation) is (sum(true) >= number)


@given(collections(), st.integers(1, 4))
def test_exists_is_never_unknown_and_neither_is_its_opposite(found, number):
    name, items, where = found
    situation = asked(**{name: items})
    criterion = Exists(name, where, number)

    assert {criterion.judge(situation), Not(criterion).judge(situation)} == {True, False}


@given(collections(), st.integers(2, 4))
def test_who_asks_for_fewer_items_is_refused_no_more(found, number):
    name, items, where = found
    situation = asked(**{name: items})

    assert Exists(name, where, number).judge(situation) <= Exists(name, where, number - 1).judge(situation)


def test_an_item_for_which_the_condition_is_unknown_does_not_count():
    dear = Compare("discount", "ge", attrs.fields(Quote).discount.default or 0)
    situation = asked(quotes=(Quote(id="q-1"), Quote(id="q-2")))

    assert [dear.judge(attrs.evolve(situation, record=quote)) for quote in situation.record.solution.quotes] == [
        None
    ] * 2
    assert Exists("quotes", dear).judge(situation) is False
    assert Exists("quotes", Not(dear)).judge(situation) is False
    assert Exists("quotes").judge(situation) is True


def test_what_is_said_of_a_collection_names_both_numbers():
    situation = asked(objections=(Objection(text="price"),))
    unresolved = Exists("objections", Compare("resolved", "eq", False))

    [few] = find_unmet(Exists("objections", at_least=2), situation)
    [many] = find_unmet(Not(unresolved), situation)
    assert (few.code, few.path, few.params["have"], few.params["need"]) == ("items.missing", "objections", 1, 2)
    assert (many.code, many.path, many.params["have"]) == ("items.present", "objections", 1)
    assert "\n" not in f"{few}{many}"


def test_an_item_has_no_clock_and_no_answers():
    from decimal import Decimal

    from oppcore.criteria import Elapsed

    situation = asked(objections=(Objection(text="price"),))

    assert Exists("objections", Elapsed("entered", at_least_days=Decimal(0))).judge(situation) is False
    assert Exists("objections", Answered(["who"])).judge(situation) is False
    assert Exists("objections", Present("text")).judge(situation) is True


@pytest.mark.parametrize("number", [0, -1, 1.0, "1", None])
def test_a_number_of_items_is_at_least_one(number):
    with pytest.raises((TypeError, ValueError)):
        Exists("quotes", None, number)


ANSWERS = st.dictionaries(st.sampled_from(ITEMS), st.sampled_from(["", " ", "x", False, True]))


@given(ANSWERS, st.lists(st.sampled_from(ITEMS), min_size=1))
def test_answered_is_true_exactly_when_every_item_has_an_answer(answers, items):
    situation = asked(answers=CustomFields(answers))
    wanted = all(answers.get(item) not in (None, "", " ") for item in items)

    assert Answered(items).judge(situation) is wanted
    assert Not(Answered(items)).judge(situation) is not wanted


@given(ANSWERS)
def test_what_has_no_answer_is_named(answers):
    situation = asked(answers=CustomFields(answers))
    for problem in find_unmet(Answered(ITEMS), situation):
        assert problem.params["need"] == [item for item in ITEMS if answers.get(item) in (None, "", " ")]
    shown = explain(Answered(ITEMS), situation, wanted=False)
    assert shown.is_met or [problem.code for problem in shown.unmet()] == ["answers.present"]


def test_answers_are_kept_where_the_engine_keeps_the_progress():
    record = asked(answers=CustomFields({"who": "x"})).record

    assert record.progress.answers == get_field(record, "answers") == {"who": "x"}
