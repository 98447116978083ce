"""What one opportunity went through: its visits, its closings, its path, and where it stands.

A deal *visits* a stage while its outcome is one that the kind of the stage stands for: open in an open stage, won in
a won or post-sale stage, lost or abandoned in a lost stage. So losing a deal where it stands ends its visit there, and
reopening it there begins another. A row that moves a deal into an open stage and closes it at once makes a visit of no
length. Leaving a stage for another of its own kind (won and post-sale are one kind here) is an advance, a jump or a
reversal by the order of the stages; leaving it for another kind ends the visit in the new outcome, or, where the deal
goes back to being open, in a reversal. That way every visit, to closed stages too, ends in exactly one `Ending`.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, datetime
from enum import StrEnum
from typing import final

import attrs

from oppcore.history.row import Row, RowKind
from oppcore.history.standing import Standing
from oppcore.money import Money
from oppcore.records import Outcome

__all__ = ["CloseDateChange", "Ending", "OutcomeChange", "Trail", "Visit"]


class Ending(StrEnum):
    """How a visit to a stage ended, or that it has not."""

    ADVANCED = "advanced"
    JUMPED = "jumped"
    REVERTED = "reverted"
    WON = "won"
    LOST = "lost"
    ABANDONED = "abandoned"
    REMOVED = "removed"
    OPEN = "open"


@final
@attrs.frozen
class Visit:
    """A stay in a stage, from `entered_at` up to `left_at` (None: still there), and how it ended."""

    stage: str
    entered_at: datetime
    left_at: datetime | None
    ended: Ending


@final
@attrs.frozen
class OutcomeChange:
    """A closing (the outcome is won, lost or abandoned) or a reopening (it is open), and the stage afterwards."""

    outcome: Outcome
    stage: str
    at: datetime
    reason: str | None = None


@final
@attrs.frozen
class CloseDateChange:
    """An open deal got another expected close date: which, when, and what the deal was worth then.

    `old` is None where there was no date before, `new` where there is none any more.
    """

    old: date | None
    new: date | None
    at: datetime
    amount: Money | None = None

    @property
    def days(self) -> int | None:
        """By how many days the deal slipped; negative where it was pulled in, None where a date is missing."""
        return None if self.old is None or self.new is None else (self.new - self.old).days


@final
@attrs.frozen(kw_only=True)
class Trail:
    """What the rows of one opportunity say.

    `path` lists, in order, each stage entered, and None each time the deal was won. `standing` is None where the deal
    is in no count: it was removed or merged (`removed` says which of them), moved to another pipeline, or never entered
    a stage of this one. `close_date_changes` are those of the open deal, `amounts` what it was said to be worth and
    when (None: no longer anything). `unused` holds the rows that could not be read against the pipeline, each with the
    code of the reason. `changed_at` is when something was last said of the deal in this pipeline. `holds` are the times
    for which the open deal was on hold, each from an instant to another (None: it still is).
    """

    opportunity_id: str
    visits: tuple[Visit, ...]
    outcome_changes: tuple[OutcomeChange, ...]
    path: tuple[tuple[str | None, datetime], ...]
    standing: Standing | None
    removed: RowKind | None
    close_date_changes: tuple[CloseDateChange, ...] = ()
    amounts: tuple[tuple[datetime, Money | None], ...] = ()
    unused: tuple[tuple[str, Row], ...] = ()
    changed_at: datetime | None = None
    holds: tuple[tuple[datetime, datetime | None], ...] = ()

    def amount_at(self, instant: datetime) -> Money | None:
        """Give what the deal was worth at an instant (inclusive); None where nothing was said."""
        place = bisect_right(self.amounts, instant, key=_when)
        return self.amounts[place - 1][1] if place else None

    @property
    def closings(self) -> tuple[OutcomeChange, ...]:
        """Every time the deal was won, lost or abandoned, also where it was reopened later."""
        return tuple(change for change in self.outcome_changes if change.outcome is not Outcome.OPEN)

    @property
    def reopenings(self) -> tuple[OutcomeChange, ...]:
        """Every time the closed deal was opened again."""
        return tuple(change for change in self.outcome_changes if change.outcome is Outcome.OPEN)


def _when(said: tuple[datetime, Money | None]) -> datetime:
    return said[0]
