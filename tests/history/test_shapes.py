"""What is said of the shape of a deal is what is said of the deal."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oppcore.errors import UnreadableChanges
from oppcore.history import fold_history, make_history, read_shapes
from tests.history.examples import PIPELINE, day, golden, row, row_lists


def order(trail):
    """What `read_shapes` may be asked."""
    return (
        tuple(stage for stage, _ in trail.path),
        tuple((visit.stage, visit.ended) for visit in trail.visits),
        None if trail.standing is None else trail.standing.state,
    )


@settings(max_examples=150)
@given(
    row_lists(),
    st.lists(st.tuples(st.integers(0, 14), st.integers(0, 2), st.booleans()), max_size=3),
    st.none() | st.integers(0, 14).map(day),
    st.none() | st.integers(0, 16).map(day),
)
def test_it_says_of_every_deal_what_folding_each_of_them_says(rows, corrections, as_of, known_on):
    for on, corrected, voided in corrections:
        rows = [
            *rows,
            row(
                None if voided else "P",
                on,
                id="a",
                kind="voided" if voided else "entry",
                seq=Decimal(corrected + 1 + len(rows)),
                corrects=Decimal(corrected),
            ),
        ]
    history = make_history(rows)
    settings = {"as_of": as_of, "known_on": known_on, "lenient": True}
    past = fold_history(history, PIPELINE, **settings)
    found = read_shapes(history, PIPELINE, order, **settings)

    assert found.values == {trail.opportunity_id: order(trail) for trail in past.trails if trail.standing is not None}
    assert list(found.values) == [trail.opportunity_id for trail in past.trails if trail.standing is not None]
    assert (found.as_of, found.known_on, found.left_out) == (past.as_of, past.known_on, past.left_out)


def test_each_shape_is_asked_about_once():
    asked = []
    history = make_history([*golden().rows, row("Q", 50, id="o13"), row("Q", 60, id="o14")])
    found = read_shapes(history, PIPELINE, lambda trail: asked.append(trail.opportunity_id) or len(asked))

    assert len(found.values) == 14
    assert found.values["o07"] == found.values["o12"] == found.values["o13"] == found.values["o14"]
    assert len(asked) == 10


def test_stages_that_the_pipeline_does_not_have_are_refused_as_by_folding():
    history = make_history([row("Q", 0, id="a"), row("trial", 1, id="b")])
    refusals = []
    for read in (lambda: fold_history(history, PIPELINE), lambda: read_shapes(history, PIPELINE, order)):
        with pytest.raises(UnreadableChanges) as refused:
            read()
        refusals.append(str(refused.value))

    assert refusals[0] == refusals[1]


def test_a_history_is_folded_once_for_one_question_and_anew_for_another():
    history = golden()
    first = fold_history(history, PIPELINE)

    assert fold_history(history, PIPELINE).trails is first.trails
    assert len(fold_history(history, PIPELINE, as_of=day(4)).trails) == 3
    assert fold_history(history, PIPELINE, known_on=day(4)).trails != first.trails
    assert fold_history(history, PIPELINE) == first
    assert history == golden()


def test_what_was_tolerated_once_is_refused_when_it_is_not():
    history = make_history([row("Q", 0, id="a"), row("trial", 1, id="b")])
    assert len(fold_history(history, PIPELINE, lenient=True).left_out) == 1

    with pytest.raises(UnreadableChanges):
        fold_history(history, PIPELINE)


def test_the_last_instant_is_told_in_the_zone_that_is_asked_for_each_time():
    history = golden()
    for zone, hours in (("Europe/Berlin", 2), ("Asia/Tokyo", 9)):
        told = [read.as_of for read in (fold_history(history, PIPELINE, timezone=zone), read_zone(history, zone))]

        assert [one.utcoffset() for one in told] == [timedelta(hours=hours)] * 2
        assert told == [fold_history(history, PIPELINE).as_of] * 2


def read_zone(history, zone):
    return read_shapes(history, PIPELINE, order, timezone=zone)
