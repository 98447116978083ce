"""Strategies for histories: what can really happen to a record, decided by the engine itself."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, TypedDict

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from oppcore.engine import (
    Change,
    Option,
    Override,
    adopt,
    amend,
    convert,
    correct,
    evolve,
    hold,
    move,
    open_lead,
    open_opportunity,
    options,
    remove,
    replay,
    request_approval,
    restore,
    resume,
    sign,
    unmet,
    unmet_amendment,
    unmet_conversion,
    unmet_correction,
    unmet_opening,
    unmet_removal,
    unmet_request,
    unmet_restoration,
    unmet_signature,
)
from oppcore.engine.judging import find_stay_rules
from oppcore.errors import Problem
from oppcore.pipeline import Direction, Pipeline, Stage, StageKind
from oppcore.records import Actor, Lead, Opportunity, Outcome, Record, RecordKind, State, Verdict
from oppcore.testing.records import delays, records, values_of
from oppcore.testing.values import ROLES, actors, field_values, moments

__all__ = ["histories"]

_EVERYBODY = Actor("+".join(["ann", *sorted(ROLES)]), ROLES)
_DEALS = Pipeline(key="deals", stages=[Stage(key="open", kind=StageKind.OPEN), Stage(key="won", kind=StageKind.WON)])


_SIGNERS = tuple(Actor("+".join([name, *sorted(ROLES)]), ROLES) for name in ("ann", "bo", "chen"))
_ACTS = (*["move"] * 6, "amend", "amend", "approve", "approve", "hold", "correct", "remove")


class _When(TypedDict):
    """When and by whom something is done."""

    at: datetime
    actor: Actor
    recorded_at: datetime | None


def _reason(pipeline: Pipeline, source: State, target: State) -> str | None:
    """Give a reason where a closing needs one; staying closed keeps the one there was."""
    reasons = pipeline.reasons_for(target.outcome)
    return reasons[0] if reasons and target.outcome not in (Outcome.OPEN, source.outcome) else None


def _begin(draw: DrawFn, pipeline: Pipeline, id: str) -> tuple[Change, ...]:
    """Open a record where the gate lets it in, and adopt one where it does not."""
    at = draw(moments())
    stage = draw(st.sampled_from(pipeline.entries))
    values = draw(values_of(pipeline))
    if not unmet_opening(pipeline, id, values, at=at, actor=_EVERYBODY, stage=stage):
        open_ = open_lead if pipeline.kind is RecordKind.LEAD else open_opportunity
        return open_(pipeline, id, values, at=at, actor=_EVERYBODY, stage=stage, recorded_at=at + draw(delays()))
    image = draw(records(pipeline))
    at = image.progress.changed_at
    return adopt(pipeline, image, at=at, recorded_at=at + draw(delays()))


def _remedies(draw: DrawFn, pipeline: Pipeline, problems: Iterable[Problem]) -> dict[str, Any]:
    """Give values that mend what some problems say, where they speak of one field; a choice is mended in every way."""
    found: dict[str, Any] = {}
    for problem in problems:
        found |= _remedies(draw, pipeline, problem.parts)
        field, need = pipeline.field(problem.path), problem.params.get("need")
        if field is not None and field.derived_from:
            continue
        if field is not None and problem.code == "field.missing":
            found[field.name] = draw(field_values(field))
        elif field is not None and need is not None:
            found[field.name] = need[0] if isinstance(need, tuple) else need
    return found


def _try_conversion(
    draw: DrawFn, pipeline: Pipeline, lead: Lead, at: datetime, actor: Actor, recorded_at: datetime | None
) -> tuple[Change, ...]:
    """Convert a lead into a deal that asks for nothing, if need be after filling in what is asked for."""
    wish: dict[str, Any] = {"into": _DEALS, "opportunity_id": "d-1", "at": at, "actor": actor}
    values = _remedies(draw, pipeline, unmet_conversion(pipeline, lead, **wish))
    if unmet_amendment(pipeline, lead, values, at=at, recorded_at=recorded_at):
        return ()
    amended = amend(pipeline, lead, values, at=at, actor=actor, recorded_at=recorded_at)
    filled = evolve(lead, *amended)
    if unmet_conversion(pipeline, filled, **wish):
        return ()
    converted, _ = convert(pipeline, filled, **wish)
    return (*amended, converted)


def _try_move(
    draw: DrawFn,
    pipeline: Pipeline,
    record: Record,
    option: Option,
    at: datetime,
    actor: Actor,
    recorded_at: datetime | None,
) -> tuple[Change, ...]:
    """Move to a state, if need be after filling in what is asked for."""
    amending = _remedies(draw, pipeline, option.problems)
    stage, outcome = option.target.stage, option.target.outcome
    reason = _reason(pipeline, record.progress.state, option.target)
    override = _override(pipeline, option.problems) if draw(st.integers(0, 3)) == 3 else None
    if unmet(
        pipeline,
        record,
        stage,
        outcome=outcome,
        at=at,
        actor=actor,
        reason=reason,
        amending=amending,
        override=override,
    ):
        return ()
    return move(
        pipeline,
        record,
        stage,
        outcome=outcome,
        at=at,
        actor=actor,
        reason=reason,
        amending=amending,
        recorded_at=recorded_at,
        override=override,
    )


def _go_on(
    draw: DrawFn, pipeline: Pipeline, record: Record, at: datetime, actor: Actor, recorded_at: datetime | None
) -> tuple[Change, ...]:
    """Enter a state that nothing forbids; a lead is won by being converted. Else nothing happens."""
    choices = options(pipeline, record, at=at, actor=actor)
    directions = sorted({direction for option in choices for direction in option.directions}, key=list(Direction).index)
    aim = draw(st.sampled_from(directions)) if directions else None
    for option in sorted(choices, key=lambda option: aim not in option.directions):
        if isinstance(record, Lead) and option.target.outcome is Outcome.WON:
            new = _try_conversion(draw, pipeline, record, at, actor, recorded_at)
        else:
            new = _try_move(draw, pipeline, record, option, at, actor, recorded_at)
        if new:
            return new
    return ()


def _override(pipeline: Pipeline, problems: Iterable[Problem]) -> Override | None:
    """Give an override of what may be overridden, where the pipeline has any."""
    rules = tuple(dict.fromkeys(problem.rule for problem in problems if problem.rule))
    return Override("so it was agreed", rules) if rules and pipeline.overrides else None


def _try_amendment(draw: DrawFn, pipeline: Pipeline, record: Record, when: _When) -> tuple[Change, ...]:
    values = draw(values_of(pipeline, max_size=3))
    override = _override(pipeline, unmet_amendment(pipeline, record, values, **when))
    if unmet_amendment(pipeline, record, values, **when, override=override):
        return ()
    return amend(pipeline, record, values, **when, override=override)


def _try_hold(draw: DrawFn, pipeline: Pipeline, record: Record, when: _When) -> tuple[Change, ...]:
    if record.progress.outcome is not Outcome.OPEN or find_stay_rules(pipeline, record):
        return ()
    if record.progress.hold.held_since is not None and draw(st.booleans()):
        return resume(pipeline, record, **when)
    return hold(pipeline, record, **when, resume_on=draw(st.none() | st.dates(min_value=date(2026, 1, 1))))


def _try_approval(draw: DrawFn, pipeline: Pipeline, record: Record, when: _When) -> tuple[Change, ...]:
    """Ask for an approval, or sign where it is asked for: mostly to approve."""
    subject = draw(st.sampled_from([approval.key for approval in pipeline.approvals]))
    verdict = draw(st.sampled_from([*[Verdict.APPROVE] * 6, *Verdict]))
    signer = draw(st.sampled_from(_SIGNERS)).id if verdict is Verdict.ADD_SIGNER else None
    for actor in draw(st.permutations(_SIGNERS)):
        by: _When = {**when, "actor": actor}
        if not unmet_request(pipeline, record, subject, **by):
            return request_approval(pipeline, record, subject, **by)
        if not unmet_signature(pipeline, record, subject, verdict, **by, signer=signer):
            return sign(pipeline, record, subject, verdict, **by, signer=signer, before=draw(st.booleans()))
    return ()


def _try_correction(
    draw: DrawFn, pipeline: Pipeline, record: Record, changes: tuple[Change, ...], when: _When
) -> tuple[Change, ...]:
    """Date one of the changes anew, or make it void."""
    change = draw(st.sampled_from(changes))
    earliest, latest = changes[0].stamp.at, change.stamp.recorded_at
    happened_at = draw(st.none() | st.floats(0, 1).map(lambda share: earliest + share * (latest - earliest)))
    version = change.stamp.version
    if unmet_correction(pipeline, record, changes, version, happened_at=happened_at, **when):
        return ()
    return correct(pipeline, record, changes, version, happened_at=happened_at, **when)


@st.composite
def histories(draw: DrawFn, pipeline: Pipeline, *, id: str = "deal", max_steps: int = 6) -> tuple[Change, ...]:
    """Generate the changes of one record, from the first on: opened or adopted, amended, moved, closed, reopened.

    It may be put on hold, approved, corrected, removed and restored, as far as the pipeline has and allows that, and
    rules may be overridden.

    In a lead pipeline it is a lead, which may be converted: the opening of its deal is no change of the lead's own.
    Every change was decided by the engine, so a history is legal; several may happen in one instant, and some are
    recorded late. A step may come to nothing, and a move may bring the amendment with it that its gate asks for.
    """
    changes = _begin(draw, pipeline, id)
    record: Record = replay(changes, of=Lead if pipeline.kind is RecordKind.LEAD else Opportunity)
    new: tuple[Change, ...]
    for _ in range(draw(st.integers(0, max_steps))):
        at = record.progress.changed_at + draw(delays())
        late = draw(st.none() | delays())
        recorded_at = None if late is None else max(at, record.progress.recorded_at) + late
        actor = draw(st.just(_EVERYBODY) | actors())
        when: _When = {"at": at, "actor": actor, "recorded_at": recorded_at}
        act = draw(st.sampled_from(_ACTS)) if record.progress.removal is None else "restore"
        if act == "move":
            new = _go_on(draw, pipeline, record, at, actor, recorded_at)
        elif act == "amend":
            new = _try_amendment(draw, pipeline, record, when)
        elif act == "hold":
            new = _try_hold(draw, pipeline, record, when)
        elif act == "approve" and pipeline.approvals:
            new = _try_approval(draw, pipeline, record, when)
        elif act == "correct":
            new = _try_correction(draw, pipeline, record, changes, when)
        elif act == "remove" and not unmet_removal(pipeline, record, **when):
            new = remove(pipeline, record, **when)
        elif act == "restore" and not unmet_restoration(pipeline, record, **when):
            new = restore(pipeline, record, **when)
        else:
            new = ()
        changes += new
        record = evolve(record, *new)
    return changes
