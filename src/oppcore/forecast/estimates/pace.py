"""How far a period has come, and how far earlier periods had come by then."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import final

import attrs

__all__ = ["Pace"]

Wins = tuple[tuple[Fraction, Fraction], ...]
"""When each deal was won, as a share of the period, and what it counts for."""


@final
@attrs.frozen(kw_only=True)
class Pace:
    """What has been won of a period, exactly, and what will have been by its end if it goes on.

    `elapsed` is the share of the period that is over, 0 to 1. `linear` goes on as the period did so far; `seasonal` as
    the earlier periods went on from the same place, together; `low` and `high` as those of them did that had come
    furthest by then, and least far. All are None where there is nothing to go by. `earlier` are the wins of the earlier
    periods.
    """

    won: Fraction
    elapsed: Fraction
    earlier: tuple[Wins, ...] = attrs.field(default=(), repr=False)

    def share_at(self, elapsed: Fraction) -> Fraction | None:
        """Give which share of all that earlier periods brought they had brought by a place: their linearity curve."""
        total = _total(self.earlier, Fraction(1))
        return _total(self.earlier, elapsed) / total if total else None

    @property
    def shares(self) -> tuple[Fraction | None, ...]:
        """The share that each earlier period had brought by now, None where it brought nothing at all."""
        totals = (_total([wins], Fraction(1)) for wins in self.earlier)
        found = zip((_total([wins], self.elapsed) for wins in self.earlier), totals, strict=True)
        return tuple(sofar / total if total else None for sofar, total in found)

    @property
    def linear(self) -> Fraction | None:
        """What was won over the share that is over: the run rate."""
        return self._over(self.elapsed)

    @property
    def seasonal(self) -> Fraction | None:
        """What was won over the share that earlier periods had brought by now."""
        return self._over(self.share_at(self.elapsed))

    @property
    def low(self) -> Fraction | None:
        """The least that follows from any earlier period."""
        return self._over(max(self._known, default=None))

    @property
    def high(self) -> Fraction | None:
        """The most that follows from any earlier period; None where one of them had brought nothing by now."""
        return self._over(min(self._known, default=None))

    @property
    def _known(self) -> list[Fraction]:
        return [share for share in self.shares if share is not None]

    def _over(self, share: Fraction | None) -> Fraction | None:
        return self.won / share if share else None


def _total(periods: Iterable[Wins], elapsed: Fraction) -> Fraction:
    return sum((amount for wins in periods for place, amount in wins if place <= elapsed), start=Fraction(0))
