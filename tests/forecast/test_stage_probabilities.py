"""How likely deals in a stage are to be won: counted by hand, and as laws."""

import json
from datetime import timedelta

import pytest
from hypothesis import given, settings

from oppcore.forecast import estimate_stage_probabilities
from oppcore.funnel import measure_stage_win_rates
from oppcore.history import make_history, take_snapshot
from oppcore.stats import PriorBasis, beta_quantile
from tests.history.examples import PIPELINE, day, golden, row, row_lists


def estimate(rows, **settings):
    return estimate_stage_probabilities(make_history(rows), PIPELINE, **{"min_deals": 1, **settings})


def closed(won, lost, prefix="d", stage="Q", on=1, **said):
    """Rows of deals that were in a stage, and were won or lost."""
    names = [f"{prefix}{number}" for number in range(won + lost)]
    for number, name in enumerate(names):
        yield row(stage, 0, id=name, **said)
        yield row("W" if number < won else "L", on, id=name)


def test_the_golden_deals_have_the_shares_by_hand():
    found = estimate_stage_probabilities(golden(), PIPELINE, as_of=day(100), min_deals=1)

    assert [(row.stage, row.won, row.closed) for row in found.rows] == [("Q", 4, 7), ("P", 3, 5), ("N", 4, 5)]
    # Worth one deal, half won: the prior of Jeffreys.
    assert [row.probability.value for row in found.rows] == pytest.approx([4.5 / 8, 3.5 / 6, 4.5 / 6])
    assert found.row("Q").probability.low == pytest.approx(beta_quantile(0.025, 4.5, 3.5))


def test_abandoned_deals_were_not_won():
    rows = [*closed(2, 1), row("Q", 0, id="a"), row("Q", 1, id="a", outcome="abandoned")]

    assert estimate(rows).row("Q").share.raw == 2 / 4


def test_a_stage_with_too_few_closed_deals_has_no_probability_and_is_listed():
    found = estimate(closed(3, 2), min_deals=6)

    assert found.row("Q").probability.value is None
    assert [str(problem) for problem in found.left_out] == [
        f"stage {stage}: insufficient history: {have} closed deals, an estimate needs 6"
        for stage, have in [("Q", 5), ("P", 0), ("N", 0)]
    ]


def test_a_small_group_leans_on_all_deals_and_a_large_one_stands_for_itself():
    rows = [
        *closed(90, 10, "a", owner_id="ann"),
        *closed(10, 90, "b", owner_id="bob"),
        *closed(2, 0, "c", owner_id="cyd"),
    ]
    found = estimate(rows, by="owner_id")
    ann, bob, cyd = (found.row("Q", name) for name in ("ann", "bob", "cyd"))

    assert ann.probability.value == pytest.approx(0.9, abs=0.01)
    assert bob.probability.value == pytest.approx(0.1, abs=0.01)
    assert found.row("Q").probability.value < cyd.probability.value < 1
    assert cyd.share.basis is PriorBasis.FITTED
    assert cyd.probability.low < 0.5


def test_segments_lie_within_segments():
    rows = [
        *closed(40, 10, "a", owner_id="ann", source="fair"),
        *closed(20, 30, "b", owner_id="ann", source="web"),
        *closed(5, 45, "c", owner_id="bob", source="web"),
    ]
    found = estimate(rows, by=["source", "owner_id"])

    web = found.row("Q", "web").probability.value
    assert found.row("Q", "web", "bob").probability.value < web < found.row("Q", "web", "ann").probability.value
    assert found.row("Q", "web", "cyd") == found.row("Q", "web")
    assert found.row("Q", "mail", "cyd") == found.row("Q")


def test_it_says_of_a_deal_how_likely_it_is_to_be_won():
    rows = [
        *closed(90, 10, "a", owner_id="ann"),
        *closed(10, 90, "b", owner_id="bob"),
        row("Q", 2, id="open", owner_id="bob"),
        row("P", 2, id="unknown"),
    ]
    history = make_history(rows)
    found = estimate(rows, by="owner_id", min_deals=10)
    standings = {deal.opportunity_id: deal for deal in take_snapshot(history, PIPELINE).standings}

    assert found(standings["open"]) == found.row("Q", "bob").probability.value
    assert found(standings["unknown"]) is None
    assert (found(standings["a0"]), found(standings["a99"])) == (1.0, 0.0)


def test_with_a_half_life_older_deals_count_less():
    rows = [*closed(10, 0, "old", on=10), *closed(0, 10, "new", on=40), row("Q", 40, id="now")]
    found = estimate(rows, half_life=timedelta(days=30)).row("Q")

    assert (found.closed, found.weight, found.share.raw) == (20, pytest.approx(15), pytest.approx(1 / 3))


def test_monotone_estimates_do_not_fall_along_the_stages():
    rows = [*closed(8, 2, "a", "Q"), *closed(2, 8, "b", "P"), *closed(9, 1, "c", "N")]
    plain, found = (estimate(rows, monotone=choice) for choice in (False, True))

    assert plain.row("Q").probability.value > plain.row("P").probability.value
    assert [row.probability.value for row in found.rows] == pytest.approx([0.5, 0.5, 9.5 / 11])
    assert found.row("P").probability.low <= 0.5 <= found.row("P").probability.high


def test_what_happens_later_changes_nothing():
    rows = list(closed(3, 2))

    assert estimate([*rows, row("Q", 5, id="x"), row("W", 9, id="x")], as_of=day(4)).rows == (
        estimate(rows, as_of=day(4)).rows
    )


@settings(max_examples=25)
@given(row_lists())
def test_the_counts_are_those_of_the_stage_win_rates(rows):
    history = make_history(rows)
    found = estimate_stage_probabilities(history, PIPELINE, min_deals=1, by="owner_id")

    for line in measure_stage_win_rates(history, PIPELINE).rows:
        row = found.row(line.name)
        assert (row.won, row.closed) == (line.won, line.won + line.lost + line.abandoned)
    assert json.loads(json.dumps(found.detail()))["rows"] == found.as_records()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"half_life": timedelta(0)}, "longer than nothing"), ({"by": "owner"}, "did you mean 'owner_id'")],
)
def test_settings_that_make_no_sense_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        estimate([], **wrong)


def test_it_shows_everywhere():
    found = estimate([*closed(2, 1, owner_id="ann")], by="owner_id", half_life=timedelta(days=90), monotone=True)

    assert "(all)" in str(found)
    assert "deals count half after 90 days" in str(found)
    assert "count half" not in str(estimate([]))
    assert found._repr_html_().startswith("<table>")
    assert "closed" in found.assumes
