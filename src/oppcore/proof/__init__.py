"""Looking at a pipeline before it goes live: where it is doubtful, what it guarantees, what a revision changes."""

from __future__ import annotations

from oppcore.proof.checking import check
from oppcore.proof.claims import Answer, Proved, Refuted, Story
from oppcore.proof.findings import Finding, Severity
from oppcore.proof.hindsight import Breach, find_breaches
from oppcore.proof.migrating import Migration, Plan, plan_migration
from oppcore.proof.passages import Allowance
from oppcore.proof.proving import prove, prove_claims
from oppcore.proof.revising import Difference, Effect, compare, replay_under

__all__ = [
    "Allowance",
    "Answer",
    "Breach",
    "Difference",
    "Effect",
    "Finding",
    "Migration",
    "Plan",
    "Proved",
    "Refuted",
    "Severity",
    "Story",
    "check",
    "compare",
    "find_breaches",
    "plan_migration",
    "prove",
    "prove_claims",
    "replay_under",
]
