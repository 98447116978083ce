"""What is said of rounds of approval and of transfers: who can act, who ended it and why."""

from datetime import UTC, datetime

from oppcore import Actor, evolve, load_pipeline, open_opportunity, replay, unmet
from oppcore.engine import request_approval, sign, unmet_signature, unmet_transfer

PIPELINE = load_pipeline("""
key = "sales"
flow.transfer.allowed = true
stages = [{key = "a", kind = "open"}, {key = "b", kind = "open", entry = [{approved = "discount"}]}]
[[approvals]]
key = "discount"
mode = "sequence"
steps = [{key = "head", roles = ["head"]}, {key = "board", roles = ["cfo"], signers = ["u-1"]}]
""")
OTHER = load_pipeline('key = "other"\nstages = [{key = "a", kind = "open"}]')
AT = datetime(2026, 3, 2, tzinfo=UTC)
ANN, HEAD, CFO = Actor("ann"), Actor("hal", {"head"}), Actor("cleo", {"cfo"})


def said(problems):
    return [str(problem) for problem in problems]


def asked():
    deal = replay(open_opportunity(PIPELINE, "d", at=AT))
    return evolve(deal, *request_approval(PIPELINE, deal, "discount", at=AT, actor=ANN))


def test_an_open_round_names_who_can_sign_now():
    deal = asked()

    assert said(unmet(PIPELINE, deal, "b", at=AT)) == ["discount waits to be approved by head"]
    deal = evolve(deal, *sign(PIPELINE, deal, "discount", "approve", at=AT, actor=HEAD))
    assert said(unmet(PIPELINE, deal, "b", at=AT)) == ["discount waits to be approved by cfo / u-1"]


def test_a_rejection_says_who_rejected_and_what_they_said_and_nothing_that_others_said():
    deal = asked()
    deal = evolve(deal, *sign(PIPELINE, deal, "discount", "approve", at=AT, actor=HEAD, comment="fine with me"))
    for comment, text in (("too low", ": too low"), (None, "")):
        ended = evolve(deal, *sign(PIPELINE, deal, "discount", "reject", at=AT, actor=CFO, comment=comment))
        assert said(unmet(PIPELINE, ended, "b", at=AT)) == [f"discount was rejected by cleo{text}"]


def test_a_refused_signature_says_what_it_was_to_be_and_who_could():
    deal = asked()

    for verdict, text in (
        ("return", "in the approval of discount, ben may not return for change; only head may now"),
        ("withdraw", "in the approval of discount, ben may not withdraw; only ann may now"),
    ):
        assert said(unmet_signature(PIPELINE, deal, "discount", verdict, at=AT, actor=Actor("ben"))) == [text]
    assert said(unmet_signature(PIPELINE, deal, "discount", "approve", at=AT, actor=CFO)) == [
        "it is not yet the turn of cleo to sign discount; first comes head"
    ]


def test_a_transfer_that_the_new_pipeline_forbids_comes_from_no_stage_of_it():
    deal = replay(open_opportunity(PIPELINE, "d", at=AT))
    [problem] = unmet_transfer(PIPELINE, deal, OTHER, at=AT)

    assert str(problem) == "the pipeline does not allow to transfer to a"
    assert problem.text("zh") == "流程不允许到“a”（转移）"
