"""What a pipeline gained and lost: by hand, and what holds for every history."""

from datetime import UTC, date, datetime
from functools import reduce
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oppcore.funnel import MovementKind, combine_buckets, count_movement, finish_movement, measure_movement
from oppcore.history import Row, make_history, take_snapshot
from oppcore.money import Money, sum_by_currency
from oppcore.periods import Period, read_period
from tests.history.examples import PIPELINE, day, row, row_lists

POLICIES = ("leave_at_start_amount", "book_deltas")
QUARTER = read_period("2024-Q1")
JANUARY, FEBRUARY = datetime(2024, 1, 31, tzinfo=UTC), datetime(2024, 2, 29, tzinfo=UTC)


def said(id, day_of_2024, amount=None, close=None, stage=None, **further):
    return Row(
        opportunity_id=id,
        stage=stage,
        at=datetime(2024, *day_of_2024, tzinfo=UTC),
        amount=None if amount is None else Money(amount, "EUR"),
        expected_close_on=None if close is None else date(2024, *close),
        **further,
    )


# Twelve endpoints of two month ends, as in the design's golden waterfall.
WATERFALL = [
    said("D1", (1, 2), 100, (3, 10), "Q", owner_id="ann"),
    said("D1", (2, 5), 130),
    said("D2", (1, 2), 200, (3, 10), "Q", owner_id="ann"),
    said("D2", (2, 5), 150),
    said("D3", (1, 2), 80, (3, 10), "Q", owner_id="ann"),
    said("D3", (2, 5), 90, stage="W"),
    said("D4", (1, 2), 60, (3, 10), "Q", owner_id="ann"),
    said("D4", (2, 5), stage="L"),
    said("D5", (1, 2), 70, (3, 15), "Q", owner_id="ann"),
    said("D5", (2, 5), 75, (4, 20)),
    said("D6", (1, 2), 40, (5, 1), "Q", owner_id="ann"),
    said("D6", (2, 5), 45, (3, 20)),
    said("D7", (2, 5), 55, (3, 30), "Q", owner_id="ann"),
    said("D8", (2, 5), 25, (3, 30), "Q", owner_id="ann"),
    said("D8", (2, 9), stage="L"),
    said("D9", (1, 2), 35, (3, 30), "Q", owner_id="ann"),
    said("D9", (1, 9), stage="L"),
    said("D9", (2, 9), stage="Q"),
    said("D10", (1, 2), 90, (3, 10), "Q", owner_id="ann"),
    said("D10", (2, 9), owner_id="zoe"),
    said("D11", (1, 2), 20, (3, 10), "Q", owner_id="ann"),
]


def golden(policy, **settings):
    asked = {"since": JANUARY, "until": FEBRUARY, "window": QUARTER, "scope": {"owner_id": ["ann"]}}
    return measure_movement(make_history(WATERFALL), PIPELINE, policy=policy, **{**asked, **settings})


def euros(movement):
    kinds = {kind: movement.bucket(kind) for kind in MovementKind}
    return {str(kind): int(bucket.amounts["EUR"].amount) for kind, bucket in kinds.items() if bucket.count}


def test_the_golden_waterfall_when_deals_leave_at_their_start_amount():
    assert euros(golden("leave_at_start_amount")) == {
        "start": 620,
        "new": 55,
        "reopened": 35,
        "pulled_in": 45,
        "increased": 30,
        "decreased": 50,
        "won": 80,
        "lost": 60,
        "pushed_out": 70,
        "transferred_out": 90,
        "end": 435,
        "unchanged": 20,
    }


def test_the_golden_waterfall_when_changes_are_booked():
    movement = golden("book_deltas")

    assert euros(movement) == {
        "start": 620,
        "new": 80,
        "reopened": 35,
        "pulled_in": 45,
        "increased": 45,
        "decreased": 50,
        "won": 90,
        "lost": 85,
        "pushed_out": 75,
        "transferred_out": 90,
        "end": 435,
        "unchanged": 20,
    }
    assert movement.ids("increased") == ("D1", "D3", "D5")
    assert [str(one.amount) for one in movement.bucket("increased").contributions] == [
        "30.00 EUR",
        "10.00 EUR",
        "5.00 EUR",
    ]


