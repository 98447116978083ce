"""One vocabulary of conditions: for gates now, and for everything else that asks a question of a record."""

from __future__ import annotations

from oppcore.criteria.approved import Approved
from oppcore.criteria.combinators import AllOf, AnyOf, Criterion, Exists, Not, SomeOf
from oppcore.criteria.explanation import Explanation, explain, find_unmet
from oppcore.criteria.leaf import Leaf
from oppcore.criteria.leaves import Answered, Compare, Comparison, Elapsed, Match, Present, Role, Since, Text
from oppcore.criteria.situation import Situation
from oppcore.criteria.solve import (
    Impossible,
    Undecided,
    Witness,
    find_counterexample,
    find_witness,
    implies,
    is_always_true,
    is_satisfiable,
)

__all__ = [
    "AllOf",
    "Answered",
    "AnyOf",
    "Approved",
    "Compare",
    "Comparison",
    "Criterion",
    "Elapsed",
    "Exists",
    "Explanation",
    "Impossible",
    "Leaf",
    "Match",
    "Not",
    "Present",
    "Role",
    "Since",
    "Situation",
    "SomeOf",
    "Text",
    "Undecided",
    "Witness",
    "explain",
    "find_counterexample",
    "find_unmet",
    "find_witness",
    "implies",
    "is_always_true",
    "is_satisfiable",
]
