"""Asking for approvals and signing them: rounds by the rules of the pipeline as they were when the round began."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from oppcore.criteria import Approved, Situation, find_unmet
from oppcore.engine.changes import Requested, Signed
from oppcore.engine.evolution import evolve
from oppcore.engine.judging import find_role_problems, find_stay_problems
from oppcore.engine.overriding import Override, Settled, settle
from oppcore.engine.stamping import find_order_problems, find_pipeline_problems, next_stamp
from oppcore.errors import MoveRefused, Problem, Wish
from oppcore.pipeline import Approval, Pipeline
from oppcore.records import (
    Actor,
    Covered,
    Record,
    Round,
    RoundStatus,
    Signature,
    Step,
    Verdict,
    get_field,
)
from oppcore.spelling import suggest

__all__ = ["request_approval", "sign", "unmet_request", "unmet_signature"]


def _request_problems(approval: Approval, situation: Situation, record: Record) -> Iterator[Problem]:
    yield from find_role_problems(situation.actor, approval.roles, approval.key, parameter="subject")
    rounds = record.progress.rounds_of(approval.key)
    if rounds and rounds[-1].status is RoundStatus.OPEN:
        yield Problem("approval.under_way", "approvals", {"subject": approval.key, "number": rounds[-1].number})
    elif Approved(approval.key).judge(situation):
        yield Problem("approval.standing", "approvals", {"subject": approval.key})
    for step in approval.steps:
        if step.when is not None and step.when.judge(situation) is None:
            parts = find_unmet(step.when, situation)
            yield Problem("approval.step_unknown", "approvals", {"subject": approval.key, "step": step.key}, parts)


def unmet_request(
    pipeline: Pipeline,
    record: Record,
    subject: str,
    *,
    at: datetime,
    actor: Actor,
    facts: Mapping[str, Any] | None = None,
    recorded_at: datetime | None = None,
) -> tuple[Problem, ...]:
    """Give every reason why an approval cannot be asked for now; nothing when it can."""
    wrong = [
        *find_pipeline_problems(pipeline, record),
        *find_order_problems(record.progress, at=at, recorded_at=recorded_at),
    ]
    approval = pipeline.approval(subject)
    if approval is None:
        known = [one.key for one in pipeline.approvals]
        params = {"have": subject, "need": known, "suggestion": suggest(subject, known)}
        return (*wrong, Problem("approval.unknown", "approvals", params))
    situation = Situation(record=record, at=at, actor=actor, facts=facts or {}, personal=pipeline.personal)
    if problems := tuple(wrong) or tuple(_request_problems(approval, situation, record)):
        return problems
    # A round without steps is granted at once.
    after = evolve(record, _make_request(pipeline, approval, situation, record, actor, recorded_at))
    return tuple(find_stay_problems(pipeline, record, after, at=at))


def _make_request(
    pipeline: Pipeline,
    approval: Approval,
    situation: Situation,
    record: Record,
    actor: Actor,
    recorded_at: datetime | None,
) -> Requested:
    subject, at = approval.key, situation.at
    steps = [step for step in approval.steps if step.when is None or step.when.judge(situation) is True]
    round_ = Round(
        subject=subject,
        number=len(record.progress.rounds_of(subject)) + 1,
        requested_by=actor.id,
        requested_at=at,
        mode=approval.mode,
        separate=approval.separate,
        steps=tuple(Step(key=step.key, roles=step.roles, signers=step.signers) for step in steps),
        covered=tuple(
            Covered(field=cover.field, value=get_field(record, cover.field), bound=cover.bound)
            for cover in approval.covers
        ),
    )
    rules = tuple(f"approvals.{subject}.steps.{step.key}" for step in steps)
    stamp = next_stamp(pipeline, record.id, record.progress, at=at, recorded_at=recorded_at, actor=actor, rules=rules)
    return Requested(stamp=stamp, round=round_)


def request_approval(
    pipeline: Pipeline,
    record: Record,
    subject: str,
    *,
    at: datetime,
    actor: Actor,
    facts: Mapping[str, Any] | None = None,
    recorded_at: datetime | None = None,
) -> tuple[Requested]:
    """Begin a round of approval: the pipeline's rules for the subject and the covered values are copied into it.

    Steps whose `when` is not true are left out; a round without any step left is granted at once.
    Raises `MoveRefused` with all of `unmet_request`.
    """
    problems = unmet_request(pipeline, record, subject, at=at, actor=actor, facts=facts, recorded_at=recorded_at)
    approval = pipeline.approval(subject)
    if problems or approval is None:
        raise MoveRefused(record.id, Wish("wish.request", {"subject": subject}), problems)
    situation = Situation(record=record, at=at, actor=actor, facts=facts or {}, personal=pipeline.personal)
    return (_make_request(pipeline, approval, situation, record, actor, recorded_at),)


def _find_step(one: Round, verdict: Verdict, actor: Actor, step: str | None) -> Step | Problem:
    """Find what the actor can sign now: the step named, or the first that admits them."""
    known = [other.key for other in one.steps]
    if step is not None and step not in known:
        return Problem("approval.no_step", "step", {"subject": one.subject, "have": step, "need": known})
    mine = [
        waiting
        for waiting in one.waiting
        if waiting.admits(actor.id, actor.roles) and (step is None or waiting.key == step)
    ]
    if mine:
        return mine[0]
    wanted = (other for other in one.unsigned if step is None or other.key == step)
    later = any(other.admits(actor.id, actor.roles) for other in wanted)
    code = "approval.not_yet" if later else "approval.not_yours"
    params = {"subject": one.subject, "have": actor.id, "verdict": verdict, "need": one.waiting}
    return Problem(code, "actor", params)


def _approvers(one: Round, *, added: bool) -> set[str]:
    """Give who has signed steps of the pipeline, or steps that were added: the two do not stand in each other's way."""
    steps = {step.key for step in one.steps if step.added is added}
    given = (one for one in one.signatures if one.verdict is Verdict.APPROVE)
    return {one.actor_id for one in given if one.step in steps}


