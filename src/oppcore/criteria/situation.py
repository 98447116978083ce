"""The one frozen value a criterion sees."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, final

import attrs

from oppcore.records import Actor, Item, Record

__all__ = ["Situation"]


@final
@attrs.frozen(kw_only=True)
class Situation:
    """A record at a moment, who acts, and the facts the host supplies for this question.

    Below an `exists` the record is one of its items. `personal` names the fields whose values are never printed.
    `facts` are never stored and never replayed; only criteria of the host look at them.
    """

    record: Record | Item
    at: datetime
    actor: Actor | None = None
    facts: Mapping[str, Any] = attrs.field(factory=dict[str, Any], hash=False)
    personal: frozenset[str] = frozenset()

    def shown(self, field: str, value: Any) -> Any:
        """Give a value as it may be printed: personal ones as `…`."""
        return "…" if field in self.personal else value
