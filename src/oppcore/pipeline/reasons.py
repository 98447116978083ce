"""Why deals are closed."""

from __future__ import annotations

from typing import final

import attrs

from oppcore.pipeline.stage import Labels, labels_field
from oppcore.records import Outcome
from oppcore.records.checks import key_text

__all__ = ["Reason"]


@final
@attrs.frozen(kw_only=True)
class Reason:
    """A reason for closing a deal with an outcome (`won`, `lost` or `abandoned`)."""

    key: str = attrs.field(validator=key_text)
    outcome: Outcome = attrs.field(converter=Outcome)
    labels: Labels = labels_field()
