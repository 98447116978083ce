"""Scenarios from TOML: read strictly, every fault at once with its path, and nothing in them is executed."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_origin

import attrs

from oppcore.document import (
    MAX_BYTES,
    MAX_FAULTS,
    DocumentFault,
    collect,
    make_converter,
    parse,
    structure,
    want_list,
    want_table,
)
from oppcore.errors import InvalidDocument, Problem
from oppcore.pipeline import OwnCriteria, Pipeline, load_pipeline, template, template_keys
from oppcore.testing.scenarios.reading import ScenarioReader
from oppcore.testing.scenarios.scenario import Scenario
from oppcore.testing.scenarios.tables import Document, PipelineTable, ScenarioTable
from oppcore.testing.scenarios.values import unknown_word

if TYPE_CHECKING:
    from cattrs import Converter

__all__ = ["load_scenarios"]


def load_scenarios(path: str | Path, *, criteria: OwnCriteria | None = None) -> tuple[Scenario, ...]:
    """Read the scenarios of a file; `criteria` names the host's own, as for `load_pipeline`.

    Raises `InvalidDocument` with every fault at once, each with its path, and `OSError` where there is no such file.
    """
    place = Path(path)
    with place.open("rb") as file:
        data = parse(file.read(MAX_BYTES + 1))
    try:
        return _read(data, place, criteria)
    except DocumentFault as fault:
        further = _find_further(data, place, criteria)
        raise InvalidDocument(tuple(dict.fromkeys((*fault.problems, *further)))[:MAX_FAULTS]) from None


def _read(data: dict[str, Any], place: Path, criteria: OwnCriteria | None) -> tuple[Scenario, ...]:
    document = structure(_converter(), data, Document)
    return ScenarioReader(document, _load_pipelines(document, place.parent, criteria), str(place)).read()


def _find_further(data: dict[str, Any], place: Path, criteria: OwnCriteria | None) -> tuple[Problem, ...]:
    """Give the faults that are seen once scenarios with unknown or missing keys are out of the way."""
    found = data.get("scenarios")
    if not isinstance(found, list):
        return ()
    try:
        _read({**data, "scenarios": [_stand_in(item, n) for n, item in enumerate(want_list(found))]}, place, criteria)
    except DocumentFault as fault:
        return fault.problems
    return ()


def _stand_in(item: Any, number: int) -> Any:
    """Give a scenario as it is where it can be read, and else a harmless one of its name and pipeline."""
    try:
        structure(_converter(), want_table(item), ScenarioTable)
    except DocumentFault:
        table = want_table(item) if isinstance(item, dict) else {}
        kept = {key: table[key] for key in ("name", "pipeline") if isinstance(table.get(key), str)}
        return {"name": f"scenarios[{number}]", "steps": [{"close": "abandoned"}], **kept}
    return item


def _is_table(type_: Any) -> bool:
    origin: Any = get_origin(type_)
    return origin is dict


def _converter() -> Converter:
    converter = make_converter()

    def table_of(type_: Any) -> Any:
        inner = get_args(type_)[1]

        def read(value: Any, _type: Any) -> dict[str, Any]:
            table = want_table(value)
            if inner is Any:
                return table
            found = collect((key, partial(converter.structure, item, inner)) for key, item in table.items())
            return dict(zip(table, found, strict=True))

        return read

    converter.register_structure_hook_factory(_is_table, table_of)
    return converter


def _load_pipelines(document: Document, folder: Path, criteria: OwnCriteria | None) -> dict[str, Pipeline]:
    if not document.pipelines:
        raise DocumentFault.one("document.missing", "pipelines")
    parts = (
        (f"pipelines.{name}", partial(_load_pipeline, table, folder, criteria))
        for name, table in document.pipelines.items()
    )
    return dict(zip(document.pipelines, collect(parts), strict=True))


def _load_pipeline(table: PipelineTable, folder: Path, criteria: OwnCriteria | None) -> Pipeline:
    match table:
        case PipelineTable(file=str(file), template=None):
            try:
                with (folder / file).open("rb") as opened:
                    text = opened.read(MAX_BYTES + 1)
            except OSError as error:
                raise DocumentFault.one("scenario.unreadable", "file", have=file, why=error.strerror) from None
            return load_pipeline(text, criteria=criteria)
        case PipelineTable(file=None, template=str(key)):
            if key not in template_keys():
                raise DocumentFault((unknown_word("template", key, template_keys(), "template"),))
            return template(key)
        case _:
            known = [field.name for field in attrs.fields(PipelineTable)]
            have = [name for name in known if getattr(table, name) is not None]
            raise DocumentFault.one("criterion.one_of", known=known, have=have)
