import sys
from collections import Counter
from datetime import UTC, datetime

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.errors import CurrencyMismatch, InvalidHierarchy
from oppcore.forecast import Adjustment, check_hierarchy, roll_up
from oppcore.money import Money

AT = datetime(2026, 3, 2, tzinfo=UTC)
MANAGERS = {"CRO": None, "M1": "CRO", "M2": "CRO", "R1": "M1", "R2": "M1", "R3": "M2"}


def eur(amount):
    return Money(amount, "EUR")


OWN = {node: eur(amount) for node, amount in {"CRO": 10, "M1": 50, "R1": 100, "R2": 200, "R3": 300}.items()}


def adjustment(node, seen_by, amount, base, **said):
    said = {"author": seen_by, "at": AT, **said}
    return Adjustment(node=node, seen_by=seen_by, amount=eur(amount), base=eur(base), **said)


ADJUSTMENTS = [
    adjustment("R1", "R1", 120, 100),
    adjustment("R2", "M1", 150, 200),
    adjustment("M1", "M1", 330, 320),
    adjustment("M2", "CRO", 280, 300),
]


def roll(adjustments=(), *, managers=MANAGERS, own=OWN):
    return roll_up(managers, own, currency="EUR", adjustments=adjustments)


def figures(forecast, view="forecast"):
    return {node.id: int(getattr(node, view).amount) for node in forecast.nodes}


def test_without_adjustments_everybody_stands_for_the_sum_below():
    forecast = roll()
    sums = {"CRO": 660, "M1": 350, "R1": 100, "R2": 200, "M2": 300, "R3": 300}

    for view in ("without_adjustments", "without_owner_adjustment", "without_manager_adjustment", "forecast"):
        assert figures(forecast, view) == sums
    assert figures(forecast, "own") == {"CRO": 10, "M1": 50, "R1": 100, "R2": 200, "M2": 0, "R3": 300}
    assert forecast.total == eur(660)


def test_the_four_views_of_a_node_are_those_of_its_owner_and_its_manager():
    forecast = roll(ADJUSTMENTS)

    assert figures(forecast, "without_adjustments") == figures(roll())
    assert figures(forecast, "without_owner_adjustment") == {
        "CRO": 620,
        "M1": 320,
        "R1": 100,
        "R2": 200,
        "M2": 300,
        "R3": 300,
    }
    assert figures(forecast, "without_manager_adjustment") == {
        "CRO": 620,
        "M1": 330,
        "R1": 120,
        "R2": 200,
        "M2": 300,
        "R3": 300,
    }
    assert figures(forecast) == {"CRO": 620, "M1": 330, "R1": 120, "R2": 150, "M2": 280, "R3": 300}
    assert forecast.stale == ()


def test_an_adjustment_is_stale_once_its_base_has_changed():
    forecast = roll(ADJUSTMENTS, own=OWN | {"R1": eur(90), "R2": eur(210)})

    assert {one.node for one in forecast.stale} == {"R1", "R2"}
    assert forecast.node("R1").is_stale
    assert not forecast.node("M1").is_stale  # its sum is still 320: both reports are adjusted
    assert figures(forecast)["CRO"] == 620


def test_an_adjustment_of_another_roll_up_method_is_kept_and_shown_as_stale():
    cumulative = {node: money + money for node, money in OWN.items()}

    assert {one.node for one in roll(ADJUSTMENTS, own=cumulative).stale} == {"R1", "R2", "M1", "M2"}
    assert figures(roll(ADJUSTMENTS, own=cumulative))["R1"] == 120


def test_an_adjustment_knows_the_figure_it_takes_the_place_of():
    before = roll(ADJUSTMENTS[:1])
    made = before.adjust("M1", seen_by="CRO", amount=eur(300), author="dora", at=AT, note="too good")
    after = roll([*ADJUSTMENTS[:1], made])

    assert (made.base, made.author, made.note) == (eur(370), "dora", "too good")
    assert after.node("M1").manager_adjustment == made
    assert (figures(after)["M1"], figures(after)["CRO"], after.stale) == (300, 610, ())
    assert before.adjust("R1", seen_by="R1", amount=eur(1), author="R1", at=AT).base == eur(100)


def test_the_last_adjustment_of_a_view_counts():
    later = attrs.evolve(ADJUSTMENTS[0], amount=eur(70), at=AT.replace(day=3))

    assert figures(roll([later, ADJUSTMENTS[0]]))["R1"] == figures(roll([ADJUSTMENTS[0], later]))["R1"] == 70


