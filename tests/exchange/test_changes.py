"""The canonical change table: every fault told with its rows and the flag that helps, nothing guessed or dropped."""

import csv
import gzip
import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.errors import UnreadableChanges
from oppcore.exchange import read_changes, read_table
from oppcore.history import RowKind, make_history
from oppcore.money import Money
from oppcore.pipeline import Pipeline, Stage, template
from oppcore.records import ForecastCategory, Outcome

ROW = {"opportunity_id": "1", "stage": "new", "at": "2024-01-02T03:04:05Z"}
PIPELINE = Pipeline(
    key="sales",
    currency="EUR",
    stages=[Stage(key="new", kind="open"), Stage(key="offer", kind="open"), Stage(key="won", kind="won")],
)


def problems(rows, **settings):
    with pytest.raises(UnreadableChanges) as caught:
        read_changes(rows, **settings)
    return {problem.code: problem for problem in caught.value.problems}


def only(rows, **settings):
    [row] = read_changes(rows, **settings).rows
    return row


def test_every_column_is_read():
    row = only(
        [
            ROW
            | {
                "outcome": "Won",
                "kind": "entry",
                "seq": "3",
                "recorded_at": "2024-01-03T00:00Z",
                "amount": "1,234.50",
                "currency": "usd",
                "owner_id": "ann",
                "source": "web",
                "probability": "65%",
                "forecast_category": "BestCase",
                "expected_close_on": "2024-02-01",
                "actor_id": "bob",
                "reason": "price",
                "pipeline": "sales",
                "region": "north",
                "empty": " ",
            }
        ]
    )

    assert (row.opportunity_id, row.stage, row.kind, row.number) == ("1", "new", RowKind.ENTRY, 1)
    assert row.at == datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert row.recorded_at == datetime(2024, 1, 3, tzinfo=UTC)
    assert (row.outcome, row.seq, row.amount) == (Outcome.WON, Decimal(3), Money("1234.50", "USD"))
    assert (row.owner_id, row.source, row.actor_id, row.reason, row.pipeline) == ("ann", "web", "bob", "price", "sales")
    assert (row.probability, row.forecast_category) == (Decimal("0.65"), ForecastCategory.BEST_CASE)
    assert row.expected_close_on == date(2024, 2, 1)
    assert row.further == {"region": "north"}


def test_nothing_gives_an_empty_history():
    assert len(read_changes([])) == 0


def test_columns_map_ours_to_theirs():
    theirs = {"lead_id": 7, "to_stage": "new", "when": "2024-01-02T03:04:05Z", "note": "x"}
    row = only([theirs], columns={"opportunity_id": "lead_id", "stage": "to_stage", "at": "when"})

    assert (row.opportunity_id, row.stage, row.further) == ("7", "new", {"note": "x"})


def test_a_mapped_name_wins_over_a_column_of_that_name_and_says_so():
    history = read_changes([ROW | {"to_stage": "offer"}], columns={"stage": "to_stage"})

    assert history.rows[0].stage == "offer"
    assert "stage" not in history.rows[0].further
    [note] = history.left_out
    assert (note.code, note.params["column"], note.params["theirs"]) == ("column.shadowed", "stage", "to_stage")


def test_a_column_serves_the_name_it_is_mapped_to_only():
    row = only([ROW | {"source": "ann"}], columns={"owner_id": "source"})

    assert (row.owner_id, row.source) == ("ann", None)


def test_missing_columns_are_told_once_with_the_nearest_and_the_flag():
    found = problems([{"opportunity_id": "1", "stages": "new", "at": "2024-01-01T00:00Z"}] * 5)

    assert list(found) == ["column.missing"]
    assert found["column.missing"].params["suggestion"] == "stages"
    assert found["column.missing"].params["flag"] == "--map stage=stages"


@pytest.mark.parametrize(
    ("column", "flag"),
    [
        ("OpportunityId", "--map opportunity_id=OpportunityId"),
        ("country_id", "--map opportunity_id=COLUMN"),
        ("has_opportunity_line_item", "--map opportunity_id=COLUMN"),
    ],
)
def test_only_a_column_that_is_surely_meant_is_proposed(column, flag):
    found = problems([{column: "1", "stage": "new", "at": "2024-01-01T00:00Z"}])

    assert found["column.missing"].params["flag"] == flag


def test_a_mapped_name_that_no_row_has():
    found = problems([ROW | {"lead_id": "1"}], columns={"opportunity_id": "lead-id"})

    assert found["column.missing"].params["seen"] == ["at", "lead_id", "opportunity_id", "stage"]
    assert found["column.missing"].params["suggestion"] == "lead_id"


def test_a_mapped_name_that_is_none_of_ours():
    assert (
        problems([ROW], columns={"opportunity": "id"})["column.no_such_name"].params["suggestion"] == "opportunity_id"
    )


