"""What should always hold in one's own process, looked for by the machine: copy, and put your own process in place."""

from hypothesis import given, settings

from oppcore.pipeline import load_pipeline
from oppcore.testing import assert_allowed, assert_refused, pipeline_machine, satisfying, violating

PIPELINE = load_pipeline("""
key = "sales"
currency = "EUR"
reasons = [{ key = "price", outcome = "lost" }]

[[stages]]
key = "need"
kind = "open"
exit = [{ compare = "amount", ge = 1000 }]

[[stages]]
key = "offer"
kind = "open"

[[stages]]
key = "won"
kind = "won"
entry = [{ approved = "quote" }]

[[approvals]]
key = "quote"
covers = ["amount"]
steps = [{ key = "sales", roles = ["manager"] }]

[[claims]]
key = "won deals are approved"
outcome = "won"
holds = [{ approved = "quote" }]
""")
QUICK = settings(max_examples=30)


def every_loss_has_a_reason(deal, changes):
    return deal.progress.outcome != "lost" or deal.progress.reason is not None


def no_approval_no_victory(deal, changes):
    assert deal.progress.outcome != "won" or deal.progress.approvals, "nobody was ever asked"


TestSales = pipeline_machine(
    PIPELINE, invariants=[every_loss_has_a_reason, no_approval_no_victory, *PIPELINE.claims], settings=QUICK
)
TestSalesWithoutApprovals = pipeline_machine(
    PIPELINE,
    invariants=[lambda deal, changes: not deal.progress.approvals],
    without=["approve", "move"],
    settings=QUICK,
)
EXIT = PIPELINE.stage("need").exit


@QUICK
@given(satisfying(EXIT, pipeline=PIPELINE))
def test_whoever_meets_the_gate_may_pass(situation):
    if str(situation.record.progress.state) == "need":
        assert_allowed(PIPELINE, situation.record, "offer", at=situation.at)


@QUICK
@given(violating(EXIT, pipeline=PIPELINE))
def test_whoever_does_not_is_refused(situation):
    if str(situation.record.progress.state) == "need":
        amount = situation.record.amount
        code = "field.missing" if amount is None else "field.currency" if amount.currency != "EUR" else "field.ge"
        assert_refused(PIPELINE, situation.record, "offer", at=situation.at, codes={code})
