"""Walking a record along passages with the real engine: what a story is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias, final

from oppcore.criteria import Approved, Not, Since, Situation, Witness, find_witness
from oppcore.engine import (
    Change,
    Override,
    adopt,
    amend,
    convert,
    evolve,
    migrate,
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
from oppcore.proof.passages import Allowance, Passage
from oppcore.records import (
    Actor,
    Field,
    Lead,
    Opportunity,
    Outcome,
    Progress,
    Record,
    RecordKind,
    Round,
    RoundStatus,
    with_fields,
)

__all__ = ["START", "Lost", "Walk"]

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
"""When stories begin."""

_Act: TypeAlias = Callable[[Actor, Override | None], tuple[Change, ...]]
_NO_TIME = timedelta(0)
_REASON = "so it was agreed"
_DEALS = Pipeline(key="deals", stages=[Stage(key="open", kind=StageKind.OPEN)])


class Lost(Exception):
    """The walk cannot go on as planned; the text says what is in the way."""


@final
class Walk:
    """A record on its way, and all its changes. Whatever the engine refuses is raised.

    With `overrides`, rules that may be waived are, where they are in the way.
    """

    def __init__(self, pipeline: Pipeline, fields: Mapping[str, Field], *, overrides: bool = False) -> None:
        self._pipeline, self._fields = pipeline, fields
        self._waivers = {role for policy in pipeline.overrides for role in policy.roles} if overrides else set[str]()
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

    def take(self, passage: Passage, witness: Witness) -> None:
        """Bring about what the witness says, and take the passage."""
        edge, actor = passage.edge, Actor("ann", witness.roles or ())
        if edge.source is None:
            enter = self._adopt if passage.by is Allowance.ADOPTION else self._open
            enter(edge, witness, actor)
            return
        at = self._wait(witness)
        values: dict[str, Any] = dict(witness.values)
        if Since.LAST_ACTIVITY in witness.elapsed:
            values["last_activity_at"] = at - witness.elapsed[Since.LAST_ACTIVITY]
        self._prepare(values, witness.approved, at=at, actor=actor)
        self.decided = Situation(record=self.record, at=at, actor=actor)
        self._go_on(self._leave(passage, edge, at), actor)

    def _leave(self, passage: Passage, edge: Edge, at: datetime) -> _Act:
        """Give how a record is taken along an edge."""
        pipeline, target, record = self._pipeline, edge.target, self.record
        if passage.by is Allowance.MIGRATION:
            return lambda actor, _: migrate(pipeline, record, target.stage, at=at, actor=actor)
        if isinstance(record, Lead) and target.outcome is Outcome.WON:
            wish: dict[str, Any] = {"into": _DEALS, "opportunity_id": "deal", "at": at}
            return lambda actor, _: convert(pipeline, record, **wish, actor=actor)[:1]
        reason = edge.reasons[0] if edge.reasons and target.outcome is not record.progress.outcome else None
        return lambda actor, override: move(
            pipeline,
            record,
            target.stage,
            outcome=target.outcome,
            at=at,
            actor=actor,
            reason=reason,
            override=override,
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
            self._go_on(
                lambda actor, override: amend(
                    self._pipeline, self.record, values, at=at, actor=actor, override=override
                ),
                actor,
            )

    def _see_to(self, approved: Mapping[str, bool], *, at: datetime) -> None:
        for subject, wanted in approved.items():
            self._approve(subject, wanted=wanted, at=at)

    def _go_on(self, act: _Act, actor: Actor) -> None:
        changes = self._do(act, actor)
        self._record = evolve(self.record, *changes)
        self.changes += changes

    def _do(self, act: _Act, actor: Actor) -> tuple[Change, ...]:
        """Give the changes of an act; with an override, where it is in place.

        Of rules that say the same, a refusal names one at a time.
        """
        rules: tuple[str, ...] = ()
        while True:
            by = Actor(actor.id, {*actor.roles, *self._waivers}) if rules else actor
            try:
                return act(by, Override(_REASON, rules) if rules else None)
            except MoveRefused as refusal:
                named = {problem.rule for problem in refusal.problems if problem.rule}
                if not self._waivers or named <= set(rules):
                    raise
                rules = (*rules, *sorted(named.difference(rules)))

    def _open(self, edge: Edge, witness: Witness, actor: Actor) -> None:
        at = START if witness.at is None else witness.at
        values: Mapping[str, Any] = witness.values
        if Since.LAST_ACTIVITY in witness.elapsed:
            values = {**values, "last_activity_at": at - witness.elapsed[Since.LAST_ACTIVITY]}
        of, open_ = (Lead, open_lead) if self._pipeline.kind is RecordKind.LEAD else (Opportunity, open_opportunity)
        stage = edge.target.stage
        self.changes = self._do(
            lambda actor, override: open_(
                self._pipeline, "story", values, at=at, actor=actor, stage=stage, override=override
            ),
            actor,
        )
        self._record = replay(self.changes, of=of)
        self.decided = Situation(record=self._record, at=at, actor=actor)

    def _adopt(self, edge: Edge, witness: Witness, actor: Actor) -> None:
        at = START if witness.at is None else witness.at
        if any(witness.approved.values()):
            raise Lost("approvals")
        values: dict[str, Any] = dict(witness.values)
        if Since.LAST_ACTIVITY in witness.elapsed:
            values["last_activity_at"] = at - witness.elapsed[Since.LAST_ACTIVITY]
        entered = at - witness.elapsed.get(Since.ENTERED, _NO_TIME)
        opened = min(entered, at - witness.elapsed.get(Since.OPENED, _NO_TIME))
        state, reasons = edge.target, self._pipeline.reasons_for(edge.target.outcome)
        is_open = state.outcome is Outcome.OPEN
        progress = Progress(
            pipeline=self._pipeline.key,
            stage=state.stage,
            outcome=state.outcome,
            version=1,
            opened_at=opened,
            entered_at=entered,
            closed_at=None if is_open else at,
            changed_at=at,
            recorded_at=at,
            reason=reasons[0] if reasons and not is_open else None,
        )
        of = Lead if self._pipeline.kind is RecordKind.LEAD else Opportunity
        image = with_fields(of(id="story", progress=progress), values)
        self.changes = adopt(self._pipeline, image, at=at, actor=actor)
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
                self._sign(subject, "withdraw", Actor(granted[-1].requested_by), at)
            return
        if any(one.status is RoundStatus.OPEN for one in self._rounds(subject)):
            self._sign(subject, "withdraw", asker, at)
        self._decide_steps(approval, at, asker)
        self._go_on(lambda actor, _: request_approval(self._pipeline, self.record, subject, at=at, actor=actor), asker)
        while self._rounds(subject)[-1].status is RoundStatus.OPEN:
            step = self._rounds(subject)[-1].waiting[0]
            signer = step.signers[0] if step.signers else f"signer {len(self.changes)}"
            self._sign(subject, "approve", Actor(signer, step.roles), at)

    def _sign(self, subject: str, verdict: str, actor: Actor, at: datetime) -> None:
        self._go_on(
            lambda actor, override: sign(
                self._pipeline, self.record, subject, verdict, at=at, actor=actor, override=override
            ),
            actor,
        )

    def _decide_steps(self, approval: Approval, at: datetime, asker: Actor) -> None:
        """Fill in what must be known for it to be said which steps have to sign."""
        for step in approval.steps:
            if step.when is not None and step.when.judge(Situation(record=self.record, at=at)) is None:
                found = find_witness([Not(step.when)], fields=self._fields)
                if isinstance(found, Witness):
                    self._fill_in(dict(found.values), at=at, actor=asker)

    def _rounds(self, subject: str) -> tuple[Round, ...]:
        return self.record.progress.rounds_of(subject)
