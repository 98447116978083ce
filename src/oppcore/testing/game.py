"""One record that is played by a plan, looked at after every change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from itertools import product
from typing import Any, NoReturn, TypeAlias, final

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
from oppcore.testing.steps import Step
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

    def without(self, start: int, stop: int) -> Plan:
        """Give the plan without some of its steps."""
        return Plan(self.entry, self.values, self.facts, [*self.steps[:start], *self.steps[stop:]])


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
    """Give the failure with the shortest story that comes of leaving out further steps, several at a time.

    Hypothesis leaves out few at a time: it keeps a way there and back again.
    """
    best, is_shorter = broken, True
    while is_shorter:
        is_shorter = False
        for width, start in product(range(1, len(plan.steps) + 1), range(len(plan.steps))):
            shorter = plan.without(start, start + width)
            try:
                play(shorter)
            except Broken as other:
                if other.what == best.what and other.length < best.length:
                    best, plan, is_shorter = other, shorter, True
                    break
    return best
