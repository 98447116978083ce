"""The distribution of a sum by its characteristic function: sums become products, and a Fourier transform goes back.

Large deals go in one by one. The many small ones, none of which matters alone, go in together by their mean, variance,
skew and tails. Under each shock all are independent; the distribution is the mean over the shocks.
"""

from __future__ import annotations

from cmath import exp as cexp
from collections.abc import Collection, Iterator, Sequence
from fractions import Fraction
from itertools import accumulate, repeat
from math import ceil, exp, pi, sqrt
from operator import add, mul, sub
from typing import final

import attrs

from oppcore.forecast.revenue.book import Book, Chance
from oppcore.forecast.revenue.cumulants import Cumulants, Moments, choose_shocks, raw_moments
from oppcore.forecast.revenue.shock import Shock, threshold
from oppcore.forecast.revenue.spread import Atoms, Grid, Spread
from oppcore.forecast.revenue.tails import find_least, find_most

__all__ = ["Spectrum", "transform_book"]

_MOST_POINTS, _FEWEST_POINTS = 8_192, 1_024
_BLUR = 1.5
"""By how many steps of the grid, as a standard deviation, amounts are blurred: no frequency beyond it is left."""

_EDGE = 6.0
_SMALL = 4
"""A deal is small if it is this many times less than the standard deviation of all that are smaller, together.

Against all deals one by one, books of 200 to 2,000 deals are then off by at most 0.00003 in any probability.
"""

_GONE = 40.0
_MOST_SKEW, _MOST_TAILS = 0.5, 0.1
_ZERO = 1e-7
_WORK = 10_000_000
"""Factors to multiply, at most, as long as the grid can be coarser."""


