"""A history: the rows of many opportunities, in the order in which things happened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, final

import attrs

from oppcore.errors import Problem
from oppcore.history.row import Row, RowKind

__all__ = ["History", "make_history", "standing_rows"]

_ZERO = Decimal(0)


@final
@attrs.frozen(repr=False)
class History:
    """Rows by opportunity (in the order of their first rows), each in happened order: (`at`, `seq`, `number`).

    A row that corrects another has the place of that one among the rows of its instant.

    Made by `make_history` or `read_changes`. Iterating gives (opportunity_id, rows) pairs, `len` the number of
    opportunities. `left_out` lists what could not be read and is in no number made from this history.

    What `fold_history` made of it last is kept (`folded`), so that several measures of one instant fold it once.
    """

    _by_id: Mapping[str, tuple[Row, ...]] = attrs.field(alias="by_id", hash=False)
    left_out: tuple[Problem, ...] = ()
    folded: list[Any] = attrs.field(factory=list[Any], init=False, eq=False)

    def __iter__(self) -> Iterator[tuple[str, tuple[Row, ...]]]:
        return iter(self._by_id.items())

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, opportunity_id: object) -> bool:
        return opportunity_id in self._by_id

    def __repr__(self) -> str:
        rows = sum(map(len, self._by_id.values()))
        first, last = (None if at is None else at.isoformat() for at in (self.first_at, self.last_at))
        return f"<History: {len(self)} opportunities, {rows} rows, {first} to {last}, {len(self.left_out)} left out>"

    def of(self, opportunity_id: str) -> tuple[Row, ...]:
        """Give the rows of one opportunity. Raises `KeyError` where there are none."""
        return self._by_id[opportunity_id]

    @property
    def rows(self) -> tuple[Row, ...]:
        """Every row, opportunity by opportunity."""
        return tuple(row for rows in self._by_id.values() for row in rows)

    @property
    def first_at(self) -> datetime | None:
        """The instant of the earliest row; None for an empty history."""
        return min((rows[0].at for rows in self._by_id.values()), default=None)

    @property
    def last_at(self) -> datetime | None:
        """The instant of the latest row; None for an empty history."""
        return max((rows[-1].at for rows in self._by_id.values()), default=None)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the further columns, sorted."""
        return tuple(sorted({name for rows in self._by_id.values() for row in rows for name in row.further}))

    def known_on(self, instant: datetime) -> History:
        """Give the history as it was known at an instant: the rows recorded up to and including it."""
        kept = {key: tuple(row for row in rows if row.known_at <= instant) for key, rows in self._by_id.items()}
        return History({key: rows for key, rows in kept.items() if rows}, self.left_out)

    def corrected(self) -> History:
        """Give the history with every correction made: only the rows that stand, each when it really happened."""
        if not any(row.corrects is not None for rows in self._by_id.values() for row in rows):
            return self
        kept = {key: tuple(standing_rows(rows)) for key, rows in self._by_id.items()}
        return History({key: rows for key, rows in kept.items() if rows}, self.left_out)


def standing_rows(rows: tuple[Row, ...]) -> Iterator[Row]:
    """Give the rows that no later one takes the place of, and that happened."""
    last: dict[Decimal, Decimal] = {}
    for row in rows:
        if row.corrects is not None and row.seq is not None:
            last[row.corrects] = max(row.seq, last.get(row.corrects, row.seq))
    for row in rows:
        replaced = row.place is not None and row.place in last and row.seq != last[row.place]
        if not replaced and row.kind is not RowKind.VOIDED:
            yield row


def _order(row: Row) -> tuple[datetime, bool, Decimal, int]:
    return row.at, row.place is not None, _ZERO if row.place is None else row.place, row.number


def make_history(rows: Iterable[Row], *, left_out: Iterable[Problem] = ()) -> History:
    """Give the history of the rows, in any order.

    Rows of one instant follow `seq` (rows without one first), then `number`, then the order in which they are given.
    """
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.opportunity_id, []).append(row)
    return History({key: tuple(sorted(kept, key=_order)) for key, kept in found.items()}, tuple(left_out))
