"""Delimited text: every dialect gives the same rows, and what is no table is said to be none."""

import contextlib
import gzip
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oppcore.errors import OppcoreError, UnreadableChanges
from oppcore.exchange import read_changes, read_table, tables

TEXT = "opportunity_id,stage,at\n1,new,2024-01-01T00:00:00Z\n2,größer,2024-01-02T00:00:00Z\n"
ROWS = [
    {"opportunity_id": "1", "stage": "new", "at": "2024-01-01T00:00:00Z"},
    {"opportunity_id": "2", "stage": "größer", "at": "2024-01-02T00:00:00Z"},
]


def packed(content: bytes) -> bytes:
    """Gzip without the time of day: the same bytes in every process that runs these tests."""
    return gzip.compress(content, mtime=0)


def read(content: bytes, **settings: str) -> list[dict[str, str]]:
    return [dict(row) for row in read_table(io.BytesIO(content), **settings)]


def refusal(content: bytes, **settings: str):
    with pytest.raises(UnreadableChanges) as caught:
        read(content, **settings)
    [problem] = caught.value.problems
    return problem


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", tables.DELIMITERS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("pack", [bytes, packed])
def test_dialects_are_told_apart(line_end, delimiter, encoding, pack):
    content = TEXT.replace(",", delimiter).replace("\n", line_end).encode(encoding)

    assert read(pack(content)) == ROWS


def test_a_path_and_standard_input_are_read(tmp_path, monkeypatch):
    file = tmp_path / "changes.csv"
    file.write_text(TEXT, encoding="utf-8")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(TEXT.encode())))

    assert [dict(row) for row in read_table(file)] == ROWS
    assert [dict(row) for row in read_table(str(file))] == ROWS
    assert [dict(row) for row in read_table("-")] == ROWS


def test_a_stream_is_left_open():
    stream = io.BytesIO(packed(TEXT.encode()))
    list(read_table(stream))

    assert not stream.closed


def test_a_missing_file_is_the_callers_business(tmp_path):
    with pytest.raises(FileNotFoundError):
        list(read_table(tmp_path / "none.csv"))


def test_names_are_trimmed_and_nameless_columns_ignored():
    assert read(b' a , "b;c",,\n1,2,3,\n') == [{"a": "1", "b;c": "2"}]


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (b"a,b\n1,2\n\n,\n \n3,4\n,,,\n\n", [(1, 2), (5, 6)]),
        (b'a,b\n"1\n1",2\n3,4\n', [(1, 3), (2, 4)]),
        (b"\n\na,b\n1,2\n", [(1, 4)]),
    ],
)
def test_rows_know_their_number_and_line(content, rows):
    assert [(row.number, row.line) for row in read_table(io.BytesIO(content))] == rows


def test_cells_too_many_are_counted_and_cells_too_few_are_empty():
    short, full, long = read_table(io.BytesIO(b"a,b\n1\n1,2\n1,2,3, ,5\n"))

    assert (short.surplus, full.surplus, long.surplus) == (0, 0, 2)
    assert short == {"a": "1"}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "table.empty"),
        (b"\n\r\n", "table.empty"),
        (packed(b""), "table.empty"),
        (b"a,b\n", "table.no_rows"),
        (b"a,b\n,\n\n", "table.no_rows"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "table.other_file"),
        (b"PK\x03\x04abc", "table.other_file"),
        (b'{"a": 1}', "table.other_file"),
        (b"a\0,b\n1,2\n", "table.binary"),
        (b"a,b\n" + b"1,2\n" * 2000 + b"1,\0\n", "table.nul"),
        (packed(TEXT.encode())[:-12], "table.gzip"),
        (b"\x1f\x8bnonsense", "table.gzip"),
        (b"a;b,c\n1;2,3\n", "table.delimiter"),
        (b"a,a\n1,2\n", "table.column_twice"),
        (b'a,b\n"1"x,2\n', "table.quotes"),
        (b'a,b\n"1,2\n', "table.quotes"),
        (b"a,b\n1,\xff\n", "table.encoding"),
        (b"\xff\xfea\0,\0b\0\n\0\x00\xd8\n\0", "table.encoding"),
        (b"\xff\xfea\0,\0b\0\n", "table.encoding"),
    ],
)
def test_what_is_no_table_gives_one_clear_problem(content, code):
    assert refusal(content).code == code


