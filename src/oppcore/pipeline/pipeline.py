"""A pipeline: the process as a frozen value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import final

import attrs

from oppcore.document import MAX_FAULTS
from oppcore.errors import InvalidPipeline
from oppcore.pipeline.fields import CustomField
from oppcore.pipeline.flow import Flow
from oppcore.pipeline.reasons import Reason
from oppcore.pipeline.stage import Labels, Stage, StageKind, labels_field
from oppcore.pipeline.structure import find_faults
from oppcore.records import FIELDS, Field, Outcome
from oppcore.records.checks import key_text, optional_key, texts, to_texts

__all__ = ["Pipeline"]


def _to_stages(stages: Iterable[Stage]) -> tuple[Stage, ...]:
    return tuple(stages)


def _to_reasons(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    return tuple(reasons)


def _to_fields(fields: Iterable[CustomField]) -> tuple[CustomField, ...]:
    return tuple(fields)


@final
@attrs.frozen(kw_only=True)
class Pipeline:
    """A sales process: its stages in order, what the flow allows, and the reasons for closing.

    Everything about a pipeline is data; two equal pipelines decide alike. `revision` counts its published versions
    from 1. `opens_in` names the stages in which a deal may be opened; empty means the first open stage. `currency` is
    what amounts are in where nothing else is said.

    Raises `InvalidPipeline` with every fault at once.
    """

    key: str = attrs.field(validator=key_text)
    revision: int = attrs.field(default=1, validator=[attrs.validators.instance_of(int), attrs.validators.ge(1)])
    labels: Labels = labels_field()
    stages: tuple[Stage, ...] = attrs.field(converter=_to_stages)
    flow: Flow = Flow()
    reasons: tuple[Reason, ...] = attrs.field(default=(), converter=_to_reasons)
    fields: tuple[CustomField, ...] = attrs.field(default=(), converter=_to_fields)
    opens_in: tuple[str, ...] = attrs.field(default=(), converter=to_texts, validator=texts)
    currency: str | None = attrs.field(default=None, validator=optional_key)
    _ranks: Mapping[str, int] = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        found = find_faults(self.stages, self.reasons, self.fields, self.opens_in, self.currency)
        if faults := tuple(islice(found, MAX_FAULTS)):
            raise InvalidPipeline(faults)
        object.__setattr__(self, "_ranks", {stage.key: rank for rank, stage in enumerate(self.stages)})

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
        return self.opens_in or (self.open_stages[0].key,)

    def reasons_for(self, outcome: Outcome) -> tuple[str, ...]:
        """Give the keys of the reasons that fit an outcome, in order."""
        return tuple(reason.key for reason in self.reasons if reason.outcome is outcome)

    def field(self, name: str) -> Field | None:
        """Give a field by name, built in or declared by this pipeline."""
        if (field := FIELDS.get(name)) is not None:
            return field
        return next((Field(own.key, own.type, "", own.choices) for own in self.fields if own.key == name), None)
