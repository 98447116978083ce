"""Laws of one decision: asking and doing, from any record in any state."""

import copy
from datetime import timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.engine import (
    Amended,
    Moved,
    adopt,
    amend,
    convert,
    evolve,
    move,
    open_lead,
    open_opportunity,
    options,
    replay,
    unmet,
    unmet_adoption,
    unmet_amendment,
    unmet_conversion,
    unmet_opening,
)
from oppcore.engine.changes import Origination
from oppcore.errors import MoveRefused
from oppcore.pipeline import dump_pipeline, load_pipeline
from oppcore.records import FIELDS, LEAD_FIELDS, Actor, Outcome, RecordKind
from oppcore.testing import actors, leads, moments, moneys, pipelines, texts
from oppcore.testing.records import delays, values_of
from oppcore.testing.values import ROLES
from tests.laws.lives import quarter, record_of, standings


def odd_values():
    """Values that may or may not fit, under names that may or may not be fields."""
    names = st.sampled_from([*(FIELDS | LEAD_FIELDS), "region", "score", "no_such_field"])
    texts_ = st.lists(texts(), max_size=2).map(tuple)
    values = st.one_of(
        st.none(), texts(), moneys(), st.booleans(), st.decimals(), moments(), texts_, st.just("x" * 30_000)
    )
    return st.dictionaries(names, values, max_size=2)


@st.composite
def wishes(draw, pipeline, record):
    """What somebody might ask for: mostly sensible."""
    stages = st.sampled_from([stage.key for stage in pipeline.stages])
    delay = draw(st.one_of(delays(), delays(), st.just(timedelta(days=-400))))
    return {
        "to": draw(st.one_of(stages, stages, stages, st.none(), st.just("nowhere"))),
        "outcome": draw(st.one_of(st.none(), st.none(), st.sampled_from(Outcome))),
        "at": record.progress.changed_at + delay,
        "actor": draw(st.one_of(st.none(), actors())),
        "reason": draw(st.sampled_from([None, "price", "no_answer", "best_offer", "unheard of"])),
        "amending": draw(st.one_of(values_of(pipeline), odd_values())),
        "recorded_at": draw(st.one_of(st.none(), st.just(record.progress.recorded_at + timedelta(days=100)))),
    }


def outcome_of(call):
    """What came of a call: changes, or the problems of the refusal."""
    try:
        return "done", call()
    except MoveRefused as refusal:
        return "refused", refusal.problems


@quarter
@given(standings(), st.data())
def test_ask_and_do_agree_about_moves(found, data):
    pipeline, record = found
    wish = data.draw(wishes(pipeline, record))
    problems = unmet(pipeline, record, **wish)
    done, result = outcome_of(lambda: move(pipeline, record, **wish))

    assert (done == "done") == (problems == ())
    assert done == "done" or result == problems


@quarter
@given(standings(), st.data())
def test_ask_and_do_agree_about_amendments(found, data):
    pipeline, record = found
    values = data.draw(st.one_of(values_of(pipeline), odd_values()))
    at = record.progress.changed_at + data.draw(st.one_of(delays(), st.just(timedelta(days=-400))))
    problems = unmet_amendment(pipeline, record, values, at=at)
    done, result = outcome_of(lambda: amend(pipeline, record, values, at=at))

    assert (done == "done") == (problems == ())
    assert done == "done" or result == problems


@quarter
@given(standings(), st.data())
def test_ask_and_do_agree_about_openings(found, data):
    pipeline, _ = found
    wish = {
        "values": data.draw(st.one_of(values_of(pipeline), odd_values())),
        "stage": data.draw(st.sampled_from([None, "nowhere", *(stage.key for stage in pipeline.stages)])),
        "at": data.draw(moments()),
        "actor": data.draw(st.one_of(st.none(), actors())),
    }
    problems = unmet_opening(pipeline, "new", **wish)
    open_ = open_lead if pipeline.kind is RecordKind.LEAD else open_opportunity
    done, result = outcome_of(lambda: open_(pipeline, "new", **wish))

    assert (done == "done") == (problems == ())
    assert done == "done" or result == problems


