"""Strategies for opportunities and leads, and for the situations in which criteria are asked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from oppcore.criteria import Situation
from oppcore.pipeline import Pipeline, StageKind
from oppcore.pipeline.edges import legal_outcomes
from oppcore.records import Lead, Opportunity, Outcome, Progress, Record, RecordKind, fields_of, with_fields
from oppcore.testing.pipelines import pipelines
from oppcore.testing.values import actors, field_values, keys, moments

__all__ = ["delays", "leads", "opportunities", "records", "situations", "values_of"]

# What gates speak of, preferred so that what is filled at random has a chance to meet them.
_LIKELY: Mapping[RecordKind, tuple[str, ...]] = {
    RecordKind.OPPORTUNITY: ("amount", "probability", "account_id", "needs", "budget", "decision"),
    RecordKind.LEAD: ("email", "company", "needs", "budget", "decision"),
}


@cache
def delays() -> SearchStrategy[timedelta]:
    """Generate what passes between two changes: often nothing at all, seldom a fraction of a day."""
    days = st.integers(0, 60).map(lambda days: timedelta(days=days))
    return st.one_of(
        st.just(timedelta()), days, st.integers(1, 10**11).map(lambda ticks: timedelta(microseconds=ticks))
    )


def _lawful(values: dict[str, Any]) -> dict[str, Any]:
    """Let the current quote be one of the quotes given, or none where there are none."""
    quotes = values.get("quotes")
    current = {} if quotes is None else {"current_quote_id": quotes[0].id if quotes else None}
    return {name: value for name, value in values.items() if name != "current_quote_id"} | current


def values_of(pipeline: Pipeline, *, max_size: int = 6) -> SearchStrategy[dict[str, Any]]:
    """Generate values for some fields of a pipeline's records, preferring those that its gates speak of."""
    known = (*(own.key for own in pipeline.fields), *_LIKELY[pipeline.kind])
    built_in = sorted(field.name for field in fields_of(pipeline.kind).values() if not field.derived_from)
    names = st.one_of(st.sampled_from(known), st.sampled_from(built_in))

    def filled(chosen: list[str]) -> SearchStrategy[dict[str, Any]]:
        fields = [field for name in chosen if (field := pipeline.field(name)) is not None]
        return st.fixed_dictionaries({field.name: field_values(field) for field in fields}).map(_lawful)

    return st.lists(names, max_size=max_size).flatmap(filled)


@st.composite
def _standings(draw: DrawFn, pipeline: Pipeline, stage: str | None) -> Progress:
    """Generate progress: any legal state of a pipeline (or of one stage), with times in order."""
    place = pipeline.stage(draw(st.sampled_from([one.key for one in pipeline.stages])) if stage is None else stage)
    outcome = draw(st.sampled_from(legal_outcomes(place.kind)))
    opened_at = draw(moments())
    entered_at = opened_at + draw(delays())
    closed_at = None if outcome is Outcome.OPEN else entered_at + draw(delays())
    if closed_at is not None and (place.kind is StageKind.LOST or place.kind.outcome is outcome):
        closed_at = entered_at  # who enters such a stage is closed by that
    changed_at = (closed_at or entered_at) + draw(delays())
    reasons = pipeline.reasons_for(outcome)
    return Progress(
        pipeline=pipeline.key,
        stage=place.key,
        outcome=outcome,
        version=draw(st.integers(1, 9)),
        opened_at=opened_at,
        entered_at=entered_at,
        changed_at=changed_at,
        recorded_at=changed_at + draw(delays()),
        closed_at=closed_at,
        reason=draw(st.sampled_from(reasons)) if reasons else None,
    )


@cache
def _any_pipeline(kind: RecordKind) -> SearchStrategy[Pipeline]:
    return pipelines(kind=kind, max_open_stages=3, gates=False)


@st.composite
def opportunities(draw: DrawFn, pipeline: Pipeline | None = None, *, stage: str | None = None) -> Opportunity:
    """Generate opportunities in any legal state of a pipeline (or of one stage), their fields filled at random.

    Whether they meet the gates behind them is left to chance, as with data brought in from elsewhere. Where no pipeline
    is given, each is of a generated one.
    """
    place = draw(_any_pipeline(RecordKind.OPPORTUNITY)) if pipeline is None else pipeline
    progress = draw(_standings(place, stage))
    return with_fields(Opportunity(id=draw(keys()), progress=progress), draw(values_of(place)))


@st.composite
def leads(draw: DrawFn, pipeline: Pipeline | None = None, *, stage: str | None = None) -> Lead:
    """Generate leads in any legal state of a lead pipeline, as `opportunities` generates deals; converted ones too."""
    place = draw(_any_pipeline(RecordKind.LEAD)) if pipeline is None else pipeline
    progress = draw(_standings(place, stage))
    return with_fields(Lead(id=draw(keys()), progress=progress), draw(values_of(place)))


def records(pipeline: Pipeline, *, stage: str | None = None) -> SearchStrategy[Record]:
    """Generate leads for a lead pipeline, and opportunities for any other."""
    return leads(pipeline, stage=stage) if pipeline.kind is RecordKind.LEAD else opportunities(pipeline, stage=stage)


@st.composite
def situations(draw: DrawFn, pipeline: Pipeline | None = None) -> Situation:
    """Generate situations: a record of a pipeline, a later moment, and somebody or nobody acting.

    Where no pipeline is given, the record is a deal of a generated one.
    """
    pipeline = draw(_any_pipeline(RecordKind.OPPORTUNITY)) if pipeline is None else pipeline
    record = draw(records(pipeline))
    return Situation(
        record=record,
        at=record.progress.changed_at + draw(delays()),
        actor=draw(st.none() | actors()),
        personal=pipeline.personal,
    )
