"""What to ask before a move, and what may be done that is no move."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, final

import attrs

from oppcore.criteria import Answered, Approved, Compare, Criterion, Exists, Present, Situation, Text, find_unmet
from oppcore.criteria.combinators import leaves_of
from oppcore.engine.judging import find_role_problems
from oppcore.engine.stamping import find_pipeline_problems
from oppcore.errors import MoveRefused, Problem, Wish
from oppcore.pipeline import ChecklistItem, Pipeline, Stage
from oppcore.pipeline.edges import find_edge
from oppcore.pipeline.rules import entry_rules
from oppcore.records import Actor, Field, FieldValue, Record, State, get_field, is_present

__all__ = ["Form", "Question", "form", "require_action", "unmet_action"]


def _hidden(_value: FieldValue) -> str:
    return "…"


@final
@attrs.frozen
class Question:
    """A field to show: its value now, whether it is missing, and whether the gate of the move looks at it.

    A derived field is shown and not filled in; the fields it is derived from are asked for beside it. The value is not
    printed: it may be personal.
    """

    field: Field
    value: FieldValue = attrs.field(repr=_hidden)
    is_missing: bool
    is_gated: bool


@final
@attrs.frozen
class Form:
    """What to ask before a move: fields in the order in which they are asked for, then what the gate looks at.

    `checklist` holds the items without an answer, `approvals` the subjects that the gate wants approved and that are
    not. The guidance of the stage to be entered is at hand in `stage`.
    """

    stage: Stage
    questions: tuple[Question, ...]
    checklist: tuple[ChecklistItem, ...]
    approvals: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """The names of the fields to fill in: those without a value, but for derived ones."""
        asked = (question for question in self.questions if not question.field.derived_from)
        return tuple(question.field.name for question in asked if question.is_missing)


def _names(criterion: Criterion) -> Iterator[str]:
    for leaf in leaves_of(criterion):
        match leaf:
            case Present(name) | Compare(name) | Text(name) | Exists(name):
                yield name
            case _:
                pass


def _items(criterion: Criterion) -> Iterator[str]:
    for leaf in leaves_of(criterion):
        if isinstance(leaf, Answered):
            yield from leaf.items


def _with_sources(pipeline: Pipeline, names: Iterable[str]) -> Iterator[str]:
    """Give names of fields, each derived one followed by those it is derived from."""
    for name in names:
        yield name
        field = pipeline.field(name)
        yield from () if field is None else field.derived_from


def form(pipeline: Pipeline, record: Record, to: str) -> Form:
    """Give what to ask before the record moves to a stage. Raises `KeyError` for an unknown stage."""
    here, stage = pipeline.stage(record.progress.stage), pipeline.stage(to)
    edge = find_edge(pipeline, record.progress.state, State(to, stage.kind.outcome))
    rules = entry_rules(stage) if edge is None else edge.gate
    gate = [rule.criterion for rule in rules]
    gated = dict.fromkeys(_with_sources(pipeline, (name for criterion in gate for name in _names(criterion))))
    asked = dict.fromkeys((*_with_sources(pipeline, (*here.asks, *stage.asks)), *gated))
    questions: list[Question] = []
    for name in asked:
        field = pipeline.field(name)
        if field is not None:
            value = get_field(record, name)
            questions.append(Question(field, value, not is_present(value), name in gated))
    wanted = {item for criterion in gate for item in _items(criterion)}
    known = {item.key: item for one in pipeline.stages for item in one.checklist}
    wanted |= {item.key for item in here.checklist}
    open_items = [
        item for key, item in known.items() if key in wanted and not is_present(record.progress.answers.get(key))
    ]
    wanting = [subject for subject in dict.fromkeys(_subjects(gate)) if not _is_approved(record, subject)]
    return Form(stage, tuple(questions), tuple(open_items), tuple(wanting))


def _subjects(gate: Iterable[Criterion]) -> Iterator[str]:
    for criterion in gate:
        for leaf in leaves_of(criterion):
            if isinstance(leaf, Approved):
                yield leaf.subject


def _is_approved(record: Record, subject: str) -> bool:
    return Approved(subject).judge(Situation(record=record, at=record.progress.changed_at))


def unmet_action(
    pipeline: Pipeline,
    record: Record,
    action: str,
    *,
    at: datetime,
    actor: Actor | None = None,
    facts: Mapping[str, Any] | None = None,
) -> tuple[Problem, ...]:
    """Give every reason why an action that the pipeline gates may not be done now; nothing when it may.

    An action the pipeline does not know is a problem too: it may be a slip of the pen. So is a record that is removed
    or belongs to another pipeline.
    """
    if wrong := find_pipeline_problems(pipeline, record):
        return wrong
    found = pipeline.action(action)
    if found is None:
        known = [one.key for one in pipeline.actions]
        return (Problem("action.unknown", "action", {"have": action, "need": known}),)
    situation = Situation(record=record, at=at, actor=actor, facts=facts or {}, personal=pipeline.personal)
    problems = [*find_role_problems(actor, found.roles, action, parameter="action")]
    for criterion in found.gate:
        problems.extend(find_unmet(criterion, situation))
    return tuple(problems)


def require_action(
    pipeline: Pipeline,
    record: Record,
    action: str,
    *,
    at: datetime,
    actor: Actor | None = None,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Raise `MoveRefused` with all of `unmet_action`, if there is any; to be called before the host acts."""
    if problems := unmet_action(pipeline, record, action, at=at, actor=actor, facts=facts):
        raise MoveRefused(record.id, Wish("wish.act", {"action": action}), problems)
