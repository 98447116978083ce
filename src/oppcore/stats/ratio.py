"""A ratio that never forgets what it was made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import attrs

from oppcore.stats.intervals import wilson

if TYPE_CHECKING:
    from fractions import Fraction

__all__ = ["Ratio", "make_ratio"]


@final
@attrs.frozen
class Ratio:
    """One count over another, with the interval of the share where it is one.

    `nested` says whether everything counted above is also counted below the line. Where it is not, the ratio is no
    share: it may exceed 1, and it has no interval. `value` is None where the denominator is 0.
    """

    numerator: int
    denominator: int
    low: float | None
    high: float | None
    nested: bool = True

    @property
    def value(self) -> Fraction | None:
        """The exact ratio; None where there is nothing to divide by."""
        from fractions import Fraction  # slow to import

        return Fraction(self.numerator, self.denominator) if self.denominator else None

    def __str__(self) -> str:
        if self.value is None:
            return "–"
        text = f"{float(self.value):.1%}"
        if self.low is not None and self.high is not None:
            return f"{text} ({self.low:.1%} to {self.high:.1%})"
        return text if self.nested else f"{text} (not nested)"

    def detail(self) -> dict[str, Any]:
        """Give the ratio as plain data, ready for JSON."""
        return {
            "numerator": self.numerator,
            "denominator": self.denominator,
            "value": None if self.value is None else float(self.value),
            "low": self.low,
            "high": self.high,
            "nested": self.nested,
        }


def make_ratio(numerator: int, denominator: int, *, nested: bool = True, confidence: float = 0.95) -> Ratio:
    """Give the ratio of two counts; with a Wilson interval where it is a share of at least one thing.

    >>> print(make_ratio(81, 263))
    30.8% (25.5% to 36.6%)
    """
    if nested and denominator:
        low, high = wilson(numerator, denominator, confidence)
        return Ratio(numerator, denominator, low, high)
    return Ratio(numerator, denominator, None, None, nested)
