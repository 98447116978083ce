"""The deals that began in a period: those a number is about where it is not about all of them."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import final

import attrs

from oppcore.history import Trail
from oppcore.periods import Period
from oppcore.pipeline import Pipeline
from oppcore.spelling import suggest

__all__ = ["WON", "Cohort"]

WON = "won"
"""The name of the last step: the outcome, not a stage."""


@final
@attrs.frozen
class Cohort:
    """The deals created in a period of calendar days; with `entered`, those that first entered this stage in it.

    `entered` is a stage of any kind, or `won`. A deal is in one cohort only of periods that follow one another.
    """

    period: Period
    entered: str | None = None

    def __str__(self) -> str:
        began = "created" if self.entered is None else f"first in {self.entered}"
        return f"deals {began} in {self.period}"

    def check(self, pipeline: Pipeline) -> None:
        """Raise `ValueError` where the pipeline does not have the stage."""
        known = [*(stage.key for stage in pipeline.stages), WON]
        if self.entered is not None and self.entered not in known:
            nearest = suggest(self.entered, known)
            hint = f"did you mean {nearest!r}?" if nearest else f"there are: {', '.join(known)}"
            message = f"{self.entered!r} is no stage of pipeline {pipeline.key!r}; {hint}"
            raise ValueError(message)

    def instants(self, zone: str | tzinfo | None) -> tuple[datetime, datetime]:
        """Give the first instant of the period, and the first one after it. Raises `ValueError` without a zone."""
        if zone is None:
            message = "whose days a cohort is made of depends on the time zone: name it, such as timezone='UTC'"
            raise ValueError(message)
        return self.period.instants(zone)

    def began_at(self, trail: Trail, pipeline: Pipeline) -> datetime | None:
        """Give the instant that decides on the cohort of a deal; None where it is in none."""
        if self.entered is None:
            return trail.standing.opened_at if trail.standing is not None else None
        wanted = self.entered if self.entered in pipeline else None
        return next((at for stage, at in trail.path if stage == wanted), None)
