"""`check`: everything that loads and is still wrong, or doubtful."""

from __future__ import annotations

from oppcore.pipeline import Pipeline
from oppcore.proof.declared import find_in_declarations
from oppcore.proof.findings import Finding, Severity
from oppcore.proof.gates import find_in_gates
from oppcore.proof.ways import find_in_ways

__all__ = ["check"]

BUDGET = 5_000


def check(pipeline: Pipeline, *, budget: int = BUDGET) -> tuple[Finding, ...]:
    """Give what is wrong with a pipeline or doubtful: errors first, then warnings, then notes.

    What the criteria say is decided exactly (see `find_witness`), each question in at most `budget` steps; where that
    is not enough, or a criterion of the host's own decides, a note says so. Criteria of the host's own are never asked.

    >>> from oppcore.pipeline import load_pipeline
    >>> pipeline = load_pipeline('''
    ... key = "shop"
    ... currency = "EUR"
    ... [[stages]]
    ... key = "offer"
    ... kind = "open"
    ... [[stages]]
    ... key = "won"
    ... kind = "won"
    ... entry = [{compare = "amount", ge = 1000}, {compare = "amount", lt = 500}]
    ... ''')
    >>> print(check(pipeline)[0])
    stages.won.entry[0] can never be true together with stages.won.entry[1]
    """
    found = (*find_in_ways(pipeline), *find_in_gates(pipeline, budget), *find_in_declarations(pipeline))
    order = tuple(Severity)
    return tuple(sorted(dict.fromkeys(found), key=lambda finding: order.index(finding.severity)))
