"""Why a deal is in the pipeline that is looked at, or no longer: what is booked for one deal."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import final

import attrs

from oppcore.funnel.terms import Terms
from oppcore.history import Standing, Trail
from oppcore.money import Money
from oppcore.periods import Period
from oppcore.records import Outcome

__all__ = ["INFLOW", "ORDER", "OUTFLOW", "Booking", "MovementKind", "MovementPolicy", "PipelineView"]


class MovementPolicy(StrEnum):
    """What a deal that changes and leaves counts for.

    `leave_at_start_amount`: each deal is in one bucket, and leaves with what it was worth at the start. `book_deltas`:
    the change is booked as increased or decreased, and the deal leaves with what it was worth last; a deal that came
    and was closed in between is booked coming and going.
    """

    LEAVE_AT_START_AMOUNT = "leave_at_start_amount"
    BOOK_DELTAS = "book_deltas"


class MovementKind(StrEnum):
    """Why a deal is in the pipeline that is looked at, or no longer, or for another amount.

    A deal comes in because it is `new`, `restored` (removed, or in another pipeline, at the start), `reopened`,
    `pulled_in` (was expected later), `pushed_in` (was expected before the window), `dated` (had no expected close date)
    or, where nothing else brings it in, `transferred_in` (had other values in the columns of the scope, such as another
    owner). It goes out by the same reasons the other way round. `currency_out` and `currency_in` are a deal that stays
    and is priced in another currency. `unchanged` are those that stay for the same amount.
    """

    START = "start"
    NEW = "new"
    RESTORED = "restored"
    REOPENED = "reopened"
    PULLED_IN = "pulled_in"
    PUSHED_IN = "pushed_in"
    DATED = "dated"
    TRANSFERRED_IN = "transferred_in"
    INCREASED = "increased"
    CURRENCY_IN = "currency_in"
    DECREASED = "decreased"
    CURRENCY_OUT = "currency_out"
    WON = "won"
    LOST = "lost"
    ABANDONED = "abandoned"
    REMOVED = "removed"
    PUSHED_OUT = "pushed_out"
    PULLED_OUT = "pulled_out"
    UNDATED = "undated"
    TRANSFERRED_OUT = "transferred_out"
    END = "end"
    UNCHANGED = "unchanged"

    @property
    def sign(self) -> int:
        """1 for what adds to the pipeline, -1 for what takes away from it, 0 for what does neither."""
        return _SIGNS[self]


ORDER = tuple(MovementKind)
INFLOW = ORDER[ORDER.index(MovementKind.NEW) : ORDER.index(MovementKind.DECREASED)]
OUTFLOW = ORDER[ORDER.index(MovementKind.DECREASED) : ORDER.index(MovementKind.END)]
_SIGNS = {kind: (kind in INFLOW) - (kind in OUTFLOW) for kind in ORDER}
_CLOSED = {
    Outcome.WON: MovementKind.WON,
    Outcome.LOST: MovementKind.LOST,
    Outcome.ABANDONED: MovementKind.ABANDONED,
}
Booking = tuple[MovementKind, Money | None]
"""A kind of movement, and what the deal counts for there."""


@final
@attrs.frozen
class PipelineView:
    """The part of a pipeline that is looked at: open deals in the scope, and in the window where there is one.

    `group` narrows it to one value of the column grouped by, given as a tuple of that one value.
    """

    terms: Terms
    window: Period | None
    group: tuple[str | None] | None = None

    def book(self, start: Standing | None, end: Standing | None, trail: Trail) -> Iterator[Booking]:
        """Give what is booked for a deal by where it stood at the start and at the end (None: it was not there)."""
        was, stays = self._shows(start), self._shows(end)
        if start is not None and was:
            yield MovementKind.START, start.amount
        if end is not None and stays:
            yield MovementKind.END, end.amount
        if was and stays and start is not None and end is not None:
            yield from _change(start.amount, end.amount)
        elif stays and end is not None:
            yield self._why_in(start, end), end.amount
        elif was and start is not None:
            yield from self._leave(start, end)
        elif end is not None and self._passed_through(start, end, trail):
            yield self._why_in(start, end), end.amount
            yield _CLOSED[end.outcome], end.amount

    def lacks(self, *standings: Standing | None) -> Iterator[str]:
        """Give the codes of what the deal lacks to be counted in full, at the start or at the end."""
        for standing in standings:
            if standing is None or standing.outcome is not Outcome.OPEN or not self._covers(standing):
                continue
            if self.window is not None and standing.expected_close_on is None:
                yield "close_date.missing"
            elif standing.amount is None and self._shows(standing):
                yield "amount.missing"

    def _covers(self, standing: Standing) -> bool:
        column = self.terms.by
        if self.group is not None and column is not None and standing.column(column) != self.group[0]:
            return False
        return self.terms.covers(standing)

    def _expects(self, standing: Standing) -> bool:
        if self.window is None:
            return True
        return standing.expected_close_on is not None and standing.expected_close_on in self.window

    def _shows(self, standing: Standing | None) -> bool:
        if standing is None or standing.outcome is not Outcome.OPEN:
            return False
        return self._expects(standing) and self._covers(standing)

    def _why_in(self, start: Standing | None, end: Standing) -> MovementKind:
        if start is None:
            since = self.terms.since
            created_before = since is not None and end.opened_at <= since
            return MovementKind.RESTORED if created_before else MovementKind.NEW
        if start.outcome is not Outcome.OPEN:
            return MovementKind.REOPENED
        if self.window is None or self._expects(start):
            return MovementKind.TRANSFERRED_IN
        if start.expected_close_on is None:
            return MovementKind.DATED
        return MovementKind.PUSHED_IN if start.expected_close_on < self.window.start else MovementKind.PULLED_IN

    def _why_out(self, end: Standing | None) -> MovementKind:
        if end is None:
            return MovementKind.REMOVED
        if end.outcome is not Outcome.OPEN:
            return _CLOSED[end.outcome]
        if self.window is None or self._expects(end):
            return MovementKind.TRANSFERRED_OUT
        if end.expected_close_on is None:
            return MovementKind.UNDATED
        return MovementKind.PULLED_OUT if end.expected_close_on < self.window.start else MovementKind.PUSHED_OUT

    def _leave(self, start: Standing, end: Standing | None) -> Iterator[Booking]:
        amount = start.amount
        if end is not None and self._books_deltas:
            yield from (booking for booking in _change(amount, end.amount) if booking[0] is not MovementKind.UNCHANGED)
            amount = end.amount
        yield self._why_out(end), amount

    @property
    def _books_deltas(self) -> bool:
        return self.terms.policy == MovementPolicy.BOOK_DELTAS

    def _passed_through(self, start: Standing | None, end: Standing, trail: Trail) -> bool:
        """Whether a deal that is in neither end came and was closed in between, and that is booked."""
        if not self._books_deltas or end.outcome is Outcome.OPEN or not self._expects(end) or not self._covers(end):
            return False
        if start is None:
            return True
        if start.outcome is Outcome.OPEN:
            return not self._expects(start)
        since = self.terms.since
        return any(since is None or change.at > since for change in trail.reopenings)


def _change(old: Money | None, new: Money | None) -> Iterator[Booking]:
    """Book a deal that stays: what its amount became."""
    if old is None or new is None:
        if new is not None:
            yield MovementKind.INCREASED, new
        elif old is not None:
            yield MovementKind.DECREASED, old
        else:
            yield MovementKind.UNCHANGED, None
    elif old.currency != new.currency:
        yield MovementKind.CURRENCY_OUT, old
        yield MovementKind.CURRENCY_IN, new
    elif old == new:
        yield MovementKind.UNCHANGED, new
    else:
        rises = new > old
        yield (MovementKind.INCREASED, new - old) if rises else (MovementKind.DECREASED, old - new)