def _signature_problems(
    one: Round, verdict: Verdict, actor: Actor, step: str | None, signer: str | None
) -> Iterator[Problem]:
    params = {"subject": one.subject, "have": actor.id, "verdict": verdict}
    approvers = _approvers(one, added=False) | _approvers(one, added=True)
    if verdict is Verdict.WITHDRAW:
        if actor.id != one.requested_by and actor.id not in approvers:
            yield Problem("approval.not_yours", "actor", params | {"need": sorted({one.requested_by, *approvers})})
        return
    found = _find_step(one, verdict, actor, step)
    if isinstance(found, Problem):
        yield found
    elif verdict is Verdict.APPROVE and one.separate:
        if actor.id == one.requested_by:
            yield Problem("approval.own", "actor", params)
        elif actor.id in _approvers(one, added=found.added):
            yield Problem("approval.twice", "actor", params)
    if verdict is Verdict.ADD_SIGNER:
        if signer is None:
            yield Problem("approval.signer_missing", "signer", params)
        elif one.separate and signer == one.requested_by:
            yield Problem("approval.own", "signer", params | {"have": signer})
        elif signer == actor.id or signer in approvers or any(signer in other.signers for other in one.unsigned):
            yield Problem("approval.twice", "signer", params | {"have": signer})
    elif signer is not None:
        yield Problem("approval.signer_unexpected", "signer", params | {"have": signer})


_STANDING = (RoundStatus.OPEN, RoundStatus.GRANTED)


