"""Pipelines with what happened in them."""

from hypothesis import settings
from hypothesis import strategies as st

from oppcore.engine import Change, Converted, Moved, replay
from oppcore.pipeline import Pipeline
from oppcore.records import Actor, Record, RecordKind
from oppcore.testing import histories, pipelines
from oppcore.testing.records import records

# A life takes long to make, and every law looks at lives of its own: a quarter of the profile's examples for each.
quarter = settings(max_examples=max(10, settings.default.max_examples // 4))


STEPS = (Moved, Converted)
"""The changes that lead from one state to another."""


def processes() -> st.SearchStrategy[Pipeline]:
    """Pipelines of deals and pipelines of leads."""
    return st.sampled_from(RecordKind).flatmap(lambda kind: pipelines(kind=kind, max_open_stages=4))


@st.composite
def lives(draw: st.DrawFn, *, max_steps: int = 6) -> tuple[Pipeline, tuple[Change, ...]]:
    """A pipeline and the changes of one record in it."""
    pipeline = draw(processes())
    return pipeline, draw(histories(pipeline, max_steps=max_steps))


@st.composite
def standings(draw: st.DrawFn) -> tuple[Pipeline, Record]:
    """A pipeline and a record in any legal state of it."""
    pipeline = draw(processes())
    return pipeline, draw(records(pipeline))


def record_of(changes: tuple[Change, ...]) -> Record:
    """The record that its changes have made, of whichever kind."""
    return replay(changes, of=type(changes[0].record))


def actor_of(change: Change) -> Actor | None:
    """Who made the change: generated ids name the roles."""
    if change.stamp.actor_id is None:
        return None
    return Actor(change.stamp.actor_id, change.stamp.actor_id.split("+")[1:])
