"""What the command prints: results on standard output, in one of three formats; everything else on standard error."""

from __future__ import annotations

import csv
import json
import sys
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol
from unicodedata import category

from rich.console import Console
from rich.text import Text

from oppcore.table import Table

__all__ = ["FORMATS", "Result", "busy", "complain", "print_result", "print_table", "say"]

FORMATS = ("table", "json", "csv")
"""How a result can be printed."""


class Result(Protocol):
    """What every measure gives."""

    def table(self) -> Table:
        """Give it for eyes."""
        ...

    def detail(self) -> dict[str, Any]:
        """Give it as plain data."""
        ...

    def as_records(self) -> list[dict[str, Any]]:
        """Give it as rows."""
        ...


def print_result(result: Result, format: str) -> None:
    """Print a result as a table, as the JSON that the documentation promises, or as CSV."""
    if format == "json":
        say(json.dumps(result.detail(), ensure_ascii=False, indent=2))
    elif format == "csv":
        _print_csv(result.as_records())
    else:
        print_table(result.table())


def print_table(table: Table) -> None:
    """Print a table: plain text of its natural width, on a terminal with a bold title and dimmed notes."""
    text = str(table)
    if not sys.stdout.isatty():
        say(text)
        return
    shown = Text(text)
    if table.title:
        shown.stylize("bold", 0, text.find("\n"))
    below = text.find("\nleft out:")
    if below >= 0:
        shown.stylize("yellow", below)
    Console().print(shown, soft_wrap=True, highlight=False)


def _print_csv(records: list[dict[str, Any]]) -> None:
    names = list(dict.fromkeys(name for record in records for name in record))
    writer = csv.DictWriter(sys.stdout, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)


def say(text: str) -> None:
    """Print a text on standard output."""
    print(text)


def complain(text: str) -> None:
    """Print a text on standard error, with nothing in it that a terminal would obey."""
    clean = "".join("�" if category(letter) == "Cc" and letter != "\n" else letter for letter in text)
    Console(stderr=True).print(Text(clean), soft_wrap=True, highlight=False)


@contextmanager
def busy(what: str) -> Generator[Callable[[Mapping[Any, Any]], None], None, None]:
    """Show on a terminal that work goes on, once it has taken a second; gives a function to call for each row read."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda row: None
        return
    status = console.status(what)
    read = 0

    def count(_row: Mapping[Any, Any]) -> None:
        nonlocal read
        read += 1
        if read % 10_000 == 0:
            status.update(f"{what}: {read:,} rows")

    timer = threading.Timer(1.0, status.start)
    timer.start()
    try:
        yield count
    finally:
        timer.cancel()
        timer.join()
        status.stop()
