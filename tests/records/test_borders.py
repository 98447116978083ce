"""Every value is checked at the border of a record."""

import copy
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.engine.amending import find_value_problems
from oppcore.money import Money
from oppcore.pipeline import Pipeline, Stage
from oppcore.records import (
    FIELDS,
    Actor,
    Customer,
    CustomFields,
    Estimate,
    FieldType,
    Key,
    Opportunity,
    Outcome,
    Progress,
    Qualification,
    Quote,
    Team,
    Timing,
    get_field,
    is_present,
    with_fields,
)
from oppcore.records.checks import MAX_KEY, MAX_TEXT
from oppcore.testing import field_values, texts

T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
PROGRESS = Progress(pipeline="p", stage="s", version=1, opened_at=T0, entered_at=T0, changed_at=T0, recorded_at=T0)
DEAL = Opportunity(id="d-1", progress=PROGRESS)
PIPELINE = Pipeline(key="p", stages=[Stage(key="s", kind="open")])
INSTANTS = ["opened_at", "entered_at", "changed_at", "recorded_at", "closed_at"]


@pytest.mark.parametrize("text", ["", "  ", "a\0b", "\ud800", "x" * (MAX_KEY + 1)])
def test_an_id_is_a_text_that_is_not_blank_and_has_no_traps(text):
    for make in (lambda: Opportunity(id=text, progress=PROGRESS), lambda: Actor(text), lambda: Key("lead", text)):
        with pytest.raises(ValueError, match=r"id|blank"):
            make()


@pytest.mark.parametrize("value", [7, b"x", None, ["x"]])
def test_an_id_is_nothing_but_a_text(value):
    with pytest.raises(TypeError):
        Opportunity(id=value, progress=PROGRESS)


@pytest.mark.parametrize("text", ["a\0b", "\udfff", "x" * (MAX_TEXT + 1)])
def test_a_text_has_no_traps(text):
    with pytest.raises(ValueError, match="name"):
        Opportunity(id="d", progress=PROGRESS, name=text)


@pytest.mark.parametrize("field", INSTANTS)
def test_an_instant_has_a_time_zone(field):
    with pytest.raises(ValueError, match=field):
        attrs.evolve(PROGRESS, **{field: T0.replace(tzinfo=None)})
    with pytest.raises(TypeError, match=field):
        attrs.evolve(PROGRESS, **{field: date(2026, 3, 2)})


@pytest.mark.parametrize("field", INSTANTS)
def test_an_instant_is_kept_in_utc(field):
    local = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=1)  # the hour that comes twice
    kept = getattr(attrs.evolve(PROGRESS, **{field: local}), field)

    assert (kept, kept.tzinfo) == (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), UTC)


@pytest.mark.parametrize("instant", [datetime.min.replace(tzinfo=timezone(timedelta(hours=1)))])
def test_an_instant_that_utc_has_no_year_for_is_refused(instant):
    with pytest.raises(ValueError, match="years 1 to 9999"):
        attrs.evolve(PROGRESS, opened_at=instant)


@pytest.mark.parametrize("version", [0, -1, 1.0, "1"])
def test_a_version_counts_from_one(version):
    with pytest.raises((TypeError, ValueError)):
        attrs.evolve(PROGRESS, version=version)


def test_an_outcome_is_one_of_four():
    with pytest.raises(ValueError, match="maybe"):
        attrs.evolve(PROGRESS, outcome="maybe")


@pytest.mark.parametrize("value", [Decimal("1.01"), Decimal("-0.1"), Decimal("NaN"), Decimal("1e-50"), 0.5, "0.5", 1])
def test_a_probability_is_a_decimal_from_0_to_1(value):
    with pytest.raises((TypeError, ValueError)):
        Estimate(probability=value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Timing(expected_close_on=T0),
        lambda: Timing(expected_close_on="2026-01-01"),
        lambda: Qualification(budget=5),
        lambda: Qualification(budget=Decimal(5)),
        lambda: Customer(tags="vip"),
        lambda: Customer(tags=[1]),
        lambda: Team(owner_id=7),
        lambda: Opportunity(id="d", progress=None),
        lambda: Opportunity(id="d", progress=PROGRESS, amount="5 EUR"),
        lambda: Actor("ann", "manager"),
        lambda: Actor("ann", {1}),
        lambda: CustomFields({"a": 1.5}),
        lambda: CustomFields({"a": 1}),
        lambda: CustomFields({"a": T0}),
        lambda: CustomFields({"a": ["x"]}),
        lambda: CustomFields({1: "a"}),
    ],
)
def test_a_value_of_another_kind_is_refused(make):
    with pytest.raises(TypeError):
        make()


