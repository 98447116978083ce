"""Simulated worlds as the bits of whole numbers: one draw per deal for all worlds, sums by bit-sliced addition.

Bit w of a *slice* says whether something is so in world w. A deal's win is a slice: random slices are compared with the
binary digits of its probability, all worlds at once. Amounts are added as slices too: three slices of equal weight
become one of the same and one of twice the weight (a carry-save adder), until at most one of each weight is left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from math import sqrt
from struct import pack
from typing import TYPE_CHECKING, final

import attrs

from oppcore.forecast.revenue.book import Book, Chance
from oppcore.forecast.revenue.shock import Shock, threshold
from oppcore.forecast.revenue.spread import Atoms
from oppcore.stats import normal_quantile

if TYPE_CHECKING:
    from random import Random

__all__ = ["Worlds", "simulate_book"]

_DIGITS = 53
_RANGE_DIGITS = 12
"""Binary digits of where in its range an amount lies: 4,096 steps to either side."""

_MOST_BLOCKS = 256
"""Blocks of worlds, at most, each with a shock out of a slice of its own of the normal law."""

_NEVER = 1e-16


@final
@attrs.frozen
class Worlds:
    """What came in in each world, in units, and for the deals `watched` the slice of the worlds in which they are won.

    `block` is how many neighbouring worlds share a draw of the shock; 1 where there is none.
    """

    book: Book
    dependence: float
    seed: int
    block: int
    totals: Sequence[int]
    wins: Mapping[str, int]

    def spread(self) -> Atoms:
        """Give the distribution of what came in."""
        return Atoms.of(Counter(self.totals))

    def error(self, values: Sequence[float]) -> float:
        """Give the standard error of the mean of something that was seen in each world.

        With a shock, blocks are strata with one draw each: their error is estimated from the differences of
        neighbours, which is a little too much rather than too little.

        Source: Cochran (1977), Sampling Techniques, section 5A.12 (collapsed strata).
        """
        count = len(values)
        if self.block == 1:
            middle = sum(values) / count
            return sqrt(sum((value - middle) ** 2 for value in values) / (count * (count - 1)))
        starts = range(0, count, self.block)
        means = [sum(part) / len(part) for part in (values[start : start + self.block] for start in starts)]
        blocks = len(means)
        return sqrt(sum((one - other) ** 2 for one, other in pairwise(means)) / (2 * blocks * (blocks - 1)))

    def swings(self, deals: Collection[Chance], amount: Fraction) -> dict[str, float]:
        """Give by how much more often an amount came in where a deal was won than where it was not.

        Deals that were not watched are watched in the same worlds, drawn again. A deal that was won in every world, or
        in none, has no swing.
        """
        if any(deal.id not in self.wins for deal in deals):
            watched = {deal.id for deal in deals}
            again = simulate_book(
                self.book, dependence=self.dependence, seed=self.seed, worlds=len(self.totals), watched=watched
            )
            return again.swings(deals, amount)
        worlds = len(self.totals)
        reached = int("".join("1" if total >= amount else "0" for total in reversed(self.totals)), 2)
        found: dict[str, float] = {}
        for deal in deals:
            won = self.wins[deal.id]
            if 0 < (times := won.bit_count()) < worlds:
                both = (won & reached).bit_count()
                found[deal.id] = both / times - (reached.bit_count() - both) / (worlds - times)
        return found


def simulate_book(book: Book, *, dependence: float, seed: int, worlds: int, watched: Collection[str] = ()) -> Worlds:
    """Give what comes in in so many worlds; the same seed gives the same worlds, on every machine.

    The shock is drawn by strata: as many blocks of worlds as there are, each with a shock out of an equally likely
    stretch of its law, which every win probability meets exactly on average.
    """
    from random import Random  # slow to import

    dice = Random(seed)
    draw = _Draw(dice, worlds, dependence)
    fraction = 0 if all(deal.is_fixed for deal in book.deals) else _RANGE_DIGITS + 1
    planes = _Planes()
    wins: dict[str, int] = {}
    for deal in book.deals:
        won = draw.wins(deal)
        if deal.id in watched:
            wins[deal.id] = won
        if deal.is_fixed:
            planes.add(won, deal.low << fraction)
        else:
            _add_range(planes, won, deal, draw)
    half = 1 << fraction >> 1
    totals = [book.won + (total + half >> fraction) for total in planes.totals(worlds)]
    return Worlds(book, dependence, seed, draw.block, totals[::-1], wins)


class _Draw:
    """Random slices, and the shock of each block of worlds."""

    def __init__(self, dice: Random, worlds: int, dependence: float) -> None:
        self.dice = dice
        self.worlds = worlds
        self.every = (1 << worlds) - 1
        self.shock: Shock | None = None
        self.block = 1
        self.seen: dict[float, int] = {}
        if dependence:
            self.block = 8 * max(8, -(-worlds // (8 * _MOST_BLOCKS)))
            blocks = -(-worlds // self.block)
            places = [(place + dice.random()) / blocks for place in range(blocks)]
            shocks = [normal_quantile(min(max(place, _NEVER), 1 - _NEVER)) for place in places]
            self.shock = Shock(dependence, shocks, [1 / blocks] * blocks)
            self.ones = sum(1 << self.block * place for place in range(blocks))
            self.fill = (1 << self.block) - 1

    def wins(self, deal: Chance) -> int:
        """Give the worlds in which a deal is won."""
        chance = float(deal.probability)
        if self.shock is None or not 0 < chance < 1:
            return self.below(chance)
        digits = self.seen.get(chance)
        if digits is None:
            chances = self.shock.chances(chance, threshold(chance))
            rest = bytes(self.block // 8 - 8)
            parts = [pack("<Q", int(one * (1 << _DIGITS))) + rest for one in chances]
            digits = self.seen[chance] = int.from_bytes(b"".join(parts), "little")
        return self._below_each(digits)

    def below(self, chance: float) -> int:
        """Give the worlds in which an event of this probability happens: where a random number stays below it."""
        if chance >= 1:
            return self.every
        happens, undecided = 0, self.every
        random, worlds = self.dice.getrandbits, self.worlds
        while chance and undecided:
            chance *= 2
            found = random(worlds)
            if chance >= 1:
                chance -= 1
                happens |= undecided & ~found
                undecided &= found
            else:
                undecided &= ~found
        return happens

    def _below_each(self, digits: int) -> int:
        """Give the worlds in which a random number stays below the digits of the world's block."""
        happens, undecided = 0, self.every
        for place in range(_DIGITS - 1, -1, -1):
            digit = (digits >> place & self.ones) * self.fill
            found = self.dice.getrandbits(self.worlds)
            happens |= undecided & digit & ~found
            undecided &= ~(digit ^ found)
            if not undecided:
                break
        return happens

    def larger(self) -> list[int]:
        """Give the binary digits, the lowest first, of the larger of two random numbers from 0 to 1 in each world."""
        random, worlds = self.dice.getrandbits, self.worlds
        first, second, undecided = 0, 0, self.every
        digits: list[int] = []
        for _ in range(_RANGE_DIGITS):
            one, other = random(worlds), random(worlds)
            digits.append(undecided & (one | other) | first & one | second & other)
            first |= undecided & one & ~other
            second |= undecided & other & ~one
            undecided &= ~(one ^ other)
        return digits[::-1]


