"""The tables that a document of scenarios is made of, as they are written."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, final

import attrs

from oppcore.engine import Override
from oppcore.records import Outcome, RoundStatus, Verdict

__all__ = ["Document", "GivenTable", "PipelineTable", "ScenarioTable", "StepTable", "ThenTable"]

Values = dict[str, Any]
"""Values by the names of fields, not yet read."""


def _days() -> Any:
    return attrs.field(default=None, validator=_not_negative)


def _not_negative(_instance: object, attribute: Any, value: Decimal | None) -> None:
    if value is not None and not 0 <= value <= 100_000:
        message = f"{attribute.name} lies between 0 and 100000, not {value}"
        raise ValueError(message)


@final
@attrs.frozen(kw_only=True)
class PipelineTable:
    """Where a pipeline is: in a file, named from the folder of the document, or among the shipped templates."""

    file: str | None = None
    template: str | None = None


@final
@attrs.frozen(kw_only=True)
class GivenTable:
    """The record there is before the first step."""

    like: str | None = None
    stage: str | None = None
    outcome: Outcome | None = None
    reason: str | None = None
    days_in_stage: Decimal | None = _days()
    days_open: Decimal | None = _days()
    values: Values = attrs.field(factory=dict[str, Any])
    answers: Values = attrs.field(factory=dict[str, Any])
    approvals: dict[str, RoundStatus] = attrs.field(factory=dict[str, RoundStatus])


@final
@attrs.frozen(kw_only=True)
class ThenTable:
    """How the record stands after a step that is allowed."""

    stage: str | None = None
    outcome: Outcome | None = None
    reason: str | None = None
    values: Values = attrs.field(factory=dict[str, Any])


@final
@attrs.frozen(kw_only=True)
class StepTable:
    """What is done, by one of the first eight keys, and what is expected of it."""

    open: str | None = None
    move: str | None = None
    close: Outcome | None = None
    amend: Values | None = None
    act: str | None = None
    request: str | None = None
    sign: str | None = None
    convert: str | None = None
    actor: str | None = None
    after_days: Decimal | None = _days()
    outcome: Outcome | None = None
    reason: str | None = None
    values: Values = attrs.field(factory=dict[str, Any])
    clear: tuple[str, ...] = ()
    facts: Values = attrs.field(factory=dict[str, Any])
    verdict: Verdict | None = None
    step: str | None = None
    signer: str | None = None
    before: bool | None = None
    comment: str | None = None
    override: Override | None = None
    refused: tuple[str, ...] | None = None
    refused_at_least: tuple[str, ...] | None = None
    then: ThenTable | None = None


@final
@attrs.frozen(kw_only=True)
class ScenarioTable:
    """One scenario."""

    name: str
    pipeline: str | None = None
    given: GivenTable | None = None
    steps: tuple[StepTable, ...]


@final
@attrs.frozen(kw_only=True)
class Document:
    """A document of scenarios: the pipelines they are about, who acts, records to begin with, and the scenarios."""

    pipelines: dict[str, PipelineTable]
    at: datetime = datetime(2026, 1, 1, 9, tzinfo=UTC)
    actors: dict[str, tuple[str, ...]] = attrs.field(factory=dict[str, tuple[str, ...]])
    given: dict[str, GivenTable] = attrs.field(factory=dict[str, GivenTable])
    scenarios: tuple[ScenarioTable, ...]
