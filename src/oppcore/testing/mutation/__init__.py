"""Pipelines with one rule changed: a suite that notices none of the changes tests nothing."""

from __future__ import annotations

from oppcore.testing.mutation.mutants import Mutant, mutants
from oppcore.testing.mutation.survivors import MutationScore, find_survivors

__all__ = ["Mutant", "MutationScore", "find_survivors", "mutants"]
