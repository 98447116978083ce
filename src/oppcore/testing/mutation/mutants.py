"""A pipeline with one rule changed: what a suite of tests should notice."""

from __future__ import annotations

from collections import Counter
from typing import final

import attrs

from oppcore.errors import InvalidPipeline
from oppcore.pipeline import Pipeline
from oppcore.testing.mutation.alike import Decisions
from oppcore.testing.mutation.changes import find_changes

__all__ = ["Mutant", "mutants"]


@final
@attrs.frozen(kw_only=True)
class Mutant:
    """A pipeline with one rule changed. `key` names the change, `description` says it in words."""

    key: str
    description: str
    pipeline: Pipeline = attrs.field(repr=False)

    def __str__(self) -> str:
        return self.description


def mutants(pipeline: Pipeline) -> tuple[Mutant, ...]:
    """Give every mutant of a pipeline that is itself a valid one and does not decide alike.

    Criteria are dropped, loosened, tightened and turned around; roles widened and narrowed; directions, stages left out
    and entries allowed or forbidden; reasons, steps of approvals, what they cover, and overrides dropped. Whether two
    gates are alike the solver says; where it cannot tell, the mutant stays. Permissions to correct, remove, restore and
    merge are left as they are.

    >>> from oppcore.pipeline import load_pipeline
    >>> pipeline = load_pipeline('''
    ... key = "sales"
    ... currency = "EUR"
    ... stages = [
    ...     { key = "lead", kind = "open" },
    ...     { key = "won", kind = "won", entry = [{ compare = "amount", ge = 1000 }] },
    ... ]
    ... ''')
    >>> for mutant in mutants(pipeline)[:4]:
    ...     print(mutant)
    entry of won: amount is at least 1,000.00 EUR dropped
    entry of won: amount is at least 1,000.00 EUR tightened to amount is above 1,000.00 EUR
    entry of won: amount is at least 1,000.00 EUR loosened to amount is at least 500.00 EUR
    entry of won: amount is at least 1,000.00 EUR tightened to amount is at least 1,500.00 EUR
    """
    found: list[Mutant] = []
    times: Counter[str] = Counter()
    decisions = Decisions(pipeline)
    for place, words, make in find_changes(pipeline):
        try:
            changed = make()
        except (InvalidPipeline, TypeError, ValueError):
            continue
        if not decisions.are_alike(changed):
            times[place] += 1
            found.append(Mutant(key=f"{place}#{times[place]}", description=words, pipeline=changed))
    return tuple(found)
