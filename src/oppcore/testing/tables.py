"""Strategies for change tables as files of other systems hold them, and what is to be read from them."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, final

import attrs
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from oppcore.exchange.tables import DELIMITERS
from oppcore.history import History, Row, RowKind, make_history
from oppcore.money import Money, decimal_text
from oppcore.records import ForecastCategory, Outcome
from oppcore.testing.values import keys, moments, moneys, probabilities

__all__ = ["ChangeTable", "change_tables"]


@final
@attrs.frozen(kw_only=True)
class ChangeTable:
    """A file with changes, how it is to be read, and the history that must come of it.

    `reading` is what `read_table` is told beside the file, `settings` what `read_changes` is told beside the rows.
    """

    content: bytes
    reading: Mapping[str, Any]
    settings: Mapping[str, Any]
    expected: History


@final
@attrs.frozen(kw_only=True)
class _Style:
    """How a system writes its cells."""

    delimiter: str
    encoding: str
    is_packed: bool
    instants: str
    zone: str
    mark: str
    percent: str
    names: Mapping[str, str]
    outcomes: Mapping[Outcome, str]
    currency: str | None


_ZONES: Mapping[str, timezone] = {
    "UTC": UTC,
    "+02:00": timezone(timedelta(hours=2)),
    "-03:30": timezone(-timedelta(hours=3, minutes=30)),
}
_INSTANTS = ("iso", "local", "%d.%m.%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "%Y年%m月%d日 %H:%M:%S")
_NAMES: tuple[Mapping[str, str], ...] = (
    {},
    {"opportunity_id": "Deal ID", "stage": "Stage Name", "at": "Created Date", "amount": "Amount (value)"},
    {"opportunity_id": "商机", "stage": "阶段", "at": "时间", "owner_id": "负责人", "outcome": "结果"},
)
_OUTCOMES: tuple[Mapping[Outcome, str], ...] = (
    {one: str(one) for one in Outcome},
    {Outcome.OPEN: "Open", Outcome.WON: "Closed Won", Outcome.LOST: "CLOSED-LOST", Outcome.ABANDONED: "abandoned"},
)
_ALWAYS = ("opportunity_id", "stage", "at", "kind")
_SAME = {"utf-8", "utf-8-sig", "utf-16"}
"""The encodings that a file tells by itself."""


@st.composite
def _styles(draw: DrawFn) -> _Style:
    return _Style(
        delimiter=draw(st.sampled_from(DELIMITERS)),
        encoding=draw(st.sampled_from([*sorted(_SAME), "gb18030"])),
        is_packed=draw(st.booleans()),
        instants=draw(st.sampled_from(_INSTANTS)),
        zone=draw(st.sampled_from(sorted(_ZONES))),
        mark=draw(st.sampled_from([".", ","])),
        percent=draw(st.sampled_from(["share", "sign", "hundred"])),
        names=draw(st.sampled_from(_NAMES)),
        outcomes=draw(st.sampled_from(_OUTCOMES)),
        currency=draw(st.none() | st.sampled_from(["EUR", "JPY"])),
    )


def _columns(currency: str | None) -> Mapping[str, SearchStrategy[Any]]:
    """Give what a column can hold where a table has it."""
    instants = moments().map(lambda at: at.astimezone(UTC).replace(microsecond=0))
    return {
        "outcome": st.sampled_from(Outcome),
        "seq": st.integers(0, 99).map(Decimal),
        "recorded_at": instants,
        "amount": moneys(currency=currency),
        "owner_id": keys(),
        "source": keys(),
        "probability": probabilities(),
        "forecast_category": st.sampled_from(ForecastCategory),
        "expected_close_on": st.dates(date(2020, 1, 1), date(2035, 12, 31)),
        "actor_id": keys(),
        "reason": keys(),
        "pipeline": st.just("sales"),
        "on_hold": st.booleans(),
    }


@st.composite
def change_tables(draw: DrawFn, *, max_rows: int = 8) -> ChangeTable:
    """Generate change tables: with any of the delimiters, encodings, date formats and spellings that can be read."""
    style = draw(_styles())
    columns = _columns(style.currency)
    there = draw(st.lists(st.sampled_from(sorted(columns)), unique=True))
    style = attrs.evolve(
        style, names={name: theirs for name, theirs in style.names.items() if name in (*_ALWAYS, *there)}
    )
    said = st.fixed_dictionaries({name: st.none() | columns[name] for name in there})
    regions = draw(st.sampled_from([(), ("north", "Süd, 南")]))
    instants = moments().map(lambda at: at.astimezone(UTC).replace(microsecond=0))
    rows: list[Row] = []
    for number in range(1, draw(st.integers(1, max_rows)) + 1):
        kind = draw(st.sampled_from([RowKind.ENTRY, RowKind.ENTRY, RowKind.REMOVED, RowKind.RESTORED]))
        cells: dict[str, Any] = draw(said)
        rows.append(
            Row(
                opportunity_id=draw(st.sampled_from(["1", "2", "客户-3"])),
                stage=draw(keys()) if kind is RowKind.ENTRY else None,
                at=draw(instants),
                kind=kind,
                number=number,
                further={"region": draw(st.sampled_from(regions))} if regions else {},
                **cells,
            )
        )
    return ChangeTable(
        content=_write(rows, there, style),
        reading={} if style.encoding in _SAME else {"encoding": style.encoding},
        settings=_settings(style),
        expected=make_history(rows),
    )


def _settings(style: _Style) -> dict[str, Any]:
    found: dict[str, Any] = {"decimal_mark": style.mark}
    if style.names:
        found["columns"] = style.names
    if style.instants != "iso":
        found["timezone"] = style.zone
    if style.instants not in ("iso", "local"):
        found["date_format"] = [style.instants, style.instants.partition(" ")[0]]
    if style.currency is not None:
        found["currency"] = style.currency
    if style.percent == "hundred":
        found["percent"] = True
    return found


def _write(rows: list[Row], there: list[str], style: _Style) -> bytes:
    names = [*_ALWAYS, *there]
    names += ["currency"] if "amount" in there and style.currency is None else []
    names += ["region"] if any(row.further for row in rows) else []
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=style.delimiter)
    writer.writerow([style.names.get(name, name) for name in names])
    for row in rows:
        writer.writerow([_cell(name, row, style) for name in names])
    content = text.getvalue().encode(style.encoding)
    return gzip.compress(content, mtime=0) if style.is_packed else content


def _cell(name: str, row: Row, style: _Style) -> str:
    if name == "region":
        return row.further.get(name, "")
    if name == "currency":
        return "" if row.amount is None else row.amount.currency.lower()
    value = getattr(row, name)
    match value:
        case None:
            return ""
        case datetime():
            return _instant(value, style)
        case date():
            is_plain = style.instants in ("iso", "local")
            return value.isoformat() if is_plain else value.strftime(style.instants.partition(" ")[0])
        case Money():
            return _grouped(value.amount, style.mark)
        case Outcome():
            return style.outcomes[value]
        case Decimal() if name == "probability":
            return _share(value, style)
        case Decimal():
            return decimal_text(value).replace(".", style.mark)
        case _:
            return str(value)


def _instant(value: datetime, style: _Style) -> str:
    local = value.astimezone(_ZONES[style.zone])
    if style.instants == "iso":
        return local.isoformat()
    plain = local.replace(tzinfo=None)
    return plain.isoformat(" ") if style.instants == "local" else plain.strftime(style.instants)


def _grouped(number: Decimal, mark: str) -> str:
    """Give a number with its thousands apart, in the way that goes with its decimal mark."""
    text = f"{number:,f}"
    return text if mark == "." else text.translate({ord(","): ".", ord("."): ","})


def _share(value: Decimal, style: _Style) -> str:
    shown = {"share": value, "sign": value * 100, "hundred": value * 100}[style.percent]
    sign = "%" if style.percent == "sign" else ""
    return decimal_text(shown).replace(".", style.mark) + sign