class _Planes:
    """Slices waiting to be added up: at most two of each weight, which is a power of 2."""

    def __init__(self) -> None:
        self.waiting: list[list[int]] = []

    def add(self, slice_: int, amount: int) -> None:
        """Add an amount in the worlds of a slice."""
        waiting = self.waiting
        while len(waiting) < amount.bit_length() + 64:
            waiting.append([])
        weight = 0
        while amount:
            zeros = (amount & -amount).bit_length() - 1
            amount >>= zeros + 1
            weight += zeros
            carry, place = slice_, weight
            while True:
                stack = waiting[place]
                if len(stack) < 2:
                    stack.append(carry)
                    break
                one = stack.pop()
                other = stack[0]
                unlike = one ^ other
                stack[0] = unlike ^ carry
                carry = one & other | unlike & carry
                place += 1
            weight += 1

    def totals(self, worlds: int) -> list[int]:
        """Give the sum of everything in each world."""
        texts: list[str] = []
        carries: list[int] = []
        place = 0
        while place < len(self.waiting) or carries:
            slices = carries + (self.waiting[place] if place < len(self.waiting) else [])
            carries = []
            while len(slices) > 1:
                one, other = slices.pop(), slices.pop()
                third = slices.pop() if slices else 0
                unlike = one ^ other
                carries.append(one & other | unlike & third)
                slices.append(unlike ^ third)
            texts.append(format(slices[0] if slices else 0, f"0{worlds}b"))
            place += 1
        return [int("".join(digits), 2) for digits in zip(*reversed(texts), strict=True)] if texts else [0] * worlds


def _add_range(planes: _Planes, won: int, deal: Chance, draw: _Draw) -> None:
    """Add an amount out of its range: to either side of the likely one, by the larger of two random numbers.

    Below it the amount is low + (likely - low) * larger, above it high - (high - likely) * larger, which is
    likely + (high - likely) * (1 - larger).
    """
    left = won & draw.below((deal.likely - deal.low) / (deal.high - deal.low))
    right = won & ~left
    below, above = deal.likely - deal.low, deal.high - deal.likely
    planes.add(left, (deal.low << _RANGE_DIGITS + 1) + below)
    planes.add(right, (deal.likely << _RANGE_DIGITS + 1) + above)
    for place, digit in enumerate(draw.larger()):
        planes.add(left & digit, below << place + 1)
        planes.add(right & ~digit, above << place + 1)
