"""Cells to values: exact or reported."""

import math
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.errors import Problem
from oppcore.exchange.cells import (
    CATEGORIES,
    KINDS,
    OUTCOMES,
    is_missing,
    parse_amount,
    parse_currency,
    parse_flag,
    parse_key,
    parse_number,
    parse_probability,
    parse_text,
    parse_word,
)
from oppcore.money import Money

NUMBERS = st.decimals(-(10**12), 10**12, places=2, allow_nan=False, allow_infinity=False)


def outcome(found):
    return found.code if isinstance(found, Problem) else found


@pytest.mark.parametrize("cell", [None, "", "  ", math.nan, Decimal("NaN"), Decimal("sNaN"), np.nan, pd.NaT, pd.NA])
def test_missing(cell):
    assert is_missing(cell)


@pytest.mark.parametrize("cell", [0, False, "NA", "nan", "0", Decimal(0), pd.Timestamp("2024-01-01")])
def test_not_missing(cell):
    assert not is_missing(cell)


@given(NUMBERS)
def test_numbers_read_back(number):
    assert parse_number(number) == number
    assert parse_number(f"{number:f}") == number
    assert parse_number(f"{number:,f}") == number
    assert parse_number(f"{number:,f}", ".") == number
    assert parse_number(f"{number:,f}".translate(str.maketrans(",.", ".,")), ",") == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_count_as_their_shortest_decimal(number):
    found = parse_number(number)

    assert isinstance(found, Decimal)
    assert float(found) == number
    assert parse_number(np.float64(number)) == found


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("1234.5", Decimal("1234.5")),
        ("1,234.50", Decimal("1234.50")),
        ("1,234,567", Decimal(1234567)),
        ("1 234.50", Decimal("1234.50")),
        ("1'234'567", Decimal(1234567)),
        ("1\u202f234,5", "number.decimal_mark"),
        ("-12e2", Decimal(-1200)),
        (".5", Decimal("0.5")),
        ("0.125", Decimal("0.125")),
        ("1,234", "number.ambiguous"),
        ("1.234", "number.ambiguous"),
        ("1234.567", Decimal("1234.567")),
        ("1234,5", "number.decimal_mark"),
        ("1.234.567,89", "number.decimal_mark"),
        ("12,34,567", "number.unreadable"),
        ("$5", "number.unreadable"),
        ("5 EUR", "number.unreadable"),
        ("(5)", "number.unreadable"),
        ("nan", "number.unreadable"),
        ("1_000", "number.unreadable"),
        ("٣", "number.unreadable"),
        ("9" * 101, "number.unreadable"),
        (math.inf, "number.unreadable"),
        (Decimal("Infinity"), "number.unreadable"),
        (True, "number.unreadable"),
        ([1], "number.unreadable"),
        (np.int64(7), Decimal(7)),
        (7, Decimal(7)),
    ],
)
def test_numbers(cell, expected):
    assert outcome(parse_number(cell)) == expected


@pytest.mark.parametrize(
    ("cell", "mark", "expected"),
    [
        ("1,234", ".", Decimal(1234)),
        ("1,234", ",", Decimal("1.234")),
        ("1.234", ".", Decimal("1.234")),
        ("1.234", ",", Decimal(1234)),
        ("1.234,5", ",", Decimal("1234.5")),
        ("1.234,5", ".", "number.unreadable"),
    ],
)
def test_a_decimal_mark_settles_it(cell, mark, expected):
    assert outcome(parse_number(cell, mark)) == expected


@pytest.mark.parametrize(
    ("cell", "currency", "expected"),
    [
        ("12.50", "EUR", Money("12.50", "EUR")),
        (12.5, "EUR", Money("12.5", "EUR")),
        ("0", "EUR", Money("0", "EUR")),
        ("12", None, "amount.currency"),
        ("x", None, "number.unreadable"),
        ("1e99", "EUR", "number.unreadable"),
    ],
)
def test_amounts(cell, currency, expected):
    assert outcome(parse_amount(cell, currency)) == expected


@pytest.mark.parametrize(("cell", "expected"), [("usd", "USD"), (" EUR ", "EUR"), ("€", "currency.unknown")])
def test_currencies(cell, expected):
    assert outcome(parse_currency(cell)) == expected


@pytest.mark.parametrize(
    ("cell", "percent", "expected"),
    [
        ("0.65", False, Decimal("0.65")),
        ("65%", False, Decimal("0.65")),
        ("65 %", True, Decimal("0.65")),
        (65, False, "probability.percent"),
        (65, True, Decimal("0.65")),
        (1, True, Decimal("0.01")),
        (1000, False, "probability.range"),
        ("1000%", False, "probability.range"),
        (1000, True, "probability.range"),
        (-1, False, "probability.range"),
        ("likely", False, "number.unreadable"),
    ],
)
def test_probabilities(cell, percent, expected):
    assert outcome(parse_probability(cell, percent=percent)) == expected


@pytest.mark.parametrize(
    ("cell", "spellings", "expected"),
    [
        ("Won", OUTCOMES, "won"),
        ("Closed Lost", OUTCOMES, "lost"),
        ("BestCase", CATEGORIES, "best_case"),
        ("Best Case", CATEGORIES, "best_case"),
        ("Most-Likely", CATEGORIES, "most_likely"),
        ("Forecast", CATEGORIES, "commit"),
        ("Deleted", KINDS, "removed"),
        ("wonn", OUTCOMES, "word.unknown"),
        (7, OUTCOMES, "word.unknown"),
        ("voided", KINDS, "word.unknown"),
    ],
)
def test_words(cell, spellings, expected):
    assert outcome(parse_word(cell, spellings)) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (" a ", "a"),
        ("NA", "NA"),
        (4294967297, "4294967297"),
        (4294967297.0, "4294967297"),
        ("x" * 257, "cell.too_long"),
        ("a\0", "cell.characters"),
        ("\ud800", "cell.characters"),
    ],
)
def test_keys(cell, expected):
    assert outcome(parse_key(cell)) == expected


def test_instants_in_text_columns_stay_readable():
    assert parse_text(pd.Timestamp("2024-01-02")) == "2024-01-02T00:00:00"


@pytest.mark.parametrize("cell", ["yes", "Yes", "TRUE", "1", 1, True, np.bool_(True), 1.0])
def test_what_means_yes(cell):
    assert parse_flag(cell) is True


@pytest.mark.parametrize("cell", ["no", "False", "0", 0, False, np.bool_(False), 0.0])
def test_what_means_no(cell):
    assert parse_flag(cell) is False


@pytest.mark.parametrize("cell", ["maybe", "2", "on hold"])
def test_what_is_neither_yes_nor_no_is_reported(cell):
    found = parse_flag(cell)

    assert (found.code, found.params["known"]) == ("word.unknown", ["no", "yes"])
