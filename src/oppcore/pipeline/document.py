"""Pipelines from TOML and JSON and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, Literal, TypeAlias

from oppcore.criteria import Criterion, Leaf
from oppcore.criteria.document import CriterionReader, write_criterion
from oppcore.document import (
    MAX_FAULTS,
    DocumentFault,
    Special,
    check_values,
    collect,
    make_converter,
    parse,
    structure,
    want_list,
    want_table,
)
from oppcore.errors import InvalidDocument, InvalidPipeline, Problem, Unsupported
from oppcore.pipeline.approvals import Approval, ApprovalStep, Cover
from oppcore.pipeline.claims import Claim
from oppcore.pipeline.fields import CustomField
from oppcore.pipeline.pipeline import Pipeline
from oppcore.pipeline.reasons import Reason
from oppcore.pipeline.stage import Labels, Stage, StageKind
from oppcore.pipeline.structure import MAX_STAGES
from oppcore.pipeline.transitions import Action, Transition
from oppcore.records import Bound, Field, RecordKind, fields_of

__all__ = ["OwnCriteria", "dump_pipeline", "load_pipeline", "write_pipeline"]


OwnCriteria: TypeAlias = Mapping[str, type[Leaf]]
"""The host's own criteria: what a document calls them, and their classes."""

_NO_FIELDS = CriterionReader({}, None)


def _read_labels(value: Any, _type: Any) -> Labels:
    table = want_table(value)
    if not all(isinstance(text, str) for text in table.values()):
        raise DocumentFault.one("pipeline.labels")
    return tuple(sorted(table.items()))


def _read_covers(value: Any) -> tuple[Cover, ...]:
    """Read what an approval is about: names of fields, or `{at_most = NAME}`, `{at_least = NAME}`."""

    def read(item: Any) -> Cover:
        if isinstance(item, str):
            return Cover(item)
        table = want_table(item)
        bounds = [str(bound) for bound in Bound if bound is not Bound.EQUAL]
        if len(table) != 1 or next(iter(table)) not in bounds:
            raise DocumentFault.one("approval.cover", known=bounds)
        [(bound, name)] = table.items()
        if not isinstance(name, str):
            raise DocumentFault.one("document.type", bound, need="a text", have=type(name).__name__)
        return Cover(name, Bound(bound))

    return tuple(collect((f"[{n}]", partial(read, item)) for n, item in enumerate(want_list(value))))


def _write_covers(covers: tuple[Cover, ...]) -> list[Any]:
    return [one.field if one.bound is Bound.EQUAL else {str(one.bound): one.field} for one in covers]


def _declared(data: Mapping[str, Any]) -> dict[str, Field]:
    """Give the fields criteria may speak of; what is wrong with a declaration is said later, with its path."""
    found = dict(fields_of(RecordKind.LEAD if data.get("kind") == RecordKind.LEAD else RecordKind.OPPORTUNITY))
    declared = data.get("fields")
    converter = _converter(_NO_FIELDS)
    for table in want_list(declared) if isinstance(declared, list) else ():
        try:
            own = structure(converter, table, CustomField)
        except DocumentFault:
            continue
        found.setdefault(own.key, Field(own.key, own.type, "", own.choices))
    return found


def _expanded(value: Any, items: list[Any]) -> Any:
    """Put a stage's own checklist where its gates say `{answered = "checklist"}`."""
    if isinstance(value, list):
        return [_expanded(item, items) for item in want_list(value)]
    if isinstance(value, dict):
        table = want_table(value)
        if table == {"answered": "checklist"}:
            return {"answered": items}
        return {key: _expanded(item, items) for key, item in table.items()}
    return value


def _with_checklists(data: Mapping[str, Any]) -> dict[str, Any]:
    stages = data.get("stages")
    if not isinstance(stages, list):
        return dict(data)
    found: list[Any] = []
    for stage in want_list(stages):
        checklist = want_table(stage).get("checklist") if isinstance(stage, dict) else None
        keys = [want_table(item).get("key") for item in want_list(checklist)] if _is_tables(checklist) else []
        gates = {gate: _expanded(stage[gate], keys) for gate in ("entry", "exit", "stay") if keys and gate in stage}
        found.append({**want_table(stage), **gates} if gates else stage)
    return {**data, "stages": found}


_PARTS: Mapping[str, tuple[type[Any], Mapping[str, Any]]] = {
    "stages": (Stage, {"kind": "open"}),
    "reasons": (Reason, {"outcome": "lost"}),
    "fields": (CustomField, {"type": "text"}),
    "actions": (Action, {}),
    "approvals": (Approval, {"steps": [{"key": "step", "roles": ["role"]}]}),
}
"""The lists of a pipeline, and what harmless thing can stand in for an item that cannot be read."""


def _reads(converter: Any, value: Any, type_: type[Any]) -> bool:
    try:
        structure(converter, value, type_)
    except DocumentFault:
        return False
    return True


