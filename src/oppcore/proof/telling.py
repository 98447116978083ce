"""Telling a story: a path of the model, walked with the engine so that a claim fails at its end."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from oppcore.criteria import (
    Approved,
    Criterion,
    Impossible,
    Not,
    Undecided,
    Witness,
    find_counterexample,
    find_witness,
)
from oppcore.errors import MoveRefused
from oppcore.proof.claims import Story
from oppcore.proof.model import Model, Path
from oppcore.proof.passages import Allowance
from oppcore.proof.walking import Lost, Walk

__all__ = ["tell"]


def tell(model: Model, path: Path, broken: tuple[Criterion, ...]) -> Story:
    """Walk a path with the engine so that criteria are not true at its end. Raises `Lost` where that fails."""
    reasons: list[str] = []
    for plan in _plans(model, path, broken):
        try:
            return _walk(model, path, plan, broken)
        except Lost as lost:
            reasons.append(str(lost))
        except (MoveRefused, TypeError, ValueError, OverflowError) as error:
            reasons.append(error.problems[0].code if isinstance(error, MoveRefused) else "record")
    raise Lost(reasons[0])


def _plans(model: Model, path: Path, broken: tuple[Criterion, ...]) -> Iterator[list[Witness]]:
    """Give ways to fill in the fields along a path, the plainest first: what one cannot do, another may."""
    nobody = tuple(Not(Approved(one.key)) for one in model.pipeline.approvals)
    yield _plan_each(model, path, broken)
    yield _plan_alike(model, path, broken)
    yield _plan_early(_plan_each(model, path, broken))
    yield _plan_each(model, path, broken, staying=True)
    yield _plan_each(model, path, broken, more=nobody)
    yield _plan_each(model, path, broken, more=nobody, staying=True)


def _plan_each(
    model: Model, path: Path, broken: tuple[Criterion, ...], *, more: tuple[Criterion, ...] = (), staying: bool = False
) -> list[Witness]:
    """Give a situation for each passage, as if nothing were carried over from one to the next.

    Each with what `more` asks, and (`staying`) with all that its stage wants to stay true, where that can be had.
    """
    found: list[Witness] = []
    for number, passage in enumerate(path, 1):
        target = broken if number == len(path) else ()
        wanted = more
        if staying and passage.source is not None:
            wanted += model.pipeline.stage(passage.source.stage).stay
        one = _last(model, (passage,), target, wanted) if wanted else None
        if not isinstance(one, Witness):
            one = _last(model, (passage,), target) if target else model.solve(passage)
        if isinstance(one, Witness):
            found.append(one)
    return found


def _plan_alike(model: Model, path: Path, broken: tuple[Criterion, ...]) -> list[Witness]:
    """Give one situation for all passages: what cannot be changed on the way is right from the start."""
    one = _last(model, path[1:] or path, broken)
    first = model.solve(path[0])
    if not isinstance(one, Witness) or not isinstance(first, Witness):
        return []
    opening = attrs.evolve(one, approved={}, elapsed={}, roles=first.roles) if len(path) > 1 else one
    return [opening, *[one] * (len(path) - 1)]


def _plan_early(each: list[Witness]) -> list[Witness]:
    """Give the same situations, with what the last one wants filled in as soon as nothing else is wanted there."""
    return [attrs.evolve(one, values={**each[-1].values, **one.values}) for one in each]


def _last(
    model: Model, path: Path, broken: tuple[Criterion, ...], more: tuple[Criterion, ...] = ()
) -> Witness | Impossible | Undecided:
    asked = [*more, *(criterion for one in path for criterion in model.asked(one))]
    if not broken:
        return find_witness(asked, fields=model.fields, budget=model.budget)
    return find_counterexample(asked, broken[0], fields=model.fields, budget=model.budget)


def _walk(model: Model, path: Path, plan: list[Witness], broken: tuple[Criterion, ...]) -> Story:
    if len(plan) < len(path):
        raise Lost("locks")
    walk = Walk(model.pipeline, model.fields, overrides=Allowance.OVERRIDE in model.allowing)
    try:
        for passage, witness in zip(path, plan, strict=True):
            walk.take(passage, witness)
    except MoveRefused:
        if walk.is_late:
            raise Lost("clocks") from None
        raise
    decided = walk.decided
    if walk.record.progress.state != path[-1].target or decided is None:
        raise Lost("locks")
    if any(one.judge(decided) is True for one in broken):
        raise Lost("clocks" if walk.is_late else "locks")
    return Story(walk.changes)
