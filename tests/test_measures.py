"""Every measure is found by its name, and gives a result that can be shown."""

import json
from datetime import date, timedelta

import pytest

from oppcore import funnel
from oppcore.funnel import CountingRule, measure_funnel
from oppcore.measures import MEASURES, find_measure
from oppcore.money import Money
from oppcore.periods import Period, read_period
from tests.history.examples import PIPELINE, golden

SETTINGS = {
    "count": CountingRule.ORDERED,
    "within": timedelta(days=30),
    "policy": "book_deltas",
    "deals": "worked",
    "since": date(2024, 1, 31),
    "until": date(2024, 2, 29),
    "made_at": date(2024, 1, 31),
    "period": read_period("2024-Q1"),
    "periods": [read_period("2024-01"), read_period("2024-02")],
    "horizon": timedelta(days=10),
    "quota": Money("1000", "EUR"),
    "timezone": "UTC",
    "leads": golden(),
}


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)
def test_every_measure_answers_with_what_it_needs(measure):
    wanted = {*measure.needs, "timezone"} | ({"quota"} & {*measure.settings})  # nobody says an amount, so no currency
    given = {name: SETTINGS[name] for name in wanted}

    result = measure.of(golden(), PIPELINE, **given)

    assert str(result.table())
    assert json.loads(json.dumps(result.detail()))["left_out"] == [one.detail() for one in result.left_out]
    assert isinstance(result.as_records(), list)


def test_every_function_that_measures_has_a_name():
    functions = {getattr(funnel, name) for name in funnel.__all__ if name.startswith("measure_")}

    assert functions <= {measure.of for measure in MEASURES}
    assert {measure.of.__name__ for measure in MEASURES if measure.of in functions} == {
        f"measure_{measure.name}" for measure in MEASURES if measure.of in functions
    }


def test_names_are_unique_and_questions_are_questions():
    assert len({measure.name for measure in MEASURES}) == len(MEASURES)
    assert all(measure.answers.endswith("?") for measure in MEASURES)


def test_a_measure_knows_its_settings_and_what_it_needs():
    measure = find_measure("mature_conversion")

    assert measure.needs == ("within",)
    assert measure.settings["within"] is timedelta
    assert find_measure("funnel").of is measure_funnel
    assert find_measure("slippage").settings["period"] is Period


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(LookupError, match="there is no measure 'funel'; did you mean 'funnel'"):
        find_measure("funel")
    with pytest.raises(LookupError, match="there are: snapshot, funnel"):
        find_measure("zzz")
