"""A compiled gate says what its criteria say, of any record, and what the solver says of them."""

from datetime import date, timedelta
from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.criteria import (
    AllOf,
    Answered,
    AnyOf,
    Approved,
    Compare,
    Elapsed,
    Exists,
    Not,
    Present,
    Role,
    Situation,
    SomeOf,
    Text,
    Witness,
    find_witness,
    implies,
    is_always_true,
)
from oppcore.criteria.compiled import compile_gate
from oppcore.money import Money
from oppcore.records import (
    FIELDS,
    LEAD_FIELDS,
    Actor,
    Covered,
    Field,
    FieldType,
    Lead,
    Need,
    Opportunity,
    Quote,
    Round,
    Step,
    with_fields,
    with_progress,
)
from oppcore.testing import actors, criteria, field_values, moments, moneys
from oppcore.testing.records import delays
from tests.criteria.situations import ANSWERS, DEAL, PROGRESS, T0, Known, asked, trees

LEAD = Lead(id="l-1", progress=PROGRESS)
OWN = {name: Field(name, type_) for name, type_ in (("tier", FieldType.TEXT), ("score", FieldType.NUMBER))}
KINDS = {Opportunity: (DEAL, {**FIELDS, **OWN}), Lead: (LEAD, {**LEAD_FIELDS, **OWN})}
KEPT = st.one_of(st.sampled_from(["gold", " ", Decimal(1), date(2026, 3, 2), False]), moneys())  # once of another kind


SUBJECTS = ("price", "contract")


def approval(subject="price", **values):
    """A round of approval; granted at once where it has no steps and is not stale."""
    return Round(subject=subject, number=1, requested_by="ann", requested_at=T0, **values)


def with_approvals(record, *rounds):
    return with_progress(record, attrs.evolve(record.progress, approvals=rounds))


@st.composite
def approvals(draw, record):
    """Some rounds of approval of what a record holds, or of something else."""
    covers = [Covered(field=name, value=getattr(record, name, None)) for name in ("id", "needs")]
    covers.append(Covered(field="source", value="elsewhere"))
    one = st.builds(
        approval,
        subject=st.sampled_from(SUBJECTS),
        steps=st.sampled_from([(), (Step(key="lead", roles=("lead",)),)]),
        covered=st.lists(st.sampled_from(covers), max_size=2).map(tuple),
        is_stale=st.booleans(),
    )
    return draw(st.lists(one, max_size=3))


@attrs.frozen
class Named:
    """A criterion of the host's own that looks at what it is asked about."""

    def judge(self, situation):
        return getattr(situation.record, "text", None) == "speed"


def interpret(gate, situation):
    return all(criterion.judge(situation) is True for criterion in gate)


@st.composite
def questions(draw, leaves=st.nothing()):  # noqa: B008
    """A gate, the fields it is compiled for, and a situation in which it has a chance."""
    blank, fields = KINDS[draw(st.sampled_from([Opportunity, Lead]))]
    names = draw(st.lists(st.sampled_from(sorted(fields)), min_size=1, max_size=4, unique=True))
    signed = st.sampled_from([Approved(subject) for subject in SUBJECTS])
    asked_for = st.one_of(criteria(fields=[fields[name] for name in names], max_depth=0), signed, leaves)
    gate = draw(st.lists(trees(leaves=asked_for), max_size=3))
    filled = draw(st.lists(st.sampled_from(names), unique=True))
    values = {
        name: draw(KEPT if name in OWN else field_values(fields[name]))
        for name in filled
        if not fields[name].derived_from
    }
    if "current_quote_id" in values:
        values["quotes"] = (Quote(id=values["current_quote_id"]),)
    elif "quotes" in values:
        values["current_quote_id"] = None
    filled_in = with_fields(blank, values)
    record = with_approvals(filled_in, *draw(approvals(filled_in)))
    at = T0 + draw(delays())
    return gate, fields, Situation(record=record, at=at, actor=draw(st.none() | actors()))


