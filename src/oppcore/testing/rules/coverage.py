"""How much of a pipeline's rules was exercised, and what was not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, final

import attrs

from oppcore.pipeline import Pipeline
from oppcore.table import Table
from oppcore.testing.rules.cases import RuleCase, RuleKind, find_cases

__all__ = ["RuleCoverage"]


def _to_cases(cases: Iterable[RuleCase]) -> tuple[RuleCase, ...]:
    return tuple(dict.fromkeys(cases))


def _to_set(cases: Iterable[RuleCase]) -> frozenset[RuleCase]:
    return frozenset(cases)


@final
@attrs.frozen(kw_only=True)
class RuleCoverage:
    """Everything there is to exercise in one revision of a pipeline, and what of it was.

    `share` is from 0 to 1. `combine` adds what was exercised elsewhere: in another process, say.
    """

    pipeline: str
    revision: int = 1
    cases: tuple[RuleCase, ...] = attrs.field(converter=_to_cases, repr=False)
    covered: frozenset[RuleCase] = attrs.field(converter=_to_set, repr=False)

    @classmethod
    def of(cls, pipeline: Pipeline, covered: Iterable[RuleCase] = ()) -> RuleCoverage:
        """Make the coverage of a pipeline; what it does not have is left out of what was covered."""
        cases = find_cases(pipeline)
        return cls(
            pipeline=pipeline.key,
            revision=pipeline.revision,
            cases=cases,
            covered=frozenset(cases).intersection(covered),
        )

    @property
    def missing(self) -> tuple[RuleCase, ...]:
        """What was not exercised, in the order of the pipeline."""
        return tuple(case for case in self.cases if case not in self.covered)

    @property
    def share(self) -> float:
        """The share of what was exercised, 1 where there is nothing to exercise."""
        return len(self.covered) / len(self.cases) if self.cases else 1.0

    def combine(self, other: RuleCoverage) -> RuleCoverage:
        """Give both together. Raises `ValueError` where they are about unlike pipelines."""
        if (self.pipeline, self.revision, self.cases) != (other.pipeline, other.revision, other.cases):
            message = (
                f"the coverage of {self.pipeline}, revision {self.revision}, and that of {other.pipeline}, "
                f"revision {other.revision}, are about unlike rules"
            )
            raise ValueError(message)
        return attrs.evolve(self, covered=self.covered | other.covered)

    def table(self) -> Table:
        """Give a row per kind: how many of how many, and what is missing, by name."""
        rows: list[list[Any]] = []
        for kind in RuleKind:
            of_kind = [case for case in self.cases if case.kind is kind]
            done = [case for case in of_kind if case in self.covered]
            if of_kind:
                rows.append([str(kind), len(done), len(of_kind), f"{len(done) / len(of_kind):.0%}"])
        notes = [f"missing {case.kind}: {case}" for case in self.missing]
        return Table(
            columns=["rules", "exercised", "of", "share"],
            rows=rows,
            title=f"Rules of {self.pipeline}, revision {self.revision}: {self.share:.1%} exercised",
            notes=tuple(notes),
        )

    def __str__(self) -> str:
        return str(self.table())
