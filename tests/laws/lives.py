"""Pipelines with what happened in them."""

from hypothesis import settings
from hypothesis import strategies as st

from oppcore.engine import Change
from oppcore.pipeline import Pipeline
from oppcore.records import Actor
from oppcore.testing import histories, opportunities, pipelines

# A life takes long to make, and every law looks at lives of its own: a quarter of the profile's examples for each.
quarter = settings(max_examples=max(10, settings.default.max_examples // 4))


@st.composite
def lives(draw: st.DrawFn, *, max_steps: int = 6) -> tuple[Pipeline, tuple[Change, ...]]:
    """A pipeline and the changes of one deal in it."""
    pipeline = draw(pipelines(max_open_stages=4))
    return pipeline, draw(histories(pipeline, max_steps=max_steps))


@st.composite
def deals(draw: st.DrawFn):
    """A pipeline and a deal in any legal state of it."""
    pipeline = draw(pipelines(max_open_stages=4))
    return pipeline, draw(opportunities(pipeline))


def actor_of(change: Change) -> Actor | None:
    """Who made the change: generated ids name the roles."""
    if change.stamp.actor_id is None:
        return None
    return Actor(change.stamp.actor_id, change.stamp.actor_id.split("+")[1:])
