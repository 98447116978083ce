"""Errors are objects: they copy, pickle, and give plain data."""

import copy
import json
import pickle
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from oppcore import errors
from oppcore.errors import OppcoreError, Problem
from oppcore.money import Money
from oppcore.records import State

PROBLEM = Problem(
    "criteria.some",
    "stages[0]",
    {
        "number": 1,
        "of": 2,
        "have": Money(1, "EUR"),
        "need": (Decimal("1.5"), date(2026, 1, 1)),
        "state": State("a", "open"),
    },
    (Problem("field.missing", "budget"), Problem("elapsed.unmet", "entered", {"at": datetime(2026, 1, 1, tzinfo=UTC)})),
)
EXAMPLES = [
    errors.MoveRefused("d-1", "the move", (PROBLEM,)),
    errors.InvalidPipeline((PROBLEM,)),
    errors.InvalidDocument((PROBLEM,)),
    errors.UnreadableChanges((PROBLEM,), 7),
    errors.CurrencyMismatch("EUR", "USD"),
    errors.NotFound("opportunity", "d-1"),
    errors.VersionConflict("opportunity", "d-1", 3, 4),
    errors.Busy("locked"),
    errors.CommandMismatch("c-1"),
    errors.Unsupported("this"),
    errors.Unavailable("no disk"),
    errors.Corrupt("half a page"),
]


def test_every_error_is_here():
    exported = {getattr(errors, name) for name in errors.__all__} - {OppcoreError, Problem}

    assert {type(example) for example in EXAMPLES} == exported


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: error.code)
def test_an_error_copies_and_pickles(error):
    pickled = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    for again in (copy.copy(error), copy.deepcopy(error), pickled):
        assert type(again) is type(error)
        assert (str(again), again.detail(), again.problems) == (str(error), error.detail(), error.problems)


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: error.code)
def test_an_error_gives_plain_data(error):
    assert json.loads(json.dumps(error.detail(), allow_nan=False)) == error.detail()
    assert error.detail()["code"] == error.code
    assert "\n" not in error.detail()["message"]


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: error.code)
def test_an_error_can_be_raised_chained_and_noted(error):
    with pytest.raises(OppcoreError) as caught:
        raise error from KeyError("first")
    caught.value.add_note("seen in a test")

    assert caught.value.__notes__ == ["seen in a test"]


def test_codes_and_hints_are_distinct_and_plausible():
    codes = [error.code for error in EXAMPLES]

    assert len(set(codes)) == len(codes)
    assert all(400 <= error.http_status < 600 for error in EXAMPLES)


def test_a_problem_has_a_hash_and_pickles():
    assert pickle.loads(pickle.dumps(PROBLEM)) == PROBLEM  # noqa: S301 - our own
    assert hash(PROBLEM) == hash(copy.deepcopy(PROBLEM))


def test_no_more_than_fifty_problems_are_printed():
    error = errors.InvalidPipeline(tuple(Problem("field.missing", f"f{n}") for n in range(53)))

    assert str(error).splitlines()[-1] == "  … and 3 more"
    assert len(error.detail()["problems"]) == 53
