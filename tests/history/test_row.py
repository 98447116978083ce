from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from oppcore.history import Row, RowKind
from oppcore.records import Outcome

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_row_needs_an_opportunity_a_stage_and_an_instant():
    row = Row(opportunity_id="o", stage="q", at=AT)

    assert (row.kind, row.outcome, row.number, row.known_at) == (RowKind.ENTRY, None, 0, AT)


@pytest.mark.parametrize("kind", ["removed", "restored", "merged"])
def test_rows_of_other_kinds_need_no_stage(kind):
    assert Row(opportunity_id="o", kind=kind, at=AT).stage is None


def test_texts_become_what_they_name():
    row = Row(opportunity_id="o", stage="q", at=AT, outcome="lost", forecast_category="commit")

    assert row.outcome is Outcome.LOST


def test_instants_are_kept_in_utc():
    row = Row(opportunity_id="o", stage="q", at=AT.astimezone(timezone(timedelta(hours=-5))), recorded_at=AT)

    assert row.at.isoformat() == "2026-03-01T12:00:00+00:00"


def test_it_was_known_when_it_was_recorded():
    assert Row(opportunity_id="o", stage="q", at=AT, recorded_at=AT + timedelta(1)).known_at == AT + timedelta(1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"stage": " "},
        {"kind": "voided"},
        {"kind": "voided", "seq": Decimal(3), "corrects": Decimal(3)},
        {"corrects": Decimal(2)},
        {"opportunity_id": ""},
        {"at": datetime(2026, 1, 1)},  # noqa: DTZ001
        {"at": datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-5)))},
        {"at": "2026-01-01"},
        {"recorded_at": datetime(2026, 1, 1)},  # noqa: DTZ001
        {"probability": Decimal("1.5")},
        {"probability": 0.5},
        {"amount": Decimal(1)},
        {"seq": 1},
        {"seq": Decimal("NaN")},
        {"expected_close_on": AT},
        {"outcome": "maybe"},
        {"kind": "deleted"},
        {"on_hold": "yes"},
    ],
)
def test_what_no_row_can_be_is_refused(wrong):
    with pytest.raises((TypeError, ValueError)):
        Row(**{"opportunity_id": "o", "stage": "q", "at": AT, **wrong})


def test_a_row_can_be_hashed_and_does_not_keep_the_callers_dict():
    further = {"region": "north"}
    row = Row(opportunity_id="o", stage="q", at=AT, further=further)
    further["region"] = "south"

    assert row.further == {"region": "north"}
    assert len({row, row}) == 1
