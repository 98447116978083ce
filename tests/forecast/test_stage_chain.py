"""The Markov chain of the stages: exactly as by hand, and as simulated."""

import json
from fractions import Fraction
from math import sqrt
from random import Random

import pytest
from hypothesis import given, settings

from oppcore.forecast import estimate_stage_chain
from oppcore.history import make_history, take_snapshot
from tests.history.examples import PIPELINE, day, golden, row, row_lists


def estimate(rows, **settings):
    return estimate_stage_chain(make_history(rows), PIPELINE, **settings)


def test_the_golden_chain_is_exact():
    found = estimate_stage_chain(golden(), PIPELINE, as_of=day(100))

    assert found.counts == {
        "Q": {"P": 7, "N": 1, "lost": 2},
        "P": {"N": 6, "lost": 2},
        "N": {"won": 4, "lost": 1, "P": 1},
    }
    assert [row.win for row in found.rows] == [Fraction(10, 21), Fraction(4, 7), Fraction(16, 21)]
    assert [row.steps for row in found.rows] == [Fraction(38, 15), 2, Fraction(4, 3)]
    assert found.row("Q").visits == {"Q": 1, "P": Fraction(86, 105), "N": Fraction(5, 7)}
    assert found.left_out == ()


def test_deals_that_are_still_there_lengthen_the_way():
    found = estimate_stage_chain(golden(), PIPELINE, as_of=day(100))

    assert [row.mean_days for row in found.rows] == pytest.approx([18.7, 21.375, 110 / 6])
    assert [row.days for row in found.rows] == pytest.approx([49.302381, 40.142857, 25.023810], abs=5e-7)


def test_a_reopened_deal_has_ended_where_it_was_lost_unless_it_is_followed():
    # o08 was lost in P, and reopened in Q.
    found = estimate_stage_chain(golden(), PIPELINE, as_of=day(100), follow_reopened=True)

    assert found.counts["P"] == {"N": 6, "lost": 1, "Q": 1}
    assert found.row("P").win > Fraction(4, 7)
    assert "reopened deals go on" in str(found)


def test_a_lost_deal_that_was_overturned_is_followed_to_its_winning():
    rows = [row("N", 0), row("L", 1), row("W", 2)]

    assert estimate(rows).row("N").win == 0
    assert estimate(rows, follow_reopened=True).row("N").win == 1


def test_abandoned_deals_have_ended_without_being_won():
    rows = [row("Q", 0, id="a"), row("Q", 1, id="a", outcome="abandoned"), row("Q", 0, id="b"), row("W", 1, id="b")]

    assert estimate(rows).row("Q").win == Fraction(1, 2)


def test_where_nothing_has_ended_yet_nothing_is_said_nor_of_what_leads_there():
    rows = [row("Q", 0, id="a"), row("P", 1, id="a"), row("N", 0, id="b"), row("W", 1, id="b")]
    found = estimate(rows)

    assert [(row.stage, row.win) for row in found.rows] == [("Q", None), ("P", None), ("N", 1)]
    assert [str(problem) for problem in found.left_out] == [
        "stage Q: deals go on to where none has come to an end yet: Q, P",
        "stage P: deals go on to where none has come to an end yet: P",
    ]
    assert (found.row("Q").left, found.row("Q").mean_days, found.row("Q").days) == (1, 1.0, None)


def test_stages_that_only_lead_to_one_another_are_not_guessed_at():
    rows = [row("Q", 0), row("P", 1), row("Q", 2), row("P", 3), row("Q", 4)]
    found = estimate(rows)

    assert [found.row(stage).win for stage in "QP"] == [None, None]
    assert found.left_out[0].params["need"] == ("Q", "P")


def test_a_prior_counts_each_step_that_the_pipeline_allows():
    found = estimate_stage_chain(golden(), PIPELINE, as_of=day(100), prior=0.5)

    assert found.counts["N"] == {"won": 4.5, "lost": 1.5, "P": 1.5, "Q": 0.5, "abandoned": 0.5}
    assert "W" not in found.counts["Q"]
    assert "counted 0.5 times more" in str(found)


def test_with_a_prior_alone_the_time_is_not_known():
    found = estimate([row("Q", 0)], prior=1)

    assert 0 < found.row("Q").win < 1
    assert (found.row("Q").days, found.row("Q").mean_days) == (None, None)


def test_it_says_of_a_deal_how_likely_it_is_to_be_won():
    found = estimate_stage_chain(golden(), PIPELINE, as_of=day(100))
    chances = {deal.opportunity_id: found(deal) for deal in take_snapshot(golden(), PIPELINE, as_of=day(100)).standings}

    assert (chances["o06"], chances["o10"], chances["o01"], chances["o02"]) == (4 / 7, 16 / 21, 1, 0)
    assert estimate([row("Q")])(take_snapshot(make_history([row("Q")]), PIPELINE).standings[0]) is None


def test_a_prior_below_nothing_is_refused():
    with pytest.raises(ValueError, match="at least 0 times, not -1"):
        estimate([], prior=-1)
    with pytest.raises(KeyError):
        estimate([]).row("W")


def walk(random, counts, stage):
    """One way through the chain, and how many visits it took."""
    visits = 0
    while stage in counts:
        visits += 1
        stage = random.choices(list(counts[stage]), list(counts[stage].values()))[0]
    return stage, visits


def test_simulated_ways_end_as_expected():
    found, random, ways = estimate_stage_chain(golden(), PIPELINE, as_of=day(100)), Random(5), 20_000
    ended = [walk(random, found.counts, "Q") for _ in range(ways)]
    visits = [number for _, number in ended]
    mean, win = sum(visits) / ways, float(found.row("Q").win)
    spread = sqrt(sum((number - mean) ** 2 for number in visits) / ways)

    assert sum(end == "won" for end, _ in ended) / ways == pytest.approx(win, abs=4 * sqrt(win * (1 - win) / ways))
    assert mean == pytest.approx(float(found.row("Q").steps), abs=4 * spread / sqrt(ways))


def lived(random, counts, deals):
    """Rows of deals that walk by the shares of a chain, a day for each step."""
    for number in range(deals):
        stage, on = "Q", 0
        while stage in counts:
            yield row(stage, on, id=f"d{number}")
            stage, on = random.choices(list(counts[stage]), list(counts[stage].values()))[0], on + 1
        yield row({"won": "W", "lost": "L"}[stage], on, id=f"d{number}")


def test_the_interval_holds_the_truth_as_often_as_it_says():
    truth = estimate_stage_chain(golden(), PIPELINE, as_of=day(100))
    random, held = Random(11), 0
    for _ in range(100):
        low, high = estimate(list(lived(random, truth.counts, 60)), confidence=0.8).row("Q").interval
        held += low <= truth.row("Q").win <= high

    assert held == pytest.approx(80, abs=4 * sqrt(100 * 0.8 * 0.2))


@settings(max_examples=40)
@given(row_lists())
def test_win_probabilities_are_those_of_one_step_ahead(rows):
    found = estimate(rows)

    for line in found.rows:
        if line.win is not None:
            row = found.counts[line.stage]
            ahead = sum(
                number * (found.row(there).win if there in "QPN" else there == "won") for there, number in row.items()
            )
            assert line.win == Fraction(ahead) / line.left
            assert line.steps == sum(line.visits.values()) >= 1
            assert line.days is not None
    assert json.loads(json.dumps(found.detail()))["rows"][0]["win"] == found.as_records()[0]["win"]
    assert found._repr_html_().startswith("<table>")
    assert "stage alone" in found.assumes
