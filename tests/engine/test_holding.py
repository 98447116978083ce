"""Deals on hold: since when, until when and why; nothing that moves, and nothing that outlives its process."""

from datetime import date

import pytest

from oppcore.engine import convert, hold, open_lead, replay, resume
from oppcore.errors import MoveRefused
from oppcore.pipeline import load_pipeline
from oppcore.records import Lead
from oppcore.records.progress import NOT_HELD
from tests.engine.deals import Deal
from tests.engine.examples import DAY, T0

PIPELINE = load_pipeline("""
key = "p"
stages = [{ key = "a", kind = "open" }, { key = "b", kind = "open" }, { key = "won", kind = "won" }]
flow = { reopen = {} }
""")
AUTUMN = date(2026, 9, 1)


def held():
    """A deal that was put on hold after a day."""
    deal = Deal(PIPELINE).after()
    deal.hold(resume_on=AUTUMN, reason="budget freeze")
    return deal


def test_a_hold_says_since_when_until_when_and_why():
    hold_ = held().progress.hold

    assert (hold_.held_since, hold_.resume_on, hold_.hold_reason) == (T0 + DAY, AUTUMN, "budget freeze")


def test_on_hold_already_it_goes_on_with_another_day_and_reason():
    deal = held().after()
    deal.hold(reason="holidays")

    assert deal.progress.hold.held_since == T0 + DAY
    assert (deal.progress.hold.resume_on, deal.progress.hold.hold_reason) == (None, "holidays")


def test_a_hold_stands_in_no_moves_way_and_lasts_over_it():
    deal = held()

    assert deal.after().move("b") == deal.move("a") == []
    assert deal.progress.hold.held_since == T0 + DAY


def test_resuming_ends_it_and_a_second_time_changes_nothing():
    deal = held()
    deal.changes += resume(PIPELINE, deal.record, at=deal.now)
    assert deal.progress.hold == NOT_HELD
    assert resume(PIPELINE, deal.record, at=deal.now) == ()


@pytest.mark.parametrize("closing", [{"outcome": "lost"}, {"outcome": "abandoned"}, {"to": "won"}], ids=str)
def test_closing_ends_it_for_good(closing):
    deal = held()
    deal.move("b")
    assert deal.after().move(**closing) == []
    assert deal.progress.hold == NOT_HELD
    deal.move("a", outcome="open")
    assert deal.progress.hold == NOT_HELD


@pytest.mark.parametrize("values", [{"held_since": T0}, {"resume_on": AUTUMN}, {"hold_reason": "x"}], ids=str)
def test_nothing_of_a_hold_is_put_on_a_closed_deal(values):
    deal = Deal(PIPELINE)
    deal.move(outcome="lost")

    assert deal.amend(values) == ["hold.closed"]
    assert [problem.path for problem in deal.problems] == list(values)
    with pytest.raises(MoveRefused, match="only an open one"):
        hold(PIPELINE, deal.record, at=T0, reason="x")


def test_what_is_no_day_is_refused():
    deal = Deal(PIPELINE)
    with pytest.raises(MoveRefused, match="resume_on"):
        deal.hold(resume_on=T0)


def test_a_hold_stays_with_the_lead_that_is_converted():
    leads = load_pipeline(
        'key = "l"\nkind = "lead"\nstages = [{ key = "n", kind = "open" }, { key = "w", kind = "won" }]'
    )
    changes = [*open_lead(leads, "l-1", {"source": "fair"}, at=T0)]
    changes += hold(leads, replay(changes, of=Lead), at=T0, reason="holidays")
    converted, opened = convert(leads, replay(changes, of=Lead), into=PIPELINE, opportunity_id="d", at=T0 + DAY)

    assert replay([*changes, converted], of=Lead).progress.hold == NOT_HELD
    assert (opened.record.progress.hold, opened.record.origin.source) == (NOT_HELD, "fair")
