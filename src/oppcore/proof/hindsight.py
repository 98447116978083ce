"""Claims held against what really happened: which deals got there another way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import final

import attrs

from oppcore.criteria import Criterion, Role, Situation, find_unmet
from oppcore.criteria.combinators import leaves_of
from oppcore.engine import Change, Converted, Corrected, Moved, Opened, replay
from oppcore.engine.correcting import put_in_happened_order
from oppcore.errors import Problem
from oppcore.pipeline import Claim, Pipeline
from oppcore.records import Actor, Lead, Opportunity, RecordKind, State

__all__ = ["Breach", "could_be_true", "find_breaches", "stages_stood_in"]


@final
@attrs.frozen(kw_only=True)
class Breach:
    """A change by which a deal got somewhere though a claim does not hold of it, and what does not hold.

    `change.stamp` says how it came about: its revision, its origin, and what was waived.
    """

    record_id: str
    change: Opened | Moved | Converted
    problems: tuple[Problem, ...]


def could_be_true(criterion: Criterion, situation: Situation) -> bool:
    """Say whether somebody could have met a criterion: with all the roles it names, with one of them, or with none."""
    roles = sorted({role for leaf in leaves_of(criterion) if isinstance(leaf, Role) for role in leaf.roles})
    held = (roles, (), *((role,) for role in roles))
    return any(criterion.judge(attrs.evolve(situation, actor=Actor("x", some))) is True for some in held)


def stages_stood_in(changes: Iterable[Change]) -> tuple[str, ...]:
    """Give the stages a record has stood in, as far as is known by now, in the order in which that happened."""
    found: list[str] = []
    for one in put_in_happened_order(changes):
        if isinstance(one.change, (Opened, Moved, Converted)):
            found.append(_target(one.change).stage)
    return tuple(found)


def _target(change: Opened | Moved | Converted) -> State:
    return change.record.progress.state if isinstance(change, Opened) else change.target


def find_breaches(pipeline: Pipeline, claim: Claim, histories: Iterable[Iterable[Change]]) -> Iterator[Breach]:
    """Give each arrival of a real deal in the place of a claim that does not hold of it: one pass over all changes.

    What `holds` is judged as the arrival was decided, on the record as it was then; who arrived is known, but not the
    roles they had: what somebody could have met is met. What was `passed` is judged by the past as it is known by now.
    Arrivals made void by a correction, and those in another pipeline, are passed over.

    Raises `ValueError` for a claim that deals can close: that is about what can happen, and no history shows it.
    """
    if claim.closes:
        message = f"the claim {claim.key!r} is about what can happen; no history shows it: prove it"
        raise ValueError(message)
    for history in histories:
        yield from _breaches(pipeline, claim, tuple(history))


def _breaches(pipeline: Pipeline, claim: Claim, changes: Sequence[Change]) -> Iterator[Breach]:
    times = {one.corrects: one.happened_at for one in changes if isinstance(one, Corrected)}
    seen: dict[int, tuple[str, ...]] = {}
    stood: tuple[str, ...] = ()
    for one in put_in_happened_order(changes):
        if isinstance(one.change, (Opened, Moved, Converted)):
            stood = (*stood, _target(one.change).stage)
            seen[one.change.stamp.version] = stood
    for number, change in enumerate(changes):
        if not isinstance(change, (Opened, Moved, Converted)) or change.stamp.pipeline != pipeline.key:
            continue
        if times.get(change.stamp.version, change.stamp.at) is None or not claim.is_about(_target(change)):
            continue
        if claim.passed is None:
            problems = _unmet(pipeline, claim, changes, number)
        else:
            problems = _bypassed(claim.passed, _target(change), seen[change.stamp.version])
        if problems:
            yield Breach(record_id=change.stamp.record_id, change=change, problems=problems)


def _bypassed(stage: str, target: State, stood: tuple[str, ...]) -> tuple[Problem, ...]:
    return () if stage in stood else (Problem("claim.bypassed", "", {"target": target, "stage": stage}),)


def _unmet(pipeline: Pipeline, claim: Claim, changes: Sequence[Change], number: int) -> tuple[Problem, ...]:
    of = Lead if changes[0].stamp.kind is RecordKind.LEAD else Opportunity
    at = changes[number].stamp.at
    situation = Situation(record=replay(changes[: number or 1], of=of), at=at, personal=pipeline.personal)
    missed = [one for one in claim.holds if not could_be_true(one, situation)]
    return tuple(dict.fromkeys(problem for one in missed for problem in find_unmet(one, situation)))
