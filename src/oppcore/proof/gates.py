"""What the gates say: criteria that are never true, or always, that contradict or imply one another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import final

import attrs

from oppcore.criteria import AllOf, AnyOf, Impossible, Role, SomeOf, Undecided, Witness
from oppcore.errors import Problem
from oppcore.pipeline import Direction, Pipeline, Rule, Stage, StageKind
from oppcore.pipeline.edges import Edge, find_edge, find_edges, legal_outcomes
from oppcore.pipeline.rules import entry_rules, exit_rules, flow_rule, gate_rules, roles_rule, stay_rules
from oppcore.proof.findings import Finding, Severity
from oppcore.proof.places import action_rules, conditions_of, nodes_of, transition_rules
from oppcore.proof.questions import Questions
from oppcore.proof.ways import is_passable
from oppcore.records import State

__all__ = ["find_in_gates"]


def find_in_gates(pipeline: Pipeline, budget: int) -> Iterator[Finding]:
    """Find what is wrong with what the gates say; each question takes at most `budget` steps."""
    gates = _Gates(pipeline, Questions(pipeline, budget))
    yield from _idle(pipeline)
    yield from gates.single()
    yield from gates.together()
    yield from gates.implied()


def _idle(pipeline: Pipeline) -> Iterator[Finding]:
    for stage in pipeline.stages_of(StageKind.LOST):
        for name in ("entry", "exit"):
            if getattr(stage, name):
                problem = Problem("gate.idle", f"stages.{stage.key}.{name}", {"stage": stage.key})
                yield Finding(Severity.WARNING, problem)


def _role_rule(place: str, roles: tuple[str, ...]) -> tuple[Rule, ...]:
    return (Rule(roles_rule(place), Role(roles)),) if roles else ()


def _edge_roles(edge: Edge) -> Iterator[Rule]:
    for direction, policy in edge.policies:
        yield from _role_rule(flow_rule(direction), policy.roles)
    for place, roles in edge.roles:
        yield from _role_rule(place, roles)


@attrs.frozen
class _Passage:
    """Rules that somebody has to meet at one time, and how bad it is that nobody can."""

    rules: tuple[Rule, ...]
    severity: Severity = Severity.ERROR


@final
class _Gates:
    """The criteria of a pipeline, and what was found out about them."""

    def __init__(self, pipeline: Pipeline, questions: Questions) -> None:
        self._pipeline, self._questions = pipeline, questions
        self._sound: set[str] = set()
        """Rules that can be met, and that need not be."""

    def single(self) -> Iterator[Finding]:
        """Find criteria that are wrong by themselves."""
        for rule, severity in self._all_rules():
            found = self._questions.ask([rule])
            if isinstance(found, Impossible):
                yield Finding(severity, Problem("criterion.never", rule.id, rule=rule.id))
            elif isinstance(found, Undecided):
                problem = Problem("criterion.undecided", rule.id, {"what": found.what}, rule=rule.id)
                yield Finding(Severity.NOTE, problem)
            elif self._questions.is_implied(rule, ()):
                yield Finding(Severity.WARNING, Problem("criterion.always", rule.id, rule=rule.id))
            else:
                self._sound.add(rule.id)
            yield from _empty(rule)

    def together(self) -> Iterator[Finding]:
        """Find criteria and roles that cannot be met together."""
        cores: list[frozenset[str]] = []
        doubtful: list[frozenset[str]] = []
        for passage in self._passages():
            rules = [rule for rule in passage.rules if rule.id in self._sound or isinstance(rule.criterion, Role)]
            while len(rules := _without(rules, cores)) > 1:
                found = self._questions.ask(rules)
                if isinstance(found, Impossible):
                    core = self._questions.core(rules)
                    cores.append(frozenset(rule.id for rule in core))
                    yield Finding(passage.severity, _conflict(core))
                    continue
                ids = frozenset(rule.id for rule in rules)
                if isinstance(found, Undecided) and not any(some <= ids for some in doubtful):
                    doubtful.append(ids)
                    yield Finding(Severity.NOTE, _doubt(rules, found))
                break

    def implied(self) -> Iterator[Finding]:
        """Find criteria that need not be there, because others in the same gate say as much."""
        for candidates, others in self._groups():
            kept = [rule for rule in (*candidates, *others) if rule.id in self._sound]
            if len(kept) < 2 or not isinstance(self._questions.ask(kept), Witness):
                continue
            for rule in reversed([rule for rule in candidates if rule.id in self._sound]):
                rest = [one for one in kept if one is not rule]
                if self._questions.is_implied(rule, rest):
                    kept = rest
                    params = {"rules": [one.id for one in self._questions.reasons(rule, rest)]}
                    yield Finding(Severity.WARNING, Problem("criterion.implied", rule.id, params, rule=rule.id))

    def _stages(self) -> Iterator[Stage]:
        """Give the stages with gates that are looked at."""
        return (stage for stage in self._pipeline.stages if stage.kind is not StageKind.LOST)

    def _all_rules(self) -> Iterator[tuple[Rule, Severity]]:
        for stage in self._stages():
            for rule in (*entry_rules(stage), *exit_rules(stage)):
                yield rule, Severity.ERROR
        for rule in (*transition_rules(self._pipeline), *action_rules(self._pipeline)):
            yield rule, Severity.ERROR
        for rule in conditions_of(self._pipeline):
            yield rule, Severity.WARNING

    def _passages(self) -> Iterator[_Passage]:
        for stage in self._stages():
            yield _Passage((*entry_rules(stage), *_role_rule(f"stages.{stage.key}", stage.roles)))
            yield _Passage((*exit_rules(stage), *stay_rules(stage)))
        for action in self._pipeline.actions:
            place = f"actions.{action.key}"
            yield _Passage((*gate_rules(f"{place}.gate", action.gate), *_role_rule(place, action.roles)))
        for stage in self._stages():
            for outcome in legal_outcomes(stage.kind):
                yield from self._edges(stage, State(stage.key, outcome))

    def _edges(self, stage: Stage, source: State) -> Iterator[_Passage]:
        stay = stay_rules(stage) if source.outcome is stage.kind.outcome else ()
        for edge in find_edges(self._pipeline, source):
            if not is_passable(edge) or not edge.gate:
                continue
            rules = {rule.id: rule for rule in (*edge.gate, *stay, *_edge_roles(edge))}
            is_main = self._pipeline.transitions or Direction.ADVANCE in edge.directions
            severity = Severity.ERROR if is_main or edge.directions == (Direction.WIN,) else Severity.WARNING
            yield _Passage(tuple(rules.values()), severity)

    def _groups(self) -> Iterator[tuple[Sequence[Rule], Iterable[Rule]]]:
        """Give criteria with those that are asked at the same time, and are no less strict at any other."""
        for stage in self._stages():
            stay = stay_rules(stage)
            yield gate_rules(f"stages.{stage.key}.entry", stage.entry), stay
            yield stay, ()
            yield exit_rules(stage), ()
        for action in self._pipeline.actions:
            yield gate_rules(f"actions.{action.key}.gate", action.gate), ()
        for drawn in self._pipeline.transitions:
            rules = gate_rules(f"transitions.{drawn.key}.gate", drawn.gate)
            source, target = self._pipeline.stage(drawn.source), self._pipeline.stage(drawn.target)
            here, there = State(source.key, source.kind.outcome), State(target.key, target.kind.outcome)
            edge = find_edge(self._pipeline, here, there) if rules else None
            own = {rule.id for rule in rules}
            yield rules, () if edge is None else [rule for rule in edge.gate if rule.id not in own]


def _empty(rule: Rule) -> Iterator[Finding]:
    """Find combinators that combine too little; of the whole criterion that is said already."""
    for node in nodes_of(rule.criterion):
        if node is rule.criterion:
            continue
        match node:
            case AllOf(()):
                problem = Problem("criterion.empty_all", rule.id, rule=rule.id)
            case AnyOf(()):
                problem = Problem("criterion.empty_any", rule.id, rule=rule.id)
            case SomeOf(number, parts) if number > len(parts):
                problem = Problem("criterion.too_few", rule.id, {"number": number, "of": len(parts)}, rule=rule.id)
            case _:
                continue
        yield Finding(Severity.WARNING, problem)


def _without(rules: Sequence[Rule], cores: Iterable[frozenset[str]]) -> list[Rule]:
    """Leave out the rules of conflicts that were said before."""
    found = list(rules)
    for core in cores:
        if core <= {rule.id for rule in found}:
            found = [rule for rule in found if rule.id not in core]
    return found


def _doubt(rules: Sequence[Rule], found: Undecided) -> Problem:
    first, *others = rules
    params = {"rules": [rule.id for rule in others], "what": found.what}
    return Problem("gate.undecided", first.id, params, rule=first.id)


def _conflict(core: Sequence[Rule]) -> Problem:
    first, *others = core
    params = {"rules": [rule.id for rule in others]}
    if any(rule.id.endswith(".roles") for rule in core):
        return Problem("gate.nobody", first.id, params, rule=first.id)
    return Problem("gate.impossible", first.id, params, rule=first.id)