def test_every_kind_of_fault_at_once_with_rows_counts_and_flags():
    bad = [
        ROW | {"opportunity_id": " "},
        ROW | {"at": "01/13/24 05:06 PM"},
        ROW | {"at": "2024-01-02"},
        ROW | {"amount": "12"},
        ROW | {"amount": "1,234", "currency": "EUR"},
        ROW | {"probability": "65"},
        ROW | {"outcome": "maybe"},
        ROW | {"stage": None},
        ROW | {"opportunity_id": None},
    ]
    found = problems([ROW, *bad])

    assert {code: problem.params.get("flag") for code, problem in found.items()} == {
        "cell.missing": "",
        "instant.format": "--date-format '%m/%d/%y %I:%M %p'",
        "instant.timezone": "--timezone ZONE",
        "amount.currency": "--currency CODE",
        "number.ambiguous": "--decimal-mark . (or --decimal-mark ,)",
        "probability.percent": "--percent",
        "word.unknown": "",
    }
    assert found["instant.format"].path == "row 3"


def test_faults_are_counted_and_listed_up_to_twenty_rows():
    found = problems([ROW] + [ROW | {"at": "yesterday"}] * 50)["instant.unreadable"]

    assert found.params["count"] == 50
    assert found.params["rows"] == [*map(str, range(2, 22)), "…"]


def test_unlike_words_are_listed_apart_until_there_are_too_many():
    found = read_changes([ROW | {"kind": f"k{n}"} for n in range(100)], lenient=True).left_out

    assert len(found) == 31
    assert sum(problem.params["count"] for problem in found) == 100


def test_lenient_leaves_bad_rows_out_and_lists_them():
    history = read_changes([ROW, ROW | {"at": "?"}, ROW | {"opportunity_id": "2"}], lenient=True)

    assert [row.number for row in history.rows] == [1, 3]
    assert [problem.code for problem in history.left_out] == ["instant.unreadable"]


def test_missing_columns_stop_even_the_lenient():
    assert "column.missing" in problems([{"at": "2024-01-01T00:00Z"}], lenient=True)


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"timezone": "Mars"}, "timezone.unknown"),
        ({"date_format": "%d/%m"}, "date_format.wrong"),
        ({"currency": "XYZ"}, "currency.unknown_default"),
        ({"decimal_mark": "'"}, "decimal_mark.wrong"),
    ],
)
def test_wrong_settings(settings, code):
    assert list(problems([ROW], **settings)) == [code]


def test_settings_fill_what_the_table_does_not_say():
    rows = [ROW | {"at": "13/01/24", "amount": "1.234", "probability": "65"}]
    row = only(rows, timezone="UTC", date_format="%d/%m/%y", currency="eur", percent=True, decimal_mark=",")

    assert row.at == datetime(2024, 1, 13, tzinfo=UTC)
    assert (row.amount, row.probability) == (Money("1234", "EUR"), Decimal("0.65"))


def test_removed_rows_need_no_stage():
    assert only([ROW | {"stage": "", "kind": "removed"}]).stage is None
    assert "cell.missing" in problems([ROW | {"stage": ""}])


def test_further_columns_hold_text():
    assert only([ROW | {"size": 5, "when": date(2024, 1, 2), "none": None}]).further == {
        "size": "5",
        "when": "2024-01-02",
    }
    assert problems([ROW | {"note": "x" * 20_001}])["cell.too_long"].params["column"] == "note"


def test_a_pipeline_checks_stages_and_lends_its_currency():
    assert only([ROW | {"amount": 5}], pipeline=PIPELINE).amount == Money("5", "EUR")
    found = problems([ROW | {"stage": "ofer"}], pipeline=PIPELINE)["stage.not_in_pipeline"]
    assert found.params["suggestion"] == "offer"
    assert only([ROW | {"stage": "x", "pipeline": "service"}], pipeline=PIPELINE).stage == "x"


