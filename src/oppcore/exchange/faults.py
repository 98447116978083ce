"""What was wrong with the cells of a table: all counted, one problem per kind, with the flag that would help."""

from __future__ import annotations

from typing import Any, final

import attrs

from oppcore.errors import Problem
from oppcore.exchange.instants import FormatHunt

__all__ = ["MOST_ROWS", "MOST_VALUES", "Faults"]

MOST_ROWS = 20
"""Row numbers listed for one problem; all are counted."""
MOST_VALUES = 30
"""Different values listed apart for one code and column; the others are counted together."""

_BY_VALUE = {"stage.not_in_pipeline", "word.unknown", "currency.unknown"}


@attrs.define
class _Kind:
    first: Problem
    place: str
    count: int = 0
    rows: list[str] = attrs.field(factory=list[str])
    hunt: FormatHunt = attrs.field(factory=FormatHunt)

    def problem(self) -> Problem:
        rows = self.rows if self.count <= MOST_ROWS else [*self.rows, "…"]
        params: dict[str, Any] = {"flag": "", **self.first.params, "count": self.count, "rows": rows}
        code = self.first.code
        if code == "instant.unreadable" and (flags := self.hunt.flags):
            code = "instant.format" if len(flags) == 1 else "instant.ambiguous"
            params["flag"] = " or ".join(flags[:3])
        return Problem(code, self.place, params)


@final
class Faults:
    """A growing collection of faults; `problems` gives them grouped by code and column."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[str, ...], _Kind] = {}
        self._values: dict[tuple[str, ...], int] = {}

    def add(self, problem: Problem, column: str, number: int, *, line: int | None = None, place: str = "row") -> None:
        """Count a problem of one cell; `line` is told where it is not the one the row number leads to expect."""
        key: tuple[str, ...] = (problem.code, place, column)
        if problem.code in _BY_VALUE:
            key = self._by_value(key, str(problem.params.get("value")))
        shown = f"{number} (line {line})" if line is not None and line != number + 1 else str(number)
        kind = self._kinds.get(key)
        if kind is None:
            first = attrs.evolve(problem, params={**problem.params, "column": column})
            kind = self._kinds[key] = _Kind(first, f"{place} {shown}")
        kind.count += 1
        if len(kind.rows) < MOST_ROWS:
            kind.rows.append(shown)
        if problem.code == "instant.unreadable":
            kind.hunt.show(str(problem.params["value"]))

    def _by_value(self, key: tuple[str, ...], value: str) -> tuple[str, ...]:
        apart = (*key, value)
        if apart in self._kinds:
            return apart
        self._values[key] = self._values.get(key, 0) + 1
        return apart if self._values[key] <= MOST_VALUES else key

    def drop(self, code: str, columns: set[str]) -> None:
        """Forget the faults of a code in some columns, because something else says it better."""
        for key in [key for key in self._kinds if key[0] == code and key[2] in columns]:
            del self._kinds[key]

    @property
    def problems(self) -> tuple[Problem, ...]:
        """One problem per kind of fault, in the order in which they were first met."""
        return tuple(kind.problem() for kind in self._kinds.values())