def test_a_foreign_byte_is_named_with_its_line_and_the_flag():
    problem = refusal("name,b\n1,2\nGröße,2\n".encode("cp1252"))

    assert problem.path == "line 3"
    assert problem.params["byte"] == "0xF6"
    assert problem.params["column"] == 3
    assert "--encoding" in str(problem)


def test_an_encoding_can_be_named():
    assert read(TEXT.encode("cp1252"), encoding="cp1252") == ROWS
    assert read(TEXT.encode("utf-16-le"), encoding="utf-16-le") == ROWS
    assert read(TEXT.encode("utf-8-sig"), encoding="utf-8") == ROWS


@pytest.mark.parametrize("name", ["nonsense", "hex", "undefined", "a\0b"])
def test_an_unknown_encoding_is_refused(name):
    assert refusal(TEXT.encode(), encoding=name).code == "table.encoding_unknown"


def test_a_delimiter_can_be_named():
    assert read(b"a;b,c\n1;2,3\n", delimiter=";") == [{"a": "1", "b,c": "2,3"}]
    assert refusal(b"a,b\n1,2\n", delimiter="--").code == "table.delimiter_wrong"


def test_delimiters_inside_quoted_names_do_not_count():
    assert read(b'"a;b","c""|d"\n1,2\n') == [{"a;b": "1", 'c"|d': "2"}]


def test_huge_cells_lines_and_tables_are_refused(monkeypatch):
    huge = b"x" * 10_000_000

    assert refusal(b"a,b\n" + huge + b",2\n").code == "table.line"
    assert refusal(b"a,b\n" + b"x" * 200_000 + b",2\n").code == "table.cell"
    assert refusal(packed(b"a\n" + huge)).code == "table.line"
    monkeypatch.setattr(tables, "MAX_CHARACTERS", 1_000)
    assert refusal(b"a\n" + b"1\n" * 1_000).code == "table.size"


def test_rows_come_one_by_one():
    class Endless(io.RawIOBase):
        def readable(self):
            return True

        def readinto(self, buffer):
            text = b"a\n" + b"1\n" * len(buffer)
            buffer[:] = text[: len(buffer)]
            return len(buffer)

    rows = read_table(Endless())
    assert next(rows).number == 1
    rows.close()


HOSTILE = st.one_of(
    st.binary(max_size=300),
    st.binary(max_size=200).map(lambda tail: b"\x1f\x8b\x08\0" + tail),
    st.binary(max_size=200).map(packed),
    st.binary(max_size=200).map(lambda tail: b"\xff\xfe" + tail),
    st.text('abc1-:T,;"\n\r\t ', max_size=200).map(lambda tail: b"opportunity_id,stage,at\n" + tail.encode()),
    st.lists(st.text(max_size=8), max_size=9).map(
        lambda cells: b"opportunity_id,stage,at,amount,kind,outcome,seq\n" + ",".join(cells).encode(errors="replace")
    ),
)


@given(HOSTILE, st.sampled_from([None, "utf-8", "cp1252", "utf-16", "utf-7", "shift-jis"]), st.booleans())
@example(b"opportunity_id,stage,at\n1,new,0001-01-01T00:00:00+23:00\n", None, False)
@example(b"opportunity_id,stage,at\n1,new,9999-12-31\n", None, False)
def test_no_bytes_whatsoever_raise_anything_but_ours(content, encoding, lenient):
    with contextlib.suppress(OppcoreError):
        read_changes(
            read_table(io.BytesIO(content), encoding=encoding), timezone="Asia/Tokyo", currency="EUR", lenient=lenient
        )