class TestRecords:
    RECORDS = (
        {"id": "1", "amount": "10", "currency": "EUR", "source": "web", "region": "north"},
        {"id": "3", "amount": "20", "currency": "EUR"},
    )
    MAP = {"opportunity_id": "id"}  # noqa: RUF012

    def test_they_lend_columns_the_table_lacks(self):
        rows = [ROW | {"source": "fair"}, ROW | {"opportunity_id": "2"}]
        history = read_changes(rows, records=self.RECORDS, record_columns=self.MAP)
        first, second = history.rows

        assert (first.amount, first.source, first.further) == (Money("10", "EUR"), "fair", {"region": "north"})
        assert second.amount is None
        assert {note.code: note.params["ids"] for note in history.left_out} == {
            "record.none": ["2"],
            "record.unused": ["3"],
        }

    def test_they_lend_the_currency_of_the_tables_own_amounts(self):
        row = only([ROW | {"amount": "7"}], records=self.RECORDS[:1], record_columns=self.MAP)

        assert row.amount == Money("7", "EUR")

    def test_repeated_and_missing_ids_are_reported(self):
        twice = [*self.RECORDS, self.RECORDS[0], {"id": ""}]
        found = problems([ROW], records=twice, record_columns=self.MAP)

        assert found["record.twice"].path == "record 3"
        assert found["record.twice"].params["other"] == 1
        assert found["cell.missing"].path == "record 4"

    def test_their_cells_are_checked(self):
        assert problems([ROW], records=[{"opportunity_id": "1", "amount": "?"}])["number.unreadable"].path == "record 1"

    def test_a_mapped_name_they_do_not_have(self):
        found = problems([ROW], records=self.RECORDS, record_columns={"opportunity_id": "ids"})

        assert found["column.missing"].path == "--record-map"
        assert found["column.missing"].params["suggestion"] == "id"


def test_a_frame_itself_is_no_list_of_rows():
    with pytest.raises(TypeError, match="to_dict"):
        read_changes(pd.DataFrame([ROW]))


def test_rows_too_long_are_reported_with_row_and_line():
    table = b'opportunity_id,stage,at\n"1\n","new",2024-01-01T00:00Z\n2,new,2024-01-01T00:00Z,x\n'
    [problem] = problems(read_table(io.BytesIO(table))).values()

    assert (problem.code, problem.path) == ("row.surplus", "row 2 (line 4)")


NAMES = ["opportunity_id", "stage", "at", "amount", "currency", "seq", "region"]
WORDS = st.text(st.sampled_from("abcé中,;\"'| \t"), min_size=1, max_size=6).map(lambda text: text.strip() or "x")
LOW, HIGH = datetime(1990, 1, 1), datetime(2100, 1, 1)  # noqa: DTZ001 - what hypothesis wants
TABLES = st.lists(
    st.tuples(
        st.integers(1, 9).map(str),
        WORDS,
        st.datetimes(LOW, HIGH).map(lambda at: at.isoformat() + "Z"),
        st.decimals(0, 10**6, places=2).map(str) | st.just(""),
        st.sampled_from(["EUR", "USD"]),
        st.integers(0, 9).map(str) | st.just(""),
        WORDS | st.just(""),
    ),
    min_size=1,
    max_size=8,
)


def written(rows, delimiter=",", line_end="\n", encoding="utf-8", pack=bytes):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_MINIMAL)
    writer.writerows([NAMES, *rows])
    return io.BytesIO(pack(text.getvalue().encode(encoding)))


@given(
    TABLES,
    st.sampled_from(",;\t|"),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["utf-8-sig", "utf-16", "utf-8"]),
    st.sampled_from([bytes, lambda content: gzip.compress(content, mtime=0)]),
)
def test_all_ways_of_writing_a_table_give_one_history(rows, delimiter, line_end, encoding, pack):
    plain = read_changes([dict(zip(NAMES, row, strict=True)) for row in rows])

    assert read_changes(read_table(written(rows, delimiter, line_end, encoding, pack))) == plain


@given(TABLES)
def test_a_frame_gives_the_history_of_the_file(rows):
    frame = pd.read_csv(written(rows), keep_default_na=True, dtype={"stage": str, "region": str}, na_values=[""])
    frame["at"] = pd.to_datetime(frame["at"], format="ISO8601")

    assert read_changes(frame.to_dict("records")) == read_changes(read_table(written(rows)))


@given(TABLES)
def test_the_order_of_the_file_is_kept_where_nothing_else_decides(rows):
    history = read_changes(read_table(written(rows)))

    assert make_history(sorted(history.rows, key=lambda row: row.number)) == history


def test_stages_may_be_named_by_their_labels_where_a_pipeline_is_given():
    hubspot = template("hubspot")
    told = ["Appointment Scheduled", "contractsent", "成交"]
    rows = [ROW | {"stage": name, "at": f"2024-01-0{day}T09:00Z"} for day, name in enumerate(told, 1)]

    history = read_changes(rows, pipeline=hubspot)

    assert [row.stage for row in history.of("1")] == ["appointmentscheduled", "contractsent", "closedwon"]


def test_a_label_that_two_stages_bear_or_that_is_a_key_names_no_other():
    pipeline = Pipeline(
        key="p",
        stages=[
            Stage(key="a", kind="open", labels=(("en", "Talk"), ("de", "b"))),
            Stage(key="b", kind="open", labels=(("en", "Talk"),)),
        ],
    )

    assert only([ROW | {"stage": "b"}], pipeline=pipeline).stage == "b"
    assert "stage.not_in_pipeline" in problems([ROW | {"stage": "Talk"}], pipeline=pipeline)
