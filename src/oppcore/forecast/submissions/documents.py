"""Submissions and adjustments as canonical JSON, for hosts that keep them."""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from oppcore.codec import instant_text
from oppcore.document import DocumentFault, find_problems, make_converter, parse, structure, want_table
from oppcore.errors import InvalidDocument, Problem
from oppcore.forecast.hierarchy.adjustments import Adjustment
from oppcore.forecast.submissions.submissions import Submission

if TYPE_CHECKING:
    from cattrs import Converter

__all__ = ["decode_judgement", "encode_judgement"]

SCHEMA = 1
"""The version of what is written; what was written once is read for ever."""
_TYPES: dict[str, type[Any]] = {"submission": Submission, "adjustment": Adjustment}
_NAMES = {type_: name for name, type_ in _TYPES.items()}


@cache
def _converter() -> Converter:
    converter = make_converter()
    converter.register_unstructure_hook(datetime, instant_text)
    return converter


def encode_judgement(value: Submission | Adjustment) -> str:
    """Write a submission or an adjustment as canonical JSON: sorted keys, no spaces, decimals as texts.

    `decode_judgement(encode_judgement(value)) == value`.
    """
    envelope = {"schema": SCHEMA, _NAMES[type(value)]: _converter().unstructure(value)}
    return json.dumps(envelope, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def decode_judgement(text: str | bytes) -> Submission | Adjustment:
    """Read what `encode_judgement` wrote, by this release or an earlier one.

    Raises `InvalidDocument` with every fault and its path.
    """
    data = parse(text)
    schema = data.pop("schema", None)
    if type(schema) is not int or schema != SCHEMA:
        raise InvalidDocument((Problem("document.schema", "schema", {"have": schema, "need": SCHEMA}),))
    if len(data) != 1 or next(iter(data)) not in _TYPES:
        raise InvalidDocument((Problem("document.kind", "", {"have": sorted(data), "need": sorted(_TYPES)}),))
    [(name, inner)] = data.items()
    try:
        found: Submission | Adjustment = structure(_converter(), want_table(inner), _TYPES[name])
    except DocumentFault as error:
        raise InvalidDocument(find_problems(error)) from None
    return found
