from datetime import date, timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.errors import Problem, UnreadableChanges
from oppcore.history import RowKind, make_history, take_snapshot
from oppcore.money import Money, sum_by_currency
from oppcore.records import Outcome
from tests.history.examples import PIPELINE, day, golden, row, row_lists


def counts(snapshot):
    found = {stage.name: stage.count for stage in snapshot.stages}
    return {**found, "won": snapshot.won, "lost": snapshot.lost, "abandoned": snapshot.abandoned}


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (50, {"Q": 1, "P": 3, "N": 0, "won": 2, "lost": 3, "abandoned": 0}),
        (100, {"Q": 2, "P": 1, "N": 1, "won": 4, "lost": 4, "abandoned": 0}),
    ],
)
def test_the_golden_log_stands_as_counted_by_hand(on, expected):
    snapshot = take_snapshot(golden(), PIPELINE, as_of=day(on))

    assert counts(snapshot) == expected
    assert snapshot.as_of == day(on)


def test_without_a_day_it_is_that_of_the_last_row():
    assert take_snapshot(golden(), PIPELINE).as_of == day(95)


def test_an_instant_is_inclusive():
    history = make_history([row("Q", 0), row("P", 5)])

    assert take_snapshot(history, PIPELINE, as_of=day(5)).ids(stage="P") == ("o",)
    assert take_snapshot(history, PIPELINE, as_of=day(5) - timedelta(microseconds=1)).ids(stage="Q") == ("o",)


def test_a_date_means_the_end_of_that_day_in_the_zone():
    # Midnight UTC of the sixth of January is still the fifth in New York.
    history = make_history([row("Q", 0), row("P", 5)])

    there = take_snapshot(history, PIPELINE, as_of=date(2024, 1, 5), timezone="America/New_York")
    here = take_snapshot(history, PIPELINE, as_of=date(2024, 1, 5), timezone="UTC")

    assert there.as_of.isoformat() == "2024-01-05T23:59:59.999999-05:00"
    assert (there.ids(stage="P"), here.ids(stage="P")) == (("o",), ())


def test_a_date_needs_a_zone():
    with pytest.raises(ValueError, match="time zone"):
        take_snapshot(golden(), PIPELINE, as_of=date(2024, 1, 5))


def test_what_was_recorded_later_was_not_known():
    history = make_history([row("Q", 0), row("P", 5, recorded_at=day(8))])

    then = take_snapshot(history, PIPELINE, as_of=day(6), known_on=day(7))
    now = take_snapshot(history, PIPELINE, as_of=day(6))

    assert (then.ids(stage="Q"), now.ids(stage="P")) == (("o",), ("o",))
    assert then.known_on == day(7)


def test_amounts_are_summed_per_currency_and_their_lack_is_counted():
    history = make_history(
        [
            row("Q", id="a", amount=Money("0.1", "EUR")),
            row("Q", id="b", amount=Money("0.2", "EUR")),
            row("Q", id="c", amount=Money("7", "JPY")),
            row("Q", id="d"),
            row("W", id="e", amount=Money("5", "USD")),
        ]
    )

    snapshot = take_snapshot(history, PIPELINE)

    assert snapshot.stages[0].amounts == {"EUR": Money("0.3", "EUR"), "JPY": Money("7", "JPY")}
    assert snapshot.stages[0].without_amount == 1
    assert snapshot.amounts[Outcome.WON] == {"USD": Money("5", "USD")}


def test_deals_are_counted_by_outcome_wherever_they_stand():
    history = make_history(
        [
            row("Q", id="a", outcome="lost"),
            row("W", id="b", outcome="lost"),
            row("L", id="c"),
            row("D", id="d"),
            row("P", id="e", outcome="abandoned"),
        ]
    )

    assert counts(take_snapshot(history, PIPELINE)) == {"Q": 0, "P": 0, "N": 0, "won": 1, "lost": 3, "abandoned": 1}
    assert take_snapshot(history, PIPELINE).ids(outcome="lost") == ("a", "b", "c")
    assert take_snapshot(history, PIPELINE).ids(stage="W", outcome="lost") == ("b",)


def test_unknown_stages_stop_it_with_a_suggestion_and_the_rows():
    rows = [row("n", number=3), row("Q", 1, number=4), row("n", 2, number=5), row("elsewhere", 3, number=6)]

    with pytest.raises(UnreadableChanges) as caught:
        take_snapshot(make_history(rows), PIPELINE)

    assert [str(problem) for problem in caught.value.problems] == [
        "row 6: the pipeline has no stage 'elsewhere'; rows in all: 1",
        "rows 3, 5: the pipeline has no stage 'n'; rows in all: 2",
    ]
    assert caught.value.rows == 4


def test_a_misspelt_stage_is_told_its_nearest():
    pipeline = attrs.evolve(PIPELINE, stages=[attrs.evolve(PIPELINE.stages[0], key="proposal")])

    with pytest.raises(UnreadableChanges, match=r"opportunity o: .* 'propsal'; perhaps 'proposal'"):
        take_snapshot(make_history([row("propsal")]), pipeline)


def test_outcomes_that_a_stage_cannot_have_stop_it():
    with pytest.raises(UnreadableChanges) as caught:
        take_snapshot(make_history([row("Q", outcome="won")]), PIPELINE)

    assert [problem.code for problem in caught.value.problems] == ["stage.outcome"]


