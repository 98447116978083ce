"""Wins within a month, foretold at five days in the past of leadforge, against what then happened."""

from datetime import UTC, datetime, timedelta

import pytest

from oppcore.exchange import read_changes, read_table
from oppcore.forecast import estimate_closing
from oppcore.history import infer_pipeline, take_snapshot
from oppcore.records import Outcome

MONTH = timedelta(days=30)


@pytest.fixture(scope="module")
def deals(folder):
    table = read_table(folder / "leadforge_seed42" / "stage_history.csv")
    history = read_changes(table, columns={"opportunity_id": "lead_id", "stage": "to_stage"}, timezone="UTC")
    return history, infer_pipeline(history, won=["closed_won"], lost=["closed_lost"])


def brier(chances, won):
    return sum((chance - (id in won)) ** 2 for id, chance in chances.items()) / len(chances)


@pytest.mark.parametrize(("month", "day"), [(2, 9), (2, 18), (2, 28), (3, 9), (3, 19)])
def test_comparing_like_with_like_beats_the_win_rate_at_every_origin(deals, month, day):
    at = datetime(2024, month, day, tzinfo=UTC)
    past, later = (take_snapshot(*deals, as_of=when) for when in (at, at + MONTH))
    chances = estimate_closing(*deals, within=MONTH, as_of=at).probabilities
    won = set(later.ids(outcome=Outcome.WON)) - set(past.ids(outcome=Outcome.WON))
    rate = past.won / (past.won + past.lost)

    assert len(chances) > 250
    assert brier(chances, won) < brier(dict.fromkeys(chances, rate), won)
