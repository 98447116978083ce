"""What a condition is, whoever wrote it."""

from __future__ import annotations

from typing import Protocol

from oppcore.criteria.situation import Situation
from oppcore.errors import Problem

__all__ = ["Leaf"]


class Leaf(Protocol):
    """A condition on a situation; three-valued, because what is not known is neither true nor false.

    A host's own criterion is a frozen class with these two methods. It must be pure: the same situation gives the same
    answer. It is asked while its answer matters, perhaps more than once; an exception it raises reaches the caller.
    """

    def judge(self, situation: Situation, /) -> bool | None:
        """Say whether the condition holds; None when that cannot be known."""
        ...

    def problem(self, situation: Situation, wanted: bool, /) -> Problem:
        """Say what is the matter when the answer is not the wanted one (False is wanted below a `not`)."""
        ...
