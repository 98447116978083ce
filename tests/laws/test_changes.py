"""Laws of what has happened: sequences of changes that the engine accepted."""

from hypothesis import given
from hypothesis import strategies as st

from oppcore.codec import decode, encode
from oppcore.criteria import Situation
from oppcore.engine import Amended, Moved, Opened, evolve, replay
from oppcore.pipeline.edges import find_edge, find_state_problem
from oppcore.records import Outcome, State
from tests.laws.lives import actor_of, lives, quarter


def images(changes):
    """The record after each of its changes."""
    return [replay(changes[: n + 1]) for n in range(len(changes))]


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

    assert evolve(replay(changes[:cut]), *changes[cut:]) == replay(changes)


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
        if isinstance(change, Moved):
            edge = find_edge(pipeline, change.source, change.target)
            situation = Situation(record=record, at=change.stamp.at, actor=actor_of(change))

            assert record.progress.state == change.source
            assert edge.directions == change.directions
            assert [rule.criterion.judge(situation) for rule in edge.gate] == [True] * len(edge.gate)
            assert all(policy.allowed for _, policy in edge.policies)


@quarter
@given(lives())
def test_outcome_is_won_exactly_when_the_last_closing_says_so(life):
    _, changes = life
    said = [changes[0].record.progress.outcome, *(c.target.outcome for c in changes if isinstance(c, Moved))]

    assert replay(changes).progress.outcome is said[-1]


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
        if isinstance(change, Moved) and change.target.outcome is Outcome.OPEN:
            assert (after.progress.closed_at, after.progress.reason) == (None, None)
            if change.source.outcome is not Outcome.OPEN:
                kept = replay(changes[: before.progress.version]).progress
                assert (kept.closed_at, kept.reason) == (before.progress.closed_at, before.progress.reason)


@quarter
@given(lives())
def test_a_closed_deal_keeps_its_first_closing_unless_overturned(life):
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
        if isinstance(change, Moved) and change.target.outcome not in (Outcome.OPEN, change.source.outcome):
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
def test_a_move_is_never_to_where_the_deal_stands(life):
    _, changes = life

    assert [c for c in changes if isinstance(c, Moved) and c.source == c.target] == []


@quarter
@given(lives())
def test_what_is_encoded_is_decoded_equal_and_replays_alike(life):
    pipeline, changes = life

    assert [decode(encode(change)) for change in changes] == list(changes)
    assert decode(encode(replay(changes))) == replay(changes)
    assert decode(encode(pipeline)) == pipeline
    assert replay(decode(encode(change)) for change in changes) == replay(changes)


def test_a_state_reads_as_a_stage_and_what_became_of_it():
    assert [str(State("quote", outcome)) for outcome in Outcome] == [
        "quote",
        "quote (won)",
        "quote (lost)",
        "quote (abandoned)",
    ]
