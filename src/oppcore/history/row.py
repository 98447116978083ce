"""A row of the change table: one thing that was said about one opportunity at one instant."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, final

import attrs

from oppcore.money import Money
from oppcore.records import ForecastCategory, Outcome
from oppcore.records.checks import aware, key_text, optional_key, optional_probability, optional_text

__all__ = ["Row", "RowKind"]


class RowKind(StrEnum):
    """What a row says: where the deal stands (`entry`), that it was removed, restored or merged into another.

    A `voided` row says that the one it corrects never happened.
    """

    ENTRY = "entry"
    REMOVED = "removed"
    RESTORED = "restored"
    MERGED = "merged"
    VOIDED = "voided"


def _to_utc(value: Any, name: str) -> datetime:
    aware(None, attrs.fields_dict(Row)[name], value)
    try:
        instant: datetime = value.astimezone(UTC)
    except OverflowError:
        message = f"{name} lies outside the years 1 to 9999 once it is in UTC: {value.isoformat()}"
        raise ValueError(message) from None
    return instant


def _to_at(value: Any) -> datetime:
    return _to_utc(value, "at")


def _to_recorded_at(value: Any) -> datetime | None:
    return None if value is None else _to_utc(value, "recorded_at")


def _to_outcome(value: str | None) -> Outcome | None:
    return None if value is None else Outcome(value)


def _to_category(value: str | None) -> ForecastCategory | None:
    return None if value is None else ForecastCategory(value)


_NOTHING: Mapping[str, str] = {}


def _to_further(value: Mapping[str, str]) -> Mapping[str, str]:
    return dict(value) if value else _NOTHING


def _decimal(_instance: Any, attribute: Any, value: Any) -> None:
    if value is not None and not (isinstance(value, Decimal) and value.is_finite()):
        message = f"{attribute.name} is a finite Decimal, not {value!r}"
        raise TypeError(message)


def _money(_instance: Any, attribute: Any, value: Any) -> None:
    if value is not None and not isinstance(value, Money):
        message = f"{attribute.name} is Money, not {type(value).__name__}"
        raise TypeError(message)


def _day(_instance: Any, attribute: Any, value: Any) -> None:
    if value is not None and (not isinstance(value, date) or isinstance(value, datetime)):
        message = f"{attribute.name} is a date, not {type(value).__name__}"
        raise TypeError(message)


def _flag(_instance: Any, attribute: Any, value: Any) -> None:
    if value is not None and not isinstance(value, bool):
        message = f"{attribute.name} is True or False, not {value!r}"
        raise TypeError(message)


def _corrects(instance: Row, attribute: Any, value: Any) -> None:
    _decimal(instance, attribute, value)
    if value is None:
        if instance.kind is RowKind.VOIDED:
            message = "a voided row names the `seq` of the row that never happened in `corrects`"
            raise ValueError(message)
    elif instance.seq is None or instance.seq <= value:
        message = f"a row that corrects another has a higher `seq` than that, not {instance.seq}"
        raise ValueError(message)


@final
@attrs.frozen(kw_only=True)
class Row:
    """What was said about an opportunity at an instant; None means *not said*: the value said before stands.

    An entry without a stage says something of a deal that stays where it is. `cleared` names the columns that hold
    nothing from then on. A row that `corrects` another (by its `seq`) takes its place from the instant on at which it
    became known: it tells what that row told, at the instant at which it really happened.

    `outcome` None: what the kind of the stage says where the stage changes, and no change where it does not. `seq`,
    then `number` (the data row of the file, from 1; 0 without a file) order the rows of one instant. `recorded_at` is
    when the row became known (None: at once). `further` holds the columns oppcore does not know, for grouping.
    Instants are kept in UTC. `on_hold` says that an open deal is put on hold, or goes on. A removed or merged row takes
    the deal out of every count, whatever stage it names; a restored row brings it back, where it names no stage to
    where it stood.
    """

    opportunity_id: str = attrs.field(validator=key_text)
    kind: RowKind = attrs.field(default=RowKind.ENTRY, converter=RowKind)
    stage: str | None = attrs.field(default=None, validator=optional_key)
    at: datetime = attrs.field(converter=_to_at)
    outcome: Outcome | None = attrs.field(default=None, converter=_to_outcome)
    seq: Decimal | None = attrs.field(default=None, validator=_decimal)
    number: int = 0
    recorded_at: datetime | None = attrs.field(default=None, converter=_to_recorded_at)
    amount: Money | None = attrs.field(default=None, validator=_money)
    owner_id: str | None = attrs.field(default=None, validator=optional_key)
    source: str | None = attrs.field(default=None, validator=optional_text)
    probability: Decimal | None = attrs.field(default=None, validator=optional_probability)
    forecast_category: ForecastCategory | None = attrs.field(default=None, converter=_to_category)
    expected_close_on: date | None = attrs.field(default=None, validator=_day)
    actor_id: str | None = attrs.field(default=None, validator=optional_key)
    reason: str | None = attrs.field(default=None, validator=optional_text)
    pipeline: str | None = attrs.field(default=None, validator=optional_key)
    on_hold: bool | None = attrs.field(default=None, validator=_flag)
    further: Mapping[str, str] = attrs.field(default=_NOTHING, converter=_to_further, hash=False)
    cleared: tuple[str, ...] = ()
    corrects: Decimal | None = attrs.field(default=None, validator=_corrects)

    @property
    def place(self) -> Decimal | None:
        """The row's place among those of its instant: its `seq`, or that of the row it corrects."""
        return self.seq if self.corrects is None else self.corrects

    @property
    def known_at(self) -> datetime:
        """When the row became known: `recorded_at`, or the instant itself."""
        return self.at if self.recorded_at is None else self.recorded_at
