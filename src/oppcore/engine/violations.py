"""Standing findings: what does not hold now, however it came about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import final

import attrs

from oppcore.criteria import Situation
from oppcore.engine.judging import find_gate_problems
from oppcore.engine.stamping import find_pipeline_problems
from oppcore.errors import Problem
from oppcore.pipeline import Pipeline
from oppcore.pipeline.edges import find_state_problem
from oppcore.pipeline.rules import entry_rules
from oppcore.records import Opportunity, Outcome, Record

__all__ = ["Violation", "find_violations"]


@final
@attrs.frozen
class Violation:
    """A record that is not as the pipeline wants it, and everything that does not hold."""

    record_id: str
    problems: tuple[Problem, ...]


def _problems(pipeline: Pipeline, record: Record, at: datetime) -> Iterator[Problem]:
    progress = record.progress
    if progress.removal is not None:
        return
    elsewhere = tuple(find_pipeline_problems(pipeline, record))
    if elsewhere:
        yield from elsewhere
        return
    if (problem := find_state_problem(pipeline, progress.state)) is not None:
        yield problem
        return
    stage = pipeline.stage(progress.stage)
    if stage.archived and progress.outcome is Outcome.OPEN:
        yield Problem("stage.archived", "stage", {"stage": stage.key})
    reasons = pipeline.reasons_for(progress.outcome)
    if progress.outcome is not Outcome.OPEN and reasons:
        if progress.reason is None:
            yield Problem("reason.missing", "reason", {"need": reasons, "outcome": progress.outcome})
        elif progress.reason not in reasons:
            params = {"have": progress.reason, "need": reasons, "outcome": progress.outcome}
            yield Problem("reason.unknown", "reason", params)
    if progress.outcome in (Outcome.OPEN, Outcome.WON):
        situation = Situation(record=record, at=at, personal=pipeline.personal)
        yield from dict.fromkeys(find_gate_problems(entry_rules(stage), situation))
    if isinstance(record, Opportunity) and progress.outcome is Outcome.OPEN:
        yield from _old_estimates(record)


def _old_estimates(record: Opportunity) -> Iterator[Problem]:
    """Say that the deal's own estimate is older than its last step: it was kept, and nobody has looked at it since."""
    said_at, entered_at = record.estimate.said_at or record.progress.opened_at, record.progress.entered_at
    if said_at < entered_at:
        for name in ("probability", "forecast_category"):
            if (have := getattr(record.estimate, name)) is not None:
                yield Problem("estimate.old", name, {"have": have, "said_at": said_at, "entered_at": entered_at})


def find_violations(pipeline: Pipeline, records: Iterable[Record], *, at: datetime) -> Iterator[Violation]:
    """Give the records that do not stand as the pipeline wants, with everything that does not hold.

    That is: an unknown or archived stage, no reason, entry and stay criteria, and an estimate of the deal's own that
    was made before it entered its stage. Removed records are passed over.

    Gates are asked when a record moves and never again; this asks now, as when existing deals were brought in or a
    pipeline has changed. Criteria on the actor are unknown here, and so are findings.
    """
    for record in records:
        problems = tuple(_problems(pipeline, record, at))
        if problems:
            yield Violation(record.id, problems)
