"""Every single change of a rule that can be tried on a pipeline, said in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, TypeAlias

import attrs

from oppcore.criteria import Criterion, say_criterion
from oppcore.pipeline import Approval, ApprovalStep, Pipeline, Policy
from oppcore.pipeline.flow import FORBIDDEN
from oppcore.records import Bound, Mode, Outcome
from oppcore.testing.mutation.conditions import change_criterion

__all__ = ["Change", "find_changes"]

Change: TypeAlias = tuple[str, str, Callable[[], Pipeline]]
"""The name of the rule, what is done to it, and what makes the changed pipeline, if it is one."""

Put: TypeAlias = Callable[[str, Any], Pipeline]
"""Gives the pipeline with another value in one field of a part of it."""


def find_changes(pipeline: Pipeline) -> Iterator[Change]:
    """Give every change, also such as make no valid pipeline, or one that decides alike."""

    def put(field: str, value: Any) -> Pipeline:
        return attrs.evolve(pipeline, **{field: value})

    yield from _of_stages(pipeline, put)
    yield from _of_flow(pipeline, put)
    yield from _of_transitions(pipeline, put)
    yield from _of_actions(pipeline, put)
    yield from _of_reasons(pipeline, put)
    for place, approval in enumerate(pipeline.approvals):
        yield from _of_approval(approval, _within(put, "approvals", pipeline.approvals, place))
    yield from _of_overrides(pipeline, put)


def _within(put: Put, field: str, items: Sequence[Any], place: int) -> Put:
    """Give what puts values into fields of one of several items."""

    def inner(name: str, value: Any) -> Pipeline:
        return put(field, _replaced(items, place, attrs.evolve(items[place], **{name: value})))

    return inner


def _replaced(items: Sequence[Any], place: int, *instead: Any) -> tuple[Any, ...]:
    return (*items[:place], *instead, *items[place + 1 :])


def _of_stages(pipeline: Pipeline, put: Put) -> Iterator[Change]:
    for place, stage in enumerate(pipeline.stages):
        inner, name = _within(put, "stages", pipeline.stages, place), f"stages.{stage.key}"
        for gate, words in (("entry", "entry of"), ("stay", "stay in"), ("exit", "exit of")):
            criteria = getattr(stage, gate)
            yield from _of_gate(criteria, partial(inner, gate), f"{name}.{gate}", f"{words} {stage.key}")
        yield from _of_roles(stage.roles, partial(inner, "roles"), f"{name}.roles", f"entry of {stage.key}")
        words = f"{stage.key} may {'no longer' if stage.may_be_skipped else 'now'} be skipped"
        yield f"{name}.may_be_skipped", words, partial(inner, "may_be_skipped", not stage.may_be_skipped)
    entries = pipeline.entries
    for stage in pipeline.open_stages:
        if stage.key not in entries:
            words = f"records may now be opened in {stage.key}"
            yield "opens_in", words, partial(put, "opens_in", (*entries, stage.key))
        elif len(entries) > 1:
            words = f"records may no longer be opened in {stage.key}"
            yield "opens_in", words, partial(put, "opens_in", tuple(key for key in entries if key != stage.key))


def _of_gate(
    criteria: tuple[Criterion, ...], put: Callable[[Any], Pipeline], name: str, words: str
) -> Iterator[Change]:
    for place, criterion in enumerate(criteria):
        said = say_criterion(criterion)
        yield f"{name}[{place}]", f"{words}: {said} dropped", partial(put, _replaced(criteria, place))
        for how, changed in change_criterion(criterion):
            text = f"{words}: {said} {how} to {say_criterion(changed)}"
            yield f"{name}[{place}]", text, partial(put, _replaced(criteria, place, changed))


def _of_roles(roles: tuple[str, ...], put: Callable[[Any], Pipeline], name: str, words: str) -> Iterator[Change]:
    if roles:
        yield name, f"{words}: open to anybody, not only to {', '.join(roles)}", partial(put, ())
    if len(roles) > 1:
        for place, role in enumerate(roles):
            yield name, f"{words}: no longer open to {role}", partial(put, _replaced(roles, place))


def _of_flow(pipeline: Pipeline, put: Put) -> Iterator[Change]:
    for direction, policy in pipeline.flow:

        def change(found: Policy, direction: str = direction) -> Pipeline:
            return put("flow", attrs.evolve(pipeline.flow, **{direction: found}))

        def admit(roles: Any, change: Callable[[Policy], Pipeline] = change) -> Pipeline:
            return change(Policy(roles=roles))

        name = f"flow.{direction}"
        if policy.allowed:
            yield name, f"to {direction} is no longer allowed", partial(change, FORBIDDEN)
            yield from _of_roles(policy.roles, admit, f"{name}.roles", f"to {direction}")
        else:
            yield name, f"to {direction} is now allowed", partial(change, Policy(roles=policy.roles))


def _of_transitions(pipeline: Pipeline, put: Put) -> Iterator[Change]:
    for place, one in enumerate(pipeline.transitions):
        inner, name = _within(put, "transitions", pipeline.transitions, place), f"transitions.{one.key}"
        words = f"the transition {one.key}"
        yield (
            "transitions",
            f"{words} is no longer drawn",
            partial(put, "transitions", _replaced(pipeline.transitions, place)),
        )
        yield from _of_gate(one.gate, partial(inner, "gate"), f"{name}.gate", words)
        yield from _of_roles(one.roles, partial(inner, "roles"), f"{name}.roles", words)


def _of_actions(pipeline: Pipeline, put: Put) -> Iterator[Change]:
    for place, action in enumerate(pipeline.actions):
        inner, name = _within(put, "actions", pipeline.actions, place), f"actions.{action.key}"
        yield from _of_gate(action.gate, partial(inner, "gate"), f"{name}.gate", f"the action {action.key}")
        yield from _of_roles(action.roles, partial(inner, "roles"), f"{name}.roles", f"the action {action.key}")


def _of_reasons(pipeline: Pipeline, put: Put) -> Iterator[Change]:
    for outcome in Outcome:
        known = pipeline.reasons_for(outcome)
        if known:
            left = tuple(one for one in pipeline.reasons if one.outcome is not outcome)
            yield f"reasons.{outcome}", f"to close as {outcome} needs no reason", partial(put, "reasons", left)


def _of_approval(approval: Approval, put: Put) -> Iterator[Change]:
    name, words = f"approvals.{approval.key}", f"approval of {approval.key}"
    for mode in Mode:
        if mode is not approval.mode and len(approval.steps) > 1:
            yield f"{name}.mode", f"{words}: {approval.mode} of its steps turned to {mode}", partial(put, "mode", mode)
    if approval.separate:
        yield f"{name}.separate", f"{words}: somebody may now sign twice", partial(put, "separate", False)
    else:
        yield f"{name}.separate", f"{words}: nobody may now sign twice", partial(put, "separate", True)
    yield from _of_roles(approval.roles, partial(put, "roles"), f"{name}.roles", words)
    for place, cover in enumerate(approval.covers):
        left = _replaced(approval.covers, place)
        yield f"{name}.covers", f"{words}: {cover.field} may change afterwards", partial(put, "covers", left)
        for bound in Bound:
            if bound is not cover.bound:
                text = f"{words}: {cover.field} approved as {cover.bound} turned to {bound}"
                changed = _replaced(approval.covers, place, attrs.evolve(cover, bound=bound))
                yield f"{name}.covers", text, partial(put, "covers", changed)
    for place, step in enumerate(approval.steps):
        if len(approval.steps) > 1:
            left = _replaced(approval.steps, place)
            yield f"{name}.steps.{step.key}", f"{words}: step {step.key} dropped", partial(put, "steps", left)
        inner = _within(put, "steps", approval.steps, place)
        yield from _of_step(step, inner, f"{name}.steps.{step.key}", f"{words}, step {step.key}")


def _of_step(step: ApprovalStep, put: Put, name: str, words: str) -> Iterator[Change]:
    for place, role in enumerate(step.roles):
        if len(step.roles) + len(step.signers) > 1:
            left = _replaced(step.roles, place)
            yield f"{name}.roles", f"{words}: no longer signed by {role}", partial(put, "roles", left)
    if step.when is not None:
        said = say_criterion(step.when)
        yield f"{name}.when", f"{words}: {said} dropped", partial(put, "when", None)
        for how, changed in change_criterion(step.when):
            text = f"{words}: {said} {how} to {say_criterion(changed)}"
            yield f"{name}.when", text, partial(put, "when", changed)


def _of_overrides(pipeline: Pipeline, put: Put) -> Iterator[Change]:
    for place, policy in enumerate(pipeline.overrides):
        inner, who = _within(put, "overrides", pipeline.overrides, place), ", ".join(policy.roles)
        for number, kind in enumerate(policy.waives):
            left = _replaced(policy.waives, number)
            words = f"{who} may no longer waive rules on {kind}"
            yield f"overrides[{place}]", words, partial(inner, "waives", left)
        for number, role in enumerate(policy.roles):
            if len(policy.roles) > 1:
                words = f"{role} may no longer waive rules"
                yield f"overrides[{place}]", words, partial(inner, "roles", _replaced(policy.roles, number))
