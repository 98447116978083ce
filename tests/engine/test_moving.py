"""Moves, one promise each."""

from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import attrs
import pytest

from oppcore.engine import (
    Amended,
    Moved,
    amend,
    evolve,
    move,
    open_opportunity,
    options,
    replay,
    unmet,
    unmet_amendment,
)
from oppcore.errors import MoveRefused, VersionConflict
from oppcore.money import Money
from oppcore.pipeline import Stage
from oppcore.records import Actor, ForecastCategory, Member, Outcome
from tests.engine.examples import BOSS, DAY, PIPELINE, SPEED, T0, moved, opened, won
from tests.problems import assert_told


def codes(*arguments, **wish):
    problems = unmet(PIPELINE, *arguments, **({"at": T0 + 9 * DAY, "actor": BOSS} | wish))
    for problem in problems:
        assert_told(problem)
    return [problem.code for problem in problems]


def test_a_refusal_lists_every_reason_at_once():
    with pytest.raises(MoveRefused) as refused:
        move(PIPELINE, opened(), "won", at=T0)

    assert [problem.code for problem in refused.value.problems] == [
        "stage.not_skippable",
        "role.needed",
        "reason.missing",
    ]


def test_a_jump_is_refused_unless_every_stage_between_may_be_skipped():
    record = opened(budget=Money(1000, "EUR"))

    assert codes(record, "quote") == []
    assert codes(record, "won", reason="offer") == ["stage.not_skippable"]


@pytest.mark.parametrize("won", ["w", "w v", "w v u"])
def test_an_outcome_says_where_to_go_if_one_stage_alone_stands_for_it(won):
    pipeline = attrs.evolve(
        PIPELINE,
        opens_in=["lead"],
        stages=[PIPELINE.stage("lead"), *(Stage(key=key, kind="won") for key in won.split())],
    )
    problems = unmet(pipeline, opened(), outcome="won", at=T0, reason="offer")

    assert [problem.code for problem in problems] == ["stage.ambiguous"] * (len(won) > 1)
    assert [problem.params["known"] for problem in problems] == [won.split()] * len(problems)
    for problem in problems:
        assert_told(problem)


def test_the_criteria_of_a_skipped_stage_are_not_evaluated():
    assert moved(opened(budget=Money(1000, "EUR")), "quote").needs == ()


def test_a_move_fills_in_fields_first_and_gives_both_changes():
    changes = move(PIPELINE, opened(), "need", at=T0 + DAY, amending={"needs": SPEED})

    assert [type(change) for change in changes] == [Amended, Moved]
    assert [change.stamp.version for change in changes] == [2, 3]
    assert evolve(opened(), *changes).needs == SPEED


def test_a_move_that_is_refused_amends_nothing():
    assert codes(opened(), "quote", amending={"budget": Money(1, "EUR")}) == ["field.ge"]


def test_filling_in_what_is_there_is_no_amendment():
    changes = move(PIPELINE, opened(needs=SPEED), "need", at=T0 + DAY, amending={"needs": SPEED})

    assert [type(change) for change in changes] == [Moved]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"budgte": None}, "field.unknown"),
        ({"budget": Decimal(5)}, "field.type"),
        ({"region": "west"}, "field.choice"),
        ({"probability": Decimal(2)}, "field.value"),
        ({"owner_id": " "}, "field.value"),
        ({"name": "x" * 30_000}, "field.value"),
        ({"tags": (1,)}, "field.type"),
        ({"needs": ("speed",)}, "field.type"),
        ({"current_quote_id": "q-1"}, "field.value"),
        ({"quote_discount": Decimal("0.1")}, "field.derived"),
        ({"quote_status": None}, "field.derived"),
        ({"members": (Member(id="bo", split=Decimal("0.5")),)}, "field.value"),
        ({"name": "a\0"}, "field.value"),
    ],
)
def test_a_value_that_does_not_fit_is_a_reason(values, code):
    record = opened()

    assert [problem.code for problem in unmet_amendment(PIPELINE, record, values, at=T0)] == [code]
    assert codes(record, "need", amending=values) == [code]
    with pytest.raises(MoveRefused):
        amend(PIPELINE, record, values, at=T0)