@quarter
@given(st.booleans(), st.data())
def test_ask_and_do_agree_about_conversions(gates, data):
    process = data.draw(pipelines(kind="lead", max_open_stages=2, gates=gates))
    into = data.draw(pipelines(max_open_stages=2, gates=gates))
    lead = data.draw(leads(process, stage=data.draw(st.sampled_from([None, process.open_stages[-1].key]))))
    wish = {
        "into": into,
        "opportunity_id": "new",
        "values": data.draw(st.one_of(values_of(into), values_of(into), odd_values())),
        "at": lead.progress.changed_at + data.draw(st.one_of(delays(), delays(), st.just(timedelta(days=-400)))),
        "actor": data.draw(st.one_of(st.none(), actors(), st.just(Actor("boss", ROLES)))),
    }
    problems = unmet_conversion(process, lead, **wish)
    done, result = outcome_of(lambda: convert(process, lead, **wish))

    assert (done == "done") == (problems == ())
    assert done == "done" or result == problems
    if done == "done":
        converted, opened = result
        assert evolve(lead, converted).progress.outcome is Outcome.WON
        assert replay([opened]).origin.lead_id == wish["values"].get("lead_id", lead.id)


@quarter
@given(standings(), st.data())
def test_a_refused_move_changes_nothing(found, data):
    pipeline, record = found
    wish = data.draw(wishes(pipeline, record))
    before = copy.deepcopy((pipeline, record, wish))
    outcome_of(lambda: move(pipeline, record, **wish))

    assert (pipeline, record, wish) == before


@quarter
@given(standings(), st.data())
def test_a_move_from_a_form_gives_amended_then_moved_or_neither(found, data):
    pipeline, record = found
    wish = data.draw(wishes(pipeline, record))
    done, changes = outcome_of(lambda: move(pipeline, record, **wish))
    if done == "done":
        filled_in = bool(amend(pipeline, record, wish["amending"], at=wish["at"]))

        assert [type(change) for change in changes] == ([Amended, Moved] if filled_in else [Moved])
        assert evolve(record, *changes).progress.state == changes[-1].target


@quarter
@given(standings(), st.data())
def test_options_are_exactly_the_moves_and_are_judged_alike(found, data):
    pipeline, record = found
    at, actor = record.progress.changed_at + data.draw(delays()), data.draw(st.one_of(st.none(), actors()))
    listed = {
        (option.target.stage, option.target.outcome): option.problems
        for option in options(pipeline, record, at=at, actor=actor)
    }
    for stage in pipeline.stages:
        for outcome in Outcome:
            problems = unmet(pipeline, record, stage.key, outcome=outcome, at=at, actor=actor)
            if (stage.key, outcome) in listed:
                assert problems == listed[stage.key, outcome]
            else:
                assert {problem.code for problem in problems} <= {"move.no_way", "state.illegal"}
                assert problems != ()


@quarter
@given(standings())
def test_a_record_in_any_legal_state_is_adopted_past_every_gate(found):
    pipeline, image = found
    at = image.progress.changed_at
    [opened] = adopt(pipeline, image, at=at)
    record = record_of([opened])

    assert unmet_adoption(pipeline, image, at=at) == ()
    assert opened.stamp.origin is Origination.ADOPTED
    assert record == attrs.evolve(image, progress=record.progress)
    assert record.progress.state == image.progress.state
    assert (record.progress.version, record.progress.closed_at) == (1, image.progress.closed_at)


@quarter
@given(standings(), st.sampled_from(Outcome))
def test_adoption_obeys_structure(found, outcome):
    pipeline, image = found
    closed_at = None if outcome is Outcome.OPEN else image.progress.changed_at
    image = attrs.evolve(image, progress=attrs.evolve(image.progress, outcome=outcome, closed_at=closed_at))
    legal = {o for o in Outcome if not unmet_adoption_in(pipeline, image, o)}
    problems = unmet_adoption(pipeline, image, at=image.progress.changed_at)

    assert [problem.code for problem in problems] == ([] if outcome in legal else ["state.illegal"])
    if problems:
        with pytest.raises(MoveRefused):
            adopt(pipeline, image, at=image.progress.changed_at)


def unmet_adoption_in(pipeline, image, outcome):
    kind = pipeline.stage(image.progress.stage).kind
    legal = {"open": {"open", "lost", "abandoned"}, "won": {"won", "lost"}, "post_sale": {"won", "lost"}}
    return outcome not in legal.get(kind, {"lost", "abandoned"})


@quarter
@given(standings(), st.data())
def test_two_serialisations_of_one_pipeline_are_equal_and_decide_alike(found, data):
    pipeline, record = found
    wish = data.draw(wishes(pipeline, record))
    read = [load_pipeline(dump_pipeline(pipeline, format=format)) for format in ("toml", "json")]

    assert read == [pipeline, pipeline]
    assert [unmet(one, record, **wish) for one in read] == [unmet(pipeline, record, **wish)] * 2


@quarter
@given(standings())
def test_equal_pipelines_have_equal_hashes_and_documents(found):
    pipeline, _ = found
    again = load_pipeline(dump_pipeline(pipeline))

    assert hash(again) == hash(pipeline)
    assert dump_pipeline(again) == dump_pipeline(pipeline)
