"""A pipeline: the process as a frozen value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from itertools import islice
from typing import Any, Protocol, final

import attrs

from oppcore.document import MAX_FAULTS
from oppcore.errors import InvalidPipeline
from oppcore.messages import Names
from oppcore.pipeline.approvals import Approval
from oppcore.pipeline.claims import Claim
from oppcore.pipeline.fields import CustomField
from oppcore.pipeline.flow import Flow
from oppcore.pipeline.permissions import OverridePolicy, Permissions
from oppcore.pipeline.reasons import Reason
from oppcore.pipeline.stage import Labels, Stage, StageKind, labels_field
from oppcore.pipeline.structure import find_faults
from oppcore.pipeline.transitions import Action, Transition
from oppcore.records import Field, Outcome, RecordKind, fields_of
from oppcore.records.checks import key_text, optional_key, texts, to_texts, version_number

__all__ = ["Numbers", "Pipeline"]


class Numbers(StrEnum):
    """Whose the probabilities, days and conversions of the stages are: the user's own, or a template's examples."""

    OWN = "own"
    EXAMPLE = "example"


class _Labelled(Protocol):
    @property
    def key(self) -> str: ...
    @property
    def labels(self) -> Labels: ...


def _derived() -> Any:
    return attrs.field(init=False, eq=False, repr=False)


@final
@attrs.frozen(kw_only=True)
class Pipeline:
    """A sales process: its stages in order, what the flow allows, and the reasons for closing.

    Everything about a pipeline is data; two equal pipelines decide alike. `revision` counts its published versions
    from 1. `opens_in` names the stages in which a deal may be opened; empty means the first open stage. `currency` is
    what amounts are in where nothing else is said. With `transitions` only the moves drawn are possible; without them
    the order of the stages says which are. `approvals` are what gates can ask to be approved, `overrides` who may waive
    rules, `claims` what the pipeline is meant to guarantee (see `oppcore.proof`). `continues` is the key of the lead
    pipeline before this one. `numbers` says whose the probabilities and days of the stages are: while they are a
    template's examples, forecasts say so.

    Raises `InvalidPipeline` with every fault at once.
    """

    key: str = attrs.field(validator=key_text)
    revision: int = attrs.field(default=1, validator=version_number)
    kind: RecordKind = attrs.field(default=RecordKind.OPPORTUNITY, converter=RecordKind)
    labels: Labels = labels_field()
    numbers: Numbers = attrs.field(default=Numbers.OWN, converter=Numbers)
    stages: tuple[Stage, ...] = attrs.field(converter=tuple[Stage, ...])
    flow: Flow = Flow()
    transitions: tuple[Transition, ...] = attrs.field(default=(), converter=tuple[Transition, ...])
    actions: tuple[Action, ...] = attrs.field(default=(), converter=tuple[Action, ...])
    approvals: tuple[Approval, ...] = attrs.field(default=(), converter=tuple[Approval, ...])
    permissions: Permissions = Permissions()
    overrides: tuple[OverridePolicy, ...] = attrs.field(default=(), converter=tuple[OverridePolicy, ...])
    reasons: tuple[Reason, ...] = attrs.field(default=(), converter=tuple[Reason, ...])
    fields: tuple[CustomField, ...] = attrs.field(default=(), converter=tuple[CustomField, ...])
    claims: tuple[Claim, ...] = attrs.field(default=(), converter=tuple[Claim, ...])
    opens_in: tuple[str, ...] = attrs.field(default=(), converter=to_texts, validator=texts)
    currency: str | None = attrs.field(default=None, validator=optional_key)
    continues: str | None = attrs.field(default=None, validator=optional_key)
    _ranks: Mapping[str, int] = _derived()
    known_fields: Mapping[str, Field] = _derived()
    """Every field of this pipeline's records by name, built in and its own."""
    _drawn: Mapping[tuple[str, str], Transition] = _derived()
    personal: frozenset[str] = _derived()
    """The names of the fields whose values are never printed."""
    edges: dict[Any, Any] = _derived()
    """The edges found so far, by what was asked for: they follow from the rest, and there may be very many."""

    def __attrs_post_init__(self) -> None:
        if faults := tuple(islice(find_faults(self), MAX_FAULTS)):
            raise InvalidPipeline(faults)
        own = {field.key: Field(field.key, field.type, "", field.choices, field.personal) for field in self.fields}
        known = {**fields_of(self.kind), **own}
        derived = {
            "_ranks": {stage.key: rank for rank, stage in enumerate(self.stages)},
            "known_fields": known,
            "_drawn": {(drawn.source, drawn.target): drawn for drawn in self.transitions},
            "edges": {},
            "personal": frozenset(name for name, field in known.items() if field.personal),
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    def label(self, language: str) -> str:
        """Give the label in a language, or the key where there is none."""
        return dict(self.labels).get(language, self.key)

    def __contains__(self, key: object) -> bool:
        return key in self._ranks

    def rank(self, key: str) -> int:
        """Give the position of a stage, from 0. Raises `KeyError` for a stage the pipeline does not have."""
        return self._ranks[key]

    def stage(self, key: str) -> Stage:
        """Give a stage by key. Raises `KeyError` for a stage the pipeline does not have."""
        return self.stages[self._ranks[key]]

    def stages_of(self, *kinds: StageKind) -> tuple[Stage, ...]:
        """Give the stages of some kinds, in order."""
        return tuple(stage for stage in self.stages if stage.kind in kinds)

    @property
    def open_stages(self) -> tuple[Stage, ...]:
        """The open stages in order: the steps of a funnel before `won`."""
        return self.stages_of(StageKind.OPEN)

    @property
    def entries(self) -> tuple[str, ...]:
        """The keys of the stages in which a deal may be opened."""
        return self.opens_in or (next(stage.key for stage in self.open_stages if not stage.archived),)

    def reasons_for(self, outcome: Outcome) -> tuple[str, ...]:
        """Give the keys of the reasons that fit an outcome, in order."""
        return tuple(reason.key for reason in self.reasons if reason.outcome is outcome)

    def transition(self, source: str, target: str) -> Transition | None:
        """Give the transition drawn between two stages; None where there is none."""
        return self._drawn.get((source, target))

    def action(self, key: str) -> Action | None:
        """Give an action by key; None where there is none."""
        return next((action for action in self.actions if action.key == key), None)

    def approval(self, key: str) -> Approval | None:
        """Give an approval by the key of its subject; None where there is none."""
        return next((approval for approval in self.approvals if approval.key == key), None)

    def field(self, name: str) -> Field | None:
        """Give a field by name, built in or declared by this pipeline; None where there is none."""
        return self.known_fields.get(name)

    def names(self, language: str) -> Names:
        """Give what this pipeline calls its parts in a language, by kind and key: what `Problem.text` takes.

        A part without a label in the language is called by its key.
        """
        items = [item for stage in self.stages for item in stage.checklist]
        parts: Mapping[str, Sequence[_Labelled]] = {
            "pipeline": (self,),
            "stage": self.stages,
            "field": self.fields,
            "reason": self.reasons,
            "item": items,
            "action": self.actions,
            "approval": self.approvals,
            "step": [step for approval in self.approvals for step in approval.steps],
            "transition": self.transitions,
        }
        return {
            kind: {part.key: dict(part.labels).get(language, part.key) for part in some} for kind, some in parts.items()
        }

    @property
    def field_names(self) -> tuple[str, ...]:
        """The names of all fields of this pipeline's records, built in and its own."""
        return tuple(self.known_fields)
