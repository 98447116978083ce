"""What is proved or refuted of tiny pipelines, held against everything the engine lets happen in them.

Two fields of three values each, at most one approval and two people: there are so few records that all of them can be
visited. The clock stands still, so that what can come next depends on what a record holds and on nothing else.
"""

from collections import deque
from collections.abc import Iterator
from decimal import Decimal
from itertools import product

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

from oppcore.criteria import AllOf, AnyOf, Approved, Compare, Not, Present, Role, Situation
from oppcore.criteria.combinators import leaves_of
from oppcore.engine import Override, adopt, amend, evolve, migrate, move, open_opportunity, request_approval, sign
from oppcore.errors import MoveRefused
from oppcore.pipeline import (
    Approval,
    ApprovalStep,
    Claim,
    Cover,
    CustomField,
    Flow,
    OverridePolicy,
    Pipeline,
    Policy,
    Stage,
    StageKind,
    Waivable,
)
from oppcore.pipeline.edges import find_edges, legal_outcomes
from oppcore.pipeline.transitions import Transition
from oppcore.proof import Allowance, Proved, Refuted, prove
from oppcore.proof.walking import START
from oppcore.records import Actor, FieldType, Opportunity, Outcome, Progress, RoundStatus, get_field, with_fields

FIELDS = (
    CustomField(key="level", type=FieldType.CHOICE, choices=("low",)),
    CustomField(key="size", type=FieldType.NUMBER),
)
VALUES = tuple(
    {"level": level, "size": size} for level, size in product((None, "low"), (None, Decimal(1), Decimal(2)))
)  # one of each kind that the criteria below can tell
ANN, BOSS = Actor("ann"), Actor("boss", {"manager"})
DIRECTORS = tuple(Actor(name, {"director", *more}) for name in ("dan", "ann") for more in ((), ("manager",)))
ACTORS = (None, ANN, BOSS)


def key_of(record):
    """All that decides what a record can still become."""
    standing = tuple(
        (str(one.status), tuple(cover.value for cover in one.covered))
        for one in record.progress.approvals
        if one.status in (RoundStatus.OPEN, RoundStatus.GRANTED)
    )
    return record.progress.state, get_field(record, "level"), get_field(record, "size"), standing


@attrs.frozen
class Step:
    """From one record to another: a move (decided in this situation), or something else; by the rules, or not."""

    before: object
    after: object
    situation: Situation | None = None
    is_lawful: bool = True


def tries(pipeline, record, allowing) -> Iterator[tuple[Situation | None, object]]:
    """Everything that can be tried, each as what gives its changes: with an override, and without."""
    edges = list(find_edges(pipeline, record.progress.state))
    if not allowing and not any(all(policy.allowed for _, policy in edge.policies) for edge in edges):
        return  # it moves no more
    for edge in edges:
        to, outcome = edge.target.stage, edge.target.outcome
        for actor in actors(edge):
            decided = Situation(record=record, at=START, actor=actor)
            yield (
                decided,
                lambda by=None, override=None, to=to, outcome=outcome, actor=actor: move(
                    pipeline, record, to, outcome=outcome, at=START, actor=by or actor, override=override
                ),
            )
    for values in VALUES:
        yield (
            None,
            lambda by=ANN, override=None, values=values: amend(
                pipeline, record, values, at=START, actor=by, override=override
            ),
        )
    for approval in pipeline.approvals:
        yield (
            None,
            lambda by=ANN, override=None, key=approval.key: request_approval(pipeline, record, key, at=START, actor=by),
        )
        for verdict, actor in (("approve", BOSS), ("withdraw", ANN)):
            yield (
                None,
                lambda by=None, override=None, key=approval.key, verdict=verdict, actor=actor: sign(
                    pipeline, record, key, verdict, at=START, actor=by or actor, override=override
                ),
            )


def actors(edge):
    """Who makes a difference to a move."""
    asks = edge.roles or any(isinstance(leaf, Role) for rule in edge.gate for leaf in leaves_of(rule.criterion))
    return ACTORS if asks else (None,)


def does(act, *, overriding):
    """What comes of an act, and whether the rules were kept; nothing where it is refused."""
    try:
        return act(), True
    except MoveRefused as refusal:
        first = named_by(refusal)
    for actor in DIRECTORS if overriding else ():  # ann among them: only who asked for an approval withdraws it
        rules = first
        while rules:
            try:
                return act(by=actor, override=Override("so it was agreed", sorted(rules))), False
            except MoveRefused as refusal:  # of rules that say the same, one at a time is named
                rules = rules | named_by(refusal) if named_by(refusal) - rules else set()
    return (), True


def named_by(refusal):
    return {problem.rule for problem in refusal.problems if problem.rule}


