"""Whether groups differ in how long their things stay: the log-rank test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import fsum

from oppcore.stats.events import EventTable
from oppcore.stats.significance import Significance
from oppcore.stats.special import chi_square_sf

__all__ = ["log_rank_test"]


def log_rank_test(tables: Sequence[EventTable], *, corrected: bool = False) -> Significance:
    """Give how surprising it is that groups end at such unlike times, whatever ends them; a table of counts per group.

    What was never at risk together is not compared: the degrees of freedom are one less than the groups for each set of
    groups that can be compared. Ties and delayed entry are as in `estimate_survival`. `corrected` takes half an event
    off the difference, for two groups only: the correction for continuity, against false alarms of small groups. Raises
    `ValueError` where there is nothing to compare, and for a correction with more than two groups.

    Source: Mantel (1966), Evaluation of survival data and two new rank order statistics arising in its consideration,
    Cancer Chemother. Rep. 50, 163-170.

    >>> from oppcore.stats import count_events
    >>> fast, slow = count_events([2, 3, 5, 8], [1, 1, 1, 0]), count_events([4, 9, 12, 15], [1, 0, 1, 0])
    >>> round(log_rank_test([fast, slow]).p_value, 6)
    0.171393
    """
    if corrected and len(tables) != 2:
        message = f"the correction for continuity is for two groups, not {len(tables)}"
        raise ValueError(message)
    groups = range(len(tables))
    expected: list[list[float]] = [[] for _ in groups]
    shared: dict[tuple[int, int], list[float]] = {(one, other): [] for one in groups for other in range(one)}
    for at_risk, ended in _sweep(tables):
        there = sum(at_risk)
        for group in groups:
            expected[group].append(ended * at_risk[group] / there)
        if ended < there:
            weight = ended * (there - ended) / (there - 1) / there / there
            for (one, other), terms in shared.items():
                if at_risk[one] and at_risk[other]:
                    terms.append(weight * at_risk[one] * at_risk[other])
    covariance = {pair: fsum(terms) for pair, terms in shared.items() if terms}
    compared = _find_compared(len(tables), covariance)
    if not compared:
        message = (
            "nothing can be compared: no two groups were at risk together when something ended and something did not"
        )
        raise ValueError(message)
    observed = tuple(sum(table.all_events) for table in tables)
    sums = tuple(fsum(terms) for terms in expected)
    matrix = [[_entry(covariance, one, other, groups) for other in compared] for one in compared]
    off = [observed[group] - sums[group] for group in compared]
    statistic = _weigh(matrix, [max(0.0, abs(off[0]) - 0.5)] if corrected else off)
    return Significance(
        test="log-rank test with correction for continuity" if corrected else "log-rank test",
        p_value=chi_square_sf(statistic, len(compared)),
        observed=observed,
        expected=sums,
        statistic=statistic,
        degrees_of_freedom=len(compared),
        assumes="to be censored, or to come under observation late, says nothing about how long a thing stays; "
        "an approximation; strong where one group always ends faster, weak where the curves cross",
    )


def _sweep(tables: Sequence[EventTable]) -> Iterator[tuple[list[int], int]]:
    """Give at each time at which something ended how many of each group were at risk, and how many ended in all."""
    ended: Counter[float] = Counter()
    for table in tables:
        for time, count in zip(table.times, table.all_events, strict=True):
            if count:
                ended[time] += count
    places = [0] * len(tables)
    for time in sorted(ended):
        at_risk: list[int] = []
        for group, table in enumerate(tables):
            while places[group] < len(table.times) and table.times[places[group]] < time:
                places[group] += 1
            at_risk.append(table.at_risk[places[group]] if places[group] < len(table.times) else 0)
        yield at_risk, ended[time]


def _find_compared(groups: int, pairs: Iterable[tuple[int, int]]) -> list[int]:
    """Give the groups that are compared with another one: all but the first of each set that hangs together."""
    first = list(range(groups))
    for one, other in pairs:
        low, high = sorted((first[one], first[other]))
        first = [low if place == high else place for place in first]
    return [group for group in range(groups) if first[group] != group]


def _entry(covariance: Mapping[tuple[int, int], float], one: int, other: int, groups: Iterable[int]) -> float:
    if one != other:
        return -covariance.get((max(one, other), min(one, other)), 0.0)
    return fsum(covariance.get((max(one, group), min(one, group)), 0.0) for group in groups if group != one)


def _weigh(matrix: list[list[float]], vector: list[float]) -> float:
    """Give the vector times the inverse of the covariance matrix times the vector, by elimination."""
    total = 0.0
    while vector:
        [head, *vector], [[pivot, *row], *rest] = vector, matrix
        total += head * head / pivot
        vector = [value - head * part / pivot for value, part in zip(vector, row, strict=True)]
        matrix = [[value - line[0] * part / pivot for value, part in zip(line[1:], row, strict=True)] for line in rest]
    return total
