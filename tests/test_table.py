from decimal import Decimal

import pytest

from oppcore.errors import Problem
from oppcore.table import Table


def test_columns_line_up_and_numbers_stand_on_the_right():
    table = Table(columns=["stage", "deals"], rows=[["demo", 1234], ["negotiation", 5], ["lost", None]], title="Deals")

    assert str(table).splitlines() == [
        "Deals",
        "stage        deals",
        "───────────  ─────",
        "demo         1,234",
        "negotiation      5",
        "lost             –",
    ]


def test_chinese_letters_take_two_columns():
    table = Table(columns=["阶段", "n"], rows=[["需求分析", 1], ["won", 22]])

    assert str(table).splitlines() == ["阶段       n", "────────  ──", "需求分析   1", "won       22"]


def test_letters_without_width_take_none():
    lines = str(Table(columns=["a", "b"], rows=[["e\u0301", "x"], ["e", "y"]])).splitlines()

    assert lines[2:] == ["e\u0301  x", "e  y"]


def test_nothing_in_a_cell_can_command_the_terminal():
    table = Table(columns=["id"], rows=[["a\x1b[2Jb\nc"]], title="t\x07")

    assert "\x1b" not in str(table)
    assert len(str(table).splitlines()) == 4


def test_notebooks_get_escaped_html():
    table = Table(
        columns=["<b>"],
        rows=[["<script>"], [None]],
        title="a & b",
        notes=("1 < 2",),
        left_out=(Problem("x.y", "row <1>"),),
    )

    html = table._repr_html_()

    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "<caption>a &amp; b</caption>" in html
    assert "<li>row &lt;1&gt;: x.y</li>" in html


def test_what_was_left_out_is_listed_and_a_long_list_is_counted():
    problems = tuple(Problem("x.y", f"row {number}") for number in range(13))

    lines = str(Table(columns=["a"], rows=[[1]], notes=("a note",), left_out=problems)).splitlines()

    assert lines[3:6] == ["a note", "left out:", "  - row 0: x.y"]
    assert lines[-1] == "  - … and 3 more"


def test_it_gives_records_for_data_frames():
    assert Table(columns=["a", "b"], rows=[[1, None]]).as_records() == [{"a": 1, "b": None}]


def test_decimals_are_written_out_whatever_their_exponent():
    table = Table(columns=["amount"], rows=[[Decimal("1E+6")], [Decimal("-1234.50")]])

    assert str(table).splitlines()[2:] == ["1,000,000", "-1,234.50"]


def test_an_empty_table_has_its_heads():
    assert str(Table(columns=["stage", "n"], rows=[])).splitlines() == ["stage  n", "─────  ─"]


def test_rows_must_fit_the_columns():
    with pytest.raises(ValueError, match="have not 1 cells"):
        Table(columns=["a"], rows=[[1, 2]])
