"""Numbers in an order in which they should not fall, and the nearest ones that do not."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["pool_violators"]


def pool_violators(values: Sequence[float], weights: Sequence[float] | None = None) -> tuple[float, ...]:
    """Give the numbers that never fall and are nearest to the values, by the sum of weighted squares.

    Neighbours that are out of order share their weighted mean. Weights are positive, 1 by default. Raises `ValueError`
    for weights that are not, or not as many as values.

    Source: Ayer, Brunk, Ewing, Reid and Silverman (1955), An empirical distribution function for sampling with
    incomplete information, Annals of Mathematical Statistics 26, 641-647: pooling adjacent violators.

    >>> pool_violators([0.1, 0.5, 0.3, 0.9])
    (0.1, 0.4, 0.4, 0.9)
    """
    given = [1.0] * len(values) if weights is None else list(weights)
    if len(given) != len(values) or not all(weight > 0 for weight in given):
        message = f"{len(values)} values need as many weights above 0"
        raise ValueError(message)
    blocks: list[tuple[float, float, int]] = []
    for value, weight in zip(values, given, strict=True):
        block = (value, weight, 1)
        while blocks and blocks[-1][0] >= block[0]:
            mean, before, size = blocks.pop()
            together = before + block[1]
            block = ((mean * before + block[0] * block[1]) / together, together, size + block[2])
        blocks.append(block)
    return tuple(mean for mean, _, size in blocks for _ in range(size))
