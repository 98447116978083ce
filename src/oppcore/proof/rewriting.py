"""Stories in which a claim fails because the past is corrected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from oppcore.criteria import Situation
from oppcore.engine import Amended, Change, Moved, correct, replay
from oppcore.errors import MoveRefused
from oppcore.pipeline import Claim, Pipeline
from oppcore.proof.claims import Story
from oppcore.proof.hindsight import could_be_true, stages_stood_in
from oppcore.proof.model import Model
from oppcore.proof.telling import tell
from oppcore.proof.walking import Lost
from oppcore.records import Actor, Lead, Opportunity, Record, RecordKind

__all__ = ["find_rewritten"]


def find_rewritten(model: Model, claim: Claim) -> Story | None:
    """Give a story in which a deal comes where the claim holds of it, and one change is then made void; or None.

    That is no search of all that corrections can do: None proves nothing.
    """
    if claim.closes:
        return None
    for path in model.paths():
        if claim.is_about(path[-1].target):
            try:
                told = tell(model, path, ())
            except Lost:
                continue
            for changes in _corrected(model.pipeline, told.changes):
                if _fails(model.pipeline, claim, changes):
                    return Story(changes)
    return None


def _corrected(pipeline: Pipeline, changes: Sequence[Change]) -> Iterator[tuple[Change, ...]]:
    """Give the changes with one of them made void, the last first."""
    record = _replay(pipeline, changes)
    actor = Actor("ann", pipeline.permissions.correct.roles)
    for change in reversed(changes):
        if isinstance(change, (Amended, Moved)):
            at, version = record.progress.changed_at, change.stamp.version
            try:
                voided = correct(pipeline, record, changes, version, happened_at=None, at=at, actor=actor)
            except MoveRefused:
                continue
            yield (*changes, *voided)


def _replay(pipeline: Pipeline, changes: Sequence[Change]) -> Record:
    return replay(changes, of=Lead if pipeline.kind is RecordKind.LEAD else Opportunity)


def _fails(pipeline: Pipeline, claim: Claim, changes: Sequence[Change]) -> bool:
    record = _replay(pipeline, changes)
    if not claim.is_about(record.progress.state):
        return False
    if claim.passed is not None:
        return claim.passed not in stages_stood_in(changes)
    situation = Situation(record=record, at=record.progress.changed_at)
    return not all(could_be_true(one, situation) for one in claim.holds)
