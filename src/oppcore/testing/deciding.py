"""What it takes to do something with the engine: who does it, asking first, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TypedDict, TypeVar, final

import attrs

from oppcore.criteria import Situation
from oppcore.engine import Change
from oppcore.errors import MoveRefused, Problem
from oppcore.pipeline.edges import Edge
from oppcore.records import Actor, State

__all__ = ["Deed", "Disagreement", "When", "chosen", "decide", "named", "reason_for", "turned", "waivable"]

T = TypeVar("T")
C = TypeVar("C", bound=Change)


class Disagreement(Exception):
    """What was asked first and what was then done do not agree: the refusals of asking, and of doing."""

    def __init__(self, asked: tuple[Problem, ...], done: tuple[Problem, ...]) -> None:
        super().__init__(asked, done)
        self.asked, self.done = asked, done


class When(TypedDict):
    """When and by whom something is done."""

    at: datetime
    actor: Actor
    recorded_at: datetime | None


@final
@attrs.frozen
class Deed:
    """A change, and the situation in which it was decided."""

    change: Change
    decided: Situation


def named(name: str, roles: Iterable[str] = ()) -> Actor:
    """Give somebody whose id tells which roles they have."""
    held = sorted(roles)
    return Actor("+".join([name, *held]), held)


def turned(things: Sequence[T], choice: int) -> Sequence[T]:
    """Give what there is, from the chosen one on and round."""
    start = choice % len(things) if things else 0
    return (*things[start:], *things[:start])


def chosen(things: Sequence[T], choice: int) -> T:
    """Give one of the things, counted round."""
    return things[choice % len(things)]


def reason_for(edge: Edge, source: State) -> str | None:
    """Give a reason where a closing needs one; staying closed keeps the one there was."""
    return edge.reasons[0] if edge.reasons and edge.target.outcome is not source.outcome else None


def waivable(problems: Iterable[Problem]) -> tuple[str, ...]:
    """Give the rules that problems name."""
    return tuple(dict.fromkeys(problem.rule for problem in problems if problem.rule))


def decide(ask: Callable[[], tuple[Problem, ...]], do: Callable[[], tuple[C, ...]]) -> tuple[C, ...]:
    """Ask, and do it; nothing where it is refused. Raises `Disagreement` where the two say different things."""
    asked = ask()
    try:
        done = do()
    except MoveRefused as refusal:
        if refusal.problems != asked:
            raise Disagreement(asked, refusal.problems) from None
        return ()
    if asked:
        raise Disagreement(asked, ())
    return done
