"""What became of leads, by where they came from: how many turned into deals, and how many of those were won."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from enum import StrEnum
from typing import Any, final

import attrs

from oppcore.funnel.cells import Cell, CellCounts
from oppcore.funnel.counting import check_span, days_text
from oppcore.funnel.report import Report, make_report
from oppcore.funnel.sample import find_sample
from oppcore.funnel.tally import Tally, add_numbers
from oppcore.funnel.terms import day_of, need_zone
from oppcore.history import History, RowKind, Standing
from oppcore.periods import Period
from oppcore.pipeline import Pipeline
from oppcore.records import Lead, Outcome
from oppcore.spelling import choose
from oppcore.stats import Ratio, make_ratio

__all__ = [
    "LeadCounting",
    "LeadCounts",
    "LeadSource",
    "SourceRule",
    "count_lead_sources",
    "finish_lead_sources",
    "measure_lead_sources",
]

_LEADS, _CONVERTED, _WON, _LOST, _DEALS = "leads", "converted", "won", "lost", "deals"
_LINK = "lead_id"
"""The column in which a deal names the lead it came from."""


class SourceRule(StrEnum):
    """Which source counts of a lead of which several were said: the `first`, the `last`, or `each` of them."""

    FIRST = "first"
    LAST = "last"
    EACH = "each"


@final
@attrs.frozen(kw_only=True)
class LeadCounting:
    """Which source counts, in what time leads must become deals, and when they must have come in (None: whenever)."""

    rule: SourceRule
    within: timedelta | None = attrs.field(default=None, validator=attrs.validators.optional(check_span))
    created: Period | None = None
    zone: str | None = None


@final
@attrs.frozen
class LeadCounts:
    """Leads by source (None: nothing said) and by what became of them, and all together; they add up with `+`."""

    cells: CellCounts
    totals: Mapping[str, int] = attrs.field(hash=False)

    def ids(self, name: str | None, *kinds: str) -> tuple[str, ...]:
        """Give the ids of the leads of a source under any of these kinds: `leads`, `converted`, `won`, `lost`."""
        return self.cells.ids(name, *kinds)

    def __add__(self, other: LeadCounts) -> LeadCounts:
        return LeadCounts(self.cells + other.cells, add_numbers(self.totals, other.totals))


@final
@attrs.frozen(kw_only=True)
class LeadSource:
    """The leads from a source (None: nothing was said of it), each counted once, and what became of them.

    `converted` have at least one deal, `won` at least one that was won; `lost` have deals, all of them lost or
    abandoned. `deals` is the number of deals they have: one lead may have several, and one deal several leads.
    """

    source: str | None
    leads: int
    deals: int
    converted: Ratio
    won: Ratio
    won_of_converted: Ratio
    lost: int

    @property
    def name(self) -> str:
        """What the line is about."""
        return "(nothing said)" if self.source is None else self.source

    def figures(self) -> Mapping[str, Any]:
        """Give the figures by name."""
        return attrs.asdict(self, recurse=False)


def measure_lead_sources(
    history: History,
    pipeline: Pipeline,
    *,
    leads: History | Iterable[Lead],
    links: Iterable[tuple[str, str]] | None = None,
    rule: SourceRule | str = SourceRule.LAST,
    within: timedelta | None = None,
    created: Period | None = None,
    as_of: date | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    confidence: float | Decimal = 0.95,
    lenient: bool = False,
) -> Report[LeadSource]:
    """Give the shares of the leads from each source that became deals, and that were won, most leads first.

    `leads` are records, or a history in which each opportunity is a lead and whose `source` may change: then `rule`
    says which counts (by `each`, a lead counts in several lines, which do not add up). `links` are pairs of the ids of
    a lead and a deal, as many as there are; without them a deal names its lead in the column `lead_id`, which
    `rows_of` fills in. Of leads without a source there is a line as of any other.

    The deals are those of `history` as of the instant; leads that came later, or were removed, do not exist. `within`
    counts what came about so long after the lead did, `created` only leads of these days in `timezone`. Beside the
    lines stand all leads, the deals without any lead, and the links to a lead or a deal that does not exist.

    Raises `UnreadableChanges` as `measure_funnel` does, and `ValueError` for unknown rules and a missing time zone.
    """
    tally = count_lead_sources(
        history,
        pipeline,
        leads=leads,
        links=links,
        rule=rule,
        within=within,
        created=created,
        as_of=as_of,
        known_on=known_on,
        timezone=timezone,
        lenient=lenient,
    )
    return finish_lead_sources(tally, confidence=confidence)


def count_lead_sources(
    history: History,
    pipeline: Pipeline,
    *,
    leads: History | Iterable[Lead],
    links: Iterable[tuple[str, str]] | None = None,
    rule: SourceRule | str = SourceRule.LAST,
    within: timedelta | None = None,
    created: Period | None = None,
    as_of: date | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    lenient: bool = False,
) -> Tally[LeadCounting, LeadCounts]:
    """Give the leads by source and by what became of them: what `measure_lead_sources` divides.

    Counts of parts combine to those of the whole where leads and their deals stay together.
    """
    zone = None if created is None else need_zone(timezone, "when a lead came in")
    definition = LeadCounting(
        rule=choose(SourceRule, rule, "source rule"),
        within=within,
        created=created,
        zone=None if zone is None else str(zone),
    )
    if not isinstance(leads, History):
        leads = tuple(leads)
    if as_of is None:
        as_of = max(filter(None, (history.last_at, _last_at(leads))), default=None)
    sample = find_sample(history, pipeline, as_of=as_of, known_on=known_on, timezone=timezone, lenient=lenient)
    basis = sample.basis
    deals = {trail.opportunity_id: standing for found in sample.groups.values() for trail, standing in found}
    named = ((deal.column(_LINK), id) for id, deal in deals.items())
    pairs = {(lead_id, id) for lead_id, id in named if lead_id} if links is None else set(links)
    by_lead: dict[str, list[Standing]] = {}
    for lead_id, deal_id in sorted(pairs):
        if deal_id in deals:
            by_lead.setdefault(lead_id, []).append(deals[deal_id])
    members: dict[str, Mapping[Cell, int]] = {}
    totals = dict.fromkeys((_LEADS, _CONVERTED, _WON), 0)
    known: set[str] = set()
    for lead in _find_leads(leads, basis.as_of, basis.known_on):
        known.add(lead.id)
        if created is not None and zone is not None and day_of(lead.came_at, zone) not in created:
            continue
        kinds = _became(lead, by_lead.get(lead.id, ()), within)
        members[lead.id] = {(source, kind): n for source in lead.picked(definition.rule) for kind, n in kinds.items()}
        for kind in totals.keys() & kinds.keys():
            totals[kind] += 1
    linked = {deal_id for lead_id, deal_id in pairs if lead_id in known}
    totals |= {
        "deals_without_lead": len(deals.keys() - linked),
        "links_without_lead": sum(lead_id not in known for lead_id, _ in pairs),
        "links_without_deal": sum(deal_id not in deals for _, deal_id in pairs),
    }
    counts = LeadCounts(CellCounts.of(members), totals)
    return Tally(definition=definition, basis=basis, none=LeadCounts(CellCounts.of({}), {}), groups={None: counts})


def finish_lead_sources(
    tally: Tally[LeadCounting, LeadCounts], *, confidence: float | Decimal = 0.95
) -> Report[LeadSource]:
    """Give the shares of counts."""
    level = float(confidence)

    def lines(counts: LeadCounts) -> Iterator[LeadSource]:
        cells = counts.cells
        sources = {source for source, kind in cells.numbers if kind == _LEADS}
        for source in sorted(sources, key=lambda one: (-cells.number(one, _LEADS), one is None, one or "")):
            leads, converted, won = (cells.number(source, kind) for kind in (_LEADS, _CONVERTED, _WON))
            yield LeadSource(
                source=source,
                leads=leads,
                deals=cells.number(source, _DEALS),
                converted=make_ratio(converted, leads, confidence=level),
                won=make_ratio(won, leads, confidence=level),
                won_of_converted=make_ratio(won, converted, confidence=level),
                lost=cells.number(source, _LOST),
            )

    asked = tally.definition
    said = {SourceRule.EACH: "under each source said", SourceRule.FIRST: "by the first source said"}
    definition = f"leads {said.get(asked.rule, 'by the last source said')}: shares that became deals, and were won"
    if asked.within is not None:
        definition += f", within {days_text(asked.within)}"
    if asked.created is not None:
        definition += f"; leads of {asked.created}"
    return make_report("lead_sources", definition, tally, lines, confidence=level, aside=tally.total.totals)


@final
@attrs.frozen
class _Lead:
    id: str
    came_at: datetime
    sources: tuple[str | None, ...]

    def picked(self, rule: SourceRule) -> tuple[str | None, ...]:
        said = tuple(dict.fromkeys(source for source in self.sources if source is not None))
        if rule is SourceRule.LAST:
            return self.sources[-1:]
        return (said if rule is SourceRule.EACH else said[:1]) or (None,)


def _last_at(leads: History | tuple[Lead, ...]) -> datetime | None:
    if isinstance(leads, History):
        return leads.last_at
    return max((lead.progress.opened_at for lead in leads), default=None)


def _find_leads(
    leads: History | tuple[Lead, ...], as_of: datetime | None, known_on: datetime | None
) -> Iterator[_Lead]:
    """Give the leads that exist as of the instant, with every source that was said of them by then."""
    if not isinstance(leads, History):
        for lead in leads:
            if lead.progress.removal is None and (as_of is None or lead.progress.opened_at <= as_of):
                yield _Lead(lead.id, lead.progress.opened_at, (lead.origin.source,))
        return
    found = (leads if known_on is None else leads.known_on(known_on)).corrected()
    for id, rows in found:
        past = [row for row in rows if as_of is None or row.at <= as_of]
        sources: list[str | None] = [None]
        gone = False
        for row in past:
            if row.kind is not RowKind.ENTRY:
                gone = row.kind is not RowKind.RESTORED
            if row.source is not None:
                sources.append(row.source)
            elif "source" in row.cleared:
                sources.append(None)
        if past and not gone:
            yield _Lead(id, past[0].at, tuple(sources))


def _became(lead: _Lead, deals: Iterable[Standing], within: timedelta | None) -> dict[str, int]:
    """Say what became of a lead; a deal counts once, `deals` is how many there are."""

    def in_time(at: datetime | None) -> bool:
        return at is not None and (within is None or at - lead.came_at <= within)

    its = [deal for deal in deals if in_time(deal.opened_at)]
    found = {_LEADS: 1}
    if its:
        found |= {_CONVERTED: 1, _DEALS: len(its)}
        if any(deal.outcome is Outcome.WON and in_time(deal.closed_at) for deal in its):
            found[_WON] = 1
        elif all(deal.outcome in (Outcome.LOST, Outcome.ABANDONED) and in_time(deal.closed_at) for deal in its):
            found[_LOST] = 1
    return found
