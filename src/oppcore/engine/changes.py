"""What can happen to a record: frozen changes, each with a stamp that says when, by whom and under which rules."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeAlias, final

import attrs

from oppcore.pipeline import Direction
from oppcore.records import FieldValue, ForecastCategory, Record, RecordKind, Round, Signature, State
from oppcore.records.checks import (
    aware,
    check_text,
    key_text,
    optional_aware,
    optional_key,
    optional_probability,
    optional_text,
    to_optional_utc,
    to_utc,
    version_number,
)

__all__ = [
    "Amended",
    "Change",
    "Converted",
    "Corrected",
    "Edit",
    "Merged",
    "Moved",
    "Opened",
    "Origination",
    "Removed",
    "Requested",
    "Restored",
    "Signed",
    "Stamp",
    "Waived",
    "Waiver",
]


class Origination(StrEnum):
    """How a change came about: by the rules, taken over from elsewhere, from another pipeline, or as rules changed."""

    LIVE = "live"
    ADOPTED = "adopted"
    TRANSFERRED = "transferred"
    MIGRATED = "migrated"


def _to_kind(value: RecordKind | str) -> RecordKind:
    return value if type(value) is RecordKind else RecordKind(value)


def _to_origination(value: Origination | str) -> Origination:
    return value if type(value) is Origination else Origination(value)


@final
@attrs.frozen
class Waived:
    """A rule that was overridden: its name, and the code and path of what it had to say."""

    rule: str
    code: str
    path: str = ""


def _some_text(_instance: object, attribute: attrs.Attribute[str], value: object) -> None:
    check_text(value, attribute.name, blank=False)


@final
@attrs.frozen
class Waiver:
    """Why rules were overridden, and which; who did it stands in the stamp."""

    reason: str = attrs.field(validator=_some_text)
    waived: tuple[Waived, ...]


@final
@attrs.frozen(kw_only=True)
class Stamp:
    """Which record a change belongs to, and when, by whom and under which rules it came about.

    `version` is the record's version after the change. `at` is when it happened, `recorded_at` when it was written
    down (never earlier). `pipeline` and `revision` name the rules it was decided under, `rules` those that were asked
    (see `oppcore.pipeline.rules_of`), `waiver` those that were overridden.
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
    rules: tuple[str, ...] = ()
    waiver: Waiver | None = None


def _a(type_: type[Any]) -> Any:
    return attrs.field(validator=attrs.validators.instance_of(type_))


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

    stamp: Stamp = _a(Stamp)
    source: State = _a(State)
    target: State = _a(State)
    directions: tuple[Direction, ...]
    reason: str | None = attrs.field(default=None, validator=optional_key)
    probability: Decimal | None = attrs.field(default=None, validator=optional_probability)
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

    stamp: Stamp = _a(Stamp)
    source: State = _a(State)
    target: State = _a(State)
    opportunity_id: str = attrs.field(validator=key_text)


@final
@attrs.frozen(kw_only=True)
class Requested:
    """An approval was asked for: the round, with its rules and the content it is about."""

    stamp: Stamp
    round: Round


@final
@attrs.frozen(kw_only=True)
class Signed:
    """Somebody said something in the newest round of approval of a subject."""

    stamp: Stamp
    subject: str = attrs.field(validator=key_text)
    number: int = attrs.field(validator=version_number)
    signature: Signature


@final
@attrs.frozen(kw_only=True)
class Corrected:
    """The past was amended: the change with the version `corrects` happened at another instant, or never.

    `happened_at` is that instant; None where the change is void. The rest is how the record stands because of it;
    `said_at` is when the estimate that a deal then has was made.
    """

    stamp: Stamp
    corrects: int = attrs.field(validator=version_number)
    happened_at: datetime | None = attrs.field(default=None, converter=to_optional_utc, validator=optional_aware)
    state: State
    opened_at: datetime = attrs.field(converter=to_utc, validator=aware)
    entered_at: datetime = attrs.field(converter=to_utc, validator=aware)
    closed_at: datetime | None = attrs.field(default=None, converter=to_optional_utc, validator=optional_aware)
    reason: str | None = attrs.field(default=None, validator=optional_key)
    said_at: datetime | None = attrs.field(default=None, converter=to_optional_utc, validator=optional_aware)
    edits: tuple[Edit, ...] = ()


@final
@attrs.frozen(kw_only=True)
class Merged:
    """Two records became one: `absorbed_id` is in `into_id` from now on. Both have this change in their histories.

    `edits` are what the surviving record took over; the absorbed one is out of the process until it is restored.
    """

    stamp: Stamp
    into_id: str = attrs.field(validator=key_text)
    absorbed_id: str = attrs.field(validator=key_text)
    edits: tuple[Edit, ...] = ()


@final
@attrs.frozen(kw_only=True)
class Removed:
    """The record was taken out of the process; its history stays."""

    stamp: Stamp
    comment: str | None = attrs.field(default=None, validator=optional_text)


@final
@attrs.frozen(kw_only=True)
class Restored:
    """A removed or absorbed record is back, where it stood."""

    stamp: Stamp
    comment: str | None = attrs.field(default=None, validator=optional_text)


Change: TypeAlias = Opened | Moved | Amended | Requested | Signed | Corrected | Converted | Merged | Removed | Restored
"""Everything that can happen to a record."""
