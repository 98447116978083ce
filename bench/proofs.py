"""What a proof costs: pipelines of 8, 30 and 100 stages, five criteria at each gate, four claims.

The flow goes to the next stage and back; that of 30 stages also with every stage skippable, so that there is an edge
between any two. The yardstick is loading the pipeline from TOML.

Usage: python bench/proofs.py [rounds]
Goals: all claims in 0.1 s, 1 s and 10 s.
Seen on two busy cores with Python 3.11: 0.04 s, 0.27 s (0.25 s with all jumps) and 3.5 s, most of which goes into
making the 30,000 edges. Edges that ask the same are put to the solver once; before that it took 0.12 s, 1.5 s and 19 s.
"""

import sys
from collections.abc import Callable
from decimal import Decimal
from time import perf_counter

from oppcore import Pipeline, dump_pipeline, load_pipeline
from oppcore.proof import prove_claims

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 3


def make(stages: int, *, skippable: bool) -> str:
    """A pipeline as TOML: gates ask for what is known by then, and won deals have a standing approval."""
    keys = [f"s{number}" for number in range(stages - 1)]

    def gate(number: int) -> list[dict[str, object]]:
        return [
            {"present": "budget"},
            {"compare": "amount", "ge": {"amount": 100 + number, "currency": "EUR"}},
            {"compare": "probability", "between": [Decimal(number) / 1_000, 1]},
            {"any": [{"present": "source"}, {"present": "name"}]},
            {"not": {"compare": "expected_close_on", "lt": "2026-01-01"}},
        ]

    return dump_pipeline(
        load_pipeline(
            {
                "key": "large",
                "currency": "EUR",
                "stages": [
                    {
                        "key": key,
                        "kind": "open",
                        "may_be_skipped": skippable,
                        "entry": gate(number) if number else [],
                        "stay": [{"present": "owner_id"}] if number % 2 else [],
                    }
                    for number, key in enumerate(keys)
                ]
                + [{"key": "won", "kind": "won", "entry": [{"approved": "quote"}, *gate(stages)]}],
                "approvals": [
                    {"key": "quote", "covers": ["amount"], "steps": [{"key": "m", "roles": ["manager"]}]},
                ],
                "claims": [
                    {"key": "approved", "outcome": "won", "holds": [{"approved": "quote"}, {"present": "budget"}]},
                    {"key": "through", "outcome": "won", "passed": keys[len(keys) // 2]},
                    {"key": "no trap", "closes": True, "outcome": "won"},
                    {"key": "owned", "outcome": "won", "holds": [{"present": "owner_id"}]},
                ],
            }
        )
    )


def best(work: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return min(times)


def main() -> None:
    print(f"{'pipeline':24}{'proofs, s':>12}{'loading, s':>12}   answers")
    for stages, skippable in ((8, False), (30, False), (30, True), (100, False)):
        text = make(stages, skippable=skippable)
        answers = [type(answer).__name__ for answer in prove_claims(load_pipeline(text))]
        # A pipeline keeps the edges found so far, so each round proves a fresh one.
        fresh: list[Pipeline] = [load_pipeline(text) for _ in range(ROUNDS)]
        proving, loading = (
            best(lambda fresh=fresh: prove_claims(fresh.pop())),
            best(lambda text=text: load_pipeline(text)),
        )
        name = f"{stages} stages{', all jumps' if skippable else ''}"
        print(f"{name:24}{proving:12.3f}{loading:12.3f}   {', '.join(answers)}")


if __name__ == "__main__":
    main()
