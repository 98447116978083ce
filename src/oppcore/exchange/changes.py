"""The canonical change table: rows of any file, frame or query become a history, and what cannot be read is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import Any, final

import attrs

from oppcore.errors import Problem, UnreadableChanges
from oppcore.exchange.cells import Conventions
from oppcore.exchange.columns import JOINED, NAMES, REQUIRED, Columns
from oppcore.exchange.faults import Faults
from oppcore.exchange.instants import find_timezone, is_usable_format
from oppcore.exchange.rows import Faulty, RowReader
from oppcore.exchange.tables import TextRow
from oppcore.history import History, Row, RowKind, make_history
from oppcore.money import CURRENCIES
from oppcore.pipeline import Pipeline
from oppcore.spelling import suggest

__all__ = ["read_changes"]

Rows = Iterable[Mapping[Any, Any]]


def read_changes(
    rows: Rows,
    *,
    columns: Mapping[str, str] | None = None,
    timezone: tzinfo | str | None = None,
    date_format: str | Sequence[str] | None = None,
    currency: str | None = None,
    percent: bool = False,
    decimal_mark: str | None = None,
    records: Rows | None = None,
    record_columns: Mapping[str, str] | None = None,
    pipeline: Pipeline | None = None,
    money: bool = True,
    lenient: bool = False,
) -> History:
    """Give the history told by the rows of a change table: one mapping per row, such as `df.to_dict("records")`.

    `columns` maps our names to those of the table: `{"opportunity_id": "lead_id", "stage": "to_stage"}`. `timezone`
    (a name such as `Europe/Berlin`) is needed for dates and for instants without an offset, `date_format` (in the
    letters of `strptime`, one or several, `iso` among them) for dates that are not ISO 8601, `currency` for amounts
    without one. `percent` says that probabilities run from 0 to 100. `records` holds one mapping per opportunity, for
    columns the table lacks. With `pipeline`, stages are checked against it, may be named by a label that is no other
    stage's (read as the key), and its currency is the default. `money` is False where nobody will ask for amounts:
    those in no currency are then noted and not kept, and stop nobody.

    Raises `UnreadableChanges` with every kind of fault at once, the rows that have it, and the option that would help.
    With `lenient`, such rows are left out and listed in `history.left_out`, as is what stops nobody: columns not
    read, opportunities without a record, records without changes.

    >>> history = read_changes([{"opportunity_id": "7", "stage": "new", "at": "2024-03-01T09:00Z"}])
    >>> len(history), history.of("7")[0].stage
    (1, 'new')
    """
    how = attrs.evolve(_conventions(timezone, date_format, currency, pipeline, percent, decimal_mark), money=money)
    reader = _Reader(how, Columns(dict(columns or {})), Columns(dict(record_columns or {}), "--record-map"), pipeline)
    if records is not None:
        reader.read_records(records)
    kept = list(reader.read(rows))
    fatal = reader.find_wrong_columns()
    faults = reader.faults.problems
    if fatal or (faults and not lenient):
        raise UnreadableChanges((*fatal, *faults), reader.seen_rows)
    notes = reader.notes({row.opportunity_id for row in kept})
    return make_history(kept, left_out=(*faults, *notes))


def _conventions(
    timezone: tzinfo | str | None,
    date_format: str | Sequence[str] | None,
    currency: str | None,
    pipeline: Pipeline | None,
    percent: bool,
    decimal_mark: str | None,
) -> Conventions:
    formats = (date_format,) if isinstance(date_format, str) else tuple(date_format or ("iso",))
    zone = find_timezone(timezone) if isinstance(timezone, str) else timezone
    code = None if currency is None else currency.upper()
    wrong: list[Problem] = []
    if timezone is not None and zone is None:
        wrong.append(Problem("timezone.unknown", "--timezone", {"value": timezone}))
    wrong += [
        Problem("date_format.wrong", "--date-format", {"value": value})
        for value in formats
        if not is_usable_format(value)
    ]
    if code is not None and code not in CURRENCIES:
        wrong.append(Problem("currency.unknown_default", "--currency", {"value": currency}))
    if decimal_mark not in (None, ".", ","):
        wrong.append(Problem("decimal_mark.wrong", "--decimal-mark", {"value": decimal_mark}))
    if wrong:
        raise UnreadableChanges(tuple(wrong), 0)
    code = code or (pipeline.currency if pipeline is not None else None)
    return Conventions(timezone=zone, date_formats=formats, currency=code, percent=percent, decimal_mark=decimal_mark)


@attrs.frozen
class _Record:
    number: int
    values: Mapping[str, Any]
    further: Mapping[str, str]


@final
class _Reader:
    """One pass over records and rows, keeping what was wrong."""

    def __init__(self, how: Conventions, columns: Columns, record_columns: Columns, pipeline: Pipeline | None) -> None:
        self.faults = Faults()
        self.seen_rows = 0
        self._table = RowReader(columns, NAMES, how)
        self._record_table = RowReader(record_columns, ("opportunity_id", *JOINED), how)
        self._records: dict[str, _Record] = {}
        self._pipeline = pipeline
        self._labelled = {} if pipeline is None else _keys_by_label(pipeline)
        self._elsewhere: set[str] = set()

    def read(self, rows: Rows) -> Iterator[Row]:
        """Give the rows without faults."""
        for number, row, line in _numbered(rows):
            self.seen_rows += 1
            faulty: Faulty = []
            values, further = self._table.read(row, faulty)
            self._join(values, further, row)
            self._table.read_amount(values, row, faulty)
            faulty += [(Problem("cell.missing"), name) for name in REQUIRED if _lacks(values, name)]
            faulty += self._read_stage(values)
            values.pop("currency", None)
            if not faulty:
                yield Row(number=number, further=further, **values)
            for problem, name in faulty:
                self.faults.add(problem, self._table.column(name), number, line=line)

    def read_records(self, rows: Rows) -> None:
        """Read the table of records, one row per opportunity."""
        for number, row, line in _numbered(rows):
            faulty: Faulty = []
            values, further = self._record_table.read(row, faulty)
            self._record_table.read_amount(values, row, faulty)
            key = values.pop("opportunity_id", None)
            if key is None:
                faulty.append((Problem("cell.missing"), "opportunity_id"))
            elif key in self._records:
                params = {"value": key, "other": self._records[key].number}
                faulty.append((Problem("record.twice", "", params), "opportunity_id"))
            elif not faulty:
                self._records[key] = _Record(number, values, further)
            for problem, name in faulty:
                self.faults.add(problem, self._record_table.column(name), number, line=line, place="record")

    def _join(self, values: dict[str, Any], further: dict[str, str], row: Mapping[Any, Any]) -> None:
        if (record := self._records.get(str(values.get("opportunity_id")))) is None:
            return
        for name, value in record.values.items():
            theirs = self._table.columns.theirs(name)
            if theirs is None or theirs not in row:
                values[name] = value
        for column, text in record.further.items():
            if column not in row:
                further[column] = text

    def _read_stage(self, values: dict[str, Any]) -> Faulty:
        """Put the key in place of a label, and find what is no stage of the pipeline."""
        stage = values.get("stage")
        if self._pipeline is None or not isinstance(stage, str):
            return []
        # Whoever counts by this pipeline leaves the rows of others out; a row that says none goes with the one before.
        key = str(values.get("opportunity_id"))
        if "pipeline" in values:
            (self._elsewhere.discard if values["pipeline"] == self._pipeline.key else self._elsewhere.add)(key)
        if key in self._elsewhere or stage in self._pipeline:
            return []
        if stage in self._labelled:
            values["stage"] = self._labelled[stage]
            return []
        known = [known.key for known in self._pipeline.stages]
        params = {"value": stage, "pipeline": self._pipeline.key, "known": known, "suggestion": suggest(stage, known)}
        return [(Problem("stage.not_in_pipeline", "", params), "stage")]

    def find_wrong_columns(self) -> tuple[Problem, ...]:
        """Find columns that are mapped but not there, or needed and not there."""
        found: list[Problem] = []
        for table, required in ((self._table, REQUIRED), (self._record_table, ("opportunity_id",))):
            found += table.columns.wrong_names()
            if table.seen:
                missing = list(table.columns.missing(table.seen, required))
                self.faults.drop("cell.missing", {str(problem.params["column"]) for problem in missing})
                found += missing
        return tuple(found)

    def notes(self, ids: set[str]) -> Iterator[Problem]:
        """Tell what stops nobody, but should be known."""
        for table in (self._table, self._record_table):
            yield from table.columns.shadowed(table.seen)
            if table.unpriced:
                params = {"count": table.unpriced, "flag": "--currency CODE"}
                yield Problem("amount.unpriced", table.column("amount"), params)
        if self._records:
            without, unused = sorted(ids - self._records.keys()), sorted(self._records.keys() - ids)
            if without:
                yield Problem("record.none", "", {"count": len(without), "ids": without[:5]})
            if unused:
                yield Problem("record.unused", "", {"count": len(unused), "ids": unused[:5]})


def _keys_by_label(pipeline: Pipeline) -> dict[str, str]:
    """Give the key of each stage by its labels in all languages, but for labels that several stages bear."""
    found: dict[str, set[str]] = {}
    for stage in pipeline.stages:
        for _, label in stage.labels:
            found.setdefault(label, set()).add(stage.key)
    return {label: keys.pop() for label, keys in found.items() if len(keys) == 1}


def _lacks(values: Mapping[str, Any], name: str) -> bool:
    return name not in values and (name != "stage" or values.get("kind", RowKind.ENTRY) is RowKind.ENTRY)


def _numbered(rows: Iterable[Any]) -> Iterator[tuple[int, Mapping[Any, Any], int | None]]:
    for number, row in enumerate(rows, 1):
        if isinstance(row, TextRow):
            yield row.number, row, row.line
        elif isinstance(row, Mapping):
            known: Mapping[Any, Any] = row  # pyright: ignore[reportUnknownVariableType]
            yield number, known, None
        else:
            message = f'a row is a mapping from column to cell, not {type(row).__name__}; try df.to_dict("records")'
            raise TypeError(message)
