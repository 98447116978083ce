"""A table: what every result turns into for eyes, terminals and notebooks."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, final
from unicodedata import category, combining, east_asian_width

import attrs

from oppcore.errors import Problem

__all__ = ["Table"]

_MOST_LEFT_OUT = 10
"""Problems listed below a table; the rest is counted."""


def _to_columns(columns: Iterable[str]) -> tuple[str, ...]:
    return tuple(columns)


def _to_rows(rows: Iterable[Iterable[Any]]) -> tuple[tuple[Any, ...], ...]:
    return tuple(tuple(row) for row in rows)


@final
@attrs.frozen(kw_only=True)
class Table:
    """Named columns and rows of cells, with a title, notes, and what was left out of the numbers.

    `str(table)` is plain text in which columns line up, also with Chinese, Japanese and Korean letters; notebooks show
    it as HTML. Cells of numbers stand on the right; None is shown as a dash.
    """

    columns: tuple[str, ...] = attrs.field(converter=_to_columns)
    rows: tuple[tuple[Any, ...], ...] = attrs.field(converter=_to_rows)
    title: str = ""
    notes: tuple[str, ...] = ()
    left_out: tuple[Problem, ...] = ()

    def __attrs_post_init__(self) -> None:
        if wrong := [row for row in self.rows if len(row) != len(self.columns)]:
            message = f"{len(wrong)} rows have not {len(self.columns)} cells, the first is {wrong[0]!r}"
            raise ValueError(message)

    def as_records(self) -> list[dict[str, Any]]:
        """Give one dict per row, as `pandas.DataFrame` takes them."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def __str__(self) -> str:
        shown = [[_shown(cell) for cell in row] for row in self.rows]
        heads = [_clean(name) for name in self.columns]
        widths = [max(map(_width, column)) for column in zip(heads, *shown, strict=True)]
        right = [_is_right(column) for column in _columns_of(self)]
        lines = [_clean(self.title)] if self.title else []
        lines.append(_line(heads, widths, right))
        lines.append("  ".join("─" * width for width in widths))
        lines += [_line(row, widths, right) for row in shown]
        lines += [_clean(note) for note in self.notes]
        if self.left_out:
            lines.append("left out:")
            lines += [f"  - {text}" for text in _left_out_texts(self.left_out)]
        return "\n".join(lines)

    def html(self) -> str:
        """Give the table as HTML, every text escaped."""
        from html import escape  # slow to import

        right = [' style="text-align: right"' if _is_right(column) else "" for column in _columns_of(self)]
        caption = f"<caption>{escape(_clean(self.title))}</caption>" if self.title else ""
        heads = "".join(
            f"<th{style}>{escape(_clean(name))}</th>" for name, style in zip(self.columns, right, strict=True)
        )
        rows = "".join(
            "<tr>"
            + "".join(f"<td{style}>{escape(_shown(cell))}</td>" for cell, style in zip(row, right, strict=True))
            + "</tr>"
            for row in self.rows
        )
        below = "".join(f"<p>{escape(_clean(note))}</p>" for note in self.notes)
        if self.left_out:
            items = "".join(f"<li>{escape(text)}</li>" for text in _left_out_texts(self.left_out))
            below += f"<p>left out:</p><ul>{items}</ul>"
        return f"<table>{caption}<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>{below}"

    def _repr_html_(self) -> str:
        return self.html()


def _columns_of(table: Table) -> list[list[Any]]:
    return [[row[index] for row in table.rows] for index in range(len(table.columns))]


def _is_right(cells: list[Any]) -> bool:
    """Whether a column holds amounts of something: no cell is a text and at least one is not None."""
    return any(cell is not None for cell in cells) and not any(isinstance(cell, str) for cell in cells)


def _shown(cell: Any) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, int) and not isinstance(cell, bool):
        return f"{cell:,}"
    if isinstance(cell, Decimal):
        return format(cell, ",f")
    return _clean(str(cell))


def _clean(text: str) -> str:
    """One line, and nothing in it that a terminal would obey."""
    return "".join("�" if category(letter) in ("Cc", "Zl", "Zp") else letter for letter in text)


def _width(text: str) -> int:
    """The columns a text takes on a terminal."""
    total = 0
    for letter in text:
        if east_asian_width(letter) in "WF":
            total += 2
        elif not combining(letter) and category(letter) not in ("Mn", "Me", "Cf"):
            total += 1
    return total


def _line(cells: list[str], widths: list[int], right: list[bool]) -> str:
    padded: list[str] = []
    for cell, width, to_right in zip(cells, widths, right, strict=True):
        room = " " * (width - _width(cell))
        padded.append(room + cell if to_right else cell + room)
    return "  ".join(padded).rstrip()


def _left_out_texts(problems: tuple[Problem, ...]) -> list[str]:
    texts = [_clean(problem.text()) for problem in problems[:_MOST_LEFT_OUT]]
    if more := len(problems) - _MOST_LEFT_OUT:
        texts += [f"… and {more} more"] * (more > 0)
    return texts
