"""English. A sentence names what is there, what is needed and who can act; `{path}` is the field, place or row."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["TEXTS"]

TEXTS: Mapping[str, str] = {
    "or": " | or: ",
    # Reading tables of changes.
    "table.empty": "the table is empty: not even a header line",
    "table.no_rows": "the table has a header line but no rows",
    "table.other_file": "this is {what}, not a delimited text table",
    "table.binary": "byte {byte} is NUL: this is no text, or UTF-16 without its mark (then use {flag})",
    "table.nul": "{path}: a NUL character at column {column}; the file is damaged or no text",
    "table.gzip": "the gzip data is damaged or cut off: {reason}",
    "table.line": "{path} has more than {most} characters; this is no table, or a quote is never closed",
    "table.size": "{path}: the table has more than {most} characters; split it",
    "table.cell": "{path}: a cell has more than {most} characters; is a quote never closed?",
    "table.quotes": "{path}: the quotes are wrong ({reason}); the rows after it cannot be told apart",
    "table.encoding": "{path}: byte {byte} is no {encoding} text; name the encoding, e.g. {flag}",
    "table.encoding_unknown": "there is no text encoding {have!r}; name one, e.g. {flag}",
    "table.delimiter": "{path}: several characters may separate the cells ({found}); name one, e.g. {flag}",
    "table.delimiter_wrong": "a delimiter is one character such as , ; | or a tab, not {have!r}",
    "table.column_twice": "{path}: columns named more than once: {names}; rename them",
    "timezone.unknown": "{path}: there is no time zone {value!r}; name one such as Europe/Berlin, UTC or +02:00",
    "date_format.wrong": "{path}: {value!r} is no date format with a year; write one such as '%m/%d/%Y %I:%M %p'",
    "currency.unknown_default": "{path}: {value!r} is no ISO 4217 currency code such as EUR",
    "decimal_mark.wrong": "{path}: a decimal mark is . or , and not {value!r}",
    "column.no_such_name": "{path}: {name!r} is none of our columns ({known}); perhaps {suggestion!r}",
    "column.missing": "{path}: no column {column!r} (for {name}); there are: {seen}; use {flag}",
    "column.shadowed": "{path}: the column {column!r} is not read, because {column} is taken from {theirs!r}",
    "row.surplus": "{path}: more cells than the header has names; rows ({count}): {rows}",
    "row.invalid": "{path}: {reason}; rows ({count}): {rows}",
    "cell.missing": "{path}: {column} is empty; rows ({count}): {rows}",
    "cell.too_long": "{path}: {column} has {have} characters, at most {most} are kept; rows ({count}): {rows}",
    "cell.characters": "{path}: {column} holds characters that are no text ({value}); rows ({count}): {rows}",
    "instant.timezone": "{path}: {column} {value!r} names no time zone: use {flag}; rows ({count}): {rows}",
    "instant.format": "{path}: {column} {value!r} is no ISO 8601 date: use {flag}; rows ({count}): {rows}",
    "instant.ambiguous": "{path}: {column} {value!r} can be read in several ways: use {flag}; rows ({count}): {rows}",
    "instant.unreadable": "{path}: {column} {value!r} is no date or instant that can be read; rows ({count}): {rows}",
    "instant.formats": "{path}: {column} {value!r} means different things in the formats given; rows ({count}): {rows}",
    "instant.precision": "{path}: {column} {value!r} is finer than a microsecond; rows ({count}): {rows}",
    "instant.range": "{path}: {column} {value!r} lies outside the years 1 to 9999; rows ({count}): {rows}",
    "instant.twice": "{path}: {column} {value!r} came twice in {timezone}, as clocks were set back: write the offset;"
    " rows ({count}): {rows}",
    "instant.skipped": "{path}: {column} {value!r} never came in {timezone}, as the clocks were set forward;"
    " rows ({count}): {rows}",
    "number.unreadable": "{path}: {column} {value!r} is no number; rows ({count}): {rows}",
    "number.ambiguous": "{path}: {column} {value!r} may mean thousands or decimals: use {flag}; rows ({count}): {rows}",
    "number.decimal_mark": "{path}: {column} {value!r} has a decimal comma: use {flag}; rows ({count}): {rows}",
    "amount.currency": "{path}: {column} {value!r} is in no currency: use {flag}; rows ({count}): {rows}",
    "currency.unknown": "{path}: {column} {value!r} is no ISO 4217 currency code; rows ({count}): {rows}",
    "probability.percent": "{path}: {column} {value!r} is above 1; if it runs from 0 to 100, use {flag};"
    " rows ({count}): {rows}",
    "probability.range": "{path}: {column} {value!r} is no probability; rows ({count}): {rows}",
    "word.unknown": "{path}: {column} {value!r} is none of {known}; rows ({count}): {rows}",
    "stage.unknown": "{path}: {column} {value!r} is no stage of {pipeline} ({known}); rows ({count}): {rows}",
    "record.twice": "{path}: {column} {value!r} is there before, in record {other}; rows ({count}): {rows}",
    "record.none": "{count} opportunities have no record: {ids} …",
    "record.unused": "{count} records have no changes: {ids} …",
    # End of reading tables.
}
