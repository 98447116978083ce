"""What a pipeline must be, whoever wrote it: every fault at once, each with its path."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from oppcore.criteria import AllOf, Answered, AnyOf, Approved, Compare, Criterion, Exists, Not, Present, SomeOf, Text
from oppcore.criteria.combinators import parts_of
from oppcore.errors import Problem
from oppcore.money import CURRENCIES
from oppcore.pipeline.stage import Stage, StageKind
from oppcore.records import ITEM_FIELDS, Bound, FieldType, ForecastCategory, Outcome, RecordKind, fields_of
from oppcore.spelling import suggest

if TYPE_CHECKING:
    from oppcore.pipeline.pipeline import Pipeline

__all__ = ["CATEGORIES", "MAX_DEPTH", "MAX_NODES", "MAX_STAGES", "PROBABILITIES", "UNDECLARED", "find_faults"]

MAX_STAGES = 256
"""Stages in a pipeline."""
MAX_NODES = 64
"""Criteria in one gate, counted with those inside combinators."""
MAX_DEPTH = 16
"""Levels of criteria inside each other."""

CATEGORIES = {
    StageKind.WON: {ForecastCategory.CLOSED},
    StageKind.POST_SALE: {ForecastCategory.CLOSED},
    StageKind.LOST: {ForecastCategory.OMITTED},
    StageKind.OPEN: set(ForecastCategory) - {ForecastCategory.CLOSED},
}
"""The forecast categories that fit a kind of stage."""
UNDECLARED = (FieldType.INSTANT, FieldType.TEXTS, FieldType.ITEMS, FieldType.ANSWERS)
"""What a field of a pipeline's own cannot hold."""
_OF_THE_RECORD = (AllOf, AnyOf, SomeOf, Not, Present, Compare, Text, Exists, Answered, Approved)
_ORDERED = (FieldType.NUMBER, FieldType.MONEY, FieldType.DATE, FieldType.INSTANT)
PROBABILITIES = {StageKind.WON: 1, StageKind.POST_SALE: 1, StageKind.LOST: 0}
"""The only probability that a stage of a kind may say."""


