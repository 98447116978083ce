"""The tests of one's own pipeline: copy, and put your own pipeline in place of this one."""

from datetime import UTC, datetime

from hypothesis import given

from oppcore.money import Money
from oppcore.pipeline import load_pipeline
from oppcore.testing import assert_allowed, assert_refused, opportunities

PIPELINE = load_pipeline("""
key = "sales"
stages = [
    { key = "qualified", kind = "open", exit = [{ present = "budget" }] },
    { key = "quoted", kind = "open", roles = ["manager"] },
    { key = "won", kind = "won" },
]
""")
LATER = datetime(2030, 1, 1, tzinfo=UTC)


@given(opportunities(PIPELINE, stage="won"))
def test_a_won_deal_is_never_reopened(deal):
    assert_refused(PIPELINE, deal, "qualified", at=LATER, codes={"flow.forbidden"})


@given(opportunities(PIPELINE, stage="quoted"))
def test_a_deal_can_always_be_given_up(deal):
    if deal.progress.outcome == "open":
        assert_allowed(PIPELINE, deal, outcome="abandoned", at=LATER)
        assert_allowed(PIPELINE, deal, "won", at=LATER, amending={"budget": Money(1, "EUR")})
