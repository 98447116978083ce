"""A stage of a pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any, final

import attrs

from oppcore.criteria import Criterion
from oppcore.records import ForecastCategory, Outcome
from oppcore.records.checks import check_text, key_text, optional_decimal, optional_probability, texts, to_texts

__all__ = ["ChecklistItem", "Labels", "Stage", "StageKind", "labels_field"]


class StageKind(StrEnum):
    """What it means for a deal to stand in a stage."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"
    POST_SALE = "post_sale"

    @property
    def outcome(self) -> Outcome:
        """The outcome that entering a stage of this kind gives, where nothing else is said."""
        return _OUTCOMES[self]


_OUTCOMES = {
    StageKind.OPEN: Outcome.OPEN,
    StageKind.WON: Outcome.WON,
    StageKind.LOST: Outcome.LOST,
    StageKind.POST_SALE: Outcome.WON,
}

Labels = tuple[tuple[str, str], ...]
"""(language, text) pairs, in the order of the languages."""


def _to_labels(labels: Mapping[str, str] | Labels) -> Labels:
    return tuple(sorted(labels.items() if isinstance(labels, Mapping) else labels))


def _check_labels(_instance: object, _attribute: Any, value: Labels) -> None:
    if len(dict(value)) != len(value):
        message = "there is one label for each language"
        raise ValueError(message)
    for language, text in value:
        check_text(language, "the language of a label", limit=35, blank=False)
        check_text(text, "a label", limit=1_000, blank=False)


def labels_field() -> Any:
    """Make a field for labels: given as a mapping from language to text, kept as sorted pairs."""
    return attrs.field(default=(), converter=_to_labels, validator=_check_labels)


def _to_category(value: str | None) -> ForecastCategory | None:
    return None if value is None else ForecastCategory(value)


@final
@attrs.frozen(kw_only=True)
class ChecklistItem:
    """Something to be answered in a stage; `labels` are the question in each language."""

    key: str = attrs.field(validator=key_text)
    labels: Labels = labels_field()


def _to_checklist(items: Iterable[ChecklistItem]) -> tuple[ChecklistItem, ...]:
    return tuple(items)


def _days() -> Any:
    return attrs.field(default=None, validator=optional_decimal)


@final
@attrs.frozen(kw_only=True)
class Stage:
    """A step of the process. `key` names it for ever; labels may change, the kind says what it means.

    `probability` (0 to 1) and `forecast_category` are defaults for the deals in the stage. `exit` holds what must be
    true to leave the stage forward, `entry` what must be true to enter it, `stay` what must be true to enter it and may
    not be made untrue while a deal is there; it asks of the record alone. `roles` may enter; empty admits anyone.
    `guidance` says what to do here, `asks` names the fields to fill in, `checklist` the questions to answer.
    `expected_days` and `maximum_days` are what a stay should and may take, `expected_conversion` (0 to 1) is the share
    that should go on. An archived stage keeps its key and rank; deals can leave it, none can enter.
    """

    key: str = attrs.field(validator=key_text)
    kind: StageKind = attrs.field(converter=StageKind)
    labels: Labels = labels_field()
    probability: Decimal | None = attrs.field(default=None, validator=optional_probability)
    forecast_category: ForecastCategory | None = attrs.field(default=None, converter=_to_category)
    entry: tuple[Criterion, ...] = attrs.field(default=(), converter=tuple[Criterion, ...])
    exit: tuple[Criterion, ...] = attrs.field(default=(), converter=tuple[Criterion, ...])
    stay: tuple[Criterion, ...] = attrs.field(default=(), converter=tuple[Criterion, ...])
    may_be_skipped: bool = attrs.field(default=False, validator=attrs.validators.instance_of(bool))
    roles: tuple[str, ...] = attrs.field(default=(), converter=to_texts, validator=texts)
    guidance: Labels = labels_field()
    asks: tuple[str, ...] = attrs.field(default=(), converter=to_texts, validator=texts)
    checklist: tuple[ChecklistItem, ...] = attrs.field(default=(), converter=_to_checklist)
    expected_days: Decimal | None = _days()
    maximum_days: Decimal | None = _days()
    expected_conversion: Decimal | None = attrs.field(default=None, validator=optional_probability)
    archived: bool = attrs.field(default=False, validator=attrs.validators.instance_of(bool))

    def label(self, language: str) -> str:
        """Give the label in a language, or the key where there is none."""
        return dict(self.labels).get(language, self.key)
