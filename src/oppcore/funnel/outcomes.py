"""Which of its outcomes counts for a deal that was closed more than once, or reopened."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import final

import attrs

from oppcore.history import Standing, Trail
from oppcore.records import Outcome

__all__ = ["OutcomeRule", "Resolution", "resolve"]


class OutcomeRule(StrEnum):
    """Which outcome of a deal counts.

    `final`: the one it has as of the instant. `first_close`: that of its first closing, whatever came later.
    `each_close`: that of every closing, so that a deal may count more than once; one that is open again is open, too.
    """

    FINAL = "final"
    FIRST_CLOSE = "first_close"
    EACH_CLOSE = "each_close"


@final
@attrs.frozen
class Resolution:
    """An outcome that counts, and since when; an open deal has none yet, and no instant."""

    outcome: Outcome
    at: datetime | None


def resolve(trail: Trail, standing: Standing, rule: OutcomeRule) -> tuple[Resolution, ...]:
    """Give the outcomes of a deal that count by a rule."""
    if rule is OutcomeRule.FINAL:
        return (Resolution(standing.outcome, standing.closed_at),)
    closings = tuple(Resolution(closing.outcome, closing.at) for closing in trail.closings)
    if rule is OutcomeRule.FIRST_CLOSE:
        return closings[:1] or (Resolution(Outcome.OPEN, None),)
    return closings + (Resolution(Outcome.OPEN, None),) * (standing.outcome is Outcome.OPEN)
