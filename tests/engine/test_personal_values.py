"""Personal values are never printed: in no problem, repr or error."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.criteria import Compare, Match, Text
from oppcore.engine import (
    amend,
    evolve,
    form,
    move,
    open_lead,
    open_opportunity,
    options,
    replay,
    unmet,
    unmet_amendment,
)
from oppcore.errors import MoveRefused
from oppcore.money import Money
from oppcore.pipeline import CustomField, Pipeline, Stage
from oppcore.records import LEAD_FIELDS, Lead

DAY = datetime(2026, 3, 2, tzinfo=UTC)
SECRET = "Zq7-Wang-Wei"
FIELDS = [
    CustomField(key="alias", type="text", personal=True),
    CustomField(key="salary", type="money", personal=True),
    CustomField(key="age", type="number", personal=True),
    CustomField(key="blood", type="choice", choices=("x", "y"), personal=True),
]
VALUES = {"alias": SECRET, "salary": Money(70007, "EUR"), "age": Decimal(70007), "blood": "y"}
PRINTED = ("Zq7", "70007", "70,007")
GATES = [
    Compare("alias", "eq", "x"),
    Text("alias", "contains", "x!"),
    Compare("salary", "lt", Money(1, "EUR")),
    Compare("salary", "eq", Money(1, "USD")),
    Compare("age", "between", (Decimal(1), Decimal(2))),
    Compare("blood", "one_of", ("x",)),
    Compare("age", "eq", "another kind"),
]


def shows(*things):
    text = " ".join(f"{thing!r} {thing}" for thing in things)
    return [word for word in PRINTED if word in text]


@pytest.mark.parametrize("criterion", GATES, ids=str)
def test_no_problem_error_or_option_prints_a_personal_field_of_the_hosts(criterion):
    pipeline = Pipeline(
        key="p", fields=FIELDS, stages=[Stage(key="a", kind="open"), Stage(key="b", kind="open", entry=[criterion])]
    )
    changes = open_opportunity(pipeline, "d", VALUES, at=DAY)
    deal = replay(changes)
    problems = unmet(pipeline, deal, "b", at=DAY)
    with pytest.raises(MoveRefused) as raised:
        move(pipeline, deal, "b", at=DAY)

    assert problems
    assert shows(deal, changes, *problems, *(one.params for one in problems)) == []
    assert shows(raised.value, raised.value.detail(), options(pipeline, deal, at=DAY), form(pipeline, deal, "b")) == []


@pytest.mark.parametrize(
    "values",
    [{"blood": "Zq7-9"}, {"age": "Zq7"}, {"alias": Decimal(70007)}, {"alias": SECRET + "\0"}, {"salary": SECRET}],
)
def test_no_refused_amendment_prints_what_was_to_be_put_in(values):
    pipeline = Pipeline(key="p", fields=FIELDS, stages=[Stage(key="a", kind="open")])
    deal = replay(open_opportunity(pipeline, "d", at=DAY))
    with pytest.raises(MoveRefused) as raised:
        amend(pipeline, deal, values, at=DAY)

    assert shows(raised.value, *raised.value.problems, *unmet_amendment(pipeline, deal, values, at=DAY)) == []


PERSONAL = sorted(name for name, field in LEAD_FIELDS.items() if field.personal)


@given(st.sampled_from(PERSONAL), st.sampled_from([Compare, Text]))
def test_nothing_prints_who_is_behind_a_lead(name, kind):
    criterion = Compare(name, "eq", "x") if kind is Compare else Text(name, Match.CONTAINS, "x!")
    pipeline = Pipeline(
        key="p",
        kind="lead",
        stages=[Stage(key="a", kind="open", exit=[criterion]), Stage(key="b", kind="open"), Stage(key="w", kind="won")],
    )
    changes = open_lead(pipeline, "l", {name: SECRET}, at=DAY)
    lead = replay(changes, of=Lead)
    amended = amend(pipeline, lead, {name: SECRET + "2"}, at=DAY)

    assert shows(changes, lead, amended, evolve(lead, *amended), lead.person) == []
    assert shows(unmet(pipeline, lead, "b", at=DAY), options(pipeline, lead, at=DAY)) == []
    assert shows(form(pipeline, lead, "b")) == []
