"""Claims held against real histories: which deals got there another way."""

from datetime import UTC, datetime, timedelta

import attrs
import pytest
from hypothesis import given

from oppcore.criteria import Present, Role
from oppcore.engine import Corrected, Override, adopt, amend, correct, move, open_opportunity, replay
from oppcore.money import Money
from oppcore.pipeline import Claim, load_pipeline
from oppcore.proof import Proved, find_breaches, prove
from oppcore.records import Actor
from tests.laws.lives import lives, record_of

START, DAY = datetime(2026, 3, 2, 9, tzinfo=UTC), timedelta(days=1)
SHOP = load_pipeline("""
key = "shop"
currency = "EUR"
stages = [
    { key = "need", kind = "open" },
    { key = "offer", kind = "open", entry = [{ present = "budget" }] },
    { key = "won", kind = "won" },
]
permissions.correct.roles = ["auditor"]
overrides = [{ roles = ["director"] }]
""")
ANN, DAN, EVA = Actor("ann"), Actor("dan", {"director"}), Actor("eva", {"auditor"})
PAID = Claim(key="paid", stage="offer", holds=[Present("budget")])
OFFERED = Claim(key="offered", outcome="won", passed="offer")


def life(id="d-1", *, budget=100):
    """A deal that went through all stages, a day each."""
    changes = [*open_opportunity(SHOP, id, at=START, actor=ANN)]
    changes += amend(SHOP, replay(changes), {"budget": Money(budget, "EUR")}, at=START, actor=ANN)
    changes += move(SHOP, replay(changes), "offer", at=START + DAY, actor=ANN)
    changes += move(SHOP, replay(changes), "won", at=START + 2 * DAY, actor=ANN)
    return changes


def breaches(claim, *histories):
    return [
        (one.record_id, [problem.code for problem in one.problems]) for one in find_breaches(SHOP, claim, histories)
    ]


def test_deals_that_went_by_the_rules_break_no_claim():
    assert breaches(PAID, life(), life("d-2")) == breaches(OFFERED, life()) == []


def test_an_adopted_deal_got_there_another_way():
    image = replay(life())
    elsewhere = adopt(SHOP, attrs.evolve(image, id="old"), at=START + 9 * DAY)

    assert breaches(OFFERED, life(), elsewhere) == [("old", ["claim.bypassed"])]


def test_an_override_got_it_there_and_the_breach_says_so():
    changes = [*open_opportunity(SHOP, "d-1", at=START, actor=ANN)]
    override = Override("urgent", ["stages.offer.entry[0]"])
    changes += move(SHOP, replay(changes), "offer", at=START + DAY, actor=DAN, override=override)

    (breach,) = find_breaches(SHOP, PAID, [changes])

    assert breach.change.stamp.waiver.reason == "urgent"
    assert [str(problem) for problem in breach.problems] == ["budget is missing"]


def test_what_a_deal_lost_later_is_no_breach():
    changes = life()
    changes += amend(SHOP, replay(changes), {"budget": None}, at=START + 3 * DAY, actor=ANN)

    assert breaches(PAID, changes) == []


def test_an_arrival_that_never_happened_is_passed_over_and_no_longer_counted_on():
    changes = life()
    changes += correct(SHOP, replay(changes), changes, 3, happened_at=None, at=START + 4 * DAY, actor=EVA)

    assert breaches(PAID, changes) == []
    assert breaches(OFFERED, changes) == [("d-1", ["claim.bypassed"])]


def test_who_moved_it_may_have_had_the_role():
    claim = Claim(key="by a boss", stage="offer", holds=[Role(["boss"])])

    assert breaches(claim, life()) == []


def test_arrivals_in_another_pipeline_are_not_judged():
    other = attrs.evolve(SHOP, key="other")

    assert list(find_breaches(other, OFFERED, [adopt(SHOP, replay(life()), at=START + 9 * DAY)])) == []


def test_no_history_shows_that_deals_can_close():
    with pytest.raises(ValueError, match="no history shows it: prove it"):
        list(find_breaches(SHOP, Claim(key="closes", closes=True), [life()]))


@given(lives())
def test_what_is_proved_is_broken_only_by_what_was_assumed_not_to_happen(life):
    pipeline, changes = life
    stage = record_of(changes).progress.stage
    claims = [
        Claim(key="holds", stage=stage, holds=pipeline.stage(stage).entry[:1] or [Present("amount")]),
        Claim(key="passed", stage=stage, passed=pipeline.entries[0]),
    ]
    for claim in claims:
        if isinstance(prove(pipeline, claim, budget=2_000), Proved):
            assert not list(find_breaches(pipeline, claim, [changes])) or any(map(is_bent, changes))


def is_bent(change):
    """Say whether this is something that a proof assumes never to happen."""
    return change.stamp.waiver is not None or change.stamp.origin != "live" or isinstance(change, Corrected)
