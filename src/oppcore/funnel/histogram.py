"""How durations are spread: quantiles, and bins of equal width."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, final

import attrs

if TYPE_CHECKING:
    from fractions import Fraction

__all__ = ["Bin", "find_quantile", "make_bins"]

_SECOND = timedelta(seconds=1)


@final
@attrs.frozen
class Bin:
    """How many took at least `start`, and less than the start of the next bin."""

    start: timedelta
    count: int


def find_quantile(spans: Sequence[timedelta], share: float) -> timedelta | None:
    """Give the duration below which a share of the sorted ones lies, between the two nearest, exactly.

    Source: Hyndman and Fan (1996), Sample quantiles in statistical packages, definition 7.
    """
    from fractions import Fraction  # slow to import

    if not spans:
        return None
    place: Fraction = Fraction(str(share)) * (len(spans) - 1)
    below = int(place)
    above = min(below + 1, len(spans) - 1)
    return (
        spans[below]
        + round((place - below) * ((spans[above] - spans[below]) // timedelta.resolution)) * timedelta.resolution
    )


def make_bins(spans: Sequence[timedelta], bins: int | None) -> tuple[Bin, ...]:
    """Count sorted durations in bins of equal width, in whole seconds."""
    if not spans:
        return ()
    wanted = bins or next(number for number in range(1, len(spans) + 1) if number**3 >= len(spans))
    low, high = spans[0], spans[-1]
    width = max(-(-(high - low) // (wanted * _SECOND)), 1) * _SECOND
    counts = [0] * max((high - low) // width + 1, wanted if high > low else 1)
    for span in spans:
        counts[(span - low) // width] += 1
    return tuple(Bin(low + place * width, number) for place, number in enumerate(counts))
