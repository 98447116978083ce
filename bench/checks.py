"""What it costs to check a pipeline, next to loading it: with five criteria in each entry and exit gate.

Usage: python bench/checks.py [rounds]
Goals: below 0.1 s, 1 s and 10 s for 8, 30 and 100 stages.
Seen on two busy cores with Python 3.11: 0.03 s, 0.2 s and 1.8 s, where every stage may be skipped.
"""

import statistics
import sys
from time import perf_counter

from oppcore import load_pipeline
from oppcore.proof import check

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 5


def document(stages: int, *, may_be_skipped: bool) -> dict[str, object]:
    """A pipeline whose gates ask about the same subjects, and for more from stage to stage."""

    def gate(number: int) -> list[dict[str, object]]:
        return [
            {"present": "needs"},
            {"compare": "amount", "ge": {"amount": 100 + number, "currency": "EUR"}},
            {"any": [{"present": "budget"}, {"role": "manager"}]},
            {"elapsed": "entered", "at_least_days": 1},
            {"exists": "quotes", "where": {"compare": "status", "eq": "accepted"}},
        ]

    steps = [
        {
            "key": f"stage_{number}",
            "kind": "open",
            "entry": gate(number),
            "exit": gate(number),
            "may_be_skipped": may_be_skipped,
        }
        for number in range(stages)
    ]
    return {"key": "bench", "stages": [*steps, {"key": "won", "kind": "won"}]}


def main() -> None:
    for stages in (8, 30, 100):
        for may_be_skipped in (False, True):
            data = document(stages, may_be_skipped=may_be_skipped)
            loading, checking = [], []
            for _ in range(ROUNDS):
                start = perf_counter()
                pipeline = load_pipeline(data)  # anew: a pipeline keeps the edges it has found
                loaded = perf_counter()
                check(pipeline)
                loading.append(loaded - start)
                checking.append(perf_counter() - loaded)
            load, took = statistics.median(loading), statistics.median(checking)
            skipped = "every stage may be skipped" if may_be_skipped else "no stage may be skipped"
            print(
                f"{stages:4} stages, {skipped:26} loaded in {load:.3f} s, checked in {took:.3f} s: {took / load:.1f}x"
            )


main()
