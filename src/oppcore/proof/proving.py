"""Proving claims about a pipeline: over every way a deal can go, however its fields are filled.

The model: the moves of one revision, each possible where its gate, together with what must stay true in the stage that
is left, can be true at all. Between moves fields are free as far as stay criteria allow, time passes as it likes, roles
are held by whoever needs them, and approvals are given, outdated and withdrawn as they can be. Nothing is transferred
from elsewhere, and nothing is overridden, adopted, migrated or corrected unless that is allowed. That nobody is trapped
is said only of moves that every deal in a state can make, whatever is locked there; what is allowed besides may get a
deal into a trap, but is not counted on to get it out. A refutation is never taken from the model alone: its story is
walked with the engine, and given only if the engine agrees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Set
from typing import TypeAlias

from oppcore.criteria import AllOf, Criterion, Undecided, Witness, find_counterexample
from oppcore.criteria.combinators import leaves_of
from oppcore.errors import Problem
from oppcore.pipeline import Claim, Pipeline
from oppcore.proof.claims import Answer, Proved, Refuted
from oppcore.proof.model import Model, Path, is_built_in
from oppcore.proof.passages import Allowance, Passage
from oppcore.proof.rewriting import find_rewritten
from oppcore.proof.telling import tell
from oppcore.proof.walking import Lost
from oppcore.records import Outcome, State
from oppcore.records.checks import to_texts

__all__ = ["prove", "prove_claims"]

BUDGET = 20_000


def prove_claims(
    pipeline: Pipeline, *, allowing: Iterable[Allowance | str] = (), budget: int = BUDGET
) -> tuple[Answer, ...]:
    """Give what comes of each claim of a pipeline, in their order, as `prove` does."""
    model = Model(pipeline, budget, _to_allowances(allowing))
    return tuple(_answer(model, claim) for claim in pipeline.claims)


def _to_allowances(allowing: Iterable[Allowance | str]) -> frozenset[Allowance]:
    return frozenset(Allowance(one) for one in to_texts(allowing))


def prove(
    pipeline: Pipeline, claim: Claim, *, allowing: Iterable[Allowance | str] = (), budget: int = BUDGET
) -> Answer:
    """Prove a claim about a pipeline, or refute it with a story.

    Shorter stories are tried first; one may be missed where approvals must stay and only a detour gets round that.
    `allowing` names what may happen to deals beside their moves: `override` (by whom the pipeline lets), `adoption` (in
    any legal state), `migration` (to any stage), `correction` (where permitted: claims are then refuted or undecided).
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
    return _answer(Model(pipeline, budget, _to_allowances(allowing)), claim)


def _answer(model: Model, claim: Claim) -> Answer:
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
            return Refuted(tell(model, path, last))
        except Lost as lost:
            doubts.append(str(lost))
    if Allowance.CORRECTION in model.allowing and model.pipeline.permissions.correct.allowed:
        if (story := find_rewritten(model, claim)) is not None:
            return Refuted(story)
        doubts.append("corrections")
    if doubts:
        return Undecided(doubts[0], model.budget)
    return Proved(tuple(_assumptions(model.pipeline, claim, model.allowing)))


Candidate: TypeAlias = tuple[Path, "tuple[Criterion, ...] | str"]
"""A way in which a claim may fail, and what is not true at its end; or why that is not known."""


def _breaking(model: Model, claim: Claim) -> Iterator[Candidate]:
    """Give the ways into the place in which the criteria need not be true, shortest first."""
    criterion = claim.holds[0] if len(claim.holds) == 1 else AllOf(claim.holds)
    for path in model.paths():
        if not claim.is_about(path[-1].target):
            continue
        found = find_counterexample(model.asked(path[-1]), criterion, fields=model.fields, budget=model.budget)
        if isinstance(found, Undecided):
            yield path, found.what
        elif isinstance(found, Witness):
            doubt = model.doubt(path)
            yield path, doubt or (criterion,)


def _bypassing(model: Model, claim: Claim, passed: str) -> Iterator[Candidate]:
    """Give the ways to the place that leave out a stage."""
    for path in model.paths(lambda passage: passage.target.stage != passed):
        if claim.is_about(path[-1].target):
            yield path, model.doubt(path) or ()


def _trapped(model: Model, claim: Claim) -> Iterator[Candidate]:
    """Give the ways into a state from which no way leads to the outcome, or only ways on which a deal may be stuck."""
    found = list(model.paths())
    moves = {(one.source, one.target): one for path in found for one in path[-1:] if one.by is None}

    def is_goal(state: State) -> bool:
        return state.outcome is claim.outcome or (claim.outcome is None and state.outcome is not Outcome.OPEN)

    possible = _closing(moves.values(), is_goal)
    sure = _closing([one for one in moves.values() if not model.obstacle(one)], is_goal)
    for path in found:
        here = path[-1].target
        if here.outcome is not Outcome.OPEN or here in sure:
            continue
        if here not in possible:
            yield path, model.doubt(path) or ()
        else:
            onward = (
                one for one in moves.values() if one.source == here and (one.target in possible or is_goal(one.target))
            )
            yield path, next((why for one in onward if (why := model.obstacle(one))), "locks")


def _closing(moves: Iterable[Passage], is_goal: Callable[[State], bool]) -> set[State]:
    """Give the states from which moves lead to a goal."""
    into: dict[State, list[State]] = {}
    for one in moves:
        if one.source is not None:
            into.setdefault(one.target, []).append(one.source)
    waiting = [state for state in into if is_goal(state)]
    found: set[State] = set()
    while waiting:
        before = [state for state in into.get(waiting.pop(), ()) if state not in found]
        found.update(before)
        waiting += before
    return found


def _assumptions(pipeline: Pipeline, claim: Claim, allowing: Set[Allowance]) -> Iterator[Problem]:
    yield Problem("assumed.revision", "", {"pipeline": pipeline.key, "revision": pipeline.revision})
    if Allowance.ADOPTION not in allowing:
        yield Problem("assumed.adoption")
    if pipeline.overrides and Allowance.OVERRIDE not in allowing:
        yield Problem("assumed.overrides")
    if pipeline.permissions.correct.allowed:
        yield Problem("assumed.corrections")
    if pipeline.flow.transfer.allowed:
        yield Problem("assumed.transfers")
    if claim.closes:
        yield Problem("assumed.people")
    gates = [*claim.holds, *(one for stage in pipeline.stages for one in (*stage.entry, *stage.exit, *stage.stay))]
    hosts = {type(leaf).__name__ for gate in gates for leaf in leaves_of(gate) if not is_built_in(leaf)}
    if hosts:
        yield Problem("assumed.hosts", "", {"known": sorted(hosts)})
