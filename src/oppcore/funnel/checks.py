"""The checks of hygiene: what may be wrong with how an open deal is kept."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, timedelta, tzinfo
from enum import StrEnum

from oppcore.funnel.terms import day_of
from oppcore.history import History, Past, Standing
from oppcore.pipeline import Pipeline
from oppcore.spelling import suggest

__all__ = ["Check", "HygieneCheck", "make_checks"]

Check = Callable[[Standing], bool]
"""Whether a deal fails."""


class HygieneCheck(StrEnum):
    """What may be wrong with an open deal.

    `overdue`: it was expected to close before the day of the looking. `no_close_date`, `no_amount`: nothing is said of
    it. `zero_amount`: it is worth nothing, or less. `probability_mismatch`: its own probability is 0 or 1, below what
    an earlier open stage has, or above what a later one has. `backdated`: something was said of it that had happened
    longer before than is tolerated.
    """

    OVERDUE = "overdue"
    NO_CLOSE_DATE = "no_close_date"
    NO_AMOUNT = "no_amount"
    ZERO_AMOUNT = "zero_amount"
    PROBABILITY_MISMATCH = "probability_mismatch"
    BACKDATED = "backdated"


def make_checks(
    history: History,
    pipeline: Pipeline,
    past: Past,
    *,
    zone: tzinfo,
    required: Iterable[str],
    late_stages: Iterable[str],
    tolerance: timedelta,
    own: Mapping[str, Check],
) -> dict[str, Check]:
    """Give every check by name, in order. Raises `ValueError` for unknown stages and for names that come twice."""
    today = date.min if past.as_of is None else day_of(past.as_of, zone)
    backdated = _find_backdated(history, past, tolerance)
    checks: dict[str, Check] = {
        HygieneCheck.OVERDUE: lambda deal: deal.expected_close_on is not None and deal.expected_close_on < today,
        HygieneCheck.NO_CLOSE_DATE: lambda deal: deal.expected_close_on is None,
        HygieneCheck.NO_AMOUNT: lambda deal: deal.amount is None,
        HygieneCheck.ZERO_AMOUNT: lambda deal: deal.amount is not None and deal.amount.amount <= 0,
        HygieneCheck.PROBABILITY_MISMATCH: lambda deal: _mismatches(deal, pipeline),
        HygieneCheck.BACKDATED: lambda deal: deal.opportunity_id in backdated,
    }
    named = {str(check): fails for check, fails in checks.items()}
    late = frozenset(late_stages)
    if late:
        _check_stages(late, pipeline)
        named["late_without_amount"] = lambda deal: (
            deal.state.stage in late and (deal.amount is None or deal.amount.amount <= 0)
        )
    named |= {f"missing_{column}": _misses(column) for column in required}
    if twice := set(named) & set(own):
        message = f"there is a check {min(twice)!r} already: give yours another name"
        raise ValueError(message)
    return {**named, **own}


def _misses(column: str) -> Check:
    return lambda deal: not (deal.column(column) or "").strip()


def _mismatches(deal: Standing, pipeline: Pipeline) -> bool:
    chance = deal.probability
    if chance is None:
        return False
    rank = pipeline.rank(deal.state.stage)
    others = [(pipeline.rank(stage.key), stage.probability) for stage in pipeline.open_stages]
    too_low = any(place < rank and other is not None and chance < other for place, other in others)
    too_high = any(place > rank and other is not None and chance > other for place, other in others)
    return too_low or too_high or chance in (0, 1)


def _find_backdated(history: History, past: Past, tolerance: timedelta) -> frozenset[str]:
    return frozenset(
        opportunity_id
        for opportunity_id, rows in history
        if any(
            row.known_at - row.at > tolerance
            for row in rows
            if past.as_of is not None
            and row.at <= past.as_of
            and (past.known_on is None or row.known_at <= past.known_on)
        )
    )


def _check_stages(stages: Collection[str], pipeline: Pipeline) -> None:
    known = [stage.key for stage in pipeline.open_stages]
    for stage in sorted(stages):
        if stage not in known:
            nearest = suggest(stage, known)
            hint = f"did you mean {nearest!r}?" if nearest else f"there are: {', '.join(known)}"
            message = f"{stage!r} is no open stage of pipeline {pipeline.key!r}; {hint}"
            raise ValueError(message)
