"""Between changes and rows: what a record's changes say is what the rows of its history say, and back."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.engine import Amended, Moved, Opened, Origination, Removed, replay
from oppcore.engine import adopt as take_over
from oppcore.history import Row, RowKind, adopt_history, fold_rows, make_history, rows_of, standing_of
from oppcore.money import Money
from oppcore.pipeline import load_pipeline
from oppcore.records import Opportunity, Outcome, Progress, State
from oppcore.testing import histories, pipelines

T0 = datetime(2026, 1, 1, tzinfo=UTC)
PIPELINE = load_pipeline(
    {
        "key": "p",
        "stages": [
            {"key": "lead", "kind": "open", "entry": [{"present": "budget"}]},
            {"key": "offer", "kind": "open", "exit": [{"present": "budget"}]},
            {"key": "won", "kind": "won"},
            {"key": "lost", "kind": "lost"},
        ],
        "reasons": [{"key": "price", "outcome": "lost"}],
        "fields": [{"key": "region", "type": "text"}],
    }
)


def row(stage, days=0, **more):
    return Row(opportunity_id=more.pop("opportunity_id", "d"), stage=stage, at=T0 + timedelta(days=days), **more)


def adopt(*rows):
    return adopt_history(PIPELINE, make_history(rows))


@given(st.data())
def test_the_rows_of_a_records_changes_leave_it_standing_where_it_stands(data):
    pipeline = data.draw(pipelines())
    changes = data.draw(histories(pipeline))
    record, rows = replay(changes), make_history(rows_of(changes)).corrected().of(changes[0].record.id)
    trail = fold_rows(rows, pipeline)

    assert (trail.standing is None) == (record.progress.removal is not None)
    if trail.standing is None:
        return
    assert trail.standing.state == record.progress.state
    assert trail.standing.amount == record.amount
    assert any(end is None for _, end in trail.holds) == (record.progress.hold.held_since is not None)
    progress, kind = record.progress, pipeline.stage(record.progress.stage).kind
    closed_here = progress.closed_at is None or progress.closed_at >= progress.entered_at
    # Closed in a stage before, or once more in a closed stage: an image does not say what came between.
    if closed_here and (kind.outcome is Outcome.OPEN or progress.closed_at in (None, progress.entered_at)):
        assert trail.standing.closed_at == progress.closed_at


def test_an_image_taken_over_entered_its_stage_when_it_says():
    progress = Progress(
        pipeline="p",
        stage="offer",
        outcome="lost",
        version=1,
        opened_at=T0,
        entered_at=T0 + timedelta(days=2),
        changed_at=T0 + timedelta(days=5),
        recorded_at=T0 + timedelta(days=5),
        closed_at=T0 + timedelta(days=5),
    )
    [opened] = take_over(PIPELINE, Opportunity(id="d", progress=progress), at=T0 + timedelta(days=9))
    rows = list(rows_of([opened]))

    assert [(one.at - T0).days for one in rows] == [2, 5, 9]
    assert {one.recorded_at for one in rows} == {T0 + timedelta(days=9)}
    [visit] = fold_rows(rows, PIPELINE).visits
    assert (visit.entered_at, visit.left_at, visit.ended) == (progress.entered_at, progress.closed_at, "lost")


@given(st.data())
def test_a_history_taken_over_leaves_each_record_where_it_was(data):
    pipeline = data.draw(pipelines())
    changes = data.draw(histories(pipeline))
    adoption = adopt_history(pipeline, make_history(rows_of(changes)))
    if any(isinstance(change, Removed) for change in changes):
        assert [problem.code for problem in adoption.left_out] == ["adopt.removed"]
        return
    [adopted] = adoption.changes
    record, copy = replay(changes), replay(adopted)

    assert copy.progress.state == record.progress.state
    if {changes[0].record.progress.outcome, record.progress.outcome} == {
        Outcome.OPEN
    }:  # closed deals have no hold to tell
        assert (copy.progress.hold.held_since is None) == (record.progress.hold.held_since is None)
    assert [change.stamp.version for change in adopted] == list(range(1, len(adopted) + 1))
    assert {change.stamp.origin for change in adopted} == {Origination.ADOPTED}
    recorded = [change.stamp.recorded_at for change in adopted]
    assert recorded == sorted(recorded)


@given(st.data())
def test_rows_carry_what_there_is_of_a_record(data):
    pipeline = data.draw(pipelines())
    *_, first = rows_of(data.draw(histories(pipeline))[:1])
    [[opened]] = adopt_history(pipeline, make_history([first])).changes
    kept, given_ = standing_of(opened.record), first

    assert (kept.amount, kept.owner_id, kept.source) == (given_.amount, given_.owner_id, given_.source)
    assert (kept.probability, kept.expected_close_on) == (given_.probability, given_.expected_close_on)


def test_gates_are_not_evaluated():
    [changes] = adopt(row("lead"), row("offer", 1), row("won", 2)).changes

    assert [type(change) for change in changes] == [Opened, Moved, Moved]
    assert replay(changes).progress.state == State("won", Outcome.WON)


def test_a_row_may_amend_and_move():
    [changes] = adopt(
        row("lead", amount=Money(5, "EUR")), row("offer", 1, amount=Money(7, "EUR"), owner_id="bo")
    ).changes
    opened, amended, moved = changes

    assert opened.record.amount == Money(5, "EUR")
    assert {edit.field: edit.new for edit in amended.edits} == {"amount": Money(7, "EUR"), "owner_id": "bo"}
    assert (moved.source.stage, moved.target.stage) == ("lead", "offer")


def test_what_is_lost_in_another_stage_moves_there_first():
    [changes] = adopt(row("lead"), row("offer", 1, outcome="lost", reason="price")).changes

    assert [str(change.target) for change in changes[1:]] == ["offer", "offer (lost)"]
    assert [change.reason for change in changes[1:]] == [None, "price"]
    assert replay(changes).progress.closed_at == T0 + timedelta(days=1)


def test_a_repeated_row_is_no_change():
    [changes] = adopt(row("lead"), row("lead", 1), row("lead", 2, amount=Money(1, "EUR"))).changes

    assert [type(change) for change in changes] == [Opened, Amended]


def test_a_deal_may_begin_closed():
    [[opened]] = adopt(row("lost", reason="price")).changes

    assert (opened.record.progress.closed_at, opened.record.progress.reason) == (T0, "price")


def test_what_was_recorded_earlier_than_the_row_before_counts_as_recorded_with_it():
    late = T0 + timedelta(days=9)
    [changes] = adopt(row("lead", recorded_at=late), row("offer", 1, recorded_at=T0 + timedelta(days=2))).changes

    assert [change.stamp.recorded_at for change in changes] == [late, late]


def test_the_pipelines_own_fields_come_along_and_other_columns_do_not():
    [[opened]] = adopt(row("lead", further={"region": "north", "colour": "blue"})).changes

    assert dict(opened.record.fields) == {"region": "north"}
    assert [one.further for one in rows_of([opened])] == [{"region": "north"}]


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([row("lead"), row(None, 1, kind=RowKind.REMOVED)], "adopt.removed"),
        ([row("lead"), row("nowhere", 1)], "move.unknown_stage"),
        ([row("lead", outcome="won")], "state.illegal"),
        ([row("lead"), row("offer", 1, pipeline="other")], "pipeline.other"),
    ],
)
def test_what_cannot_be_taken_over_is_listed_and_the_rest_comes(rows, code):
    adoption = adopt(*rows, row("lead", opportunity_id="e"))

    assert [problem.code for problem in adoption.left_out] == [code]
    assert [changes[0].stamp.record_id for changes in adoption.changes] == ["e"]


def test_what_a_record_cannot_hold_is_listed():
    adoption = adopt(row("lost", reason="x" * 300), row("lead", opportunity_id="e"))

    assert [(problem.code, problem.path) for problem in adoption.left_out] == [("adopt.value", "d")]
    assert len(adoption.changes) == 1


def test_a_lead_pipeline_takes_no_change_table():
    pipeline = load_pipeline({"key": "l", "kind": "lead", "stages": [{"key": "new", "kind": "open"}]})

    with pytest.raises(ValueError, match="leads"):
        adopt_history(pipeline, make_history([row("new")]))


def test_rows_are_ordered_by_version():
    [changes] = adopt(row("lead"), row("offer")).changes

    assert [one.seq for one in rows_of(changes)] == [Decimal(1), Decimal(2)]
