"""Chains of places and ends: against published numbers, by hand, and as laws."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oppcore.stats import estimate_chain, make_chain

GOLDEN = {"Q": {"P": 7, "N": 1, "L": 2}, "P": {"N": 6, "L": 2}, "N": {"W": 4, "L": 1, "P": 1}}
ACCOUNTS = {
    "new": {"new": 0.3, "late": 0.3, "paid": 0.4},
    "late": {"new": 0.3, "late": 0.1, "paid": 0.4, "bad": 0.2},
}


def golden():
    return estimate_chain(GOLDEN, ends="WL", exact=True)


def test_the_golden_chain_ends_as_by_hand():
    chain = golden()

    assert {place: chain.endings[place]["W"] for place in "QPN"} == {
        "Q": Fraction(10, 21),
        "P": Fraction(4, 7),
        "N": Fraction(16, 21),
    }
    assert [float(chain.visits["Q"][place]) for place in "QPN"] == pytest.approx([1, 0.819048, 0.714286], abs=5e-7)
    assert [float(chain.steps_from(place)) for place in "QPN"] == pytest.approx([2.533333, 2, 1.333333], abs=5e-7)


@pytest.mark.parametrize(
    ("stays", "expected"),
    [
        ({"Q": 18.7, "P": 21.375, "N": 110 / 6}, [49.302381, 40.142857, 25.023810]),
        ({"Q": 10.7, "P": 14.5, "N": 17.5}, [35.076190, 31.571429, 22.761905]),
    ],
)
def test_the_expected_time_follows_from_the_mean_stays(stays, expected):
    assert [float(golden().time_from(place, stays)) for place in "QPN"] == pytest.approx(expected, abs=5e-7)


def test_accounts_are_paid_as_in_the_textbook():
    chain = make_chain(ACCOUNTS, ends=["paid", "bad"])
    visits = [chain.visits[place][there] for place in chain.places for there in chain.places]
    endings = [chain.endings[place][end] for place in chain.places for end in chain.ends]

    assert visits == pytest.approx([1 / 0.6, 0.3 / 0.54, 0.3 / 0.54, 0.7 / 0.54], rel=1e-12)
    assert endings == pytest.approx([0.48 / 0.54, 0.06 / 0.54, 0.40 / 0.54, 0.14 / 0.54], rel=1e-12)
    owed = {"new": 1000, "late": 2000}
    assert sum(owed[place] * chain.endings[place]["paid"] for place in owed) == pytest.approx(2370.37, abs=0.005)


def test_a_place_that_is_hardly_ever_left_keeps_its_numbers():
    chain = make_chain({"a": {"a": 1 - 1e-17, "b": 1e-17}, "b": {"end": 1}}, ends=["end"])

    assert (chain.visits["a"]["a"], chain.endings["a"]["end"]) == (pytest.approx(1e17), 1)


def test_what_has_ended_does_not_count_as_a_place():
    assert make_chain({}, ends=["won"]).places == ()


@pytest.mark.parametrize(
    ("shares", "ends", "said"),
    [
        ({"a": {"end": 1.01}}, ["end"], "that leave 'a' add up to 1.01, not to 1"),
        ({"a": {"end": 0.99}}, ["end"], "that leave 'a' add up to 0.99, not to 1"),
        ({"a": {"end": float("nan")}}, ["end"], "a share is at least 0, not nan, from 'a' to 'end'"),
        ({"a": {"b": 1.5, "end": -0.5}, "b": {"end": 1}}, ["end"], "at least 0, not -0.5, from 'a' to 'end'"),
        ({"a": {"x": 1}}, ["end"], "'a' is left for 'x', which is neither a place nor an end"),
        ({"end": {"end": 1}}, ["end"], "'end' is an end: nothing goes on from there"),
        (
            {"a": {"end": 0.5, "b": 0.5}, "b": {"c": 1}, "c": {"b": 1, "end": 0}},
            ["end"],
            "no way leads from 'b', 'c' to 'end'",
        ),
        ({"a": {"a": 1}}, [], "no way leads from 'a' to an end"),
    ],
)
def test_what_is_no_chain_is_refused_by_name(shares, ends, said):
    with pytest.raises(ValueError, match=said):
        make_chain(shares, ends=ends)


def test_counts_of_nothing_and_below_nothing_are_refused():
    with pytest.raises(ValueError, match="nothing ever left 'a'"):
        estimate_chain({"a": {"end": 0}}, ends=["end"])
    with pytest.raises(ValueError, match="-1 went from 'a' to 'end'"):
        estimate_chain({"a": {"end": -1}}, ends=["end"])


def test_a_mean_stay_that_is_missing_is_missed_only_where_it_is_needed():
    assert golden().time_from("N", {"P": 1, "N": 1}) == golden().steps_from("N")
    with pytest.raises(KeyError):
        golden().time_from("Q", {"P": 1, "N": 1})


@st.composite
def steps(draw):
    places = [f"p{number}" for number in range(draw(st.integers(1, 6)))]
    numbers = st.integers(0, 20)
    counts = {place: {there: draw(numbers) for there in [*places, "won", "lost"]} for place in places}
    for place in places:
        counts[place]["lost"] += draw(st.integers(1, 5))
    return counts


@settings(max_examples=40)
@given(steps())
def test_exact_chains_end_for_certain_and_go_on_step_by_step(counts):
    chain = estimate_chain(counts, ends=["won", "lost"], exact=True)

    for place in chain.places:
        row = chain.shares[place]
        assert sum(chain.endings[place].values()) == 1
        assert chain.steps_from(place) == 1 + sum(row[there] * chain.steps_from(there) for there in chain.places)
        assert chain.endings[place]["won"] == row["won"] + sum(
            row[there] * chain.endings[there]["won"] for there in chain.places
        )


@settings(max_examples=40)
@given(steps())
def test_floats_are_as_good_as_fractions(counts):
    exact = estimate_chain(counts, ends=["won", "lost"], exact=True)
    rough = estimate_chain(counts, ends=["won", "lost"])

    for place in exact.places:
        assert rough.visits[place] == pytest.approx({there: float(n) for there, n in exact.visits[place].items()})
        assert rough.endings[place] == pytest.approx({end: float(n) for end, n in exact.endings[place].items()})
