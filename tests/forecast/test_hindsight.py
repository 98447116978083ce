"""No estimate knows what happened, or was recorded, later than it says."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from oppcore.forecast import (
    estimate_closing,
    estimate_new_wins,
    estimate_run_rate,
    estimate_stage_chain,
    estimate_stage_probabilities,
)
from oppcore.history import make_history
from oppcore.periods import read_period
from tests.history.examples import PIPELINE, day, row_lists

ESTIMATES = {
    "closing": (estimate_closing, {"within": timedelta(days=4), "min_deals": 1}),
    "new_wins": (estimate_new_wins, {"within": timedelta(days=4), "min_deals": 1}),
    "run_rate": (estimate_run_rate, {"period": read_period("2024-01-08..2024-01-15"), "timezone": "UTC"}),
    "stage_chain": (estimate_stage_chain, {}),
    "stage_probabilities": (estimate_stage_probabilities, {"min_deals": 1}),
}


@pytest.mark.parametrize("name", ESTIMATES)
@settings(max_examples=25, suppress_health_check=[HealthCheck.filter_too_much])
@given(rows=row_lists(), when=st.integers(0, 13).map(day))
def test_rows_of_later_change_nothing(name, rows, when):
    estimate, asked = ESTIMATES[name]
    known = [row for row in rows if row.known_at <= when and row.at <= when]
    assume(known)
    full, cut = (estimate(make_history(some), PIPELINE, as_of=when, known_on=when, **asked) for some in (rows, known))

    assert full.as_records() == cut.as_records()
