"""A forecast rolled up a hierarchy of people or territories, with what they put in the place of the sums."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, final

import attrs

from oppcore.errors import CurrencyMismatch, InvalidHierarchy, Problem
from oppcore.forecast.adjustments import Adjustment, apply_adjustments
from oppcore.forecast.deals import EXACT
from oppcore.money import Money
from oppcore.spelling import suggest
from oppcore.table import Table

__all__ = ["HierarchyForecast", "NodeForecast", "check_hierarchy", "roll_up"]

_SUGGESTED = 20  # of the faults; to look for what was meant takes long where there are many nodes
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


def check_hierarchy(managers: Mapping[str, str | None]) -> tuple[Problem, ...]:
    """Give everything that is wrong with who reports to whom: managers that are no nodes, and circles."""
    problems: list[Problem] = []
    for node, manager in managers.items():
        if manager is not None and manager not in managers:
            nearest = suggest(manager, managers) if len(problems) < _SUGGESTED else ""
            problems.append(Problem("hierarchy.manager", f"node {node}", {"have": manager, "suggestion": nearest}))
    settled: set[str] = set()
    for node in managers:
        way: dict[str, None] = {}
        at: str | None = node
        while at is not None and at in managers and at not in settled and at not in way:
            way[at] = None
            at = managers[at]
        if at in way:
            circle = list(way)[list(way).index(at) :]
            problems.append(Problem("hierarchy.cycle", f"node {at}", {"ids": (*circle, at)}))
        settled.update(way)
    return tuple(problems)


def roll_up(
    managers: Mapping[str, str | None],
    amounts: Mapping[str, Money] | Mapping[str | None, Money],
    *,
    currency: str,
    adjustments: Iterable[Adjustment] = (),
) -> HierarchyForecast:
    """Give every node of a hierarchy with what it and those below it bring, and what they and their managers say.

    `managers` holds every node, people or territories, with the node above; None at the top, of which there may be
    several. `amounts` are the nodes' own figures of one category, period and currency, such as
    `CategoryForecast.amounts_by_owner` gives; a node without one has none. An adjustment takes the place of a figure
    and is never dropped silently: what does not fit the hierarchy any more is listed in `left_out`.

    Raises `InvalidHierarchy` for what `check_hierarchy` finds, `CurrencyMismatch` for amounts in another currency.
    """
    if problems := check_hierarchy(managers):
        raise InvalidHierarchy(problems)
    own: dict[str | None, Money] = dict(amounts.items())
    for money in own.values():
        if money.currency != currency:
            raise CurrencyMismatch(currency, money.currency)
    applied = apply_adjustments(adjustments, managers, currency)
    levels = _levels(managers)
    nothing = Money.zero(currency)
    figures = {node: _Figures(own.get(node, nothing)) for node in levels}
    for node in reversed(levels):  # those below come after those above
        manager = managers[node]
        figures[node].settle(applied.by_owner.get(node), applied.by_manager.get(node))
        if manager is not None:
            figures[manager].add(figures[node])
    return HierarchyForecast(
        currency=currency,
        nodes=tuple(
            NodeForecast(
                id=node,
                manager=managers[node],
                level=level,
                own=found.own,
                without_adjustments=found.unadjusted,
                without_owner_adjustment=found.rolled_up,
                without_manager_adjustment=found.said,
                forecast=found.forecast,
                owner_adjustment=applied.by_owner.get(node),
                manager_adjustment=applied.by_manager.get(node),
            )
            for (node, level), found in zip(levels.items(), figures.values(), strict=True)
        ),
        total=sum((figures[node].forecast for node, level in levels.items() if level == 0), start=nothing),
        left_out=(*_outsiders(own, managers), *applied.left_out),
    )


class _Figures:
    """The views of one node while they are added up; a view that is the same as another is the same money."""

    __slots__ = ("_rolled", "_unadjusted", "forecast", "own", "rolled_up", "said", "unadjusted")

    def __init__(self, own: Money) -> None:
        self.own = self.unadjusted = self.rolled_up = self.said = self.forecast = own
        self._unadjusted = self._rolled = own.amount

    def add(self, report: _Figures) -> None:
        """Take in what a report brings; reports are settled before their manager is."""
        self._unadjusted = EXACT.add(self._unadjusted, report.unadjusted.amount)
        self._rolled = EXACT.add(self._rolled, report.forecast.amount)

    def settle(self, owner_says: Adjustment | None, manager_says: Adjustment | None) -> None:
        """Make the views of what was taken in and of what is said about it."""
        currency = self.own.currency
        if self._unadjusted is not self.own.amount:
            self.unadjusted = Money(self._unadjusted, currency)
            same = self._rolled == self._unadjusted
            self.rolled_up = self.unadjusted if same else Money(self._rolled, currency)
        elif self._rolled is not self.own.amount:
            self.rolled_up = Money(self._rolled, currency)
        self.said = self.rolled_up if owner_says is None else owner_says.amount
        self.forecast = self.said if manager_says is None else manager_says.amount


def _levels(managers: Mapping[str, str | None]) -> dict[str, int]:
    """Give every node with its distance from the top, from the top down, each before those below it."""
    reports: dict[str | None, list[str]] = {}
    for node, manager in managers.items():
        reports.setdefault(manager, []).append(node)
    found: dict[str, int] = {}
    waiting = list(reversed(reports.get(None, [])))
    while waiting:
        node = waiting.pop()
        manager = managers[node]
        found[node] = 0 if manager is None else found[manager] + 1
        waiting += reversed(reports.get(node, []))
    return found


def _outsiders(amounts: Mapping[str | None, Money], managers: Mapping[str, str | None]) -> list[Problem]:
    found: list[Problem] = []
    for owner, money in amounts.items():
        if owner is None:
            found.append(Problem("hierarchy.nobody", "", {"amount": money}))
        elif owner not in managers:
            nearest = suggest(owner, managers) if len(found) < _SUGGESTED else ""
            params = {"have": owner, "amount": money, "suggestion": nearest}
            found.append(Problem("hierarchy.unknown", f"owner {owner}", params))
    return found
