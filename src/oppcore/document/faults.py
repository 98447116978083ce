"""What is wrong with parts of a document: all of it, with paths that grow from the inside out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import attrs

from oppcore.errors import InvalidDocument, InvalidPipeline, Problem
from oppcore.spelling import suggest

__all__ = ["MAX_FAULTS", "DocumentFault", "collect", "find_problems", "graft", "unknown_key"]

MAX_FAULTS = 200
"""Faults that are looked for in one part of a document; who has more has another problem."""

T = TypeVar("T")


@attrs.frozen(eq=False)
class DocumentFault(Exception):
    """Faults in one part of a document, with paths relative to that part."""

    problems: tuple[Problem, ...]

    @classmethod
    def one(cls, code: str, path: str = "", /, **params: Any) -> DocumentFault:
        """Make a fault of a single problem."""
        return cls((Problem(code, path, params),))


def graft(prefix: str, problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Give the problems of a part with the path of the part before theirs."""

    def path(problem: Problem) -> str:
        dot = "." if prefix and problem.path and not problem.path.startswith("[") else ""
        return f"{prefix}{dot}{problem.path}"

    return tuple(attrs.evolve(problem, path=path(problem)) for problem in problems)


def collect(parts: Iterable[tuple[str, Callable[[], T]]]) -> list[T]:
    """Run each part, and give all results, or raise one `DocumentFault` with all faults under their paths."""
    results: list[T] = []
    problems: list[Problem] = []
    for path, read in parts:
        try:
            results.append(read())
        except Exception as error:  # noqa: BLE001 - find_problems re-raises what is no fault of the document
            problems.extend(graft(path, find_problems(error)))
            if len(problems) >= MAX_FAULTS:
                break
    if problems:
        raise DocumentFault(tuple(problems))
    return results


def unknown_key(key: str, known: Iterable[str]) -> Problem:
    """Say that a table has a key it should not have, and which one was perhaps meant."""
    params = {"what": "key", "key": key[:80], "suggestion": suggest(key, known)}
    return Problem("key.unknown", key[:80], params)


def find_problems(error: BaseException) -> tuple[Problem, ...]:
    """Give the problems an exception of structuring stands for; anything that is no fault of the document is raised."""
    if isinstance(error, (DocumentFault, InvalidPipeline, InvalidDocument)):
        return error.problems
    if isinstance(error, (TypeError, ValueError)):
        return (Problem("document.value", "", {"why": str(error)}),)
    raise error
