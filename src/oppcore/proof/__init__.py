"""Looking at a pipeline before it goes live: what it guarantees, proved or refuted."""

from __future__ import annotations

from oppcore.proof.claims import Answer, Proved, Refuted, Story
from oppcore.proof.proving import prove, prove_claims
from oppcore.proof.revising import Difference, Effect, Migration, Plan, compare, plan_migration, replay_under

__all__ = [
    "Answer",
    "Difference",
    "Effect",
    "Migration",
    "Plan",
    "Proved",
    "Refuted",
    "Story",
    "compare",
    "plan_migration",
    "prove",
    "prove_claims",
    "replay_under",
]
