"""Strategies for approvals: who has to sign what."""

from __future__ import annotations

from functools import cache

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from oppcore.criteria import Criterion
from oppcore.pipeline import Approval, ApprovalStep, Cover
from oppcore.records import Bound, Field, FieldType, Mode
from oppcore.testing.criteria import criteria
from oppcore.testing.values import ROLES

__all__ = ["SUBJECTS", "approvals"]

SUBJECTS = ("quote", "terms")
"""What generated pipelines may ask to be approved."""

_ORDERED = (FieldType.NUMBER, FieldType.MONEY, FieldType.DATE)


@cache
def _conditions(fields: tuple[Field, ...]) -> SearchStrategy[Criterion | None]:
    return st.one_of(st.none(), st.none(), criteria(fields=fields, max_depth=0))


@st.composite
def _covers(draw: DrawFn, fields: tuple[Field, ...]) -> tuple[Cover, ...]:
    chosen = draw(st.lists(st.sampled_from(fields), max_size=3, unique_by=lambda field: field.name))
    bounds = st.sampled_from(Bound)
    return tuple(Cover(field.name, draw(bounds) if field.type in _ORDERED else Bound.EQUAL) for field in chosen)


@st.composite
def approvals(draw: DrawFn, subject: str, *, fields: tuple[Field, ...]) -> Approval:
    """Generate an approval of a subject: one to three steps in any mode, over some of the fields."""
    roles = draw(st.lists(st.sampled_from(ROLES), min_size=1, max_size=3))
    condition = _conditions(fields)
    steps = [
        ApprovalStep(key=f"step {number}", roles=(role,), when=draw(condition)) for number, role in enumerate(roles, 1)
    ]
    return Approval(
        key=subject,
        mode=draw(st.sampled_from(Mode)),
        separate=draw(st.booleans()),
        roles=draw(st.sampled_from([(), (), ROLES[:2]])),
        steps=tuple(steps),
        covers=draw(_covers(fields)),
    )
