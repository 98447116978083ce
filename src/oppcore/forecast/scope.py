"""The deals a forecast is about, whether they come from a history or from a host's records."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, tzinfo
from typing import final

import attrs

from oppcore.errors import Problem, UnreadableChanges
from oppcore.history import History, RowKind, Standing, fold_history, standing_of
from oppcore.history.past import find_gone
from oppcore.periods import as_instant
from oppcore.pipeline import Pipeline
from oppcore.pipeline.edges import legal_outcomes
from oppcore.records import Opportunity, State
from oppcore.spelling import suggest

__all__ = ["Scope", "find_scope"]


@final
@attrs.frozen(kw_only=True)
class Scope:
    """Where every deal stands as of an instant, and what is not among them."""

    as_of: datetime | None
    known_on: datetime | None
    standings: tuple[Standing, ...]
    left_out: tuple[Problem, ...]


def find_scope(
    source: History | Iterable[Opportunity],
    pipeline: Pipeline,
    *,
    as_of: date | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    lenient: bool = False,
) -> Scope:
    """Give the deals of a history as of an instant, or those of records as they are.

    Records say nothing about the past: `as_of` (by default their latest change) is echoed, records changed later are
    listed in `left_out`, and `known_on` raises `ValueError`. Records of other pipelines are listed too, and removed and
    merged ones, which are in no count.
    """
    if isinstance(source, History):
        past = fold_history(source, pipeline, as_of=as_of, known_on=known_on, timezone=timezone, lenient=lenient)
        standings = tuple(trail.standing for trail in past.trails if trail.standing is not None)
        return Scope(as_of=past.as_of, known_on=past.known_on, standings=standings, left_out=past.left_out)
    if known_on is not None:
        message = "records are as they are now; known_on needs a history"
        raise ValueError(message)
    return _scope_of_records(tuple(source), pipeline, as_of, timezone, lenient=lenient)


def _scope_of_records(
    records: tuple[Opportunity, ...],
    pipeline: Pipeline,
    as_of: date | None,
    timezone: str | tzinfo | None,
    *,
    lenient: bool,
) -> Scope:
    latest = max((record.progress.changed_at.astimezone(UTC) for record in records), default=None)
    wanted = latest if as_of is None else as_of
    until = None if wanted is None else as_instant(wanted, timezone)
    standings: list[Standing] = []
    impossible: list[Problem] = []
    left_out: list[Problem] = []
    gone: list[tuple[str, RowKind]] = []
    for record in records:
        path = f"opportunity {record.id}"
        progress = record.progress
        if progress.pipeline != pipeline.key:
            left_out.append(Problem("deal.elsewhere", path, {"have": progress.pipeline, "need": pipeline.key}))
        elif (problem := _state_problem(progress.state, pipeline, path)) is not None:
            impossible.append(problem)
        elif until is not None and progress.changed_at.astimezone(UTC) > until:
            left_out.append(Problem("deal.newer", path, {"have": progress.changed_at, "need": until}))
        elif progress.removal is not None:
            gone.append((record.id, RowKind.REMOVED if progress.removal.merged_into is None else RowKind.MERGED))
        else:
            standings.append(standing_of(record))
    if impossible and not lenient:
        raise UnreadableChanges(tuple(impossible), len(records))
    problems = (*left_out, *impossible, *find_gone(gone))
    return Scope(as_of=until, known_on=None, standings=tuple(standings), left_out=problems)


def _state_problem(state: State, pipeline: Pipeline, path: str) -> Problem | None:
    if state.stage not in pipeline:
        nearest = suggest(state.stage, [stage.key for stage in pipeline.stages])
        return Problem("stage.unknown", path, {"have": state.stage, "suggestion": nearest})
    kind = pipeline.stage(state.stage).kind
    legal = legal_outcomes(kind)
    if state.outcome not in legal:
        params = {"stage": state.stage, "kind": kind, "have": state.outcome, "need": legal}
        return Problem("stage.outcome", path, params)
    return None
