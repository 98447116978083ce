"""Attainment of quotas: what is won of each, whether that is on pace, and what is open to cover the rest."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta, tzinfo
from fractions import Fraction
from typing import Any, final

import attrs

from oppcore.errors import Problem
from oppcore.forecast.deals import list_ids
from oppcore.forecast.quotas import Quota
from oppcore.forecast.scope import Scope, find_scope
from oppcore.funnel.share import Share
from oppcore.history import COLUMNS, History, Standing
from oppcore.money import Money, sum_by_currency
from oppcore.periods import Period, as_of_text, end_of_day, to_zone
from oppcore.pipeline import Pipeline
from oppcore.pipeline.estimate import effective_category
from oppcore.records import ForecastCategory, Opportunity, Outcome
from oppcore.spelling import hint
from oppcore.table import Table

__all__ = ["QuotaAttainment", "QuotaReport", "measure_attainment"]


@final
@attrs.frozen(kw_only=True)
class QuotaAttainment:
    """What became of one quota by an instant.

    `won` is what was won in the period, `open` what open deals are expected to bring in it, and `commit` the part of
    that in the category commit; all in the currency of the quota. `elapsed` is the share of the days (or working days)
    of the period that have ended; None where no instant is known.
    """

    quota: Quota
    won: Money
    open: Money
    commit: Money
    elapsed: Fraction | None
    won_ids: tuple[str, ...] = attrs.field(repr=False)
    open_ids: tuple[str, ...] = attrs.field(repr=False)

    @property
    def gap(self) -> Money:
        """The quota less what was won; below zero where more was won."""
        return self.quota.amount - self.won

    @property
    def attainment(self) -> Share:
        """What was won over the quota; without a value where the quota is zero."""
        return Share(self.won, self.quota.amount)

    @property
    def pace(self) -> Fraction | None:
        """The attainment over the elapsed share: 1 is on pace. None without a quota, and before a day has ended."""
        value = self.attainment.value
        return value / self.elapsed if value is not None and self.elapsed else None

    @property
    def gross_coverage(self) -> Fraction | None:
        """What is open over the quota; None where the quota is zero."""
        return Share(self.open, self.quota.amount).value

    @property
    def coverage(self) -> Fraction | None:
        """What is open over the gap; None where nothing has to be covered any more."""
        return Share(self.open, self.gap).value if self.gap.amount > 0 else None

    @property
    def on_track(self) -> bool | None:
        """Whether what is won and committed together is at least the quota; None where the quota is zero.

        Source: the field On Track of Salesforce's forecasts.
        """
        return self.won + self.commit >= self.quota.amount if self.quota.amount.amount else None

    def as_record(self) -> dict[str, Any]:
        """Give the quota as a dict: the columns of its scope, amounts as Decimals, ratios as floats."""
        ratios = {
            "attainment": self.attainment.value,
            "elapsed": self.elapsed,
            "pace": self.pace,
            "gross_coverage": self.gross_coverage,
            "coverage": self.coverage,
        }
        return {
            **self.quota.scope,
            "period": str(self.quota.period),
            "currency": self.quota.amount.currency,
            "quota": self.quota.amount.amount,
            "won": self.won.amount,
            "gap": self.gap.amount,
            "open": self.open.amount,
            "commit": self.commit.amount,
            **{name: None if ratio is None else float(ratio) for name, ratio in ratios.items()},
            "on_track": self.on_track,
        }


@final
@attrs.frozen(kw_only=True)
class QuotaReport:
    """The quotas in the order in which they were given, and what became of each.

    `left_out` lists the deals in the scope and period of a quota that are in another currency or have no amount, and
    open deals in a scope that have no expected close date.
    """

    as_of: datetime | None
    known_on: datetime | None
    rows: tuple[QuotaAttainment, ...]
    left_out: tuple[Problem, ...] = ()

    def as_records(self) -> list[dict[str, Any]]:
        """Give one dict per quota; amounts are Decimals."""
        return [row.as_record() for row in self.rows]

    def detail(self) -> dict[str, Any]:
        """Give the quotas as plain data, ready for JSON; amounts are texts."""
        amounts = ("quota", "won", "gap", "open", "commit")
        return {
            "measure": "attainment",
            "as_of": None if self.as_of is None else self.as_of.isoformat(),
            "known_on": None if self.known_on is None else self.known_on.isoformat(),
            "rows": [
                {"scope": dict(row.quota.scope)}
                | {
                    key: format(cell, "f") if key in amounts else cell
                    for key, cell in row.as_record().items()
                    if key not in row.quota.scope
                }
                | {"won_ids": list(row.won_ids), "open_ids": list(row.open_ids)}
                for row in self.rows
            ],
            "left_out": [problem.detail() for problem in self.left_out],
        }

    def table(self) -> Table:
        """Give the quotas for eyes, a line for each."""
        return Table(
            columns=["of", "period", "quota", "won", "attained", "pace", "open", "coverage"],
            rows=[
                [
                    ", ".join(row.quota.scope.values()) or "all",
                    str(row.quota.period),
                    row.quota.amount,
                    row.won,
                    str(row.attainment),
                    None if row.pace is None else f"{float(row.pace):.2f}",
                    row.open,
                    _covered(row),
                ]
                for row in self.rows
            ],
            title=f"Quotas {as_of_text(self.as_of, self.known_on)}",
            notes=(
                "attained: won over quota; pace: that over the share of the period that has passed; coverage: what is"
                " open over what remains to be won",
            ),
            left_out=self.left_out,
        )

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().html()


def _covered(row: QuotaAttainment) -> str | None:
    if row.coverage is not None:
        return f"{float(row.coverage):.2f}x"
    return "met" if row.quota.amount.amount else None


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
