from collections import Counter
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given

from oppcore.history import Ending, RowKind, fold_rows, make_history
from oppcore.money import Money
from oppcore.records import ForecastCategory, Outcome
from tests.history.examples import PIPELINE, day, golden, row, row_lists

REMOVED, RESTORED, MERGED = RowKind.REMOVED, RowKind.RESTORED, RowKind.MERGED


def fold(*rows):
    return fold_rows(make_history(rows).of("o"), PIPELINE)


def endings(*rows):
    return [(visit.stage, str(visit.ended)) for visit in fold(*rows).visits]


def test_the_visits_of_the_golden_log_end_as_counted_by_hand():
    found = Counter(
        (visit.stage, str(visit.ended)) for _, rows in golden() for visit in fold_rows(rows, PIPELINE).visits
    )

    # One of the eight visits to Q that went on left out P; o08 was reopened out of L.
    assert found == {
        ("Q", "advanced"): 7,
        ("Q", "jumped"): 1,
        ("Q", "lost"): 2,
        ("Q", "open"): 2,
        ("P", "advanced"): 6,
        ("P", "lost"): 2,
        ("P", "open"): 1,
        ("N", "won"): 4,
        ("N", "lost"): 1,
        ("N", "reverted"): 1,
        ("N", "open"): 1,
        ("W", "open"): 4,
        ("L", "reverted"): 1,
        ("L", "open"): 4,
    }


def test_the_days_spent_in_the_golden_log_are_those_counted_by_hand():
    exposure = Counter()
    for _, rows in golden():
        for visit in fold_rows(rows, PIPELINE).visits:
            exposure[visit.stage] += ((visit.left_at or day(100)) - visit.entered_at).days

    assert (exposure["Q"], exposure["P"], exposure["N"]) == (187, 171, 110)


def test_a_repeated_stage_starts_no_visit():
    assert fold(row("Q", 0), row("Q", 3), row("P", 5)).visits[0].left_at == day(5)
    assert endings(row("Q", 0), row("Q", 3)) == [("Q", "open")]


def test_a_visit_of_no_length_counts():
    assert endings(row("Q", 1, number=1), row("P", 1, number=2)) == [("Q", "advanced"), ("P", "open")]


def test_losing_a_deal_where_it_stands_ends_its_visit():
    trail = fold(row("Q", 0), row("Q", 4, outcome="lost", reason="price"), row("Q", 6))

    assert [(visit.left_at, visit.ended) for visit in trail.visits] == [(day(4), Ending.LOST)]
    assert trail.standing.outcome is Outcome.LOST
    assert (trail.standing.closed_at, trail.standing.reason) == (day(4), "price")


def test_reopening_a_deal_where_it_stood_begins_another_visit():
    trail = fold(row("Q", 0), row("Q", 4, outcome="abandoned"), row("Q", 9, outcome="open"))

    assert [(visit.entered_at, str(visit.ended)) for visit in trail.visits] == [(day(0), "abandoned"), (day(9), "open")]
    assert [change.outcome for change in trail.closings] == [Outcome.ABANDONED]
    assert [change.at for change in trail.reopenings] == [day(9)]
    assert (trail.standing.closed_at, trail.standing.reason) == (None, None)


def test_a_row_that_moves_and_closes_makes_a_visit_of_no_length():
    assert endings(row("Q", 0), row("P", 4, outcome="lost")) == [("Q", "advanced"), ("P", "lost")]
    assert endings(row("P", 4, outcome="lost")) == [("P", "lost")]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([row("W", 0), row("D", 1)], [("W", "advanced"), ("D", "open")]),
        ([row("D", 0), row("W", 1)], [("D", "reverted"), ("W", "open")]),
        ([row("W", 0), row("L", 1)], [("W", "lost"), ("L", "open")]),
        ([row("W", 0), row("W", 1, outcome="lost")], [("W", "lost")]),
        ([row("W", 0), row("W", 1, outcome="lost"), row("L", 2)], [("W", "lost"), ("L", "open")]),
        ([row("W", 0), row("P", 1)], [("W", "reverted"), ("P", "open")]),
        ([row("L", 0), row("W", 1)], [("L", "won"), ("W", "open")]),
        ([row("L", 0), row("X", 1)], [("L", "advanced"), ("X", "open")]),
        ([row("L", 0), row("L", 1, outcome="abandoned")], [("L", "open")]),
        ([row("L", 0), row("Q", 1, outcome="lost")], [("L", "reverted"), ("Q", "lost")]),
        ([row("Q", 0), row("L", 1, outcome="abandoned")], [("Q", "abandoned"), ("L", "open")]),
    ],
)
def test_visits_to_closed_stages_end_in_one_way_too(rows, expected):
    assert endings(*rows) == expected


def test_a_reason_can_be_given_after_the_closing():
    assert fold(row("L", 5), row("L", 9, reason="price")).standing.reason == "price"


