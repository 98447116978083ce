"""Where probabilities come from: the deal itself, its stage, its history, or whatever the host believes in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import final

import attrs

from oppcore.history import Standing
from oppcore.pipeline import Pipeline
from oppcore.spelling import hint

__all__ = ["ASKED", "EXAMPLES_WARNING", "ProbabilitySource", "read_sources"]

ASKED = ("own", "stage")
"""The sources that are asked where nothing else is said: the deal's own probability, then that of its stage."""

EXAMPLES_WARNING = "the probabilities of the stages are a template's examples, not yours: put your own in their place"
"""What every result says that rests on the probabilities of stages which a template brought."""


@final
@attrs.frozen
class ProbabilitySource:
    """A name, and what is said under it of an open deal: a probability from 0 to 1, or None where nothing is.

    >>> model = ProbabilitySource.by_stage("last year", {"offer": 0.4})
    >>> model.name
    'last year'
    """

    name: str
    of: Callable[[Standing], Decimal | float | None] = attrs.field(repr=False)

    @classmethod
    def by_deal(cls, name: str, probabilities: Mapping[str, Decimal | float]) -> ProbabilitySource:
        """Give a source that knows deals by their ids, such as the scores of a model."""
        return cls(name, lambda standing: probabilities.get(standing.opportunity_id))

    @classmethod
    def by_stage(cls, name: str, probabilities: Mapping[str, Decimal | float]) -> ProbabilitySource:
        """Give a source that knows stages by their keys, such as the win rates of a history."""
        return cls(name, lambda standing: probabilities.get(standing.state.stage))

    def ask(self, standing: Standing) -> Decimal | None:
        """Give the probability exactly; a float is the binary fraction that it is.

        Raises `ValueError` for what is no probability.
        """
        said = self.of(standing)
        if said is None:
            return None
        if not 0 <= said <= 1:
            message = (
                f"{self.name}: a probability lies between 0 and 1, not {said} (opportunity {standing.opportunity_id})"
            )
            raise ValueError(message)
        return Decimal(said)


def read_sources(wanted: Iterable[ProbabilitySource | str], pipeline: Pipeline) -> tuple[ProbabilitySource, ...]:
    """Give the sources in the order in which they are asked; `own` and `stage` are known by their names.

    Raises `ValueError` for other names, for a source of yours that has one of them, for a name given twice, and where
    there is no source at all.
    """
    if isinstance(wanted, str):
        wanted = (wanted,)
    known = {
        "own": ProbabilitySource("own", lambda standing: standing.probability),
        "stage": ProbabilitySource("stage", lambda standing: pipeline.stage(standing.state.stage).probability),
    }
    found: dict[str, ProbabilitySource] = {}
    for one in wanted:
        source = one
        if isinstance(source, str):
            if source not in known:
                message = f"there is no source of probabilities {source!r}; {hint(source, list(known))}"
                raise ValueError(message)
            source = known[source]
        elif source.name in (*known, "outcome", "supposed"):
            message = f"{source.name!r} is the name of a source that there is: call yours otherwise"
            raise ValueError(message)
        if source.name in found:
            message = f"two sources of probabilities are called {source.name!r}"
            raise ValueError(message)
        found[source.name] = source
    if not found:
        message = "no source of probabilities is given"
        raise ValueError(message)
    return tuple(found.values())
