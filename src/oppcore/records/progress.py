"""Where a record stands in its process: the pair (stage, outcome) and what the engine keeps beside it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from enum import StrEnum
from typing import final

import attrs

from oppcore.records.approvals import Round
from oppcore.records.checks import (
    aware,
    key_text,
    made_of,
    optional_aware,
    optional_date,
    optional_key,
    optional_text,
    to_optional_utc,
    to_utc,
    version_number,
)
from oppcore.records.custom import CustomFields, to_custom

__all__ = ["HOLD_FIELDS", "NOT_HELD", "NO_ANSWERS", "Hold", "Outcome", "Progress", "Removal", "State", "to_outcome"]


class Outcome(StrEnum):
    """How a process ended, or that it has not: stored, never inferred from a probability, a date or a position."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"
    ABANDONED = "abandoned"


def to_outcome(value: Outcome | str) -> Outcome:
    """Give the outcome of a word."""
    return value if type(value) is Outcome else Outcome(value)


@final
@attrs.frozen
class State:
    """The pair that is the state of a process: a stage key and an outcome."""

    stage: str = attrs.field(validator=key_text)
    outcome: Outcome = attrs.field(converter=to_outcome)

    def __str__(self) -> str:
        return self.stage if self.outcome is Outcome.OPEN else f"{self.stage} ({self.outcome})"

    def say(self, call: Callable[[str, str], str], /) -> str:
        """Give the text, with what `call` says the stage and the outcome are called (see `oppcore.messages`)."""
        stage = call("stage", self.stage)
        if self.outcome is Outcome.OPEN:
            return stage
        return f"{stage}{call('mark', '(')}{call('Outcome', self.outcome)}{call('mark', ')')}"


@final
@attrs.frozen(kw_only=True)
class Hold:
    """Since when a record is on hold, until when it is meant to be, and why; nothing where it is not."""

    held_since: datetime | None = attrs.field(default=None, converter=to_optional_utc, validator=optional_aware)
    resume_on: date | None = attrs.field(default=None, validator=optional_date)
    hold_reason: str | None = attrs.field(default=None, validator=optional_text)


HOLD_FIELDS = tuple(field.name for field in attrs.fields(Hold))
"""The fields by which a hold is set and ended."""
NOT_HELD = Hold()
"""The hold of a record that goes on."""
NO_ANSWERS = CustomFields()
"""No item of a checklist is answered."""


@final
@attrs.frozen(kw_only=True)
class Removal:
    """When a record was taken out of the process, and the id of the record it was merged into, if it was."""

    at: datetime = attrs.field(converter=to_utc, validator=aware)
    merged_into: str | None = attrs.field(default=None, validator=optional_key)


@final
@attrs.frozen(kw_only=True)
class Progress:
    """Where a record stands; written by the engine alone.

    `version` counts the record's changes from 1. `entered_at` is when the present stage was entered, `changed_at` when
    the last change happened, `recorded_at` when it was recorded, `closed_at` when the process was closed (None while
    it is open). `reason` is the key of the reason given when it was closed. `answers` holds what was answered to the
    items of checklists, by their keys; only amendments change it, and `hold`. `approvals` holds every round of approval
    in the order in which they were asked for. `removal` is there while the record is removed or merged.
    """

    pipeline: str = attrs.field(validator=key_text)
    stage: str = attrs.field(validator=key_text)
    outcome: Outcome = attrs.field(default=Outcome.OPEN, converter=to_outcome)
    version: int = attrs.field(validator=version_number)
    opened_at: datetime = attrs.field(converter=to_utc, validator=aware)
    entered_at: datetime = attrs.field(converter=to_utc, validator=aware)
    changed_at: datetime = attrs.field(converter=to_utc, validator=aware)
    recorded_at: datetime = attrs.field(converter=to_utc, validator=aware)
    closed_at: datetime | None = attrs.field(default=None, converter=to_optional_utc, validator=optional_aware)
    reason: str | None = attrs.field(default=None, validator=optional_key)
    answers: CustomFields = attrs.field(default=NO_ANSWERS, converter=to_custom)
    hold: Hold = NOT_HELD
    approvals: tuple[Round, ...] = attrs.field(default=(), converter=tuple[Round, ...], validator=made_of(Round))
    removal: Removal | None = None

    @property
    def state(self) -> State:
        """The pair (stage, outcome)."""
        return State(self.stage, self.outcome)

    def rounds_of(self, subject: str) -> tuple[Round, ...]:
        """Give the rounds of approval of a subject, in the order in which they were asked for."""
        return tuple(one for one in self.approvals if one.subject == subject)
