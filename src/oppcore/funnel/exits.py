"""How deals were closed: with which outcome, and in which stage they were at last."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, tzinfo
from typing import final

import attrs

from oppcore.funnel.buckets import BucketTally, Collector, Contribution
from oppcore.funnel.terms import Scope, Terms, check_column, day_of, need_zone, read_scope
from oppcore.history import History, Standing, Trail, fold_history
from oppcore.periods import Period
from oppcore.pipeline import Pipeline
from oppcore.records import Outcome

__all__ = ["REASON", "Exit", "count_losses"]

REASON = "reason"
"""The column that says why a deal was closed."""


@final
@attrs.frozen
class Exit:
    """How a deal ended, and the open stage it was in last (None: it never was in one)."""

    outcome: Outcome
    stage: str | None


def count_losses(
    history: History,
    pipeline: Pipeline,
    *,
    by: str = REASON,
    as_of: date | None = None,
    period: Period | None = None,
    scope: Scope | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    lenient: bool = False,
) -> BucketTally[Exit]:
    """Give the buckets that `measure_losses` divides; those of several parts of a history combine to the whole.

    The settings are those of `measure_losses`; parts need the same `as_of`.
    """
    zone = None if period is None else need_zone(timezone, "when a deal is closed in a period")
    check_column(by, history)
    past = fold_history(history, pipeline, as_of=as_of, known_on=known_on, timezone=timezone, lenient=lenient)
    terms = Terms(
        measure="losses",
        definition=f"closed deals by {by} and by the outcome they have; win rate: won / (won + lost)",
        policy="final",
        as_of=past.as_of,
        known_on=past.known_on,
        periods=() if period is None else (period,),
        timezone=None if zone is None else str(zone),
        scope=read_scope(scope, history),
        by=by,
        headings=tuple(stage.key for stage in pipeline.open_stages),
    )
    open_stages = set(terms.headings)
    found = Collector[Exit](terms)
    for trail in past.trails:
        standing = trail.standing
        if standing is None or standing.closed_at is None or not terms.covers(standing):
            continue
        if period is not None and zone is not None and day_of(standing.closed_at, zone) not in period:
            continue
        if standing.amount is None:
            found.lack("amount.missing", trail.opportunity_id)
        how = Exit(standing.outcome, _last_open(trail, standing, open_stages))
        found.put(how, Contribution(trail.opportunity_id, standing.amount), standing)
    return found.tally(past.left_out)


def _last_open(trail: Trail, standing: Standing, open_stages: set[str]) -> str | None:
    """Give the open stage that a deal visited last before it was closed."""
    visited: Iterator[str] = (
        visit.stage
        for visit in reversed(trail.visits)
        if visit.stage in open_stages and standing.closed_at is not None and visit.entered_at <= standing.closed_at
    )
    return next(visited, None)
