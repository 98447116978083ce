"""Doing what a step says with the engine: whoever may does it, and what stands in the way is seen to first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, final

from oppcore.criteria import Approved, Since, Situation, Witness
from oppcore.engine import (
    Change,
    Override,
    amend,
    convert,
    correct,
    evolve,
    hold,
    move,
    open_lead,
    open_opportunity,
    remove,
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
from oppcore.errors import Problem
from oppcore.pipeline import Direction, Pipeline, Stage, StageKind
from oppcore.pipeline.edges import Edge, find_edges, open_edge
from oppcore.records import Actor, Outcome, Record, RecordKind, RoundStatus, Verdict
from oppcore.records.progress import HOLD_FIELDS
from oppcore.testing.deciding import Deed, When, chosen, decide, named, reason_for, turned, waivable
from oppcore.testing.hints import Hints, settable
from oppcore.testing.steps import Act, Ask, Step

__all__ = ["Player"]

_DEALS = Pipeline(key="deals", stages=[Stage(key="open", kind=StageKind.OPEN), Stage(key="won", kind=StageKind.WON)])
_NAMES = ("ann", "bo", "chen", "dee", "eve", "finn", "gil", "hua")
_ONWARD = (Direction.ADVANCE, Direction.WIN, Direction.JUMP, Direction.DELIVER)
_TRIES = 8


def _onward(edge: Edge) -> int:
    return min((_ONWARD.index(one) for one in edge.directions if one in _ONWARD), default=len(_ONWARD))


@final
class Player:
    """Plays one record of a pipeline: every change is decided by the engine, which is asked first each time."""

    def __init__(self, hints: Hints, facts: Mapping[str, Any] | None = None) -> None:
        self._hints, self._pipeline = hints, hints.pipeline
        self._facts = facts or {}
        self._record: Record | None = None
        self.deeds: list[Deed] = []
        """What has come of the last step so far."""

    def open(self, id: str, values: Mapping[str, Any], *, stage: str, at: datetime, late: timedelta) -> list[Deed]:
        """Open a record, with what the gate asks for if need be; nothing where it cannot be opened."""
        edge = open_edge(self._pipeline, stage)
        witness = self._hints.opening(edge)
        plans: list[tuple[Mapping[str, Any], Iterable[str]]] = [(values, ())]
        if witness is not None:
            plans += [({**values, **witness.values}, witness.roles or ()), (witness.values, witness.roles or ())]
        open_ = open_lead if self._pipeline.kind is RecordKind.LEAD else open_opportunity
        for filled, roles in plans:
            wish: dict[str, Any] = {"at": at, "actor": named("ann", roles), "stage": stage, "facts": self._facts}
            ask = partial(unmet_opening, self._pipeline, id, filled, recorded_at=at + late, **wish)
            opened = decide(ask, partial(open_, self._pipeline, id, filled, recorded_at=at + late, **wish))
            for one in opened:
                return [Deed(one, self._situation(one.record, at, wish["actor"]))]
        return []

    def play(self, step: Step, record: Record, changes: tuple[Change, ...]) -> list[Deed]:
        """Do what a step says to a record that these changes have made; nothing where nobody can."""
        self._record, self.deeds = record, []
        wait = step.wait if isinstance(step.wait, timedelta) else chosen(self._hints.waits, step.wait)
        when = self._when(record.progress.changed_at + wait, step)
        if record.progress.removal is not None:
            self._do(restore, unmet_restoration, self._permitted("restore", step, when))
            return self.deeds
        match step.act:
            case Act.MOVE:
                self._move(step, when)
            case Act.AMEND:
                self._amend(step, when)
            case Act.APPROVE if self._pipeline.approvals:
                self._approve(step, when)
            case Act.HOLD:
                self._hold(step, when)
            case Act.CORRECT:
                self._correct(step, changes, when)
            case Act.REMOVE:
                self._do(remove, unmet_removal, self._permitted("remove", step, when))
            case _:
                pass
        return self.deeds

    @property
    def record(self) -> Record:
        """The record as it is by now."""
        assert self._record is not None
        return self._record

    def _when(self, at: datetime, step: Step) -> When:
        recorded_at = None if step.late is None else max(at, self.record.progress.recorded_at) + step.late
        return {
            "at": at,
            "actor": step.actor or named("ann", self._hints.people(step.people)),
            "recorded_at": recorded_at,
        }

    def _situation(self, record: Record, at: datetime, actor: Actor) -> Situation:
        return Situation(record=record, at=at, actor=actor, facts=self._facts, personal=self._pipeline.personal)

    def _take(self, changes: Iterable[Change], when: When) -> bool:
        """Apply what was decided; say whether that was anything."""
        is_any = False
        for change in changes:
            self.deeds.append(Deed(change, self._situation(self.record, when["at"], when["actor"])))
            self._record, is_any = evolve(self.record, change), True
        return is_any

    def _do(self, do: Any, ask: Any, when: When, *given: Any, **wish: Any) -> bool:
        """Ask, then do; say whether anything was done."""
        wish |= when
        changes = decide(
            lambda: ask(self._pipeline, self.record, *given, **wish),
            lambda: do(self._pipeline, self.record, *given, **wish),
        )
        return self._take(changes, when)

    def _move(self, step: Step, when: When) -> None:
        edges = list(find_edges(self._pipeline, self.record.progress.state))
        aimed = [edge for edge in edges if step.aim in edge.directions]
        others = [edge for edge in edges if edge not in aimed]
        if self.record.progress.outcome is Outcome.OPEN:
            others = sorted((one for one in others if _onward(one) < len(_ONWARD)), key=_onward)
        else:
            others = [*turned(others, step.choice)]
        for edge in (*turned(aimed, step.choice), *others):
            if self._go(edge, step, when):
                return

    def _go(self, edge: Edge, step: Step, when: When) -> bool:
        """Take an edge, if need be after seeing to what stands in the way."""
        if self._pass(edge, when):
            return True
        if step.is_overriding and self._waive(edge, when):
            return True
        if not all(policy.allowed for _, policy in edge.policies) or edge.closed or edge.skipped or not edge.drawn:
            return False
        start = self.record, list(self.deeds)
        situation = self._situation(self.record, when["at"], when["actor"])
        missing = [rule for rule in edge.gate if rule.criterion.judge(situation) is not True]
        for witness in self._hints.meet(edge, missing, step.choice // 3):
            if self._bring_about(edge, witness, when, step):
                return True
            self._record, self.deeds = start[0], list(start[1])
        return False

    def _pass(self, edge: Edge, when: When, **further: Any) -> bool:
        stage, outcome = edge.target.stage, edge.target.outcome
        if self._pipeline.kind is RecordKind.LEAD and outcome is Outcome.WON:
            return self._convert(when)
        reason = reason_for(edge, self.record.progress.state)
        wish: dict[str, Any] = {"outcome": outcome, "reason": reason, "facts": self._facts, **further}
        return self._do(move, unmet, when, stage, **wish)

    def _convert(self, when: When) -> bool:
        """Win a lead, which becomes a deal that asks for nothing."""
        lead: Any = self.record
        wish: dict[str, Any] = {"into": _DEALS, "opportunity_id": "d-1", "facts": self._facts}
        wish |= {"at": when["at"], "actor": when["actor"]}

        def ask() -> tuple[Problem, ...]:
            return unmet_conversion(self._pipeline, lead, **wish)

        return self._take(decide(ask, lambda: convert(self._pipeline, lead, **wish)[:1]), when)

    def _waive(self, edge: Edge, when: When) -> bool:
        boss: When = {**when, "actor": named("ann", self._hints.roles)}
        wish: dict[str, Any] = {"outcome": edge.target.outcome, "facts": self._facts, **boss}
        wish["reason"] = reason_for(edge, self.record.progress.state)
        rules = waivable(unmet(self._pipeline, self.record, edge.target.stage, **wish))
        return bool(rules) and self._pass(edge, boss, override=Override("so it was agreed", rules))

    def _bring_about(self, edge: Edge, witness: Witness, when: When, step: Step) -> bool:
        """Do everything a witness says, and take the edge."""
        progress = self.record.progress
        starts = {Since.ENTERED: progress.entered_at, Since.OPENED: progress.opened_at}
        at = max([when["at"], *(starts[one] + passed for one, passed in witness.elapsed.items() if one in starts)])
        if step.actor is None:
            when = {**self._when(max(at, witness.at or at), step), "actor": named("ann", witness.roles or ())}
        values = dict(witness.values)
        if Since.LAST_ACTIVITY in witness.elapsed:
            values["last_activity_at"] = when["at"] - witness.elapsed[Since.LAST_ACTIVITY]
        filled = not values or self._do(amend, unmet_amendment, when, values)
        for subject, wanted in witness.approved.items():
            is_approved = Approved(subject).judge(self._situation(self.record, when["at"], when["actor"]))
            if wanted is not is_approved:
                self._grant(subject, when) if wanted else self._sign(subject, Verdict.WITHDRAW, when)
        if not filled:
            self._do(amend, unmet_amendment, when, values)
        return self._pass(edge, when)

    def _amend(self, step: Step, when: When) -> None:
        tried: Iterable[Mapping[str, Any]] = [step.values] if step.values is not None else self._hinted(step.choice)
        for values in tried:
            wanted = settable(self._pipeline, self.record, values)
            if self._do(amend, unmet_amendment, when, wanted):
                return
            if step.is_overriding:
                boss: When = {**when, "actor": named("ann", self._hints.roles)}
                rules = waivable(unmet_amendment(self._pipeline, self.record, wanted, **boss))
                override = Override("so it was agreed", rules)
                if rules and self._do(amend, unmet_amendment, boss, wanted, override=override):
                    return

    def _hinted(self, choice: int) -> Iterable[Mapping[str, Any]]:
        hinted = self._hints.amendments
        return turned(hinted, choice)[:_TRIES]

    def _approve(self, step: Step, when: When) -> None:
        subject = chosen(self._pipeline.approvals, step.choice).key
        verdict = step.ask.verdict
        if verdict is not None:
            self._sign(subject, verdict, when)
        elif step.ask is Ask.GRANT:
            self._grant(subject, when)
        else:
            self._request(subject, when)

    def _request(self, subject: str, when: When) -> bool:
        approval = self._pipeline.approval(subject)
        asker: When = {**when, "actor": named("ann", () if approval is None else approval.roles)}
        return self._do(request_approval, unmet_request, asker, subject, facts=self._facts)

    def _grant(self, subject: str, when: When) -> None:
        """Ask for an approval, unless that has been done, and let everybody sign who has to."""
        self._request(subject, when)
        while self._sign(subject, Verdict.APPROVE, when):
            rounds = self.record.progress.rounds_of(subject)
            if rounds[-1].status is not RoundStatus.OPEN:
                return

    def _sign(self, subject: str, verdict: Verdict, when: When) -> bool:
        """Let the first sign who may; whoever asked and approved may withdraw."""
        for actor in self._signers(subject, verdict):
            mine: When = {**when, "actor": actor}
            signer = chosen(_NAMES, len(self.deeds) + 5) if verdict is Verdict.ADD_SIGNER else None
            if self._do(sign, unmet_signature, mine, subject, verdict, signer=signer):
                return True
        return False

    def _signers(self, subject: str, verdict: Verdict) -> Iterator[Actor]:
        rounds = self.record.progress.rounds_of(subject)
        if not rounds:
            return
        newest = rounds[-1]
        if verdict is Verdict.WITHDRAW:
            yield Actor(newest.requested_by)
            return
        for step in newest.waiting:
            yield from map(Actor, step.signers)
            if step.roles:
                yield from (named(name, step.roles) for name in _NAMES[1:])

    def _permitted(self, act: str, step: Step, when: When) -> When:
        roles = getattr(self._pipeline.permissions, act).roles
        return when if step.actor is not None else {**when, "actor": named("ann", roles)}

    def _hold(self, step: Step, when: When) -> None:
        held_since = self.record.progress.hold.held_since
        is_ending = held_since is not None and bool(step.choice)
        values: dict[str, Any] = {"held_since": held_since or when["at"], "resume_on": step.day, "hold_reason": None}
        values = dict.fromkeys(HOLD_FIELDS) if is_ending else values

        def do() -> tuple[Change, ...]:
            if is_ending:
                return resume(self._pipeline, self.record, **when)
            return hold(self._pipeline, self.record, resume_on=step.day, **when)

        self._take(decide(lambda: unmet_amendment(self._pipeline, self.record, values, **when), do), when)

    def _correct(self, step: Step, changes: tuple[Change, ...], when: When) -> None:
        """Date one of the changes anew, or make it void."""
        if not changes:
            return
        change, share = chosen(changes, step.choice), step.share
        earliest, latest = changes[0].stamp.at, change.stamp.recorded_at
        happened_at = None if share is None else earliest + share * (latest - earliest)
        when = self._permitted("correct", step, when)
        self._do(correct, unmet_correction, when, changes, change.stamp.version, happened_at=happened_at)
