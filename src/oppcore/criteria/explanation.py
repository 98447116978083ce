"""Why a criterion is not what it should be."""

from __future__ import annotations

from typing import final

import attrs

from oppcore.criteria.combinators import AllOf, AnyOf, Criterion, Not, SomeOf
from oppcore.criteria.situation import Situation
from oppcore.errors import Problem

__all__ = ["Explanation", "explain", "find_unmet"]


@final
@attrs.frozen
class Explanation:
    """A criterion's answer beside the wanted one, part by part.

    `wanted` turns around below a `not`. `problem` says what is the matter with a leaf whose answer is not the wanted
    one; `parts` are the explanations of a combinator's parts.
    """

    criterion: Criterion
    wanted: bool
    answer: bool | None
    problem: Problem | None = None
    parts: tuple[Explanation, ...] = ()

    @property
    def is_met(self) -> bool:
        """Whether the answer is the wanted one; unknown never is."""
        return self.answer is self.wanted

    def unmet(self) -> tuple[Problem, ...]:
        """Give everything that must change, one problem each; a choice is one problem with its parts."""
        if self.is_met:
            return ()
        if self.problem is not None:
            return (self.problem,)
        return _combine(self)


def _gather(parts: tuple[Explanation, ...]) -> tuple[Problem, ...]:
    return tuple(problem for part in parts for problem in part.unmet())


def _choice(explanation: Explanation, needed: int) -> tuple[Problem, ...]:
    """Say that `needed` of the unmet parts must change, each part being one way to do it."""
    ways: list[Problem] = []
    for part in explanation.parts:
        problems = part.unmet()
        if len(problems) == 1:
            ways.append(problems[0])
        elif problems:
            ways.append(Problem("criteria.all", "", {"number": len(problems)}, problems))
    if len(ways) == needed:
        return _gather(explanation.parts)
    return (Problem("criteria.some", "", {"number": needed, "of": len(ways)}, tuple(ways)),)


def _combine(explanation: Explanation) -> tuple[Problem, ...]:
    met = sum(part.is_met for part in explanation.parts)
    match explanation.criterion:
        case Not():
            return _gather(explanation.parts)
        case AllOf(parts):
            number = len(parts)
        case AnyOf():
            number = 1
        case SomeOf(number, _):
            pass
        case _:  # pragma: no cover - leaves carry their own problem
            return ()
    # To make "at least n of k" false, at least k - n + 1 parts must be false.
    needed = number if explanation.wanted else len(explanation.parts) - number + 1
    if needed > len(explanation.parts):
        return (Problem("criteria.impossible", "", {"number": number, "of": len(explanation.parts)}),)
    return _choice(explanation, needed - met)


def explain(criterion: Criterion, situation: Situation, *, wanted: bool = True) -> Explanation:
    """Explain a criterion's answer in a situation, down to its leaves."""
    match criterion:
        case AllOf(parts) | AnyOf(parts) | SomeOf(_, parts):
            below = tuple(explain(part, situation, wanted=wanted) for part in parts)
            return Explanation(criterion, wanted, criterion.judge(situation), parts=below)
        case Not(part):
            turned = explain(part, situation, wanted=not wanted)
            return Explanation(criterion, wanted, criterion.judge(situation), parts=(turned,))
        case _:
            answer = criterion.judge(situation)
            problem = None if answer is wanted else criterion.problem(situation, wanted)
            return Explanation(criterion, wanted, answer, problem)


def find_unmet(criterion: Criterion, situation: Situation) -> tuple[Problem, ...]:
    """Give every problem that keeps a criterion from being true; nothing when it is."""
    if criterion.judge(situation) is True:
        return ()
    if isinstance(criterion, (AllOf, AnyOf, SomeOf, Not)):
        return explain(criterion, situation).unmet()
    return (criterion.problem(situation, True),)
