"""What a pipeline is meant to guarantee, said as data: to be proved or refuted, not asked of any record."""

from __future__ import annotations

from typing import Any, final

import attrs

from oppcore.criteria import Criterion
from oppcore.pipeline.stage import Labels, labels_field
from oppcore.records import Outcome, State
from oppcore.records.checks import key_text, optional_key

__all__ = ["Claim"]


def _to_outcome(value: Outcome | str | None) -> Outcome | None:
    return None if value is None else Outcome(value)


@final
@attrs.frozen(kw_only=True)
class Claim:
    """Something that is always so in a pipeline, however deals move.

    `holds`: whenever a deal enters the `stage` (or comes to the `outcome`), these criteria are true of it. `passed`: no
    deal gets to the `stage` (or `outcome`) without having stood in that stage before. `closes`: from every stage a deal
    can get to, it can come to the `outcome` (of a claim that names none: to any).
    """

    key: str = attrs.field(validator=key_text)
    labels: Labels = labels_field()
    stage: str | None = attrs.field(default=None, validator=optional_key)
    outcome: Outcome | None = attrs.field(default=None, converter=_to_outcome)
    holds: tuple[Criterion, ...] = attrs.field(default=(), converter=tuple[Criterion, ...])
    passed: str | None = attrs.field(default=None, validator=optional_key)
    closes: bool = attrs.field(default=False, validator=attrs.validators.instance_of(bool))

    @property
    def place(self) -> str:
        """The stage or outcome the claim is about; empty where it is about all."""
        return self.stage or (self.outcome or "")

    def is_about(self, state: State) -> bool:
        """Say whether a record in this state is where the claim says something of it."""
        return state.stage == self.stage if self.stage is not None else state.outcome is self.outcome

    def __attrs_post_init__(self) -> None:
        kinds: list[Any] = [bool(self.holds), self.passed is not None, self.closes]
        if sum(kinds) != 1:
            message = "a claim says exactly one of holds, passed and closes"
            raise ValueError(message)
        if self.stage is not None and self.outcome is not None:
            message = "a claim is about a stage or an outcome, not both"
            raise ValueError(message)
        if (self.closes and self.stage is not None) or (not self.closes and not self.place):
            message = "what holds or was passed is about a stage or an outcome; what closes is about an outcome or any"
            raise ValueError(message)
