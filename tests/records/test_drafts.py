"""Values the engine makes without asking again are frozen values like any other."""

import pickle
import weakref
from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace

import attrs
import pytest

from oppcore import Actor, evolve, load_pipeline, move, open_lead, open_opportunity, replay
from oppcore.engine import Converted, Moved
from oppcore.records import Lead, Opportunity, Outcome, Progress, State
from oppcore.records.drafts import draft_class, with_progress

T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
STAGES = [{"key": "first", "kind": "open"}, {"key": "second", "kind": "open"}, {"key": "won", "kind": "won"}]
DEALS = load_pipeline({"key": "deals", "stages": STAGES})
LEADS = load_pipeline({"key": "leads", "kind": "lead", "stages": STAGES})
DEAL = replay(open_opportunity(DEALS, "d-1", {"name": "Mill"}, at=T0))
LEAD = replay(open_lead(LEADS, "l-1", {"name": "Ann"}, at=T0), of=Lead)
[MOVED] = move(DEALS, DEAL, "second", at=T0)
MADE = [MOVED, MOVED.stamp, evolve(DEAL, MOVED), evolve(DEAL, MOVED).progress]
MADE.append(evolve(LEAD, *move(LEADS, LEAD, "second", at=T0)))


@pytest.mark.parametrize("made", MADE, ids=lambda made: type(made).__name__)
def test_what_is_made_is_frozen_and_of_its_class(made):
    name = attrs.fields(type(made))[0].name
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(made, name, None)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        delattr(made, name)

    assert type(made).__module__.startswith("oppcore")
    assert not type(made).__name__.endswith("Draft")
    assert pickle.loads(pickle.dumps(made)) == made  # noqa: S301 - our own
    assert weakref.ref(made)() is made


@pytest.mark.parametrize("record", [DEAL, LEAD], ids=lambda record: type(record).__name__)
def test_another_progress_is_all_that_changes(record):
    progress = attrs.evolve(record.progress, version=9)

    assert with_progress(record, progress) == attrs.evolve(record, progress=progress)
    assert record.progress.version == 1


def test_a_draft_that_is_not_finished_shows():
    draft = draft_class(Progress)()
    draft.stage = "first"
    draft.__class__ = Progress

    with pytest.raises(AttributeError):
        assert draft.outcome


def test_instants_are_taken_in_any_zone_and_kept_in_utc():
    shanghai = timezone(timedelta(hours=8))
    [moved] = move(DEALS, DEAL, "second", at=T0.astimezone(shanghai), recorded_at=(T0.astimezone(shanghai)))

    assert (moved.stamp.at, moved.stamp.recorded_at) == (T0, T0)
    assert moved.stamp.at.tzinfo is moved.stamp.recorded_at.tzinfo is evolve(DEAL, moved).progress.entered_at.tzinfo
    assert moved.stamp.at.tzinfo is UTC


@pytest.mark.parametrize("name", ["at", "recorded_at"])
@pytest.mark.parametrize(("instant", "error"), [(T0.replace(tzinfo=None), ValueError), (T0.timetz(), TypeError)])
def test_what_is_no_instant_is_refused(name, instant, error):
    with pytest.raises(error, match="an instant"):
        move(DEALS, DEAL, "second", **{"at": T0, name: instant})


def test_who_acts_is_an_actor():
    with pytest.raises(TypeError, match="an actor is an Actor, not SimpleNamespace"):
        move(DEALS, DEAL, "second", at=T0, actor=SimpleNamespace(id=" ", roles=frozenset()))

    assert move(DEALS, DEAL, "second", at=T0, actor=Actor("ann"))[0].stamp.actor_id == "ann"


@pytest.mark.parametrize("reason", ["", "\x00", "x" * 257, "\ud800"])
def test_a_reason_is_a_key_in_a_move_and_in_a_change(reason):
    with pytest.raises(ValueError, match="reason"):
        move(DEALS, DEAL, outcome="lost", at=T0, reason=reason)
    with pytest.raises(ValueError, match="reason"):
        attrs.evolve(MOVED, reason=reason)


@pytest.mark.parametrize(("values", "error"), [(("", "open"), ValueError), ((7, "open"), TypeError)])
def test_a_state_is_a_key_and_an_outcome(values, error):
    with pytest.raises(error, match="stage"):
        State(*values)
    with pytest.raises(ValueError, match="'half'"):
        State("first", "half")

    assert State("first", "won").outcome is Outcome.WON


@pytest.mark.parametrize("part", ["stamp", "source", "target"])
def test_a_change_holds_a_stamp_and_states(part):
    with pytest.raises(TypeError, match=part):
        attrs.evolve(MOVED, **{part: SimpleNamespace(stage="first", outcome=Outcome.OPEN)})
    values = {"stamp": MOVED.stamp, "source": MOVED.source, "target": MOVED.target, "opportunity_id": "d-2"}
    with pytest.raises(TypeError, match=part):
        Converted(**{**values, part: "first"})


def test_examples_are_of_the_classes_meant():
    assert [type(made) for made in MADE[2:]] == [Opportunity, Progress, Lead]
    assert type(MOVED) is Moved
