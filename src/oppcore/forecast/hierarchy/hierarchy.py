"""A forecast rolled up a hierarchy of people or territories, with what they put in the place of the sums."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from oppcore.errors import CurrencyMismatch, InvalidHierarchy, Problem
from oppcore.forecast.deals import EXACT
from oppcore.forecast.hierarchy.adjustments import Adjustment, apply_adjustments
from oppcore.forecast.hierarchy.node_forecast import HierarchyForecast, NodeForecast
from oppcore.money import Money
from oppcore.spelling import suggest

__all__ = ["check_hierarchy", "roll_up"]

_SUGGESTED = 20  # of the faults; to look for what was meant takes long where there are many nodes


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
