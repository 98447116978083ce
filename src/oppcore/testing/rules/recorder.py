"""Seeing which rules tests exercise: by wrapping the functions a test calls, and by reading what has happened."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from inspect import signature
from typing import ParamSpec, TypeVar, final

from oppcore.engine import Change, Opened, Origination, evolve
from oppcore.pipeline import Pipeline
from oppcore.records import Record
from oppcore.testing.rules.cases import RuleCase
from oppcore.testing.rules.coverage import RuleCoverage
from oppcore.testing.rules.observing import find_act, observe_change

__all__ = ["RuleRecorder"]

P = ParamSpec("P")
R = TypeVar("R")


@final
class RuleRecorder:
    """Keeps what was exercised of which pipelines. It sees only what goes through it: nothing global is changed.

    `watch` gives a function of the engine that does the same and is seen; `record` reads changes that came about
    elsewhere, through a desk or from a store.

    >>> from datetime import UTC, datetime
    >>> from oppcore import open_opportunity, template
    >>> recorder, pipeline, now = RuleRecorder(), template("needs_led"), datetime(2026, 3, 2, tzinfo=UTC)
    >>> opened = open_opportunity(pipeline, "d-1", at=now)
    >>> recorder.record(pipeline, opened)
    >>> [coverage] = recorder.coverage()
    >>> [str(case) for case in coverage.cases if case in coverage.covered]
    ['stages.needs_confirmation: entered', 'new: open', 'flow.open: allowed']
    """

    def __init__(self) -> None:
        self._seen: dict[int, tuple[Pipeline, set[RuleCase]]] = {}

    def watch(self, function: Callable[P, R]) -> Callable[P, R]:
        """Give a function of the engine, or an assertion of this kit, that does the same and is seen.

        Raises `TypeError` for a function that asks no rules.
        """
        act, parameters = find_act(function), signature(function)

        @wraps(function)
        def watched(*args: P.args, **kwargs: P.kwargs) -> R:
            bound = parameters.bind(*args, **kwargs)
            bound.apply_defaults()
            try:
                return function(*args, **kwargs)
            finally:
                pipeline = bound.arguments["pipeline"]
                self.see(pipeline, act(pipeline, bound.arguments))

        return watched

    def record(self, pipeline: Pipeline, changes: Iterable[Change], *, record: Record | None = None) -> None:
        """Read what happened to a record, from its opening or, with `record`, from where that stands.

        Only what was allowed is in changes: what was refused, and by whom it was done beyond an id, is not.
        """
        found: set[RuleCase] = set()
        standing = record
        for change in changes:
            live = change.stamp.origin is Origination.LIVE
            ours = (change.stamp.pipeline, change.stamp.revision) == (pipeline.key, pipeline.revision)
            if live and ours and (standing is not None or isinstance(change, Opened)):
                found.update(observe_change(pipeline, change))
            standing = change.record if isinstance(change, Opened) else evolve(standing, change)
        self.see(pipeline, found)

    def see(self, pipeline: Pipeline, cases: Iterable[RuleCase]) -> None:
        """Note that cases of a pipeline were exercised."""
        self._seen.setdefault(id(pipeline), (pipeline, set()))[1].update(cases)

    def coverage(self) -> tuple[RuleCoverage, ...]:
        """Give the coverage of every pipeline that was seen, each once, in the order in which they came."""
        together: dict[Pipeline, set[RuleCase]] = {}
        for pipeline, cases in self._seen.values():
            together.setdefault(pipeline, set()).update(cases)
        return tuple(RuleCoverage.of(pipeline, cases) for pipeline, cases in together.items())

    def add(self, other: RuleRecorder) -> None:
        """Take over what another recorder has seen."""
        for pipeline, cases in other._seen.values():
            self.see(pipeline, cases)
