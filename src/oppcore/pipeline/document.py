"""Pipelines from TOML and JSON and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from oppcore.criteria import Criterion
from oppcore.criteria.document import CriterionReader, write_criterion
from oppcore.document import (
    DocumentFault,
    Special,
    check_values,
    make_converter,
    parse,
    structure,
    want_list,
    want_table,
)
from oppcore.errors import InvalidDocument, InvalidPipeline, Problem, Unsupported
from oppcore.pipeline.fields import CustomField
from oppcore.pipeline.pipeline import Pipeline
from oppcore.pipeline.stage import Labels, Stage
from oppcore.pipeline.structure import MAX_STAGES
from oppcore.records import FIELDS, Field

__all__ = ["dump_pipeline", "load_pipeline", "write_pipeline"]


_NO_FIELDS = CriterionReader({}, None)


def _read_labels(value: Any, _type: Any) -> Labels:
    table = want_table(value)
    if not all(isinstance(text, str) for text in table.values()):
        raise DocumentFault.one("pipeline.labels")
    return tuple(sorted(table.items()))


def _declared(data: Mapping[str, Any]) -> dict[str, Field]:
    """Give the fields criteria may speak of; what is wrong with a declaration is said later, with its path."""
    found = dict(FIELDS)
    declared = data.get("fields")
    converter = _converter(_NO_FIELDS)
    for table in want_list(declared) if isinstance(declared, list) else ():
        try:
            own = structure(converter, table, CustomField)
        except DocumentFault:
            continue
        found.setdefault(own.key, Field(own.key, own.type, "", own.choices))
    return found


def _write_gate(gate: Iterable[Criterion]) -> list[dict[str, Any]]:
    return [write_criterion(criterion) for criterion in gate]


def _converter(reader: CriterionReader) -> Any:
    gate = Special(reader.read_gate, _write_gate)
    converter = make_converter({Stage: {"entry": gate, "exit": gate}})
    converter.register_structure_hook_func(lambda type_: type_ == Labels, _read_labels)
    converter.register_unstructure_hook_func(lambda type_: type_ == Labels, dict)
    return converter


def load_pipeline(source: str | bytes | Mapping[str, Any]) -> Pipeline:
    """Read a pipeline from the text of a TOML or JSON document (JSON starts with `{`), or from plain data.

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
    reader = CriterionReader(_declared(data), currency if isinstance(currency, str) else None)
    try:
        return structure(_converter(reader), dict(data), Pipeline)
    except DocumentFault as fault:
        raise InvalidPipeline(fault.problems) from None


def write_pipeline(pipeline: Pipeline) -> dict[str, Any]:
    """Give a pipeline as plain data; `load_pipeline` makes an equal pipeline of it. Decimals are texts."""
    data: dict[str, Any] = _converter(_NO_FIELDS).unstructure(pipeline)
    return data


def dump_pipeline(pipeline: Pipeline, *, format: Literal["toml", "json"] = "toml") -> str:
    """Write a pipeline as a document; `load_pipeline` reads an equal pipeline from it.

    TOML needs the package tomli-w (`pip install oppcore[cli]`); without it `Unsupported` is raised.
    """
    data = write_pipeline(pipeline)
    if format == "json":
        import json

        return json.dumps(data, ensure_ascii=False, indent=2) + "\n"
    try:
        import tomli_w
    except ImportError:
        raise Unsupported("writing TOML without tomli-w; install oppcore[cli], or write JSON") from None
    return tomli_w.dumps(data)
