"""The model of a pipeline that proofs are about: which moves can ever be made.

What a move undoes (a hold, a competitor's victory) is not counted on afterwards, nor is what a lost stage wants to stay
true: losing is never gated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from decimal import Decimal
from typing import Any, TypeAlias, final

from oppcore.criteria import (
    Answered,
    AnyOf,
    Approved,
    Compare,
    Criterion,
    Elapsed,
    Exists,
    Impossible,
    Not,
    Present,
    Role,
    Since,
    Text,
    Undecided,
    Witness,
    find_witness,
    implies,
)
from oppcore.criteria.combinators import leaves_of
from oppcore.pipeline import Pipeline, StageKind, Waivable
from oppcore.pipeline.edges import Edge
from oppcore.pipeline.rules import stay_rules
from oppcore.proof.passages import Allowance, Passage, find_allowed, find_moves, waivable_of
from oppcore.proof.ways import is_passable
from oppcore.records import Field, Outcome, RecordKind, State
from oppcore.records.progress import HOLD_FIELDS

__all__ = ["Model", "Path", "is_built_in"]

Path: TypeAlias = tuple[Passage, ...]
"""A way from the opening on."""
_Way: TypeAlias = tuple[State | None, State, Allowance | None]
_BUILT_IN = "oppcore."
_NOTHING: frozenset[str] = frozenset()
_NO_KIND: frozenset[Waivable] = frozenset()
_HOLD = frozenset(HOLD_FIELDS)
_COMPETITORS = frozenset({"competitors"})
_LATE = Decimal(100_000)  # no limit that a criterion can name is later


@final
class Model:
    """The moves of a pipeline, and which of them can ever be made; with what is allowed besides."""

    def __init__(self, pipeline: Pipeline, budget: int, allowing: Set[Allowance] = frozenset()) -> None:
        self.pipeline, self.budget, self.allowing = pipeline, budget, allowing
        self.fields: Mapping[str, Field] = pipeline.known_fields
        self._known: dict[_Way, Witness | Impossible | Undecided] = {}
        self._obstacles: dict[_Way, str] = {}
        self._out: dict[State | None, tuple[Passage, ...]] = {}
        self._answers: dict[tuple[int, ...], Witness | Impossible | Undecided] = {}
        self._numbers: dict[int, int] = {}
        self._written: dict[str | int, Criterion] = {}
        self._alive: list[Criterion] = []

    def asked(self, passage: Passage) -> tuple[Criterion, ...]:
        """Give everything that is true when a passage is taken, as criteria."""
        edge = passage.edge
        wanted: list[Criterion] = [rule.criterion for rule in edge.gate]
        roles = [policy.roles for _, policy in edge.policies if policy.roles] + [roles for _, roles in edge.roles]
        wanted += [Role(some) for some in roles]
        if passage.by is Allowance.ADOPTION:
            return ()
        if edge.source is None:  # nobody has approved it yet, and no time has passed
            none = Decimal(0)
            wanted += [Not(Approved(one.key)) for one in self.pipeline.approvals]
            wanted += [Elapsed(since, at_most_days=none) for since in (Since.ENTERED, Since.OPENED)]
            return tuple(wanted)
        return (*wanted, *self.kept(edge.source))

    def kept(self, state: State) -> tuple[Criterion, ...]:
        """Give what is true of every deal in a state: what its stage asks to stay true, unless moves undo it.

        Nothing is asked of who comes to a lost stage, is adopted or migrated; closing ends a hold, and reopening the
        victory of a competitor; what may be waived need not be true.
        """
        stage = self.pipeline.stage(state.stage)
        if not self.allowing.isdisjoint((Allowance.ADOPTION, Allowance.MIGRATION)):
            return ()
        if stage.kind is StageKind.LOST or stage.kind.outcome is not state.outcome:
            return ()
        undone = _HOLD
        if state.outcome is Outcome.OPEN:
            undone = _COMPETITORS if self.pipeline.flow.reopen.allowed else _NOTHING
        waivable = waivable_of(self.pipeline) if Allowance.OVERRIDE in self.allowing else _NO_KIND
        rules = [rule for rule in stay_rules(stage) if rule.kind not in waivable]
        return tuple(rule.criterion for rule in rules if undone.isdisjoint(_fields_of(rule.criterion)))

    def obstacle(self, passage: Passage) -> str:
        """Say what may keep a deal from making a move that others can make; nothing where every deal can."""
        key = (passage.source, passage.target, passage.by)
        if key not in self._obstacles:
            self._obstacles[key] = self._find_obstacle(passage)
        return self._obstacles[key]

    def _find_obstacle(self, passage: Passage) -> str:
        found, edge = self.solve(passage), passage.edge
        if isinstance(found, Undecided):
            return found.what
        gate = [rule.criterion for rule in edge.gate]
        if edge.source is None or not gate:
            return ""
        stage = self.pipeline.stage(edge.source.stage)
        stay = stage.stay if stage.kind.outcome is edge.source.outcome else ()
        kept = self.kept(edge.source)
        locking = {leaf.subject for one in stay for leaf in leaves_of(one) if isinstance(leaf, Approved)}
        locked = {field for subject in locking for field in self._covered(subject)}
        if edge.source.outcome is not Outcome.OPEN:
            locked |= _HOLD
        wanted = [*self.asked(passage), *stay]
        undecided: list[Criterion] = []
        for one in gate:
            subjects = {leaf.subject for leaf in leaves_of(one) if isinstance(leaf, Approved)}
            touched = not locking.isdisjoint(subjects) or not locked.isdisjoint(self._sources(_fields_of(one)))
            if (touched or subjects) and implies(kept, one, fields=self.fields, budget=self.budget) is True:
                continue
            if touched:
                return "locks"
            undecided += (AnyOf((when, Not(when))) for subject in subjects for when in self._whens(subject))
        is_timed = any(isinstance(leaf, Elapsed) for one in gate for leaf in leaves_of(one))
        late = [Elapsed(since, at_least_days=_LATE) for since in (Since.ENTERED, Since.OPENED)] if is_timed else []
        more: Mapping[str, Iterable[Criterion]] = {"clocks": late, "approvals": undecided, "locks": stay[len(kept) :]}
        for what, further in more.items():
            wanted += further
            if further and not isinstance(self._ask(tuple(wanted)), Witness):
                return what
        return ""

    def _whens(self, subject: str) -> Iterator[Criterion]:
        """Give what decides which steps have to sign, which must be known for an approval to be asked for."""
        approval = self.pipeline.approval(subject)
        for step in () if approval is None else approval.steps:
            if step.when is not None:
                yield step.when

    def _covered(self, subject: str) -> Iterator[str]:
        approval = self.pipeline.approval(subject)
        yield from () if approval is None else self._sources(cover.field for cover in approval.covers)

    def _sources(self, names: Iterable[str]) -> Iterator[str]:
        for name in names:
            yield name
            yield from self.fields[name].derived_from if name in self.fields else ()

    def solve(self, passage: Passage) -> Witness | Impossible | Undecided:
        """Say whether a passage can ever be taken, with a situation in which it can."""
        key, edge = (passage.source, passage.target, passage.by), passage.edge
        if key not in self._known:
            if not is_passable(edge) or (edge.directions and self._cannot_convert(edge)):
                self._known[key] = Impossible()
            else:
                self._known[key] = self._ask(self.asked(passage))
        return self._known[key]

    def _ask(self, criteria: tuple[Criterion, ...]) -> Witness | Impossible | Undecided:
        """Say whether criteria can all be true; asked once, for many edges ask the same."""
        alike = tuple(self._alike(one) for one in criteria)
        if alike not in self._answers:
            self._answers[alike] = find_witness(criteria, fields=self.fields, budget=self.budget)
        return self._answers[alike]

    def _alike(self, criterion: Criterion) -> int:
        """Give a number that criteria share which are written alike; those of the host's share none."""
        number = self._numbers.get(id(criterion))
        if number is None:
            own = all(is_built_in(leaf) for leaf in leaves_of(criterion))
            kept = self._written.setdefault(repr(criterion) if own else id(criterion), criterion)
            self._alive.append(criterion)  # or its id could come to be another's
            number = self._numbers[id(criterion)] = id(kept)
        return number

    def _cannot_convert(self, edge: Edge) -> bool:
        """Say that a lead cannot be won: conversion wants one won stage."""
        is_lead = self.pipeline.kind is RecordKind.LEAD
        return is_lead and edge.target.outcome is Outcome.WON and len(self.pipeline.stages_of(StageKind.WON)) != 1

    def _passages(self, state: State | None) -> tuple[Passage, ...]:
        """Give the passages out of a state that may be taken; from nowhere, those by which deals come in."""
        if state not in self._out:
            found = (*find_moves(self.pipeline, state), *find_allowed(self.pipeline, state, self.allowing))
            self._out[state] = tuple(one for one in found if not isinstance(self.solve(one), Impossible))
        return self._out[state]

    def paths(self, admits: Callable[[Passage], bool] = lambda _: True) -> Iterator[Path]:
        """Give a shortest path to every state and along every last passage, shortest first.

        Each state is left once by deals that kept to the rules, and once by those that did not: what a stage wants to
        stay true may be untrue of these.
        """
        queue: list[tuple[State | None, bool, Path]] = [(None, False, ())]
        seen: set[tuple[State, bool]] = set()
        while queue:
            further: list[tuple[State | None, bool, Path]] = []
            for state, bent, path in queue:
                for passage in self._passages(state):
                    if not admits(passage):
                        continue
                    yield (*path, passage)
                    reached = passage.target, bent or passage.by is not None
                    if reached not in seen:
                        seen.add(reached)
                        further.append((*reached, (*path, passage)))
            queue = further

    def doubt(self, path: Path) -> str:
        """Say why it is not known whether a path can be walked; nothing where it is known."""
        found = (self.solve(one) for one in path)
        return next((one.what for one in found if isinstance(one, Undecided)), "")


def _fields_of(criterion: Criterion) -> set[str]:
    """Give the fields of the record that a criterion looks at."""
    found: set[str] = set()
    for leaf in leaves_of(criterion):
        match leaf:
            case Present(name) | Compare(name) | Text(name) | Exists(name):
                found.add(name)
            case Answered():
                found.add("answers")
            case _:
                pass
    return found


def is_built_in(leaf: Any) -> bool:
    """Say whether a criterion is one of ours."""
    return type(leaf).__module__.startswith(_BUILT_IN)
