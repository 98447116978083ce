"""The nodes of a rolled-up forecast: what each brings with all below it, and what is said of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, final

import attrs

from oppcore.errors import Problem
from oppcore.forecast.hierarchy.adjustments import Adjustment
from oppcore.money import Money
from oppcore.spelling import suggest
from oppcore.table import Table

__all__ = ["HierarchyForecast", "NodeForecast"]

_VIEWS = ("own", "without_adjustments", "without_owner_adjustment", "without_manager_adjustment", "forecast")


@final
@attrs.frozen(kw_only=True)
class NodeForecast:
    """The figures of one node: its own, and four views of it with all that is below.

    `without_adjustments` adds the own figures of the node and of everybody below. `without_owner_adjustment` adds to
    the own figure those of the reports as the node sees them. `without_manager_adjustment` is what the node itself
    says: its own adjustment, or else the view before. `forecast` is what its manager says: the manager's adjustment,
    or else what the node says. `level` is 0 for a node without a manager.

    Source: the amounts of the same names in Salesforce's ForecastingItem.
    """

    id: str
    manager: str | None
    level: int
    own: Money
    without_adjustments: Money
    without_owner_adjustment: Money
    without_manager_adjustment: Money
    forecast: Money
    owner_adjustment: Adjustment | None = None
    manager_adjustment: Adjustment | None = None

    @property
    def stale(self) -> tuple[Adjustment, ...]:
        """The adjustments of this node that took the place of a figure which is another one by now."""
        pairs = (
            (self.owner_adjustment, self.without_owner_adjustment),
            (self.manager_adjustment, self.without_manager_adjustment),
        )
        return tuple(one for one, base in pairs if one is not None and one.base != base)

    @property
    def is_stale(self) -> bool:
        """Whether an adjustment of this node is stale."""
        return bool(self.stale)

    def as_record(self) -> dict[str, Any]:
        """Give the node as a dict; amounts are Decimals."""
        return {
            "node": self.id,
            "manager": self.manager,
            "level": self.level,
            "currency": self.forecast.currency,
            **{view: getattr(self, view).amount for view in _VIEWS},
            "is_stale": self.is_stale,
        }


@final
@attrs.frozen(kw_only=True)
class HierarchyForecast:
    """The nodes of a hierarchy from the top down, each before those below it.

    `total` adds the forecasts of the nodes without a manager. `left_out` lists the figures of those who are no nodes,
    and the adjustments that apply to no view.
    """

    currency: str
    nodes: tuple[NodeForecast, ...]
    total: Money
    left_out: tuple[Problem, ...] = ()
    _by_id: Mapping[str, NodeForecast] = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_by_id", {node.id: node for node in self.nodes})

    def node(self, id: str) -> NodeForecast:
        """Give a node by its id. Raises `LookupError` with the one that may have been meant."""
        if (found := self._by_id.get(id)) is not None:
            return found
        nearest = suggest(id, self._by_id)
        message = f"there is no node {id!r}" + (f"; did you mean {nearest!r}?" if nearest else "")
        raise LookupError(message)

    @property
    def stale(self) -> tuple[Adjustment, ...]:
        """The adjustments that took the place of a figure which is another one by now."""
        return tuple(one for node in self.nodes for one in node.stale)

    def adjust(
        self, node: str, *, seen_by: str, amount: Money, author: str, at: datetime, note: str = ""
    ) -> Adjustment:
        """Give an adjustment of a figure as it stands here; give it to `roll_up` to see what becomes of the sums.

        Raises `LookupError` for an unknown node, and `ValueError` for another currency and for a view that the node
        does not have: there are its own, and that of its manager.
        """
        found = self.node(node)
        if seen_by not in (node, found.manager):
            message = f"{node!r} is seen by itself and by its manager {found.manager!r}, not by {seen_by!r}"
            raise ValueError(message)
        base = found.without_owner_adjustment if seen_by == node else found.without_manager_adjustment
        return Adjustment(node=node, seen_by=seen_by, amount=amount, base=base, author=author, at=at, note=note)

    def as_records(self) -> list[dict[str, Any]]:
        """Give one dict per node; amounts are Decimals."""
        return [node.as_record() for node in self.nodes]

    def detail(self) -> dict[str, Any]:
        """Give the nodes as plain data, ready for JSON; amounts are texts."""
        return {
            "measure": "hierarchy_forecast",
            "currency": self.currency,
            "total": format(self.total.amount, "f"),
            "nodes": [
                {
                    key: format(cell, "f") if isinstance(cell, Decimal) else cell
                    for key, cell in node.as_record().items()
                }
                | {
                    "owner_adjustment": _detail(node.owner_adjustment),
                    "manager_adjustment": _detail(node.manager_adjustment),
                }
                for node in self.nodes
            ],
            "left_out": [problem.detail() for problem in self.left_out],
        }

    def table(self) -> Table:
        """Give the nodes for eyes, those below further to the right; adjusted figures with their author."""
        return Table(
            columns=["node", "own", "unadjusted", "rolled up", "says", "forecast", "adjusted by"],
            rows=[
                [f"{'  ' * node.level}{node.id}", *(getattr(node, view).amount for view in _VIEWS), _said(node)]
                for node in self.nodes
            ],
            title=f"Forecast by hierarchy, in {self.currency}",
            notes=(
                "rolled up: with the reports as the node sees them; says: with its adjustment; forecast: its manager's",
                f"total {self.total}; stale adjustments: {len(self.stale)}",
            ),
            left_out=self.left_out,
        )

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().html()


def _detail(one: Adjustment | None) -> dict[str, Any] | None:
    return None if one is None else one.detail()


def _said(node: NodeForecast) -> str:
    adjusted = [one for one in (node.owner_adjustment, node.manager_adjustment) if one is not None]
    return ", ".join(f"{one.author} (stale)" if one in node.stale else one.author for one in adjusted)
