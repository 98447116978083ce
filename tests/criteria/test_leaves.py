"""The conditions themselves."""

import operator
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal, localcontext

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.criteria import Compare, Comparison, Elapsed, Match, Present, Role, Since, Text
from oppcore.money import Money
from oppcore.records import FIELDS, Actor, FieldType, Quote
from oppcore.testing import field_values, keys
from tests.criteria.situations import T0, asked
from tests.problems import assert_said

SIMPLE = [name for name in Comparison if name not in ("one_of", "between")]
SEVERAL = (FieldType.TEXTS, FieldType.ITEMS, FieldType.ANSWERS)
COMPARABLE = [f for f in FIELDS.values() if f.type not in SEVERAL and f.name != "current_quote_id"]


def holding(field, value):
    """A situation with this value in a field; in one of the current quote's, a quote that has it is current."""
    if not field.quote_field:
        return asked(**{field.name: value})
    return asked(quotes=(Quote(id="o"), Quote(id="q", **{field.quote_field: value})), current_quote_id="q")


@given(st.sampled_from(COMPARABLE), st.sampled_from(SIMPLE), st.data())
def test_a_comparison_says_what_python_says(field, comparison, data):
    have = data.draw(field_values(field))
    need = data.draw(keys() if field.type is FieldType.TEXT else field_values(field))
    if isinstance(need, str) and not need.strip():
        with pytest.raises(ValueError, match="blank text"):
            Compare(field.name, comparison, need)
        return
    answer = Compare(field.name, comparison, need).judge(holding(field, have))
    if (isinstance(have, str) and not have.strip()) or (isinstance(have, Money) and have.currency != need.currency):
        assert answer is None
    else:
        assert answer is getattr(operator, comparison)(have, need)


@pytest.mark.parametrize("amount", ["9.99", "10", "15", "20", "20.01"])
def test_between_includes_both_ends(amount):
    criterion = Compare("amount", "between", (Money(10, "EUR"), Money(20, "EUR")))

    assert criterion.judge(asked(amount=Money(amount, "EUR"))) is (10 <= Decimal(amount) <= 20)


def test_one_of_takes_any_of_its_values():
    criterion = Compare("decision", "one_of", ("go",))

    assert [criterion.judge(asked(decision=choice)) for choice in ("go", "no_go", None)] == [True, False, None]


def test_one_of_amounts_in_several_currencies_is_true_for_each_and_unknown_otherwise():
    criterion = Compare("amount", "one_of", (Money(5, "EUR"), Money(6, "USD")))
    amounts = [Money(5, "EUR"), Money(6, "USD"), Money(6, "EUR"), Money(5, "JPY")]

    assert [criterion.judge(asked(amount=amount)) for amount in amounts] == [True, True, None, None]


@pytest.mark.parametrize("comparison", SIMPLE)
def test_unlike_currencies_and_missing_values_are_unknown(comparison):
    criterion = Compare("amount", comparison, Money(10, "EUR"))
    missing, foreign = asked(), asked(amount=Money(10, "USD"))

    assert (criterion.judge(missing), criterion.judge(foreign)) == (None, None)
    assert criterion.problem(missing, True).code == "field.missing_to_compare"
    assert criterion.problem(foreign, True).code == "field.currency"


@pytest.mark.parametrize("value", ["x", True, date(2026, 1, 1), Money(1, "EUR")])
def test_a_value_of_another_kind_is_unknown_and_said_to_be_so(value):
    situation = asked(score=value)  # as when the field of an older revision was something else
    criterion = Compare("score", "ge", Decimal(1))

    assert criterion.judge(situation) is None
    assert criterion.problem(situation, True).code == "field.type"


