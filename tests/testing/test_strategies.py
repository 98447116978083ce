"""The strategies make what they promise, reach what matters, and shrink well."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from oppcore.criteria import Not, Present
from oppcore.engine import Converted, Moved, replay
from oppcore.money import Money, minor_units
from oppcore.pipeline import Direction, Flow, Pipeline, Policy, Stage, StageKind
from oppcore.pipeline.edges import find_state_problem
from oppcore.records import FIELDS, Lead, Outcome, Quote, RecordKind, kind_of
from oppcore.records.fields import find_field_problem
from oppcore.testing import (
    criteria,
    field_values,
    histories,
    keys,
    leads,
    moments,
    moneys,
    opportunities,
    pipelines,
    situations,
    texts,
)
from tests.laws.lives import quarter


@quarter
@given(pipelines())
def test_a_pipeline_has_two_to_eight_open_stages_and_a_won_one(pipeline):
    assert 2 <= len(pipeline.open_stages) <= 8
    assert pipeline.stages_of(StageKind.WON)


@quarter
@given(st.data())
def test_an_opportunity_stands_in_a_legal_state_of_the_stage_asked_for(data):
    pipeline = data.draw(pipelines(max_open_stages=3, gates=False))
    stage = data.draw(st.sampled_from([None, *(stage.key for stage in pipeline.stages)]))
    record = data.draw(opportunities(pipeline, stage=stage))

    assert find_state_problem(pipeline, record.progress.state) is None
    assert stage in (None, record.progress.stage)
    assert all(pipeline.field(name) for name in record.fields)


@quarter
@given(pipelines(kind="lead"))
def test_a_lead_pipeline_has_no_forecast_and_nothing_after_it_is_won(pipeline):
    assert pipeline.kind is RecordKind.LEAD
    assert 2 <= len(pipeline.open_stages) <= 8
    assert pipeline.stages_of(StageKind.WON)
    assert pipeline.stages_of(StageKind.POST_SALE) == ()
    assert {(stage.probability, stage.forecast_category) for stage in pipeline.stages} == {(None, None)}


@quarter
@given(st.data())
def test_a_lead_stands_in_a_legal_state_of_the_stage_asked_for(data):
    pipeline = data.draw(pipelines(kind=RecordKind.LEAD, max_open_stages=3, gates=False))
    stage = data.draw(st.sampled_from([None, *(stage.key for stage in pipeline.stages)]))
    record = data.draw(leads(pipeline, stage=stage))

    assert isinstance(record, Lead)
    assert find_state_problem(pipeline, record.progress.state) is None
    assert stage in (None, record.progress.stage)
    assert all(pipeline.field(name) for name in record.fields)


@pytest.mark.parametrize("kind", RecordKind)
def test_a_situation_holds_a_record_of_the_pipelines_kind(kind):
    @quarter
    @given(pipelines(kind=kind, max_open_stages=2, gates=False).flatmap(situations))
    def check(situation):
        assert kind_of(situation.record) is kind

    check()


@quarter
@given(pipelines(max_open_stages=3).flatmap(situations))
def test_a_situation_is_asked_about_after_the_last_change(situation):
    assert situation.at >= situation.record.progress.changed_at


@given(moments(), moneys(), texts(), keys())
def test_values_are_what_a_record_can_hold(moment, money, text, key):
    assert moment.utcoffset() is not None
    assert money.rounded() == money
    assert -money.amount.as_tuple().exponent <= minor_units(money.currency)
    assert "\0" not in text
    assert key.strip()


def test_moments_lie_between_the_two_that_are_named():
    t0 = datetime(2026, 5, 1, tzinfo=UTC)

    @given(moments(earliest=t0, latest=t0 + timedelta(days=1)))
    def check(moment):
        assert t0 <= moment <= t0 + timedelta(days=1)

    check()


@given(st.data(), st.sampled_from(sorted(FIELDS)))
def test_a_fields_values_fit_it(data, name):
    field, value = FIELDS[name], data.draw(field_values(FIELDS[name]))

    if field.quote_field:
        assert getattr(Quote(id="q", **{field.quote_field: value}), field.quote_field) == value
    else:
        assert find_field_problem(field, value) is None


@given(criteria(negations=False))
def test_without_negations_there_is_no_not(criterion):
    assert "Not(" not in repr(criterion)


LENIENT = Pipeline(
    key="p",
    stages=[
        Stage(key="a", kind="open"),
        Stage(key="b", kind="open", may_be_skipped=True, entry=[Present("budget")]),
        Stage(key="c", kind="open"),
        Stage(key="won", kind="won"),
        Stage(key="care", kind="post_sale"),
        Stage(key="lost", kind="lost"),
    ],
    flow=Flow(reopen=Policy(), overturn=Policy(), reclassify=Policy()),
)


def test_histories_reach_every_direction():
    seen = Counter()

    @settings(max_examples=900, phases=[Phase.generate], derandomize=True, database=None)  # a win is rare
    @given(histories(LENIENT, max_steps=8))
    def look(changes):
        for change in changes:
            seen.update(
                change.directions if isinstance(change, Moved) else [type(change).__name__, change.stamp.origin]
            )

    look()

    elsewhere = {Direction.OPEN, Direction.TRANSFER}  # of another change, and of two pipelines
    assert set(seen) >= {*Direction, "Opened", "Amended", "live"} - elsewhere


LEADS = Pipeline(
    key="l",
    kind="lead",
    stages=[
        Stage(key="new", kind="open"),
        Stage(key="met", kind="open", may_be_skipped=True, entry=[Present("company")]),
        Stage(key="qualified", kind="open", exit=[Present("email")]),
        Stage(key="converted", kind="won"),
        Stage(key="out", kind="lost"),
    ],
    flow=Flow(reopen=Policy(), overturn=Policy(), reclassify=Policy()),
)


def test_histories_of_leads_reach_every_direction_and_are_converted_from_everywhere():
    seen, sources = Counter(), set()

    @settings(max_examples=400, phases=[Phase.generate], derandomize=True, database=None)
    @given(histories(LEADS, max_steps=8))
    def look(changes):
        assert isinstance(replay(changes, of=Lead), Lead)
        for change in changes:
            seen.update(change.directions if isinstance(change, Moved) else [type(change).__name__])
            sources.update([change.source] if isinstance(change, Converted) else [])

    look()

    elsewhere = {Direction.OPEN, Direction.TRANSFER, Direction.WIN, Direction.DELIVER}
    assert set(seen) >= {*Direction, "Opened", "Amended", "Converted"} - elsewhere
    assert {state.outcome for state in sources} >= {Outcome.OPEN, Outcome.LOST}


def test_histories_hold_ties_and_late_recording():
    seen = set()

    @settings(max_examples=100, phases=[Phase.generate], derandomize=True, database=None)
    @given(st.data())
    def look(data):
        changes = data.draw(histories(data.draw(pipelines(max_open_stages=2, gates=False))))
        seen.update("tie" for one, other in pairwise(changes) if one.stamp.at == other.stamp.at)
        seen.update("late" for change in changes if change.stamp.recorded_at > change.stamp.at)

    look()

    assert seen == {"tie", "late"}


QUIET = settings(database=None, suppress_health_check=list(HealthCheck), max_examples=200)


@pytest.mark.parametrize(
    ("strategy", "smallest"),
    [
        (moneys(), Money(0, "EUR")),
        (moments(), datetime(2026, 1, 1, tzinfo=UTC)),
        (keys(), "0"),
    ],
)
def test_a_value_shrinks_to_a_plain_one(strategy, smallest):
    assert find(strategy, lambda _: True, settings=QUIET) == smallest


def test_a_pipeline_shrinks_to_two_open_stages_and_a_won_one():
    pipeline = find(pipelines(), lambda _: True, settings=QUIET)

    assert [stage.key for stage in pipeline.stages] == ["step_1", "step_2", "won_1"]
    assert (pipeline.fields, pipeline.reasons, pipeline.labels, pipeline.revision) == ((), (), (), 1)
    assert all((stage.entry, stage.exit, stage.roles) == ((), (), ()) for stage in pipeline.stages)


def test_a_criterion_shrinks_to_what_matters():
    assert isinstance(find(criteria(), lambda criterion: isinstance(criterion, Not), settings=QUIET).part, object)


def test_a_history_shrinks_to_one_opening():
    changes = find(histories(LENIENT), lambda _: True, settings=QUIET)

    assert len(changes) == 1
    assert replay(changes).progress.version == 1


@given(st.data(), pipelines(), keys())
def test_a_history_is_of_the_record_it_was_asked_for(data, pipeline, key):
    assert {change.stamp.record_id for change in data.draw(histories(pipeline, id=key))} == {key}
