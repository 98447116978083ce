"""Attainment of quotas: what is won of each, whether that is on pace, and what is open to cover the rest."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta, tzinfo
from fractions import Fraction

import attrs

from oppcore.forecast.quotas.quota_report import QuotaAttainment, QuotaReport
from oppcore.forecast.quotas.quotas import Quota
from oppcore.forecast.scope import Scope, find_scope
from oppcore.funnel.listing import list_ids
from oppcore.history import COLUMNS, History, Standing
from oppcore.money import Money, sum_by_currency
from oppcore.periods import Period, end_of_day, to_zone
from oppcore.pipeline import Pipeline
from oppcore.pipeline.estimate import effective_category
from oppcore.records import ForecastCategory, Opportunity, Outcome
from oppcore.spelling import hint

__all__ = ["measure_attainment"]


def measure_attainment(
    source: History | Iterable[Opportunity],
    pipeline: Pipeline,
    *,
    quotas: Iterable[Quota],
    timezone: str | tzinfo,
    working_days: Collection[date] | None = None,
    as_of: date | None = None,
    known_on: date | None = None,
    lenient: bool = False,
) -> QuotaReport:
    """Give what is won of each quota, its pace, and the open deals that may bring the rest.

    `source` is a history or records, as for `weigh_forecast`. A quota counts the deals that have the values of its
    scope, by what was said last: won ones by the day of their closing in `timezone`, open ones by `expected_close_on`.
    Quotas may overlap: a deal counts towards each that it is in. A day has passed when it has ended by `as_of`; where
    `working_days` are given, only these count. Nothing is converted.

    Raises `UnreadableChanges` for stages that the pipeline does not have, unless `lenient`; `ValueError` for a column
    that there is not, and for a period without any of the working days.
    """
    zone = to_zone(timezone)
    scope = find_scope(source, pipeline, as_of=as_of, known_on=known_on, timezone=zone, lenient=lenient)
    wanted = tuple(quotas)
    _check_columns(wanted, scope, source.columns if isinstance(source, History) else ())
    found = [_Found() for _ in wanted]
    index = _index(wanted)
    missing: dict[tuple[str, str], dict[str, None]] = {}
    for standing in scope.standings:
        for place in _places(standing, index):
            _count(standing, wanted[place], found[place], pipeline, zone, missing)
    last = None if scope.as_of is None else _last_ended(scope.as_of, zone)
    return QuotaReport(
        as_of=scope.as_of,
        known_on=scope.known_on,
        rows=tuple(
            QuotaAttainment(
                quota=quota,
                won=_sum(one.won, quota),
                open=_sum(one.open, quota),
                commit=_sum(one.commit, quota),
                elapsed=None if last is None else _elapsed(quota.period, last, working_days),
                won_ids=tuple(one.won),
                open_ids=tuple(one.open),
            )
            for quota, one in zip(wanted, found, strict=True)
        ),
        left_out=(
            *scope.left_out,
            *(list_ids(code, tuple(ids), need=need) for (code, need), ids in sorted(missing.items())),
        ),
    )


@attrs.define
class _Found:
    """The deals that count towards one quota, with their amounts."""

    won: dict[str, Money] = attrs.field(factory=dict[str, Money])
    open: dict[str, Money] = attrs.field(factory=dict[str, Money])
    commit: dict[str, Money] = attrs.field(factory=dict[str, Money])


def _sum(found: Mapping[str, Money], quota: Quota) -> Money:
    return sum_by_currency((Money.zero(quota.amount.currency), *found.values()))[quota.amount.currency]


_Index = dict[tuple[str, ...], dict[tuple[str | None, ...], list[int]]]


def _index(quotas: Iterable[Quota]) -> _Index:
    """Give the places of the quotas by the columns and the values of their scopes."""
    found: _Index = {}
    for place, quota in enumerate(quotas):
        columns = tuple(sorted(quota.scope))
        values = tuple(quota.scope[column] for column in columns)
        found.setdefault(columns, {}).setdefault(values, []).append(place)
    return found


def _places(standing: Standing, index: _Index) -> Iterable[int]:
    for columns, by_values in index.items():
        yield from by_values.get(tuple(standing.column(column) for column in columns), ())


def _count(
    standing: Standing,
    quota: Quota,
    found: _Found,
    pipeline: Pipeline,
    zone: tzinfo,
    missing: dict[tuple[str, str], dict[str, None]],
) -> None:
    id, amount, outcome = standing.opportunity_id, standing.amount, standing.outcome
    if outcome is Outcome.OPEN:
        day = standing.expected_close_on
        if day is None:
            missing.setdefault(("close_date.missing", ""), {})[id] = None
    elif outcome is Outcome.WON:
        day = None if standing.closed_at is None else standing.closed_at.astimezone(zone).date()
    else:
        return
    if day is None or day not in quota.period:
        return
    if amount is None:
        missing.setdefault(("amount.missing", ""), {})[id] = None
    elif amount.currency != quota.amount.currency:
        missing.setdefault(("currency.other", quota.amount.currency), {})[id] = None
    elif outcome is Outcome.WON:
        found.won[id] = amount
    else:
        found.open[id] = amount
        if effective_category(pipeline, standing.state, standing.estimate) is ForecastCategory.COMMIT:
            found.commit[id] = amount


def _last_ended(as_of: datetime, zone: tzinfo) -> date:
    """Give the last day that has ended by an instant."""
    day = as_of.astimezone(zone).date()
    return day if as_of >= end_of_day(day, zone) else day - timedelta(days=1)


def _elapsed(period: Period, last: date, working_days: Collection[date] | None) -> Fraction:
    if working_days is None:
        days = (period.end - period.start).days
        return Fraction(min(max((last - period.start).days + 1, 0), days), days)
    counted = {day for day in working_days if day in period}
    if not counted:
        message = f"none of the working days lies in the period {period}"
        raise ValueError(message)
    return Fraction(sum(day <= last for day in counted), len(counted))


def _check_columns(quotas: Iterable[Quota], scope: Scope, columns: Iterable[str]) -> None:
    if not scope.standings:
        return
    known = {*COLUMNS, *columns, *(name for standing in scope.standings for name in standing.further)}
    for quota in quotas:
        for column in quota.scope:
            if column not in known:
                message = f"there is no column {column!r}; {hint(column, sorted(known))}"
                raise ValueError(message)
