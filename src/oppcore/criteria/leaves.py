"""The conditions on one value: present, compare, text, elapsed, answered, role."""

from __future__ import annotations

import operator as operators
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Context, Decimal
from enum import StrEnum
from typing import Any, cast, final

import attrs

from oppcore.criteria.situation import Situation
from oppcore.errors import Problem
from oppcore.money import Money
from oppcore.records import FieldValue, Lead, Opportunity, get_field, is_present
from oppcore.records.checks import key_text, texts, to_texts

__all__ = [
    "Answered",
    "Compare",
    "Comparison",
    "Elapsed",
    "Match",
    "Present",
    "Role",
    "Since",
    "Text",
    "in_days",
    "kind_of_value",
]


@final
@attrs.frozen
class Present:
    """The field has a value. Blank text and empty lists are missing; 0 and no are there. Never unknown."""

    field: str = attrs.field(validator=key_text)

    def judge(self, situation: Situation, /) -> bool:
        """Say whether the field has a value."""
        return is_present(get_field(situation.record, self.field))

    def problem(self, situation: Situation, wanted: bool, /) -> Problem:
        """Say that the field is missing, or that it should be."""
        if wanted:
            return Problem("field.missing", self.field)
        return Problem("field.present", self.field)


class Comparison(StrEnum):
    """How a field is compared; `between` includes both ends."""

    EQ = "eq"
    NE = "ne"
    LT = "lt"
    LE = "le"
    GT = "gt"
    GE = "ge"
    ONE_OF = "one_of"
    BETWEEN = "between"


_SEVERAL = (Comparison.ONE_OF, Comparison.BETWEEN)
_SIMPLE: Mapping[Comparison, Callable[[Any, Any], bool]] = {
    Comparison.EQ: operators.eq,
    Comparison.NE: operators.ne,
    Comparison.LT: operators.lt,
    Comparison.LE: operators.le,
    Comparison.GT: operators.gt,
    Comparison.GE: operators.ge,
}


@final
@attrs.frozen
class Compare:
    """The field compares with a value of its own kind: text, number, money, date, instant or yes and no.

    `value` is one value, a tuple of values for `one_of`, or a (low, high) pair for `between`. A missing field and
    money in another currency give unknown.
    """

    field: str = attrs.field(validator=key_text)
    comparison: Comparison = attrs.field(converter=Comparison)
    value: Any = attrs.field()

    @value.validator
    def _check(self, _attribute: object, value: Any) -> None:
        if (self.comparison in _SEVERAL) != isinstance(value, tuple):
            message = f"{self.comparison} takes {'a tuple of values' if self.comparison in _SEVERAL else 'one value'}"
            raise TypeError(message)
        if self.comparison is Comparison.BETWEEN and (len(value) != 2 or not value[0] <= value[1]):
            message = "between takes a low and a high value, in that order"
            raise ValueError(message)
        if self.comparison is Comparison.ONE_OF and not value:
            message = "one_of takes at least one value"
            raise ValueError(message)
        if any(isinstance(one, str) and not one.strip() for one in self.operands):
            message = "blank text counts as missing: ask whether the field is present instead"
            raise ValueError(message)

    @property
    def operands(self) -> tuple[Any, ...]:
        """The values compared with: one, two for `between`, any number for `one_of`."""
        return cast("tuple[Any, ...]", self.value) if self.comparison in _SEVERAL else (self.value,)

    def _obstacle(self, situation: Situation, have: FieldValue) -> Problem | None:
        """Say why a value cannot be compared: it is of another kind (the field was once another), or currency."""
        if isinstance(have, Money) and self.comparison is Comparison.ONE_OF and have in self.value:
            return None  # one of several currencies, and equal
        for value in self.operands:
            if kind_of_value(value) is not kind_of_value(have):
                params = {"need": kind_of_value(value).__name__, "have": kind_of_value(have).__name__}
                return Problem("field.type", self.field, params)
            if isinstance(have, Money) and value.currency != have.currency:
                shown = situation.shown(self.field, have)
                return Problem("field.currency", self.field, {"have": shown, "currency": value.currency})
        return None

    def judge(self, situation: Situation, /) -> bool | None:
        """Say whether the field compares as wanted; None where it is missing or in another currency."""
        have = get_field(situation.record, self.field)
        if not is_present(have) or self._obstacle(situation, have) is not None:
            return None
        if self.comparison is Comparison.ONE_OF:
            return have in self.value
        if self.comparison is Comparison.BETWEEN:
            low, high = self.value
            return bool(low <= have <= high)
        return bool(_SIMPLE[self.comparison](have, self.value))

    def problem(self, situation: Situation, wanted: bool, /) -> Problem:
        """Say what the field is and what it should be."""
        have = get_field(situation.record, self.field)
        need = self.value
        params: dict[str, Any] = {"comparison": str(self.comparison), "need": need}
        if not is_present(have):
            return Problem("field.missing_to_compare", self.field, params)
        if (obstacle := self._obstacle(situation, have)) is not None:
            return obstacle
        code = f"field.{self.comparison}" if wanted else f"field.not_{self.comparison}"
        return Problem(code, self.field, params | {"have": situation.shown(self.field, have)})


def kind_of_value(value: object) -> type[object]:
    """Give the kind by which values are compared: every choice is a text."""
    return str if isinstance(value, str) else type(value)


class Match(StrEnum):
    """How a text is looked for in another, letters large and small being alike."""

    CONTAINS = "contains"
    STARTS = "starts"
    ENDS = "ends"


