"""One record that is played by a plan, looked at after every change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import combinations, product
from typing import Any, NoReturn, TypeAlias, final

import attrs

from oppcore.codec import encode
from oppcore.engine import Change, evolve
from oppcore.errors import Problem
from oppcore.proof import Story
from oppcore.proof.walking import START
from oppcore.records import Record
from oppcore.testing.deciding import Deed, Disagreement
from oppcore.testing.hints import Hints
from oppcore.testing.invariants import Judge
from oppcore.testing.laws import find_broken_laws
from oppcore.testing.player import Player
from oppcore.testing.steps import Act, Step
from oppcore.testing.telling import Broken, Voice

__all__ = ["Facts", "Game", "Plan", "shorten"]

Facts: TypeAlias = Mapping[str, Any]
"""What criteria of the host's own are told."""


@final
class Plan:
    """How a record is opened, and what is tried then, each with the facts of that time. Its story says more."""

    def __init__(
        self, entry: str, values: Mapping[str, Any], facts: Facts, steps: Sequence[tuple[Step, Facts]]
    ) -> None:
        self.entry, self.values, self.facts, self.steps = entry, values, facts, steps

    def __repr__(self) -> str:
        return "<as told above>"

    def simpler(self) -> Iterator[Plan]:
        """Give plans without some of the steps, without values at first, and with plainer steps."""
        yield Plan(self.entry, {}, self.facts, self.steps)
        places = range(len(self.steps))
        for width, start in product(range(1, len(self.steps) + 1), places):
            yield self._with([*self.steps[:start], *self.steps[start + width :]])
        for pair in combinations(places, 2):
            yield self._with([step for place, step in enumerate(self.steps) if place not in pair])
        for place, (step, facts) in enumerate(self.steps):
            for plain in (Step(act=Act.MOVE), attrs.evolve(step, wait=timedelta(), people=0)):
                yield self._with([*self.steps[:place], (plain, facts), *self.steps[place + 1 :]])

    def _with(self, steps: Sequence[tuple[Step, Facts]]) -> Plan:
        return Plan(self.entry, self.values, self.facts, steps)


@final
class Game:
    """One record that is played, and what has come of it."""

    def __init__(self, hints: Hints, judges: tuple[Judge, ...], told: Voice) -> None:
        self._hints, self._judges, self._told = hints, judges, told
        self._pipeline = hints.pipeline
        self.changes: tuple[Change, ...] = ()

    def play(self, plan: Plan) -> Record | None:
        """Play a plan; give the record, None where none was opened. Raises `Broken` as soon as anything is."""
        self.changes = ()
        record = self._begin(Player(self._hints, plan.facts), plan)
        for step, facts in plan.steps if record is not None else ():
            record = self._go_on(Player(self._hints, facts), step, record)
        return record

    def _begin(self, player: Player, plan: Plan) -> Record | None:
        try:
            deeds = player.open("deal", plan.values, stage=plan.entry, at=START, late=timedelta())
        except Disagreement as disagreement:
            self._fail(disagreement, ())
        record: Record | None = None
        for deed in deeds:
            record = evolve(record, deed.change) if record is not None else _opened(deed.change)
            self._look(deed, record)
        return record

    def _go_on(self, player: Player, step: Step, record: Any) -> Any:
        before = encode(record)
        try:
            deeds = player.play(step, record, self.changes)
        except Disagreement as disagreement:
            self._fail(disagreement, player.deeds)
        if not deeds and encode(record) != before:
            raise self._told.say_law(Problem("law.refused"), self.changes)
        for deed in deeds:
            record = evolve(record, deed.change)
            self._look(deed, record)
        return record

    def _look(self, deed: Deed, record: Record) -> None:
        """Ask the laws and the invariants after a change."""
        broken = tuple(find_broken_laws(self._pipeline, self.changes, deed, record))
        self.changes += (deed.change,)
        if broken:
            raise self._told.say_law(broken[0], self.changes)
        for judge in self._judges:
            try:
                breach = judge.ask(self._pipeline, self.changes, deed, record)
            except Exception as error:
                error.add_note(str(Story(self.changes)))
                raise
            if breach is not None:
                what = judge.name(self._told.language, self._told.names)
                raise self._told.say(what, self.changes, why=breach.why, unmet=breach.unmet)

    def _fail(self, disagreement: Disagreement, deeds: Sequence[Deed]) -> NoReturn:
        parts = tuple(dict.fromkeys((*disagreement.asked, *disagreement.done)))
        changes = (*self.changes, *(deed.change for deed in deeds))
        raise self._told.say_law(Problem("law.asked"), changes, unmet=parts) from None


def _opened(change: Any) -> Record:
    record: Record = change.record
    return record


def shorten(plan: Plan, broken: Broken, play: Callable[[Plan], object]) -> Broken:
    """Give the failure with the shortest story that comes of leaving out further steps, and of waiting less.

    Hypothesis leaves out few steps at a time: it keeps a way there and back again.
    """
    best, is_better = broken, True
    while is_better:
        is_better = False
        for simpler in plan.simpler():
            try:
                play(simpler)
            except Broken as other:
                is_better = other.what == best.what and (other.length, str(other)) < (best.length, str(best))
                if is_better:
                    best, plan = other, simpler
                    break
    return best
