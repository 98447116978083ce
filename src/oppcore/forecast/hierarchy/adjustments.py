"""Adjustments of a rolled-up forecast: what somebody puts in the place of a figure, and of which figure it was."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, final

import attrs

from oppcore.errors import Problem
from oppcore.money import Money
from oppcore.records.checks import aware, key_text

__all__ = ["Adjustment", "Applied", "apply_adjustments"]


def _money(_instance: Any, attribute: Any, value: Any) -> None:
    if not isinstance(value, Money):
        message = f"{attribute.name} is Money, not {type(value).__name__}"
        raise TypeError(message)


@final
@attrs.frozen(kw_only=True)
class Adjustment:
    """What is put in the place of a node's figure, as `seen_by` the node itself or its manager.

    `base` is the figure that it took the place of when it was made, by `author` at an instant: where that figure is
    another one by now, the adjustment is stale. The last adjustment of a node in a view counts.
    """

    node: str = attrs.field(validator=key_text)
    seen_by: str = attrs.field(validator=key_text)
    amount: Money = attrs.field(validator=_money)
    base: Money = attrs.field(validator=_money)
    author: str = attrs.field(validator=key_text)
    at: datetime = attrs.field(validator=aware)
    note: str = ""

    def __attrs_post_init__(self) -> None:
        if self.amount.currency != self.base.currency:
            message = f"an adjustment is in the currency of its base, {self.base.currency}, not {self.amount.currency}"
            raise ValueError(message)

    def detail(self) -> dict[str, Any]:
        """Give the adjustment as plain data, ready for JSON; amounts are texts."""
        return {
            "node": self.node,
            "seen_by": self.seen_by,
            "currency": self.amount.currency,
            "amount": format(self.amount.amount, "f"),
            "base": format(self.base.amount, "f"),
            "author": self.author,
            "at": self.at.astimezone(UTC).isoformat(),
            "note": self.note,
        }


@final
@attrs.frozen(kw_only=True)
class Applied:
    """The adjustment of each node in its own view and in that of its manager, and those that apply nowhere."""

    by_owner: Mapping[str, Adjustment]
    by_manager: Mapping[str, Adjustment]
    left_out: tuple[Problem, ...]


def apply_adjustments(adjustments: Iterable[Adjustment], managers: Mapping[str, str | None], currency: str) -> Applied:
    """Give the adjustments that count: the last of each node and view.

    Those of nodes that are gone, of people who are no longer the manager, and in another currency are listed, and so
    are two of one node, view and instant.
    """
    found: dict[tuple[str, str], list[Adjustment]] = {}
    problems: list[Problem] = []
    for one in adjustments:
        if (problem := _misfit(one, managers, currency)) is not None:
            problems.append(problem)
            continue
        last = found.setdefault((one.node, one.seen_by), [])
        if not last or one.at > last[0].at:
            last[:] = [one]
        elif one.at == last[0].at and one not in last:
            last.append(one)
    problems += [_twice(last) for last in found.values() if len(last) > 1]
    single = {key: last[0] for key, last in found.items() if len(last) == 1}
    return Applied(
        by_owner={node: one for (node, seen_by), one in single.items() if node == seen_by},
        by_manager={node: one for (node, seen_by), one in single.items() if node != seen_by},
        left_out=tuple(sorted(problems, key=lambda problem: (problem.code, problem.path))),
    )


def _misfit(one: Adjustment, managers: Mapping[str, str | None], currency: str) -> Problem | None:
    path = f"adjustment of {one.node} seen by {one.seen_by}"
    if one.node not in managers:
        return Problem("adjustment.unknown", path, {"have": one.node})
    if one.seen_by not in (one.node, managers[one.node]):
        return Problem("adjustment.view", path, {"have": one.seen_by, "need": _views(one.node, managers)})
    if one.amount.currency != currency:
        return Problem("adjustment.currency", path, {"have": one.amount.currency, "need": currency})
    return None


def _views(node: str, managers: Mapping[str, str | None]) -> tuple[str, ...]:
    manager = managers[node]
    return (node,) if manager is None else (node, manager)


def _twice(last: Collection[Adjustment]) -> Problem:
    one = next(iter(last))
    path = f"adjustment of {one.node} seen by {one.seen_by}"
    return Problem("adjustment.twice", path, {"at": one.at, "count": len(last)})
