"""Telling what was broken: what does not hold, why, and the story that leads there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import final

import attrs

from oppcore.engine import Change, unmet_opening
from oppcore.errors import Problem
from oppcore.messages import Names
from oppcore.pipeline import Pipeline
from oppcore.proof import Story
from oppcore.proof.walking import START

__all__ = ["Broken", "Voice"]


@final
class Broken(AssertionError):
    """Something does not hold at the end of a story."""

    def __init__(self, message: str, what: str, length: int) -> None:
        super().__init__(message)
        self.what, self.length = what, length


@final
@attrs.frozen
class Voice:
    """Tells what was broken, and the story."""

    pipeline: Pipeline
    language: str
    names: Names

    def say(self, what: str, changes: Sequence[Change], *, why: str = "", unmet: Iterable[Problem] = ()) -> Broken:
        """Say that something does not hold, why, and how it came to that."""
        said = Problem("machine.broken", "", {"what": what, "why": why}).text(self.language, names=self.names)
        reasons = [f"  - {one.text(self.language, names=self.names)}" for one in unmet]
        story = Story(tuple(changes)).tell(self.language, names=self._with_people(changes))
        return Broken("\n".join([said, *reasons, story]), what, len(changes))

    def say_law(self, law: Problem, changes: Sequence[Change], *, unmet: Iterable[Problem] = ()) -> Broken:
        """Say that a law of oppcore does not hold."""
        return self.say(law.text(self.language, names=self.names), changes, unmet=unmet)

    def say_unopened(self) -> str:
        """Say that nothing could be tried out, and what is in the way of opening anything."""
        entry = self.pipeline.entries[0]
        problems = unmet_opening(self.pipeline, "deal", {}, at=START, stage=entry)
        said = Problem("machine.unopened", "", {"stage": entry}).text(self.language, names=self.names)
        return "\n".join([said, *(f"  - {one.text(self.language, names=self.names)}" for one in problems)])

    def _with_people(self, changes: Sequence[Change]) -> Names:
        """Give the names, and those of who acted, with their roles."""
        people: dict[str, str] = {}
        for change in changes:
            name, *roles = (change.stamp.actor_id or "").split("+")
            if roles:
                called = self.names.get("role", {})
                people[f"{change.stamp.actor_id}"] = f"{name} ({', '.join(called.get(one, one) for one in roles)})"
        return {**self.names, "actor": {**people, **self.names.get("actor", {})}}
