"""Moves drawn one by one, and actions that are no move: each with a gate of its own."""

from __future__ import annotations

from typing import final

import attrs

from oppcore.criteria import Criterion
from oppcore.pipeline.stage import Labels, labels_field
from oppcore.records.checks import key_text, texts, to_texts

__all__ = ["Action", "Transition"]


@final
@attrs.frozen(kw_only=True)
class Transition:
    """A move from one stage to another that the process draws. `gate` adds to the criteria of the two stages.

    A pipeline with transitions allows no other moves between open, won and post_sale stages; losing, abandoning and
    taking back a closing follow the flow as ever.
    """

    source: str = attrs.field(validator=key_text)
    target: str = attrs.field(validator=key_text)
    labels: Labels = labels_field()
    gate: tuple[Criterion, ...] = attrs.field(default=(), converter=tuple[Criterion, ...])
    roles: tuple[str, ...] = attrs.field(default=(), converter=to_texts, validator=texts)

    @property
    def key(self) -> str:
        """The two stages."""
        return f"{self.source} → {self.target}"


@final
@attrs.frozen(kw_only=True)
class Action:
    """Something done with a deal that is no move, such as sending a quote, and what must be true for it."""

    key: str = attrs.field(validator=key_text)
    labels: Labels = labels_field()
    gate: tuple[Criterion, ...] = attrs.field(default=(), converter=tuple[Criterion, ...])
    roles: tuple[str, ...] = attrs.field(default=(), converter=to_texts, validator=texts)