def test_the_one_who_acted_last_is_known():
    assert fold(row("Q", 0, actor_id="ann"), row("P", 1, actor_id="bob")).standing.actor_id == "bob"


def test_a_post_sale_stage_keeps_a_deal_won_and_the_day_it_was_won():
    trail = fold(row("N", 0), row("W", 5), row("D", 9))

    assert trail.standing.outcome is Outcome.WON
    assert trail.standing.closed_at == day(5)
    assert len(trail.closings) == 1


def test_overturning_a_closing_sets_its_day_anew_and_reclassifying_it_does_not():
    assert fold(row("W", 5), row("L", 9)).standing.closed_at == day(9)
    assert fold(row("L", 5), row("L", 9, outcome="abandoned")).standing.closed_at == day(5)


def test_the_path_tells_stages_and_wins_in_order():
    trail = fold(row("N", 0), row("W", 5), row("N", 7), row("W", 9))

    assert [stage for stage, _ in trail.path] == ["N", "W", None, "N", "W", None]


def test_what_is_not_said_stays_as_it_was():
    trail = fold(
        row("Q", 0, amount=Money("5", "EUR"), owner_id="ann", further={"a": "1", "b": "1"}),
        row("P", 1, probability=Decimal("0.4"), forecast_category="commit", source="fair", further={"b": "2"}),
    )

    standing = trail.standing
    assert (standing.amount, standing.owner_id, standing.source) == (Money("5", "EUR"), "ann", "fair")
    assert (standing.probability, standing.forecast_category) == (Decimal("0.4"), ForecastCategory.COMMIT)
    assert standing.further == {"a": "1", "b": "2"}
    assert (standing.opened_at, standing.entered_at) == (day(0), day(1))


@pytest.mark.parametrize("kind", [REMOVED, MERGED])
def test_a_removed_or_merged_deal_is_in_no_count(kind):
    trail = fold(row("Q", 0), row(None, 3, kind=kind))

    assert trail.standing is None
    assert trail.removed
    assert [(visit.left_at, str(visit.ended)) for visit in trail.visits] == [(day(3), "removed")]


def test_a_restored_deal_stands_where_it_stood_or_where_the_row_says():
    there = fold(row("P", 0), row(None, 3, kind=REMOVED), row(None, 5, kind=RESTORED))
    elsewhere = fold(row("P", 0), row(None, 3, kind=REMOVED), row("N", 5, kind=RESTORED))
    closed = fold(row("P", 0, outcome="lost"), row(None, 3, kind=REMOVED), row(None, 5, kind=RESTORED))

    assert [(visit.stage, str(visit.ended)) for visit in there.visits] == [("P", "removed"), ("P", "open")]
    assert elsewhere.standing.state.stage == "N"
    assert closed.standing.outcome is Outcome.LOST


def test_rows_of_a_removed_deal_are_left_out_and_said_so():
    trail = fold(row("Q", 0), row(None, 3, kind=REMOVED), row("P", 5))

    assert [(code, row.stage) for code, row in trail.unused] == [("deal.removed", "P")]


def test_a_deal_restored_before_it_had_a_stage_stands_nowhere():
    trail = fold(row(None, 5, kind=RESTORED))

    assert trail.standing is None
    assert [code for code, _ in trail.unused] == ["deal.no_stage"]


def test_a_deal_in_another_pipeline_is_not_in_this_one():
    away = fold(row("Q", 0), row("phone", 3, pipeline="other"), row("mail", 4))
    back = fold(row("Q", 0), row("phone", 3, pipeline="other"), row("P", 6, pipeline="golden"))

    assert away.standing is None
    assert [(visit.left_at, str(visit.ended)) for visit in away.visits] == [(day(3), "removed")]
    assert [code for code, _ in away.unused] == ["deal.elsewhere", "deal.elsewhere"]
    assert back.standing.state.stage == "P"


def test_no_rows_make_no_trail():
    with pytest.raises(ValueError, match="at least one row"):
        fold_rows([], PIPELINE)


@given(row_lists(ids="o"))
def test_visits_follow_one_another_and_only_the_last_is_still_open(rows):
    if not rows:
        return
    trail = fold(*rows)

    for visit, later in pairwise(trail.visits):
        assert visit.left_at is not None
        assert visit.entered_at <= visit.left_at <= later.entered_at
    assert all((visit.left_at is None) == (visit.ended is Ending.OPEN) for visit in trail.visits)


@given(row_lists(ids="o"))
def test_closings_and_reopenings_lead_to_the_present_outcome(rows):
    if not rows:
        return
    trail = fold(*rows)
    outcomes = [Outcome.OPEN, *(change.outcome for change in trail.outcome_changes)]

    assert all(one is not other for one, other in pairwise(outcomes))
    if trail.standing is not None:
        assert trail.standing.outcome is outcomes[-1]
        assert (trail.standing.closed_at is None) == (outcomes[-1] is Outcome.OPEN)
