"""Delimited text: rows of a file or stream, whatever program wrote it, and one clear error for what is no table."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import re
import sys
import zlib
from collections.abc import Iterable, Iterator
from os import PathLike
from pathlib import Path
from typing import IO, Any, cast, final

from oppcore.errors import Problem, UnreadableChanges

__all__ = ["DELIMITERS", "MAX_CHARACTERS", "MAX_LINE", "TextRow", "read_table"]

DELIMITERS = (",", ";", "\t", "|")
"""What may stand between two cells where nothing else is said."""
MAX_LINE = 1 << 20
"""Characters in one line."""
MAX_CHARACTERS = 1 << 30
"""Characters in one table, after decompression."""

_NO_TABLES = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"PK\x03\x04": "an Excel workbook or a zip archive (save the sheet as CSV)",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (save the sheet as CSV)",
    b"%PDF": "a PDF document",
    b"PAR1": "a Parquet file",
    b"SQLite format 3": "an SQLite database",
    b"{": "a JSON document",
    b"[{": "a JSON document",
    b"<?xml": "an XML document",
    b"<!": "a web page",
    b"<html": "a web page",
}
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe\0\0", "utf-32"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
# `surrogateescape` keeps a byte that is no character as one of these, so that it can be named with its line.
_STRAY = re.compile("[\ud800-\udfff]")
_QUOTED = re.compile('"(?:[^"]|"")*"?')


@final
class TextRow(dict[str, str]):
    """A row of a table by column name: its number among the data rows (from 1), the line it ends on, cells too many."""

    __slots__ = ("line", "number", "surplus")

    def __init__(self, cells: Iterable[tuple[str, str]], number: int, line: int, surplus: int) -> None:
        super().__init__(cells)
        self.number = number
        self.line = line
        self.surplus = surplus


def read_table(
    source: str | PathLike[str] | IO[bytes], *, encoding: str | None = None, delimiter: str | None = None
) -> Iterator[TextRow]:
    """Give the rows of a delimited text file, path `-` meaning standard input, one after the other.

    Gzip is told by its first bytes. Text is UTF-8, or UTF-16 and UTF-32 where a byte order mark says so; anything else
    must be named. The delimiter is told from the header line. Wholly empty rows are counted and left out, as are
    columns without a name. Rows come one by one: the whole file is never in memory.

    Raises `UnreadableChanges` for what is no such table, and `OSError` where the file cannot be opened.
    """
    with contextlib.ExitStack() as opened:
        stream = _open(source, opened)
        seen = 0
        try:
            for row in _rows(stream, encoding, delimiter):
                seen = row.number
                yield row
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise _refuse("table.gzip", rows=seen, reason=str(error)) from None
        if not seen:
            raise _refuse("table.no_rows")


def _refuse(code: str, path: str = "", /, *, rows: int = 0, **params: Any) -> UnreadableChanges:
    return UnreadableChanges((Problem(code, path, params),), rows)


def _open(source: str | PathLike[str] | IO[bytes], opened: contextlib.ExitStack) -> io.BufferedReader[Any]:
    if source == "-":
        source = sys.stdin.buffer
    if isinstance(source, (str, PathLike)):
        stream = cast("io.BufferedReader[Any]", opened.enter_context(Path(source).open("rb")))  # noqa: SIM115
    else:
        stream = io.BufferedReader(cast("Any", source))
        opened.callback(_let_go, stream)
    if stream.peek(2)[:2] == b"\x1f\x8b":
        unpacked = gzip.GzipFile(fileobj=stream, mode="rb")
        stream = io.BufferedReader(cast("Any", unpacked))
        opened.callback(_let_go, stream)
    return stream


def _let_go(stream: io.BufferedReader[Any]) -> None:
    """Part from the stream below without closing it: whoever opened it closes it."""
    with contextlib.suppress(ValueError):
        stream.detach()


def _find_encoding(head: bytes) -> str:
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    for magic, what in _NO_TABLES.items():
        if head.startswith(magic):
            raise _refuse("table.other_file", what=what)
    if b"\0" in head:
        raise _refuse("table.binary", byte=head.index(b"\0"), flag="--encoding utf-16-le")
    return "utf-8"


def _lines(stream: io.BufferedReader[Any], encoding: str | None) -> Iterator[str]:
    head = stream.peek(4096)[:4096]
    if not head:
        raise _refuse("table.empty")
    named = encoding or _find_encoding(head)
    number = characters = 0
    try:
        text = io.TextIOWrapper(stream, named, errors="surrogateescape", newline="")
    except (LookupError, ValueError):
        raise _refuse("table.encoding_unknown", have=named, flag="--encoding cp1252") from None
    try:
        while line := text.readline(MAX_LINE + 1):
            number += 1
            characters += len(line)
            if len(line) > MAX_LINE:
                raise _refuse("table.line", f"line {number}", most=MAX_LINE)
            if characters > MAX_CHARACTERS:
                raise _refuse("table.size", f"line {number}", most=MAX_CHARACTERS)
            if not line.isascii() and (stray := _STRAY.search(line)):
                byte = f"0x{ord(stray[0]) & 0xFF:02X}"
                raise _no_text(number, byte, named, column=stray.start() + 1)
            if "\0" in line:
                raise _refuse("table.nul", f"line {number}", column=line.index("\0") + 1)
            yield line.removeprefix("\ufeff") if number == 1 else line
    except UnicodeDecodeError as error:
        raise _no_text(number + 1, f"0x{error.object[error.start]:02X}", named) from None
    except UnicodeError:
        raise _refuse("table.encoding_unknown", have=named, flag="--encoding cp1252") from None
    finally:
        with contextlib.suppress(ValueError):
            text.detach()


def _no_text(line: int, byte: str, encoding: str, **more: Any) -> UnreadableChanges:
    return _refuse("table.encoding", f"line {line}", byte=byte, encoding=encoding, flag="--encoding cp1252", **more)


def _find_delimiter(header: str) -> str:
    bare = _QUOTED.sub("", header)
    found = [mark for mark in DELIMITERS if mark in bare]
    if len(found) > 1:
        shown = [repr(mark) for mark in found]
        raise _refuse("table.delimiter", "line 1", found=shown, flag=f"--delimiter {shown[0]}")
    return found[0] if found else ","


def _find_header(lines: Iterator[str]) -> tuple[str, int]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            return line, number
    raise _refuse("table.empty")


def _names(cells: list[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    given = [name for name in names if name]
    if twice := sorted({name for name in given if given.count(name) > 1}):
        raise _refuse("table.column_twice", "header", names=twice)
    return names


def _rows(stream: io.BufferedReader[Any], encoding: str | None, delimiter: str | None) -> Iterator[TextRow]:
    lines = _lines(stream, encoding)
    with contextlib.closing(cast("Any", lines)):
        header, before = _find_header(lines)
        mark = _find_delimiter(header) if delimiter is None else delimiter
        if len(mark) != 1 or mark in '"\r\n ':
            raise _refuse("table.delimiter_wrong", have=mark)
        reader = csv.reader(_join(header, lines), delimiter=mark, strict=True, skipinitialspace=True)
        number = 0
        try:
            names = _names(next(reader))
            for number, cells in enumerate(reader, 1):
                if not any(cell and not cell.isspace() for cell in cells):
                    continue
                named = ((name, cell) for name, cell in zip(names, cells, strict=False) if name)
                surplus = sum(1 for cell in cells[len(names) :] if cell.strip())
                yield TextRow(named, number, reader.line_num + before - 1, surplus)
        except csv.Error as error:
            line = reader.line_num + before - 1
            code = "table.cell" if "limit" in str(error) else "table.quotes"
            raise _refuse(code, f"line {line}", rows=number, most=csv.field_size_limit(), reason=str(error)) from None


def _join(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest
