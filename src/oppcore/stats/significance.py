"""How surprising counts are if nothing is behind them: what one test says, and what many say together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import final

import attrs

__all__ = ["Significance", "adjust_benjamini_hochberg", "adjust_holm"]


@final
@attrs.frozen(kw_only=True)
class Significance:
    """What a test found: how likely counts at least as far off are where there is no difference (`p_value`).

    `statistic` and `degrees_of_freedom` are None for exact tests. `observed` and `expected` are counts, of each group
    or of each cell row by row; `expected` are those to be expected where there is no difference. `assumes` says what
    must be true for the number to be right.
    """

    test: str
    p_value: float
    observed: tuple[int, ...]
    expected: tuple[float, ...]
    statistic: float | None = None
    degrees_of_freedom: int | None = None
    assumes: str


def adjust_holm(p_values: Iterable[float]) -> tuple[float, ...]:
    """Give the p-values of several tests, raised so that below 5 % any false alarm at all has a chance below 5 %.

    They keep their order. Raises `ValueError` for what is no probability.

    Source: Holm (1979), A simple sequentially rejective multiple test procedure, Scand. J. Statist. 6, 65-70.

    >>> adjust_holm([0.01, 0.04, 0.03])
    (0.03, 0.06, 0.06)
    """
    found = _checked(p_values)
    adjusted = [0.0] * len(found)
    largest = 0.0
    for rank, place in enumerate(_by_size(found)):
        largest = max(largest, min(1.0, found[place] * (len(found) - rank)))
        adjusted[place] = largest
    return tuple(adjusted)


def adjust_benjamini_hochberg(p_values: Iterable[float]) -> tuple[float, ...]:
    """Give the p-values of several tests, raised so that of those below 5 % no more than 5 % are expected to be false.

    They keep their order. It holds for independent tests. Raises `ValueError` for what is no probability.

    Source: Benjamini and Hochberg (1995), Controlling the false discovery rate, J. R. Statist. Soc. B 57, 289-300.

    >>> adjust_benjamini_hochberg([0.01, 0.04, 0.03])
    (0.03, 0.04, 0.04)
    """
    found = _checked(p_values)
    adjusted = [0.0] * len(found)
    smallest = 1.0
    for rank, place in reversed(list(enumerate(_by_size(found), start=1))):
        smallest = min(smallest, found[place] * (len(found) / rank))
        adjusted[place] = smallest
    return tuple(adjusted)


def _by_size(p_values: Sequence[float]) -> list[int]:
    return sorted(range(len(p_values)), key=p_values.__getitem__)


def _checked(p_values: Iterable[float]) -> tuple[float, ...]:
    found = tuple(p_values)
    for place, value in enumerate(found):
        if not 0 <= value <= 1:
            message = f"a p-value lies between 0 and 1, not {value} (position {place})"
            raise ValueError(message)
    return found
