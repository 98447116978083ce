"""What a record is called, in whose data."""

from __future__ import annotations

from typing import final

import attrs

from oppcore.records.checks import key_text

__all__ = ["Key"]


@final
@attrs.frozen
class Key:
    """The name of a record: its kind (`opportunity`, `lead`, `pipeline`), the host's id, and the tenant it is of."""

    kind: str = attrs.field(validator=key_text)
    id: str = attrs.field(validator=key_text)
    tenant: str = attrs.field(default="main", validator=key_text)
