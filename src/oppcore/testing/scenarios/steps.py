"""The steps of scenarios, from their tables: names looked up, values read as their fields want them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any, final

import attrs

from oppcore.document import DocumentFault, collect
from oppcore.errors import Problem
from oppcore.messages import load_language
from oppcore.pipeline import Pipeline
from oppcore.records import Actor, Verdict
from oppcore.testing.scenarios.gathering import at_path, read_all, refuse, said_by, to_duration
from oppcore.testing.scenarios.scenario import Act, Expectation, Reason, Step
from oppcore.testing.scenarios.tables import StepTable, ThenTable
from oppcore.testing.scenarios.values import ValueReader, unknown_word

__all__ = ["TAKEN", "StepReader"]

_REASONS = ("refused", "refused_at_least")
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
@attrs.frozen
class StepReader:
    """Turns the tables of steps into steps, in a pipeline; `deals` read the values of what leads become."""

    pipeline: Pipeline
    values: ValueReader
    deals: Mapping[str, ValueReader]
    actors: Mapping[str, Actor]

    def read(self, tables: tuple[StepTable, ...]) -> tuple[Step, ...]:
        """Give every step. Raises `DocumentFault` with every fault."""
        if not tables:
            raise DocumentFault.one("document.missing", "steps")
        reads = (at_path(f"steps[{number}]", partial(self._step, table)) for number, table in enumerate(tables))
        return tuple(read_all(*reads, lambda: refuse(_find_late_openings(tables)))[: len(tables)])

    def _step(self, table: StepTable) -> Step:
        acts = [act for act in Act if getattr(table, act) is not None]
        if len(acts) != 1:
            raise DocumentFault.one("scenario.act", known=list(Act), have=acts)
        [act] = acts
        what = "" if act is Act.AMEND else str(getattr(table, act))
        key = "amend" if act is Act.AMEND else "values"
        expected, given, cleared, *_ = read_all(
            lambda: self._expected(table),
            at_path(key, lambda: self._read_values(act, what, table)),
            at_path("clear", partial(self.values.read_names, table.clear)),
            lambda: refuse(_find_strange(table, act)),
            lambda: refuse(self._find_unknown(act, what, table)),
        )
        return Step(
            act=act,
            what=what,
            actor=None if table.actor is None else self.actors[table.actor],
            after=to_duration(table.after_days),
            outcome=table.outcome,
            reason=table.reason,
            values=given | cleared,
            facts=table.facts,
            verdict=table.verdict or Verdict.APPROVE,
            step=table.step,
            signer=table.signer,
            before=bool(table.before),
            comment=table.comment,
            override=table.override,
            expected=expected,
        )

    def _read_values(self, act: Act, what: str, table: StepTable) -> dict[str, Any]:
        if act is Act.CONVERT:  # they are the deal's
            return self.deals[what].read(table.values) if what in self.deals else {}
        return self.values.read(table.amend if act is Act.AMEND else table.values)

    def _find_unknown(self, act: Act, what: str, table: StepTable) -> Iterator[Problem]:
        """Say which names there are not, unless a scenario expects to be told so."""
        words: Mapping[str, Iterable[str]] = {
            "stage": [stage.key for stage in self.pipeline.stages],
            "action": [action.key for action in self.pipeline.actions],
            "approval": [approval.key for approval in self.pipeline.approvals],
        }
        kind, code = _FITTING.get(act, ("", ""))
        is_expected = any(
            text.split()[:1] == [code] for text in (*(table.refused or ()), *(table.refused_at_least or ()))
        )
        if kind and what not in words[kind] and not is_expected:
            yield unknown_word(kind, what, words[kind], act)
        if act is Act.CONVERT and what not in self.deals:
            yield unknown_word("pipeline", what, self.deals, act)
        stage = None if table.then is None else table.then.stage
        if stage is not None and stage not in self.pipeline:
            yield unknown_word("stage", stage, words["stage"], "then.stage")
        if table.actor is not None and table.actor not in self.actors:
            yield unknown_word("actor", table.actor, self.actors, "actor")
        if table.actor is None and act in (Act.REQUEST, Act.SIGN):
            yield Problem("document.missing", "actor")

    def _expected(self, table: StepTable) -> Expectation:
        then = table.then or ThenTable()
        given = {name: getattr(table, name) for name in _REASONS if getattr(table, name) is not None}
        if len(given) > 1:
            raise DocumentFault.one("criterion.one_of", known=_REASONS, have=list(given))
        if given and table.then is not None:
            raise DocumentFault.one("scenario.then", "then")
        name, texts = next(iter(given.items()), ("", ()))
        if name and not texts:
            raise DocumentFault.one("scenario.reasons", name)
        reasons, read = read_all(
            lambda: collect((f"{name}[{n}]", partial(_read_reason, text)) for n, text in enumerate(texts)),
            at_path("then.values", partial(self.values.read, then.values)),
        )
        return Expectation(
            reasons=tuple(reasons),
            exactly=table.refused_at_least is None,
            stage=then.stage,
            outcome=then.outcome,
            reason=then.reason,
            values=read,
        )


def _find_late_openings(steps: tuple[StepTable, ...]) -> Iterator[Problem]:
    """Say which steps come too late to open a record, or before there is one."""
    opens = steps[0].open is not None
    there = not opens
    for number, step in enumerate(steps):
        if there == (step.open is not None):
            yield Problem("scenario.opening", f"steps[{number}]")
        there = there or (step.refused is None and step.refused_at_least is None)


def _find_strange(table: StepTable, act: Act) -> Iterator[Problem]:
    """Say which keys are none that a step of this act takes."""
    for key in said_by(table):
        if key != act and key not in TAKEN[act]:
            yield Problem("scenario.key", key, {"act": act, "known": TAKEN[act]})


def _read_reason(text: str) -> Reason:
    code, _, path = text.strip().partition(" ")
    known, group = load_language("en")[0], code.partition(".")[0]
    of_group = [one for one in known if one.partition(".")[0] == group]
    if not code or (of_group and code not in of_group):  # another group is the host's own
        raise DocumentFault((unknown_word("problem code", code, of_group),))
    return Reason(code, path.strip() or None)
