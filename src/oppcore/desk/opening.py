"""Bringing records in: opened through the first gate, adopted as they stand, or converted from a lead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from oppcore import engine
from oppcore.desk import requests
from oppcore.desk.loading import get_pipeline
from oppcore.desk.requests import Receipt, Steps
from oppcore.desk.shell import Command, Proposal, Shell
from oppcore.engine import Change, Override
from oppcore.errors import Problem
from oppcore.pipeline import Pipeline
from oppcore.records import Actor, Key, Lead, Record
from oppcore.repository.commit import Write

__all__ = ["adopt", "convert", "open", "unmet_adoption", "unmet_conversion", "unmet_opening"]

R = TypeVar("R", bound=Record)


# Ask.


def unmet_opening(
    desk: Shell[Any],
    pipeline_key: str,
    id: str,
    values: Mapping[str, Any] | None = None,
    *,
    at: datetime,
    actor: Actor | None = None,
    stage: str | None = None,
    facts: Mapping[str, Any] | None = None,
    recorded_at: datetime | None = None,
    override: Override | None = None,
) -> Steps[tuple[Problem, ...]]:
    """Give every reason why the same `open` would be refused now. Raises `NotFound` for the pipeline."""
    pipeline = yield from get_pipeline(desk.tenant, pipeline_key)
    return engine.unmet_opening(
        pipeline,
        id,
        values,
        at=at,
        actor=actor,
        stage=stage,
        facts=facts,
        recorded_at=recorded_at,
        override=override,
    )


def unmet_adoption(
    desk: Shell[R], image: R, *, at: datetime, recorded_at: datetime | None = None
) -> Steps[tuple[Problem, ...]]:
    """Give every reason why the same `adopt` would be refused now. Raises `NotFound` for the pipeline."""
    pipeline = yield from get_pipeline(desk.tenant, image.progress.pipeline)
    return engine.unmet_adoption(pipeline, image, at=at, recorded_at=recorded_at)


def unmet_conversion(
    desk: Shell[Lead],
    id: str,
    *,
    into: str,
    opportunity_id: str,
    values: Mapping[str, Any] | None = None,
    at: datetime,
    actor: Actor | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Steps[tuple[Problem, ...]]:
    """Give every reason why the same `convert` would be refused now. Raises `NotFound`."""
    _expect_leads(desk.of)
    pipeline, lead = yield from desk.load(id)
    target = yield from get_pipeline(desk.tenant, into)
    return engine.unmet_conversion(
        pipeline, lead, into=target, opportunity_id=opportunity_id, values=values, at=at, actor=actor, facts=facts
    )


# Do.


def open(
    desk: Shell[R],
    pipeline_key: str,
    id: str,
    values: Mapping[str, Any] | None = None,
    *,
    at: datetime,
    actor: Actor | None = None,
    stage: str | None = None,
    facts: Mapping[str, Any] | None = None,
    recorded_at: datetime | None = None,
    override: Override | None = None,
    command_id: str | None = None,
) -> Steps[Receipt[R]]:
    """Open a deal, as `oppcore.engine.open_opportunity` decides.

    Raises `MoveRefused`, `NotFound` for the pipeline, and `VersionConflict` when there is a deal with this id.
    """
    open_ = engine.open_lead if desk.of is Lead else engine.open_opportunity

    def decide(pipeline: Pipeline) -> Sequence[Change]:
        return open_(
            pipeline,
            id,
            values,
            at=at,
            actor=actor,
            stage=stage,
            facts=facts,
            recorded_at=recorded_at,
            override=override,
        )

    asked = [pipeline_key, stage, values, override]
    command = Command(action="open", id=id, actor=actor, command_id=command_id, asked=asked)
    return desk.create(command, pipeline_key, decide)


def adopt(
    desk: Shell[R],
    image: R,
    *,
    at: datetime,
    actor: Actor | None = None,
    recorded_at: datetime | None = None,
    command_id: str | None = None,
) -> Steps[Receipt[R]]:
    """Take over a deal as it stands elsewhere, as `oppcore.engine.adopt` decides. Raises what `open` raises."""

    def decide(pipeline: Pipeline) -> Sequence[Change]:
        return engine.adopt(pipeline, image, at=at, actor=actor, recorded_at=recorded_at)

    command = Command(action="adopt", id=image.id, actor=actor, command_id=command_id, asked=image)
    return desk.create(command, image.progress.pipeline, decide)


def convert(
    desk: Shell[Lead],
    id: str,
    *,
    into: str,
    opportunity_id: str,
    values: Mapping[str, Any] | None = None,
    at: datetime,
    actor: Actor | None = None,
    facts: Mapping[str, Any] | None = None,
    expected_version: int | None = None,
    command_id: str | None = None,
) -> Steps[Receipt[Lead]]:
    """Turn a lead into a deal of the pipeline `into`, both in one commit, as `oppcore.engine.convert` decides.

    Raises what `move` raises, and `VersionConflict` when there is a deal with this id.
    """
    _expect_leads(desk.of)
    command = Command(
        action="convert",
        id=id,
        actor=actor,
        expected_version=expected_version,
        command_id=command_id,
        asked=[into, opportunity_id, values],
    )

    def propose() -> Steps[Proposal[Lead]]:
        pipeline, lead = yield from desk.load_for(command)
        target = yield from get_pipeline(desk.tenant, into)
        key = Key("opportunity", opportunity_id, desk.tenant)
        yield from desk.expect_nothing(key)
        converted, opened = engine.convert(
            pipeline, lead, into=target, opportunity_id=opportunity_id, values=values, at=at, actor=actor, facts=facts
        )
        yield from requests.ask_to("open", actor, opened.record)
        proposal = desk.propose(lead, (converted,), pipeline, target)
        return proposal.with_write(Write(key, 0, opened.record, (opened,)))

    return desk.carry_out(command, propose)


def _expect_leads(of: type[Any]) -> None:
    if of is not Lead:
        message = "a desk of leads converts them: of=Lead"
        raise TypeError(message)