def test_lost_stays_where_it_stood_when_there_is_no_lost_stage():
    lost = moved(opened(needs=SPEED), outcome="lost", reason="price")

    assert (lost.progress.stage, lost.progress.outcome, lost.progress.reason) == ("lead", "lost", "price")
    assert lost.progress.closed_at == T0 + DAY


def test_losing_needs_a_reason_of_the_list():
    assert codes(opened(), outcome="lost") == ["reason.missing"]
    assert codes(opened(), outcome="lost", reason="silence") == ["reason.unknown"]
    assert codes(opened(), outcome="abandoned", reason="silence") == []


@pytest.mark.parametrize("reason", ["", "  ", "a\0", "x" * 300])
def test_a_reason_is_a_key(reason):
    for call in (unmet, move):
        with pytest.raises(ValueError, match="reason"):
            call(PIPELINE, opened(), outcome="lost", at=T0, reason=reason)


def test_a_move_among_open_stages_takes_no_reason():
    assert codes(opened(needs=SPEED), "need", reason="price") == ["reason.unexpected"]


def test_delivery_needs_no_second_reason_and_keeps_the_first():
    cared = moved(won(), "care")

    assert cared.progress.reason == "offer"
    assert cared.progress.closed_at == won().progress.closed_at


@pytest.mark.parametrize("outcome", ["lost", "abandoned"])
def test_a_closed_deal_reopens_where_it_stands_by_naming_its_stage(outcome):
    closed = moved(opened(), outcome=outcome, reason={"lost": "price", "abandoned": "silence"}[outcome])
    again = moved(closed, "lead")

    assert (again.progress.outcome, again.progress.closed_at, again.progress.reason) == (Outcome.OPEN, None, None)


def test_reopening_needs_its_own_role():
    closed = moved(opened(), outcome="lost", reason="price")

    assert codes(closed, "lead", actor=Actor("sam")) == ["role.needed"]


def test_what_takes_back_a_closing_is_forbidden_until_said_otherwise():
    closed = moved(opened(), outcome="lost", reason="price")
    strict = attrs.evolve(PIPELINE, flow=type(PIPELINE.flow)())
    problems = {option.target: option.problems for option in options(strict, closed, at=T0 + 9 * DAY)}

    assert problems
    assert all("flow.forbidden" in [problem.code for problem in found] for found in problems.values())


def test_a_won_deal_that_is_cancelled_is_lost_where_it_stands_and_closed_anew():
    cancelled = moved(won(), outcome="lost", reason="price")

    assert (cancelled.progress.stage, cancelled.progress.outcome) == ("won", "lost")
    assert cancelled.progress.closed_at == won().progress.changed_at + DAY
    assert codes(cancelled, "won", reason="offer") == ["move.no_way"]
    assert codes(cancelled, "won", outcome="won", reason="offer") == []


def test_a_move_records_the_probability_and_category_that_hold():
    record = opened(needs=SPEED, probability=Decimal("0.7"))
    [by_deal] = move(PIPELINE, record, "need", at=T0)
    [by_stage] = move(PIPELINE, opened(needs=SPEED), "need", at=T0)
    [closed] = move(PIPELINE, record, outcome="lost", reason="price", at=T0)

    assert [by_deal.probability, by_stage.probability, closed.probability] == [Decimal("0.7"), Decimal("0.25"), 0]
    assert closed.forecast_category is ForecastCategory.OMITTED
    assert evolve(record, closed).estimate.probability == Decimal("0.7")


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"to": "nowhere"}, "move.unknown_stage"),
        ({"to": "lead"}, "move.no_way"),
        ({}, "move.nowhere"),
        ({"to": "need", "outcome": "won"}, "state.illegal"),
        ({"to": "need", "outcome": "lost"}, "move.no_way"),
    ],
)
def test_what_is_no_move_is_said_to_be_none(wish, code):
    assert codes(opened(needs=SPEED), **wish) == [code]


