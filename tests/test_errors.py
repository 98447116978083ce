"""Errors are objects: they copy, pickle, and give plain data."""

import copy
import json
import pickle
import re
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
    (
        Problem("field.missing", "budget"),
        Problem("elapsed.unmet", "entered", {"have": 1, "at": datetime(2026, 1, 1, tzinfo=UTC)}),
    ),
)
EXAMPLES = [
    errors.MoveRefused("d-1", errors.Wish("wish.move", {"source": State("a", "open"), "stage": "b"}), (PROBLEM,)),
    errors.RevisionRefused("p", 2, (PROBLEM,), published=True),
    errors.InvalidPipeline((PROBLEM,)),
    errors.InvalidDocument((PROBLEM,)),
    errors.InvalidHierarchy((PROBLEM,)),
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
    exported = {getattr(errors, name) for name in errors.__all__} - {OppcoreError, Problem, errors.Wish}

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
    assert error.text("zh").splitlines()[-1] == "  ……另有 3 项"
    assert len(error.detail()["problems"]) == 53


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: error.code)
def test_an_error_is_said_in_every_language_with_a_line_for_each_problem(error):
    assert error.text() == str(error)
    for text in (error.text("en"), error.text("zh")):
        assert len(text.splitlines()) == 1 + len(error.problems)
        assert "<" not in text
    assert re.search(r"[\u4e00-\u9fff]", error.text("zh").splitlines()[0])


def test_a_refusal_is_said_with_the_names_of_the_host():
    wish = errors.Wish("wish.move", {"source": State("a", "lost"), "stage": "b"})
    error = errors.MoveRefused("d-1", wish, (Problem("field.missing", "budget"), Problem("field.missing", "score")))
    names = {"stage": {"a": "洽谈", "b": "报价"}, "field": {"score": "评分"}}

    assert error.text("zh", names=names).splitlines() == [
        "d-1：从“洽谈（丢单）”流转到“报价”被拒绝：",
        "  - “预算”未填写",
        "  - “评分”未填写",
    ]
    assert str(error).splitlines()[0] == "d-1: the move from a (lost) to b is refused:"


def test_a_wish_in_the_words_of_the_host_stays_as_it_is():
    assert str(errors.MoveRefused("d-1", "my wish", ())) == "d-1: my wish is refused:"


def test_an_error_of_the_host_keeps_its_own_text():
    class Own(OppcoreError):
        pass

    assert (str(Own("as I say")), Own("as I say").text("zh")) == ("as I say", "as I say")
