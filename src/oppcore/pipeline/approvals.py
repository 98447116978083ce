"""What is approved by whom: the rules that a round of approval copies when it is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import final

import attrs

from oppcore.criteria import Criterion
from oppcore.pipeline.stage import Labels, labels_field
from oppcore.records import Bound, Mode
from oppcore.records.checks import key_text, texts, to_texts

__all__ = ["Approval", "ApprovalStep", "Cover"]


@final
@attrs.frozen(kw_only=True)
class ApprovalStep:
    """Somebody who has to sign: anybody with one of the `roles`, or one of the `signers` by id.

    With `when` the step is asked for only where that is true as the approval is requested.
    """

    key: str = attrs.field(validator=key_text)
    labels: Labels = labels_field()
    roles: tuple[str, ...] = attrs.field(default=(), converter=to_texts, validator=texts)
    signers: tuple[str, ...] = attrs.field(default=(), converter=to_texts, validator=texts)
    when: Criterion | None = None


@final
@attrs.frozen
class Cover:
    """A field that an approval is about, and how far its value may move afterwards without a new one."""

    field: str = attrs.field(validator=key_text)
    bound: Bound = attrs.field(default=Bound.EQUAL, converter=Bound)


def _to_covers(covers: Iterable[Cover | str]) -> tuple[Cover, ...]:
    if isinstance(covers, str):
        message = f"a list of texts is wanted, not the text {covers!r}"
        raise TypeError(message)
    return tuple(Cover(one) if isinstance(one, str) else one for one in covers)


@final
@attrs.frozen(kw_only=True)
class Approval:
    """A subject that can be approved (a quote, a discount, a contract …), how, and what content that is about.

    `roles` may ask for it; empty admits anyone. `mode` says whether any step is enough, all are needed, or all in
    order. With `separate` nobody signs twice, and not who asked. Values of the fields in `covers` are those approved.
    """

    key: str = attrs.field(validator=key_text)
    labels: Labels = labels_field()
    mode: Mode = attrs.field(default=Mode.ALL, converter=Mode)
    separate: bool = attrs.field(default=True, validator=attrs.validators.instance_of(bool))
    roles: tuple[str, ...] = attrs.field(default=(), converter=to_texts, validator=texts)
    steps: tuple[ApprovalStep, ...] = attrs.field(default=(), converter=tuple[ApprovalStep, ...])
    covers: tuple[Cover, ...] = attrs.field(default=(), converter=_to_covers)
