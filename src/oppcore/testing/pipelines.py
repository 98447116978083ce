"""Strategies for pipelines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import TypeVar

import attrs
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from oppcore.criteria import Criterion
from oppcore.pipeline import (
    Action,
    ChecklistItem,
    CustomField,
    Flow,
    OverridePolicy,
    Permissions,
    Pipeline,
    Policy,
    Reason,
    Stage,
    StageKind,
    Transition,
)
from oppcore.pipeline.stage import Labels
from oppcore.records import Field, FieldType, ForecastCategory, Outcome, RecordKind, fields_of
from oppcore.testing.approvals import SUBJECTS, approvals
from oppcore.testing.criteria import criteria
from oppcore.testing.values import ROLES, probabilities, texts

__all__ = ["pipelines"]

_DECLARED = (
    CustomField(key="region", type=FieldType.CHOICE, choices=("north", "south")),
    CustomField(key="score", type=FieldType.NUMBER),
    CustomField(key="deposit", type=FieldType.MONEY),
    CustomField(key="signed_on", type=FieldType.DATE),
    CustomField(key="approved", type=FieldType.FLAG),
    CustomField(key="note", type=FieldType.TEXT, labels=(("en", "Note"), ("zh", "备注")), personal=True),
)
_REASONS = (
    Reason(key="price", outcome=Outcome.LOST, labels=(("en", "Price"), ("zh", "价格"))),
    Reason(key="competitor", outcome=Outcome.LOST),
    Reason(key="no_answer", outcome=Outcome.ABANDONED),
    Reason(key="best_offer", outcome=Outcome.WON),
)
_OPEN_CATEGORIES = (None, *(category for category in ForecastCategory if category is not ForecastCategory.CLOSED))
# Gates speak of few fields, so that what is filled at random has a chance to meet them.
_GATED: Mapping[RecordKind, str] = {
    RecordKind.OPPORTUNITY: "amount probability account_id needs expected_close_on budget decision intent",
    RecordKind.LEAD: "email company company_size needs interests budget decision intent",
}
_SUBSETS_OF_ROLES = ((), (), *((role,) for role in ROLES), ROLES[:2], ROLES)
_POLICIES = (Policy(), Policy(), Policy(roles=ROLES[:1]), Policy(roles=ROLES), Policy(allowed=False))
_PERMISSIONS = (
    Permissions(),
    Permissions(correct=Policy(roles=ROLES[:1]), remove=Policy(), restore=Policy(), merge=Policy(roles=ROLES)),
    Permissions(correct=Policy(), remove=Policy(roles=ROLES[1:]), restore=Policy(roles=ROLES[:1]), merge=Policy()),
)
_OVERRIDES = (
    (),
    (OverridePolicy(roles=ROLES[:1]),),
    (OverridePolicy(roles=ROLES[:1], waives=("criteria", "flow")), OverridePolicy(roles=ROLES[1:], waives=["roles"])),
)
_LABELS = ((), (("en", "A label"),), (("en", "A label"), ("zh", "标签")))
_ASKS = ((), ("budget",), ("intent", "needs"))
_CHECKLISTS = ((), (ChecklistItem(key="who"), ChecklistItem(key="when", labels=_LABELS[2])))
_DAYS = (None, Decimal(7), Decimal("30.5"))
_NO_GATES: SearchStrategy[list[Criterion]] = st.just([])

T = TypeVar("T")


def _some_of(items: Sequence[T]) -> SearchStrategy[tuple[T, ...]]:
    """Generate what is left of a list, in its order; one draw decides."""
    masks = st.integers(0, 2 ** len(items) - 1)
    return masks.map(lambda mask: tuple(item for index, item in enumerate(items) if mask >> index & 1))


@cache
def _gates(fields: tuple[Field, ...], subjects: tuple[str, ...]) -> SearchStrategy[list[Criterion]]:
    return st.one_of(_NO_GATES, st.lists(criteria(fields=fields, subjects=subjects), max_size=2))


@cache
def _stays(fields: tuple[Field, ...], subjects: tuple[str, ...]) -> SearchStrategy[list[Criterion]]:
    found = criteria(fields=fields, subjects=subjects, max_depth=1, of_the_record=True)
    return st.one_of(_NO_GATES, _NO_GATES, st.lists(found, max_size=1))


@cache
def _labels() -> SearchStrategy[Labels]:
    odd = texts().map(lambda text: (("en", f"{text}."),))
    return st.one_of(st.sampled_from(_LABELS), odd)


@cache
def _flows() -> SearchStrategy[Flow]:
    directions = st.sampled_from([field.name for field in attrs.fields(Flow)])
    return st.lists(st.tuples(directions, st.sampled_from(_POLICIES)), max_size=10).map(lambda said: Flow(**dict(said)))


@st.composite
def _stages(
    draw: DrawFn,
    key: str,
    kind: StageKind,
    gates: SearchStrategy[list[Criterion]],
    stays: SearchStrategy[list[Criterion]],
    *,
    is_forecast: bool,
) -> Stage:
    is_open = kind is StageKind.OPEN
    return Stage(
        key=key,
        kind=kind,
        labels=draw(st.sampled_from(_LABELS)),
        probability=draw(st.one_of(st.none(), probabilities())) if is_open and is_forecast else None,
        forecast_category=draw(st.sampled_from(_OPEN_CATEGORIES)) if is_open and is_forecast else None,
        entry=tuple(draw(gates)),
        exit=tuple(draw(gates)),
        stay=tuple(draw(stays)),
        may_be_skipped=draw(st.booleans()) if is_open else False,
        roles=draw(st.sampled_from(_SUBSETS_OF_ROLES)),
        guidance=draw(st.sampled_from(_LABELS)),
        asks=draw(st.sampled_from(_ASKS)),
        checklist=draw(st.sampled_from(_CHECKLISTS)),
        expected_days=draw(st.sampled_from(_DAYS)),
        expected_conversion=draw(st.none() | probabilities()) if is_open else None,
        archived=draw(st.integers(0, 9)) == 9 and key != "step_1",
    )


@st.composite
def _transitions(draw: DrawFn, keys: list[str], gates: SearchStrategy[list[Criterion]]) -> tuple[Transition, ...]:
    ends = st.tuples(st.sampled_from(keys), st.sampled_from(keys)).filter(lambda pair: pair[0] != pair[1])
    pairs = draw(st.lists(ends, min_size=1, max_size=8, unique=True))
    roles = st.sampled_from(_SUBSETS_OF_ROLES)
    return tuple(Transition(source=a, target=b, gate=tuple(draw(gates)), roles=draw(roles)) for a, b in pairs)


@st.composite
def pipelines(
    draw: DrawFn,
    *,
    kind: RecordKind | str = RecordKind.OPPORTUNITY,
    max_open_stages: int = 8,
    gates: bool = True,
) -> Pipeline:
    """Generate pipelines: two or more open stages, one or two won ones, perhaps lost and post_sale stages.

    Criteria of their gates speak of built-in and declared fields; flow, roles, reasons, entries and skippable stages
    vary; some draw their transitions, and some stages are archived; some ask for approvals, and let rules be waived,
    records be removed and the past be corrected. Without `gates` no stage has criteria. With `kind="lead"` they are
    lead pipelines: one won stage, nothing post_sale, no probabilities, no forecast, no reasons for won.
    """
    of_leads = RecordKind(kind) is RecordKind.LEAD
    built_in = fields_of(RecordKind(kind))
    declared = draw(_some_of([own for own in _DECLARED if own.key not in built_in]))
    fields = (
        *(built_in[name] for name in _GATED[RecordKind(kind)].split()),
        *(Field(own.key, own.type, "", own.choices) for own in declared),
    )
    wins = st.integers(1, 1 if of_leads else 2)  # of two, a conversion could not say which is meant
    few, many = st.integers(2, min(4, max_open_stages)), st.integers(2, max_open_stages)
    kinds = [(f"step_{n}", StageKind.OPEN) for n in range(1, draw(st.one_of(few, many)) + 1)]
    kinds += [(f"won_{n}", StageKind.WON) for n in range(1, draw(wins) + 1)]
    kinds += [(f"care_{n}", StageKind.POST_SALE) for n in range(1, draw(st.integers(0, 0 if of_leads else 2)) + 1)]
    for number in range(1, draw(st.integers(0, 2)) + 1):
        kinds.insert(len(kinds) - draw(st.integers(0, len(kinds))), (f"lost_{number}", StageKind.LOST))
    subjects = draw(st.sampled_from([(), SUBJECTS[:1], SUBJECTS]))
    gate = _gates(fields, subjects) if gates else _NO_GATES
    stays = _stays(fields, subjects) if gates else _NO_GATES
    stages = tuple(draw(_stages(key, kind, gate, stays, is_forecast=not of_leads)) for key, kind in kinds)
    entries = [stage.key for stage in stages if stage.kind is StageKind.OPEN and not stage.archived]
    drawn = draw(st.sampled_from([False, False, True]))
    action = Action(key="send_quote", gate=tuple(draw(gate)), roles=draw(st.sampled_from(_SUBSETS_OF_ROLES)))
    return Pipeline(
        key="generated",
        revision=draw(st.integers(1, 3)),
        kind=RecordKind(kind),
        labels=draw(_labels()),
        stages=stages,
        transitions=draw(_transitions([key for key, _ in kinds], gate)) if drawn else (),
        actions=(action,) if draw(st.booleans()) else (),
        flow=draw(_flows()),
        approvals=tuple(draw(approvals(subject, fields=fields)) for subject in subjects),
        permissions=draw(st.sampled_from(_PERMISSIONS)),
        overrides=draw(st.sampled_from(_OVERRIDES)),
        reasons=draw(_some_of([one for one in _REASONS if not (of_leads and one.outcome is Outcome.WON)])),
        fields=declared,
        opens_in=draw(_some_of(entries)),
        currency=draw(st.sampled_from([None, "EUR"])),
    )
