"""Standing findings: what does not hold now, however it came about."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import attrs
import pytest
from hypothesis import given

from oppcore.criteria import find_unmet
from oppcore.engine import adopt, amend, evolve, find_violations, open_opportunity
from oppcore.money import Money
from oppcore.pipeline import load_pipeline
from tests.engine.deals import Deal
from tests.laws.lives import lives, quarter, record_of, standings
from tests.problems import assert_told

DAY = datetime(2026, 3, 2, tzinfo=UTC)
PIPELINE = load_pipeline("""
key = "p"
stages = [
    { key = "a", kind = "open" },
    { key = "b", kind = "open", entry = [{ present = "budget" }], exit = [{ present = "proposal" }] },
    { key = "old", kind = "open", archived = true },
    { key = "w", kind = "won", entry = [{ present = "amount" }] },
    { key = "l", kind = "lost", entry = [{ present = "amount" }] },
]
reasons = [{ key = "price", outcome = "lost" }]
""")


def image(stage="a", **progress):
    record = evolve(None, *open_opportunity(PIPELINE, "d", at=DAY))
    return attrs.evolve(record, progress=attrs.evolve(record.progress, stage=stage, **progress))


def codes(record):
    problems = [problem for one in find_violations(PIPELINE, [record], at=DAY) for problem in one.problems]
    for problem in problems:
        assert_told(problem)
    return [problem.code for problem in problems]


@pytest.mark.parametrize(
    ("record", "found"),
    [
        (image(), []),
        (image("b"), ["field.missing"]),
        (image("b", outcome="lost", reason="price"), []),
        (image("b", outcome="lost"), ["reason.missing"]),
        (image("b", outcome="lost", reason="weather"), ["reason.unknown"]),
        (image("l", outcome="lost", reason="price"), []),
        (image("b", outcome="abandoned"), []),
        (image("w", outcome="won"), ["field.missing"]),
        (image("w"), ["state.illegal"]),
        (image("gone"), ["move.unknown_stage"]),
        (image("old"), ["stage.archived"]),
        (image("old", outcome="abandoned"), []),
        (image(pipeline="q"), ["pipeline.other"]),
    ],
)
def test_what_does_not_hold_is_found(record, found):
    assert codes(record) == found


def test_a_deal_adopted_past_its_gate_is_found_until_it_is_mended():
    adopted = evolve(None, *adopt(PIPELINE, image("b"), at=DAY))
    [violation] = find_violations(PIPELINE, [image(), adopted], at=DAY)

    assert (violation.record_id, [problem.path for problem in violation.problems]) == ("d", ["budget"])
    mended = evolve(adopted, *amend(PIPELINE, adopted, {"budget": Money(1, "EUR")}, at=DAY))
    assert list(find_violations(PIPELINE, [mended], at=DAY)) == []


def test_a_gate_that_is_new_finds_the_deals_behind_it():
    stricter = attrs.evolve(
        PIPELINE,
        revision=2,
        stages=[attrs.evolve(PIPELINE.stages[0], entry=PIPELINE.stages[1].entry), *PIPELINE.stages[1:]],
    )

    assert [one.record_id for one in find_violations(stricter, [image()], at=DAY)] == ["d"]


@quarter
@given(standings())
def test_what_is_found_of_an_open_deal_is_what_its_stage_asks_on_entry(found):
    pipeline, record = found
    at = record.progress.changed_at + timedelta(days=1)
    problems = [problem for one in find_violations(pipeline, [record], at=at) for problem in one.problems]
    stage = pipeline.stage(record.progress.stage)
    if record.progress.outcome in ("open", "won"):
        from oppcore.criteria import Situation

        situation = Situation(record=record, at=at, personal=pipeline.personal)
        gate = [problem for criterion in stage.entry for problem in find_unmet(criterion, situation)]
        assert [problem for problem in problems if problem in gate] == gate
    else:
        assert {problem.code for problem in problems} <= {"reason.missing", "reason.unknown"}


@quarter
@given(lives())
def test_no_life_ends_in_a_state_that_cannot_be(found):
    pipeline, changes = found
    record = record_of(changes)
    problems = [one for v in find_violations(pipeline, [record], at=record.progress.changed_at) for one in v.problems]

    assert not {problem.code for problem in problems} & {"state.illegal", "move.unknown_stage", "pipeline.other"}


# An estimate of one's own.


def estimated(**values):
    return Deal(PIPELINE, budget=Money(1, "EUR"), **values)


def found_of(deal):
    return [
        (problem.code, problem.path)
        for one in find_violations(PIPELINE, [deal.record], at=deal.now)
        for problem in one.problems
    ]


def test_an_estimate_is_old_once_the_deal_has_moved_on():
    deal = estimated(probability=Decimal("0.4"), forecast_category="commit")
    assert found_of(deal) == []
    deal.after().move("b")

    assert found_of(deal) == [("estimate.old", "probability"), ("estimate.old", "forecast_category")]


def test_an_estimate_that_was_given_again_is_not_old():
    deal = estimated(probability=Decimal("0.4"))
    deal.after().move("b")
    deal.after().amend({"probability": Decimal("0.4")})
    assert found_of(deal) == [("estimate.old", "probability")]  # the same value is no amendment
    deal.amend({"probability": Decimal("0.5")})
    assert found_of(deal) == []
    deal.amend({"probability": None})
    assert found_of(deal) == []


def test_an_estimate_filled_in_with_the_move_is_not_old():
    deal = estimated().after()
    deal.move("b", amending={"probability": Decimal("0.4")})

    assert found_of(deal) == []


def test_what_a_closed_deal_was_thought_to_bring_is_no_finding():
    deal = estimated(probability=Decimal("0.4"))
    deal.after().move(outcome="lost", reason="price")

    assert found_of(deal) == []
