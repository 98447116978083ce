"""Asking what only a command can find out, such as a limit: the command is carried out up to its commit."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from oppcore.desk.requests import Steps
from oppcore.desk.shell import Shell
from oppcore.errors import MoveRefused, Problem
from oppcore.records import Record

__all__ = ["with_limits"]

P = ParamSpec("P")
S = TypeVar("S", bound=Record)


def with_limits(
    question: Callable[Concatenate[Shell[S], P], Steps[tuple[Problem, ...]]], command: Callable[..., Steps[Any]]
) -> Callable[Concatenate[Shell[S], P], Steps[tuple[Problem, ...]]]:
    """Make a question that tells of the desk's limits, too; it takes no parameter that its command does not take."""

    @wraps(question)
    def steps(desk: Shell[S], /, *args: P.args, **options: P.kwargs) -> Steps[tuple[Problem, ...]]:
        problems = yield from question(desk, *args, **options)
        if problems or not desk.limits:
            return problems
        return (yield from _rehearse(command(desk, *args, **options)))

    return steps


def _rehearse(steps: Steps[Any]) -> Steps[tuple[Problem, ...]]:
    """Give what a command is refused for; nobody is asked whether they may, and nothing is committed."""
    try:
        request = next(steps)
        while request.name != "commit":
            if request.name == "authorize":
                request = steps.send(None)
                continue
            try:
                answer = yield request
            except Exception as error:  # noqa: BLE001 - whatever it is, the command decides
                request = steps.throw(error)
            else:
                request = steps.send(answer)
    except MoveRefused as refusal:
        return refusal.problems
    except StopIteration:  # nothing was to be committed
        return ()
    finally:
        steps.close()
    return ()