def test_a_published_waterfall_adds_up():
    # 1,257,559 + 1,501,878 + 180,171 + 149,382 - 0 - 271,125 - 556,292 - 287,487 = 1,974,086 (Weflow).
    later = (7, 1)
    rows = [
        said("stays", (1, 2), 142_655, (3, 1), "Q"),
        said("stays", (2, 2), 142_655 + 149_382),
        said("new", (2, 2), 1_501_878, (3, 1), "Q"),
        said("pulled in", (1, 2), 180_171, later, "Q"),
        said("pulled in", (2, 2), close=(3, 1)),
        said("pushed out", (1, 2), 271_125, (3, 1), "Q"),
        said("pushed out", (2, 2), close=later),
        said("lost", (1, 2), 556_292, (3, 1), "Q"),
        said("lost", (2, 2), stage="L"),
        said("won", (1, 2), 287_487, (3, 1), "Q"),
        said("won", (2, 2), stage="W"),
    ]
    asked = {"since": JANUARY, "until": FEBRUARY, "window": QUARTER}
    for policy in POLICIES:
        movement = measure_movement(make_history(rows), PIPELINE, policy=policy, **asked)

        found = euros(movement)
        assert (found["start"], found["end"]) == (1_257_559, 1_974_086)
        assert {"new": 1_501_878, "pulled_in": 180_171, "increased": 149_382}.items() <= found.items()
        assert {"pushed_out": 271_125, "lost": 556_292, "won": 287_487}.items() <= found.items()
        assert "decreased" not in found
        assert movement.net == {"EUR": Money(1_974_086 - 1_257_559, "EUR")}


@pytest.mark.parametrize(
    ("start", "end", "kinds"),
    [
        ({"close": (2, 1)}, {"close": (5, 1)}, ["start", "pushed_out"]),
        ({"close": (4, 1)}, {"close": (1, 5)}, ["start", "pulled_out"]),
        ({"close": (4, 1)}, {"cleared": ("expected_close_on",)}, ["start", "undated"]),
        ({"close": (4, 1)}, {"stage": "L", "outcome": "abandoned"}, ["start", "abandoned"]),
        ({"close": (4, 1)}, {"kind": "removed"}, ["start", "removed"]),
        ({"close": (4, 1)}, {"pipeline": "other"}, ["start", "removed"]),
        ({"close": (1, 9)}, {"close": (4, 1)}, ["pushed_in", "end"]),
        ({"close": (9, 9)}, {"close": (4, 1)}, ["pulled_in", "end"]),
        ({}, {"close": (4, 1)}, ["dated", "end"]),
        ({"close": (4, 1), "kind": "removed"}, {"kind": "restored"}, ["restored", "end"]),
        ({"close": (4, 1), "owner_id": "zoe"}, {"owner_id": "ann"}, ["transferred_in", "end"]),
    ],
)
def test_a_deal_comes_and_goes_for_a_reason(start, end, kinds):
    rows = [said("a", (1, 2), 5, stage="Q", owner_id="ann")]
    rows += [said("a", (1, 9), **start), said("a", (2, 9), **end)]
    if "close" in start and start["close"] == (2, 1):
        window = Period(date(2024, 1, 1), date(2024, 3, 1))
    else:
        window = Period(date(2024, 2, 1), date(2024, 5, 1))
    movement = measure_movement(
        make_history(rows),
        PIPELINE,
        policy="leave_at_start_amount",
        since=JANUARY,
        until=FEBRUARY,
        window=window,
        scope={"owner_id": ["ann"]},
    )

    assert list(euros(movement)) == kinds


def test_an_amount_in_another_currency_leaves_one_and_enters_the_other():
    rows = [row("Q", 0, amount=Money(5, "EUR")), Row(opportunity_id="o", at=day(9), amount=Money(6, "USD"))]
    movement = measure_movement(make_history(rows), PIPELINE, policy="book_deltas", since=day(1), until=day(9))

    assert movement.bucket("currency_out").amounts == {"EUR": Money(5, "EUR")}
    assert movement.bucket("currency_in").amounts == {"USD": Money(6, "USD")}
    assert movement.end.amounts == {"USD": Money(6, "USD")}


