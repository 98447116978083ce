"""How likely the open deals in a stage are to be won in time: compared with those that were there for as long."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import final

import attrs

from oppcore.forecast.estimates.spells import Spells
from oppcore.funnel import EstimatedShare
from oppcore.history import Standing
from oppcore.money import Money
from oppcore.records import Outcome

__all__ = ["ClosingChance", "judge_closing"]

_WON = str(Outcome.WON)
_MOST = 16
"""The ages at which a stage is looked at."""


@final
@attrs.frozen(kw_only=True)
class ClosingChance:
    """How likely an open deal is to be won in time.

    `seen` is the number of deals that it is compared with: those that were open in the stage for longer than
    `from_age`, which is its own `age`, or a little less where there are many deals. `watched` of them came to that age
    early enough to be watched for the whole time; `win` is None where these are too few.
    """

    opportunity_id: str
    stage: str
    age: timedelta
    from_age: timedelta
    seen: int
    watched: int
    win: EstimatedShare
    amount: Money | None = None


def judge_closing(
    deals: Iterable[tuple[Standing, timedelta]], spells: Spells, within: timedelta, *, min_deals: int, confidence: float
) -> Iterator[ClosingChance]:
    """Give the chance of each open deal of a stage, given its age; each of many is judged by the next lower age."""
    some = list(deals)
    ages = sorted({age for _, age in some})
    marks = ages if len(ages) <= _MOST else [ages[len(ages) * part // _MOST] for part in range(_MOST)]
    found: dict[timedelta, tuple[int, int, EstimatedShare]] = {}
    for standing, age in some:
        mark = marks[bisect_right(marks, age) - 1]
        if mark not in found:
            found[mark] = _estimate(spells, mark, within, min_deals=min_deals, confidence=confidence)
        seen, watched, win = found[mark]
        yield ClosingChance(
            opportunity_id=standing.opportunity_id,
            stage=standing.state.stage,
            age=age,
            from_age=mark,
            seen=seen,
            watched=watched,
            win=win,
            amount=standing.amount,
        )


def _estimate(
    spells: Spells, age: timedelta, within: timedelta, *, min_deals: int, confidence: float
) -> tuple[int, int, EstimatedShare]:
    seen, watched = spells.lasting(age), spells.watched(age, within)
    if watched < min_deals:
        return seen, watched, EstimatedShare(None, None, None)
    curves, time = spells.follow(age, within)
    if _WON not in curves.incidence:
        return seen, watched, EstimatedShare(0.0, None, None)
    value = curves.incidence_at(_WON, time)
    low, high = curves.interval_at(_WON, time, confidence) or (None, None)
    return seen, watched, EstimatedShare(None if value is None else float(value), low, high)
