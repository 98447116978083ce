"""Won and lost: by reason, by competitor, and where."""

from fractions import Fraction
from functools import reduce

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oppcore.funnel import combine_buckets, count_losses, finish_losses, measure_losses
from oppcore.history import make_history, take_snapshot
from oppcore.money import Money, sum_by_currency
from oppcore.periods import read_period
from oppcore.stats import wilson
from tests.funnel.test_movement import said
from tests.history.examples import PIPELINE, day, golden, row_lists

FEW = settings(max_examples=50)


def rival(name):
    return {"further": {"competitor": name}}


LOG = [
    said("a", (1, 2), 10, stage="Q", **rival("Acme")),
    said("a", (1, 5), stage="P"),
    said("a", (1, 9), stage="L", reason="price"),
    said("b", (1, 2), 30, stage="Q", **rival("Acme")),
    said("b", (1, 9), outcome="lost", reason="price"),
    said("c", (1, 2), 60, stage="Q", **rival("Bolt")),
    said("c", (2, 9), stage="L", reason="no need"),
    said("d", (1, 2), 5, stage="Q", **rival("Acme")),
    said("d", (2, 9), stage="W"),
    said("e", (1, 2), stage="Q"),
    said("e", (2, 9), stage="L"),
    said("f", (1, 2), 7, stage="Q"),
    said("f", (2, 9), outcome="abandoned", reason="asleep"),
    said("g", (1, 2), 7, stage="L", reason="price"),
    said("h", (1, 2), 8, stage="Q"),
]


def measure(rows=LOG, **asked):
    return measure_losses(make_history(rows), PIPELINE, **asked)


def test_deals_are_lost_for_a_reason_or_for_none_that_was_said():
    losses = measure()

    assert [(row.value, row.lost.ids, row.abandoned.ids, row.share.value) for row in losses.rows] == [
        ("price", ("a", "b", "g"), (), Fraction(3, 5)),
        ("no need", ("c",), (), Fraction(1, 5)),
        (None, ("e",), (), Fraction(1, 5)),
        ("asleep", (), ("f",), 0),
    ]
    assert [row.cumulative.value for row in losses.rows] == [Fraction(3, 5), Fraction(4, 5), 1, 1]
    price = losses.row("price")
    assert price.lost.amounts == {"EUR": Money(47, "EUR")}
    assert price.amount_shares == {"EUR": Fraction(47, 107)}
    assert price.win_rate is None
    assert losses.row(None).won.ids == ("d",)
    assert [problem.code for problem in losses.left_out] == ["amount.missing"]


def test_the_win_rate_against_a_competitor():
    losses = measure(by="competitor")

    acme, bolt = losses.row("Acme").win_rate, losses.row("Bolt").win_rate
    assert (acme.value, acme.low, acme.high) == (Fraction(1, 3), *wilson(1, 3))
    assert bolt.value == 0
    assert losses.win_rate.value == Fraction(1, 6)


def test_deals_are_lost_in_the_last_open_stage_they_were_in():
    losses = measure()

    assert [(one.stage, one.lost.ids) for one in losses.stages] == [
        ("Q", ("b", "c", "e")),
        ("P", ("a",)),
        ("N", ()),
        (None, ("g",)),
    ]
    assert losses.stages[0].share.value == Fraction(3, 5)


def test_the_golden_log_is_won_and_lost_four_times_each():
    losses = measure_losses(golden(), PIPELINE, as_of=day(100))

    assert (losses.won.count, losses.lost.count, losses.win_rate.value) == (4, 4, Fraction(1, 2))
    assert [(one.stage, one.lost.ids) for one in losses.stages] == [
        ("Q", ("o03", "o11")),
        ("P", ("o02",)),
        ("N", ("o09",)),
    ]


def test_only_deals_closed_in_a_period():
    losses = measure(period=read_period("2024-02"), timezone="UTC")

    assert (losses.lost.ids, losses.won.ids, losses.abandoned.ids) == (("c", "e"), ("d",), ("f",))
    with pytest.raises(ValueError, match="depends on the time zone"):
        measure(period=read_period("2024-02"))


def test_losses_show_themselves():
    losses = measure(by="competitor")

    assert "(nothing said)" in str(losses)
    assert "lost in: Q 3, P 1, N 0, no open stage 1" in str(losses)
    assert losses._repr_html_().startswith("<table>")
    assert losses.detail()["rows"][0]["win_rate"]["denominator"] == 3
    assert losses.as_records()[0] == {
        "competitor": "Acme",
        "lost": 2,
        "won": 1,
        "abandoned": 0,
        "share": 0.4,
        "win_rate": 1 / 3,
        "currency": "EUR",
        "amount_lost": 40,
    }
    with pytest.raises(KeyError):
        losses.row("Zed")
    with pytest.raises(ValueError, match="did you mean 'competitor'"):
        measure(by="competitors")


@given(row_lists(), st.sampled_from(["reason", "owner_id", "currency"]))
@FEW
def test_the_rows_and_the_stages_add_up_to_what_the_snapshot_holds(rows, by):
    losses, snapshot = measure(rows, by=by), take_snapshot(make_history(rows), PIPELINE)

    for outcome in ("lost", "won", "abandoned"):
        whole = getattr(losses, outcome)
        assert whole.ids == tuple(sorted(snapshot.ids(outcome=outcome)))
        assert whole.amounts == snapshot.amounts[outcome]
        assert sorted(id for row in losses.rows for id in getattr(row, outcome).ids) == list(whole.ids)
        sums = sum_by_currency(money for row in losses.rows for money in getattr(row, outcome).amounts.values())
        assert sums == whole.amounts
    assert sorted(id for one in losses.stages for id in one.lost.ids) == list(losses.lost.ids)
    assert not losses.rows or not losses.lost.count or losses.rows[-1].cumulative.value == 1


@given(row_lists(), st.lists(st.integers(0, 2), min_size=5, max_size=5))
@FEW
def test_parts_counted_apart_combine_to_the_whole(rows, split):
    asked = {"as_of": day(20), "by": "owner_id"}
    parts = [
        count_losses(
            make_history(one for one in rows if split["abcde".index(one.opportunity_id)] == part), PIPELINE, **asked
        )
        for part in range(3)
    ]

    combined, whole = reduce(combine_buckets, parts), count_losses(make_history(rows), PIPELINE, **asked)
    for name in ("terms", "buckets", "groups", "missing"):
        assert getattr(combined, name) == getattr(whole, name)
    assert finish_losses(combined).rows == finish_losses(whole).rows
