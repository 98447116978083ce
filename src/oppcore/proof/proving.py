"""Proving claims about a pipeline: over every way a deal can go, however its fields are filled.

The model: the moves of one revision, each possible where its gate, together with what must stay true in the stage that
is left, can be true at all. Between moves fields are free as far as stay criteria allow, time passes as it likes, roles
are held by whoever needs them, and approvals are given, outdated and withdrawn as they can be. Nothing is overridden,
adopted, corrected, transferred or migrated. A refutation is never taken from the model alone: its story is walked with
the engine, and given only if the engine agrees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, TypeAlias, final

import attrs

from oppcore.criteria import (
    AllOf,
    Approved,
    Criterion,
    Elapsed,
    Impossible,
    Not,
    Role,
    Since,
    Undecided,
    Witness,
    find_counterexample,
    find_witness,
)
from oppcore.criteria.combinators import leaves_of
from oppcore.errors import MoveRefused, Problem
from oppcore.pipeline import Claim, Pipeline
from oppcore.pipeline.edges import Edge, find_edges, open_edge
from oppcore.pipeline.rules import stay_rules
from oppcore.proof.claims import Answer, Proved, Refuted, Story
from oppcore.proof.walking import Lost, Walk
from oppcore.records import Field, Outcome, State

__all__ = ["prove", "prove_claims"]

BUDGET = 20_000

Path: TypeAlias = tuple[Edge, ...]
_BUILT_IN = "oppcore."


def prove_claims(pipeline: Pipeline, *, budget: int = BUDGET) -> tuple[Answer, ...]:
    """Give what comes of each claim of a pipeline, in their order."""
    model = _Model(pipeline, budget)
    return tuple(_answer(model, claim) for claim in pipeline.claims)


def prove(pipeline: Pipeline, claim: Claim, *, budget: int = BUDGET) -> Answer:
    """Prove a claim about a pipeline, or refute it with a shortest story.

    `budget` counts the steps of each question to the solver. `Undecided` is the answer where a criterion of the host's
    own decides, where the budget is not enough, or where the model allows what the engine then refuses.

    >>> from oppcore import load_pipeline
    >>> pipeline = load_pipeline('''
    ... key = "p"
    ... stages = [{key = "offer", kind = "open"}, {key = "won", kind = "won", entry = [{present = "budget"}]}]
    ... ''')
    >>> from oppcore.criteria import Present
    >>> type(prove(pipeline, Claim(key="paid", outcome="won", holds=[Present("budget")]))).__name__
    'Proved'
    >>> answer = prove(pipeline, Claim(key="named", outcome="won", holds=[Present("name")]))
    >>> print(answer.story)
    1. 2026-01-05 09:00: ann opens a deal in offer
    2. 2026-01-05 09:00: ann sets budget = 1.00 EUR
    3. 2026-01-05 09:00: ann moves it from offer to won (won)
    """
    return _answer(_Model(pipeline, budget), claim)


def _answer(model: _Model, claim: Claim) -> Answer:
    if claim.holds:
        candidates = _breaking(model, claim)
    elif claim.passed is not None:
        candidates = _bypassing(model, claim, claim.passed)
    else:
        candidates = _trapped(model, claim)
    doubts: list[str] = []
    for path, last in candidates:
        if isinstance(last, str):
            doubts.append(last)
            continue
        try:
            return Refuted(model.tell(path, last))
        except Lost as lost:
            doubts.append(str(lost))
    if doubts:
        return Undecided(doubts[0], model.budget)
    return Proved(tuple(_assumptions(model.pipeline, claim)))


Candidate: TypeAlias = tuple[Path, "tuple[Criterion, ...] | str"]
"""A way in which a claim may fail, and what is not true at its end; or why that is not known."""


def _is_place(claim: Claim, state: State) -> bool:
    return state.stage == claim.stage if claim.stage is not None else state.outcome is claim.outcome


def _breaking(model: _Model, claim: Claim) -> Iterator[Candidate]:
    """Give the ways into the place in which the criteria need not be true, shortest first."""
    criterion = claim.holds[0] if len(claim.holds) == 1 else AllOf(claim.holds)
    for path in model.paths():
        edge = path[-1]
        if not _is_place(claim, edge.target):
            continue
        found = find_counterexample(model.asked(edge), criterion, fields=model.fields, budget=model.budget)
        if isinstance(found, Undecided):
            yield path, found.what
        elif isinstance(found, Witness):
            doubt = model.doubt(path)
            yield path, doubt or (criterion,)


def _bypassing(model: _Model, claim: Claim, passed: str) -> Iterator[Candidate]:
    """Give the ways to the place that leave out a stage."""
    for path in model.paths(lambda edge: edge.target.stage != passed):
        if _is_place(claim, path[-1].target):
            yield path, model.doubt(path) or ()


def _trapped(model: _Model, claim: Claim) -> Iterator[Candidate]:
    """Give the ways into a state from which no way leads to the outcome."""
    for path in model.paths():
        here = path[-1].target
        if here.outcome is not Outcome.OPEN:
            continue
        onward = [edge.target for way in model.paths(start=here) for edge in way[-1:]]
        goals = [one for one in onward if one.outcome is not Outcome.OPEN]
        if claim.outcome is not None:
            goals = [one for one in goals if one.outcome is claim.outcome]
        if not goals:
            yield path, model.doubt(path) or ()


def _assumptions(pipeline: Pipeline, claim: Claim) -> Iterator[Problem]:
    yield Problem("assumed.revision", "", {"pipeline": pipeline.key, "revision": pipeline.revision})
    yield Problem("assumed.adoption")
    if pipeline.overrides:
        yield Problem("assumed.overrides")
    if pipeline.permissions.correct.allowed:
        yield Problem("assumed.corrections")
    if pipeline.flow.transfer.allowed:
        yield Problem("assumed.transfers")
    gates = [*claim.holds, *(one for stage in pipeline.stages for one in (*stage.entry, *stage.exit, *stage.stay))]
    hosts = {type(leaf).__name__ for gate in gates for leaf in leaves_of(gate) if not _is_built_in(leaf)}
    if hosts:
        yield Problem("assumed.hosts", "", {"known": sorted(hosts)})


def _is_built_in(leaf: Any) -> bool:
    return type(leaf).__module__.startswith(_BUILT_IN)


@final
class _Model:
    """The moves of a pipeline, and which of them can ever be made."""

    def __init__(self, pipeline: Pipeline, budget: int) -> None:
        self.pipeline, self.budget = pipeline, budget
        found = ((name, pipeline.field(name)) for name in pipeline.field_names)
        self.fields: Mapping[str, Field] = {name: field for name, field in found if field is not None}
        self._known: dict[tuple[State | None, State], Witness | Impossible | Undecided] = {}

    def asked(self, edge: Edge) -> tuple[Criterion, ...]:
        """Give everything that is true when an edge is taken, as criteria."""
        wanted: list[Criterion] = [rule.criterion for rule in edge.gate]
        roles = [policy.roles for _, policy in edge.policies if policy.roles] + [roles for _, roles in edge.roles]
        wanted += [Role(some) for some in roles]
        if edge.source is None:  # nobody has approved it yet, and no time has passed
            none = Decimal(0)
            wanted += [Not(Approved(one.key)) for one in self.pipeline.approvals]
            wanted += [Elapsed(since, at_most_days=none) for since in (Since.ENTERED, Since.OPENED)]
            return tuple(wanted)
        stage = self.pipeline.stage(edge.source.stage)
        if stage.kind.outcome is edge.source.outcome:
            wanted += [rule.criterion for rule in stay_rules(stage)]
        return tuple(wanted)

    def solve(self, edge: Edge) -> Witness | Impossible | Undecided:
        """Say whether an edge can ever be taken, with a situation in which it can."""
        key = (edge.source, edge.target)
        if key not in self._known:
            allowed = all(policy.allowed for _, policy in edge.policies)
            if not allowed or edge.closed or edge.skipped or not edge.drawn:
                self._known[key] = Impossible()
            else:
                self._known[key] = find_witness(self.asked(edge), fields=self.fields, budget=self.budget)
        return self._known[key]

    def _edges(self, state: State | None) -> Iterable[Edge]:
        if state is not None:
            return find_edges(self.pipeline, state)
        return (open_edge(self.pipeline, stage) for stage in self.pipeline.entries)

    def paths(self, admits: Callable[[Edge], bool] = lambda _: True, *, start: State | None = None) -> Iterator[Path]:
        """Give a shortest path to every state and along every last edge, shortest first; each state is left once."""
        queue: list[tuple[State | None, Path]] = [(start, ())]
        seen: set[State | None] = {start}
        while queue:
            further: list[tuple[State | None, Path]] = []
            for state, path in queue:
                for edge in self._edges(state):
                    if not admits(edge) or isinstance(self.solve(edge), Impossible):
                        continue
                    yield (*path, edge)
                    if edge.target not in seen:
                        seen.add(edge.target)
                        further.append((edge.target, (*path, edge)))
            queue = further

    def doubt(self, path: Path) -> str:
        """Say why it is not known whether a path can be walked; nothing where it is known."""
        found = (self.solve(edge) for edge in path)
        return next((one.what for one in found if isinstance(one, Undecided)), "")

    def tell(self, path: Path, broken: tuple[Criterion, ...]) -> Story:
        """Walk a path with the engine so that criteria are not true at its end. Raises `Lost` where that fails."""
        plans = (self._plan_each(path, broken), self._plan_alike(path, broken))
        reasons: list[str] = []
        for plan in plans:
            try:
                return self._walk(path, plan, broken)
            except Lost as lost:
                reasons.append(str(lost))
            except (MoveRefused, TypeError, ValueError, OverflowError) as error:
                reasons.append(error.problems[0].code if isinstance(error, MoveRefused) else "record")
        raise Lost(reasons[0])

    def _plan_each(self, path: Path, broken: tuple[Criterion, ...]) -> list[Witness]:
        """Give a situation for each edge, as if nothing were carried over from one to the next."""
        found = [self.solve(edge) for edge in path[:-1]] + [self._last(path[-1:], broken)]
        return [one for one in found if isinstance(one, Witness)]

    def _plan_alike(self, path: Path, broken: tuple[Criterion, ...]) -> list[Witness]:
        """Give one situation for all edges: what cannot be changed on the way is right from the start."""
        one = self._last(path[1:] or path, broken)
        first = self.solve(path[0])
        if not isinstance(one, Witness) or not isinstance(first, Witness):
            return []
        opening = attrs.evolve(one, approved={}, elapsed={}, roles=first.roles) if len(path) > 1 else one
        return [opening, *[one] * (len(path) - 1)]

    def _last(self, edges: Path, broken: tuple[Criterion, ...]) -> Witness | Impossible | Undecided:
        asked = [criterion for edge in edges for criterion in self.asked(edge)]
        if not broken:
            return find_witness(asked, fields=self.fields, budget=self.budget)
        return find_counterexample(asked, broken[0], fields=self.fields, budget=self.budget)

    def _walk(self, path: Path, plan: list[Witness], broken: tuple[Criterion, ...]) -> Story:
        if len(plan) < len(path):
            raise Lost("locks")
        walk = Walk(self.pipeline, self.fields)
        for edge, witness in zip(path, plan, strict=True):
            walk.take(edge, witness)
        decided = walk.decided
        if walk.record.progress.state != path[-1].target or decided is None:
            raise Lost("locks")
        if any(one.judge(decided) is True for one in broken):
            raise Lost("locks")
        return Story(walk.changes)
