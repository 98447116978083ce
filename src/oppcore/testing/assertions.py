"""Assertions about moves, for the tests of one's own pipeline."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, TypeVar

from oppcore.engine import evolve, move, unmet
from oppcore.errors import MoveRefused, Problem
from oppcore.pipeline import Pipeline
from oppcore.records import Actor, Outcome, Record

__all__ = ["assert_allowed", "assert_refused"]

R = TypeVar("R", bound=Record)


def _listed(problems: tuple[Problem, ...]) -> str:
    return "".join(f"\n  {problem.code}: {problem}" for problem in problems) or "\n  nothing: the move is allowed"


def assert_allowed(
    pipeline: Pipeline,
    record: R,
    to: str | None = None,
    *,
    at: datetime,
    actor: Actor | None = None,
    outcome: Outcome | str | None = None,
    reason: str | None = None,
    amending: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
    recorded_at: datetime | None = None,
) -> R:
    """Give the record after a move, which takes what `move` takes; fail with every reason when it is refused."""
    try:
        changes = move(
            pipeline,
            record,
            to,
            at=at,
            actor=actor,
            outcome=outcome,
            reason=reason,
            amending=amending,
            facts=facts,
            recorded_at=recorded_at,
        )
    except MoveRefused as refusal:
        message = f"{refusal.record_id}: {refusal.wish} should be allowed, but came:{_listed(refusal.problems)}"
        raise AssertionError(message) from None
    return evolve(record, *changes)


def assert_refused(
    pipeline: Pipeline,
    record: Record,
    to: str | None = None,
    *,
    codes: Collection[str],
    at: datetime,
    actor: Actor | None = None,
    outcome: Outcome | str | None = None,
    reason: str | None = None,
    amending: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
    recorded_at: datetime | None = None,
) -> tuple[Problem, ...]:
    """Give the problems of a refused move; fail unless their codes are exactly these.

    A choice between several ways is one problem (`criteria.some`), whose `parts` are the ways.
    """
    if isinstance(codes, str):
        message = f"codes is a set of texts, such as {{{codes!r}}}"
        raise TypeError(message)
    problems = unmet(
        pipeline,
        record,
        to,
        at=at,
        actor=actor,
        outcome=outcome,
        reason=reason,
        amending=amending,
        facts=facts,
        recorded_at=recorded_at,
    )
    wanted = set(codes)
    if not wanted or {problem.code for problem in problems} != wanted:
        wish = f"{record.id}: the move from {record.progress.state} to {to or outcome}"
        message = (
            f"{wish} should be refused for {', '.join(sorted(wanted)) or 'a reason'}, but came:{_listed(problems)}"
        )
        raise AssertionError(message)
    return problems