@given(questions(leaves=st.sampled_from([*map(Known, ANSWERS), Named()])))
def test_a_compiled_gate_says_what_its_criteria_say(question):
    gate, fields, situation = question

    assert compile_gate(gate, fields)(situation) is interpret(gate, situation)


@given(questions())
def test_false_and_unknown_are_told_apart(question):
    gate, fields, situation = question
    for criterion in gate:
        answers = compile_gate([criterion], fields)(situation), compile_gate([Not(criterion)], fields)(situation)

        assert answers == {True: (True, False), False: (False, True), None: (False, False)}[criterion.judge(situation)]


@given(questions())
def test_a_gate_compiled_for_another_kind_of_record_says_the_same(question):
    gate, _, situation = question
    other = KINDS[Lead if isinstance(situation.record, Opportunity) else Opportunity][1]

    assert compile_gate(gate, other)(situation) is interpret(gate, situation)
    assert compile_gate(gate, {})(situation) is interpret(gate, situation)


@given(questions(), moments())
def test_a_compiled_gate_holds_where_the_solver_says_so(question, at):
    gate, fields, situation = question
    witness = find_witness(gate, fields=fields, budget=2_000)
    holds = compile_gate(gate, fields)

    if isinstance(witness, Witness):
        assert holds(witness.apply(KINDS[type(situation.record)][0], at=at))
    if holds(situation):
        assert isinstance(witness, Witness) or hasattr(witness, "budget")
        assert [implies(gate, criterion, fields=fields, budget=2_000) for criterion in gate].count(False) == 0
    elif is_always_true(AllOf(gate), fields=fields, budget=2_000):
        raise AssertionError


LEAVES = [
    Present("name"),
    Present("quotes"),
    Present("tier"),
    Present("no_such_field"),
    Compare("amount", "ge", Money(100, "EUR")),
    Compare("amount", "between", (Money(100, "EUR"), Money(200, "EUR"))),
    Compare("amount", "one_of", (Money(100, "EUR"), Money(7, "JPY"))),
    Compare("amount", "one_of", (Money(100, "EUR"), Money(9, "EUR"))),
    Compare("amount", "eq", Decimal(100)),
    Compare("name", "lt", "n"),
    Compare("name", "one_of", ("Mill", Decimal(1))),
    Compare("decision", "one_of", ("go", "no_go")),
    Compare("expected_close_on", "between", (date(2026, 1, 1), date(2026, 4, 1))),
    Compare("probability", "gt", 0),
    Compare("probability", "le", Decimal("0.5")),
    Compare("tags", "one_of", (("a", "b"), ("c",))),
    Compare("score", "ge", Decimal(1)),
    Compare("last_activity_at", "lt", T0),
    Text("name", "contains", "IL"),
    Text("name", "starts", "mi"),
    Text("decision", "ends", "O"),
    Text("tier", "ends", "d"),
    Exists("quotes", Compare("amount", "gt", Money(1, "EUR")), 2),
    Exists("quotes", AnyOf([Elapsed("entered", at_least_days=Decimal(0)), Answered(("who",)), Exists("quotes")])),
    Exists("quotes", Not(Answered(("who",)))),
    Exists("quotes", Role(("manager",))),
    Exists("needs", Named()),
    Exists("needs", Compare("no_such_field", "eq", "x")),
    Exists("name", at_least=3),
    Answered(("who", "when")),
    Role(("manager", "seller")),
    Elapsed("last_activity", at_most_days=Decimal(3)),
    Approved("price"),
    Exists("quotes", Approved("price")),
    Compare("quote_amount", "ge", Money(100, "EUR")),
    Compare("quote_status", "eq", "draft"),
    Present("quote_discount"),
]
RECORDS = [
    DEAL,
    LEAD,
    Need(text="speed"),
    *(
        with_fields(DEAL, values)
        for values in (
            {"name": "Mill", "amount": Money(100, "EUR"), "decision": "go", "tags": ("a", "b"), "tier": "gold"},
            {"name": " ", "amount": Money(7, "JPY"), "decision": "no_go", "tags": ("c",), "tier": Decimal(1)},
            {"amount": Money("8.5", "KWD"), "probability": Decimal(1), "score": Decimal(1), "tier": False},
            {"needs": (Need(text="speed"), Need(text="x")), "score": "1", "last_activity_at": T0 - timedelta(days=3)},
            {"quotes": tuple(Quote(id=name, amount=Money(5, "EUR")) for name in "abc"), "answers": {"who": False}},
            {"answers": {"who": 0 == 1, "when": "now"}, "last_activity_at": T0 - timedelta(days=3, microseconds=1)},
        )
    ),
    with_fields(DEAL, {"quotes": (Quote(id="q", amount=Money(100, "EUR")),), "current_quote_id": "q"}),
    with_approvals(DEAL, approval()),
    with_approvals(DEAL, approval(is_stale=True), approval("contract")),
    with_approvals(DEAL, approval(covered=(Covered(field="name", value="Mill"),))),
    with_approvals(DEAL, approval(covered=(Covered(field="name", value=None),))),
    with_approvals(LEAD, approval(steps=(Step(key="lead", roles=("lead",)),))),
    with_approvals(LEAD, approval()),
    with_fields(LEAD, {"name": "Mill", "quotes": "abc", "tier": "gold", "amount": Money(100, "EUR")}),
]


