"""One pass over one opportunity's rows, in the order in which things happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import final

import attrs

from oppcore.history.row import Row, RowKind
from oppcore.history.standing import Standing
from oppcore.history.trail import CloseDateChange, Ending, OutcomeChange, Trail, Visit
from oppcore.money import Money
from oppcore.pipeline import Pipeline, StageKind
from oppcore.pipeline.edges import legal_outcomes
from oppcore.records import Estimate, ForecastCategory, Outcome, State

__all__ = ["Place", "fold_placed", "fold_rows", "places_of"]


def fold_rows(rows: Sequence[Row], pipeline: Pipeline) -> Trail:
    """Give the trail of one opportunity from its rows in happened order. Raises `ValueError` where there are none."""
    if not rows:
        message = "a trail needs at least one row"
        raise ValueError(message)
    return fold_placed(rows, pipeline.key, places_of(pipeline))


_NO_ESTIMATE = Estimate()
_CLEARABLE: Mapping[str, str] = {
    "amount": "amount",
    "owner_id": "owner_id",
    "source": "source",
    "probability": "probability",
    "forecast_category": "category",
    "expected_close_on": "expected_close_on",
}
"""The columns that can be cleared, and where their values are kept."""
_SOLD = frozenset({StageKind.WON, StageKind.POST_SALE})
_FITTING: Mapping[StageKind, frozenset[Outcome]] = {
    StageKind.OPEN: frozenset({Outcome.OPEN}),
    StageKind.WON: frozenset({Outcome.WON}),
    StageKind.POST_SALE: frozenset({Outcome.WON}),
    StageKind.LOST: frozenset({Outcome.LOST, Outcome.ABANDONED}),
}
"""The outcomes with which a deal visits a stage."""
_ENDINGS: Mapping[Outcome, Ending] = {outcome: Ending(outcome.value) for outcome in Outcome}
"""How a visit ends that being closed ends, or how it has not."""


@final
@attrs.frozen(kw_only=True)
class Place:
    """A stage as the fold sees it.

    `outcome` is what entering it means, `group` and `position` its place among the stages of its kind, `states` where a
    deal stands there by the outcomes it can have, and `fitting` are those with which it visits the stage.
    """

    outcome: Outcome
    group: int
    position: int
    states: Mapping[Outcome, State]
    fitting: frozenset[Outcome]


def places_of(pipeline: Pipeline) -> Mapping[str, Place]:
    """Give the stages of a pipeline as the fold sees them; made once for many opportunities."""
    found: dict[str, Place] = {}
    seen = [0, 0, 0]
    for stage in pipeline.stages:
        group = 0 if stage.kind is StageKind.OPEN else 1 if stage.kind in _SOLD else 2
        found[stage.key] = Place(
            outcome=stage.kind.outcome,
            group=group,
            position=seen[group],
            states={outcome: State(stage.key, outcome) for outcome in legal_outcomes(stage.kind)},
            fitting=_FITTING[stage.kind],
        )
        seen[group] += 1
    return found


def fold_placed(rows: Iterable[Row], pipeline_key: str, places: Mapping[str, Place]) -> Trail:
    """Do what `fold_rows` does, with the places of the stages at hand."""
    fold = _Fold(pipeline_key, places)
    for row in rows:
        fold.read(row)
    return fold.trail()


class _Fold:
    """The state of the pass."""

    __slots__ = (
        "actor_id",
        "amount",
        "amounts",
        "away",
        "category",
        "changed_at",
        "changes",
        "close_dates",
        "closed_at",
        "entered_at",
        "expected_close_on",
        "further",
        "held_at",
        "holds",
        "opened_at",
        "opportunity_id",
        "outcome",
        "owner_id",
        "path",
        "pipeline_key",
        "places",
        "probability",
        "reason",
        "removed",
        "source",
        "stage",
        "unused",
        "visiting",
        "visits",
    )

    def __init__(self, pipeline_key: str, places: Mapping[str, Place]) -> None:
        self.pipeline_key = pipeline_key
        self.places = places
        self.opportunity_id = ""
        self.stage: str | None = None
        self.outcome = Outcome.OPEN
        self.visiting = False
        self.removed: RowKind | None = None
        self.away = False
        self.opened_at: datetime | None = None
        self.entered_at: datetime | None = None
        self.closed_at: datetime | None = None
        self.changed_at: datetime | None = None
        self.reason: str | None = None
        self.amount: Money | None = None
        self.probability: Decimal | None = None
        self.category: ForecastCategory | None = None
        self.expected_close_on: date | None = None
        self.owner_id: str | None = None
        self.source: str | None = None
        self.actor_id: str | None = None
        self.further: Mapping[str, str] = {}
        self.visits: list[Visit] = []
        self.changes: list[OutcomeChange] = []
        self.path: list[tuple[str | None, datetime]] = []
        self.close_dates: list[CloseDateChange] = []
        self.amounts: list[tuple[datetime, Money | None]] = []
        self.held_at: datetime | None = None
        self.holds: list[tuple[datetime, datetime | None]] = []
        self.unused: list[tuple[str, Row]] = []

    def read(self, row: Row) -> None:
        self.opportunity_id = row.opportunity_id
        if row.pipeline is not None:
            self.away = row.pipeline != self.pipeline_key
        if self.away:
            self._remember(row)  # what it is worth comes along when it is transferred
            self._leave(row.at, Ending.REMOVED)
            self.unused.append(("deal.elsewhere", row))
            return
        kind = row.kind
        if kind is RowKind.REMOVED or kind is RowKind.MERGED:
            self._leave(row.at, Ending.REMOVED)
            self.removed = kind
            self._remember(row)
            return
        if self.removed and kind is RowKind.ENTRY:
            self.unused.append(("deal.removed", row))
            return
        stage = self.stage if row.stage is None else row.stage
        if stage is None:
            self.unused.append(("deal.no_stage", row))
            return
        place = self.places.get(stage)
        if place is None:
            self.unused.append(("stage.unknown", row))
            return
        outcome = row.outcome
        if outcome is None:
            outcome = self.outcome if stage == self.stage else place.outcome
        elif outcome not in place.states:
            self.unused.append(("stage.outcome", row))
            return
        self.removed = None
        self.changed_at = row.at
        was_open = self.visiting and self.outcome is Outcome.OPEN
        expected = self.expected_close_on
        self._remember(row)
        self._stand(stage, outcome, place, row)
        if row.on_hold is not None or self.held_at is not None:
            self._hold(row)
        if expected != self.expected_close_on and was_open and self.outcome is Outcome.OPEN:
            self.close_dates.append(CloseDateChange(expected, self.expected_close_on, row.at, self.amount))

    def _stand(self, stage: str, outcome: Outcome, place: Place, row: Row) -> None:
        at = row.at
        fits = outcome in place.fitting
        if stage != self.stage:
            if self.visiting and self.stage is not None:
                self._leave(at, self._ending(self.places[self.stage], place, outcome))
            self.stage = stage
            self._enter(at)
        elif fits and not self.visiting:
            self._enter(at)
        if self.visiting and not fits:
            self._leave(at, _ENDINGS[outcome])
        if outcome is not self.outcome:
            self._turn(stage, outcome, row)
        elif row.reason is not None and outcome is not Outcome.OPEN:
            self.reason = row.reason

    def _ending(self, old: Place, new: Place, outcome: Outcome) -> Ending:
        if old.group == new.group:
            if new.position < old.position:
                return Ending.REVERTED
            return Ending.ADVANCED if new.position == old.position + 1 else Ending.JUMPED
        if outcome is Outcome.OPEN or outcome is self.outcome:
            return Ending.REVERTED
        return _ENDINGS[outcome]

    def _enter(self, at: datetime) -> None:
        self.visiting = True
        self.entered_at = at
        if self.opened_at is None:
            self.opened_at = at
        self.path.append((self.stage, at))

    def _leave(self, at: datetime, ended: Ending) -> None:
        if self.visiting and self.stage is not None and self.entered_at is not None:
            self.visits.append(Visit(self.stage, self.entered_at, at, ended))
        self.visiting = False

    def _turn(self, stage: str, outcome: Outcome, row: Row) -> None:
        self.changes.append(OutcomeChange(outcome, stage, row.at, row.reason))
        if outcome is Outcome.OPEN:
            self.closed_at = None
            self.reason = None
        else:
            self.reason = row.reason
            if self.closed_at is None or Outcome.WON in (outcome, self.outcome):
                self.closed_at = row.at
        if outcome is Outcome.WON:
            self.path.append((None, row.at))
        self.outcome = outcome

    def _hold(self, row: Row) -> None:
        held = self.held_at is not None if row.on_hold is None else row.on_hold
        if self.outcome is not Outcome.OPEN:
            held = False  # what is closed is no longer on hold
        if held and self.held_at is None:
            self.held_at = row.at
        elif not held and self.held_at is not None:
            self.holds.append((self.held_at, row.at))
            self.held_at = None

    def _remember(self, row: Row) -> None:
        if row.amount is not None:
            self.amount = row.amount
            self.amounts.append((row.at, row.amount))
        if row.owner_id is not None:
            self.owner_id = row.owner_id
        if row.source is not None:
            self.source = row.source
        if row.probability is not None:
            self.probability = row.probability
        if row.forecast_category is not None:
            self.category = row.forecast_category
        if row.expected_close_on is not None:
            self.expected_close_on = row.expected_close_on
        if row.actor_id is not None:
            self.actor_id = row.actor_id
        if row.further:
            self.further = {**self.further, **row.further}
        if row.cleared:
            self._clear(row.cleared, row.at)

    def _clear(self, columns: Sequence[str], at: datetime) -> None:
        for column in columns:
            if column in _CLEARABLE:
                setattr(self, _CLEARABLE[column], None)
        if "amount" in columns:
            self.amounts.append((at, None))
        self.further = {name: value for name, value in self.further.items() if name not in columns}

    def _estimate(self) -> Estimate:
        if self.probability is None and self.category is None:
            return _NO_ESTIMATE
        return Estimate(probability=self.probability, forecast_category=self.category)

    def trail(self) -> Trail:
        standing = None
        if self.stage is not None and self.entered_at is not None and self.opened_at is not None:
            if self.visiting:
                self.visits.append(Visit(self.stage, self.entered_at, None, Ending.OPEN))
            if not self.removed and not self.away:
                standing = Standing(
                    opportunity_id=self.opportunity_id,
                    state=self.places[self.stage].states[self.outcome],
                    opened_at=self.opened_at,
                    entered_at=self.entered_at,
                    closed_at=self.closed_at,
                    reason=self.reason,
                    amount=self.amount,
                    estimate=self._estimate(),
                    expected_close_on=self.expected_close_on,
                    owner_id=self.owner_id,
                    source=self.source,
                    actor_id=self.actor_id,
                    further=self.further,
                )
        return Trail(
            opportunity_id=self.opportunity_id,
            visits=tuple(self.visits),
            outcome_changes=tuple(self.changes),
            path=tuple(self.path),
            standing=standing,
            removed=self.removed,
            close_date_changes=tuple(self.close_dates),
            amounts=tuple(self.amounts),
            unused=tuple(self.unused),
            changed_at=self.changed_at,
            holds=(*self.holds, *([] if self.held_at is None else [(self.held_at, None)])),
        )