def test_deals_without_an_amount_or_a_date_are_listed():
    rows = [row("Q", 0, id="a"), row("Q", 0, id="b", expected_close_on=date(2024, 1, 20))]
    movement = measure_movement(
        make_history(rows), PIPELINE, policy="book_deltas", since=day(1), until=day(9), window=QUARTER
    )

    listed = [(problem.code, problem.params["ids"]) for problem in movement.left_out]
    assert listed == [("amount.missing", ("b",)), ("close_date.missing", ("a",))]
    assert (movement.start.count, movement.start.without_amount, movement.start.amounts) == (1, 1, {})


def test_a_movement_shows_itself():
    movement = golden("leave_at_start_amount", by="owner_id")

    assert "transferred out" in str(movement)
    assert "-90" in str(movement)
    assert "policy: leave_at_start_amount" in str(movement)
    assert movement._repr_html_().startswith("<table>")
    assert movement.detail()["measure"] == "movement"
    assert {record["owner_id"] for record in movement.as_records()} == {"ann"}
    assert {"change": "won", "count": 1, "currency": "EUR", "amount": -80}.items() <= golden(
        "leave_at_start_amount"
    ).as_records()[12].items()


def test_bad_questions_are_refused():
    for problem, asked in (
        ("is after", {"since": FEBRUARY, "until": JANUARY}),
        ("no column 'ownerid'; did you mean 'owner_id'", {"scope": {"ownerid": ["ann"]}}),
        ("no column 'regio'", {"by": "regio"}),
        ("is not a valid MovementPolicy", {"policy": "none"}),
    ):
        with pytest.raises(ValueError, match=problem):
            golden(**{"policy": "book_deltas", **asked})
    with pytest.raises(TypeError, match="a list of values is wanted for owner_id"):
        golden("book_deltas", scope={"owner_id": "ann"})


FEW = settings(max_examples=40)
policies = st.sampled_from(POLICIES)
windows = st.sampled_from([None, QUARTER, read_period("2024-02"), read_period("2024-03-10..2024-04-20")])
spans = st.tuples(st.integers(0, 13), st.integers(0, 13)).map(sorted)


def ask(rows, policy, window, span, **further):
    since, until = map(day, span)
    return measure_movement(
        make_history(rows), PIPELINE, policy=policy, since=since, until=until, window=window, **further
    )


def drop_zeros(amounts):
    return {currency: money for currency, money in amounts.items() if money.amount}


@given(row_lists(), policies, windows, spans, st.sampled_from([None, {"owner_id": ["ann"]}]))
def test_start_and_inflow_less_outflow_is_the_end_to_the_cent(rows, policy, window, span, scope):
    movement = ask(rows, policy, window, span, scope=scope)

    flows = (*movement.start.amounts.values(), *movement.inflow.values())
    reached = sum_by_currency((*flows, *(-money for money in movement.outflow.values())))
    assert drop_zeros(reached) == drop_zeros(movement.end.amounts)
    counted = sum(
        kind.sign * movement.bucket(kind).count
        for kind in MovementKind
        if kind not in (MovementKind.INCREASED, MovementKind.DECREASED)
    )
    assert movement.start.count + counted == movement.end.count


@given(row_lists(), policies, spans)
@FEW
def test_start_and_end_are_what_the_snapshots_of_those_days_hold(rows, policy, span):
    movement = ask(rows, policy, None, span)

    for bucket, on in zip((movement.start, movement.end), span, strict=True):
        snapshot = take_snapshot(make_history(rows), PIPELINE, as_of=day(on))
        assert bucket.ids == tuple(sorted(snapshot.ids(outcome="open")))
        assert bucket.amounts == snapshot.amounts["open"]


@given(row_lists(), windows, spans)
@FEW
def test_leaving_at_the_start_amount_books_each_deal_once(rows, window, span):
    movement = ask(rows, "leave_at_start_amount", window, span)

    ends = {MovementKind.START, MovementKind.END, MovementKind.CURRENCY_IN}
    booked = [id for kind in set(MovementKind) - ends for id in movement.ids(kind)]
    assert sorted(booked) == sorted(set(movement.start.ids) | set(movement.end.ids))


