"""Running scenarios: every step is a call of the engine, and what came of it is held against what was expected."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any, TypeAlias, final

import attrs

from oppcore.engine import (
    Change,
    Opened,
    amend,
    convert,
    evolve,
    move,
    open_lead,
    open_opportunity,
    request_approval,
    require_action,
    sign,
)
from oppcore.errors import MoveRefused, Problem
from oppcore.pipeline import Pipeline
from oppcore.records import Record, RecordKind, get_field
from oppcore.testing.scenarios.scenario import Act, Expectation, Scenario, Step

__all__ = ["ScenarioResult", "StepResult", "run_scenario"]

_DAY = timedelta(days=1)

Watch: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]
"""What a recorder does with a function of the engine: gives one that is the same, and is seen."""


@final
@attrs.frozen(kw_only=True)
class StepResult:
    """What came of a step: the problems it was refused for, and every difference to what was expected."""

    step: Step
    problems: tuple[Problem, ...] = ()
    differences: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether all is as expected."""
        return not self.differences


@final
@attrs.frozen(kw_only=True)
class ScenarioResult:
    """What came of a scenario, step by step; after a step that is not as expected nothing more is done.

    `record` is how the record stands in the end, None where it was never opened. `str(result)` says it in words.
    """

    scenario: Scenario
    steps: tuple[StepResult, ...]
    record: Record | None = None

    @property
    def passed(self) -> bool:
        """Whether everything was as expected."""
        return all(step.passed for step in self.steps)

    def __str__(self) -> str:
        return "\n".join(_tell(self))


def run_scenario(scenario: Scenario, *, pipeline: Pipeline | None = None, watch: Watch | None = None) -> ScenarioResult:
    """Run a scenario, in another revision of its pipeline if one is given, and say what came of it.

    `watch` is that of a `RuleRecorder`, which then knows what the scenario has exercised.
    """
    rules = scenario.pipeline if pipeline is None else pipeline
    runner = _Runner(attrs.evolve(scenario, pipeline=rules), watch or (lambda function: function))
    return runner.run()


@final
class _Runner:
    """One run: the record as it stands, and the time that has passed."""

    def __init__(self, scenario: Scenario, watch: Watch) -> None:
        self._scenario, self._watch = scenario, watch
        self._pipeline, self._at = scenario.pipeline, scenario.at
        given = scenario.given
        self._record = None if given is None else given.make(scenario.pipeline, at=scenario.at)

    def run(self) -> ScenarioResult:
        found: list[StepResult] = []
        for step in self._scenario.steps:
            self._at += step.after
            found.append(self._take(step))
            if not found[-1].passed:
                break
        return ScenarioResult(scenario=self._scenario, steps=tuple(found), record=self._record)

    def _take(self, step: Step) -> StepResult:
        problems: tuple[Problem, ...] = ()
        try:
            changes = self._do(step)
        except MoveRefused as refusal:
            problems = refusal.problems
        else:
            for change in changes:
                self._record = change.record if isinstance(change, Opened) else evolve(self._record, change)
        differences = (*_find_differences(step.expected, problems), *self._find_others(step.expected))
        return StepResult(step=step, problems=problems, differences=differences)

    def _do(self, step: Step) -> tuple[Change, ...]:
        do, args, named = self._call(step)
        changes = self._watch(do)(self._pipeline, *args, **named, at=self._at, actor=step.actor)
        return tuple(changes or ())[:1] if step.act is Act.CONVERT else tuple(changes or ())

    def _call(self, step: Step) -> tuple[Callable[..., Any], tuple[Any, ...], Mapping[str, Any]]:
        """Give the function of the engine, its arguments and its options."""
        record, what = self._record, step.what
        bent: dict[str, Any] = {"facts": step.facts, "override": step.override}
        match step.act:
            case Act.OPEN:
                if self._pipeline.kind is RecordKind.LEAD:
                    return open_lead, ("lead", step.values), {"stage": what, **bent}
                return open_opportunity, ("deal", step.values), {"stage": what, **bent}
            case Act.MOVE | Act.CLOSE:
                closing = step.act is Act.CLOSE
                outcome = what if closing else step.outcome
                form = {"outcome": outcome, "reason": step.reason, "amending": step.values}
                return move, (record, None if closing else what), {**form, **bent}
            case Act.AMEND:
                return amend, (record, step.values), {"override": step.override}
            case Act.ACT:
                return require_action, (record, what), {"facts": step.facts}
            case Act.REQUEST:
                return request_approval, (record, what), {"facts": step.facts}
            case Act.SIGN:
                signed = {name: getattr(step, name) for name in ("step", "signer", "before", "comment", "override")}
                return sign, (record, what, step.verdict), signed
            case Act.CONVERT:
                into = {"into": self._scenario.others[what], "opportunity_id": "deal", "values": step.values}
                return convert, (record,), {**into, "facts": step.facts}

    def _find_others(self, expected: Expectation) -> Iterator[str]:
        """Say where the record does not stand as it should."""
        if self._record is None:
            return
        progress = self._record.progress
        for name in ("stage", "outcome", "reason"):
            need, have = getattr(expected, name), getattr(progress, name)
            if need not in (None, have):
                yield f"its {name} should then be {need}, and is {have}"
        for name, need in expected.values.items():
            have = get_field(self._record, name)
            if have != need:
                shown = (need, have) if name not in self._pipeline.personal else ("…", "another")
                yield f"its {name} should then be {shown[0]}, and is {shown[1]}"


def _find_differences(expected: Expectation, problems: tuple[Problem, ...]) -> Iterator[str]:
    if not expected.reasons:
        yield from ["it should be allowed, and is refused"] * bool(problems)
        return
    if not problems:
        yield "it should be refused, and is allowed"
        return
    for reason in expected.reasons:
        if not any(reason.fits(problem) for problem in problems):
            yield f"there is no {reason} among the reasons"
    if expected.exactly:
        for problem in problems:
            if not any(reason.fits(problem) for reason in expected.reasons):
                yield f"nobody expected {problem.code} {problem.path}".rstrip()


def _tell(result: ScenarioResult) -> Iterator[str]:
    scenario = result.scenario
    kind = "lead" if scenario.pipeline.kind is RecordKind.LEAD else "deal"
    yield f"{scenario.name}: {'passed' if result.passed else 'failed'} (pipeline {scenario.pipeline.key})"
    if (given := scenario.given) is not None:
        days = f", for {given.in_stage / _DAY:g} days" if given.in_stage else ""
        held = f", with {', '.join(given.values)}" if given.values else ""
        said = "".join(f", approval of {subject} {status}" for subject, status in given.approvals)
        outcome = "" if given.outcome == "open" else f" ({given.outcome})"
        yield f"  given: a {kind} in {given.stage}{outcome}{days}{held}{said}"
    for number, found in enumerate(result.steps, 1):
        yield f"  step {number}: {found.step}: {'as expected' if found.passed else 'NOT as expected'}"
        if not found.passed:
            yield f"    expected: {found.step.expected}"
            yield f"    happened: {'refused, because' if found.problems else 'allowed'}"
            yield from (_say(problem) for problem in found.problems)
            yield from (f"    so {difference}" for difference in found.differences)
    if left := len(scenario.steps) - len(result.steps):
        yield f"  {left} more step{'s' * (left > 1)} not taken"


def _say(problem: Problem) -> str:
    where = f" {problem.path}" if problem.path else ""
    rule = f" [{problem.rule}]" if problem.rule else ""
    return f"      {problem.code}{where}: {problem}{rule}"
