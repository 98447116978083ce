"""The solver: its witnesses make criteria true, and what it calls impossible is."""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from itertools import combinations, combinations_with_replacement, product

import attrs
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from oppcore.criteria import (
    AllOf,
    Answered,
    AnyOf,
    Compare,
    Elapsed,
    Exists,
    Impossible,
    Not,
    Present,
    Role,
    Situation,
    SomeOf,
    Text,
    Undecided,
    Witness,
    find_unmet,
    find_witness,
    implies,
    is_always_true,
    is_satisfiable,
)
from oppcore.criteria.document import CriterionReader, write_criterion
from oppcore.engine import move, unmet
from oppcore.errors import Problem
from oppcore.money import Money
from oppcore.pipeline import Pipeline, Stage, StageKind
from oppcore.records import FIELDS, LEAD_FIELDS, Actor, Field, FieldType, Lead, Need, Objection, Quote, with_fields
from oppcore.testing import criteria, situations
from tests.criteria.situations import ANYTHING, DEAL, T0, Known, asked

EUR, JPY = Money(10, "EUR"), Money(10, "JPY")
TWO, FIVE = Decimal(2), Decimal(5)
ACCEPTED = Compare("status", "eq", "accepted")
LEAF_BY_NAME = {
    "present text": Present("intent"),
    "present money": Present("amount"),
    "present texts": Present("tags"),
    "present choices": Present("environment"),
    "present items": Present("needs"),
    "present answers": Present("answers"),
    "money": Compare("amount", "ge", EUR),
    "money in a list": Compare("amount", "one_of", (EUR, Money(20, "EUR"))),
    "money between": Compare("budget", "between", (EUR, EUR)),
    "number": Compare("probability", "lt", Decimal("0.3")),
    "number equal": Compare("probability", "eq", Decimal(1)),
    "date": Compare("expected_close_on", "gt", date(2026, 3, 2)),
    "date equal": Compare("expected_close_on", "eq", date(2026, 3, 2)),
    "instant": Compare("next_activity_at", "le", T0),
    "choice": Compare("decision", "eq", "go"),
    "choice of some": Compare("price_sensitivity", "one_of", ("low", "high")),
    "text equal": Compare("owner_id", "eq", "ann"),
    "text unequal": Compare("owner_id", "ne", "ann"),
    "text in order": Compare("owner_id", "le", "ann"),
    "text contains": Text("intent", "contains", "Straße"),
    "text starts": Text("intent", "starts", "re"),
    "text ends": Text("intent", "ends", "报价"),
    "choice as text": Text("decision", "starts", "no"),
    "days in stage": Elapsed("entered", at_least_days=TWO),
    "days since opening": Elapsed("opened", at_most_days=Decimal("0.3333333333")),
    "days without activity": Elapsed("last_activity", at_least_days=TWO, at_most_days=FIVE),
    "answered": Answered(("who", "when")),
    "role": Role(("manager", "seller")),
    "exists": Exists("objections"),
    "exists such": Exists("quotes", ACCEPTED, 2),
    "exists such text": Exists("stakeholders", Text("role", "contains", "buy")),
    "current quote": Present("current_quote_id"),
    "present of the current quote": Present("quote_valid_until"),
    "status of the current quote": Compare("quote_status", "eq", "accepted"),
    "status of the current quote as text": Text("quote_status", "starts", "DR"),
    "amount of the current quote": Compare("quote_amount", "le", EUR),
    "discount of the current quote": Compare("quote_discount", "gt", Decimal("0.2")),
    "end of the current quote": Compare("quote_valid_until", "between", (date(2026, 3, 2), date(2026, 3, 2))),
}


@attrs.frozen
class FromLedger:
    """A criterion of the host's own, which must never be asked."""

    account: str = "a"

    def judge(self, situation):
        raise AssertionError

    def problem(self, situation, wanted):
        return Problem("ledger")


def holds(witness, *wanted):
    return all(one.judge(witness.apply(DEAL, at=T0)) is True for one in wanted)


# One leaf


@pytest.mark.parametrize("leaf", LEAF_BY_NAME.values(), ids=LEAF_BY_NAME)
def test_every_leaf_can_be_true_and_can_be_false_and_not_both(leaf):
    assert holds(find_witness([leaf]), leaf)
    assert holds(find_witness([Not(leaf)]), Not(leaf))
    assert find_witness([leaf, Not(leaf)]) == Impossible()
    assert is_always_true(leaf) is False


