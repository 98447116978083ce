"""What goes from place to place until it ends: how often it is where, how it ends, and how long that takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import lcm
from operator import sub
from typing import final

import attrs

from oppcore.stats.curve import Probability, choose_division

__all__ = ["AbsorbingChain", "estimate_chain", "make_chain"]

_OFF = 1e-9
"""By how much the shares of a row may miss 1."""


@final
@attrs.frozen(kw_only=True)
class AbsorbingChain:
    """Places, and for each the share of visits after which a thing goes on to each other place or to an end.

    `visits[a][b]` is the expected number of visits to the place b of what is in the place a (the visit under way is one
    of them); `endings[a][e]` is the probability that it comes to the end e at last. Each visit is taken to go on in the
    same way, whatever came before it.

    Source: Kemeny and Snell (1960), Finite Markov chains, chapter 3: the fundamental matrix.
    """

    shares: Mapping[str, Mapping[str, Probability]] = attrs.field(hash=False)
    ends: tuple[str, ...]
    visits: Mapping[str, Mapping[str, Probability]] = attrs.field(hash=False)
    endings: Mapping[str, Mapping[str, Probability]] = attrs.field(hash=False)

    @property
    def assumes(self) -> str:
        """What must be true for the numbers to be right."""
        return "where a thing goes next depends on where it is, not on how it came there or how long it has been there"

    @property
    def places(self) -> tuple[str, ...]:
        """The places, in order."""
        return tuple(self.shares)

    def steps_from(self, place: str) -> Probability:
        """Give the expected number of visits until the end, the one under way included."""
        return sum(self.visits[place].values())

    def time_from(self, place: str, stays: Mapping[str, Probability]) -> Probability:
        """Give the expected time until the end of what has just come to a place, from the mean stay of each visit.

        Raises `KeyError` where the mean stay of a place that is visited is not given.
        """
        visits = self.visits[place]
        return sum((number * stays[there] for there, number in visits.items() if number), start=0)


def make_chain(shares: Mapping[str, Mapping[str, Probability]], *, ends: Iterable[str]) -> AbsorbingChain:
    """Give the chain of places that are left with the given shares: `shares[a][b]` of the visits to a go on to b.

    What is a fraction stays one, and so does all that follows from fractions alone. Raises `ValueError` where the
    shares of a place miss 1 by more than a billionth or are below 0, where something goes to what is neither a place
    nor an end, and where what is in a place can never end.

    >>> chain = make_chain(
    ...     {"new": {"new": 0.3, "late": 0.3, "paid": 0.4}, "late": {"new": 0.3, "late": 0.1, "paid": 0.4, "bad": 0.2}},
    ...     ends=["paid", "bad"],
    ... )
    >>> round(chain.endings["late"]["bad"], 4), round(chain.steps_from("new"), 4)
    (0.2593, 2.2222)
    """
    rows = {place: dict(row) for place, row in shares.items()}
    last = tuple(dict.fromkeys(ends))
    _check(rows, last)
    places = tuple(rows)
    moves = [[rows[place].get(there, 0) for there in places] for place in places]
    leaving = [[rows[place].get(end, 0) for end in last] for place in places]
    exact = all(isinstance(share, int | Fraction) for row in rows.values() for share in row.values())
    solved = _solve_exactly(moves, leaving) if exact else _solve(moves, leaving)
    visits, endings = [row[: len(places)] for row in solved], [row[len(places) :] for row in solved]
    return AbsorbingChain(
        shares=rows,
        ends=last,
        visits={place: dict(zip(places, line, strict=True)) for place, line in zip(places, visits, strict=True)},
        endings={place: dict(zip(last, line, strict=True)) for place, line in zip(places, endings, strict=True)},
    )


def estimate_chain(
    counts: Mapping[str, Mapping[str, int]], *, ends: Iterable[str], exact: bool = False
) -> AbsorbingChain:
    """Give the chain of counted steps: `counts[a][b]` visits to a went on to b; those under way are in none of them.

    With `exact`, all numbers are fractions. Raises `ValueError` as `make_chain` does, where a count is below 0, and
    where a place was never left.

    >>> chain = estimate_chain(
    ...     {"lead": {"offer": 3, "lost": 1}, "offer": {"won": 1, "lost": 1}}, ends=["won", "lost"], exact=True
    ... )
    >>> str(chain.endings["lead"]["won"])
    '3/8'
    """
    divide = choose_division(exact=exact)
    shares: dict[str, dict[str, Probability]] = {}
    for place, row in counts.items():
        if wrong := sorted(there for there, number in row.items() if number < 0):
            message = f"{row[wrong[0]]} went from {place!r} to {wrong[0]!r}: counts are at least 0"
            raise ValueError(message)
        if not (total := sum(row.values())):
            message = f"nothing ever left {place!r}: where it goes on to cannot be told"
            raise ValueError(message)
        shares[place] = {there: divide(number, total) for there, number in row.items()}
    return make_chain(shares, ends=ends)


def _check(shares: Mapping[str, Mapping[str, Probability]], ends: Sequence[str]) -> None:
    if both := sorted(set(shares) & set(ends)):
        message = f"{both[0]!r} is an end: nothing goes on from there"
        raise ValueError(message)
    for place, row in shares.items():
        if unknown := sorted(set(row) - set(shares) - set(ends)):
            message = f"{place!r} is left for {unknown[0]!r}, which is neither a place nor an end"
            raise ValueError(message)
        if wrong := [there for there, share in row.items() if not share >= 0]:
            message = f"a share is at least 0, not {row[wrong[0]]}, from {place!r} to {wrong[0]!r}"
            raise ValueError(message)
        total = float(sum(row.values()))
        if abs(total - 1) > _OFF:
            message = f"the shares that leave {place!r} add up to {total}, not to 1"
            raise ValueError(message)
    if trapped := [place for place in shares if not _can_end(place, shares, ends)]:
        message = f"no way leads from {', '.join(map(repr, trapped))} to {' or '.join(map(repr, ends)) or 'an end'}"
        raise ValueError(message)


def _can_end(place: str, shares: Mapping[str, Mapping[str, Probability]], ends: Sequence[str]) -> bool:
    reached, ahead = {place}, [place]
    while ahead:
        for there, share in shares.get(ahead.pop(), {}).items():
            if share and there in ends:
                return True
            if share and there not in reached:
                reached.add(there)
                ahead.append(there)
    return False


def _solve(moves: Sequence[Sequence[Probability]], leaving: Sequence[Sequence[Probability]]) -> list[list[Probability]]:
    """Give the inverse of the identity less the moves, and beside it that times what leaves for each end.

    A pivot is the sum of what leaves a place for others, so that nothing is ever subtracted from what is nearly as big.

    Source: Grassmann, Taksar and Heyman (1985), Regenerative analysis and steady state distributions for Markov
    chains, Operations Research 33, 1107-1116.
    """
    size = len(moves)
    rows: list[list[Probability]] = [
        [*(-share for share in row), *_unit(place, size), *left, sum(left)]
        for place, (row, left) in enumerate(zip(moves, leaving, strict=True))
    ]
    for place, row in enumerate(rows):
        pivot = row[-1] - sum(row[place + 1 : size])
        row[place] = pivot
        row[:] = [value / pivot for value in row]
        for other, changed in enumerate(rows):
            factor = changed[place]
            if other != place and factor:
                changed[:] = [value - factor * term for value, term in zip(changed, row, strict=True)]
    return [row[size:-1] for row in rows]


def _solve_exactly(
    moves: Sequence[Sequence[Probability]], leaving: Sequence[Sequence[Probability]]
) -> list[list[Probability]]:
    """Give the same of fractions, in whole numbers up to the last division.

    Source: Bareiss (1968), Sylvester's identity and multistep integer-preserving Gaussian elimination, Mathematics of
    Computation 22, 565-578.
    """
    size = len(moves)
    rows: list[list[int]] = []
    for place, (row, left) in enumerate(zip(moves, leaving, strict=True)):
        unit = _unit(place, size)
        parts = [Fraction(value) for value in (*map(sub, unit, row), *unit, *left)]
        scale = lcm(*(part.denominator for part in parts))
        rows.append([part.numerator * (scale // part.denominator) for part in parts])
    before = 1
    for place, row in enumerate(rows):
        pivot = row[place]
        for other, changed in enumerate(rows):
            factor = changed[place]
            if other != place:
                changed[:] = [
                    (value * pivot - factor * term) // before for value, term in zip(changed, row, strict=True)
                ]
        before = pivot
    return [[Fraction(value, before) for value in row[size:]] for row in rows]


def _unit(place: int, size: int) -> list[int]:
    return [int(there == place) for there in range(size)]
