"""Who acts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import final

import attrs

from oppcore.records.checks import key_text, texts, to_texts

__all__ = ["Actor"]


def _to_roles(roles: Iterable[str]) -> frozenset[str]:
    return frozenset(to_texts(roles))


@final
@attrs.frozen
class Actor:
    """Somebody (or something) that acts: the host's id and the role names the host grants for this call.

    >>> Actor("ann", {"manager"}).roles
    frozenset({'manager'})
    """

    id: str = attrs.field(validator=key_text)
    roles: frozenset[str] = attrs.field(default=frozenset[str](), converter=_to_roles, validator=texts)