def test_what_does_not_fit_the_hierarchy_any_more_is_listed_and_not_applied():
    strange = [
        adjustment("gone", "M1", 1, 1),
        adjustment("R1", "M2", 1, 1),
        adjustment("CRO", "board", 1, 1),
        attrs.evolve(ADJUSTMENTS[0], amount=Money(1, "USD"), base=Money(1, "USD")),
        adjustment("R2", "R2", 1, 1),
        adjustment("R2", "R2", 2, 1),
    ]
    forecast = roll(strange, own={**OWN, None: eur(7), "R4": eur(8)})

    assert figures(forecast) == figures(roll())
    assert [str(one) for one in forecast.left_out] == [
        "7.00 EUR belongs to nobody and is in no node",
        "owner R4: 8.00 EUR is in no node; the hierarchy has no 'R4'",
        "adjustment of R1 seen by R1: not applied, because it is in USD and the forecast in EUR",
        "adjustment of R2 seen by R2: none applied, because 2 unlike ones were made at 2026-03-02T00:00:00+00:00",
        "adjustment of gone seen by M1: not applied, because the hierarchy has no node 'gone'",
        "adjustment of CRO seen by board: not applied, because only these see it: CRO, not board",
        "adjustment of R1 seen by M2: not applied, because only these see it: R1, M1, not M2",
    ]


def test_the_same_adjustment_told_twice_is_one():
    assert figures(roll([ADJUSTMENTS[0], ADJUSTMENTS[0]]))["R1"] == 120


def test_circles_and_missing_managers_are_refused_all_at_once():
    managers = {"a": "b", "b": "c", "c": "a", "d": "a", "e": "x", "f": "f", "top": None}

    with pytest.raises(InvalidHierarchy) as caught:
        roll(managers=managers)

    assert [(one.code, one.path) for one in caught.value.problems] == [
        ("hierarchy.manager", "node e"),
        ("hierarchy.cycle", "node a"),
        ("hierarchy.cycle", "node f"),
    ]
    assert str(caught.value.problems[1]) == "node a: reports to itself in the end: a, b, c, a"
    assert caught.value.problems == check_hierarchy(managers)
    assert check_hierarchy(MANAGERS) == ()


def test_currencies_do_not_mix():
    with pytest.raises(CurrencyMismatch):
        roll(own={"R1": Money(1, "USD")})
    with pytest.raises(ValueError, match="in the currency of its base, EUR, not USD"):
        attrs.evolve(ADJUSTMENTS[0], amount=Money(1, "USD"))
    with pytest.raises(TypeError, match="amount is Money, not int"):
        attrs.evolve(ADJUSTMENTS[0], amount=1)


def test_a_view_that_a_node_does_not_have_cannot_be_adjusted():
    with pytest.raises(ValueError, match="'R1' is seen by itself and by its manager 'M1', not by 'CRO'"):
        roll().adjust("R1", seen_by="CRO", amount=eur(1), author="CRO", at=AT)
    with pytest.raises(LookupError, match="there is no node 'R11'; did you mean 'R1'"):
        roll().node("R11")


def test_several_tops_add_up_to_the_total():
    assert roll(managers={"a": None, "b": None}, own={"a": eur(1), "b": eur(2)}).total == eur(3)


def test_it_is_plain_for_json_and_shows_the_tree():
    forecast = roll(ADJUSTMENTS, own=OWN | {"R3": eur(400)})

    assert forecast.detail()["nodes"][2] == {
        "node": "R1",
        "manager": "M1",
        "level": 2,
        "currency": "EUR",
        "own": "100",
        "without_adjustments": "100",
        "without_owner_adjustment": "100",
        "without_manager_adjustment": "120",
        "forecast": "120",
        "is_stale": False,
        "owner_adjustment": ADJUSTMENTS[0].detail(),
        "manager_adjustment": None,
    }
    assert str(forecast).splitlines() == [
        "Forecast by hierarchy, in EUR",
        "node    own  unadjusted  rolled up  says  forecast  adjusted by",
        "──────  ───  ──────────  ─────────  ────  ────────  ───────────",
        "CRO      10         760        620   620       620",
        "  M1     50         350        320   330       330  M1",
        "    R1  100         100        100   120       120  R1",
        "    R2  200         200        200   200       150  M1",
        "  M2      0         400        400   400       280  CRO (stale)",
        "    R3  400         400        400   400       400",
        "rolled up: with the reports as the node sees them; says: with its adjustment; forecast: its manager's",
        "total 620.00 EUR; stale adjustments: 1",
    ]
    assert forecast._repr_html_().startswith("<table>")
    assert forecast.as_records()[0]["forecast"] == 620


@st.composite
def hierarchies(draw):
    """A forest of which each node reports to an earlier one or to nobody, listed in any order, with own figures."""
    count = draw(st.integers(1, 12))
    managers = {"0": None}
    for node in range(1, count):
        manager = draw(st.none() | st.integers(0, node - 1))
        managers[str(node)] = None if manager is None else str(manager)
    order = draw(st.permutations(list(managers)))
    own = draw(st.lists(st.integers(-99, 999), min_size=count, max_size=count))
    return {node: managers[node] for node in order}, {str(node): eur(amount) for node, amount in enumerate(own)}


