"""Which changes of a pipeline a suite of tests does not notice."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias, final

import attrs
import pytest

from oppcore.pipeline import Pipeline
from oppcore.table import Table
from oppcore.testing.mutation.mutants import Mutant, mutants
from oppcore.testing.scenarios.running import run_scenario
from oppcore.testing.scenarios.scenario import Scenario

__all__ = ["MutationScore", "Suite", "find_survivors"]

Suite: TypeAlias = Iterable[Scenario] | Callable[[Pipeline], object]
"""What tests a pipeline: scenarios, or a function that is given one and raises, or gives False, where it is wrong."""


@final
@attrs.frozen(kw_only=True)
class MutationScore:
    """The mutants of a pipeline that were tried, and those that survived: that no test noticed."""

    pipeline: str
    revision: int
    tried: int
    survivors: tuple[Mutant, ...]

    @property
    def share(self) -> float:
        """The share of mutants that were noticed, 1 where there are none."""
        return 1.0 if self.tried == 0 else 1 - len(self.survivors) / self.tried

    def table(self) -> Table:
        """Give a row per survivor."""
        return Table(
            columns=["rule", "no test notices"],
            rows=[[mutant.key, mutant.description] for mutant in self.survivors],
            title=(
                f"Mutants of {self.pipeline}, revision {self.revision}: "
                f"{self.tried - len(self.survivors)} of {self.tried} noticed ({self.share:.1%})"
            ),
        )

    def __str__(self) -> str:
        return str(self.table())


def find_survivors(pipeline: Pipeline, suite: Suite) -> MutationScore:
    """Try a suite on every mutant of a pipeline, and give those that it does not notice.

    Of scenarios, those of this pipeline are run. Raises `ValueError` where there are none, or where the suite does not
    pass on the pipeline as it is.
    """
    passes = suite if callable(suite) else _runs(pipeline, suite)
    if (why := _find_failure(passes, pipeline)) is not None:
        message = f"the suite does not pass on {pipeline.key} as it is: {why}"
        raise ValueError(message)
    tried = mutants(pipeline)
    survivors = tuple(mutant for mutant in tried if _find_failure(passes, mutant.pipeline) is None)
    return MutationScore(pipeline=pipeline.key, revision=pipeline.revision, tried=len(tried), survivors=survivors)


def _runs(pipeline: Pipeline, scenarios: Iterable[Scenario]) -> Callable[[Pipeline], object]:
    ours = [scenario for scenario in scenarios if scenario.pipeline == pipeline]
    if not ours:
        message = f"there is no scenario about {pipeline.key}, revision {pipeline.revision}"
        raise ValueError(message)

    def passes(changed: Pipeline) -> bool:
        return all(run_scenario(scenario, pipeline=changed).passed for scenario in ours)

    return passes


def _find_failure(passes: Callable[[Pipeline], Any], pipeline: Pipeline) -> str | None:
    try:
        return "it says False" if passes(pipeline) is False else None
    except (Exception, pytest.fail.Exception) as failure:  # noqa: BLE001 - whatever a test raises, it has noticed
        return f"{type(failure).__name__}: {failure}"
