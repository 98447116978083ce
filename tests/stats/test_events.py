import copy
import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.stats import EventTable, count_events
from tests.stats.observations import NEGOTIATION, PROPOSAL, QUALIFIED, count, count_text, things

many = st.lists(things, max_size=12)


def test_it_counts_what_entered_ended_and_was_last_seen_at_each_time():
    table = count_events([5, 9, 9, 12], ["won", "lost", None, "won"], entries=[None, 0, 3, 0])

    assert table.times == (3, 5, 9, 12)
    assert table.events == {"lost": (0, 0, 1, 0), "won": (0, 1, 0, 1)}
    assert (table.censored, table.entered) == ((0, 0, 1, 0), (1, 0, 0, 0))
    assert (table.at_risk, table.exits, table.all_events) == ((3, 4, 3, 1), (0, 1, 2, 1), (0, 1, 1, 1))
    assert len(table) == 4


@given(many)
def test_at_risk_is_who_had_entered_before_and_had_not_left_before(found):
    table = count(found)

    for time, at_risk in zip(table.times, table.at_risk, strict=True):
        assert at_risk == sum((entry < time or entry == 0) and duration >= time for duration, _, entry in found)


@given(many, many)
def test_parts_add_up_to_the_whole(some, others):
    assert count(some) + count(others) == count([*some, *others])


@given(many)
def test_the_order_does_not_matter_and_nothing_adds_nothing(found):
    assert count(found) == count(found[::-1]) == count(found) + EventTable() == EventTable() + count(found)


@given(many)
def test_exposure_is_the_time_that_all_were_under_observation(found):
    assert count(found).exposure == sum(duration - entry for duration, _, entry in found)
    assert len(count(found)) == len(found)


def test_the_golden_deals_have_the_known_exposure():
    assert [count_text(text).exposure for text in (QUALIFIED, PROPOSAL, NEGOTIATION)] == [187, 171, 110]


def test_none_false_and_0_are_not_ended_and_true_is_1():
    marked = count_events([1, 2, 3, 4, 5], [None, False, 0, True, 1])

    assert marked.censored == (1, 1, 1, 0, 0)
    assert marked.events == {1: (0, 0, 0, 1, 1)}


def test_it_reads_each_row_once_from_anything_that_can_be_gone_through():
    rows = iter([(1, "won"), (2, None)])
    durations, causes = zip(*rows, strict=True)

    assert count_events(iter(durations), iter(causes)) == count_events([1, 2], ["won", None])


def test_a_table_can_be_copied_and_kept_as_bytes():
    table = count_events([5, 9], ["won", None], entries=[0, 3])

    assert copy.deepcopy(table) == pickle.loads(pickle.dumps(table)) == table  # noqa: S301 - our own bytes
    assert copy.deepcopy(table).at_risk == table.at_risk


@pytest.mark.parametrize(
    ("durations", "causes", "entries", "message"),
    [
        ([-1], ["won"], None, "duration is a finite number of at least 0, not -1"),
        ([math.nan], ["won"], None, "not nan"),
        ([math.inf], [None], None, "not inf"),
        ([5], ["won"], [5], "before the duration: not 5 for a duration of 5"),
        ([5], ["won"], [6], "not 6 for a duration of 5"),
        ([5], ["won"], [-1], "not -1"),
        ([5], ["won"], [math.nan], "not nan"),
        ([5], [""], None, "a cause is a word"),
        ([5], [math.nan], None, "a cause is a word"),
        ([5, 6], ["won"], None, "2 durations, 1 causes"),
        ([5, 6], ["won", None], [0], "1 entries"),
    ],
)
def test_what_cannot_have_been_observed_is_refused(durations, causes, entries, message):
    with pytest.raises(ValueError, match=message):
        count_events(durations, causes, entries=entries)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"times": [1, 2]}, "2 times, but 0 counts"),
        ({"times": [1], "censored": [-1]}, "-1 of 'censored' at 1"),
        ({"times": [2, 1], "censored": [1, 1]}, "in order"),
        ({"times": [1, 1], "censored": [1, 1]}, "distinct"),
        ({"times": [-1], "censored": [1]}, "at least 0"),
        ({"times": [math.nan], "censored": [1]}, "finite"),
        ({"times": [1], "events": {0: [1]}}, "other than 0"),
        ({"times": [1, 2], "censored": [2, 0], "entered": [0, 1]}, "2 left at 1, but only 1 were there"),
    ],
)
def test_counts_that_cannot_be_are_refused(columns, message):
    zeros = [0] * (0 if "2 times" in message else len(columns["times"]))
    with pytest.raises(ValueError, match=message):
        EventTable(**{"censored": zeros, "entered": zeros, **columns})
