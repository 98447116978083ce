from datetime import date

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.forecast import CommitmentFate, WinOrigin, measure_commitment
from oppcore.history import RowKind, make_history, take_snapshot
from oppcore.money import Money
from oppcore.periods import read_period
from tests.history.examples import PIPELINE, day, row, row_lists

FEBRUARY = read_period("2024-02")
MADE = date(2024, 1, 20)


def eur(amount):
    return Money(amount, "EUR")


def commit(id, amount, **said):
    said = {"forecast_category": "commit", "expected_close_on": date(2024, 2, 20), **said}
    return row("P", 0, id=id, amount=eur(amount), **said)


ROWS = [
    commit("kept", 10),
    row("W", 40, id="kept", amount=eur(12)),
    commit("early", 20),
    row("W", 25, id="early"),
    commit("slipped", 30),
    row("W", 70, id="slipped"),
    commit("lost", 40),
    row("L", 40, id="lost"),
    commit("gone", 50),
    row(None, 40, id="gone", kind=RowKind.REMOVED),
    commit("upside", 60, forecast_category="best_case"),
    row("W", 45, id="upside"),
    commit("later", 70, expected_close_on=date(2024, 3, 5)),
    row("W", 50, id="later"),
    row("P", 30, id="new", amount=eur(80)),
    row("W", 50, id="new"),
    row("L", 1, id="back", amount=eur(90)),
    row("P", 30, id="back"),
    row("W", 50, id="back"),
    commit("undated", 5, expected_close_on=None),
]


def measure(rows=ROWS, **settings):
    settings = {"period": FEBRUARY, "made_at": MADE, "timezone": "UTC", **settings}
    return measure_commitment(make_history(rows), PIPELINE, **settings)


def ids(buckets):
    return {str(key): bucket.ids for key, bucket in buckets.items() if bucket.count}


def test_committed_deals_are_told_apart_by_what_became_of_them():
    report = measure()

    assert ids(report.fates) == {
        "won": ("kept",),
        "early": ("early",),
        "slipped": ("slipped",),
        "lost": ("lost",),
        "gone": ("gone",),
    }
    assert report.fates[CommitmentFate.WON].amounts == {"EUR": eur(10)}
    assert report.committed.amounts == {"EUR": eur(150)}
    assert (report.kept.numerator, report.kept.denominator) == (1, 5)
    assert report.kept.low < 0.2 < report.kept.high


def test_wins_are_told_apart_by_where_they_came_from():
    report = measure()

    assert ids(report.origins) == {
        "committed": ("kept",),
        "another": ("later", "upside"),
        "closed": ("back",),
        "nowhere": ("new",),
    }
    assert report.origins[WinOrigin.COMMITTED].amounts == {"EUR": eur(12)}
    assert (report.recall.numerator, report.recall.denominator) == (1, 5)


def test_what_is_committed_without_a_day_is_listed():
    assert [(one.code, one.params["ids"]) for one in measure().left_out if one.code == "close_date.missing"] == [
        ("close_date.missing", ("undated",))
    ]


def test_what_was_recorded_later_was_not_known_when_the_forecast_was_made():
    late = [attrs.evolve(ROWS[0], recorded_at=day(30)), ROWS[1]]

    assert ids(measure(late).origins) == {"nowhere": ("kept",)}
    assert measure(late).committed.count == 0


def test_other_categories_are_asked_in_the_same_way():
    assert ids(measure(category="best_case").fates) == {"won": ("upside",)}


def test_a_scope_narrows_both_sides_down():
    rows = [
        commit("a", 1, owner_id="ann"),
        row("W", 40, id="a"),
        commit("b", 2, owner_id="bob"),
        row("W", 40, id="b", owner_id="ann"),
        commit("c", 3, owner_id="bob"),
        row("W", 40, id="c"),
    ]
    report = measure(rows, scope={"owner_id": ["ann"]})

    assert ids(report.fates) == {"won": ("a",)}
    assert ids(report.origins) == {"committed": ("a",), "another": ("b",)}


def test_a_forecast_is_made_before_the_end_of_its_period():
    with pytest.raises(ValueError, match="is made before its end"):
        measure(made_at=date(2024, 3, 1))


def test_it_is_plain_for_json_and_shows_everywhere():
    report = measure([*ROWS, row("P", 0, id="free", forecast_category="commit", expected_close_on=date(2024, 2, 2))])

    assert report.detail()["fates"]["won"] == {
        "count": 1,
        "deals": 1,
        "amount": {"EUR": "10"},
        "without_amount": 0,
        "ids": ["kept"],
    }
    assert report.detail()["recall"]["numerator"] == 1
    assert str(report).splitlines()[3:5] == ["commit: won              1   10", "commit: early            1   20"]
    assert "kept 16.7%" in str(report)
    assert ("amount.missing", ("free",)) in [(one.code, one.params.get("ids")) for one in report.left_out]
    assert report.as_records()[0] == {"side": "fate", "what": "won", "count": 1, "currency": "EUR", "amount": 10}
    assert report._repr_html_().startswith("<table>")


@given(row_lists(), st.integers(0, 6), st.sampled_from(["pipeline", "commit"]))
def test_every_committed_deal_and_every_win_is_counted_once(rows, made, category):
    history, period = make_history(rows), read_period("2024-01-01..2024-01-10")
    report = measure(rows, period=period, made_at=day(made), category=category)
    ended = take_snapshot(history, PIPELINE, as_of=date(2024, 1, 9), timezone="UTC")
    won = {one.opportunity_id for one in ended.standings if one.outcome == "won"}

    assert report.committed.count == report.committed.deals
    assert report.won.ids == tuple(sorted(won))
    assert report.fates[CommitmentFate.WON].ids == report.origins[WinOrigin.COMMITTED].ids


@given(row_lists(), row_lists())
def test_what_happens_after_a_forecast_changes_nothing_of_what_was_committed(rows, later):
    shifted = [attrs.evolve(one, at=day(20 + one.at.day), recorded_at=None, number=100 + one.number) for one in later]
    settings = {"period": read_period("2024-01-01..2024-03-10"), "made_at": day(16), "category": "pipeline"}

    assert measure(rows, **settings).committed.ids == measure([*rows, *shifted], **settings).committed.ids
