"""Strategies for steps: what somebody might try next, whatever the record is like by then."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from typing import Any, final

import attrs
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from oppcore.pipeline import Direction, Pipeline
from oppcore.records import Actor, Verdict
from oppcore.testing.records import delays, values_of
from oppcore.testing.values import actors

__all__ = ["Act", "Ask", "Step", "acts_of", "steps"]


class Act(StrEnum):
    """What can be done to a record: moved, amended, approved, held, corrected, or taken out and brought back."""

    MOVE = "move"
    AMEND = "amend"
    APPROVE = "approve"
    HOLD = "hold"
    CORRECT = "correct"
    REMOVE = "remove"
    OVERRIDE = "override"


class Ask(StrEnum):
    """What can be done about an approval: see it granted, ask for it, or sign in one of the ways there are."""

    GRANT = "grant"
    REQUEST = "request"
    APPROVE = "approve"
    WITHDRAW = "withdraw"
    REJECT = "reject"
    RETURN = "return"
    ADD_SIGNER = "add_signer"

    @property
    def verdict(self) -> Verdict | None:
        """What is signed; None where nothing is."""
        return None if self in (Ask.GRANT, Ask.REQUEST) else Verdict(self.value)


@final
@attrs.frozen(kw_only=True)
class Step:
    """Something to be tried: numbers choose among what there is, counted round.

    `actor` None is whoever may; `people` chooses the roles it is tried with first. `wait` passes before: a time, or the
    number of one worth waiting for. `late` is how long after that it is recorded; None where it is recorded at once.
    """

    act: Act
    choice: int = 0
    aim: Direction = Direction.ADVANCE
    ask: Ask = Ask.GRANT
    values: Mapping[str, Any] | None = None
    day: date | None = None
    share: float | None = None
    wait: timedelta | int = timedelta()
    late: timedelta | None = None
    actor: Actor | None = None
    people: int = 0
    is_overriding: bool = False


_AIMS = (
    *[Direction.ADVANCE] * 6,
    *[Direction.REVERT] * 2,
    *[Direction.LOSE] * 2,
    Direction.JUMP,
    Direction.WIN,
    Direction.ABANDON,
    Direction.DELIVER,
    Direction.REOPEN,
    Direction.OVERTURN,
    Direction.RECLASSIFY,
)
_ASKS = (*[Ask.GRANT] * 6, *Ask)
_WEIGHTS: Mapping[Act, int] = {
    Act.AMEND: 4,
    Act.APPROVE: 3,
    Act.HOLD: 1,
    Act.CORRECT: 2,
    Act.REMOVE: 1,
}


def acts_of(pipeline: Pipeline, without: Iterable[str] = ()) -> tuple[Act, ...]:
    """Give what a pipeline lets anybody do, in the order of `Act`. Raises `ValueError` for an act that there is not."""
    left_out = {Act(one) for one in without}
    possible = {
        Act.APPROVE: bool(pipeline.approvals),
        Act.CORRECT: pipeline.permissions.correct.allowed,
        Act.REMOVE: pipeline.permissions.remove.allowed,
        Act.OVERRIDE: bool(pipeline.overrides),
    }
    return tuple(act for act in Act if act not in left_out and possible.get(act, True))


@cache
def _waits() -> SearchStrategy[timedelta | int]:
    return st.one_of(st.just(timedelta()), st.just(timedelta()), st.integers(0, 99), delays())


@cache
def _choices() -> SearchStrategy[int]:
    return st.integers(0, 999)


@st.composite
def steps(draw: DrawFn, pipeline: Pipeline, *, acts: Collection[Act], pace: int = 6, is_lively: bool = True) -> Step:
    """Generate steps, moves among them as often as the `pace` says.

    Where they are `lively`, people act who may not, and things are recorded late.
    """
    weights = {**_WEIGHTS, Act.MOVE: pace}
    act = draw(st.sampled_from([act for act in acts for _ in range(weights.get(act, 0))]))
    said: dict[str, Any] = {"act": act}
    match act:
        case Act.MOVE:
            said |= {"aim": draw(st.sampled_from(_AIMS)), "choice": draw(st.integers(0, 11))}
        case Act.AMEND if draw(st.integers(0, 5)) == 5:
            said |= {"values": draw(values_of(pipeline, max_size=3))}
        case Act.APPROVE:
            said |= {"ask": draw(st.sampled_from(_ASKS)), "choice": draw(_choices())}
        case Act.HOLD:
            said |= {"day": draw(st.none() | st.dates(min_value=date(2026, 1, 1), max_value=date(2035, 1, 1)))}
            said |= {"choice": draw(st.integers(0, 1))}
        case Act.CORRECT:
            said |= {"choice": draw(_choices()), "share": draw(st.none() | st.just(0.5) | st.floats(0, 1))}
        case _:
            said |= {"choice": draw(_choices())}
    if Act.OVERRIDE in acts and act in (Act.MOVE, Act.AMEND):
        said |= {"is_overriding": draw(st.integers(0, 3)) == 3}
    said |= {"wait": draw(_waits())}
    if not is_lively:
        said |= {"people": draw(st.sampled_from((0, 0, 0, 0, 1, 2, 3, 4)))}
    else:
        said |= {"late": draw(st.none() | delays()), "actor": draw(st.none() | st.none() | actors())}
    return Step(**said)
