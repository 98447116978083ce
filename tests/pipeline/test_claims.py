"""Claims as data: what says nothing, too much, or names what there is not."""

import pytest

from oppcore.criteria import Present
from oppcore.errors import InvalidPipeline
from oppcore.pipeline import Claim, load_pipeline


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"outcome": "won"}, "exactly one of holds, passed and closes"),
        ({"outcome": "won", "holds": [Present("name")], "passed": "a"}, "exactly one of holds, passed and closes"),
        ({"outcome": "won", "stage": "a", "passed": "b"}, "not both"),
        ({"holds": [Present("name")]}, "about a stage or an outcome"),
        ({"passed": "a"}, "about a stage or an outcome"),
        ({"stage": "a", "closes": True}, "about an outcome or any"),
    ],
)
def test_a_claim_says_one_thing_about_one_place(said, why):
    with pytest.raises(ValueError, match=why):
        Claim(key="c", **said)


def test_what_a_claim_is_about():
    assert Claim(key="c", outcome="won", passed="a").place == "won"
    assert Claim(key="c", stage="b", passed="a").place == "b"
    assert Claim(key="c", closes=True).place == ""


def test_stages_and_fields_that_there_are_not_are_told_with_what_was_perhaps_meant():
    with pytest.raises(InvalidPipeline) as caught:
        load_pipeline("""
key = "p"
stages = [{ key = "offer", kind = "open" }, { key = "won", kind = "won" }]
[[claims]]
key = "a"
stage = "ofer"
passed = "wno"
[[claims]]
key = "b"
outcome = "won"
holds = [{ approved = "quote" }]
[[claims]]
key = "b"
closes = true
""")

    assert [(problem.path, problem.code, problem.params.get("suggestion")) for problem in caught.value.problems] == [
        ("claims[2].key", "key.twice", None),
        ("claims[0].stage", "key.unknown", "offer"),
        ("claims[0].passed", "key.unknown", "won"),
        ("claims[1].holds[0]", "key.unknown", ""),
    ]
