"""What a pipeline must be, whoever wrote it: every fault at once, each with its path."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from oppcore.criteria import AllOf, AnyOf, Compare, Criterion, Not, Present, SomeOf, Text
from oppcore.errors import Problem
from oppcore.money import CURRENCIES
from oppcore.pipeline.fields import CustomField
from oppcore.pipeline.reasons import Reason
from oppcore.pipeline.stage import Stage, StageKind
from oppcore.records import FIELDS, FieldType, ForecastCategory, Outcome
from oppcore.spelling import suggest

__all__ = ["MAX_DEPTH", "MAX_NODES", "MAX_STAGES", "find_faults"]

MAX_STAGES = 256
"""Stages in a pipeline."""
MAX_NODES = 64
"""Criteria in one gate, counted with those inside combinators."""
MAX_DEPTH = 16
"""Levels of criteria inside each other."""

_CATEGORIES = {
    StageKind.WON: {ForecastCategory.CLOSED},
    StageKind.POST_SALE: {ForecastCategory.CLOSED},
    StageKind.LOST: {ForecastCategory.OMITTED},
    StageKind.OPEN: set(ForecastCategory) - {ForecastCategory.CLOSED},
}
_PROBABILITIES = {StageKind.WON: 1, StageKind.POST_SALE: 1, StageKind.LOST: 0}


def _twice(keys: Sequence[str], path: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, key in enumerate(keys):
        if key in seen:
            yield Problem("key.twice", f"{path}[{index}].key", {"key": key})
        seen.add(key)


def _unknown(word: str, known: Sequence[str], path: str, what: str) -> Problem:
    return Problem("key.unknown", path, {"what": what, "key": word, "suggestion": suggest(word, known)})


def _stage_faults(stage: Stage, path: str) -> Iterator[Problem]:
    wanted = _PROBABILITIES.get(stage.kind)
    if wanted is not None and stage.probability not in (None, wanted):
        params = {"kind": stage.kind, "need": wanted, "have": stage.probability}
        yield Problem("stage.probability", f"{path}.probability", params)
    if stage.forecast_category is not None and stage.forecast_category not in _CATEGORIES[stage.kind]:
        params = {"kind": stage.kind, "need": sorted(_CATEGORIES[stage.kind]), "have": stage.forecast_category}
        yield Problem("stage.category", f"{path}.forecast_category", params)


def _below(criterion: Criterion) -> tuple[Criterion, ...]:
    match criterion:
        case AllOf(parts) | AnyOf(parts) | SomeOf(_, parts):
            return parts
        case Not(part):
            return (part,)
        case _:
            return ()


def _gate_faults(gate: Sequence[Criterion], path: str, fields: Sequence[str]) -> Iterator[Problem]:
    nodes = 0
    waiting = [(criterion, f"{path}[{index}]", 1) for index, criterion in enumerate(gate)]
    while waiting:
        criterion, where, depth = waiting.pop()
        nodes += 1
        if depth > MAX_DEPTH or nodes > MAX_NODES:
            yield Problem("gate.too_large", path, {"nodes": MAX_NODES, "depth": MAX_DEPTH})
            return
        if isinstance(criterion, (Present, Compare, Text)) and criterion.field not in fields:
            yield _unknown(criterion.field, fields, where, "field")
        waiting.extend((part, f"{where}[{index}]", depth + 1) for index, part in enumerate(_below(criterion)))


def _field_faults(fields: Sequence[CustomField]) -> Iterator[Problem]:
    for index, field in enumerate(fields):
        path = f"fields[{index}]"
        if field.key in FIELDS:
            yield Problem("field.built_in", f"{path}.key", {"key": field.key})
        if field.type in (FieldType.INSTANT, FieldType.TEXTS):
            yield Problem("field.kind", f"{path}.type", {"have": field.type})
        if (field.type is FieldType.CHOICE) != bool(field.choices):
            yield Problem("field.choices", f"{path}.choices", {"key": field.key})


def find_faults(
    stages: Sequence[Stage],
    reasons: Sequence[Reason],
    fields: Sequence[CustomField],
    opens_in: Sequence[str],
    currency: str | None,
) -> Iterator[Problem]:
    """Give every structural fault of a pipeline's parts, with its path."""
    keys = [stage.key for stage in stages]
    if len(stages) > MAX_STAGES:
        yield Problem("pipeline.too_many_stages", "stages", {"most": MAX_STAGES})
        return
    yield from _twice(keys, "stages")
    yield from _twice([reason.key for reason in reasons], "reasons")
    yield from _twice([field.key for field in fields], "fields")
    yield from _field_faults(fields)
    if not any(stage.kind is StageKind.OPEN for stage in stages):
        yield Problem("pipeline.no_open_stage", "stages")
    names = [*FIELDS, *(field.key for field in fields)]
    for index, stage in enumerate(stages):
        path = f"stages[{index}]"
        yield from _stage_faults(stage, path)
        yield from _gate_faults(stage.entry, f"{path}.entry", names)
        yield from _gate_faults(stage.exit, f"{path}.exit", names)
    open_keys = [stage.key for stage in stages if stage.kind is StageKind.OPEN]
    for index, key in enumerate(opens_in):
        if key not in open_keys:
            yield _unknown(key, open_keys, f"opens_in[{index}]", "open stage")
    for index, reason in enumerate(reasons):
        if reason.outcome is Outcome.OPEN:
            yield Problem("reason.open", f"reasons[{index}].outcome", {"key": reason.key})
    if currency is not None and currency not in CURRENCIES:
        yield _unknown(currency, list(CURRENCIES), "currency", "currency")
