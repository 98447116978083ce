"""Whether shares differ: exact tests for one and two of them, and the chi-square test for many."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from math import floor, fsum
from typing import Literal, final, get_args

import attrs

from oppcore.stats.intervals import check_share
from oppcore.stats.mass import binomial_mass, hypergeometric_mass
from oppcore.stats.significance import Significance
from oppcore.stats.special import chi_square_sf

__all__ = ["Alternative", "binomial_test", "chi_square_test", "fisher_test"]

Alternative = Literal["two-sided", "less", "greater"]
"""What would count as a difference: any, or only to be less, or only to be greater."""

_SAME = 1 + 1e-7
"""Counts whose masses differ by no more than this factor are taken to be as likely as one another."""

_NOTHING = 1e-17
"""What a tail may leave out, in proportion to what it has."""


def binomial_test(successes: int, trials: int, share: float, *, alternative: Alternative = "two-sided") -> Significance:
    """Give how surprising so many successes are where the true share is the given one (0 to 1): exact.

    Two-sided, as surprising as it gets is every count that is at most as likely as the one found. Raises `ValueError`
    where there are no trials, more successes than trials, or no such share.

    Source: Clopper and Pearson (1934), Biometrika 26, 404-413.

    >>> round(binomial_test(3, 20, 0.4).p_value, 6)
    0.022427
    """
    check_share(successes, trials)
    if not 0 <= share <= 1:
        message = f"a share lies between 0 and 1, not {share}"
        raise ValueError(message)
    other = 1 - share
    spread = _Spread(
        low=0 if share < 1 else trials,
        high=trials if share > 0 else 0,
        peak=floor((trials + 1) * share) if share < 1 else trials,
        mass=lambda count: binomial_mass(count, trials, share, other),
        fall=lambda count: count * other / ((trials - count + 1) * share),
    )
    return Significance(
        test="exact binomial test",
        p_value=spread.p_value(successes, alternative),
        observed=(successes, trials - successes),
        expected=(trials * share, trials * other),
        assumes="independent trials with one and the same chance of success",
    )


def fisher_test(
    one: tuple[int, int], other: tuple[int, int], *, alternative: Alternative = "two-sided"
) -> Significance:
    """Give how surprising the difference between two shares, each as (successes, trials), is: exact.

    `alternative` is about the share of `one`, next to that of `other`. Raises `ValueError` where there are no trials,
    or more successes than trials.

    Source: Fisher (1935), The logic of inductive inference, J. R. Statist. Soc. 98, 39-82.

    >>> round(fisher_test((1, 10), (11, 14)).p_value, 9)
    0.002759456
    """
    check_share(*one)
    check_share(*other)
    successes, trials, total = one[0] + other[0], one[1], one[1] + other[1]
    failures = total - successes
    spread = _Spread(
        low=max(0, trials - failures),
        high=min(successes, trials),
        peak=(trials + 1) * (successes + 1) // (total + 2),
        mass=lambda count: hypergeometric_mass(count, successes, failures, trials),
        fall=lambda count: count * (failures - trials + count) / ((successes - count + 1) * (trials - count + 1)),
    )
    share = successes / total
    return Significance(
        test="Fisher's exact test",
        p_value=spread.p_value(one[0], alternative),
        observed=(one[0], one[1] - one[0], other[0], other[1] - other[0]),
        expected=(share * one[1], (1 - share) * one[1], share * other[1], (1 - share) * other[1]),
        assumes="independent trials; how many there are, and how many succeed in all, is taken as given",
    )


def chi_square_test(table: Sequence[Sequence[int]], *, corrected: bool = False) -> Significance:
    """Give how surprising it is that rows of counts have such unlike shares: the test of homogeneity.

    A row is a group, a column an outcome. `corrected` is Yates's correction for continuity, for two rows and two
    columns only. Raises `ValueError` for a table of other than two rows and two columns or more, for rows of unlike
    length, negative counts, and rows or columns without any count.

    Source: Pearson (1900), Philosophical Magazine 50, 157-175; Yates (1934), J. R. Statist. Soc. Suppl. 1, 217-235.

    >>> found = chi_square_test([[127, 104], [4111, 2369]])
    >>> round(found.statistic, 6), found.degrees_of_freedom, round(found.p_value, 6)
    (6.864962, 1, 0.00879)
    """
    rows = [tuple(row) for row in table]
    if len(rows) < 2 or len(rows[0]) < 2 or any(len(row) != len(rows[0]) for row in rows):
        message = "a table for a chi-square test has at least two rows and two columns, and rows of one length"
        raise ValueError(message)
    if any(count < 0 for row in rows for count in row):
        message = f"counts are at least 0, not {min(count for row in rows for count in row)}"
        raise ValueError(message)
    sums, totals = [sum(row) for row in rows], [sum(column) for column in zip(*rows, strict=True)]
    if 0 in sums or 0 in totals:
        message = "every row and every column of a table for a chi-square test has a count above 0"
        raise ValueError(message)
    if corrected and not len(rows) == len(totals) == 2:
        message = f"the correction for continuity is for two rows and two columns, not {len(rows)} and {len(totals)}"
        raise ValueError(message)
    observed = [count for row in rows for count in row]
    total = sum(sums)
    products = [in_row * in_column for in_row in sums for in_column in totals]
    nearer = total / 2 if corrected else 0
    statistic = fsum(
        max(0.0, abs(count * total - product) - nearer) ** 2 / product / total
        for count, product in zip(observed, products, strict=True)
    )
    degrees = (len(rows) - 1) * (len(totals) - 1)
    return Significance(
        test="chi-square test with correction for continuity" if corrected else "chi-square test",
        p_value=chi_square_sf(statistic, degrees),
        observed=tuple(observed),
        expected=tuple(product / total for product in products),
        statistic=statistic,
        degrees_of_freedom=degrees,
        assumes="independent observations; an approximation, good where expected counts are 5 or more",
    )


@final
@attrs.frozen(kw_only=True)
class _Spread:
    """A distribution of counts with one peak: the mass of a count, and the mass one below over that of a count."""

    low: int
    high: int
    peak: int
    mass: Callable[[int], float]
    fall: Callable[[int], float]

    def p_value(self, count: int, alternative: Alternative) -> float:
        if alternative not in get_args(Alternative):
            message = f"an alternative is 'two-sided', 'less' or 'greater', not {alternative!r}"
            raise ValueError(message)
        if alternative == "less":
            return self._at_most(count)
        if alternative == "greater":
            return self._at_least(count)
        limit = self._mass(count) * _SAME
        if count == self.peak:
            return 1.0
        if count < self.peak:
            return min(1.0, self._at_most(count) + self._at_least(self._first_rare(limit)))
        return min(1.0, self._at_least(count) + self._at_most(self._last_rare(limit)))

    def _mass(self, count: int) -> float:
        return self.mass(count) if self.low <= count <= self.high else 0.0

    def _at_most(self, count: int) -> float:
        if not self.low <= count < self.high:
            return 0.0 if count < self.low else 1.0
        if count > self.peak:
            return 1 - self._at_least(count + 1)
        total = term = self.mass(count)
        while count > self.low and term > total * _NOTHING:
            term *= self.fall(count)
            total += term
            count -= 1
        return total

    def _at_least(self, count: int) -> float:
        if not self.low < count <= self.high:
            return 0.0 if count > self.high else 1.0
        if count <= self.peak:
            return 1 - self._at_most(count - 1)
        total = term = self.mass(count)
        while count < self.high and term > total * _NOTHING:
            count += 1
            term /= self.fall(count)
            total += term
        return total

    def _first_rare(self, limit: float) -> int:
        """Give the first count from the peak upwards whose mass does not exceed a limit."""
        return bisect_left(range(self.high + 1), True, lo=self.peak, key=lambda count: self.mass(count) <= limit)

    def _last_rare(self, limit: float) -> int:
        """Give the last count from the peak downwards whose mass does not exceed a limit."""
        return bisect_left(range(self.peak + 1), True, lo=self.low, key=lambda count: self.mass(count) > limit) - 1
