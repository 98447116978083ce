"""What a pipeline amounts to before it goes live: where it is wrong or doubtful."""

from __future__ import annotations

from oppcore.proof.checking import check
from oppcore.proof.findings import Finding, Severity

__all__ = ["Finding", "Severity", "check"]