@final
@attrs.frozen
class Spectrum:
    """The characteristic function of what comes in, under each shock, at the frequencies of a grid of amounts.

    `blur` is 0 where the grid holds every attainable amount.
    """

    book: Book
    shock: Shock
    start: float
    step: float
    points: int
    blur: float
    large: Sequence[Chance]
    waves: Sequence[Sequence[complex]]

    def spread(self) -> Spread:
        """Give the distribution of what comes in."""
        total = [0j] * (self.points // 2 + 1)
        for weight, wave in zip(self.shock.weights, self.waves, strict=True):
            for place, value in enumerate(wave):
                total[place] += weight * value
        cumulative = list(accumulate(max(0.0, mass) for mass in _back(total, self.points)))
        whole = cumulative[-1]
        cumulative = [min(1.0, value / whole) for value in cumulative]
        if self.blur:
            start = self.start - self.step / 2
            book = self.book
            return Grid(start, self.step, [0.0, *cumulative], book.won, book.highest, book.step / 2)
        step = round(self.step)
        return Atoms(range(round(self.start), round(self.start) + step * self.points, step), cumulative)

    def swings(self, deals: Collection[Chance], amount: Fraction) -> dict[str, float]:
        """Give by how much more likely it is that an amount comes in if a deal is won than if it is not."""
        return {deal.id: self._swing(deal, amount) for deal in deals}

    def _swing(self, deal: Chance, amount: Fraction) -> float:
        chance = float(deal.probability)
        total = [0j] * (self.points // 2 + 1)
        factors = list(_wave(deal, self._frequency, len(total)))
        chances = self.shock.chances(chance, threshold(chance))
        for weight, p, wave, number in zip(self.shock.weights, chances, self.waves, range(len(chances)), strict=True):
            won, missed = weight * p / chance, weight * (1 - p) / (1 - chance)
            for place, (value, more) in enumerate(zip(wave, factors, strict=False)):
                factor = 1 + p * more
                others = value / factor if abs(factor) > _ZERO else self._others(deal, number, place)
                total[place] += others * (won * (1 + more) - missed)
        masses = _back(total, self.points)
        if not self.blur:
            return sum(masses[max(0, ceil((amount - round(self.start)) / round(self.step))) :])
        edge = (float(amount) - self.book.step / 2 - self.start) / self.step + 0.5
        place = min(max(int(edge), 0), self.points - 1)
        return sum(masses[place:]) - masses[place] * min(max(edge - place, 0.0), 1.0)

    @property
    def _frequency(self) -> float:
        return 2 * pi / (self.points * self.step)

    def _others(self, deal: Chance, number: int, place: int) -> complex:
        """The characteristic function without a deal whose own is zero there; what is blurred does without."""
        if self.blur:
            return 0j
        frequency = self._frequency * place
        value = cexp(1j * frequency * (self.book.won - self.start))
        for other in self.large:
            if other.id != deal.id:
                chance = float(other.probability)
                p = self.shock.chances(chance, threshold(chance))[number]
                value *= 1 + p * (_characteristic(other, frequency) - 1)
        return value


def transform_book(book: Book, dependence: float) -> Spectrum:
    """Give the characteristic function of a book: on the grid of all attainable amounts where they are few enough."""
    deals = [deal for deal in book.deals if deal.probability and deal.high]
    return _on_attainable(book, deals, dependence) or _on_grid(book, deals, dependence)


def _on_attainable(book: Book, deals: Sequence[Chance], dependence: float) -> Spectrum | None:
    points = (book.highest - book.won) // book.step + 1
    if points > _MOST_POINTS or not all(deal.is_fixed for deal in deals):
        return None
    points = max(2, 1 << (points - 1).bit_length())
    shock, _, blur = choose_shocks(dependence, Moments.of(()), Moments.of(deals), book.step / 4)
    if blur > book.step / 4 or len(deals) * points // 2 * len(shock.shocks) > _WORK:
        return None
    waves: list[list[complex]] = [[1 + 0j] * (points // 2 + 1) for _ in shock.shocks]
    _multiply(waves, deals, shock, 2 * pi / (points * book.step))
    return Spectrum(book, shock, book.won, book.step, points, 0.0, deals, waves)


def _on_grid(book: Book, deals: Sequence[Chance], dependence: float) -> Spectrum:
    large, small = _split(deals)
    together = Moments.of(small)
    low, high = 0.0, float(book.highest - book.won)
    if not dependence:
        found = together.given(Shock.of(0.0, 1))[0]
        reach = 10 * sqrt(found.variance)
        low = max(0.0, found.mean - reach)
        high = min(float(sum(deal.high for deal in small)), found.mean + reach)
        low, high = low + find_least(large), high + find_most(large)
    span = high - low
    shock, given, least = choose_shocks(dependence, together, Moments.of(large), _grid_blur(span, _MOST_POINTS))
    points = _MOST_POINTS
    while True:
        blur = max(least, _grid_blur(span, points))
        width = span + 2 * _EDGE * blur
        start = book.won + low - _EDGE * blur
        waves = [_together(found, blur, book.won - start, 2 * pi / width, points // 2) for found in given]
        if points == _FEWEST_POINTS or len(large) * sum(map(len, waves)) <= _WORK:
            break
        points //= 2
    _multiply(waves, large, shock, 2 * pi / width)
    return Spectrum(book, shock, start, width / points, points, blur, large, waves)


def _grid_blur(span: float, points: int) -> float:
    """The least blur of a grid of so many points, which reaches a few blurs beyond what it is for."""
    return _BLUR * span / (points - 2 * _BLUR * _EDGE)


def _split(deals: Sequence[Chance]) -> tuple[list[Chance], list[Chance]]:
    """Give the deals that go in one by one, and those that are small next to all that are smaller."""
    ordered = sorted(deals, key=lambda deal: (-deal.high, deal.id))
    left: list[float] = []
    for deal in reversed(ordered):
        chance = float(deal.probability)
        mean, square, *_ = raw_moments(deal)
        left.append((left[-1] if left else 0.0) + chance * (square - chance * mean * mean))
    left.reverse()
    large = 0
    while large < len(ordered) and _SMALL * ordered[large].high > sqrt(left[large]):
        large += 1
    return ordered[:large], ordered[large:]


def _together(found: Cumulants, blur: float, shift: float, frequency: float, most: int) -> list[complex]:
    """The characteristic function of the small deals and the blur, as far as there is any.

    Skew and tails correct a normal law as far as such a correction goes; under a shock that leaves so few deals that it
    does not, the mean and the variance are right all the same, and the other shocks smooth the rest.
    """
    variance = found.variance
    third = min(max(found.third, -_MOST_SKEW * variance**1.5), _MOST_SKEW * variance**1.5)
    fourth = min(max(found.fourth, -_MOST_TAILS * variance**2), _MOST_TAILS * variance**2)
    values: list[complex] = []
    for place in range(most):
        t = frequency * place
        square = t * t
        decay = square * (variance + blur * blur) / 2
        if decay > _GONE or square * fourth > 6 * variance:
            break
        size = exp(square * square * fourth / 24 - decay)
        values.append(size * cexp(1j * t * (shift + found.mean - square * third / 6)))
    return values


def _multiply(waves: list[list[complex]], deals: Sequence[Chance], shock: Shock, frequency: float) -> None:
    longest = max(map(len, waves))
    for deal in deals:
        chance = float(deal.probability)
        factors = list(_wave(deal, frequency, longest))
        for place, p in enumerate(shock.chances(chance, threshold(chance))):
            if p:
                waves[place] = [value * (1 + p * more) for value, more in zip(waves[place], factors, strict=False)]


def _wave(deal: Chance, frequency: float, count: int) -> Iterator[complex]:
    """Give the characteristic function of the amount of a won deal, less 1, at multiples of a frequency."""
    if deal.is_fixed:
        turn = cexp(1j * frequency * deal.high)
        return (value - 1 for value in accumulate(repeat(turn, count - 1), mul, initial=1 + 0j))
    return (_characteristic(deal, frequency * place) - 1 for place in range(count))


def _characteristic(deal: Chance, t: float) -> complex:
    """Give the characteristic function of the amount of a won deal: of both sides of its triangle, by their weights."""
    if deal.is_fixed:
        return cexp(1j * t * deal.high)
    below, above = deal.likely - deal.low, deal.high - deal.likely
    left = cexp(1j * t * deal.low) * _ramp(t * below) * below
    right = cexp(1j * t * deal.high) * _ramp(-t * above) * above
    return (left + right) / (below + above)


def _ramp(t: float) -> complex:
    """Give the characteristic function of the larger of two random numbers from 0 to 1."""
    if abs(t) > 0.1:
        return 2 * (cexp(1j * t) * (1 - 1j * t) - 1) / (t * t)
    total, term = 0j, 1 + 0j
    for degree in range(8):
        total += term * 2 / (degree + 2)
        term *= 1j * t / (degree + 1)
    return total


def _back(half: Sequence[complex], points: int) -> list[float]:
    """Give the probability of each point of the grid from the frequencies 0 to half the points."""
    whole = [*half, *(value.conjugate() for value in half[-2:0:-1])]
    turns = [cexp(-2j * pi * place / points) for place in range(points // 2)]
    return [value.real / points for value in _fourier(whole, turns)]


def _fourier(values: Sequence[complex], turns: Sequence[complex]) -> list[complex]:
    """Give the discrete Fourier transform of a power of 2 of values, by the roots of unity that belong to it.

    Source: Cooley and Tukey (1965), An Algorithm for the Machine Calculation of Complex Fourier Series.
    """
    if len(values) == 2:
        return [values[0] + values[1], values[0] - values[1]]
    even, odd = _fourier(values[::2], turns[::2]), _fourier(values[1::2], turns[::2])
    turned = [*map(mul, odd, turns)]
    return [*map(add, even, turned), *map(sub, even, turned)]
