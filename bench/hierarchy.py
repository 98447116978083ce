"""What it costs to roll a forecast up a hierarchy, next to adding the same figures up with floats in a dict.

Usage: python bench/hierarchy.py [nodes] [rounds]
Goal: 10,000 nodes in less than half a second.
"""

import statistics
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from time import perf_counter

from oppcore.forecast import Adjustment, roll_up
from oppcore.money import Money

NODES = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 9
AT = datetime(2026, 1, 1, tzinfo=UTC)


def by_hand(managers: dict[str, str | None], own: dict[str, float]) -> dict[str, float]:
    """The sums alone: no views, no adjustments, no checks; every node is listed after its manager."""
    sums = dict(own)
    for node in reversed(managers):
        manager = managers[node]
        if manager is not None:
            sums[manager] += sums[node]
    return sums


def seconds(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


def main() -> None:
    random = Random(1)
    shapes: dict[str, dict[str, str | None]] = {
        "eight reports each": {str(node): str((node - 1) // 8) if node else None for node in range(NODES)},
        "one chain": {str(node): str(node - 1) if node else None for node in range(NODES)},
        "at random": {str(node): str(random.randrange(node)) if node else None for node in range(NODES)},
    }
    for name, managers in shapes.items():
        own = {node: Money(Decimal(random.randrange(10**7)) / 100, "EUR") for node in managers}
        floats = {node: float(money.amount) for node, money in own.items()}
        adjusted = [
            Adjustment(node=node, seen_by=manager or node, amount=own[node], base=own[node], author="m", at=AT)
            for node, manager in managers.items()
            if random.random() < 0.1
        ]
        ours, theirs = [], []
        for _ in range(ROUNDS):
            ours.append(seconds(lambda: roll_up(managers, own, currency="EUR", adjustments=adjusted)))  # noqa: B023
            theirs.append(seconds(lambda: by_hand(managers, floats)))  # noqa: B023
        middle = statistics.median(ours)
        print(
            f"{name:20} {NODES:,} nodes, {len(adjusted):,} adjustments: {middle * 1000:7.1f} ms"
            f" ({min(ours) * 1000:.1f} to {max(ours) * 1000:.1f});"
            f" sums by hand {statistics.median(theirs) * 1000:.2f} ms"
        )


if __name__ == "__main__":
    main()