@pytest.mark.parametrize("number", [Decimal("NaN"), Decimal("Infinity"), Decimal("1e999999"), Decimal("1e-999999")])
def test_a_number_of_the_hosts_is_finite_and_of_reasonable_size(number):
    with pytest.raises(ValueError, match="score"):
        CustomFields({"score": number})


def test_own_fields_are_frozen_and_equal_in_any_order():
    fields = CustomFields({"b": "x", "a": True, "gone": None})

    assert fields == CustomFields({"a": True, "b": "x"})
    assert hash(fields) == hash(CustomFields({"a": True, "b": "x"}))
    assert list(fields) == ["a", "b"]
    with pytest.raises(AttributeError, match="frozen"):
        fields.a = 1


def test_no_repr_shows_what_is_in_a_hosts_field():
    assert "secret" not in repr(CustomFields({"note": "secret"}))


def test_a_record_is_frozen():
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        DEAL.name = "x"


DERIVED = {name for name, field in FIELDS.items() if field.derived_from}
ALONE = sorted(FIELDS.keys() - DERIVED - {"current_quote_id"})  # that one is chosen among the quotes there are


@given(st.data(), st.sampled_from(ALONE))
def test_what_is_put_into_a_field_comes_out(data, name):
    value = data.draw(field_values(FIELDS[name]))

    assert get_field(with_fields(DEAL, {name: value}), name) == value


@pytest.mark.parametrize("name", sorted(FIELDS.keys() - DERIVED))
def test_none_empties_a_field(name):
    assert not is_present(get_field(with_fields(DEAL, {name: None}), name))


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_a_new_record_has_no_field_filled(name):
    assert not is_present(get_field(DEAL, name))


@given(
    st.sampled_from([*ALONE, *sorted(DERIVED)]),
    st.one_of(st.none(), texts(), st.just("x" * 20_001), st.decimals(), st.booleans(), st.just(("",)), st.just(T0)),
)
def test_a_value_is_a_problem_exactly_when_the_border_refuses_it(name, value):
    problem = next(iter(find_value_problems(PIPELINE, DEAL, {name: value})), None)
    try:
        with_fields(DEAL, {name: value})
    except (TypeError, ValueError):
        assert problem is not None
    else:
        # The border takes what it can convert (a tuple for a text is none of that); the kind is asked for first.
        assert problem is None or problem.code in ("field.type", "field.choice")


def test_the_fields_of_the_current_quote_are_read_from_it():
    assert {name: FIELDS[name].derived_from for name in DERIVED} == dict.fromkeys(
        [f"quote_{field.name}" for field in attrs.fields(Quote) if field.name != "id"], ("quotes", "current_quote_id")
    )


@given(st.data())
def test_a_field_of_the_current_quote_is_what_that_quote_says(data):
    quotes = data.draw(field_values(FIELDS["quotes"]))
    current = data.draw(st.none() | st.sampled_from(quotes)) if quotes else None
    record = with_fields(DEAL, {"quotes": quotes, "current_quote_id": None if current is None else current.id})

    for name in DERIVED:
        wanted = None if current is None else getattr(current, FIELDS[name].quote_field)
        assert get_field(record, name) == copy.deepcopy(FIELDS[name]).read(record) == wanted


@pytest.mark.parametrize("name", sorted(DERIVED))
def test_a_derived_field_is_not_set_and_says_what_to_change(name):
    with pytest.raises(ValueError, match=f"{name} .* quotes and current_quote_id"):
        with_fields(DEAL, {name: None})
    [problem] = find_value_problems(PIPELINE, DEAL, {name: None})
    assert problem.code == "field.derived"
    assert str(problem) == f"{name} cannot be set; it follows from quotes, current_quote_id: change those"


@pytest.mark.parametrize("value", [None, "", " \t\u3000", ()])
def test_none_blank_text_and_empty_lists_are_missing(value):
    assert not is_present(value)


@pytest.mark.parametrize("value", [Decimal(0), False, Money(0, "EUR"), "0", ("",), date.min])
def test_zero_and_no_are_present(value):
    assert is_present(value)


def test_a_state_of_every_outcome_can_be_kept():
    assert [attrs.evolve(PROGRESS, outcome=str(one)).outcome for one in Outcome] == list(Outcome)


def test_choices_name_every_word_of_their_kind():
    chosen = {field.name for field in FIELDS.values() if field.choices}

    assert chosen == {field.name for field in FIELDS.values() if field.type is FieldType.CHOICE} | {"environment"}