@given(row_lists(), policies, windows, st.tuples(*[st.integers(0, 13)] * 3).map(sorted))
@FEW
def test_movements_add_up_along_the_dates(rows, policy, window, days):
    parts = [ask(rows, policy, window, pair) for pair in pairwise(days)]
    whole = ask(rows, policy, window, (days[0], days[-1]))

    assert parts[0].end == parts[1].start
    assert (parts[0].start, parts[1].end) == (whole.start, whole.end)
    net = sum_by_currency(money for part in parts for money in part.net.values())
    assert drop_zeros(net) == drop_zeros(whole.net)


@given(row_lists(), policies, windows, spans)
@FEW
def test_transfers_between_the_owners_of_a_team_net_to_nothing_for_the_team(rows, policy, window, span):
    owners = [["ann"], ["bob"], [None]]
    parts = [ask(rows, policy, window, span, scope={"owner_id": owner}) for owner in owners]
    team = ask(rows, policy, window, span, scope={"owner_id": ["ann", "bob", None]})
    everybody = ask(rows, policy, window, span)

    def net(movement, *kinds):
        return sum_by_currency(
            money * kind.sign for kind in kinds for money in movement.bucket(kind).amounts.values() if kind.sign
        )

    transfers = (MovementKind.TRANSFERRED_IN, MovementKind.TRANSFERRED_OUT)
    changes = (
        MovementKind.INCREASED,
        MovementKind.DECREASED,
        MovementKind.CURRENCY_IN,
        MovementKind.CURRENCY_OUT,
    )
    assert team.tally.buckets == everybody.tally.buckets
    assert not any(team.bucket(kind).count for kind in transfers)
    counts = [sum(part.bucket(kind).count for part in parts) for kind in transfers]
    assert counts[0] == counts[1]
    if policy == "book_deltas":
        assert not drop_zeros(sum_by_currency(money for part in parts for money in net(part, *transfers).values()))
        told_apart = changes
    else:
        inside = sum_by_currency(money for part in parts for money in net(part, *transfers, *changes).values())
        assert drop_zeros(inside) == drop_zeros(net(team, *changes))
        told_apart = ()
    for kind in {*MovementKind} - {*transfers, *changes, MovementKind.UNCHANGED} | {*told_apart}:
        assert reduce(lambda one, other: one + other, (part.bucket(kind) for part in parts)) == team.bucket(kind)


@given(row_lists(), policies, windows, spans)
@FEW
def test_a_group_is_the_movement_of_that_value(rows, policy, window, span):
    grouped = ask(rows, policy, window, span, by="owner_id")

    for owner, group in grouped.groups.items():
        alone = ask(rows, policy, window, span, scope={"owner_id": [owner]})
        assert group.tally.buckets == alone.tally.buckets


@given(row_lists(), policies, windows, st.lists(st.integers(0, 2), min_size=5, max_size=5))
@FEW
def test_parts_counted_apart_combine_to_the_whole(rows, policy, window, split):
    asked = {"policy": policy, "since": day(4), "until": day(20), "window": window, "by": "owner_id"}
    parts = [
        count_movement(
            make_history(one for one in rows if split["abcde".index(one.opportunity_id)] == part), PIPELINE, **asked
        )
        for part in range(3)
    ]

    combined, whole = reduce(combine_buckets, parts), count_movement(make_history(rows), PIPELINE, **asked)
    for name in ("terms", "buckets", "groups", "missing"):
        assert getattr(combined, name) == getattr(whole, name)
    assert finish_movement(combined).net == finish_movement(whole).net


def test_counts_of_other_terms_do_not_combine():
    one, other = (golden(policy).tally for policy in POLICIES)

    with pytest.raises(ValueError, match="differ in policy: leave_at_start_amount and book_deltas"):
        combine_buckets(one, other)
    with pytest.raises(ValueError, match="is in both parts"):
        combine_buckets(one, one)