def test_when_lenient_such_rows_are_left_out_and_listed():
    history = make_history(
        [row("n"), row("Q", 1), row("Q", 2, outcome="won")], left_out=[Problem("cell.missing", "row 9")]
    )

    snapshot = take_snapshot(history, PIPELINE, lenient=True)

    assert [problem.code for problem in snapshot.left_out] == ["cell.missing", "stage.outcome", "stage.unknown"]
    assert counts(snapshot)["Q"] == 1


def test_rows_of_another_pipeline_and_of_removed_deals_are_listed_and_stop_nothing():
    history = make_history(
        [
            row("phone", id="a", pipeline="other", number=1),
            row("Q", id="b"),
            row(None, 1, id="b", kind=RowKind.REMOVED),
            row("P", 2, id="b", number=2),
            row(None, id="c", kind=RowKind.RESTORED, number=3),
        ]
    )

    snapshot = take_snapshot(history, PIPELINE)

    assert [str(problem) for problem in snapshot.left_out] == [
        "row 1: in pipeline 'other', not 'golden'; rows in all: 1",
        "row 3: nothing says in which stage the deal stands; rows in all: 1",
        "row 2: the deal was removed before, and not restored; rows in all: 1",
        "removed and in no count: 1 (b)",
    ]
    assert len(snapshot) == 0


def test_rows_after_the_day_are_not_looked_at():
    history = make_history([row("Q", 0), row("no such stage", 5)])

    assert take_snapshot(history, PIPELINE, as_of=day(4)).open == 1


def test_an_empty_history_has_an_empty_snapshot():
    snapshot = take_snapshot(make_history([]), PIPELINE)

    assert snapshot.as_of is None
    assert set(counts(snapshot).values()) == {0}
    assert (len(snapshot), bool(snapshot)) == (0, True)
    assert "the beginning" in str(snapshot)


def test_it_is_plain_for_json():
    history = make_history([row("Q", id="a", amount=Money("1E+3", "EUR")), row("W", id="b")])

    found = take_snapshot(history, PIPELINE).detail()

    assert found["as_of"] == "2024-01-01T00:00:00+00:00"
    assert found["stages"][0] == {"name": "Q", "count": 1, "amount": {"EUR": "1000"}, "without_amount": 0}
    assert (found["open"], found["won"], found["lost"], found["abandoned"]) == (1, 1, 0, 0)
    assert found["amounts"] == {"open": {"EUR": "1000"}, "won": {}, "lost": {}, "abandoned": {}}
    assert found["left_out"] == []


def test_it_shows_in_a_terminal_and_a_notebook():
    history = make_history([row("Q", id="a", amount=Money("1234.5", "EUR")), row("W", id="b")])

    snapshot = take_snapshot(history, PIPELINE)

    assert str(snapshot).splitlines() == [
        "Snapshot as of 2024-01-01T00:00:00+00:00",
        "stage      deals  EUR",
        "─────────  ─────  ───────",
        "Q              1  1,234.5",
        "P              0  –",
        "N              0  –",
        "all open       1  1,234.5",
        "won            1  –",
        "lost           0  –",
        "abandoned      0  –",
    ]
    assert snapshot._repr_html_().startswith("<table>")
    assert snapshot.as_records()[0]["stage"] == "Q"
    assert [record["outcome"] for record in snapshot.as_records()[3:]] == ["won", "lost", "abandoned"]


@given(row_lists(), st.integers(0, 13))
def test_every_deal_that_exists_is_counted_once(rows, on):
    snapshot = take_snapshot(make_history(rows), PIPELINE, as_of=day(on))

    assert sum(counts(snapshot).values()) == len(snapshot) == len(set(snapshot.ids()))
    assert snapshot.open == len(snapshot.ids(outcome="open"))


@given(row_lists(), st.integers(0, 13))
def test_rows_after_a_day_change_no_snapshot_of_it(rows, on):
    earlier = [row for row in rows if row.at <= day(on)]

    one, other = (take_snapshot(make_history(found), PIPELINE, as_of=day(on)) for found in (rows, earlier))
    assert one.detail() == other.detail()
    assert set(one.standings) == set(other.standings)


@given(row_lists(), st.randoms())
def test_the_order_of_the_rows_changes_no_snapshot(rows, random):
    shuffled = random.sample(rows, len(rows))

    one, other = (take_snapshot(make_history(found), PIPELINE) for found in (rows, shuffled))
    assert one.detail() == other.detail()
    assert set(one.standings) == set(other.standings)


@given(row_lists())
def test_sums_are_exact_whatever_the_hosts_decimal_context(rows):
    import decimal

    expected = take_snapshot(make_history(rows), PIPELINE).detail()
    with decimal.localcontext(decimal.Context(prec=6)):
        assert take_snapshot(make_history(rows), PIPELINE).detail() == expected


@given(row_lists())
def test_the_stages_add_up_to_all_that_is_open(rows):
    snapshot = take_snapshot(make_history(rows), PIPELINE)

    parts = [money for stage in snapshot.stages for money in stage.amounts.values()]
    assert sum_by_currency(parts) == snapshot.amounts[Outcome.OPEN]