def _settle(
    pipeline: Pipeline,
    record: Record,
    subject: str,
    verdict: Verdict,
    *,
    at: datetime,
    actor: Actor,
    comment: str | None,
    step: str | None,
    signer: str | None,
    before: bool,
    recorded_at: datetime | None,
    override: Override | None,
) -> tuple[Settled, Signed | None]:
    wrong = (
        *find_pipeline_problems(pipeline, record),
        *find_order_problems(record.progress, at=at, recorded_at=recorded_at),
    )
    if wrong:
        return Settled(wrong), None
    wanted = _STANDING if verdict is Verdict.WITHDRAW else _STANDING[:1]
    rounds = [one for one in record.progress.rounds_of(subject) if one.status in wanted]
    if not rounds:
        params = {"subject": subject, "verdict": verdict}
        return Settled((Problem("approval.no_round", "approvals", params),)), None
    newest = rounds[-1]
    if problems := tuple(_signature_problems(newest, verdict, actor, step, signer)):
        return Settled(problems), None
    found = None if verdict is Verdict.WITHDRAW else _find_step(newest, verdict, actor, step)
    signature = Signature(
        actor_id=actor.id,
        verdict=verdict,
        at=at,
        step=found.key if isinstance(found, Step) else None,
        comment=comment,
        signer=signer,
        before=before,
    )

    ahead = newest.with_signature(signature)
    if ahead.status is RoundStatus.OPEN and not ahead.waiting:  # nobody else could sign any more
        own = Problem("approval.own", "actor", {"subject": subject, "have": actor.id, "verdict": verdict})
        return Settled((own,)), None

    def signed(settled: Settled) -> Signed:
        stamp = next_stamp(
            pipeline,
            record.id,
            record.progress,
            at=at,
            recorded_at=recorded_at,
            actor=actor,
            rules=() if signature.step is None else (f"approvals.{subject}.steps.{signature.step}",),
            waiver=settled.waiver,
        )
        return Signed(stamp=stamp, subject=subject, number=newest.number, signature=signature)

    after = evolve(record, signed(Settled(())))
    settled = settle(pipeline, find_stay_problems(pipeline, record, after, at=at), override, actor)
    return settled, signed(settled)


def unmet_signature(
    pipeline: Pipeline,
    record: Record,
    subject: str,
    verdict: Verdict | str,
    *,
    at: datetime,
    actor: Actor,
    comment: str | None = None,
    step: str | None = None,
    signer: str | None = None,
    before: bool = False,
    recorded_at: datetime | None = None,
    override: Override | None = None,
) -> tuple[Problem, ...]:
    """Give every reason why the same call of `sign` would be refused; nothing when it would be done."""
    settled, _ = _settle(
        pipeline,
        record,
        subject,
        Verdict(verdict),
        at=at,
        actor=actor,
        comment=comment,
        step=step,
        signer=signer,
        before=before,
        recorded_at=recorded_at,
        override=override,
    )
    return settled.problems


def sign(
    pipeline: Pipeline,
    record: Record,
    subject: str,
    verdict: Verdict | str,
    *,
    at: datetime,
    actor: Actor,
    comment: str | None = None,
    step: str | None = None,
    signer: str | None = None,
    before: bool = False,
    recorded_at: datetime | None = None,
    override: Override | None = None,
) -> tuple[Signed]:
    """Say in the open round of a subject: `approve`, `reject`, `return` (for change), `add_signer` or `withdraw`.

    Who signs must be admitted by a step that can be signed now; `step` names one where there are several. `reject` and
    `return` end the round. `add_signer` asks one more person (`signer`, an id) to approve, after the actor's own step
    or `before` it. `withdraw` is for who asked and who approved; it also takes back what was granted.

    Raises `MoveRefused` with all of `unmet_signature`.
    """
    settled, signed = _settle(
        pipeline,
        record,
        subject,
        Verdict(verdict),
        at=at,
        actor=actor,
        comment=comment,
        step=step,
        signer=signer,
        before=before,
        recorded_at=recorded_at,
        override=override,
    )
    if settled.problems or signed is None:
        raise MoveRefused(
            record.id, Wish("wish.sign", {"subject": subject, "verdict": Verdict(verdict)}), settled.problems
        )
    return (signed,)