@pytest.mark.parametrize("leaf", LEAVES, ids=repr)
@pytest.mark.parametrize("actor", [None, Actor("ann"), Actor("bob", {"manager"})], ids=["nobody", "ann", "bob"])
@pytest.mark.parametrize("fields", [FIELDS, LEAD_FIELDS], ids=["deal", "lead"])
def test_each_leaf_is_true_false_and_unknown_as_ever(leaf, actor, fields):
    for record in RECORDS:
        situation = Situation(record=record, at=T0, actor=actor)
        for criterion in (leaf, Not(leaf)):
            try:
                answer = criterion.judge(situation) is True
            except KeyError as error:  # the letters of a text are no items
                with pytest.raises(KeyError, match=str(error)):
                    compile_gate([criterion], fields)(situation)
            else:
                assert compile_gate([criterion], fields)(situation) is answer, record


DAYS = ["0", "0.5", "3", "0.3333333333333333333333333333", "0.33333333333333333333333333333333", "1e-11", "1.1574e-11"]


@pytest.mark.parametrize("days", [Decimal(text) for text in DAYS], ids=DAYS)
@pytest.mark.parametrize("limit", ["at_least_days", "at_most_days"])
def test_durations_are_compared_to_the_microsecond_as_days_are_rounded(days, limit):
    leaf = Elapsed("entered", **{limit: days})
    nearest = timedelta(microseconds=int(days * 86_400_000_000))
    for ticks in range(-2, 4):
        situation = asked(at=T0 + nearest + timedelta(microseconds=ticks))

        assert compile_gate([leaf], FIELDS)(situation) is leaf.judge(situation), ticks
        assert compile_gate([Not(leaf)], FIELDS)(situation) is Not(leaf).judge(situation), ticks


@pytest.mark.parametrize("number", range(1, 5))
@pytest.mark.parametrize("answers", [(), (True,), (True, None, False), (True, True, None), (False, False, False)])
def test_some_of_any_number_of_parts(number, answers):
    some = SomeOf(number, [Known(answer) for answer in answers])
    for criterion in (some, Not(some), Not(Not(some)), AllOf([some, Not(some)]), AnyOf([some, Not(some)])):
        assert compile_gate([criterion], FIELDS)(asked()) is (criterion.judge(asked()) is True)


def test_a_gate_stops_asking_once_the_answer_is_known():
    @attrs.frozen
    class Broken:
        def judge(self, situation):
            raise ZeroDivisionError

    assert not compile_gate([Present("budget"), Broken()], FIELDS)(asked())
    with pytest.raises(ZeroDivisionError):
        compile_gate([Broken()], FIELDS)(asked())
