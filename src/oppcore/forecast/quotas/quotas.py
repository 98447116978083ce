"""Quotas: what is to be won in a period, by whoever or wherever a scope says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction
from typing import Any, final

import attrs

from oppcore.money import Money
from oppcore.periods import Period

__all__ = ["Quota", "find_over_assignment"]


def _to_scope(scope: Mapping[str, str]) -> Mapping[str, str]:
    return dict(scope)


def _amount(_instance: Any, _attribute: Any, value: Any) -> None:
    if not isinstance(value, Money):
        message = f"a quota is Money, not {type(value).__name__}; no quota at all is Money.zero(currency)"
        raise TypeError(message)
    if value.amount < 0:
        message = f"a quota is not below zero, as {value} is"
        raise ValueError(message)


@final
@attrs.frozen(kw_only=True)
class Quota:
    """What is to be won in a period, of the deals that have the values of a `scope` in its columns; of all without one.

    >>> march = Period(date(2026, 3, 1), date(2026, 4, 1))
    >>> ann = Quota(amount=Money("3100", "EUR"), period=march, scope={"owner_id": "ann"})
    >>> ann.prorated(since=date(2026, 3, 22)).amount
    Money('1000.00', 'EUR')
    """

    amount: Money = attrs.field(validator=_amount)
    period: Period
    scope: Mapping[str, str] = attrs.field(factory=dict[str, str], converter=_to_scope, hash=False)

    def prorated(self, *, since: date) -> Quota:
        """Give the part of the quota for the days from a day on, as for somebody who joins then; the rest is as it is.

        Raises `ValueError` for a day after the period; a day before it changes nothing.
        """
        if since >= self.period.end:
            message = f"{since} is after the period of the quota, {self.period}"
            raise ValueError(message)
        start = max(since, self.period.start)
        share = Fraction((self.period.end - start).days, (self.period.end - self.period.start).days)
        return attrs.evolve(self, amount=Money.nearest(Fraction(self.amount.amount) * share, self.amount.currency))


def find_over_assignment(team: Quota, members: Iterable[Quota]) -> Fraction | None:
    """Give by which share the quotas of the members exceed that of their team: 0.1 is ten percent more.

    Below zero where they do not add up to it; None where the team has no quota. Raises `ValueError` for quotas of
    unlike periods, `CurrencyMismatch` for unlike currencies.
    """
    quotas = tuple(members)
    for one in quotas:
        if one.period != team.period:
            message = f"quotas of unlike periods are not added up: {one.period} and {team.period}"
            raise ValueError(message)
    total = sum((one.amount for one in quotas), start=Money.zero(team.amount.currency))
    return Fraction(total.amount) / Fraction(team.amount.amount) - 1 if team.amount.amount else None
