"""Laws of the past: corrections, removals and merges change what is counted only where they say so."""

from datetime import UTC, datetime, timedelta

import attrs
from hypothesis import given
from hypothesis import strategies as st

from oppcore.engine import (
    Corrected,
    Merged,
    amend,
    correct,
    evolve,
    merge,
    move,
    open_opportunity,
    options,
    remove,
    restore,
    unmet,
    unmet_correction,
    unmet_merging,
)
from oppcore.history import fold_history, make_history, rows_of, take_snapshot
from oppcore.money import Money
from oppcore.pipeline import Flow, Permissions, Policy, load_pipeline
from tests.laws.lives import quarter, record_of

FREE = Permissions(correct=Policy(), remove=Policy(), restore=Policy(), merge=Policy())
LATER = timedelta(days=1)


FLOW = Flow(reopen=Policy(), overturn=Policy(), reclassify=Policy())
PIPELINE = attrs.evolve(
    load_pipeline("""
key = "p"
currency = "EUR"
stages = [
    { key = "a", kind = "open", may_be_skipped = true },
    { key = "b", kind = "open", may_be_skipped = true },
    { key = "c", kind = "open", may_be_skipped = true },
    { key = "w", kind = "won" },
    { key = "d", kind = "post_sale" },
    { key = "l", kind = "lost" },
]
reasons = [{ key = "price", outcome = "lost" }]
"""),
    permissions=FREE,
    flow=FLOW,
)
AMOUNTS = st.sampled_from([None, *(Money(n, "EUR") for n in (1, 2, 3))])


@st.composite
def pasts(draw, *, id="d", max_steps=10):
    """A deal that moves to and fro, changes its amount, is removed and restored, and whose past is corrected."""
    at = datetime(2026, 3, 2, tzinfo=UTC)
    changes = open_opportunity(PIPELINE, id, {"amount": draw(AMOUNTS)}, at=at)
    for _ in range(draw(st.integers(1, max_steps))):
        record, at = record_of(changes), at + timedelta(hours=draw(st.integers(0, 5)))
        act = draw(st.sampled_from(["move", "move", "move", "amend", "correct", "correct", "remove"]))
        late = {
            "at": at,
            "recorded_at": max(at, record.progress.recorded_at) + timedelta(hours=draw(st.integers(0, 3))),
        }
        if record.progress.removal is not None:
            changes += restore(PIPELINE, record, **late) if act != "remove" else ()
        elif act == "move":
            target = draw(st.sampled_from(options(PIPELINE, record, at=at))).target
            reason = "price" if target.outcome == "lost" else None
            wish = {"outcome": target.outcome, "reason": reason, **late}
            changes += (
                () if unmet(PIPELINE, record, target.stage, **wish) else move(PIPELINE, record, target.stage, **wish)
            )
        elif act == "amend":
            changes += amend(PIPELINE, record, {"amount": draw(AMOUNTS)}, **late)
        elif act == "remove":
            changes += remove(PIPELINE, record, **late)
        else:
            changes += draw(corrections(record, changes, late))
    return PIPELINE, changes


@st.composite
def corrections(draw, record, changes, when):
    """A correction of some change, or nothing where it is refused."""
    version = draw(st.integers(1, len(changes)))
    first, last = changes[0].stamp.at, changes[version - 1].stamp.recorded_at
    hours = st.integers(0, int((last - first) / timedelta(hours=1)))
    happened_at = draw(st.none() | hours.map(lambda number: first + timedelta(hours=number)))
    wish = {"happened_at": happened_at, **when}
    refused = unmet_correction(PIPELINE, record, changes, version, **wish)
    return () if refused else correct(PIPELINE, record, changes, version, **wish)


def standing(pipeline, changes, *, as_of, known_on):
    """Where the deal stood, as far as was known; None where it is in no count."""
    past = fold_history(make_history(rows_of(changes)), pipeline, as_of=as_of, known_on=known_on)
    [trail] = past.trails or [None]
    return None if trail is None else trail.standing


