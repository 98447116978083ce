import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.stats import EventTable, count_events, log_rank_test
from tests.stats.observations import MERCAPTOPURINE, PLACEBO, count, count_text, things

PAIR = [count_text(MERCAPTOPURINE), count_text(PLACEBO)]


def test_it_gives_the_published_result_of_freireich():
    found = log_rank_test(PAIR)

    assert found.statistic == pytest.approx(16.79, abs=0.005)
    assert found.observed == (9, 21)
    assert found.expected == pytest.approx((19.25, 10.75), abs=0.005)


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("groups", [2, 3, 5])
def test_it_agrees_with_statsmodels(groups, late):
    from statsmodels.duration.survfunc import survdiff

    for seed in range(8):
        dice = np.random.default_rng(seed)
        durations, ended = dice.integers(1, 25, 90), dice.random(90) < 0.7
        entries = dice.integers(0, durations) * (late and dice.random(90) < 0.5)
        group = np.arange(90) % groups
        tables = [
            count_events(durations[mine].tolist(), ended[mine].tolist(), entries=entries[mine].tolist())
            for mine in (group == number for number in range(groups))
        ]
        found = log_rank_test(tables)
        statistic, p_value = survdiff(durations, ended * 1, group, entry=entries)
        assert found.statistic == pytest.approx(statistic, rel=1e-9)
        assert found.p_value == pytest.approx(p_value, rel=1e-9, abs=1e-12)
        assert found.degrees_of_freedom == groups - 1


@given(st.lists(st.lists(things, max_size=12), min_size=2, max_size=4).filter(lambda groups: sum(map(len, groups)) > 4))
def test_neither_the_order_nor_the_unit_of_time_matters_and_events_add_up(groups):
    tables = [count(group) for group in groups]
    stretched = [count([(7 * time, cause, 7 * entry) for time, cause, entry in group]) for group in groups]
    try:
        found = log_rank_test(tables)
    except ValueError as refused:
        with pytest.raises(ValueError, match=str(refused)):
            log_rank_test(tables[::-1])
        return

    assert sum(found.expected) == pytest.approx(sum(found.observed), rel=1e-12)
    assert log_rank_test(stretched) == found
    assert log_rank_test(tables[::-1]).statistic == pytest.approx(found.statistic, rel=1e-9, abs=1e-9)
    assert log_rank_test(tables[::-1]).degrees_of_freedom == found.degrees_of_freedom


def test_groups_that_end_alike_differ_in_nothing():
    found = log_rank_test([PAIR[0]] * 3)

    assert found.statistic == pytest.approx(0, abs=1e-12)
    assert found.p_value == pytest.approx(1)


def test_a_group_that_was_never_there_with_others_is_not_compared():
    early = [count_events([1, 2, 3], [1, 0, 1]), count_events([2, 3, 3], [1, 1, 1])]
    late = [count_events([8, 9], [1, 0], entries=[5, 5]), count_events([7, 9], [1, 1], entries=[5, 5])]

    assert log_rank_test([*early, EventTable()]).degrees_of_freedom == 1
    both = log_rank_test([*early, *late])
    assert both.degrees_of_freedom == 2
    assert both.statistic == pytest.approx(log_rank_test(early).statistic + log_rank_test(late).statistic)


def test_corrected_it_takes_half_an_event_off_the_difference():
    plain, corrected = log_rank_test(PAIR), log_rank_test(PAIR, corrected=True)
    off = abs(plain.observed[0] - plain.expected[0])

    assert corrected.statistic == pytest.approx(plain.statistic * ((off - 0.5) / off) ** 2, rel=1e-12)
    assert log_rank_test([PAIR[0]] * 2, corrected=True).statistic == 0
    with pytest.raises(ValueError, match="for two groups, not 3"):
        log_rank_test([PAIR[0]] * 3, corrected=True)


@pytest.mark.parametrize("tables", [[], [PAIR[0]], [PAIR[0], EventTable()], [count_events([5], [1])] * 2])
def test_where_there_is_nothing_to_compare_it_says_so(tables):
    with pytest.raises(ValueError, match="nothing can be compared"):
        log_rank_test(tables)
