"""`oppcore prove`: every claim with its answer, in words and as JSON."""

import json
import re

import pytest

from oppcore.cli.proofs import find_obstacle
from oppcore.criteria import Undecided
from tests.docs.pages import read_page
from tests.docs.test_command_line import keys

DOCUMENT = """
key = "shop"
stages = [
    { key = "lead", kind = "open", labels = { zh = "线索" } },
    { key = "offer", kind = "open", labels = { zh = "报价" } },
    { key = "won", kind = "won", labels = { zh = "赢单" } WON },
]
[[claims]]
key = "paid"
labels = { zh = "赢单均有金额" }
outcome = "won"
holds = [{ present = "amount" }]
"""
LOCKED = """
key = "shop"
flow.lose.allowed = false
flow.abandon.allowed = false
stages = [
    { key = "offer", kind = "open" },
    { key = "final", kind = "open", stay = [{ approved = "price" }] },
    { key = "won", kind = "won", entry = [{ compare = "amount", ge = { amount = 100, currency = "EUR" } }] },
]
approvals = [{ key = "price", covers = ["amount"], steps = [{ key = "m", roles = ["manager"] }] }]
claims = [{ key = "no trap", closes = true }]
"""


@pytest.fixture
def file(tmp_path):
    def write(won="", more=""):
        path = tmp_path / "p.toml"
        path.write_text(DOCUMENT.replace("WON", won) + more, encoding="utf-8")
        return path

    return write


ASKED = ', entry = [{ present = "amount" }]'


def test_what_is_proved_is_said_with_its_assumptions(oppcore, file):
    assert oppcore("prove", file(ASKED)).out.splitlines()[:2] == [
        "paid: proved, as long as",
        "  - all moves are decided under revision 1 of shop",
    ]


def test_what_is_refuted_is_told_as_a_story(oppcore, file):
    assert oppcore("prove", file(), code=1).out.splitlines() == [
        "paid: refuted; this can happen:",
        "  1. 2026-01-05 09:00: ann opens a deal in lead",
        "  2. 2026-01-05 09:00: ann moves it from lead to offer",
        "  3. 2026-01-05 09:00: ann moves it from offer to won (won)",
    ]


def test_it_speaks_chinese(oppcore, file):
    said = oppcore("prove", file(), "--language", "zh", code=1).out

    assert said.startswith("赢单均有金额：不成立")
    assert "将商机从“线索”推进到“报价”" in said


@pytest.mark.parametrize("language", ["en", "zh"])
def test_it_is_given_as_json_with_keys_that_the_page_names(oppcore, file, language):
    refuted = json.loads(oppcore("prove", file(), "--format", "json", "--language", language, code=1).out)
    proved = json.loads(oppcore("prove", file(ASKED), "--format", "json", "--language", language).out)

    assert [one["answer"] for one in (*refuted["claims"], *proved["claims"])] == ["refuted", "proved"]
    assert [line["code"] for line in refuted["claims"][0]["story"]] == ["story.opened", "story.moved", "story.moved"]
    top = set(refuted) | set(refuted["claims"][0])
    assert top <= set(re.findall(r'"(\w+)"', read_page("reference/command-line.md")))
    assert keys(refuted) >= top


def test_what_is_undecided_is_no_success_unless_allowed(oppcore, tmp_path):
    file = tmp_path / "p.toml"
    file.write_text(LOCKED)
    undecided = json.loads(oppcore("prove", file, "--format", "json", code=1).out)["claims"][0]

    assert undecided["answer"] == "undecided"
    assert undecided["undecided"]["code"] == "undecided.locks"
    assert oppcore("prove", file, code=1).out.startswith("no trap: undecided [values that a stage locks")
    assert oppcore("prove", file, "--allow-undecided").out.startswith("no trap: undecided")


@pytest.mark.parametrize(
    ("what", "code"), [("budget", "undecided.budget"), ("clocks", "undecided.clocks"), ("Mine", "undecided.other")]
)
def test_what_stands_in_the_way_is_said_by_code(what, code):
    assert find_obstacle(Undecided(what, 5)).code == code


def test_where_nothing_is_claimed_nothing_is_proved(oppcore, pipeline, tmp_path):
    path = tmp_path / "p.toml"
    path.write_text('key = "p"\nstages = [{ key = "a", kind = "open" }]\n')
    ran = oppcore("prove", path)

    assert ran.out == ""
    assert "claims nothing" in ran.err


def test_what_cannot_be_read_is_no_answer(oppcore, tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text("stages = 1")

    assert "bad.toml" in oppcore("prove", path, code=2).err
    assert "No such file" in oppcore("prove", tmp_path / "none.toml", code=2).err
