"""Deals that have a problem in common, told by their ids: the one sentence that names the first of them."""

from __future__ import annotations

from collections.abc import Sequence

from oppcore.errors import Problem

__all__ = ["list_ids"]

_SHOWN = 5


def list_ids(
    code: str, ids: Sequence[str], *, count: int | None = None, stage: str | None = None, need: str | None = None
) -> Problem:
    """Give the problem that some deals have, naming the first of them; `count` is their number where not all are known.

    >>> list_ids("amount.missing", ["a", "b"]).path
    'opportunities a, b'
    """
    number = len(ids) if count is None else count
    more = f" and {number - _SHOWN} more" if len(ids) > _SHOWN else ""
    path = f"{'opportunity' if number == 1 else 'opportunities'} {', '.join(ids[:_SHOWN])}{more}".strip()
    params: dict[str, object] = {"count": number, "ids": tuple(ids)}
    return Problem(code, path, params | {name: said for name, said in (("stage", stage), ("need", need)) if said})