@final
@attrs.frozen
class Text:
    """The text of a field contains, starts or ends with another, letter case aside. Missing is unknown."""

    field: str = attrs.field(validator=key_text)
    match: Match = attrs.field(converter=Match)
    value: str = attrs.field(validator=key_text)

    def judge(self, situation: Situation, /) -> bool | None:
        """Say whether the text matches; None where there is none."""
        have = get_field(situation.record, self.field)
        if not isinstance(have, str) or not is_present(have):
            return None
        text, part = have.casefold(), self.value.casefold()
        if self.match is Match.CONTAINS:
            return part in text
        return text.startswith(part) if self.match is Match.STARTS else text.endswith(part)

    def problem(self, situation: Situation, wanted: bool, /) -> Problem:
        """Say what the text should match."""
        have = get_field(situation.record, self.field)
        if not is_present(have):
            return Problem("field.missing", self.field)
        code = f"field.{self.match}" if wanted else f"field.not_{self.match}"
        return Problem(code, self.field, {"need": self.value, "have": situation.shown(self.field, have)})


# The host's own decimal context must not change an answer.
_EXACT_ENOUGH = Context(prec=28)


class Since(StrEnum):
    """From when a duration counts."""

    ENTERED = "entered"
    LAST_ACTIVITY = "last_activity"
    OPENED = "opened"


def _days(_instance: object, attribute: Any, value: Any) -> None:
    if value is not None and (not isinstance(value, Decimal) or not value.is_finite() or not 0 <= value <= 100_000):
        message = f"{attribute.name} is a Decimal from 0 to 100000"
        raise ValueError(message)


@final
@attrs.frozen
class Elapsed:
    """So many days have passed since the stage was entered, the last activity, or the opening.

    A day is 86,400 seconds. Both limits are inclusive; at least one is given. Unknown without a last activity.
    """

    since: Since = attrs.field(converter=Since)
    at_least_days: Decimal | None = attrs.field(default=None, kw_only=True, validator=_days)
    at_most_days: Decimal | None = attrs.field(default=None, kw_only=True, validator=_days)

    def __attrs_post_init__(self) -> None:
        if self.at_least_days is None and self.at_most_days is None:
            message = "elapsed needs at_least_days or at_most_days"
            raise ValueError(message)

    def _start(self, situation: Situation) -> datetime | None:
        record = situation.record
        if not isinstance(record, (Opportunity, Lead)):
            return None  # an item has no stage and no clock
        if self.since is Since.LAST_ACTIVITY:
            return record.engagement.last_activity_at
        return record.progress.entered_at if self.since is Since.ENTERED else record.progress.opened_at

    def judge(self, situation: Situation, /) -> bool | None:
        """Say whether the duration lies within the limits; None where its start is not known."""
        start = self._start(situation)
        if start is None:
            return None
        passed = in_days(situation.at - start)
        return (self.at_least_days is None or passed >= self.at_least_days) and (
            self.at_most_days is None or passed <= self.at_most_days
        )

    def problem(self, situation: Situation, wanted: bool, /) -> Problem:
        """Say how many days have passed and how many should."""
        start = self._start(situation)
        if start is None:
            return Problem("elapsed.unknown", self.since)
        days = _EXACT_ENOUGH.quantize(in_days(situation.at - start), Decimal("0.01"))
        params = {"have": days, "at_least": self.at_least_days, "at_most": self.at_most_days}
        return Problem("elapsed.unmet" if wanted else "elapsed.met", self.since, params)


def in_days(duration: timedelta) -> Decimal:
    """Give a duration in days of 86,400 seconds."""
    microseconds = (duration.days * 86_400 + duration.seconds) * 1_000_000 + duration.microseconds
    return _EXACT_ENOUGH.divide(Decimal(microseconds), Decimal(86_400_000_000))


@final
@attrs.frozen
class Role:
    """The actor has at least one of these roles. Unknown when nobody acts."""

    roles: tuple[str, ...] = attrs.field(converter=to_texts, validator=[texts, attrs.validators.min_len(1)])

    def judge(self, situation: Situation, /) -> bool | None:
        """Say whether the actor has one of the roles; None where no actor is given."""
        if situation.actor is None:
            return None
        return not situation.actor.roles.isdisjoint(self.roles)

    def problem(self, situation: Situation, wanted: bool, /) -> Problem:
        """Say which role is needed."""
        actor = situation.actor
        params = {"need": self.roles, "have": actor and actor.id}
        return Problem("role.missing" if wanted else "role.held", "actor", params)


@final
@attrs.frozen
class Answered:
    """Every one of these checklist items has an answer; no and 0 are answers. Never unknown."""

    items: tuple[str, ...] = attrs.field(converter=to_texts, validator=[texts, attrs.validators.min_len(1)])

    def _open(self, situation: Situation) -> list[str]:
        record = situation.record
        if not isinstance(record, (Opportunity, Lead)):
            return list(self.items)
        return [item for item in self.items if not is_present(record.progress.answers.get(item))]

    def judge(self, situation: Situation, /) -> bool:
        """Say whether every item has an answer."""
        return not self._open(situation)

    def problem(self, situation: Situation, wanted: bool, /) -> Problem:
        """Say which items have no answer."""
        if wanted:
            return Problem("answers.missing", "answers", {"need": self._open(situation)})
        return Problem("answers.present", "answers", {"need": self.items})
