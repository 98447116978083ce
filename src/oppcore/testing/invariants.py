"""What should always hold of the records of a pipeline: said by a function, a criterion or a claim."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, cast, final

import attrs

from oppcore.criteria import Criterion, Situation, find_unmet, say_criterion
from oppcore.engine import Change, Converted, Corrected, Moved, Opened
from oppcore.engine.changes import Origination
from oppcore.errors import Problem
from oppcore.messages import Names
from oppcore.pipeline import Claim, Pipeline
from oppcore.records import Record, State
from oppcore.testing.deciding import Deed

__all__ = ["Breach", "Invariant", "Judge", "judge_of"]

Invariant: TypeAlias = Callable[[Any, Sequence[Change]], object] | Criterion | Claim
"""What should always hold.

A function is given the record and all its changes; it returns False, or fails an assertion, where it does not hold. A
criterion must be true after every change. A claim that `holds` or was `passed` is looked at whenever a record comes to
its place; as in proofs, nothing is said of records for which a rule was overridden or the past corrected.
"""


@final
@attrs.frozen
class Breach:
    """An invariant does not hold: why, in the words of the host, and what is not met."""

    why: str = ""
    unmet: tuple[Problem, ...] = ()


@final
@attrs.frozen
class Judge:
    """An invariant: what it is called, the criteria in it, and a question to every change."""

    invariant: Invariant
    criteria: tuple[Criterion, ...]
    ask: Callable[[Pipeline, Sequence[Change], Deed, Record], Breach | None]

    def name(self, language: str, names: Names) -> str:
        """Give what it is called in a language."""
        one: Any = self.invariant
        if isinstance(one, Claim):
            return dict(one.labels).get(language, one.key)
        if hasattr(one, "judge"):
            return say_criterion(one, language=language, names=names)
        return str(getattr(one, "__name__", type(one).__name__)).replace("_", " ")


def judge_of(invariant: Invariant) -> Judge:
    """Give the judge of an invariant. Raises `TypeError` for what is none, `ValueError` for a claim that `closes`."""
    one: Any = invariant
    if isinstance(one, Claim):
        if one.closes:
            message = f"no story shows that a claim that closes ({one.key}) is broken: ask oppcore.proof.prove"
            raise ValueError(message)
        return Judge(one, one.holds, _Claimed(one))
    if callable(getattr(one, "judge", None)):
        return Judge(one, (one,), _Always(cast("Criterion", one)))
    if callable(one) and not isinstance(one, type):
        return Judge(one, (), _Called(one))
    message = f"an invariant is a function of a record and its changes, a criterion or a claim, not {one!r}"
    raise TypeError(message)


@final
@attrs.frozen
class _Called:
    function: Callable[[Any, Sequence[Change]], object]

    def __call__(self, _pipeline: Pipeline, changes: Sequence[Change], _deed: Deed, record: Record) -> Breach | None:
        try:
            said = self.function(record, changes)
        except AssertionError as failure:
            return Breach(str(failure).strip())
        if said is False:
            return Breach()
        if said is None or said is True:
            return None
        message = f"an invariant returns True, False or nothing, not {said!r}"
        raise TypeError(message)


@final
@attrs.frozen
class _Always:
    criterion: Criterion

    def __call__(self, _pipeline: Pipeline, _changes: Sequence[Change], deed: Deed, record: Record) -> Breach | None:
        situation = attrs.evolve(deed.decided, record=record)
        return None if self.criterion.judge(situation) is True else _unmet((self.criterion,), situation)


@final
@attrs.frozen
class _Claimed:
    claim: Claim

    def __call__(self, _pipeline: Pipeline, changes: Sequence[Change], deed: Deed, _record: Record) -> Breach | None:
        target = _target(deed.change)
        if target is None or not self._is_place(target) or any(map(_is_bent, changes)):
            return None
        if self.claim.passed is not None:
            stood = [there.stage for change in changes if (there := _target(change)) is not None]
            return None if self.claim.passed in stood else Breach()
        if all(one.judge(deed.decided) is True for one in self.claim.holds):
            return None
        return _unmet(self.claim.holds, deed.decided)

    def _is_place(self, state: State) -> bool:
        claim = self.claim
        return state.stage == claim.stage if claim.stage is not None else state.outcome is claim.outcome


def _unmet(criteria: Sequence[Criterion], situation: Situation) -> Breach:
    return Breach(unmet=tuple(one for some in criteria for one in find_unmet(some, situation)))


def _target(change: Change) -> State | None:
    """Give the state that a change leads to; None where it leads to none."""
    match change:
        case Opened(record=record):
            return record.progress.state
        case Moved(target=target) | Converted(target=target):
            return target
        case _:
            return None


def _is_bent(change: Change) -> bool:
    stamp = change.stamp
    return stamp.waiver is not None or stamp.origin is not Origination.LIVE or isinstance(change, Corrected)
