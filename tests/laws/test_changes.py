"""Laws of what has happened: sequences of changes that the engine accepted."""

import attrs
from hypothesis import given
from hypothesis import strategies as st

from oppcore.codec import decode, encode
from oppcore.criteria import Situation
from oppcore.engine import Amended, Converted, Corrected, Opened, evolve
from oppcore.pipeline.edges import find_edge, find_state_problem
from oppcore.pipeline.rules import flow_rule
from oppcore.records import Outcome, RecordKind, State
from tests.laws.lives import STEPS, actor_of, lives, quarter, record_of


def images(changes):
    """The record after each of its changes."""
    return [record_of(changes[: n + 1]) for n in range(len(changes))]


@quarter
@given(lives())
def test_version_grows_by_one_per_change(life):
    _, changes = life

    assert [change.stamp.version for change in changes] == list(range(1, len(changes) + 1))
    assert [record.progress.version for record in images(changes)] == list(range(1, len(changes) + 1))


@quarter
@given(lives(), st.data())
def test_replay_gives_the_record_from_any_prefix(life, data):
    _, changes = life
    cut = data.draw(st.integers(1, len(changes)))

    assert evolve(record_of(changes[:cut]), *changes[cut:]) == record_of(changes)


@quarter
@given(lives())
def test_the_first_change_opens_and_no_other_does(life):
    _, changes = life

    assert [isinstance(change, Opened) for change in changes] == [True] + [False] * (len(changes) - 1)


@quarter
@given(lives())
def test_the_pair_of_stage_and_outcome_is_always_legal(life):
    pipeline, changes = life

    assert [find_state_problem(pipeline, record.progress.state) for record in images(changes)] == [None] * len(changes)


@quarter
@given(lives())
def test_each_moves_gate_was_true_at_its_moment(life):
    pipeline, changes = life
    for record, change in zip(images(changes), changes[1:], strict=False):
        if isinstance(change, STEPS):
            edge = find_edge(pipeline, change.source, change.target)
            situation = Situation(record=record, at=change.stamp.at, actor=actor_of(change))

            waived = set() if change.stamp.waiver is None else {one.rule for one in change.stamp.waiver.waived}

            assert record.progress.state == change.source
            assert edge.directions == getattr(change, "directions", edge.directions)
            assert {rule.id for rule in edge.gate if rule.criterion.judge(situation) is not True} <= waived
            assert {flow_rule(one) for one, policy in edge.policies if not policy.allowed} <= waived


@quarter
@given(lives())
def test_outcome_is_won_exactly_when_the_last_closing_says_so(life):
    _, changes = life
    said = [changes[0].record.progress.outcome]
    said += [
        c.state.outcome if isinstance(c, Corrected) else c.target.outcome
        for c in changes
        if isinstance(c, (*STEPS, Corrected))
    ]

    assert record_of(changes).progress.outcome is said[-1]


@quarter
@given(lives())
def test_a_lead_is_won_by_conversion_alone_and_nothing_else_is_converted(life):
    pipeline, changes = life
    wins = [change for change in changes if isinstance(change, STEPS) and change.target.outcome is Outcome.WON]

    assert all(isinstance(change, Converted) == (pipeline.kind is RecordKind.LEAD) for change in wins)
    assert [change for change in changes if isinstance(change, Converted) and change not in wins] == []


@quarter
@given(lives())
def test_closed_at_is_there_exactly_while_closed(life):
    _, changes = life
    for record in images(changes):
        assert (record.progress.closed_at is None) == (record.progress.outcome is Outcome.OPEN)


@quarter
@given(lives())
def test_reopening_clears_closed_at_and_reason_and_the_changes_keep_both(life):
    _, changes = life
    for before, after, change in zip(images(changes), images(changes)[1:], changes[1:], strict=False):
        if isinstance(change, STEPS) and change.target.outcome is Outcome.OPEN:
            assert (after.progress.closed_at, after.progress.reason) == (None, None)
            if change.source.outcome is not Outcome.OPEN:
                kept = record_of(changes[: before.progress.version]).progress
                assert (kept.closed_at, kept.reason) == (before.progress.closed_at, before.progress.reason)


@quarter
@given(lives())
def test_a_closed_record_keeps_its_first_closing_unless_overturned(life):
    _, changes = life
    for before, after in zip(images(changes), images(changes)[1:], strict=False):
        closed = Outcome.OPEN not in (before.progress.outcome, after.progress.outcome)
        if closed and (before.progress.outcome is Outcome.WON) == (after.progress.outcome is Outcome.WON):
            assert after.progress.closed_at == before.progress.closed_at


@quarter
@given(lives())
def test_times_never_go_back(life):
    _, changes = life
    stamps = [change.stamp for change in changes]

    assert [stamp.at for stamp in stamps] == sorted(stamp.at for stamp in stamps)
    assert [stamp.recorded_at for stamp in stamps] == sorted(stamp.recorded_at for stamp in stamps)
    assert all(stamp.at <= stamp.recorded_at for stamp in stamps)


@quarter
@given(lives())
def test_a_closing_has_a_reason_of_the_pipeline_where_it_lists_any(life):
    pipeline, changes = life
    for change in changes:
        if isinstance(change, STEPS) and change.target.outcome not in (Outcome.OPEN, change.source.outcome):
            reasons = pipeline.reasons_for(change.target.outcome)

            assert not reasons or change.reason in reasons


@quarter
@given(lives())
def test_an_amendment_names_what_it_found_and_moves_nothing(life):
    _, changes = life
    for before, after, change in zip(images(changes), images(changes)[1:], changes[1:], strict=False):
        if isinstance(change, Amended):
            assert all(edit.old != edit.new for edit in change.edits)
            assert before.progress.state == after.progress.state
            assert before.progress.entered_at == after.progress.entered_at


@quarter
@given(lives())
def test_a_move_is_never_to_where_the_record_stands(life):
    _, changes = life

    assert [c for c in changes if isinstance(c, STEPS) and c.source == c.target] == []


@quarter
@given(lives())
def test_what_is_encoded_is_decoded_equal_and_replays_alike(life):
    pipeline, changes = life

    assert [decode(encode(change)) for change in changes] == list(changes)
    assert decode(encode(record_of(changes))) == record_of(changes)
    assert decode(encode(pipeline)) == pipeline
    assert record_of([decode(encode(change)) for change in changes]) == record_of(changes)


def remade(value):
    """The same parts, handed to the public constructor."""
    return type(value)(**{field.name: getattr(value, field.name) for field in attrs.fields(type(value)) if field.init})


@quarter
@given(lives())
def test_what_the_engine_makes_is_what_the_constructors_would_make(life):
    _, changes = life
    for change, record in zip(changes, images(changes), strict=True):
        progress = record.progress
        states = [progress.state, *(getattr(change, name) for name in ("source", "target") if hasattr(change, name))]
        for made in (change, change.stamp, record, progress, *states):
            again = remade(made)

            assert (again, repr(again), hash(again)) == (made, repr(made), hash(made))


def test_a_state_reads_as_a_stage_and_what_became_of_it():
    assert [str(State("quote", outcome)) for outcome in Outcome] == [
        "quote",
        "quote (won)",
        "quote (lost)",
        "quote (abandoned)",
    ]
