"""Who does better or worse than the standard funnel: every difference tested, and corrected for how many there are."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, tzinfo
from decimal import Decimal
from enum import StrEnum
from typing import Any, final

import attrs

from oppcore.errors import Problem
from oppcore.funnel.cohort import Cohort
from oppcore.funnel.deviation import Aspect, Deviation, Judgement, find_deviations
from oppcore.funnel.passing import Passing, PassingCounts, count_passing
from oppcore.funnel.sample import LAST, Basis
from oppcore.funnel.standard import Standard, StandardFunnel, find_standard
from oppcore.funnel.tally import Tally
from oppcore.history import History
from oppcore.pipeline import Pipeline
from oppcore.spelling import choose
from oppcore.stats import adjust_benjamini_hochberg, adjust_holm
from oppcore.stats.normal import check_confidence
from oppcore.table import Table

__all__ = ["AdjustmentRule", "Deviations", "finish_deviations", "measure_deviations"]


class AdjustmentRule(StrEnum):
    """What is promised of false alarms where many differences are looked at and nothing is behind any of them.

    `holm`: the chance of any at all. `benjamini_hochberg`: the share of them among all alarms, as an average.
    """

    HOLM = "holm"
    BENJAMINI_HOCHBERG = "benjamini_hochberg"


@final
@attrs.frozen(kw_only=True)
class Deviations:
    """Each group next to its standard, by group, stage and aspect.

    `standard` is None where each group is held against all others together. Of all differences with a test, `adjust`
    says what is promised of false alarms; those below 1 - `confidence` are judged better or worse.
    """

    tally: Tally[Passing, PassingCounts] = attrs.field(repr=False)
    standard: StandardFunnel | None
    adjust: AdjustmentRule
    min_deals: int
    confidence: float
    rows: tuple[Deviation, ...]

    @property
    def basis(self) -> Basis:
        """Which deals the numbers are made of, and as of when."""
        return self.tally.basis

    @property
    def left_out(self) -> tuple[Problem, ...]:
        """What is in none of the numbers, and why."""
        return self.basis.left_out

    def row(self, by: str | None, stage: str, aspect: Aspect | str = Aspect.CONVERSION) -> Deviation:
        """Give the difference of a group in a stage. Raises `KeyError` where there is none."""
        for row in self.rows:
            if (row.by, row.stage, row.aspect) == (by, stage, aspect):
                return row
        raise KeyError((by, stage, str(aspect)))

    def judged(self, judgement: Judgement | str) -> tuple[Deviation, ...]:
        """Give the differences that were judged so, the surest first."""
        found = [row for row in self.rows if row.judgement == judgement]
        return tuple(sorted(found, key=lambda row: 1.0 if row.p_value is None else row.p_value))

    def as_records(self) -> list[dict[str, Any]]:
        """Give one dict per difference."""
        return [row.detail() for row in self.rows]

    def detail(self) -> dict[str, Any]:
        """Give the differences as plain data, ready for JSON."""
        return {
            "measure": "deviations",
            **self.basis.detail(),
            "column": self.basis.by,
            "attribution": self.basis.attribution,
            "standard": None if self.standard is None else _plain(self.standard),
            "adjust": str(self.adjust),
            "min_deals": self.min_deals,
            "confidence": self.confidence,
            "rows": self.as_records(),
            "left_out": [problem.detail() for problem in self.left_out],
        }

    def table(self) -> Table:
        """Give the differences for eyes: a line for each."""
        against = "all others" if self.standard is None else "the standard funnel"
        tests = sum(row.test is not None for row in self.rows)
        promise = {
            AdjustmentRule.HOLM: "the chance of any false alarm at all is below",
            AdjustmentRule.BENJAMINI_HOCHBERG: "the share of false alarms is expected below",
        }
        notes = [
            "conversion: deals that went on from the stage, of those that went on or were lost or abandoned",
            "stay: how long deals stayed in the stage at first; shorter is better"
            if self.standard is None
            else "stay: first stays that were over in the expected days, next to half of them",
            f"{tests:,} tests adjusted by {self.adjust}: {promise[self.adjust]} {1 - self.confidence:.0%}; "
            f"intervals hold with {self.confidence:.0%} confidence, each by itself",
            f"too few: less than {self.min_deals} deals",
        ]
        if self.basis.attribution != LAST:
            notes.append(f"{self.basis.by} is the one of {self.basis.attribution}")
        return Table(
            columns=[
                self.basis.by or "group",
                "stage",
                "aspect",
                "deals",
                "value",
                "standard",
                "difference",
                "p",
                "adjusted p",
                "judgement",
            ],
            rows=[_line(row) for row in self.rows],
            title=f"Deviations from {against} {self.basis.text()}",
            notes=tuple(notes),
            left_out=self.left_out,
        )

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().html()


def measure_deviations(
    history: History,
    pipeline: Pipeline,
    *,
    by: str = "owner_id",
    standard: Standard | StandardFunnel | str = Standard.REST,
    aspects: Iterable[Aspect | str] = tuple(Aspect),
    adjust: AdjustmentRule | str = AdjustmentRule.HOLM,
    min_deals: int = 10,
    as_of: date | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    attribution: str = LAST,
    cohort: Cohort | None = None,
    confidence: float | Decimal = 0.95,
    lenient: bool = False,
) -> Deviations:
    """Give whose conversion and stays differ from the standard funnel by more than chance, stage by stage.

    A group is the deals with one value in the column `by`, such as those of one rep. `standard` is the `rest` (all
    other groups together), what the `pipeline` expects of its stages, or a `StandardFunnel`. Conversions are tested
    exactly: against the rest by Fisher's test, against a standard by the binomial test. Stays are compared with the
    rest by the log-rank test, and shown as mean days (none counted beyond what both were seen for); with a standard
    number of days by the share of stays that were over by then, next to one half (the sign test).

    Where many are looked at, some always stand out. So p-values are adjusted for all tests of the result together,
    fewer where `aspects` names only one, and groups with less than `min_deals` deals that tell are not tested at all.
    The other settings are those of `measure_funnel`.

    Raises `ValueError` for unknown names, for a standard that no stage has, and for less than one deal.

    Source: Fisher (1935), Holm (1979), Benjamini and Hochberg (1995), Newcombe (1998), Mantel (1966), as the functions
    of `oppcore.stats` say; Dixon and Mood (1946), The statistical sign test, JASA 41, 557-566.
    """
    found = find_standard(standard, pipeline)
    tally = count_passing(
        history,
        pipeline,
        standard=found,
        as_of=as_of,
        known_on=known_on,
        timezone=timezone,
        by=by,
        attribution=attribution,
        cohort=cohort,
        lenient=lenient,
    )
    return finish_deviations(
        tally, standard=found, aspects=aspects, adjust=adjust, min_deals=min_deals, confidence=confidence
    )


def finish_deviations(
    tally: Tally[Passing, PassingCounts],
    *,
    standard: StandardFunnel | None = None,
    aspects: Iterable[Aspect | str] = tuple(Aspect),
    adjust: AdjustmentRule | str = AdjustmentRule.HOLM,
    min_deals: int = 10,
    confidence: float | Decimal = 0.95,
) -> Deviations:
    """Give the differences of counts; `standard` None holds each group against all others together."""
    if min_deals < 1:
        message = f"a comparison needs at least 1 deal, not {min_deals}"
        raise ValueError(message)
    check_confidence(float(confidence))
    rule, level = choose(AdjustmentRule, adjust, "adjustment"), float(confidence)
    wanted = frozenset(choose(Aspect, aspect, "aspect") for aspect in aspects)
    found = tuple(find_deviations(tally, standard, wanted, min_deals=min_deals, confidence=level))
    p_values = [one.test.p_value for one in found if one.test is not None]
    adjusted = iter(adjust_holm(p_values) if rule is AdjustmentRule.HOLM else adjust_benjamini_hochberg(p_values))
    rows = tuple(one if one.test is None else one.judge(next(adjusted), level) for one in found)
    return Deviations(tally=tally, standard=standard, adjust=rule, min_deals=min_deals, confidence=level, rows=rows)


def _plain(standard: StandardFunnel) -> dict[str, dict[str, float]]:
    return {
        "conversion": {stage: float(share) for stage, share in standard.conversion.items()},
        "days": {stage: float(days) for stage, days in standard.days.items()},
    }


def _line(row: Deviation) -> list[Any]:
    difference = _said(row.difference, row.unit, sign="+")
    if row.low is not None and row.high is not None:
        difference += f" ({_said(row.low, row.unit, sign='+')} to {_said(row.high, row.unit, sign='+')})"
    chances = [None if p is None else f"{p:.4f}" for p in (row.p_value, row.adjusted_p)]
    values = [_said(row.value, row.unit), _said(row.standard, row.unit), difference]
    return [
        "(nothing said)" if row.by is None else row.by,
        row.stage,
        str(row.aspect),
        row.deals,
        *values,
        *chances,
        row.judgement.replace("_", " "),
    ]


def _said(value: float | None, unit: str, *, sign: str = "") -> str:
    if value is None:
        return "–"
    return f"{value:{sign}.1%}" if unit == "share" else f"{value:{sign}.1f} days"