def now_of(changes):
    return max(change.stamp.recorded_at for change in changes) + LATER


@quarter
@given(pasts())
def test_folding_in_happened_order_as_known_now_gives_the_record(past):
    pipeline, changes = past
    for n in range(1, len(changes) + 1):
        record, now = record_of(changes[:n]), now_of(changes[:n])
        found = standing(pipeline, changes[:n], as_of=now, known_on=now)
        if record.progress.removal is not None:
            assert found is None
        else:
            assert found.state == record.progress.state
            assert found.amount == record.amount
            assert found.reason == record.progress.reason


@quarter
@given(pasts(), st.data())
def test_a_correction_changes_no_earlier_as_known_on_answer(past, data):
    pipeline, changes = past
    record = record_of(changes)
    if record.progress.removal is not None:
        return
    corrected = (*changes, *data.draw(corrections(record, changes, {"at": now_of(changes)})))
    moments = {change.stamp.recorded_at for change in changes} | {now_of(changes) - timedelta(microseconds=1)}
    for known_on in moments:
        for as_of in {change.stamp.at for change in changes}:
            before = standing(pipeline, changes, as_of=as_of, known_on=known_on)

            assert standing(pipeline, corrected, as_of=as_of, known_on=known_on) == before


@quarter
@given(pasts())
def test_dating_back_what_was_dated_anew_leaves_no_trace_in_the_present(past):
    pipeline, changes = past
    record = record_of(changes)
    for change in changes[1:]:
        version, at = change.stamp.version, now_of(changes)
        if any(isinstance(one, Corrected) and one.corrects == version for one in changes):
            continue
        if unmet_correction(pipeline, record, changes, version, happened_at=None, at=at):
            continue
        void = correct(pipeline, record, changes, version, happened_at=None, at=at)
        voided = evolve(record, *void)
        wish = {"happened_at": change.stamp.at, "at": at}
        if not unmet_correction(pipeline, voided, (*changes, *void), version, **wish):
            again = correct(pipeline, voided, (*changes, *void), version, **wish)
            back = evolve(voided, *again)

            assert back.progress.state == record.progress.state
            assert (back.progress.entered_at, back.progress.closed_at) == (
                record.progress.entered_at,
                record.progress.closed_at,
            )
            assert getattr(back, "amount", None) == getattr(record, "amount", None)


@quarter
@given(pasts())
def test_removing_never_changes_a_sum_of_counts_silently(past):
    pipeline, changes = past
    for n in range(1, len(changes) + 1):
        snapshot = take_snapshot(make_history(rows_of(changes[:n])), pipeline)
        listed = sum(one.params["count"] for one in snapshot.left_out if one.code in ("deals.removed", "deals.merged"))

        assert len(snapshot) + listed == 1


@quarter
@given(pasts(), st.data())
def test_merging_never_changes_a_sum_of_counts_silently(past, data):
    pipeline, changes = past
    _, others = data.draw(pasts(id="other", max_steps=3))
    record, other = record_of(changes), record_of(others)
    at = max(now_of(changes), now_of(others))
    if unmet_merging(pipeline, record, other, at=at):
        return
    kept, absorbed = merge(pipeline, record, other, at=at)
    rows = [*rows_of((*changes, kept)), *rows_of((*others, absorbed))]
    snapshot = take_snapshot(make_history(rows), pipeline)

    assert isinstance(kept, Merged)
    assert evolve(record, kept).progress.removal is None
    assert evolve(other, absorbed).progress.removal.merged_into == record.id
    assert len(snapshot) == 1
    assert [one.params["count"] for one in snapshot.left_out if one.code == "deals.merged"] == [1]
    assert len(take_snapshot(make_history([*rows_of(changes), *rows_of(others)]), pipeline)) == 2
