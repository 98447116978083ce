"""Looking at a pipeline before it goes live: what it guarantees, proved or refuted."""

from __future__ import annotations

from oppcore.proof.claims import Answer, Proved, Refuted, Story
from oppcore.proof.proving import prove, prove_claims

__all__ = ["Answer", "Proved", "Refuted", "Story", "prove", "prove_claims"]
