"""Which rules of a pipeline its tests have exercised."""

from __future__ import annotations

from oppcore.testing.rules.cases import RuleCase, RuleKind, find_cases
from oppcore.testing.rules.coverage import RuleCoverage
from oppcore.testing.rules.recorder import RuleRecorder

__all__ = ["RuleCase", "RuleCoverage", "RuleKind", "RuleRecorder", "find_cases"]
