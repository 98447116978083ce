"""What the strategies make: hardly anything is rejected, and what should occur in histories does."""

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from oppcore.criteria import Compare, Present
from oppcore.engine import Corrected, Moved, evolve
from oppcore.money import Money
from oppcore.pipeline import Direction, load_pipeline
from oppcore.records import Outcome, RecordKind
from oppcore.testing import (
    broken_pipelines,
    change_tables,
    changes,
    criteria,
    histories,
    leads,
    moments,
    moneys,
    opportunities,
    pipelines,
    satisfying,
    situations,
    violating,
)
from tests.laws.lives import quarter, record_of

OPEN = load_pipeline("""
key = "sales"
permissions.correct.allowed = true
permissions.remove.allowed = true
permissions.restore.allowed = true
flow.reopen.allowed = true
flow.overturn.allowed = true
flow.reclassify.allowed = true
stages = [
    {key = "need", kind = "open"},
    {key = "offer", kind = "open", entry = [{present = "budget"}]},
    {key = "won", kind = "won"},
    {key = "lost", kind = "lost"},
]
""")
GATE = [Present("budget"), Compare("amount", "ge", Money(10, "EUR"))]
STRATEGIES = {
    "pipelines": pipelines(),
    "broken_pipelines": broken_pipelines(),
    "criteria": criteria(),
    "situations": situations(OPEN),
    "moneys": moneys(),
    "moments": moments(),
    "leads": leads(),
    "opportunities": opportunities(OPEN),
    "changes": opportunities(OPEN).flatmap(lambda record: changes(OPEN, record)),
    "histories": histories(OPEN),
    "change_tables": change_tables(),
    "satisfying": satisfying(GATE),
    "violating": violating(GATE),
}


def drawn(strategy, *, examples):
    """How many values were rejected, and those that were made; values too large for Hypothesis count as neither."""
    rejected, made = [], []

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def look(data):
        try:
            made.append(data.draw(strategy))
        finally:
            if data.conjecture_data.status.name == "INVALID":
                rejected.append(1)

    look()
    return len(rejected), made


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_strategy_rejects_at_most_a_few_percent(name):
    rejected, made = drawn(STRATEGIES[name], examples=40)

    assert len(made) >= 40
    assert rejected <= 0.03 * len(made)


def kinds_of(history):
    """What is in a history that measures must cope with."""
    stood = [one.source.stage for one in history if isinstance(one, Moved)]
    for one in history:
        if isinstance(one, Moved):
            yield from one.directions
            if one.target.stage in stood[: stood.index(one.source.stage) + 1] and one.target.outcome is Outcome.OPEN:
                yield "re-entry"
        if isinstance(one, Corrected):
            yield "voided" if one.happened_at is None else "dated anew"
        if one.stamp.recorded_at > one.stamp.at:
            yield "late"
    if any(one.stamp.at == other.stamp.at for one, other in pairwise(history)):
        yield "tie"
    yield f"adopted {history[0].stamp.origin == 'adopted'}"


def test_histories_hold_all_that_measures_must_cope_with():
    _, made = drawn(histories(OPEN, max_steps=10), examples=400)
    found = {kind for history in made for kind in kinds_of(history)}
    wanted = {Direction.REOPEN, Direction.OVERTURN, Direction.RECLASSIFY, Direction.REVERT, "re-entry", "tie", "late"}
    wanted |= {"voided", "dated anew", "adopted True", "adopted False"}

    assert wanted - found == set()


def test_a_strategy_that_rejects_is_seen():
    rejected, made = drawn(st.integers(0, 10**6).filter(lambda number: number % 10 == 7), examples=40)

    assert rejected > 0.03 * len(made)


@quarter
@given(st.sampled_from(RecordKind), st.data())
def test_what_happens_next_follows_from_the_record(kind, data):
    pipeline = data.draw(pipelines(kind=kind, max_open_stages=3))
    past = data.draw(histories(pipeline, max_steps=2))
    record = record_of(past)
    new = data.draw(changes(pipeline, record, past=past))

    assert [one.stamp.version for one in new] == [record.progress.version + n for n in range(1, len(new) + 1)]
    assert evolve(record, *new).progress.version == record.progress.version + len(new)


def test_something_nearly_always_happens_next():
    _, made = drawn(STRATEGIES["changes"], examples=60)

    assert sum(map(bool, made)) >= 0.95 * len(made)
    assert {type(one).__name__ for new in made for one in new} >= {"Amended", "Moved"}
