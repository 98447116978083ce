"""Strategies for situations on either side of a gate, its limits included."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from oppcore.criteria import (
    AllOf,
    Compare,
    Criterion,
    Exists,
    Impossible,
    Present,
    Situation,
    Text,
    Undecided,
    Witness,
    say_criterion,
)
from oppcore.criteria.combinators import leaves_of
from oppcore.pipeline import Pipeline, Stage, StageKind
from oppcore.testing.records import situations
from oppcore.testing.sides import Side, find_way

__all__ = ["satisfying", "violating"]

_ANY = Pipeline(key="any", stages=[Stage(key="open", kind=StageKind.OPEN), Stage(key="won", kind=StageKind.WON)])
_BUDGET = 5_000
_MOST = 40


def satisfying(
    gate: Criterion | Sequence[Criterion],
    *,
    pipeline: Pipeline | None = None,
    among: SearchStrategy[Situation] | None = None,
) -> SearchStrategy[Situation]:
    """Generate situations in which a criterion (or every one of several) is true; exactly on its limits, too.

    The records are of the `pipeline`, deals of any pipeline where none is given. Situations `among` which to choose are
    needed where a criterion of your own decides: nobody can know what makes it true.

    Raises `ValueError` where there is no such situation, where it is not known whether there is one and nothing is
    given to choose among, and where the criterion asks for fields that the pipeline does not have.

    >>> from oppcore.criteria import Compare
    >>> satisfying(Compare("probability", "gt", 1))
    Traceback (most recent call last):
    ...
    ValueError: no situation satisfies this: probability is above 1
    """
    return _either_side(_as_one(gate), pipeline, among, is_true=True)


def violating(
    gate: Criterion | Sequence[Criterion],
    *,
    pipeline: Pipeline | None = None,
    among: SearchStrategy[Situation] | None = None,
) -> SearchStrategy[Situation]:
    """Generate situations in which a criterion (or one of several) is not true: false, or unknown; as `satisfying`."""
    return _either_side(_as_one(gate), pipeline, among, is_true=False)


def _as_one(gate: Criterion | Sequence[Criterion]) -> Criterion:
    if not isinstance(gate, Sequence):
        return gate
    return gate[0] if len(gate) == 1 else AllOf(gate)


def _either_side(
    gate: Criterion, pipeline: Pipeline | None, among: SearchStrategy[Situation] | None, *, is_true: bool
) -> SearchStrategy[Situation]:
    place = _ANY if pipeline is None else pipeline
    _check_fields(gate, place, is_given=pipeline is not None)
    verb = "satisfies" if is_true else "violates"
    found = find_way(gate, (), place.known_fields, is_true=is_true)
    if isinstance(found, Impossible):
        message = f"no situation {verb} this: {say_criterion(gate)}"
        raise ValueError(message)
    if isinstance(found, Undecided):
        if among is None:
            message = (
                f"whether a situation {verb} this is not known, for {found.what} decides it: {say_criterion(gate)}. "
                "Give some to choose among: among=situations(pipeline), or situations of your own"
            )
            raise ValueError(message)
        return among.filter(lambda one: (gate.judge(one) is True) is is_true)
    side = Side(gate, place.known_fields, found, is_true=is_true)
    return _placed(side, situations(place) if among is None else among)


def _check_fields(gate: Criterion, pipeline: Pipeline, *, is_given: bool) -> None:
    asked = {name for leaf in leaves_of(gate) if isinstance(name := _field_of(leaf), str)}
    unknown = sorted(asked - set(pipeline.known_fields))
    if unknown:
        what = (
            f"{pipeline.key} has no such fields" if is_given else "no deal has such fields; give the pipeline that has"
        )
        message = f"the gate asks for {', '.join(unknown)}, and {what}"
        raise ValueError(message)


def _field_of(leaf: Any) -> str | None:
    match leaf:
        case Present(name) | Compare(name) | Text(name) | Exists(name):
            return name
        case _:
            return None


@st.composite
def _placed(draw: DrawFn, side: Side, some: SearchStrategy[Situation]) -> Situation:
    """Take any situation, and make it so, unless it is so already."""
    situation = draw(some)
    if draw(st.booleans()) and side.holds(situation):
        return situation
    made = _applied(draw(st.sampled_from(side.witnesses)), situation)
    by_anybody = attrs.evolve(made, actor=situation.actor)
    return by_anybody if made.actor is None and side.holds(by_anybody) else made


def _applied(witness: Witness, situation: Situation) -> Situation:
    record: Any = situation.record
    try:
        made = witness.apply(record, at=situation.at)
    except (TypeError, ValueError):  # what is asked for does not go with what else the record holds
        made = witness.apply(type(record)(id=record.id, progress=record.progress), at=situation.at)
    return attrs.evolve(made, facts=situation.facts, personal=situation.personal)
