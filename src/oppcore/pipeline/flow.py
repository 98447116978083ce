"""Which directions a pipeline allows, and to whom."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import final

import attrs

from oppcore.records.checks import texts, to_texts

__all__ = ["FORBIDDEN", "Direction", "Flow", "Policy"]


class Direction(StrEnum):
    """What a move does; several may apply to one move, and all that apply must be allowed."""

    OPEN = "open"
    ADVANCE = "advance"
    JUMP = "jump"
    REVERT = "revert"
    WIN = "win"
    LOSE = "lose"
    ABANDON = "abandon"
    DELIVER = "deliver"
    REOPEN = "reopen"
    OVERTURN = "overturn"
    RECLASSIFY = "reclassify"
    TRANSFER = "transfer"


@final
@attrs.frozen(kw_only=True)
class Policy:
    """Whether a direction is allowed, and the roles that may take it; no roles admit anyone."""

    allowed: bool = attrs.field(default=True, validator=attrs.validators.instance_of(bool))
    roles: tuple[str, ...] = attrs.field(default=(), converter=to_texts, validator=texts)


FORBIDDEN = Policy(allowed=False)
"""Nobody may."""


@final
@attrs.frozen(kw_only=True)
class Flow:
    """The policy of each direction.

    A jump also needs every stage it leaves out to be one that `may_be_skipped`. What takes back a closing (`reopen`,
    `overturn`, `reclassify`) and going over to another pipeline (`transfer`, in the flow of both) are not allowed until
    the pipeline says so, and should name the roles that may.
    """

    advance: Policy = Policy()
    jump: Policy = Policy()
    revert: Policy = Policy()
    win: Policy = Policy()
    lose: Policy = Policy()
    abandon: Policy = Policy()
    deliver: Policy = Policy()
    reopen: Policy = FORBIDDEN
    overturn: Policy = FORBIDDEN
    reclassify: Policy = FORBIDDEN
    transfer: Policy = FORBIDDEN

    def policy(self, direction: Direction) -> Policy:
        """Give the policy of a direction; opening is always allowed, `opens_in` says where."""
        if direction is Direction.OPEN:
            return Policy()
        policy: Policy = getattr(self, direction)
        return policy

    def __iter__(self) -> Iterator[tuple[Direction, Policy]]:
        for direction in Direction:
            if direction is not Direction.OPEN:
                yield direction, self.policy(direction)
