"""What a record is called, in whose data."""

from __future__ import annotations

from enum import StrEnum
from typing import final

import attrs

from oppcore.records.checks import key_text

__all__ = ["Key", "RecordKind"]


class RecordKind(StrEnum):
    """What goes through a process."""

    OPPORTUNITY = "opportunity"
    LEAD = "lead"


@final
@attrs.frozen
class Key:
    """The name of a record: its kind (`opportunity`, `lead`, `pipeline`), the host's id, and the tenant it is of."""

    kind: str = attrs.field(validator=key_text)
    id: str = attrs.field(validator=key_text)
    tenant: str = attrs.field(default="main", validator=key_text)