def images(pipeline) -> Iterator[Opportunity]:
    """Every deal that can be taken over."""
    for stage in pipeline.stages:
        for outcome, values in product(legal_outcomes(stage.kind), VALUES):
            closed_at = None if outcome is Outcome.OPEN else START
            times = dict.fromkeys(("opened_at", "entered_at", "changed_at", "recorded_at"), START)
            progress = Progress(
                pipeline=pipeline.key, stage=stage.key, outcome=outcome, version=1, closed_at=closed_at, **times
            )
            yield with_fields(Opportunity(id="d", progress=progress), values)


def explore(pipeline, allowing=()) -> list[Step]:
    """Visit every record that the engine lets come to be."""
    steps: list[Step] = []
    waiting: deque[Opportunity] = deque()
    seen = set()
    overriding = Allowance.OVERRIDE in allowing

    def reach(record, before, situation, *, is_lawful=True):
        key = key_of(record)
        steps.append(Step(before, key, situation, is_lawful))
        if key not in seen:
            seen.add(key)
            waiting.append(record)

    stages = [one.key for one in pipeline.open_stages] if overriding else pipeline.entries
    for stage, values, actor in product(stages, VALUES, ACTORS):

        def begin(by=None, override=None, stage=stage, values=values, actor=actor):
            return open_opportunity(pipeline, "d", values, at=START, actor=by or actor, stage=stage, override=override)

        if changes := does(begin, overriding=overriding)[0]:
            record = evolve(None, *changes)
            reach(record, None, Situation(record=record, at=START, actor=actor))
    for image in images(pipeline) if Allowance.ADOPTION in allowing else ():
        record = evolve(None, *adopt(pipeline, image, at=START))
        reach(record, None, Situation(record=record, at=START))
    while waiting:
        record = waiting.popleft()  # short histories first: they have few rounds of approval
        for situation, act in tries(pipeline, record, allowing):
            changes, is_lawful = does(act, overriding=overriding)
            if changes:
                reach(evolve(record, *changes), key_of(record), situation, is_lawful=is_lawful)
        if Allowance.MIGRATION in allowing:
            for stage in pipeline.stages:
                if record.progress.outcome in legal_outcomes(stage.kind):
                    for change in migrate(pipeline, record, stage.key, at=START):
                        decided = Situation(record=record, at=START)
                        reach(evolve(record, change), key_of(record), decided, is_lawful=False)
    return steps


def locks(pipeline):
    """Say whether approvals must stay: the engine may then refuse a short way that it allows by a detour."""
    return any(isinstance(leaf, Approved) for stage in pipeline.stages for one in stage.stay for leaf in leaves_of(one))


def fewest_moves(claim, steps):
    """The fewest moves after which a claim is broken; None where it never is."""
    if claim.closes:
        stuck = trapped(claim, steps)
        costs = distances(None, steps)
        return min((cost for (key, _), cost in costs.items() if key in stuck), default=None)
    costs = distances(claim.passed, steps)
    broken = []
    for step in steps:
        if step.situation is None or not is_place(claim, step.after[0]):
            continue
        starts = [costs[state] + 1 for state in ((step.before, False), (step.before, True)) if state in costs]
        if claim.passed is not None:
            starts = [costs[step.before, False] + 1] if (step.before, False) in costs else []
            if claim.passed == step.after[0].stage:
                continue
        elif all(one.judge(step.situation) is True for one in claim.holds):
            continue
        broken += starts
    return min(broken, default=None)


def is_place(claim, state):
    return state.stage == claim.stage if claim.stage is not None else state.outcome is claim.outcome


def distances(passed, steps):
    """The moves it takes to come to each record, without and with having stood in a stage; an opening is none."""
    after = {}
    for step in steps:
        after.setdefault(step.before, []).append(step)
    costs = {(None, False): -1}
    queue = deque(costs)
    while queue:
        key, has_passed = state = queue.popleft()
        for step in after.get(key, ()):
            there = step.after, has_passed or step.after[0].stage == passed
            cost = costs[state] + (step.situation is not None)
            if cost < costs.get(there, 1_000):
                costs[there] = cost
                (queue.append if step.situation is not None else queue.appendleft)(there)
    return costs


def trapped(claim, steps):
    """The open records from which no closing as claimed can be reached."""
    into = {}
    for step in steps:
        into.setdefault(step.after, set())
        if step.is_lawful:  # nobody counts on an override
            into[step.after].add(step.before)
    records = set(into)
    goals = [
        key
        for key in records
        if (key[0].outcome is claim.outcome) or (claim.outcome is None and key[0].outcome is not Outcome.OPEN)
    ]
    fine, waiting = set(goals), list(goals)
    while waiting:
        before = into.get(waiting.pop(), set()) - fine
        fine |= before
        waiting += before
    return {key for key in records - fine if key[0].outcome is Outcome.OPEN}


LEAVES = (
    Present("level"),
    Present("size"),
    Compare("size", "ge", Decimal(2)),
    Compare("size", "lt", Decimal(2)),
)


