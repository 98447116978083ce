"""What a measure says: a line per stage, step or variant, of all deals and of each group, with what it rests on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, Protocol, TypeVar, final

import attrs

from oppcore.errors import Problem
from oppcore.funnel.sample import LAST, Basis
from oppcore.funnel.tally import Tally, sorted_groups
from oppcore.table import Table

__all__ = ["Report", "ReportGroup", "make_report"]


class Line(Protocol):
    """A line of a report."""

    @property
    def name(self) -> str:
        """What the line is about."""
        ...

    def figures(self) -> Mapping[str, Any]:
        """Give the figures by name: numbers, texts, ratios; tuples of them are for JSON only."""
        ...


L = TypeVar("L", bound=Line)


@final
@attrs.frozen
class ReportGroup(Generic[L]):
    """The lines of the deals with one value in the column grouped by; None where nothing was said."""

    by: str | None
    rows: tuple[L, ...]


@final
@attrs.frozen(kw_only=True)
class Report(Generic[L]):
    """The lines of a measure. `definition` says in words what they are, `basis` of which deals and as of when.

    `confidence` is that of the intervals, None where there are none. `aside` holds what stands beside the lines,
    `tally` the counts they are made of. `groups` is empty where nothing is grouped.
    """

    measure: str
    definition: str
    basis: Basis
    confidence: float | None
    rows: tuple[L, ...]
    groups: tuple[ReportGroup[L], ...] = ()
    aside: Mapping[str, int | str] = attrs.field(factory=dict[str, int | str], hash=False)
    tally: Tally[Any, Any] = attrs.field(repr=False)

    @property
    def as_of(self) -> datetime | None:
        """The instant up to which what happened counts; None for an empty history."""
        return self.basis.as_of

    @property
    def known_on(self) -> datetime | None:
        """The instant up to which what was recorded counts; None for all of it."""
        return self.basis.known_on

    @property
    def left_out(self) -> tuple[Problem, ...]:
        """What is in none of the numbers, and why."""
        return self.basis.left_out

    def row(self, name: str) -> L:
        """Give the first line of a name. Raises `KeyError` where there is none."""
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(name)

    def ids(self, name: str, *kinds: str) -> tuple[str, ...]:
        """Give the ids of the deals that are counted in a line under any of these kinds, such as `lost`."""
        found: tuple[str, ...] = self.tally.total.ids(name, *kinds)
        return found

    def as_records(self) -> list[dict[str, Any]]:
        """Give one dict per line, or per group and line; ratios as numbers."""
        by = self.basis.by
        if by is None:
            return [_record(row) for row in self.rows]
        return [{by: group.by, **_record(row)} for group in self.groups for row in group.rows]

    def detail(self) -> dict[str, Any]:
        """Give the report as plain data, ready for JSON."""
        found: dict[str, Any] = {
            "measure": self.measure,
            "definition": self.definition,
            **self.basis.detail(),
            **({} if self.confidence is None else {"confidence": self.confidence}),
            "rows": [_plain(row.figures()) for row in self.rows],
            **self.aside,
        }
        if self.basis.by is not None:
            found["column"] = self.basis.by
            found["attribution"] = self.basis.attribution
            found["groups"] = [
                {"by": group.by, "rows": [_plain(row.figures()) for row in group.rows]} for group in self.groups
            ]
        found["left_out"] = [problem.detail() for problem in self.left_out]
        return found

    def table(self) -> Table:
        """Give the report for eyes: a row per line, or per group and line."""
        by = self.basis.by
        lines: list[tuple[str | None, L]] = [(None, row) for row in self.rows]
        if by is not None:
            lines = [(group.by, row) for group in self.groups for row in group.rows]
        cells = [_cells(row) for _, row in lines]
        heads = [name.replace("_", " ") for name in next(iter(cells), {"name": None})]
        rows = [list(found.values()) for found in cells]
        if by is not None:
            heads = [by, *heads]
            rows = [[value, *row] for (value, _), row in zip(lines, rows, strict=True)]
        notes = [self.definition]
        if self.confidence is not None:
            notes.append(f"intervals hold with {self.confidence:.0%} confidence")
        if self.aside:
            notes.append(", ".join(f"{name.replace('_', ' ')}: {_said(value)}" for name, value in self.aside.items()))
        if self.basis.attribution != LAST:
            notes.append(f"{by} is the one of {self.basis.attribution}")
        title = f"{self.measure.replace('_', ' ').capitalize()} {self.basis.text()}"
        return Table(columns=heads, rows=rows, title=title, notes=tuple(notes), left_out=self.left_out)

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().html()


def make_report(
    measure: str,
    definition: str,
    tally: Tally[Any, Any],
    lines: Callable[[Any], Iterable[L]],
    *,
    confidence: float | Decimal | None = None,
    aside: Mapping[str, int | str] | None = None,
) -> Report[L]:
    """Give the report of counts, whose `lines` are made of those of all deals, and of each group."""
    return Report(
        measure=measure,
        definition=definition,
        basis=tally.basis,
        confidence=None if confidence is None else float(confidence),
        rows=tuple(lines(tally.total)),
        groups=tuple(ReportGroup(value, tuple(lines(counts))) for value, counts in sorted_groups(tally)),
        aside=aside or {},
        tally=tally,
    )


def _cells(row: Line) -> dict[str, Any]:
    cells = {name: value for name, value in row.figures().items() if not isinstance(value, tuple)}
    return {name: _Days(value) if isinstance(value, float) else value for name, value in cells.items()}


def _said(value: int | str) -> str:
    return value if isinstance(value, str) else f"{value:,}"


def _record(row: Line) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in row.figures().items():
        if hasattr(value, "detail"):
            found |= {f"{name}_{part}": number for part, number in value.detail().items()}
        elif not isinstance(value, tuple):
            found[name] = value
    return found


def _plain(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _json(value) for name, value in figures.items()}


def _json(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.detail() if hasattr(value, "detail") else value


@final
@attrs.frozen
class _Days:
    """A number of days in a table."""

    number: float

    def __str__(self) -> str:
        return f"{self.number:,.1f}"