@pytest.mark.parametrize("leaf", LEAF_BY_NAME.values(), ids=LEAF_BY_NAME)
def test_only_what_is_never_unknown_is_true_or_false_always(leaf):
    two_valued = isinstance(leaf, (Present, Exists, Answered)) or leaf in (
        Elapsed("entered", at_least_days=TWO),
        Elapsed("opened", at_most_days=Decimal("0.3333333333")),
    )

    assert is_always_true(AnyOf([leaf, Not(leaf)])) is two_valued


# Several


CONTRADICTIONS = {
    "bounds": [Compare("amount", "gt", EUR), Compare("amount", "le", EUR)],
    "currencies": [Compare("amount", "ge", EUR), Compare("amount", "ge", JPY)],
    "no share is above 1": [Compare("probability", "gt", Decimal(1))],
    "no date between": [
        Compare("expected_close_on", "gt", date(2026, 3, 2)),
        Compare("expected_close_on", "lt", date(2026, 3, 3)),
    ],
    "another kind of value": [Compare("amount", "eq", Decimal(1))],
    "no such choice": [Compare("decision", "eq", "perhaps")],
    "all choices excluded": [Present("decision"), Compare("decision", "ne", "go"), Compare("decision", "ne", "no_go")],
    "compared and missing": [Compare("amount", "ne", EUR), Not(Present("amount"))],
    "two beginnings": [Text("intent", "starts", "ab"), Text("intent", "starts", "B")],
    "a part without its part": [Text("intent", "contains", "abc"), Not(Text("intent", "contains", "B"))],
    "a text without its end": [Compare("intent", "eq", "price"), Not(Text("intent", "ends", "CE"))],
    "nothing between texts": [Compare("intent", "gt", "a"), Compare("intent", "lt", "a\x01")],
    "opened after it was entered": [Elapsed("entered", at_least_days=FIVE), Elapsed("opened", at_most_days=TWO)],
    "contacted, never contacted": [Elapsed("last_activity", at_most_days=FIVE), Not(Present("last_activity_at"))],
    "answered, nothing answered": [Answered(("who",)), Not(Present("answers"))],
    "role": [Role(("seller",)), Not(Role(("manager", "seller")))],
    "more such items than items": [Exists("quotes", ACCEPTED, 2), Not(Exists("quotes", at_least=2))],
    "every item of both kinds": [
        Exists("needs", Compare("kind", "eq", "need")),
        Not(Exists("needs", Compare("met", "eq", True))),
        Not(Exists("needs", Compare("met", "eq", False))),
    ],
    "two winners": [Exists("competitors", Compare("status", "eq", "won_deal"), 2)],
    "one id twice": [Exists("quotes", Compare("id", "eq", "q"), 2)],
    "a current quote without quotes": [Present("current_quote_id"), Not(Present("quotes"))],
    "the current quote is another": [
        Text("current_quote_id", "starts", "a"),
        Not(Exists("quotes", Not(Text("id", "starts", "b")))),
    ],
    "nothing of no quote": [Compare("quote_discount", "le", Decimal(1)), Not(Present("current_quote_id"))],
    "a current quote without a status": [Present("current_quote_id"), Not(Present("quote_status"))],
    "no discount is above 1": [Compare("quote_discount", "gt", Decimal(1))],
    "currencies of the current quote": [Compare("quote_amount", "ge", EUR), Compare("quote_amount", "lt", JPY)],
    "the current quote is like no other": [
        Compare("quote_discount", "gt", Decimal("0.2")),
        Not(Exists("quotes", Compare("discount", "gt", Decimal("0.1")))),
    ],
    "the current quote of two kinds": [
        Compare("current_quote_id", "eq", "a"),
        Compare("quote_status", "eq", "sent"),
        Exists("quotes", AllOf([Compare("id", "eq", "a"), ACCEPTED])),
    ],
    "items have no clock": [Exists("needs", Not(Elapsed("opened", at_least_days=TWO)))],
    "a role below an exists": [Exists("needs", Role(("seller",))), Not(Role(("seller",)))],
    "a field nobody knows": [Present("colour")],
    "some of too few": [SomeOf(2, [Present("name")])],
    "some of contradictions": [SomeOf(2, [Present("name"), Not(Present("name")), AnyOf([])])],
}


