"""The fields a pipeline adds to its records."""

from __future__ import annotations

from typing import final

import attrs

from oppcore.pipeline.stage import Labels, labels_field
from oppcore.records import FieldType
from oppcore.records.checks import key_text, texts, to_texts

__all__ = ["CustomField"]


@final
@attrs.frozen(kw_only=True)
class CustomField:
    """A field of the host's own: text, number, money, date, choice or flag. `personal` values are never printed."""

    key: str = attrs.field(validator=key_text)
    type: FieldType = attrs.field(converter=FieldType)
    choices: tuple[str, ...] = attrs.field(default=(), converter=to_texts, validator=texts)
    labels: Labels = labels_field()
    personal: bool = attrs.field(default=False, validator=attrs.validators.instance_of(bool))
