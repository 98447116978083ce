import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oppcore.errors import InvalidDocument
from oppcore.forecast import Adjustment, decode_judgement, encode_judgement, forecast_categories, submit_forecast
from oppcore.history import make_history
from oppcore.money import Money
from oppcore.periods import read_period
from tests.history.examples import PIPELINE, row, row_lists

ADJUSTMENT = Adjustment(
    node="R1",
    seen_by="M1",
    amount=Money("120.50", "EUR"),
    base=Money(100, "EUR"),
    author="mia",
    at=datetime(2026, 3, 2, 9, tzinfo=UTC),
    note="太乐观",
)


def submission(rows, **settings):
    forecast = forecast_categories(make_history(rows), PIPELINE, timezone="UTC")
    return submit_forecast(forecast, author="ann", period=read_period("2024-Q1"), currency="EUR", **settings)


DEAL = row(
    "P",
    id="a",
    amount=Money(5, "EUR"),
    probability=Decimal("0.7"),
    forecast_category="commit",
    expected_close_on=date(2024, 3, 1),
    owner_id="ann",
)


def test_an_adjustment_is_read_as_it_was_written():
    assert decode_judgement(encode_judgement(ADJUSTMENT)) == ADJUSTMENT


@settings(max_examples=30)
@given(row_lists().filter(bool), st.none() | st.integers(-9, 10**9), st.sampled_from([(), ("ann", "bob")]))
def test_a_submission_is_read_as_it_was_written(rows, amount, owners):
    if forecast_categories(make_history(rows), PIPELINE, timezone="UTC").as_of is None:
        return
    money = None if amount is None else Money(amount, "EUR")
    said = submission(rows, amount=money, owners=owners, note="a\nb")

    assert decode_judgement(encode_judgement(said)) == said


def test_every_fault_is_said_with_its_place():
    data = json.loads(encode_judgement(submission([DEAL])))
    data["submission"]["deals"][0]["probability"] = "lots"
    data["submission"]["autor"] = data["submission"].pop("author")

    with pytest.raises(InvalidDocument) as caught:
        decode_judgement(json.dumps(data))

    assert {(one.code, one.path) for one in caught.value.problems} >= {
        ("document.type", "deals[0].probability"),
        ("key.unknown", "autor"),
    }


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"schema":2,"adjustment":{}}', "document.schema"),
        ('{"schema":1,"thing":{}}', "document.kind"),
        ('{"schema":1', "document.syntax"),
        ('{"schema":1,"adjustment":[]}', "document.type"),
    ],
)
def test_what_is_no_such_document_is_refused(text, code):
    with pytest.raises(InvalidDocument) as caught:
        decode_judgement(text)

    assert [one.code for one in caught.value.problems] == [code]
