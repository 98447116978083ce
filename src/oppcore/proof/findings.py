"""What a check finds: a problem, and how much it matters."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, final

import attrs

from oppcore.errors import Problem
from oppcore.messages import Names

__all__ = ["Finding", "Severity"]


class Severity(StrEnum):
    """How much a finding matters: it cannot work, it is hardly meant so, or it is good to know."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@final
@attrs.frozen
class Finding:
    """Something that is wrong with a pipeline, or doubtful.

    The path of the problem names a rule as `rules_of` does (`stages.offer.entry[0]`), or another part by its keys.
    `str(finding)` is one line in English; the wording is not API, the code of the problem is.
    """

    severity: Severity
    problem: Problem

    def __str__(self) -> str:
        return self.text()

    @property
    def suggestion(self) -> str:
        """What was perhaps meant; empty where nothing is near."""
        return str(self.problem.params.get("suggestion", ""))

    def text(self, language: str = "en", *, names: Names | None = None) -> str:
        """Say it in one line; `names` as for `Problem.text`. Raises `LookupError` for a language that there is not."""
        return self.problem.text(language, names=names)

    def detail(self) -> dict[str, Any]:
        """Give the finding as plain data, ready for JSON."""
        found = {"severity": str(self.severity), **self.problem.detail()}
        return {**found, "suggestion": self.suggestion} if self.suggestion else found
