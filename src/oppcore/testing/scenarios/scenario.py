"""A scenario: a record that is given, what is done with it step by step, and what is expected of each step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, final

import attrs

from oppcore.criteria import Situation
from oppcore.engine import Override
from oppcore.errors import Problem
from oppcore.pipeline import Approval, Pipeline
from oppcore.records import (
    Actor,
    Covered,
    CustomFields,
    Lead,
    Opportunity,
    Outcome,
    Progress,
    Record,
    RecordKind,
    Round,
    RoundStatus,
    Signature,
    Verdict,
    get_field,
    with_fields,
)
from oppcore.records import Step as Signing

__all__ = ["Act", "Expectation", "Given", "Reason", "Scenario", "Step"]


class Act(StrEnum):
    """What a step does: each is a function of the engine."""

    OPEN = "open"
    MOVE = "move"
    CLOSE = "close"
    AMEND = "amend"
    ACT = "act"
    REQUEST = "request"
    SIGN = "sign"
    CONVERT = "convert"


@final
@attrs.frozen
class Reason:
    """A problem that is expected: its code and, where it is said, its path. `str(reason)` is as in a document."""

    code: str
    path: str | None = None

    def __str__(self) -> str:
        return self.code if self.path is None else f"{self.code} {self.path}"

    def fits(self, problem: Problem) -> bool:
        """Say whether a problem is this one."""
        return problem.code == self.code and self.path in (None, problem.path)


@final
@attrs.frozen(kw_only=True)
class Expectation:
    """What should come of a step: refused for reasons, or allowed where there are none, and how the record then stands.

    With `exactly`, every problem has to be one of the reasons; without it there may be more.
    """

    reasons: tuple[Reason, ...] = ()
    exactly: bool = True
    stage: str | None = None
    outcome: Outcome | None = None
    reason: str | None = None
    values: Mapping[str, Any] = attrs.field(factory=dict[str, Any])

    def __str__(self) -> str:
        if not self.reasons:
            named = {"stage": self.stage, "outcome": self.outcome, "reason": self.reason, **self.values}
            then = ", ".join(f"{name} {value}" for name, value in named.items() if value is not None)
            return f"allowed, then {then}" if then else "allowed"
        return f"refused for {'exactly' if self.exactly else 'at least'} {', '.join(map(str, self.reasons))}"


@final
@attrs.frozen(kw_only=True)
class Step:
    """Something done with the record, by whom and how long after the step before, and what is expected of it.

    `what` is the stage, outcome, action, subject or pipeline that the act is about; empty for an amendment.
    """

    act: Act
    what: str = ""
    actor: Actor | None = None
    after: timedelta = timedelta()
    outcome: Outcome | None = None
    reason: str | None = None
    values: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    facts: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    verdict: Verdict = Verdict.APPROVE
    step: str | None = None
    signer: str | None = None
    before: bool = False
    comment: str | None = None
    override: Override | None = None
    expected: Expectation = Expectation()

    def __str__(self) -> str:
        who = "somebody unnamed" if self.actor is None else self.actor.id
        match self.act:
            case Act.OPEN:
                did = f"opens it in {self.what}"
            case Act.MOVE:
                did = f"moves it to {self.what}" + (f" ({self.outcome})" if self.outcome else "")
            case Act.CLOSE:
                did = f"closes it as {self.what}"
            case Act.AMEND:
                did = f"amends {', '.join(self.values)}"
            case Act.ACT:
                did = f"wants to do {self.what}"
            case Act.REQUEST:
                did = f"asks for the approval of {self.what}"
            case Act.SIGN:
                did = f"says {self.verdict} in the approval of {self.what}"
            case Act.CONVERT:
                did = f"converts it into a deal of {self.what}"
        return f"{who} {did}" + (
            f", with {', '.join(self.values)}" if self.values and self.act is not Act.AMEND else ""
        )


@final
@attrs.frozen(kw_only=True)
class Given:
    """A record that stands in a process: where, since when, what it holds, and how far its approvals have come."""

    stage: str
    outcome: Outcome
    in_stage: timedelta = timedelta()
    open_for: timedelta = timedelta()
    reason: str | None = None
    values: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    approvals: tuple[tuple[str, RoundStatus], ...] = ()

    def make(self, pipeline: Pipeline, *, at: datetime) -> Record:
        """Make the record in a pipeline. Raises `TypeError` or `ValueError` where it refuses a value."""
        entered_at = at - self.in_stage
        progress = Progress(
            pipeline=pipeline.key,
            stage=self.stage,
            outcome=self.outcome,
            version=1,
            opened_at=at - max(self.open_for, self.in_stage),
            entered_at=entered_at,
            changed_at=entered_at,
            recorded_at=entered_at,
            closed_at=None if self.outcome is Outcome.OPEN else entered_at,
            reason=self.reason,
        )
        values = {**self.values, "answers": CustomFields(self.values.get("answers") or {})}
        blank: Record = (
            Lead(id="lead", progress=progress)
            if pipeline.kind is RecordKind.LEAD
            else Opportunity(id="deal", progress=progress)
        )
        record = with_fields(blank, values)
        rounds = tuple(self._rounds(pipeline, record, at))
        return attrs.evolve(record, progress=attrs.evolve(record.progress, approvals=rounds))

    def _rounds(self, pipeline: Pipeline, record: Record, at: datetime) -> Iterator[Round]:
        situation = Situation(record=record, at=at, personal=pipeline.personal)
        for subject, status in self.approvals:
            if (approval := pipeline.approval(subject)) is not None:
                yield _make_round(approval, status, situation)


_ENDINGS = {
    RoundStatus.REJECTED: Verdict.REJECT,
    RoundStatus.RETURNED: Verdict.RETURN,
    RoundStatus.WITHDRAWN: Verdict.WITHDRAW,
}


def _make_round(approval: Approval, status: RoundStatus, situation: Situation) -> Round:
    """Make a round on what the record holds, as far as it is said to have come; one that was granted asked nobody."""
    record: Any = situation.record
    since = record.progress.entered_at
    steps = [step for step in approval.steps if step.when is None or step.when.judge(situation) is True]
    ending = _ENDINGS.get(status)
    asked = () if status is RoundStatus.GRANTED else steps or approval.steps
    return Round(
        subject=approval.key,
        number=1,
        requested_by="requester",
        requested_at=since,
        mode=approval.mode,
        separate=approval.separate,
        steps=tuple(Signing(key=step.key, roles=step.roles, signers=step.signers) for step in asked),
        covered=tuple(
            Covered(field=cover.field, value=get_field(record, cover.field), bound=cover.bound)
            for cover in approval.covers
        ),
        signatures=() if ending is None else (Signature(actor_id="approver", verdict=ending, at=since),),
        is_stale=status is RoundStatus.STALE,
    )


@final
@attrs.frozen(kw_only=True)
class Scenario:
    """A story and what is expected of it, in a pipeline; `file` and `path` say where it was written down.

    Without a record that is `given` the first step opens one. `others` are the pipelines that leads can be converted
    into, by the names that steps call them.
    """

    name: str
    pipeline: Pipeline
    at: datetime
    given: Given | None = None
    steps: tuple[Step, ...]
    others: Mapping[str, Pipeline] = attrs.field(factory=dict[str, Pipeline], repr=False)
    file: str = ""
    path: str = ""