@st.composite
def adjusted(draw):
    """A hierarchy, and adjustments that fit it, at most one of each view."""
    managers, own = draw(hierarchies())
    views = [(node, node) for node in managers]
    views += [(node, manager) for node, manager in managers.items() if manager is not None]
    chosen = draw(st.lists(st.sampled_from(views), unique=True, max_size=6))
    return managers, own, [adjustment(*view, draw(st.integers(-99, 999)), 0) for view in chosen]


def above(managers, node):
    found = []
    while (node := managers[node]) is not None:
        found.append(node)
    return found


@given(adjusted())
def test_views_are_what_their_definitions_say(given_):
    managers, own, adjustments = given_
    forecast = roll(adjustments, managers=managers, own=own)
    said = {(one.node, one.seen_by): one.amount.amount for one in adjustments}
    by_id = {node.id: node for node in forecast.nodes}

    def rolled(node):
        reports = [one for one, manager in managers.items() if manager == node]
        return own[node].amount + sum(seen(one) for one in reports)

    def seen(node):
        return said[node, managers[node]] if (node, managers[node]) in said else owned(node)

    def owned(node):
        return said[node, node] if (node, node) in said else rolled(node)

    for node in managers:
        below = [one for one in managers if one == node or node in above(managers, one)]
        assert by_id[node].without_adjustments.amount == sum(own[one].amount for one in below)
        assert by_id[node].without_owner_adjustment.amount == rolled(node)
        assert by_id[node].without_manager_adjustment.amount == owned(node)
        assert by_id[node].level == len(above(managers, node))


@given(adjusted(), st.data())
def test_an_adjustment_changes_its_node_and_those_above_only(given_, data):
    managers, own, adjustments = given_
    node = data.draw(st.sampled_from(list(managers)))
    seen_by = data.draw(st.sampled_from([node, managers[node] or node]))
    others = [one for one in adjustments if (one.node, one.seen_by) != (node, seen_by)]
    before = roll(others, managers=managers, own=own)
    after = roll([*others, adjustment(node, seen_by, 12345, 0)], managers=managers, own=own)

    touched = {node, *above(managers, node)}
    for one, other in zip(before.nodes, after.nodes, strict=True):
        assert one == other or one.id in touched
        assert one.without_adjustments == other.without_adjustments


@given(hierarchies(), st.data(), st.integers(1, 500))
def test_a_transfer_changes_nothing_above_both(given_, data, amount):
    managers, own = given_
    giver, taker = data.draw(st.sampled_from(list(managers))), data.draw(st.sampled_from(list(managers)))
    moved = dict(own)
    moved[giver] -= eur(amount)
    moved[taker] += eur(amount)
    before, after = roll(managers=managers, own=own), roll(managers=managers, own=moved)

    assert before.total == after.total
    for node in {giver, *above(managers, giver)} & {taker, *above(managers, taker)}:
        assert before.node(node).forecast == after.node(node).forecast


@given(adjusted())
def test_every_node_comes_after_its_manager_and_rolling_up_again_says_the_same(given_):
    managers, own, adjustments = given_
    forecast = roll(adjustments, managers=managers, own=own)
    places = {node.id: place for place, node in enumerate(forecast.nodes)}

    assert places.keys() == managers.keys()
    assert all(manager is None or places[manager] < places[node] for node, manager in managers.items())
    assert roll(adjustments, managers=managers, own=own) == forecast


def calls(work):
    """How many functions are called, of Python and of C: a measure of work that no busy machine changes."""
    events = Counter()
    sys.setprofile(lambda _frame, event, _argument: events.update([event]))
    try:
        work()
    finally:
        sys.setprofile(None)
    return events["call"] + events["c_call"]


def test_a_chain_of_ten_thousand_is_no_deeper_than_python_and_takes_ten_times_the_work_of_a_thousand():
    def chain(nodes):
        managers = {str(node): str(node - 1) if node else None for node in range(nodes)}
        return lambda: roll(managers=managers, own={node: eur(1) for node in managers})

    assert chain(10_000)().node("0").forecast == eur(10_000)
    assert calls(chain(10_000)) < 11 * calls(chain(1_000))  # for seconds: bench/hierarchy.py


def test_ten_thousand_faults_are_all_told_and_take_ten_times_the_work_of_a_thousand():
    def faults(nodes):
        return lambda: check_hierarchy({str(node): f"x{node}" for node in range(nodes)})

    assert len(faults(10_000)()) == 10_000
    assert calls(faults(10_000)) < 11 * calls(faults(1_000))