def _twice(keys: Sequence[str], path: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, key in enumerate(keys):
        if key in seen:
            yield Problem("key.twice", f"{path}[{index}].key", {"key": key})
        seen.add(key)


def _unknown(word: str, known: Sequence[str], path: str, what: str) -> Problem:
    return Problem("key.unknown", path, {"what": what, "key": word, "suggestion": suggest(word, known)})


def _stage_faults(stage: Stage, path: str) -> Iterator[Problem]:
    wanted = PROBABILITIES.get(stage.kind)
    if wanted is not None and stage.probability not in (None, wanted):
        params = {"kind": stage.kind, "need": wanted, "have": stage.probability}
        yield Problem("stage.probability", f"{path}.probability", params)
    if stage.forecast_category is not None and stage.forecast_category not in CATEGORIES[stage.kind]:
        params = {"kind": stage.kind, "need": sorted(CATEGORIES[stage.kind]), "have": stage.forecast_category}
        yield Problem("stage.category", f"{path}.forecast_category", params)


def _gate_faults(
    gate: Sequence[Criterion], path: str, fields: Sequence[str], subjects: Sequence[str]
) -> Iterator[Problem]:
    nodes = 0
    waiting = [(criterion, f"{path}[{index}]", 1, fields) for index, criterion in enumerate(gate)]
    while waiting:
        criterion, where, depth, known = waiting.pop()
        nodes += 1
        if depth > MAX_DEPTH or nodes > MAX_NODES:
            yield Problem("gate.too_large", path, {"nodes": MAX_NODES, "depth": MAX_DEPTH})
            return
        if isinstance(criterion, (Present, Compare, Text)) and criterion.field not in known:
            yield _unknown(criterion.field, known, where, "field")
        if isinstance(criterion, Approved) and (criterion.subject not in subjects or known is not fields):
            yield _unknown(criterion.subject, subjects, where, "approval")
        if isinstance(criterion, Exists):
            if criterion.collection not in ITEM_FIELDS or known is not fields:
                yield _unknown(criterion.collection, list(ITEM_FIELDS), where, "collection")
            elif criterion.where is not None:
                waiting.append((criterion.where, f"{where}.where", depth + 1, list(ITEM_FIELDS[criterion.collection])))
        waiting.extend((part, f"{where}[{index}]", depth + 1, known) for index, part in enumerate(parts_of(criterion)))


def _field_faults(pipeline: Pipeline) -> Iterator[Problem]:
    built_in = fields_of(pipeline.kind)
    for index, field in enumerate(pipeline.fields):
        path = f"fields[{index}]"
        if field.key in built_in:
            yield Problem("field.built_in", f"{path}.key", {"key": field.key})
        if field.type in UNDECLARED:
            yield Problem("field.kind", f"{path}.type", {"have": field.type})
        if (field.type is FieldType.CHOICE) != bool(field.choices):
            yield Problem("field.choices", f"{path}.choices", {"key": field.key})


def _lead_faults(stage: Stage, path: str) -> Iterator[Problem]:
    """Refuse what makes no sense for leads: they have no probability, no forecast, and nothing after being won."""
    if stage.kind is StageKind.POST_SALE:
        yield Problem("lead.post_sale", f"{path}.kind")
    for name in ("probability", "forecast_category"):
        if getattr(stage, name) is not None:
            yield Problem("lead.forecast", f"{path}.{name}", {"key": name})


def _stay_faults(stage: Stage, path: str) -> Iterator[Problem]:
    """Refuse what a stay criterion cannot ask: it is looked at when fields change, not when time passes."""
    for index, criterion in enumerate(stage.stay):
        waiting: list[Criterion] = [criterion]
        while waiting:
            one = waiting.pop()
            waiting.extend(parts_of(one))
            if isinstance(one, Exists) and one.where is not None:
                waiting.append(one.where)
            if not isinstance(one, _OF_THE_RECORD):
                yield Problem("stay.criterion", f"{path}.stay[{index}]", {"have": type(one).__name__})


def _approval_faults(pipeline: Pipeline, names: Sequence[str], subjects: Sequence[str]) -> Iterator[Problem]:
    types = {name: field.type for name, field in fields_of(pipeline.kind).items()}
    types |= {field.key: field.type for field in pipeline.fields}
    for index, approval in enumerate(pipeline.approvals):
        path = f"approvals[{index}]"
        yield from _twice([step.key for step in approval.steps], f"{path}.steps")
        if not approval.steps:
            yield Problem("approval.no_steps", f"{path}.steps", {"subject": approval.key})
        for number, step in enumerate(approval.steps):
            where = f"{path}.steps[{number}]"
            if not step.roles and not step.signers:
                yield Problem("approval.nobody", where, {"step": step.key})
            if step.when is not None:
                yield from _gate_faults((step.when,), f"{where}.when", names, subjects)
        yield from _twice([cover.field for cover in approval.covers], f"{path}.covers")
        for number, cover in enumerate(approval.covers):
            where = f"{path}.covers[{number}]"
            if cover.field not in names:
                yield _unknown(cover.field, names, where, "field")
            elif cover.bound is not Bound.EQUAL and types[cover.field] not in _ORDERED:
                yield Problem("approval.bound", where, {"key": cover.field, "bound": cover.bound})


def _claim_faults(pipeline: Pipeline, names: Sequence[str], subjects: Sequence[str]) -> Iterator[Problem]:
    keys = [stage.key for stage in pipeline.stages]
    for index, claim in enumerate(pipeline.claims):
        path = f"claims[{index}]"
        for name in ("stage", "passed"):
            key = getattr(claim, name)
            if key is not None and key not in keys:
                yield _unknown(key, keys, f"{path}.{name}", "stage")
        yield from _gate_faults(claim.holds, f"{path}.holds", names, subjects)


def _stages_faults(pipeline: Pipeline, names: Sequence[str], subjects: Sequence[str]) -> Iterator[Problem]:
    for index, stage in enumerate(pipeline.stages):
        path = f"stages[{index}]"
        yield from _stage_faults(stage, path)
        if pipeline.kind is RecordKind.LEAD:
            yield from _lead_faults(stage, path)
        for gate in ("entry", "exit", "stay"):
            yield from _gate_faults(getattr(stage, gate), f"{path}.{gate}", names, subjects)
        yield from _stay_faults(stage, path)
        yield from _twice([item.key for item in stage.checklist], f"{path}.checklist")
        for number, name in enumerate(stage.asks):
            if name not in names:
                yield _unknown(name, names, f"{path}.asks[{number}]", "field")
    for index, action in enumerate(pipeline.actions):
        yield from _gate_faults(action.gate, f"actions[{index}].gate", names, subjects)
    for index, transition in enumerate(pipeline.transitions):
        yield from _gate_faults(transition.gate, f"transitions[{index}].gate", names, subjects)


def _reference_faults(pipeline: Pipeline) -> Iterator[Problem]:
    keys = [stage.key for stage in pipeline.stages]
    open_keys = [stage.key for stage in pipeline.stages if stage.kind is StageKind.OPEN and not stage.archived]
    for index, key in enumerate(pipeline.opens_in):
        if key not in open_keys:
            yield _unknown(key, open_keys, f"opens_in[{index}]", "open stage")
    for index, transition in enumerate(pipeline.transitions):
        for end in ("source", "target"):
            key = getattr(transition, end)
            if key not in keys:
                yield _unknown(key, keys, f"transitions[{index}].{end}", "stage")
        if transition.source == transition.target:
            yield Problem("transition.loop", f"transitions[{index}]", {"key": transition.source})
    for index, reason in enumerate(pipeline.reasons):
        if reason.outcome is Outcome.WON and pipeline.kind is RecordKind.LEAD:
            yield Problem("lead.reason", f"reasons[{index}].outcome", {"key": reason.key})
        if reason.outcome is Outcome.OPEN:
            yield Problem("reason.open", f"reasons[{index}].outcome", {"key": reason.key})
    if pipeline.currency is not None and pipeline.currency not in CURRENCIES:
        yield _unknown(pipeline.currency, list(CURRENCIES), "currency", "currency")


def find_faults(pipeline: Pipeline) -> Iterator[Problem]:
    """Give every structural fault of a pipeline, with its path."""
    if len(pipeline.stages) > MAX_STAGES:
        yield Problem("pipeline.too_many_stages", "stages", {"most": MAX_STAGES})
        return
    for name in ("stages", "reasons", "fields", "actions", "approvals", "transitions", "claims"):
        yield from _twice([part.key for part in getattr(pipeline, name)], name)
    yield from _field_faults(pipeline)
    if not any(stage.kind is StageKind.OPEN and not stage.archived for stage in pipeline.stages):
        yield Problem("pipeline.no_open_stage", "stages")
    names = [*fields_of(pipeline.kind), *(field.key for field in pipeline.fields)]
    subjects = [approval.key for approval in pipeline.approvals]
    yield from _stages_faults(pipeline, names, subjects)
    yield from _approval_faults(pipeline, names, subjects)
    yield from _claim_faults(pipeline, names, subjects)
    yield from _reference_faults(pipeline)
