"""What can happen to a record: frozen changes, each with a stamp that says when, by whom and under which rules."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias, final

import attrs

from oppcore.pipeline import Direction
from oppcore.records import FieldValue, ForecastCategory, Record, RecordKind, State
from oppcore.records.checks import aware, key_text, optional_key, to_utc, version_number

__all__ = ["Amended", "Change", "Converted", "Edit", "Moved", "Opened", "Origination", "Stamp"]


class Origination(StrEnum):
    """Whether a change was decided by the rules, or taken over as a fact from elsewhere."""

    LIVE = "live"
    ADOPTED = "adopted"


def _to_kind(value: RecordKind | str) -> RecordKind:
    return value if type(value) is RecordKind else RecordKind(value)


def _to_origination(value: Origination | str) -> Origination:
    return value if type(value) is Origination else Origination(value)


@final
@attrs.frozen(kw_only=True)
class Stamp:
    """Which record a change belongs to, and when, by whom and under which rules it came about.

    `version` is the record's version after the change. `at` is when it happened, `recorded_at` when it was written
    down (never earlier). `pipeline` and `revision` name the rules it was decided under.
    """

    kind: RecordKind = attrs.field(default=RecordKind.OPPORTUNITY, converter=_to_kind)
    record_id: str = attrs.field(validator=key_text)
    version: int = attrs.field(validator=version_number)
    at: datetime = attrs.field(converter=to_utc, validator=aware)
    recorded_at: datetime = attrs.field(converter=to_utc, validator=aware)
    actor_id: str | None = attrs.field(default=None, validator=optional_key)
    pipeline: str = attrs.field(validator=key_text)
    revision: int = attrs.field(validator=version_number)
    origin: Origination = attrs.field(default=Origination.LIVE, converter=_to_origination)


@final
@attrs.frozen(kw_only=True)
class Opened:
    """A record came to be: its full image at version 1."""

    stamp: Stamp
    record: Record


@final
@attrs.frozen(kw_only=True)
class Moved:
    """The state changed. `probability` and `forecast_category` are those that hold afterwards; `reason` closes."""

    stamp: Stamp
    source: State
    target: State
    directions: tuple[Direction, ...]
    reason: str | None = None
    probability: Decimal | None = None
    forecast_category: ForecastCategory | None = None


def _hidden(_value: FieldValue) -> str:
    return "…"


@final
@attrs.frozen
class Edit:
    """One field's value before and after. Values are not printed: some are personal, and an edit cannot tell which."""

    field: str
    old: FieldValue = attrs.field(repr=_hidden)
    new: FieldValue = attrs.field(repr=_hidden)


@final
@attrs.frozen(kw_only=True)
class Amended:
    """Fields changed, and nothing else."""

    stamp: Stamp
    edits: tuple[Edit, ...]


@final
@attrs.frozen(kw_only=True)
class Converted:
    """A lead was won: it became (or joined) an opportunity, whose own `Opened` belongs to the same commit."""

    stamp: Stamp
    source: State
    target: State
    opportunity_id: str = attrs.field(validator=key_text)


Change: TypeAlias = Opened | Moved | Amended | Converted
"""Everything that can happen to a record."""
