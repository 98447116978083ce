"""Who may do what is no move: correct the past, take records out and bring them back, and override rules."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import final

import attrs

from oppcore.pipeline.flow import FORBIDDEN, Policy
from oppcore.records.checks import texts, to_texts

__all__ = ["OverridePolicy", "Permissions", "Waivable"]


class Waivable(StrEnum):
    """What kind of rule an override may waive."""

    CRITERIA = "criteria"
    APPROVALS = "approvals"
    FLOW = "flow"
    ROLES = "roles"


def _to_kinds(kinds: Iterable[str]) -> tuple[Waivable, ...]:
    return tuple(Waivable(kind) for kind in to_texts(kinds))


@final
@attrs.frozen(kw_only=True)
class OverridePolicy:
    """Who may waive which kinds of rules. Not even they can waive what makes a record what it is."""

    roles: tuple[str, ...] = attrs.field(converter=to_texts, validator=[texts, attrs.validators.min_len(1)])
    waives: tuple[Waivable, ...] = attrs.field(default=tuple(Waivable), converter=_to_kinds)


@final
@attrs.frozen(kw_only=True)
class Permissions:
    """The policy of each act that changes what was: none is allowed until the pipeline says so."""

    correct: Policy = FORBIDDEN
    remove: Policy = FORBIDDEN
    restore: Policy = FORBIDDEN
    merge: Policy = FORBIDDEN