def criteria(*more):
    leaves = st.sampled_from((*LEAVES, *more))
    return st.one_of(
        leaves,
        leaves.map(Not),
        st.tuples(leaves, leaves).map(AnyOf),
        st.tuples(leaves, leaves.map(Not)).map(AllOf),
    )


def gates(*more):
    return st.one_of(st.just([]), criteria(*more).map(lambda one: [one]))


_WAIVED = (("criteria",), ("approvals",), ("flow", "roles"), tuple(Waivable))


@st.composite
def tiny(draw):
    """A pipeline of two or three open stages, and claims about it."""
    approvals = draw(
        st.lists(
            st.builds(
                Approval,
                key=st.just("quote"),
                steps=st.sampled_from(
                    [
                        [ApprovalStep(key="m", roles=["manager"])],
                        [ApprovalStep(key="m", roles=["manager"], when=Compare("size", "ge", Decimal(2)))],
                    ]
                ),
                covers=st.sampled_from([["level"], ["size"], [Cover("size", "at_most")], []]),
            ),
            max_size=1,
        )
    )
    asked = tuple(Approved(one.key) for one in approvals)
    keys = ("a", "b", "c")[: draw(st.sampled_from([2, 2, 3]))]
    kinds = {"won": StageKind.WON, "lost": StageKind.LOST}
    ends = draw(st.sampled_from([("won",), ("won",), ("won", "lost")]))
    stages = [
        Stage(
            key=key,
            kind=kinds.get(key, StageKind.OPEN),
            entry=draw(gates(*asked, Role(["manager"]))),
            exit=draw(st.one_of(st.just([]), gates(*asked))),
            stay=draw(st.one_of(st.just([]), gates(*asked, *asked, *asked))),
            may_be_skipped=draw(st.booleans()),
            roles=draw(st.sampled_from([(), (), (), ("manager",)])),
        )
        for key in (*keys, *ends)
    ]
    closed = Policy(allowed=False)
    some = {name: draw(st.sampled_from([Policy(), closed])) for name in ("lose", "revert", "reopen", "overturn")}
    drawn = draw(
        st.one_of(
            st.just([]),
            st.lists(st.sampled_from([*zip(keys, (*keys[1:], "won"), strict=True), ("b", "a")]), unique=True),
        )
    )
    pipeline = Pipeline(
        key="tiny",
        stages=stages,
        fields=FIELDS,
        approvals=approvals,
        overrides=draw(
            st.sampled_from([*[()] * 3, *[(OverridePolicy(roles=["director"], waives=some),) for some in _WAIVED]])
        ),
        flow=Flow(abandon=closed, reclassify=draw(st.sampled_from([Policy(), closed])), **some),
        transitions=[Transition(source=source, target=target) for source, target in drawn],
    )
    holds = draw(criteria(*asked, *asked))
    claims = [Claim(key=f"holds in {one.key}", stage=one.key, holds=[holds]) for one in stages]
    claims += [Claim(key=f"holds {outcome}", outcome=outcome, holds=[holds]) for outcome in Outcome]
    claims += [Claim(key=f"passed {key}", outcome="won", passed=key) for key in keys]
    claims += [Claim(key="closes", closes=True), Claim(key="can be won", closes=True, outcome="won")]
    return pipeline, claims


@settings(max_examples=settings.default.max_examples * 2 // 5)
@given(tiny())
def test_proved_is_what_never_fails_and_refuted_what_fails_after_as_many_moves(question):
    pipeline, claims = question
    steps = explore(pipeline)
    for claim in claims:
        answer, fewest = prove(pipeline, claim), fewest_moves(claim, steps)
        if isinstance(answer, Proved):
            assert fewest is None, (claim, fewest)
        elif isinstance(answer, Refuted):
            assert fewest is not None, claim
            assert fewest <= answer.story.moves, (claim, fewest, str(answer.story))
            assert fewest == answer.story.moves or locks(pipeline), (claim, fewest, str(answer.story))


ALLOWED = [[one] for one in ("override", "override", "adoption", "migration")] + [["override", "adoption", "migration"]]


@settings(max_examples=settings.default.max_examples // 5)
@given(tiny(), st.sampled_from(ALLOWED))
def test_what_is_allowed_besides_refutes_what_it_can_break_and_nothing_else(question, allowing):
    pipeline, claims = question
    steps = explore(pipeline, {Allowance(one) for one in allowing})
    for claim in claims:
        answer, fewest = prove(pipeline, claim, allowing=allowing), fewest_moves(claim, steps)
        if isinstance(answer, Proved):
            assert fewest is None, (claim, fewest)
        elif isinstance(answer, Refuted):
            assert fewest is not None, claim
            assert fewest <= answer.story.moves, (claim, fewest, str(answer.story))
            assert fewest == answer.story.moves or locks(pipeline), (claim, fewest, str(answer.story))
