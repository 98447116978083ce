"""One row of somebody's table, read cell by cell under our names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, final

import attrs

from oppcore.errors import Problem
from oppcore.exchange import cells
from oppcore.exchange.cells import Conventions, is_missing
from oppcore.exchange.columns import Columns
from oppcore.exchange.instants import parse_date, parse_instant
from oppcore.exchange.tables import TextRow

__all__ = ["Faulty", "RowReader"]

Faulty: TypeAlias = list[tuple[Problem, str]]
"""Faults of one row, each with our name of the column."""

_Parser: TypeAlias = Callable[[Any, Conventions], Any]
_PARSERS: Mapping[str, _Parser] = {
    "opportunity_id": lambda cell, _: cells.parse_key(cell),
    "stage": lambda cell, _: cells.parse_key(cell),
    "at": lambda cell, how: parse_instant(cell, how.timezone, how.date_formats),
    "outcome": lambda cell, _: cells.parse_word(cell, cells.OUTCOMES),
    "kind": lambda cell, _: cells.parse_word(cell, cells.KINDS),
    "seq": lambda cell, how: cells.parse_number(cell, how.decimal_mark),
    "recorded_at": lambda cell, how: parse_instant(cell, how.timezone, how.date_formats),
    "currency": lambda cell, _: cells.parse_currency(cell),
    "owner_id": lambda cell, _: cells.parse_key(cell),
    "source": lambda cell, _: cells.parse_text(cell),
    "probability": lambda cell, how: cells.parse_probability(cell, percent=how.percent, mark=how.decimal_mark),
    "forecast_category": lambda cell, _: cells.parse_word(cell, cells.CATEGORIES),
    "expected_close_on": lambda cell, how: parse_date(cell, how.date_formats),
    "actor_id": lambda cell, _: cells.parse_key(cell),
    "reason": lambda cell, _: cells.parse_text(cell),
    "pipeline": lambda cell, _: cells.parse_key(cell),
    "on_hold": lambda cell, _: cells.parse_flag(cell),
}
"""How the cells of our columns are read; an amount also needs its currency."""


@attrs.frozen
class _Plan:
    """What to do with the columns of a row: those that are ours, and those that are kept as text."""

    columns: tuple[Any, ...]
    ours: tuple[tuple[str, Any, _Parser], ...]
    further: tuple[tuple[str, Any], ...]


@final
class RowReader:
    """Reads rows of one table, in which some of our `names` may occur; `seen` collects the names of its columns.

    `unpriced` counts the amounts not kept because they are in no currency and no money is asked for.
    """

    def __init__(self, columns: Columns, names: Sequence[str], how: Conventions) -> None:
        self.columns = columns
        self.seen: set[str] = set()
        self.unpriced = 0
        self._names = names
        self._how = how
        self._plan = _Plan((), (), ())

    def read(self, row: Mapping[Any, Any], faulty: Faulty) -> tuple[dict[str, Any], dict[str, str]]:
        """Give the values of our columns (all but the amount), and the text of the others; missing cells are left out.

        What cannot be read is added to `faulty`, and stands among the values as its `Problem`.
        """
        there = tuple(row)
        if there != self._plan.columns:
            self._plan = self._make_plan(there)
            self.seen.update(map(str, there))
        values: dict[str, Any] = {}
        for name, theirs, parse in self._plan.ours:
            if not is_missing(cell := row[theirs]):
                values[name] = value = parse(cell, self._how)
                if isinstance(value, Problem):
                    faulty.append((value, name))
        further: dict[str, str] = {}
        for name, theirs in self._plan.further:
            if not is_missing(cell := row[theirs]):
                text = cells.parse_text(cell)
                if isinstance(text, Problem):
                    faulty.append((text, name))
                else:
                    further[name] = text
        if isinstance(row, TextRow) and row.surplus:
            faulty.append((Problem("row.surplus", "", {"surplus": row.surplus}), ""))
        return values, further

    def _make_plan(self, there: tuple[Any, ...]) -> _Plan:
        ours = [(name, theirs) for name in self._names if (theirs := self.columns.theirs(name)) in there]
        return _Plan(
            there,
            tuple((name, theirs, _PARSERS[name]) for name, theirs in ours if name in _PARSERS),
            tuple((str(column), column) for column in there if self.columns.is_further(str(column))),
        )

    def read_amount(self, values: dict[str, Any], row: Mapping[Any, Any], faulty: Faulty) -> None:
        """Add the amount to the values, in their currency or the one said to hold."""
        theirs = self.columns.theirs("amount")
        currency = values.get("currency", self._how.currency)
        if theirs is None or is_missing(cell := row.get(theirs)) or isinstance(currency, Problem):
            return
        money = cells.parse_amount(cell, currency, self._how.decimal_mark)
        if isinstance(money, Problem) and money.code == "amount.currency" and not self._how.money:
            self.unpriced += 1
            return
        values["amount"] = money
        if isinstance(money, Problem):
            faulty.append((money, "amount"))

    def column(self, name: str) -> str:
        """Give the name their table has for one of our columns."""
        return name and (self.columns.theirs(name) or name)
