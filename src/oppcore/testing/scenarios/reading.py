"""From the tables of a document to scenarios: names looked up, values read as their fields want them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any, final

import attrs

from oppcore.document import DocumentFault, collect
from oppcore.engine import unmet_adoption
from oppcore.errors import Problem
from oppcore.messages import load_language
from oppcore.pipeline import Pipeline
from oppcore.records import Actor
from oppcore.testing.scenarios.scenario import Act, Expectation, Given, Reason, Scenario, Step
from oppcore.testing.scenarios.tables import Document, GivenTable, ScenarioTable, StepTable, ThenTable
from oppcore.testing.scenarios.values import ValueReader, unknown_word

__all__ = ["TAKEN", "ScenarioReader"]

_EVERY = "actor after_days refused refused_at_least then"
TAKEN: Mapping[Act, tuple[str, ...]] = {
    act: tuple(f"{keys} {_EVERY}".split())
    for act, keys in {
        Act.OPEN: "values facts override",
        Act.MOVE: "outcome reason values clear facts override",
        Act.CLOSE: "reason values clear facts override",
        Act.AMEND: "clear override",
        Act.ACT: "facts",
        Act.REQUEST: "facts",
        Act.SIGN: "verdict step signer before comment override",
        Act.CONVERT: "values facts",
    }.items()
}
"""The keys that a step takes beside the one that says what is done."""

_FITTING = {
    Act.OPEN: ("stage", "move.unknown_stage"),
    Act.MOVE: ("stage", "move.unknown_stage"),
    Act.ACT: ("action", "action.unknown"),
    Act.REQUEST: ("approval", "approval.unknown"),
    Act.SIGN: ("approval", "approval.no_round"),
}
"""What an act names, and the refusal by which a scenario may expect that there is no such thing."""


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
        read = (_at(f"scenarios[{n}]", partial(self._scenario, n, table)) for n, table in enumerate(tables))
        return tuple(_all_of(*read, lambda: _refuse(twice))[: len(tables)])

    def _scenario(self, number: int, table: ScenarioTable) -> Scenario:
        key = self._pipeline_key(table)
        pipeline, values = self._pipelines[key], self._values[key]
        opens = bool(table.steps) and table.steps[0].open is not None
        if not table.steps:
            raise DocumentFault.one("document.missing", "steps")
        given, steps = _all_of(
            lambda: self._given(table.given, pipeline, values, opens=opens),
            lambda: self._steps(table.steps, pipeline, values),
            lambda: _refuse(_find_late_openings(table.steps)),
        )[:2]
        return Scenario(
            name=table.name,
            pipeline=pipeline,
            at=self._document.at,
            given=given,
            steps=tuple(steps),
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
            unknown.append(unknown_word("stage", stage, _stages(pipeline), "stage"))
        read, answers, _ = _all_of(
            _at("values", partial(values.read, table.values)),
            lambda: values.read({"answers": table.answers}),
            lambda: _refuse(unknown),
        )
        given = Given(
            stage=stage,
            outcome=table.outcome or pipeline.stage(stage).kind.outcome,
            in_stage=_duration(table.days_in_stage),
            open_for=_duration(table.days_open),
            reason=table.reason,
            values=read | (answers if table.answers else {}),
            approvals=tuple(table.approvals.items()),
        )
        at = self._document.at
        [record] = _all_of(_at("values", lambda: given.make(pipeline, at=at)))
        _refuse(unmet_adoption(pipeline, record, at=at))
        return given

    def _like(self, table: GivenTable, seen: tuple[str, ...]) -> GivenTable:
        """Give the table with what it does not say itself taken from the one it is like."""
        if table.like is None:
            return table
        others = [name for name in self._document.given if name not in seen]
        if table.like not in others:
            raise DocumentFault((unknown_word("given", table.like, others, "like"),))
        base = self._like(self._document.given[table.like], (*seen, table.like))
        said = {name: value for name, value in _said(table).items() if name != "like"}
        for name in ("values", "answers", "approvals"):
            said[name] = getattr(base, name) | getattr(table, name)
        return attrs.evolve(base, **said)

    def _steps(self, tables: tuple[StepTable, ...], pipeline: Pipeline, values: ValueReader) -> list[Step]:
        return collect((f"steps[{n}]", partial(self._step, one, pipeline, values)) for n, one in enumerate(tables))

    def _step(self, table: StepTable, pipeline: Pipeline, values: ValueReader) -> Step:
        acts = [act for act in Act if getattr(table, act) is not None]
        if len(acts) != 1:
            raise DocumentFault.one("scenario.act", known=list(Act), have=acts)
        [act] = acts
        what = "" if act is Act.AMEND else str(getattr(table, act))
        key = "amend" if act is Act.AMEND else "values"
        expected, given, cleared, *_ = _all_of(
            lambda: self._expected(table, values),
            _at(key, lambda: self._read_values(act, what, table, values)),
            _at("clear", partial(values.read_names, table.clear)),
            lambda: _refuse(_find_strange(table, act)),
            lambda: _refuse(self._find_unknown(act, what, table, pipeline)),
        )
        return Step(
            act=act,
            what=what,
            actor=None if table.actor is None else self._actors[table.actor],
            after=_duration(table.after_days),
            outcome=table.outcome,
            reason=table.reason,
            values=given | cleared,
            facts=table.facts,
            verdict=table.verdict,
            step=table.step,
            signer=table.signer,
            before=table.before,
            comment=table.comment,
            override=table.override,
            expected=expected,
        )

    def _read_values(self, act: Act, what: str, table: StepTable, values: ValueReader) -> dict[str, Any]:
        if act is Act.CONVERT:  # they are the deal's
            return self._values[what].read(table.values) if what in self._values else {}
        return values.read(table.amend if act is Act.AMEND else table.values)

    def _find_unknown(self, act: Act, what: str, table: StepTable, pipeline: Pipeline) -> Iterator[Problem]:
        """Say which names there are not, unless a scenario expects to be told so."""
        words: Mapping[str, Iterable[str]] = {
            "stage": _stages(pipeline),
            "action": [action.key for action in pipeline.actions],
            "approval": [approval.key for approval in pipeline.approvals],
        }
        kind, code = _FITTING.get(act, ("", ""))
        is_expected = any(text.split()[:1] == [code] for text in (*table.refused, *table.refused_at_least))
        if kind and what not in words[kind] and not is_expected:
            yield unknown_word(kind, what, words[kind], act)
        if act is Act.CONVERT and what not in self._pipelines:
            yield unknown_word("pipeline", what, self._pipelines, act)
        stage = None if table.then is None else table.then.stage
        if stage is not None and stage not in pipeline:
            yield unknown_word("stage", stage, words["stage"], "then.stage")
        if table.actor is not None and table.actor not in self._actors:
            yield unknown_word("actor", table.actor, self._actors, "actor")
        if table.actor is None and act in (Act.REQUEST, Act.SIGN):
            yield Problem("document.missing", "actor")

    def _expected(self, table: StepTable, values: ValueReader) -> Expectation:
        then = table.then or ThenTable()
        if table.refused and table.refused_at_least:
            raise DocumentFault.one(
                "criterion.one_of", known=["refused", "refused_at_least"], have=["refused", "refused_at_least"]
            )
        name = "refused_at_least" if table.refused_at_least else "refused"
        texts = table.refused_at_least or table.refused
        if texts and table.then is not None:
            raise DocumentFault.one("scenario.then", "then")
        reasons, read = _all_of(
            lambda: collect((f"{name}[{n}]", partial(_read_reason, text)) for n, text in enumerate(texts)),
            _at("then.values", partial(values.read, then.values)),
        )
        return Expectation(
            reasons=tuple(reasons),
            exactly=not table.refused_at_least,
            stage=then.stage,
            outcome=then.outcome,
            reason=then.reason,
            values=read,
        )


def _stages(pipeline: Pipeline) -> list[str]:
    return [stage.key for stage in pipeline.stages]


def _duration(days: Decimal) -> timedelta:
    return timedelta(microseconds=int(days * 86_400_000_000))


def _said(table: Any) -> dict[str, Any]:
    """Give what a table says otherwise than where it says nothing."""
    found: dict[str, Any] = {}
    fields: tuple[Any, ...] = attrs.fields(table.__class__)
    for field in fields:
        default = field.default
        nothing = default.factory() if hasattr(default, "factory") else default
        if (value := getattr(table, field.name)) != nothing:
            found[field.name] = value
    return found


def _find_late_openings(steps: tuple[StepTable, ...]) -> Iterator[Problem]:
    """Say which steps come too late to open a record, or before there is one."""
    opens = steps[0].open is not None
    there = not opens
    for number, step in enumerate(steps):
        if there == (step.open is not None):
            yield Problem("scenario.opening", f"steps[{number}]")
        there = there or not (step.refused or step.refused_at_least)


def _find_strange(table: StepTable, act: Act) -> Iterator[Problem]:
    """Say which keys are none that a step of this act takes."""
    for key in _said(table):
        if key != act and key not in TAKEN[act]:
            yield Problem("scenario.key", key, {"act": act, "known": TAKEN[act]})


def _read_reason(text: str) -> Reason:
    code, _, path = text.strip().partition(" ")
    known, group = load_language("en")[0], code.partition(".")[0]
    of_group = [one for one in known if one.partition(".")[0] == group]
    if not code or (of_group and code not in of_group):  # another group is the host's own
        raise DocumentFault((unknown_word("problem code", code, of_group),))
    return Reason(code, path.strip() or None)


def _refuse(problems: Iterable[Problem]) -> None:
    if found := tuple(problems):
        raise DocumentFault(found)


def _at(path: str, read: Callable[[], Any]) -> Callable[[], Any]:
    """Read a part; its faults are found under a path."""
    return lambda: collect([(path, read)])[0]


def _all_of(*reads: Callable[[], Any]) -> list[Any]:
    """Read every part, and give them all, or raise the faults of all."""
    return collect(("", read) for read in reads)
