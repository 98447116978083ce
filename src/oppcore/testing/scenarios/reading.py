"""Scenarios from the tables of a document: names looked up, values read as their fields want them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import final

import attrs

from oppcore.document import DocumentFault, collect
from oppcore.engine import unmet_adoption
from oppcore.errors import Problem
from oppcore.pipeline import Pipeline
from oppcore.records import Actor
from oppcore.testing.scenarios.gathering import at_path, read_all, refuse, said_by, to_duration
from oppcore.testing.scenarios.scenario import Given, Scenario
from oppcore.testing.scenarios.steps import StepReader
from oppcore.testing.scenarios.tables import Document, GivenTable, ScenarioTable
from oppcore.testing.scenarios.values import ValueReader, unknown_word

__all__ = ["ScenarioReader"]


@final
class ScenarioReader:
    """Turns the tables of a document into scenarios, in pipelines that are loaded already."""

    def __init__(self, document: Document, pipelines: Mapping[str, Pipeline], file: str) -> None:
        self._document = document
        self._pipelines = pipelines
        self._file = file
        self._values = {name: ValueReader(pipeline) for name, pipeline in pipelines.items()}
        self._actors = dict(
            zip(
                document.actors,
                collect((f"actors.{id}", partial(Actor, id, roles)) for id, roles in document.actors.items()),
                strict=True,
            )
        )

    def read(self) -> tuple[Scenario, ...]:
        """Give every scenario. Raises `DocumentFault` with every fault."""
        tables = self._document.scenarios
        if not tables:
            raise DocumentFault.one("document.missing", "scenarios")
        names = [table.name for table in tables]
        twice = [
            Problem("key.twice", f"scenarios[{number}].name", {"key": name[:80]})
            for number, name in enumerate(names)
            if name in names[:number]
        ]
        read = (at_path(f"scenarios[{n}]", partial(self._scenario, n, table)) for n, table in enumerate(tables))
        return tuple(read_all(*read, lambda: refuse(twice))[: len(tables)])

    def _scenario(self, number: int, table: ScenarioTable) -> Scenario:
        key = self._pipeline_key(table)
        pipeline, values = self._pipelines[key], self._values[key]
        opens = bool(table.steps) and table.steps[0].open is not None
        reader = StepReader(pipeline, values, self._values, self._actors)
        given, steps = read_all(
            lambda: self._given(table.given, pipeline, values, opens=opens),
            partial(reader.read, table.steps),
        )
        return Scenario(
            name=table.name,
            pipeline=pipeline,
            at=self._document.at,
            given=given,
            steps=steps,
            others=self._pipelines,
            file=self._file,
            path=f"scenarios[{number}]",
        )

    def _pipeline_key(self, table: ScenarioTable) -> str:
        if table.pipeline is None:
            if len(self._pipelines) > 1:
                raise DocumentFault.one("scenario.which", "pipeline", known=list(self._pipelines))
            return next(iter(self._pipelines))
        if table.pipeline not in self._pipelines:
            raise DocumentFault((unknown_word("pipeline", table.pipeline, self._pipelines, "pipeline"),))
        return table.pipeline

    def _given(self, table: GivenTable | None, pipeline: Pipeline, values: ValueReader, *, opens: bool) -> Given | None:
        if opens:
            if table is not None:
                raise DocumentFault.one("scenario.opening", "given")
            return None
        return collect([("given", lambda: self._make_given(table or GivenTable(), pipeline, values))])[0]

    def _make_given(self, table: GivenTable, pipeline: Pipeline, values: ValueReader) -> Given:
        table = self._like(table, ())
        stage = pipeline.entries[0] if table.stage is None else table.stage
        known = [approval.key for approval in pipeline.approvals]
        unknown = [
            unknown_word("approval", subject, known, f"approvals.{subject}")
            for subject in table.approvals
            if subject not in known
        ]
        if stage not in pipeline:
            unknown.append(unknown_word("stage", stage, [one.key for one in pipeline.stages], "stage"))
        read, answers, _ = read_all(
            at_path("values", partial(values.read, table.values)),
            lambda: values.read({"answers": table.answers}),
            lambda: refuse(unknown),
        )
        given = Given(
            stage=stage,
            outcome=table.outcome or pipeline.stage(stage).kind.outcome,
            in_stage=to_duration(table.days_in_stage),
            open_for=to_duration(table.days_open),
            reason=table.reason,
            values=read | (answers if table.answers else {}),
            approvals=tuple(table.approvals.items()),
        )
        at = self._document.at
        [record] = read_all(at_path("values", lambda: given.make(pipeline, at=at)))
        refuse(unmet_adoption(pipeline, record, at=at))
        return given

    def _like(self, table: GivenTable, seen: tuple[str, ...]) -> GivenTable:
        """Give the table with what it does not say itself taken from the one it is like."""
        if table.like is None:
            return table
        others = [name for name in self._document.given if name not in seen]
        if table.like not in others:
            raise DocumentFault((unknown_word("given", table.like, others, "like"),))
        base = self._like(self._document.given[table.like], (*seen, table.like))
        said = {name: value for name, value in said_by(table).items() if name != "like"}
        for name in ("values", "answers", "approvals"):
            said[name] = getattr(base, name) | getattr(table, name)
        return attrs.evolve(base, **said)
