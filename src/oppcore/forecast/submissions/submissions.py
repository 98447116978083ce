"""Submissions: what somebody said a period would bring, with the deals behind it, kept as it was said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, final

import attrs

from oppcore.errors import CurrencyMismatch
from oppcore.forecast.categories import CategoryForecast
from oppcore.forecast.category_figures import RollUpMethod, counts_in
from oppcore.forecast.deals import EXACT, ForecastDeal, add_up
from oppcore.money import Money
from oppcore.periods import Period
from oppcore.records import ForecastCategory
from oppcore.records.checks import aware, key_text
from oppcore.table import Table

__all__ = ["Submission", "SubmissionCause", "SubmissionChange", "explain_change", "submit_forecast"]


@final
@attrs.frozen(kw_only=True)
class Submission:
    """What an author said a category would bring in a period, at an instant; never changed, only followed by another.

    `amount` is what was said, `base` what the deals said then. `deals` are all deals that were to close or had closed
    in the period, in whatever category, as they stood then: those of the `owners`, or of everybody where none is named.
    """

    author: str = attrs.field(validator=key_text)
    period: Period
    category: ForecastCategory = attrs.field(converter=ForecastCategory)
    method: RollUpMethod = attrs.field(default=RollUpMethod.CUMULATIVE, converter=RollUpMethod)
    amount: Money
    base: Money
    as_of: datetime = attrs.field(validator=aware)
    owners: tuple[str, ...] = attrs.field(default=(), converter=tuple[str, ...])
    deals: tuple[ForecastDeal, ...] = attrs.field(repr=False)
    note: str = ""

    def __attrs_post_init__(self) -> None:
        if self.amount.currency != self.base.currency:
            raise CurrencyMismatch(self.amount.currency, self.base.currency)

    @property
    def override(self) -> Money:
        """What the author put on top of the deals, or took away."""
        return self.amount - self.base

    @property
    def line(self) -> tuple[str, str, str, str, str, tuple[str, ...]]:
        """What two submissions have in common that say the same thing at different times."""
        period, currency = str(self.period), self.amount.currency
        return self.author, period, str(self.category), str(self.method), currency, self.owners

    def figures(self) -> dict[str, Decimal]:
        """Give the amounts of the deals that make up `base`, by id."""
        return {
            deal.opportunity_id: deal.amount.amount
            for deal in self.deals
            if deal.amount.currency == self.base.currency and counts_in(deal, self.category, method=self.method)
        }

    def detail(self) -> dict[str, Any]:
        """Give the submission as plain data, ready for JSON; amounts are texts."""
        return {
            "author": self.author,
            "period": str(self.period),
            "category": str(self.category),
            "method": str(self.method),
            "currency": self.amount.currency,
            "amount": format(self.amount.amount, "f"),
            "base": format(self.base.amount, "f"),
            "override": format(self.override.amount, "f"),
            "as_of": self.as_of.astimezone(UTC).isoformat(),
            "owners": list(self.owners),
            "deals": [deal.detail() for deal in self.deals],
            "note": self.note,
        }


def submit_forecast(
    forecast: CategoryForecast,
    *,
    author: str,
    period: Period,
    category: ForecastCategory | str = ForecastCategory.COMMIT,
    method: RollUpMethod | str = RollUpMethod.CUMULATIVE,
    amount: Money | None = None,
    currency: str | None = None,
    owners: Iterable[str] = (),
    note: str = "",
) -> Submission:
    """Give what an author says now of a period, for the host to keep; without an `amount`, what the deals say.

    It is made at the instant of the forecast. Raises `ValueError` where nothing says which currency, and for a forecast
    of no instant.
    """
    if forecast.as_of is None:
        message = "a forecast without deals is of no instant, and cannot be submitted"
        raise ValueError(message)
    money = amount.currency if amount is not None else currency
    if money is None:
        message = "say what is submitted: an amount, or the currency in which the deals are added up"
        raise ValueError(message)
    whose = tuple(owners)
    deals = tuple(
        deal
        for deal in forecast.deals
        if deal.closes_on is not None and deal.closes_on in period and (not whose or deal.owner_id in whose)
    )
    said = Submission(
        author=author,
        period=period,
        category=ForecastCategory(category),
        method=RollUpMethod(method),
        amount=Money.zero(money),
        base=Money.zero(money),
        as_of=forecast.as_of,
        owners=whose,
        deals=deals,
        note=note,
    )
    base = Money(add_up(said.figures().values()), money)
    return attrs.evolve(said, base=base, amount=base if amount is None else amount)


class SubmissionCause(StrEnum):
    """Why a later submission says something else.

    Deals `entered` the period or `left` it, were `upgraded` into the figure or `downgraded` out of it, changed their
    `amount`; or the author's `judgement` on top of the deals is another one.
    """

    ENTERED = "entered"
    LEFT = "left"
    UPGRADED = "upgraded"
    DOWNGRADED = "downgraded"
    AMOUNT = "amount"
    JUDGEMENT = "judgement"


@final
@attrs.frozen(kw_only=True)
class SubmissionChange:
    """What became of a submission until a later one of the same line, by cause; the causes add up exactly."""

    before: Submission
    after: Submission
    causes: Mapping[SubmissionCause, Money] = attrs.field(hash=False)
    ids: Mapping[SubmissionCause, tuple[str, ...]] = attrs.field(hash=False, repr=False)

    @property
    def change(self) -> Money:
        """The later amount less the earlier one."""
        return self.after.amount - self.before.amount

    def as_records(self) -> list[dict[str, Any]]:
        """Give one dict per cause; amounts are Decimals."""
        return [
            {"cause": str(cause), "currency": money.currency, "amount": money.amount, "deals": len(self.ids[cause])}
            for cause, money in self.causes.items()
        ]

    def detail(self) -> dict[str, Any]:
        """Give the change as plain data, ready for JSON; amounts are texts."""
        return {
            "measure": "submission_change",
            "before": format(self.before.amount.amount, "f"),
            "after": format(self.after.amount.amount, "f"),
            "currency": self.change.currency,
            "causes": [
                {"cause": str(cause), "amount": format(money.amount, "f"), "ids": list(self.ids[cause])}
                for cause, money in self.causes.items()
            ],
        }

    def table(self) -> Table:
        """Give the change for eyes: from the earlier amount over the causes to the later one."""
        return Table(
            columns=["", "amount", "deals"],
            rows=[
                ["before", self.before.amount.amount, None],
                *([str(cause), money.amount, len(self.ids[cause])] for cause, money in self.causes.items()),
                ["after", self.after.amount.amount, None],
            ],
            title=f"{self.after.category} of {self.after.author} for {self.after.period}, in {self.change.currency}",
        )

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().html()


def explain_change(before: Submission, after: Submission) -> SubmissionChange:
    """Give why a later submission says something else than an earlier one.

    Raises `ValueError` where they are not of one line (author, period, category, method, currency, owners), or not in
    this order.
    """
    if before.line != after.line or before.as_of > after.as_of:
        message = f"not an earlier and a later submission of one line: {before.line} and {after.line}"
        raise ValueError(message)
    earlier, later = before.figures(), after.figures()
    known_before = {deal.opportunity_id for deal in before.deals}
    known_after = {deal.opportunity_id for deal in after.deals}
    sums = dict.fromkeys(SubmissionCause, Decimal(0))
    ids: dict[SubmissionCause, list[str]] = {cause: [] for cause in SubmissionCause}
    for id in sorted({*earlier, *later}):
        delta = EXACT.subtract(later.get(id, Decimal(0)), earlier.get(id, Decimal(0)))
        if id not in earlier:
            cause = SubmissionCause.UPGRADED if id in known_before else SubmissionCause.ENTERED
        elif id not in later:
            cause = SubmissionCause.DOWNGRADED if id in known_after else SubmissionCause.LEFT
        elif delta:
            cause = SubmissionCause.AMOUNT
        else:
            continue
        sums[cause] = EXACT.add(sums[cause], delta)
        ids[cause].append(id)
    sums[SubmissionCause.JUDGEMENT] = EXACT.subtract(after.override.amount, before.override.amount)
    return SubmissionChange(
        before=before,
        after=after,
        causes={cause: Money(total, after.amount.currency) for cause, total in sums.items()},
        ids={cause: tuple(found) for cause, found in ids.items()},
    )
