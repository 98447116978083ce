"""The page on the change table names every column there is, and codes that exist."""

import re

from oppcore.exchange.columns import JOINED, NAMES
from oppcore.history import COLUMNS
from oppcore.messages.en import TEXTS
from tests.docs.pages import read_page

PAGE = read_page("reference/change-table.md")


def words(text: str) -> set[str]:
    """What stands in backquotes."""
    return set(re.findall(r"`(\w+)`", text))


def test_every_column_is_in_the_table_and_no_other():
    table = PAGE.partition("## Columns")[2].partition("\n## ")[0]

    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(NAMES)


def test_the_columns_to_group_by_are_named():
    [sentence] = re.findall(r"`--by` takes (.*?)\. ", PAGE, re.DOTALL)

    assert words(sentence) == set(COLUMNS)


def test_the_columns_that_records_lend_are_named():
    [sentence] = re.findall(r"It lends (.*?) and any further column", PAGE, re.DOTALL)

    assert words(sentence) == set(JOINED)


def test_every_code_on_the_page_exists():
    assert sorted(set(re.findall(r"`([a-z_]+\.[a-z_]+)`", PAGE)) - TEXTS.keys()) == []