@pytest.mark.parametrize(
    ("comparison", "value", "error"),
    [
        ("one_of", "a", TypeError),
        ("between", 1, TypeError),
        ("eq", ("a",), TypeError),
        ("one_of", (), ValueError),
        ("between", (Decimal(2), Decimal(1)), ValueError),
        ("between", (Decimal(2),), ValueError),
        ("between", (Money(1, "EUR"), Money(2, "USD")), ValueError),
        ("like", "a", ValueError),
    ],
)
def test_a_comparison_that_makes_no_sense_is_refused(comparison, value, error):
    with pytest.raises(error):
        Compare("intent", comparison, value)


@pytest.mark.parametrize(
    ("match", "part", "answer"),
    [("contains", "RASS", True), ("starts", "STRASSE", True), ("ends", "e 7", True), ("starts", "rasse", False)],
)
def test_texts_match_in_large_and_small_letters(match, part, answer):
    assert Text("intent", match, part).judge(asked(intent="Straße 7")) is answer


@pytest.mark.parametrize("match", Match)
@pytest.mark.parametrize("wanted", [True, False])
def test_what_a_text_should_hold_and_what_it_holds_is_said(match, wanted):
    problem = Text("intent", match, "rush").problem(asked(intent="slow"), wanted)

    assert_said(problem)
    assert (problem.path, problem.params["need"], problem.params["have"]) == ("intent", "rush", "slow")


def test_a_personal_value_is_shown_as_dots_and_no_other():
    situation = attrs.evolve(asked(), personal=frozenset({"intent"}))

    assert [situation.shown(field, "slow") for field in ("intent", "name")] == ["…", "slow"]


@pytest.mark.parametrize("text", [None, "", "  "])
def test_a_missing_text_matches_nothing_for_all_one_knows(text):
    assert Text("intent", "contains", "a").judge(asked(intent=text)) is None


@given(st.integers(0, 10**14))
def test_elapsed_counts_days_of_86400_seconds_whatever_the_hosts_context(microseconds):
    passed = timedelta(microseconds=microseconds)
    days = Decimal(microseconds // 86_400_000_000)
    with localcontext(Context(prec=3)):
        at_least, at_most = Elapsed("entered", at_least_days=days), Elapsed("opened", at_most_days=days)
        situation = asked(at=T0 + passed)

        assert at_least.judge(situation) is True
        assert at_most.judge(situation) is (passed == timedelta(days=int(days)))
        assert at_most.problem(situation, True).text()


def test_elapsed_counts_real_time_when_clocks_change():
    before = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    criterion = Elapsed(Since.LAST_ACTIVITY, at_least_days=Decimal(1))

    assert criterion.judge(asked(at=before + timedelta(hours=23), last_activity_at=before)) is False
    assert criterion.judge(asked(at=before + timedelta(hours=24), last_activity_at=before)) is True
    assert criterion.judge(asked(at=before)) is None


@pytest.mark.parametrize("days", [Decimal(-1), Decimal("NaN"), 1, 1.5, Decimal(100_001)])
def test_elapsed_takes_a_reasonable_number_of_days(days):
    with pytest.raises(ValueError, match="at_least_days"):
        Elapsed("entered", at_least_days=days)


def test_elapsed_needs_a_limit():
    with pytest.raises(ValueError, match="needs"):
        Elapsed("entered")


@pytest.mark.parametrize(
    ("actor", "answer"),
    [(None, None), (Actor("a"), False), (Actor("a", {"x"}), False), (Actor("a", {"x", "boss"}), True)],
)
def test_a_role_is_held_or_not_or_nobody_acts(actor, answer):
    assert Role(["boss", "chief"]).judge(asked(actor=actor)) is answer


@pytest.mark.parametrize("values", [{}, {"intent": " "}, {"needs": ()}])
def test_present_is_never_unknown(values):
    assert [Present(name).judge(asked(**values)) for name in ("intent", "needs", "anything")] == [False] * 3


def test_zero_is_present():
    assert Present("amount").judge(asked(amount=Money(0, "EUR"))) is True
    assert Compare("expected_close_on", "lt", date(2026, 1, 2)).judge(asked(expected_close_on=date(2026, 1, 1))) is True
