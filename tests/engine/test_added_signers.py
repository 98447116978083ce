"""Adding a signer to a round of approval."""

import pytest

from oppcore.engine import evolve, open_opportunity, request_approval, sign, unmet_signature
from oppcore.pipeline import load_pipeline
from oppcore.records import Actor
from tests.engine.examples import T0

PIPELINE = load_pipeline(
    """
key = "p"
stages = [{key = "offer", kind = "open"}]
[[approvals]]
key = "quote"
mode = "sequence"
steps = [{key = "sales", roles = ["manager"]}, {key = "legal", signers = ["zoe"]}]
"""
)
MIA = Actor("mia", {"manager"})


def signed(deal, actor, verdict="approve", **more):
    """The deal after somebody has spoken in its round."""
    return evolve(deal, *sign(PIPELINE, deal, "quote", verdict, at=T0, actor=actor, **more))


def requested():
    """A deal whose quote waits for the first of two signatures."""
    deal = evolve(None, *open_opportunity(PIPELINE, "d-1", at=T0))
    return evolve(deal, *request_approval(PIPELINE, deal, "quote", at=T0, actor=Actor("ann")))


def test_who_signs_later_in_a_sequence_is_not_added():
    # Zoe signs only once: with a second step for her alone the round could never be granted.
    problems = unmet_signature(PIPELINE, requested(), "quote", "add_signer", signer="zoe", at=T0, actor=MIA)

    assert [problem.code for problem in problems] == ["approval.twice"]


@pytest.mark.parametrize("before", [False, True])
def test_nobody_is_added_twice(before):
    deal = signed(requested(), MIA, "add_signer", signer="yan")

    problems = unmet_signature(PIPELINE, deal, "quote", "add_signer", signer="yan", before=before, at=T0, actor=MIA)

    assert [problem.code for problem in problems] == ["approval.twice"]


def test_a_sequence_goes_on_behind_who_was_added():
    deal = signed(requested(), MIA, "add_signer", signer="yan")
    for actor in (MIA, Actor("yan"), Actor("zoe")):
        assert str(deal.progress.approvals[-1].status) == "open"
        deal = signed(deal, actor)

    assert str(deal.progress.approvals[-1].status) == "granted"