def test_an_outcome_is_one_of_four():
    with pytest.raises(ValueError, match="perhaps"):
        unmet(PIPELINE, opened(), outcome="perhaps", at=T0)


def test_a_change_before_the_last_one_is_refused():
    record = moved(opened(needs=SPEED), "need")

    assert codes(record, outcome="lost", reason="price", at=T0) == ["change.out_of_order"]


def test_a_change_is_not_recorded_before_it_happens_or_before_the_last_one():
    late = moved(opened(needs=SPEED), "need", recorded_at=T0 + 5 * DAY)

    assert codes(late, outcome="lost", reason="price", at=T0 + 6 * DAY, recorded_at=T0 + 5 * DAY) == [
        "change.before_it_happens"
    ]
    assert codes(late, outcome="lost", reason="price", at=T0 + DAY, recorded_at=T0 + 4 * DAY) == ["change.out_of_order"]


def test_recording_late_is_ordinary_and_never_falls():
    late = moved(opened(needs=SPEED), "need", recorded_at=T0 + 5 * DAY)
    [lost] = move(PIPELINE, late, outcome="lost", reason="price", at=T0 + 2 * DAY)

    assert (lost.stamp.at, lost.stamp.recorded_at) == (T0 + 2 * DAY, T0 + 5 * DAY)


def test_order_is_that_of_instants_when_clocks_go_back():
    zone = ZoneInfo("Europe/Berlin")
    first = datetime(2026, 10, 25, 2, 40, tzinfo=zone)
    second = datetime(2026, 10, 25, 2, 10, tzinfo=zone, fold=1)  # half an hour later
    record = evolve(opened(), *amend(PIPELINE, opened(), {"name": "x"}, at=first))

    assert unmet_amendment(PIPELINE, record, {"name": "y"}, at=second) == ()
    assert unmet_amendment(PIPELINE, record, {"name": "y"}, at=first - timedelta(seconds=1)) != ()


def test_a_time_without_a_zone_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="time zone"):
        unmet(PIPELINE, opened(), "need", at=T0.replace(tzinfo=None))


def test_a_deal_of_another_pipeline_is_refused():
    other = attrs.evolve(PIPELINE, key="q")

    assert [problem.code for problem in unmet(other, opened(), "need", at=T0)] == ["pipeline.other"]
    with pytest.raises(MoveRefused):
        options(other, opened(), at=T0)


def test_a_change_names_the_rules_and_the_actor_it_was_decided_by():
    [lost] = move(PIPELINE, opened(), outcome="lost", reason="price", at=T0, actor=BOSS)

    assert (lost.stamp.pipeline, lost.stamp.revision, lost.stamp.actor_id) == ("p", 4, "bea")


def test_a_change_that_does_not_follow_the_version_is_a_conflict():
    [lost] = move(PIPELINE, opened(), outcome="lost", reason="price", at=T0)
    with pytest.raises(VersionConflict):
        evolve(evolve(opened(), lost), lost)
    with pytest.raises(VersionConflict):
        replay([lost])


def test_a_change_of_another_record_is_refused():
    [lost] = move(PIPELINE, opened(), outcome="lost", reason="price", at=T0)
    with pytest.raises(ValueError, match="does not belong"):
        evolve(attrs.evolve(opened(), id="d-2"), lost)


def test_an_opening_with_the_image_of_another_record_is_refused():
    [change] = open_opportunity(PIPELINE, "d-1", at=T0)
    with pytest.raises(ValueError, match="d-2"):
        replay([attrs.evolve(change, record=attrs.evolve(change.record, id="d-2"))])


def test_nothing_happened_is_no_record():
    with pytest.raises(ValueError, match="no changes"):
        replay([])
