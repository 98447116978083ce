"""Hygiene: which deals are badly kept, by which check, and what they are worth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta, tzinfo
from typing import Any, final

import attrs

from oppcore.errors import Problem
from oppcore.funnel.buckets import Bucket, BucketTally, Collector, Contribution
from oppcore.funnel.checks import Check, make_checks
from oppcore.funnel.showing import amount_cells, amount_pairs, details_of, find_currencies, records_of, table_of
from oppcore.funnel.terms import Scope, Terms, check_column, need_zone, read_scope
from oppcore.history import History, fold_history
from oppcore.pipeline import Pipeline
from oppcore.records import Outcome
from oppcore.stats import Ratio, make_ratio
from oppcore.table import Table

__all__ = ["Hygiene", "count_hygiene", "finish_hygiene", "measure_hygiene"]

Heading = tuple[str, str]
_OPEN: Heading = ("open", "")
_FAILING: Heading = ("failing", "")


@final
@attrs.frozen(kw_only=True)
class Hygiene:
    """The open deals that fail each check, with their share of all open deals; a deal may fail several.

    `failing` are the deals that fail at least one check. `groups` holds the same for each value of the column grouped
    by.
    """

    tally: BucketTally[Heading] = attrs.field(repr=False)
    confidence: float
    groups: Mapping[str | None, Hygiene] = attrs.field(hash=False, repr=False)

    @property
    def terms(self) -> Terms:
        """What was asked."""
        return self.tally.terms

    @property
    def left_out(self) -> tuple[Problem, ...]:
        """What is in none of the numbers, or not in all of them, and why."""
        return self.tally.problems()

    @property
    def checks(self) -> tuple[str, ...]:
        """The names of the checks made."""
        return self.terms.headings

    @property
    def open(self) -> Bucket:
        """All open deals."""
        return self.tally.bucket(_OPEN)

    @property
    def failing(self) -> Bucket:
        """The open deals that fail at least one check."""
        return self.tally.bucket(_FAILING)

    def bucket(self, check: str) -> Bucket:
        """Give the deals that fail a check. Raises `KeyError` where it was not made."""
        if check not in self.checks:
            raise KeyError(check)
        return self.tally.bucket(_heading(check))

    def ids(self, check: str) -> tuple[str, ...]:
        """Give the ids of the deals that fail a check. Raises `KeyError` where it was not made."""
        return self.bucket(check).ids

    def share(self, check: str) -> Ratio:
        """Give the share of the open deals that fail a check. Raises `KeyError` where it was not made."""
        return make_ratio(self.bucket(check).count, self.open.count, confidence=self.confidence)

    def as_records(self) -> list[dict[str, Any]]:
        """Give one dict per check and currency, or per group, check and currency."""
        return records_of(self, self.groups, _records, self.terms.by)

    def detail(self) -> dict[str, Any]:
        """Give the hygiene as plain data, ready for JSON; amounts are texts."""
        return details_of(self, self.groups, _numbers, self.tally)

    def table(self) -> Table:
        """Give the hygiene for eyes: a line per check."""
        currencies = find_currencies([self.open])

        def lines(hygiene: Hygiene) -> Iterator[list[Any]]:
            for check in hygiene.checks:
                bucket = hygiene.bucket(check)
                yield [check, bucket.count, hygiene.share(check), *amount_cells(bucket, currencies)]

        fails = make_ratio(self.failing.count, self.open.count, confidence=self.confidence)
        return table_of(
            self,
            self.groups,
            self.tally,
            title="Hygiene",
            columns=["check", "deals", "of the open ones", *currencies],
            lines=lines,
            notes=[f"{self.failing.count:,} of {self.open.count:,} open deals fail some check: {fails}"],
        )

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().html()


def _heading(check: str) -> Heading:
    return "check", check


def _records(hygiene: Hygiene) -> Iterator[dict[str, Any]]:
    for check in hygiene.checks:
        bucket, share = hygiene.bucket(check), hygiene.share(check).value
        for currency, amount in amount_pairs(bucket):
            yield {
                "check": check,
                "count": bucket.count,
                "share": None if share is None else float(share),
                "currency": currency,
                "amount": amount,
            }


def _numbers(hygiene: Hygiene) -> dict[str, Any]:
    return {
        "open": hygiene.open.detail(),
        "failing": hygiene.failing.detail(),
        "checks": [
            {"check": check, **hygiene.bucket(check).detail(), "share": hygiene.share(check).detail()}
            for check in hygiene.checks
        ],
        "confidence": hygiene.confidence,
    }


def measure_hygiene(
    history: History,
    pipeline: Pipeline,
    *,
    timezone: str | tzinfo,
    as_of: date | None = None,
    required: Iterable[str] = (),
    late_stages: Iterable[str] = (),
    tolerance: timedelta = timedelta(days=1),
    own: Mapping[str, Check] | None = None,
    scope: Scope | None = None,
    by: str | None = None,
    known_on: date | None = None,
    confidence: float = 0.95,
    lenient: bool = False,
) -> Hygiene:
    """Give the open deals that fail the checks of `HygieneCheck`, and those of your own.

    Each column in `required` is a check, such as `missing_next_step`: nothing is said in it. In each of `late_stages` a
    deal should have an amount above zero (`late_without_amount`). `own` are further checks by name: they say whether a
    deal fails. Whether a date has passed goes by the day of `as_of` in `timezone`; `tolerance` is how much later than
    it happened something may be recorded.

    Raises `UnreadableChanges` for rows in stages that the pipeline does not have, unless `lenient`; `ValueError` for
    unknown columns and stages, and for a check of your own with the name of another.
    """
    tally = count_hygiene(
        history,
        pipeline,
        timezone=timezone,
        as_of=as_of,
        required=required,
        late_stages=late_stages,
        tolerance=tolerance,
        own=own,
        scope=scope,
        by=by,
        known_on=known_on,
        lenient=lenient,
    )
    return finish_hygiene(tally, confidence=confidence)


def finish_hygiene(tally: BucketTally[Heading], *, confidence: float = 0.95) -> Hygiene:
    """Give the hygiene of counts: every division is done here, whoever counted."""
    groups = {value: finish_hygiene(found, confidence=confidence) for value, found in tally.by_group().items()}
    return Hygiene(tally=tally, confidence=confidence, groups=groups)


def count_hygiene(
    history: History,
    pipeline: Pipeline,
    *,
    timezone: str | tzinfo,
    as_of: date | None = None,
    required: Iterable[str] = (),
    late_stages: Iterable[str] = (),
    tolerance: timedelta = timedelta(days=1),
    own: Mapping[str, Check] | None = None,
    scope: Scope | None = None,
    by: str | None = None,
    known_on: date | None = None,
    lenient: bool = False,
) -> BucketTally[Heading]:
    """Give the buckets that `measure_hygiene` divides; those of several parts of a history combine to the whole.

    The settings are those of `measure_hygiene`; parts need the same `as_of`.
    """
    zone = need_zone(timezone, "whether a day has passed")
    columns = tuple(required)
    for column in (*columns, *([] if by is None else [by])):
        check_column(column, history)
    past = fold_history(history, pipeline, as_of=as_of, known_on=known_on, timezone=zone, lenient=lenient)
    checks = make_checks(
        history,
        pipeline,
        past,
        zone=zone,
        required=columns,
        late_stages=late_stages,
        tolerance=tolerance,
        own=own or {},
    )
    terms = Terms(
        measure="hygiene",
        definition="open deals, and those of them that fail each check; a deal may fail several",
        as_of=past.as_of,
        known_on=past.known_on,
        timezone=str(zone),
        scope=read_scope(scope, history),
        by=by,
        headings=tuple(checks),
    )
    found = Collector[Heading](terms)
    for trail in past.trails:
        standing = trail.standing
        if standing is None or standing.outcome is not Outcome.OPEN or not terms.covers(standing):
            continue
        deal = Contribution(trail.opportunity_id, standing.amount)
        failed = [name for name, fails in checks.items() if fails(standing)]
        found.put(_OPEN, deal, standing)
        for name in failed:
            found.put(_heading(name), deal, standing)
        if failed:
            found.put(_FAILING, deal, standing)
    return found.tally(past.left_out)
