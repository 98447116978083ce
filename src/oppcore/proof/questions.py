"""Questions about the criteria of one pipeline, each asked of the solver once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias, final

import attrs

from oppcore.criteria import (
    AllOf,
    Answered,
    AnyOf,
    Approved,
    Compare,
    Elapsed,
    Exists,
    Impossible,
    Not,
    Present,
    Role,
    Situation,
    SomeOf,
    Text,
    Undecided,
    Witness,
    find_witness,
    implies,
)
from oppcore.criteria.domains import ANY_MOMENT
from oppcore.criteria.goals import Known
from oppcore.pipeline import Pipeline, Rule
from oppcore.proof.places import nodes_of
from oppcore.records import Lead, Opportunity, Progress, Record, RecordKind

__all__ = ["Answer", "Questions"]

Answer: TypeAlias = Witness | Impossible | Undecided

_OURS = (AllOf, Answered, AnyOf, Approved, Compare, Elapsed, Exists, Known, Not, Present, Role, SomeOf, Text)


def _blank(kind: RecordKind) -> Record:
    progress = Progress(
        pipeline="p",
        stage="s",
        version=1,
        opened_at=ANY_MOMENT,
        entered_at=ANY_MOMENT,
        changed_at=ANY_MOMENT,
        recorded_at=ANY_MOMENT,
    )
    return Lead(id="x", progress=progress) if kind is RecordKind.LEAD else Opportunity(id="x", progress=progress)


@final
class Questions:
    """Asks whether rules can be met, alone and together; every answer is kept."""

    def __init__(self, pipeline: Pipeline, budget: int) -> None:
        self._fields = pipeline.known_fields
        self._blank = _blank(pipeline.kind)
        self._budget = budget
        self._answers: dict[tuple[str, ...], Answer] = {}

    def ask(self, rules: Sequence[Rule]) -> Answer:
        """Give a situation in which all rules are met, or say that there is none, or that it is undecided."""
        key = tuple(rule.id for rule in rules)
        if key not in self._answers:
            known = self._known(rules) if len(rules) > 1 else None
            self._answers[key] = self._solve(rules) if known is None else known[0]
        return self._answers[key]

    def core(self, rules: Sequence[Rule]) -> tuple[Rule, ...]:
        """Of rules that cannot be met together, give some of which none can be left out."""
        found = list(rules)
        for rule in reversed(rules):
            without = [one for one in found if one is not rule]
            if isinstance(self._solve(without), Impossible):
                found = without
        return tuple(found)

    def is_implied(self, rule: Rule, others: Sequence[Rule]) -> bool:
        """Say whether a rule is met wherever the others are, as far as that can be decided."""
        known = self._known(others) if _is_ours(rule) else None
        if known is not None and rule.criterion.judge(known[1]) is not True:
            return False
        wanted = [other.criterion for other in others]
        return implies(wanted, rule.criterion, fields=self._fields, budget=self._budget) is True

    def reasons(self, rule: Rule, others: Sequence[Rule]) -> tuple[Rule, ...]:
        """Of rules that imply another, give some of which none can be left out."""
        found = list(others)
        for other in others:
            without = [one for one in found if one is not other]
            if self.is_implied(rule, without):
                found = without
        return tuple(found)

    def _solve(self, rules: Iterable[Rule]) -> Answer:
        return find_witness([rule.criterion for rule in rules], fields=self._fields, budget=self._budget)

    def _known(self, rules: Sequence[Rule]) -> tuple[Witness, Situation] | None:
        """Put together what meets each rule: mostly that meets them all, and nothing need be searched for."""
        known = [self.ask([rule]) for rule in rules]
        witnesses = [one for one in known if isinstance(one, Witness)]
        if len(witnesses) < len(rules) or not all(map(_is_ours, rules)):
            return None
        together = _together(witnesses)
        try:
            situation = together.apply(self._blank, at=ANY_MOMENT)
        except (TypeError, ValueError, OverflowError):
            return None  # each value alone is fine, and no record holds all of them
        return (together, situation) if all(rule.criterion.judge(situation) is True for rule in rules) else None


def _is_ours(rule: Rule) -> bool:
    """Say whether a rule may be asked without asking a criterion of the host's own."""
    return all(isinstance(node, _OURS) for node in nodes_of(rule.criterion))


def _together(witnesses: Iterable[Witness]) -> Witness:
    found = Witness(values={})
    for one in witnesses:
        values = {**found.values, **one.values}
        for name in found.values.keys() & one.values.keys():
            if name == "answers" and isinstance(found.values[name], dict) and isinstance(one.values[name], dict):
                values[name] = {**found.values[name], **one.values[name]}  # type: ignore[dict-item]
        roles = found.roles if one.roles is None else (found.roles or frozenset()) | one.roles
        found = attrs.evolve(
            found,
            values=values,
            roles=roles,
            elapsed={**found.elapsed, **one.elapsed},
            at=one.at or found.at,
            approved={**found.approved, **one.approved},
        )
    return found
