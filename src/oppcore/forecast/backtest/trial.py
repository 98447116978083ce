"""One origin of a backtest: what every method said then, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Context, Decimal, Inexact, InvalidOperation
from math import isfinite
from typing import final

import attrs

from oppcore.forecast.backtest.methods import Method
from oppcore.forecast.backtest.origin import ForecastOrigin, find_actuals
from oppcore.history import History
from oppcore.money import Money
from oppcore.records import Outcome

__all__ = ["MethodJudgement", "Trial", "try_methods"]

_EXACT = Context(prec=2_000, traps=[Inexact, InvalidOperation])  # a float has up to 1,074 decimals
_ZERO = Decimal(0)


@final
@attrs.frozen
class MethodJudgement:
    """A method held a deal, open at an instant, to be won within the horizon with a probability; `won`: it was."""

    opportunity_id: str
    at: datetime
    probability: float
    won: bool


@final
@attrs.frozen(kw_only=True)
class Trial:
    """The deals that were open at an origin and whose fate is known, in the order of their ids.

    The tuples run side by side: what each deal was worth at the origin, whether it stood as won at the end of the
    horizon, whether it stood as closed at all, and what it had brought then; `probabilities` has what each method said
    (None: it could not judge the deal). `gone` and `recorded_late` are the ids of the deals without a fate.
    """

    at: datetime
    until: datetime
    ids: tuple[str, ...]
    amounts: tuple[Money | None, ...] = attrs.field(repr=False)
    won: tuple[bool, ...] = attrs.field(repr=False)
    closed: tuple[bool, ...] = attrs.field(repr=False)
    proceeds: tuple[Money | None, ...] = attrs.field(repr=False)
    probabilities: Mapping[str, tuple[float | None, ...]] = attrs.field(repr=False, hash=False)
    gone: tuple[str, ...] = ()
    recorded_late: tuple[str, ...] = ()

    def judged(self, *methods: str) -> Iterator[tuple[float, ...]]:
        """Give, of each deal that all these methods judged, 1.0 or 0.0 for won or not, and the probabilities."""
        columns = [self.probabilities[method] for method in methods]
        for won, *found in zip(self.won, *columns, strict=True):
            said = tuple(one for one in found if one is not None)
            if len(said) == len(methods):
                yield (float(won), *said)

    def judgements(self, method: str) -> Iterator[MethodJudgement]:
        """Give what a method said of each deal that it judged, and what came of it."""
        for id, probability, won in zip(self.ids, self.probabilities[method], self.won, strict=True):
            if probability is not None:
                yield MethodJudgement(id, self.at, probability, won)

    def expected_revenue(self, method: str) -> dict[str, Decimal]:
        """Give the exact sums, per currency, of what the judged deals were worth times their probabilities."""
        return _sums(
            (amount, Decimal(probability))
            for amount, probability in zip(self.amounts, self.probabilities[method], strict=True)
            if probability is not None
        )

    def actual_revenue(self, method: str) -> dict[str, Decimal]:
        """Give the exact sums, per currency, of what the judged deals that were won had brought."""
        return _sums(
            (amount, Decimal(1))
            for amount, probability in zip(self.proceeds, self.probabilities[method], strict=True)
            if probability is not None
        )


def try_methods(origin: ForecastOrigin, history: History, methods: Mapping[str, Method]) -> Trial:
    """Give what methods say at an origin, and what came of it by all that `history` knows.

    Raises `ValueError` for a method that gives what is no probability, or judges a deal that was not open.
    """
    actuals = find_actuals(origin, history)
    deals = sorted((deal.opportunity_id, deal.amount) for deal in origin.deals)
    known = {id for id, _ in deals}
    fates = [(id, amount, actuals.standings[id]) for id, amount in deals if id in actuals.standings]
    won = tuple(standing.outcome is Outcome.WON for _, _, standing in fates)
    ids = tuple(id for id, _, _ in fates)
    said: dict[str, tuple[float | None, ...]] = {}
    for name, method in methods.items():
        found = _checked(name, method(origin), known)
        said[name] = tuple(found.get(id) for id in ids)
    return Trial(
        at=origin.at,
        until=origin.until,
        ids=ids,
        amounts=tuple(amount for _, amount, _ in fates),
        won=won,
        closed=tuple(standing.outcome is not Outcome.OPEN for _, _, standing in fates),
        proceeds=tuple(standing.amount if yes else None for (_, _, standing), yes in zip(fates, won, strict=True)),
        probabilities=said,
        gone=actuals.gone,
        recorded_late=actuals.recorded_late,
    )


def _checked(name: str, said: Mapping[str, float], known: set[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for id, probability in said.items():
        value = float(probability)
        if not (isfinite(value) and 0 <= value <= 1):
            message = f"method {name!r} gives opportunity {id!r} {probability!r}, which is no probability (0 to 1)"
            raise ValueError(message)
        if id not in known:
            message = f"method {name!r} judges opportunity {id!r}, which was not open at the origin"
            raise ValueError(message)
        found[id] = value
    return found


def _sums(terms: Iterable[tuple[Money | None, Decimal]]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for amount, weight in terms:
        if amount is not None:
            term = _EXACT.multiply(amount.amount, weight)
            sums[amount.currency] = _EXACT.add(sums.get(amount.currency, _ZERO), term)
    return sums
