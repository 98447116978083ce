"""The one frozen value a criterion sees."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, final

import attrs

from oppcore.records import Actor, Opportunity

__all__ = ["Situation"]


@final
@attrs.frozen(kw_only=True)
class Situation:
    """A record at a moment, who acts, and the facts the host supplies for this question.

    `facts` are never stored and never replayed; only criteria of the host look at them.
    """

    record: Opportunity
    at: datetime
    actor: Actor | None = None
    facts: Mapping[str, Any] = attrs.field(factory=dict[str, Any], hash=False)
