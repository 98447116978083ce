"""Generated change tables are read as the history they were written from."""

import io

from hypothesis import given, settings

from oppcore.exchange import read_changes, read_table
from oppcore.testing import change_tables


def read(table):
    return read_changes(read_table(io.BytesIO(table.content), **table.reading), **table.settings)


@given(change_tables())
def test_what_is_read_is_what_was_written(table):
    assert read(table) == table.expected


def test_every_way_to_write_a_table_occurs():
    packed, encodings, settings_, delimiters = set(), set(), set(), set()

    @settings(max_examples=150, derandomize=True, database=None)
    @given(change_tables())
    def look(table):
        packed.add(table.content[:2] == b"\x1f\x8b")
        encodings.add(table.reading.get("encoding"))
        settings_.update(table.settings)
        head = table.content[:100]
        delimiters.update(mark for mark in (b",", b";", b"\t", b"|") if mark in head)

    look()

    assert packed == {True, False}
    assert encodings == {None, "gb18030"}
    assert settings_ == {"decimal_mark", "columns", "timezone", "date_format", "currency", "percent"}
    assert len(delimiters) == 4