@pytest.mark.parametrize("wanted", CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_a_contradiction_is_found(wanted):
    assert find_witness(wanted) == Impossible()
    assert is_satisfiable(wanted) is False
    assert implies(wanted, AnyOf([])) is True


TOGETHER = {
    "nothing": [],
    "texts": [
        Text("intent", "starts", "ab"),
        Text("intent", "starts", "ABC"),
        Text("intent", "contains", "xy"),
        Text("intent", "ends", "z"),
        Not(Text("intent", "contains", "zx")),
        Compare("intent", "ne", "abcxyz"),
    ],
    "texts in order": [Compare("intent", "gt", "a"), Compare("intent", "lt", "a\x02")],
    "a text in capitals": [Text("intent", "starts", "abc"), Compare("intent", "lt", "B")],
    "numbers near one another": [
        Compare("probability", "gt", Decimal("0.1234567")),
        Compare("probability", "lt", Decimal("0.1234568")),
    ],
    "last contact on a day": [
        Compare("last_activity_at", "between", (T0, T0)),
        Elapsed("last_activity", at_least_days=FIVE),
        Elapsed("opened", at_most_days=TWO),
    ],
    "a future contact": [Not(Elapsed("last_activity", at_least_days=Decimal(0)))],
    "neither asked nor missing": [Not(Answered(("who",))), Present("answers")],
    "items": [
        Exists("quotes", ACCEPTED),
        Exists("quotes", Compare("amount", "ge", EUR), 2),
        Not(Exists("quotes", AllOf([ACCEPTED, Compare("amount", "ge", EUR)]))),
        Not(Exists("quotes", at_least=4)),
    ],
    "ids": [Exists("quotes", Compare("id", "one_of", ("q", "r")), 2), Exists("quotes", at_least=4)],
    "the current quote": [
        Text("current_quote_id", "starts", "a"),
        Not(Exists("quotes", Not(Text("id", "ends", "b")))),
    ],
    "all of the current quote": [
        Compare("quote_discount", "gt", Decimal("0.2")),
        Compare("quote_amount", "between", (EUR, Money(20, "EUR"))),
        Not(Compare("quote_status", "eq", "draft")),
        Compare("quote_valid_until", "ge", date(2026, 3, 2)),
        Compare("current_quote_id", "eq", "a"),
        Exists("quotes", ACCEPTED, 2),
        Not(Exists("quotes", at_least=4)),
        Not(Exists("quotes", AllOf([ACCEPTED, Present("discount")]))),
    ],
    "a current quote in another currency": [
        Present("quote_amount"),
        AnyOf([Compare("quote_amount", "ge", JPY), Compare("quote_amount", "lt", JPY)]),
        Not(Exists("quotes", Compare("amount", "lt", Money(11, "JPY")))),
    ],
    "shares": [Exists("members", Compare("split", "gt", Decimal(0)), 2), Compare("owner_id", "eq", "ann")],
    "many": [Exists("needs", at_least=1000)],
    "a role below an exists": [Exists("needs", Not(Role(("seller",)))), Role(("manager",))],
    "some": [SomeOf(3, [Present(name) for name in ("name", "intent", "tags", "amount")]), Not(Present("intent"))],
    "not some": [Not(SomeOf(2, [Answered(("who",)), Role(("seller",)), Role(("manager",))])), Answered(("who",))],
}


@pytest.mark.parametrize("wanted", TOGETHER.values(), ids=TOGETHER)
def test_what_can_be_is_found(wanted):
    assert holds(find_witness(wanted), *wanted)


IMPLIED = [
    (Compare("probability", "ge", Decimal("0.8")), Compare("probability", "ge", Decimal("0.5"))),
    (Compare("amount", "ge", EUR), Compare("amount", "ge", Money(5, "EUR"))),
    (Compare("amount", "between", (Money(1, "EUR"), EUR)), Compare("amount", "le", EUR)),
    (Compare("decision", "eq", "go"), Compare("decision", "one_of", ("go", "no_go"))),
    (Compare("intent", "one_of", ("a", "b")), Compare("intent", "le", "b")),
    (Not(Compare("intent", "eq", "a")), Present("intent")),
    (Text("intent", "starts", "Ab"), Text("intent", "contains", "B")),
    (Not(Text("intent", "contains", "b")), Not(Text("intent", "ends", "ab"))),
    (Role(("manager",)), Role(("seller", "manager"))),
    (Elapsed("entered", at_least_days=FIVE), Elapsed("entered", at_least_days=TWO)),
    (Elapsed("entered", at_least_days=FIVE), Elapsed("opened", at_least_days=TWO)),
    (Elapsed("last_activity", at_most_days=FIVE), Present("last_activity_at")),
    (Answered(("who", "when")), Answered(("when",))),
    (Answered(("who",)), Present("answers")),
    (Exists("quotes", ACCEPTED, 2), Exists("quotes")),
    (Exists("quotes", at_least=2), Present("quotes")),
    (Exists("quotes", ACCEPTED), Exists("quotes", Not(Compare("status", "eq", "draft")))),
    (Present("current_quote_id"), Present("quotes")),
    (Present("quote_discount"), Present("current_quote_id")),
    (Compare("quote_discount", "gt", Decimal("0.2")), Exists("quotes", Compare("discount", "gt", Decimal("0.1")))),
    (Not(Compare("quote_status", "eq", "sent")), Present("quote_status")),
    (Compare("quote_amount", "ge", EUR), Compare("quote_amount", "gt", Money(5, "EUR"))),
    (FromLedger(), AnyOf([Present("name"), FromLedger()])),
]


@pytest.mark.parametrize(("one", "other"), IMPLIED)
def test_one_implies_the_other_and_not_the_other_way_round(one, other):
    assert implies([one], other) is True
    assert implies([other], one) is not True


def test_of_two_choices_one_is_what_the_other_is_not():
    one, other = Compare("decision", "ne", "go"), Compare("decision", "eq", "no_go")

    assert (implies([one], other), implies([other], one)) == (True, True)


def test_what_is_not_true_may_be_unknown():
    below, rest = Compare("amount", "lt", EUR), Compare("amount", "ge", EUR)

    assert implies([Not(below)], rest) is True
    assert implies([Present("amount")], AnyOf([below, rest])) is False  # another currency
    quoted = Compare("quote_amount", "lt", EUR), Compare("quote_amount", "ge", EUR)
    assert implies([Present("quote_amount")], AnyOf(quoted)) is False
    assert implies([Compare("quote_amount", "ne", Money(5, "EUR"))], AnyOf(quoted)) is True
    assert implies([Present("current_quote_id")], Present("quote_amount")) is False
    assert implies([Compare("amount", "ne", Money(5, "EUR"))], AnyOf([below, rest])) is True
    assert implies([], AnyOf([Role(("seller",)), Not(Role(("seller",)))])) is False  # nobody acts


# Criteria of the host's own, and limits


def test_criteria_of_the_hosts_own_are_never_asked():
    gate = [AnyOf([FromLedger(), Present("name")])]

    assert isinstance(find_witness(gate), Witness)
    assert find_witness([FromLedger()]) == Undecided("FromLedger", 20_000)
    assert find_witness([FromLedger(), AnyOf([])]) == Impossible()
    assert find_witness([FromLedger("a"), Not(FromLedger("a"))]) == Impossible()
    assert isinstance(find_witness([FromLedger("a"), Not(FromLedger("b"))]), Undecided)
    assert isinstance(find_witness([Exists("needs", FromLedger())]), Undecided)
    assert find_witness([Exists("needs", FromLedger()), Not(Present("needs"))]) == Impossible()
    assert isinstance(find_witness([Not(Exists("needs", FromLedger()))]), Witness)
    assert is_satisfiable([FromLedger()]) is None
    assert implies([], FromLedger()) is None


@given(st.sampled_from([True, False, None]))
def test_a_witness_holds_whatever_the_host_says(answer):
    gate = [AnyOf([Known(answer), Present("name")]), Not(Exists("needs", Known(answer)))]

    assert holds(find_witness(gate), *gate)


def test_a_search_that_is_too_long_is_given_up():
    gate = [
        AnyOf([Exists("quotes", Compare("amount", "eq", Money(n + k, "EUR")), k) for k in (1, 2)]) for n in range(9)
    ]

    assert find_witness(gate, budget=5) == Undecided("budget", 5)
    assert implies(gate, Present("quotes"), budget=5) is None


def test_a_text_that_must_lie_in_order_and_hold_parts_may_stay_undecided():
    assert find_witness([Text("intent", "starts", "abc"), Compare("intent", "lt", "A")]) == Undecided("intent", 20_000)


def test_splits_that_do_not_add_up_are_no_witness():
    assert isinstance(find_witness([Exists("members", Compare("split", "gt", Decimal("0.6")), 2)]), Undecided)


def test_leads_have_fields_of_their_own():
    lead = Lead(id="l", progress=DEAL.progress)
    found = find_witness([Text("email", "ends", "@a.example"), Present("company_size")], fields=LEAD_FIELDS)

    assert Text("email", "ends", "@a.example").judge(found.apply(lead, at=T0)) is True
    assert find_witness([Present("email")]) == Impossible()


def test_fields_of_a_pipeline_count():
    own = {"tier": Field("tier", FieldType.CHOICE, "", ("gold", "tin")), "vip": Field("vip", FieldType.FLAG)}
    gate = [Compare("tier", "ne", "gold"), Not(Compare("vip", "eq", True))]

    assert find_witness(gate, fields=own).values == {"tier": "tin", "vip": False}


# Laws


def settle(witness, record):
    """What the witness says on this record; None where the record refuses it for what else it holds."""
    try:
        return witness.apply(record, at=record.progress.changed_at + timedelta(days=1))
    except ValueError:
        return None


SMALL = tuple(FIELDS[name] for name in ("amount", "probability", "decision", "intent", "quotes", "expected_close_on"))
QUOTED = [field for field in FIELDS.values() if "quote" in field.name]
gates = st.lists(
    st.one_of(criteria(max_depth=2), criteria(fields=SMALL, max_depth=2), criteria(fields=QUOTED)), max_size=4
)


@given(gates, situations(ANYTHING))
def test_a_witness_makes_every_criterion_true_on_any_record(gate, situation):
    found = find_witness(gate)

    assume(isinstance(found, Witness))
    for record in (DEAL, situation.record):
        seen = settle(found, record)
        assert seen is not None
        assert [one for one in gate if one.judge(seen) is not True] == []
        assert [problem for one in gate for problem in find_unmet(one, seen)] == []


@given(gates, st.lists(situations(ANYTHING), min_size=1, max_size=5))
def test_what_some_situation_meets_is_not_impossible(gate, found):
    met = [situation for situation in found if all(one.judge(situation) is True for one in gate)]

    assume(met)
    assert find_witness(gate) != Impossible()


@given(gates, criteria(max_depth=1), st.lists(situations(ANYTHING), min_size=1, max_size=5))
def test_what_is_implied_is_true_wherever_the_rest_is(gate, criterion, found):
    if implies(gate, criterion):
        assert all(
            criterion.judge(situation) is True
            for situation in found
            if all(one.judge(situation) is True for one in gate)
        )


@given(criteria(max_depth=2))
def test_what_is_written_and_read_again_is_solved_alike(criterion):
    again = CriterionReader(FIELDS, None).read(write_criterion(criterion))

    assert find_witness([again]) == find_witness([criterion])


# Two vocabularies small enough to try out everything.
FEW = (
    Field("vip", FieldType.FLAG),
    Field("tier", FieldType.CHOICE, "", ("gold", "tin")),
    Field("zone", FieldType.CHOICE, "", ("a", "b", "c")),
)
OWN = {field.name: field for field in FEW}


@cache
def every_situation():
    values = product((True, False, None), ("gold", "tin", None), ("a", "b", "c", None))
    actors = [None, Actor("x"), Actor("x", {"seller"})]
    return [asked(actor=actor, vip=v, tier=t, zone=z) for (v, t, z), actor in product(values, actors)]


def few_leaves():
    about = [Present(name) for name in OWN]
    about += [Compare("vip", how, value) for how in ("eq", "ne") for value in (True, False)]
    about += [Compare("tier", how, value) for how in ("eq", "ne") for value in ("gold", "tin")]
    about += [Compare("zone", "one_of", chosen) for chosen in (("a",), ("a", "b"), ("c",))]
    about += [Compare("zone", "le", "b"), Text("tier", "contains", "o"), Role(("seller",))]
    return st.sampled_from(about)


def few_trees():
    def wider(below):
        parts = st.lists(below, max_size=3)
        made = [st.builds(kind, parts) for kind in (AllOf, AnyOf)]
        return st.one_of(*made, st.builds(SomeOf, st.integers(1, 3), parts), st.builds(Not, below))

    return st.recursive(few_leaves(), wider, max_leaves=8)


@settings(max_examples=3 * settings.default.max_examples)
@given(st.lists(few_trees(), max_size=4), few_trees())
def test_small_vocabularies_are_solved_as_by_trying_everything(gate, criterion):
    met = [situation for situation in every_situation() if all(one.judge(situation) is True for one in gate)]

    assert is_satisfiable(gate, fields=OWN) is bool(met)
    assert implies(gate, criterion, fields=OWN) is all(criterion.judge(situation) is True for situation in met)
    assert is_always_true(criterion, fields=OWN) is all(criterion.judge(one) is True for one in every_situation())


OBJECTIONS = [None, *(Compare("resolved", "eq", truth) for truth in (True, False)), Compare("text", "eq", "a")]


@cache
def every_collection():
    kinds = list(product(("a", "b"), (True, False)))

    def made(counts):
        pairs = zip(kinds, counts, strict=True)
        return tuple(Objection(text=text, resolved=done) for (text, done), count in pairs for _ in range(count))

    return [asked(objections=made(counts)) for counts in product(range(4), repeat=4)]


@given(
    st.lists(
        st.builds(Exists, st.just("objections"), st.sampled_from(OBJECTIONS), st.integers(1, 3)).flatmap(
            lambda one: st.sampled_from([one, Not(one)])
        ),
        max_size=5,
    )
)
def test_collections_are_solved_as_by_trying_everything(gate):
    met = any(all(one.judge(situation) is True for one in gate) for situation in every_collection())

    assert is_satisfiable(gate) is met


def signed(leaves):
    """Some leaves, each as it is or turned around, all in one choice of two of them."""
    turned = leaves.flatmap(lambda leaf: st.sampled_from([leaf, Not(leaf)]))
    return st.lists(turned | st.builds(AnyOf, st.lists(turned, min_size=1, max_size=2)), max_size=5)


def compares(name, values):
    ordered = st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge"])
    pairs = st.tuples(values, values).filter(lambda pair: pair[0] <= pair[1])
    return st.one_of(
        st.builds(Compare, st.just(name), ordered, values),
        st.builds(Compare, st.just(name), st.just("one_of"), st.tuples(values, values)),
        st.builds(Compare, st.just(name), st.just("between"), pairs),
    )


def is_met_by(gate, name, values):
    return any(all(one.judge(asked(**{name: value})) is True for one in gate) for value in (*values, None))


HALVES = [Decimal(halves) / 2 for halves in range(-2, 9)]


@given(
    signed(st.just(Present("probability")) | compares("probability", st.integers(-1, 2).map(lambda n: Decimal(n) / 2)))
)
def test_shares_are_solved_as_by_trying_everything(gate):
    quarters = [Decimal(quarters) / 4 for quarters in range(5)]

    assert is_satisfiable(gate) is is_met_by(gate, "probability", quarters)


@given(
    signed(
        st.sampled_from(["EUR", "JPY"]).flatmap(
            lambda code: compares("amount", st.integers(0, 3).map(lambda n: Money(n, code)))
        )
    )
)
def test_amounts_are_solved_as_by_trying_everything(gate):
    amounts = [Money(number, code) for number in HALVES for code in ("EUR", "JPY", "USD")]

    assert is_satisfiable(gate) is is_met_by(gate, "amount", amounts)


@given(signed(compares("expected_close_on", st.integers(2, 5).map(lambda day: date(2026, 3, day)))))
def test_dates_are_solved_as_by_trying_everything(gate):
    assert is_satisfiable(gate) is is_met_by(gate, "expected_close_on", [date(2026, 3, day) for day in range(1, 7)])


def test_a_day_beyond_the_calendar_is_none():
    assert find_witness([Compare("expected_close_on", "gt", date.max)]) == Impossible()
    assert find_witness([Compare("expected_close_on", "lt", date.min)]) == Impossible()


WORDS = [None, *("".join(letters) for size in range(5) for letters in product("abBc", repeat=size))]
parts = st.builds(
    Text, st.just("intent"), st.sampled_from(["contains", "starts", "ends"]), st.sampled_from(["a", "b", "ab", "BA"])
)
equals = st.builds(Compare, st.just("intent"), st.sampled_from(["eq", "ne"]), st.sampled_from(["a", "ab", "B"]))


@given(signed(parts | equals | st.just(Present("intent"))))
def test_parts_of_texts_are_always_decided(gate):
    found = is_satisfiable(gate)

    assert found is not None
    assert found or not is_met_by(gate, "intent", WORDS)


@given(signed(parts | compares("intent", st.sampled_from(["a", "ab", "B", "b"]))))
def test_no_text_that_exists_is_called_impossible(gate):
    assert is_satisfiable(gate) is not False or not is_met_by(gate, "intent", WORDS)


@given(signed(compares("intent", st.sampled_from(["a", "ab", "B", "b"]))))
def test_the_order_of_texts_is_always_decided(gate):
    assert is_satisfiable(gate) is not None


def clocks():
    days = st.sampled_from([Decimal(1), Decimal(2), Decimal(3)])
    since = st.sampled_from(["entered", "opened", "last_activity"])
    return st.one_of(
        st.builds(Elapsed, since, at_least_days=days),
        st.builds(Elapsed, since, at_most_days=days),
        st.just(Present("last_activity_at")),
    )


@cache
def every_clock():
    ago = [T0 - timedelta(days=float(half)) for half in HALVES if half >= 0]
    found = []
    for entered_at, opened_at, last in product(ago, ago, [None, *ago]):
        if opened_at <= entered_at:
            progress = attrs.evolve(DEAL.progress, entered_at=entered_at, opened_at=opened_at)
            record = with_fields(attrs.evolve(DEAL, progress=progress), {"last_activity_at": last})
            found.append(Situation(record=record, at=T0))
    return found


@given(signed(clocks()))
def test_clocks_are_solved_as_by_trying_everything(gate):
    assert is_satisfiable(gate) is any(all(one.judge(each) is True for one in gate) for each in every_clock())


def below_role():
    roles = st.sampled_from([("seller",), ("manager",), ("seller", "manager")])
    where = st.one_of(st.none(), roles.map(Role), roles.map(lambda some: Not(Role(some))))
    return st.one_of(roles.map(Role), st.builds(Exists, st.just("needs"), where), st.just(Answered(("who",))))


@given(signed(below_role() | st.sampled_from([Answered(("who", "when")), Present("answers"), Present("needs")])))
def test_roles_and_answers_are_solved_as_by_trying_everything(gate):
    actors = [None, *(Actor("x", roles) for roles in ([], ["seller"], ["manager"], ["seller", "manager"]))]
    answers = [{}, {"who": ""}, {"who": True}, {"when": True}, {"who": True, "when": True}]
    tried = product(actors, answers, ((), (Need(text="x"),)))
    met = (
        all(one.judge(asked(actor=actor, answers=given, needs=needs)) is True for one in gate)
        for actor, given, needs in tried
    )

    assert is_satisfiable(gate) is any(met)


def quote_ids():
    about = [Present("current_quote_id"), Present("quotes"), Exists("quotes", at_least=2)]
    for text in ("a", "b"):
        about += [Compare("current_quote_id", "eq", text), Text("current_quote_id", "starts", text)]
        about += [Exists("quotes", Compare("id", "eq", text)), Exists("quotes", Not(Text("id", "starts", text)))]
    return st.sampled_from(about)


@cache
def every_quote():
    names = ("a", "ax", "b", "bx", "c")
    chosen = [some for size in range(4) for some in combinations(names, size)]
    pairs = [(some, current) for some in chosen for current in (None, *some)]
    return [asked(quotes=tuple(Quote(id=one) for one in some), current_quote_id=current) for some, current in pairs]


@given(signed(quote_ids()))
def test_the_current_quote_is_one_of_the_quotes(gate):
    assert is_satisfiable(gate) is any(all(one.judge(each) is True for one in gate) for each in every_quote())


# For each field of a quote, a criterion's values and values of every kind that these tell apart.
OF_QUOTES = {
    "amount": (
        (Money(1, "EUR"), Money(1, "JPY")),
        (None, *(Money(number, code) for number in (0, 1, 2) for code in ("EUR", "JPY")), Money(1, "USD")),
    ),
    "discount": ((Decimal("0.5"),), (None, Decimal(0), Decimal("0.5"), Decimal(1))),
    "status": (("draft", "sent"), ("draft", "sent", "expired")),
    "valid_until": ((date(2026, 3, 2),), (None, *(date(2026, 3, day) for day in (1, 2, 3)))),
}
OF_ID = st.sampled_from([Present("id"), Compare("id", "eq", "a"), Compare("id", "ne", "a")])


def of_any_quote(name):
    """Criteria on a field of a quote."""
    values = OF_QUOTES[name][0]
    simple = ("eq", "ne") if name == "status" else ("eq", "ne", "lt", "le", "gt", "ge")
    return st.one_of(
        st.just(Present(name)),
        st.builds(Compare, st.just(name), st.sampled_from(simple), st.sampled_from(values)),
        st.just(Compare(name, "one_of", values)),
        *([st.just(Text("status", "contains", "E"))] if name == "status" else []),
    )


def of_current_quote(leaf):
    return attrs.evolve(leaf, field="current_quote_id" if leaf.field == "id" else f"quote_{leaf.field}")


def about_quotes(names):
    """Criteria on the current quote, and on how many quotes there are of a kind."""
    of_one = st.one_of(OF_ID, *map(of_any_quote, names))
    turned = of_one.flatmap(lambda leaf: st.sampled_from([leaf, Not(leaf)]))
    where = st.one_of(st.none(), turned, st.builds(AllOf, st.tuples(turned, turned)))
    exists = st.builds(Exists, st.just("quotes"), where, st.integers(1, 2))
    return st.one_of(of_one.map(of_current_quote), of_one.map(of_current_quote), exists, st.just(Present("quotes")))


@cache
def every_offer(names, most):
    """Every choice of so many quotes, of which one may have the id that criteria ask for, and one may be current."""
    kinds = [dict(zip(names, values, strict=True)) for values in product(*(OF_QUOTES[name][1] for name in names))]
    found = []
    for size in range(most + 1):
        other = tuple("bcd"[:size])
        every_ids = [other, *((*other[:place], "a", *other[place + 1 :]) for place in range(size))]
        for chosen, ids in product(combinations_with_replacement(kinds, size), every_ids):
            quotes = tuple(Quote(id=id_, **kind) for id_, kind in zip(ids, chosen, strict=True))
            found += [asked(quotes=quotes, current_quote_id=current) for current in (None, *ids)]
    return found


@settings(max_examples=3 * settings.default.max_examples)
@given(st.data())
def test_the_fields_of_the_current_quote_are_solved_as_by_trying_everything(data):
    names = data.draw(st.sampled_from([*combinations(OF_QUOTES, 1), *combinations(OF_QUOTES, 2)]))
    gate = data.draw(signed(about_quotes(names)))
    found = find_witness(gate)

    if isinstance(found, Witness):
        assert holds(found, *gate)
    else:
        assert found == Impossible()
        offers = every_offer(names, 4 - len(names))
        assert [offer for offer in offers if all(one.judge(offer) is True for one in gate)] == []


@settings(max_examples=3 * settings.default.max_examples)
@given(st.data())
def test_what_the_current_quote_implies_is_true_of_every_offer(data):
    names = data.draw(st.sampled_from([*combinations(OF_QUOTES, 1)]))
    gate, [one, *_] = (data.draw(signed(about_quotes(names))), data.draw(signed(about_quotes(names)).filter(bool)))
    met = [offer for offer in every_offer(names, 2) if all(each.judge(offer) is True for each in gate)]
    implied = implies(gate, one)

    assert implied is not None
    assert not implied or all(one.judge(offer) is True for offer in met)


@settings(max_examples=settings.default.max_examples // 2)
@given(gates)
def test_for_satisfiable_gates_the_witness_applied_removes_the_refusal(gate):
    found = find_witness(gate)
    assume(isinstance(found, Witness))
    stages = [
        Stage(key="s", kind=StageKind.OPEN),
        Stage(key="t", kind=StageKind.OPEN, entry=tuple(gate)),
        Stage(key="won", kind=StageKind.WON),
    ]
    pipeline = Pipeline(key="p", stages=stages)
    seen = found.apply(DEAL, at=T0)

    assert unmet(pipeline, seen.record, "t", at=seen.at, actor=seen.actor) == ()
    if not found.elapsed:
        assert move(pipeline, DEAL, "t", at=T0, actor=seen.actor, amending=found.values)


def test_few_random_gates_stay_undecided():
    answers = Counter()

    @settings(max_examples=400, database=None, derandomize=True)
    @given(gates)
    def count(gate):
        answers[type(find_witness(gate))] += 1

    count()
    assert answers[Undecided] <= 0.02 * answers.total()
    assert min(answers[Witness], answers[Impossible]) > 0.1 * answers.total()


def test_one_of_several_currencies_has_a_witness():
    assert isinstance(find_witness([Compare("amount", "one_of", (EUR, JPY))]), Witness)
