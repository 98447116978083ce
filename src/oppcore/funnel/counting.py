"""How deals are counted in steps: the rule, and what ends the way of a deal through them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any, Self, final

import attrs

from oppcore.funnel.cohort import WON
from oppcore.pipeline import Pipeline, StageKind
from oppcore.records import Outcome
from oppcore.spelling import choose, hint

__all__ = ["Counting", "CountingRule", "EntryRule", "check_span", "days_text"]


class CountingRule(StrEnum):
    """What it takes to be counted in a step.

    `touched`: to have stood in it at some time. `backfilled`: to have stood in it or in any later one.
    `backfilled_unless_lost`: the same for deals that are open or won; lost and abandoned ones count where they stood.
    `ordered`: to have stood in every step up to it, one after the other; other stages may lie between. `strict`: the
    same, and no other stage lies between. `unordered`: to have stood in so many of the steps, whichever they are and in
    any order; the steps of such a funnel are `any 1`, `any 2` and so on.
    """

    TOUCHED = "touched"
    BACKFILLED = "backfilled"
    BACKFILLED_UNLESS_LOST = "backfilled_unless_lost"
    ORDERED = "ordered"
    STRICT = "strict"
    UNORDERED = "unordered"


class EntryRule(StrEnum):
    """Which of several entries into the first step may begin the way that is counted.

    `any`: each of them, the best counts. `first`: only the first.
    """

    ANY = "any"
    FIRST = "first"


def check_span(_instance: Any, attribute: Any, value: Any) -> None:
    """Raise an error for what is no span of time longer than nothing."""
    if not isinstance(value, timedelta):
        message = f"{attribute.name} is a timedelta, not {type(value).__name__}"
        raise TypeError(message)
    if value <= timedelta():
        message = f"{attribute.name} is longer than nothing, not {value}"
        raise ValueError(message)


@final
@attrs.frozen(kw_only=True)
class Counting:
    """How deals are counted in steps: the rule, the steps, and what ends a way through them.

    A way begins where a deal enters the first step; by the rules that ask for no order, also where it enters any step
    for the first time, and by `unordered` wherever it enters any step. It ends before the first of the stages in
    `exclude`, and `window` (None: never) after it began.
    """

    count: CountingRule
    steps: tuple[str, ...]
    window: timedelta | None = attrs.field(default=None, validator=attrs.validators.optional(check_span))
    entry: EntryRule = EntryRule.ANY
    exclude: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        pipeline: Pipeline,
        *,
        count: CountingRule | str,
        steps: Iterable[str] | None = None,
        window: timedelta | None = None,
        entry: EntryRule | str = EntryRule.ANY,
        exclude: Iterable[str] = (),
    ) -> Self:
        """Check the settings against a pipeline. Raises `ValueError` for those that cannot be."""
        names = _find_steps(pipeline, steps)
        excluded = _find_excluded(pipeline, names, exclude)
        return cls(
            count=choose(CountingRule, count, "counting rule"),
            steps=names,
            window=window,
            entry=choose(EntryRule, entry, "entry rule"),
            exclude=excluded,
        )

    @property
    def names(self) -> tuple[str, ...]:
        """What the counts are called, in order: the steps, or how many of them."""
        if self.count is CountingRule.UNORDERED:
            return tuple(f"any {number}" for number in range(1, len(self.steps) + 1))
        return self.steps

    def text(self) -> str:
        """Say it in a few words: what stands in a title."""
        said = f"counting by {self.count}"
        if self.window is not None:
            beginning = "first entry" if self.entry is EntryRule.FIRST else "first step"
            said += f", within {days_text(self.window)} of the {beginning}"
        elif self.entry is EntryRule.FIRST:
            said += ", from the first entry on"
        return said + (f", not by way of {', '.join(self.exclude)}" if self.exclude else "")

    def detail(self) -> dict[str, Any]:
        """Give it as plain data; what is not asked for is not there."""
        found: dict[str, Any] = {"count": str(self.count)}
        if self.window is not None:
            found["window_days"] = self.window / timedelta(days=1)
        if self.entry is not EntryRule.ANY:
            found["entry"] = str(self.entry)
        if self.exclude:
            found["exclude"] = list(self.exclude)
        return found


def _find_steps(pipeline: Pipeline, steps: Iterable[str] | None) -> tuple[str, ...]:
    """Give the names of the steps, being won last."""
    known = [stage.key for stage in pipeline.open_stages]
    if isinstance(steps, str):
        message = f"a list of steps is wanted, not the text {steps!r}"
        raise TypeError(message)
    wanted = known if steps is None else list(steps)
    closing = {WON, *(stage.key for stage in pipeline.stages_of(StageKind.WON))} - set(known)
    if wanted and wanted[-1] in closing:
        wanted = wanted[:-1]
    for name in wanted:
        if name in closing:
            message = f"step {name!r} stands for being won, which can only be the last step"
            raise ValueError(message)
        if name not in known:
            message = f"step {name!r} is no open stage of pipeline {pipeline.key!r}; {hint(name, known)}"
            raise ValueError(message)
    if len(set(wanted)) < len(wanted):
        message = f"a step comes twice: {', '.join(wanted)}"
        raise ValueError(message)
    return (*wanted, WON)


def _find_excluded(pipeline: Pipeline, steps: Sequence[str], exclude: Iterable[str]) -> tuple[str, ...]:
    """Give the stages that end a way, in the order of the pipeline."""
    if isinstance(exclude, str):
        message = f"a list of stages to exclude is wanted, not the text {exclude!r}"
        raise TypeError(message)
    excluded = set(exclude)
    known = [stage.key for stage in pipeline.stages if stage.kind.outcome is not Outcome.WON]
    for name in sorted(excluded):
        if name in steps:
            message = f"stage {name!r} is a step; a way cannot do without it"
            raise ValueError(message)
        if name not in known:
            message = f"{name!r} is no stage of pipeline {pipeline.key!r} that a way can avoid; {hint(name, known)}"
            raise ValueError(message)
    return tuple(name for name in known if name in excluded)


def days_text(window: timedelta) -> str:
    """Say a span of time in days, where it is of whole ones."""
    if window % timedelta(days=1):
        return str(window)
    return "1 day" if window.days == 1 else f"{window.days:,} days"
