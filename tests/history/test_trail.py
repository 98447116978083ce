"""What a trail remembers of amounts and expected close dates."""

from datetime import date

from oppcore.history import CloseDateChange, RowKind, fold_history, make_history
from oppcore.money import Money
from tests.history.examples import PIPELINE, day, row

FIRST, SECOND, THIRD = date(2024, 3, 1), date(2024, 3, 11), date(2024, 3, 6)


def trail(*rows):
    (found,) = fold_history(make_history(rows), PIPELINE).trails
    return found


def test_every_change_of_the_close_date_of_an_open_deal_is_kept():
    found = trail(
        row("Q", 0, expected_close_on=FIRST, amount=Money(5, "EUR")),
        row(None, 1, expected_close_on=SECOND, amount=Money(6, "EUR")),
        row(None, 2, expected_close_on=SECOND),
        row("P", 3, expected_close_on=THIRD),
        row(None, 4, cleared=("expected_close_on",)),
    )

    assert (
        found.close_date_changes
        == (
            CloseDateChange(None, FIRST, day(0), Money(5, "EUR")),
            CloseDateChange(FIRST, SECOND, day(1), Money(6, "EUR")),
            CloseDateChange(SECOND, THIRD, day(3), Money(6, "EUR")),
            CloseDateChange(THIRD, None, day(4), Money(6, "EUR")),
        )[1:]
    )
    assert [change.days for change in found.close_date_changes] == [10, -5, None]


def test_dates_said_of_a_deal_that_is_closed_removed_or_away_are_no_changes_of_an_open_deal():
    found = trail(
        row("Q", 0, expected_close_on=FIRST),
        row("L", 1, expected_close_on=SECOND),
        row(None, 2, expected_close_on=THIRD),
        row("Q", 3, expected_close_on=SECOND),
        row(None, 4, kind=RowKind.REMOVED, expected_close_on=THIRD),
        row(None, 5, kind=RowKind.RESTORED, expected_close_on=FIRST),
        row(None, 6, pipeline="other", expected_close_on=SECOND),
        row("Q", 7, pipeline="golden", expected_close_on=THIRD),
    )

    assert found.close_date_changes == ()


def test_a_date_said_later_of_an_open_deal_without_one_is_a_change():
    found = trail(row("Q", 0), row(None, 1, expected_close_on=FIRST))

    assert found.close_date_changes == (CloseDateChange(None, FIRST, day(1)),)


def test_what_a_deal_was_worth_at_an_instant():
    found = trail(
        row("Q", 0),
        row(None, 1, amount=Money(5, "EUR")),
        row(None, 2, amount=Money(6, "EUR")),
        row(None, 3, cleared=("amount",)),
    )

    worth = [found.amount_at(day(on)) for on in range(5)]
    assert worth == [None, Money(5, "EUR"), Money(6, "EUR"), None, None]


def test_a_hold_lasts_until_the_deal_goes_on_or_is_closed():
    found = trail(
        row("Q", 0, on_hold=False),
        row(None, 1, on_hold=True),
        row("P", 2, on_hold=True),
        row(None, 3, on_hold=False),
        row(None, 4, on_hold=True),
        row("L", 5),
        row(None, 6, on_hold=True),
        row("Q", 7),
        row(None, 8, on_hold=True),
    )

    assert found.holds == ((day(1), day(3)), (day(4), day(5)), (day(8), None))
    assert found.changed_at == day(8)
