"""`oppcore diff` and `oppcore migrate`: on files and on a real store."""

import json
from datetime import UTC, datetime

import pytest

from oppcore import Desk, SqliteRepository, load_pipeline

T0 = datetime(2026, 3, 2, tzinfo=UTC)
OLD = """
key = "shop"
stages = [{ key = "lead", kind = "open" }, { key = "demo", kind = "open" }, { key = "won", kind = "won" }]
"""
NEW = """
key = "shop"
revision = 2
stages = [
    { key = "lead", kind = "open", entry = [{ present = "budget" }] },
    { key = "demo", kind = "open", archived = true },
    { key = "won", kind = "won" },
]
"""
GONE = 'key = "shop"\nrevision = 2\nstages = [{ key = "lead", kind = "open" }, { key = "won", kind = "won" }]\n'


@pytest.fixture
def files(tmp_path):
    for name, text in {"old.toml": OLD, "new.toml": NEW, "gone.toml": GONE}.items():
        (tmp_path / name).write_text(text)
    with SqliteRepository(tmp_path / "shop.db") as repository:
        desk = Desk(repository)
        desk.publish(load_pipeline(OLD))
        for name in ("a", "b"):
            desk.open("shop", name, at=T0)
        desk.move("a", "demo", at=T0)
    return tmp_path


def stages(files):
    with SqliteRepository(files / "shop.db") as repository:
        desk = Desk(repository)
        return desk.pipeline("shop").revision, {deal.id: deal.progress.stage for deal in desk.find().items}


def test_differences_are_told_with_what_they_mean(oppcore, files):
    assert oppcore("diff", files / "old.toml", files / "old.toml").out == "no differences\n"
    assert oppcore("diff", files / "old.toml", files / "new.toml").out.splitlines() == [
        "harmless: demo is archived",
        "harmless: stages.lead.entry is another",
    ]
    assert oppcore(
        "diff", files / "old.toml", files / "new.toml", "--db", files / "shop.db", code=1
    ).out.splitlines() == [
        "needs_mapping: demo is archived; open deals there: 1 (a)",
        "harmless: stages.lead.entry is another",
    ]
    refused = oppcore("diff", files / "old.toml", files / "gone.toml", "--format", "json", code=1)
    assert [one["effect"] for one in json.loads(refused.out)["differences"]] == ["refused"]


def test_nothing_is_done_while_a_deal_has_no_place(oppcore, files):
    ran = oppcore("migrate", files / "new.toml", "--db", files / "shop.db", code=1)

    assert ran.out.splitlines()[:2] == ["a: no place yet", "  - demo is archived; say to which stage its open deals go"]
    assert stages(files) == (1, {"a": "demo", "b": "lead"})


def test_a_dry_run_says_what_would_be_done(oppcore, files):
    ran = oppcore("migrate", files / "new.toml", "--db", files / "shop.db", "--map", "demo=lead", "--dry-run")

    assert ran.out.splitlines() == [
        "a: demo to lead",
        "  - budget is missing",
        "b: stays in lead",
        "  - budget is missing",
        "revision 2 not published; deals to move: 1",
    ]
    assert stages(files) == (1, {"a": "demo", "b": "lead"})


def test_a_migration_publishes_and_moves_and_can_be_run_again(oppcore, files):
    wish = ("migrate", files / "new.toml", "--db", files / "shop.db", "--map", "demo=lead", "--format", "json")
    first, again = json.loads(oppcore(*wish).out), json.loads(oppcore(*wish).out)

    assert (first["done"], first["moved"], again["done"], again["moved"]) == (True, 1, True, 0)
    assert stages(files) == (2, {"a": "lead", "b": "lead"})


def test_a_stage_that_is_gone_is_refused(oppcore, files):
    ran = oppcore("migrate", files / "gone.toml", "--db", files / "shop.db", "--map", "demo=lead", code=1)

    assert ran.out.startswith("refused: demo is gone; archive it instead")
    assert stages(files)[0] == 1


@pytest.mark.parametrize("wrong", ["demo", "=lead", "demo="])
def test_a_mapping_names_two_stages(oppcore, files, wrong):
    ran = oppcore("migrate", files / "new.toml", "--db", files / "shop.db", "--map", wrong, code=2)

    assert "STAGE=STAGE" in ran.err


def test_what_cannot_be_read_is_said(oppcore, files):
    (files / "bad.toml").write_text('key = "x"')

    assert "stages is missing" in oppcore("diff", files / "old.toml", files / "bad.toml", code=2).err
    assert oppcore("diff", files / "old.toml", files / "none.toml", code=2).err
    assert oppcore("migrate", files / "new.toml", "--db", files / "none.db", code=2).err