def _stand_in(item: Any, number: int, harmless: Mapping[str, Any]) -> dict[str, Any]:
    table = want_table(item) if isinstance(item, dict) else {}
    key, kind = table.get("key"), table.get("kind")
    found = {**harmless, "key": key if isinstance(key, str) and key.strip() else f"item {number}"}
    return {**found, "kind": kind} if kind in tuple(StageKind) and "kind" in harmless else found


def _find_further(converter: Any, data: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Find what is wrong between the parts of a document whose parts are wrong: with harmless parts in their place."""
    repaired: dict[str, Any] = {"key": "pipeline", "stages": [{"key": "stage", "kind": "open"}]}
    for name, (type_, harmless) in _PARTS.items():
        if isinstance(data.get(name), list):
            items = enumerate(want_list(data[name]))
            repaired[name] = [
                item if _reads(converter, item, type_) else _stand_in(item, number, harmless) for number, item in items
            ]
    for name, type_ in (("opens_in", tuple[str, ...]), ("transitions", tuple[Transition, ...]), ("kind", RecordKind)):
        if name in data and _reads(converter, data[name], type_):
            repaired[name] = data[name]
    if isinstance(data.get("currency"), str):
        repaired["currency"] = data["currency"]
    try:
        structure(converter, repaired, Pipeline)
    except DocumentFault as fault:
        return fault.problems
    return ()


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in want_list(value))


def _converter(reader: CriterionReader, own: OwnCriteria | None = None) -> Any:
    def write_gate(gate: Iterable[Criterion]) -> list[dict[str, Any]]:
        return [write_criterion(criterion, own) for criterion in gate]

    gate = Special(reader.read_gate, write_gate)
    condition = Special(reader.read, lambda criterion: None if criterion is None else write_criterion(criterion, own))
    converter = make_converter(
        {
            Stage: {"entry": gate, "exit": gate, "stay": gate},
            Transition: {"gate": gate},
            Action: {"gate": gate},
            Approval: {"covers": Special(_read_covers, _write_covers)},
            ApprovalStep: {"when": condition},
            Claim: {"holds": gate},
        }
    )
    converter.register_structure_hook_func(lambda type_: type_ == Labels, _read_labels)
    converter.register_unstructure_hook_func(lambda type_: type_ == Labels, dict)
    return converter


def load_pipeline(source: str | bytes | Mapping[str, Any], *, criteria: OwnCriteria | None = None) -> Pipeline:
    """Read a pipeline from the text of a TOML or JSON document (JSON starts with `{`), or from plain data.

    `criteria` names the host's own criteria: `{"legal_reviewed": LegalReviewed}` lets a gate say
    `{legal_reviewed = {…}}`, the table holding the fields of the class.

    Raises `InvalidPipeline` with every fault at once, each with its path and a suggestion where one is near.

    >>> pipeline = load_pipeline('''
    ... key = "new-business"
    ... [[stages]]
    ... key = "qualified"
    ... kind = "open"
    ... [[stages]]
    ... key = "won"
    ... kind = "won"
    ... ''')
    >>> [stage.key for stage in pipeline.stages]
    ['qualified', 'won']
    """
    try:
        data = source if isinstance(source, Mapping) else parse(source)
        if data is source:
            check_values(dict(data))
    except InvalidDocument as error:
        raise InvalidPipeline(error.problems) from None
    stages = data.get("stages")
    if isinstance(stages, list) and len(want_list(stages)) > MAX_STAGES:
        raise InvalidPipeline((Problem("pipeline.too_many_stages", "stages", {"most": MAX_STAGES}),))
    currency = data.get("currency")
    reader = CriterionReader(_declared(data), currency if isinstance(currency, str) else None, own=criteria)
    converter, data = _converter(reader), _with_checklists(data)
    try:
        return structure(converter, data, Pipeline)
    except DocumentFault as fault:
        further = _find_further(converter, data)
        raise InvalidPipeline(tuple(dict.fromkeys((*fault.problems, *further)))[:MAX_FAULTS]) from None


def write_pipeline(pipeline: Pipeline, *, criteria: OwnCriteria | None = None) -> dict[str, Any]:
    """Give a pipeline as plain data; `load_pipeline` makes an equal pipeline of it. Decimals are texts.

    Raises `TypeError` for a criterion of the host's own that `criteria` does not name.
    """
    data: dict[str, Any] = _converter(_NO_FIELDS, criteria).unstructure(pipeline)
    return data


def dump_pipeline(
    pipeline: Pipeline,
    *,
    format: Literal["toml", "json"] = "toml",
    criteria: OwnCriteria | None = None,
) -> str:
    """Write a pipeline as a document; `load_pipeline` reads an equal pipeline from it.

    TOML needs the package tomli-w (`pip install oppcore[cli]`); without it `Unsupported` is raised.
    """
    data = write_pipeline(pipeline, criteria=criteria)
    if format == "json":
        import json

        return json.dumps(data, ensure_ascii=False, indent=2) + "\n"
    try:
        import tomli_w
    except ImportError:
        raise Unsupported("writing TOML without tomli-w; install oppcore[cli], or write JSON") from None
    return tomli_w.dumps(data)
