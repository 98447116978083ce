"""What became of quotas: attainment, gap, pace and coverage of each."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from typing import Any, final

import attrs

from oppcore.errors import Problem
from oppcore.forecast.quotas.quotas import Quota
from oppcore.funnel.share import Share
from oppcore.money import Money
from oppcore.periods import as_of_text
from oppcore.table import Table

__all__ = ["QuotaAttainment", "QuotaReport"]


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
