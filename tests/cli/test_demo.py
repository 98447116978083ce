"""The demo: the main job on packaged data, and lines of Python that really do the same."""

import csv
import datetime
import os
import re
from importlib.resources import files

import pytest

from oppcore.desk import Desk
from oppcore.engine import replay
from oppcore.errors import MoveRefused
from oppcore.exchange import read_changes, read_table
from oppcore.forecast import weigh_forecast
from oppcore.funnel import measure_funnel
from oppcore.history import adopt_history
from oppcore.money import Money
from oppcore.pipeline import load_pipeline
from oppcore.records import Actor
from oppcore.repository import SqliteRepository

PACKAGED = files("oppcore.cli") / "demo_set"


def test_it_shows_the_main_job(oppcore, tmp_path):
    ran = oppcore("demo", "--dir", tmp_path)

    assert ran.err == ""
    assert "265 deals and 1,845 changes" in ran.out
    assert "decision_process is missing" in ran.out
    assert "budget is missing" in ran.out
    assert "expected_close_on is missing" in ran.out
    assert "moved from demo_completed to proposal_sent" in ran.out
    assert "are the deal in the file: yes" in ran.out
    assert "one for each change: yes" in ran.out
    assert "NO" not in ran.out.replace("NOTICE", "")


def test_the_file_holds_it(oppcore, tmp_path):
    oppcore("demo", "--dir", tmp_path / "new" / "folder")
    with SqliteRepository(tmp_path / "new" / "folder" / "oppcore-demo.db") as repository:
        desk = Desk(repository)
        [deal] = [deal for deal in desk.find(limit=1000).items if deal.qualification.budget is not None]
        assert replay(desk.history(deal.id)) == deal


def test_without_a_folder_a_new_one_is_made_and_named(shell, tmp_path):
    printed = shell("demo", env={**os.environ, "TMPDIR": str(tmp_path)}).out

    assert [str(path) for path in tmp_path.rglob("*.db")] == re.findall(r"changes are in (\S+)", printed)


def test_nothing_is_overwritten(oppcore, tmp_path):
    (tmp_path / "oppcore-demo.db").write_text("mine")

    assert "not overwritten" in oppcore("demo", "--dir", tmp_path, code=2).err
    assert (tmp_path / "oppcore-demo.db").read_text() == "mine"


def test_a_folder_that_cannot_be_made(oppcore, tmp_path):
    (tmp_path / "file").write_text("")

    assert "file" in oppcore("demo", "--dir", tmp_path / "file", code=2).err


def test_its_lines_of_python_do_the_same(oppcore, tmp_path, monkeypatch):
    printed = oppcore("demo", "--dir", tmp_path / "demo").out
    monkeypatch.chdir(tmp_path)
    (tmp_path / "changes.csv").write_bytes((PACKAGED / "changes.csv").read_bytes())
    repositories = []

    def open_repository(path):
        repositories.append(SqliteRepository(path))
        return repositories[-1]

    names = {
        "pipeline": load_pipeline((PACKAGED / "pipeline.toml").read_bytes()),
        "at": datetime.datetime(2024, 5, 1, tzinfo=datetime.UTC),
        "missing": {},
        "SqliteRepository": open_repository,
        **{thing.__name__: thing for thing in (Actor, Desk, Money, adopt_history, measure_funnel, read_changes)},
        **{thing.__name__: thing for thing in (datetime, read_table, replay, weigh_forecast)},
    }
    *lines, last = re.findall(r">>> (.*)", printed)
    for line in lines:
        if "desk.move" in line and "amending" not in line:
            with pytest.raises(MoveRefused):
                exec(line, names)  # noqa: S102 - our own lines
        else:
            exec(line, names)  # noqa: S102 - our own lines

    assert eval(last, names) is True  # noqa: S307
    for repository in repositories:
        repository.close()


def test_the_packaged_table_needs_no_flags_and_comes_with_its_licence():
    with (PACKAGED / "changes.csv").open() as file:
        rows = list(csv.DictReader(file))

    assert len({row["opportunity_id"] for row in rows}) == 265
    assert "MIT License" in (PACKAGED / "LICENSE.leadforge").read_text()
    assert "Changed:" in (PACKAGED / "NOTICE").read_text()
