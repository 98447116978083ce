"""Walking a record along edges with the real engine: what a story is made of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, final

from oppcore.criteria import Approved, Not, Since, Situation, Witness, find_witness
from oppcore.engine import (
    Change,
    amend,
    convert,
    evolve,
    move,
    open_lead,
    open_opportunity,
    replay,
    request_approval,
    sign,
)
from oppcore.errors import MoveRefused
from oppcore.pipeline import Approval, Pipeline, Stage, StageKind
from oppcore.pipeline.edges import Edge
from oppcore.records import Actor, Field, Lead, Opportunity, Outcome, Record, RecordKind, Round, RoundStatus

__all__ = ["START", "Lost", "Walk"]

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
"""When stories begin."""

_DEALS = Pipeline(key="deals", stages=[Stage(key="open", kind=StageKind.OPEN)])


class Lost(Exception):
    """The walk cannot go on as planned; the text says what is in the way."""


@final
class Walk:
    """A record on its way, and all its changes. Whatever the engine refuses is raised."""

    def __init__(self, pipeline: Pipeline, fields: Mapping[str, Field]) -> None:
        self._pipeline, self._fields = pipeline, fields
        self._record: Record | None = None
        self.changes: tuple[Change, ...] = ()
        self.decided: Situation | None = None
        """What the last edge was decided on."""
        self.is_late = False
        """Whether something was to be sooner than it could be."""

    @property
    def record(self) -> Record:
        """The record as it stands. Raises `Lost` before it is opened."""
        if self._record is None:
            raise Lost("nothing")
        return self._record

    def take(self, edge: Edge, witness: Witness) -> None:
        """Bring about what the witness says, and take the edge."""
        actor = Actor("ann", witness.roles or ())
        if edge.source is None:
            self._open(edge, witness, actor)
            return
        at = self._wait(witness)
        values: dict[str, Any] = dict(witness.values)
        if Since.LAST_ACTIVITY in witness.elapsed:
            values["last_activity_at"] = at - witness.elapsed[Since.LAST_ACTIVITY]
        self._prepare(values, witness.approved, at=at, actor=actor)
        self.decided = Situation(record=self.record, at=at, actor=actor)
        if edge.target.outcome is Outcome.WON and self._pipeline.kind is RecordKind.LEAD:
            lead: Any = self.record
            wish: dict[str, Any] = {"into": _DEALS, "opportunity_id": "deal", "at": at, "actor": actor}
            self._go_on(convert(self._pipeline, lead, **wish)[:1])
            return
        target = edge.target
        reason = edge.reasons[0] if edge.reasons and target.outcome is not edge.source.outcome else None
        self._go_on(
            move(self._pipeline, self.record, target.stage, outcome=target.outcome, at=at, actor=actor, reason=reason)
        )

    def _prepare(self, values: dict[str, Any], approved: Mapping[str, bool], *, at: datetime, actor: Actor) -> None:
        """Fill in values and see to approvals; before that, if the stage lets no values change until then."""
        start = self._record, self.changes
        try:
            self._fill_in(values, at=at, actor=actor)
        except MoveRefused:
            self._see_to(approved, at=at)
            self._fill_in(values, at=at, actor=actor)
        try:
            self._see_to(approved, at=at)
        except MoveRefused:
            self._record, self.changes = start
            self._see_to(approved, at=at)
            self._fill_in(values, at=at, actor=actor)

    def _fill_in(self, values: dict[str, Any], *, at: datetime, actor: Actor) -> None:
        if values:
            self._go_on(amend(self._pipeline, self.record, values, at=at, actor=actor))

    def _see_to(self, approved: Mapping[str, bool], *, at: datetime) -> None:
        for subject, wanted in approved.items():
            self._approve(subject, wanted=wanted, at=at)

    def _go_on(self, changes: tuple[Change, ...]) -> None:
        self._record = evolve(self.record, *changes)
        self.changes += changes

    def _open(self, edge: Edge, witness: Witness, actor: Actor) -> None:
        at = START if witness.at is None else witness.at
        values: Mapping[str, Any] = witness.values
        if Since.LAST_ACTIVITY in witness.elapsed:
            values = {**values, "last_activity_at": at - witness.elapsed[Since.LAST_ACTIVITY]}
        of, open_ = (Lead, open_lead) if self._pipeline.kind is RecordKind.LEAD else (Opportunity, open_opportunity)
        self.changes = open_(self._pipeline, "story", values, at=at, actor=actor, stage=edge.target.stage)
        self._record = replay(self.changes, of=of)
        self.decided = Situation(record=self._record, at=at, actor=actor)

    def _wait(self, witness: Witness) -> datetime:
        progress = self.record.progress
        wanted = {
            start + witness.elapsed[since]
            for since, start in ((Since.ENTERED, progress.entered_at), (Since.OPENED, progress.opened_at))
            if since in witness.elapsed
        }
        if witness.at is not None:
            wanted.add(witness.at)
        at = max((*wanted, progress.changed_at))
        self.is_late = self.is_late or wanted not in (set(), {at})
        return at

    def _approve(self, subject: str, *, wanted: bool, at: datetime) -> None:
        situation = Situation(record=self.record, at=at)
        if Approved(subject).judge(situation) is wanted:
            return
        approval = self._pipeline.approval(subject)
        if approval is None:
            raise Lost("approvals")
        asker = Actor("requester", approval.roles)
        if not wanted:
            while Approved(subject).judge(Situation(record=self.record, at=at)):
                granted = [one for one in self._rounds(subject) if one.status is RoundStatus.GRANTED]
                withdrawn = sign(
                    self._pipeline, self.record, subject, "withdraw", at=at, actor=Actor(granted[-1].requested_by)
                )
                self._go_on(withdrawn)
            return
        if any(one.status is RoundStatus.OPEN for one in self._rounds(subject)):
            self._go_on(sign(self._pipeline, self.record, subject, "withdraw", at=at, actor=asker))
        self._decide_steps(approval, at)
        self._go_on(request_approval(self._pipeline, self.record, subject, at=at, actor=asker))
        while self._rounds(subject)[-1].status is RoundStatus.OPEN:
            step = self._rounds(subject)[-1].waiting[0]
            signer = step.signers[0] if step.signers else f"signer {len(self.changes)}"
            self._go_on(sign(self._pipeline, self.record, subject, "approve", at=at, actor=Actor(signer, step.roles)))

    def _decide_steps(self, approval: Approval, at: datetime) -> None:
        """Fill in what must be known for it to be said which steps have to sign."""
        for step in approval.steps:
            if step.when is not None and step.when.judge(Situation(record=self.record, at=at)) is None:
                found = find_witness([Not(step.when)], fields=self._fields)
                if isinstance(found, Witness):
                    self._go_on(amend(self._pipeline, self.record, found.values, at=at))

    def _rounds(self, subject: str) -> tuple[Round, ...]:
        return self.record.progress.rounds_of(subject)
