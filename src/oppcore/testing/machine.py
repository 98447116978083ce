"""The machine: it tries out a pipeline in every way it can think of, and tells the shortest story that breaks it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from unittest import TestCase

from hypothesis import HealthCheck, Phase, event, given
from hypothesis import settings as Settings  # noqa: N812 - the argument is called settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from oppcore.messages import Names
from oppcore.pipeline import Pipeline
from oppcore.testing.game import Facts, Game, Plan, shorten
from oppcore.testing.hints import Hints
from oppcore.testing.invariants import Invariant, judge_of
from oppcore.testing.records import values_of
from oppcore.testing.steps import Act, acts_of, steps
from oppcore.testing.telling import Broken, Voice

__all__ = ["pipeline_machine"]

_PACES = (6, 2)
"""How often records move: who hurries sees all stages, who takes time sees what can be done in one."""
_NOTHING: Mapping[str, Any] = {}


def pipeline_machine(
    pipeline: Pipeline,
    *,
    invariants: Iterable[Invariant] = (),
    facts: SearchStrategy[Mapping[str, Any]] | None = None,
    without: Iterable[str] = (),
    max_steps: int = 20,
    language: str = "en",
    names: Names | None = None,
    settings: Settings | None = None,
) -> type[TestCase]:
    """Give a test, for pytest and unittest, that looks for a story in which something does not hold.

    Records are opened, amended, moved, approved, put on hold, corrected and removed, rules are overridden and time
    passes, as far as the pipeline lets anybody do so and it is not left out (`without`, names of `Act`). What is tried
    is led by what the gates ask for, on either side of every limit. After each change oppcore's own laws and the
    `invariants` are asked: functions of the record and its changes, criteria, and claims.

    The failure is the shortest story that was found, told in a language with the pipeline's names, or `names`. `facts`
    generates what criteria of the host's own are told. `settings` are those of Hypothesis, such as `max_examples`.

    Raises `TypeError` or `ValueError` for what is no invariant or no act.

    >>> from oppcore import load_pipeline
    >>> pipeline = load_pipeline('''
    ... key = "shop"
    ... stages = [{key = "offer", kind = "open"}, {key = "won", kind = "won"}]
    ... ''')
    >>> def every_win_has_an_amount(deal, changes):
    ...     return deal.progress.outcome != "won" or deal.amount is not None
    >>> TestShop = pipeline_machine(pipeline, invariants=[every_win_has_an_amount])
    >>> result = TestShop("test_nothing_breaks_it").run()
    >>> told = result.failures[0][1].splitlines()
    >>> start = next(n for n, line in enumerate(told) if line.startswith("AssertionError"))
    >>> print(*told[start : start + 3], sep="\\n")
    AssertionError: every win has an amount: does not hold at the end of this story
    1. 2026-01-05 09:00: ann opens a deal in offer
    2. 2026-01-05 09:00: ann moves it from offer to won (won)
    """
    judges = tuple(judge_of(one) for one in invariants)
    hints = Hints(pipeline, [criterion for judge in judges for criterion in judge.criteria])
    voice = Voice(pipeline, language, pipeline.names(language) if names is None else names)
    plans = _plans(hints, acts_of(pipeline, without), st.just(_NOTHING) if facts is None else facts, max_steps)

    class PipelineMachine(TestCase):
        """What was made for one pipeline."""

        broken: Plan | None = None
        is_opened = False

        @_led_by(settings)
        @given(plan=plans)
        def play(self, plan: Plan) -> None:
            """Play one record."""
            try:
                record = Game(hints, judges, voice).play(plan)
            except Broken:
                type(self).broken = plan
                raise
            if record is not None:
                type(self).is_opened = True
                event(f"ends in {record.progress.state}")

        def test_nothing_breaks_it(self) -> None:
            """Nothing that should always hold is ever broken."""
            try:
                self.play()
            except Broken as broken:
                raise self.shortest(broken) from None
            if not self.is_opened:
                raise AssertionError(voice.say_unopened())

        def shortest(self, broken: Broken) -> AssertionError:
            """Give the failure with the shortest story, and what Hypothesis has to say."""
            plan = type(self).broken
            told = broken if plan is None else shorten(plan, broken, Game(hints, judges, voice).play)
            found = AssertionError(str(told))
            for note in getattr(broken, "__notes__", ()):
                found.add_note(note)
            return found

    return PipelineMachine


def _led_by(settings: Settings | None) -> Settings:
    """Give settings with which playing works: it takes its time, and needs no explanation but the story."""
    chosen = Settings() if settings is None else settings
    checks: Any = tuple(HealthCheck)
    return Settings(
        chosen,
        deadline=None,
        report_multiple_bugs=False,
        suppress_health_check=checks,
        phases=[phase for phase in chosen.phases if phase is not Phase.explain],
    )


@st.composite
def _plans(draw: DrawFn, hints: Hints, acts: tuple[Act, ...], facts: SearchStrategy[Facts], max_steps: int) -> Plan:
    pace = draw(st.sampled_from(_PACES))
    some = st.tuples(steps(hints.pipeline, acts=acts, pace=pace, is_lively=False), facts)
    few, many = st.lists(some, max_size=max_steps), st.lists(some, min_size=max_steps // 2, max_size=max_steps)
    return Plan(
        entry=draw(st.sampled_from(hints.pipeline.entries)),
        values=draw(st.one_of(st.just(_NOTHING), st.just(_NOTHING), values_of(hints.pipeline, max_size=3))),
        facts=draw(facts),
        steps=draw(st.one_of(few, many, many)),
    )
