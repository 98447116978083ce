"""What differs on a terminal: a bold title, and a sign of life once something has taken a second."""

import sys
import time

import pytest

from oppcore.cli.printing import busy, print_table
from oppcore.errors import Problem
from oppcore.table import Table

TABLE = Table(columns=["stage", "deals"], rows=[["[red]new", 1_000]], title="Title", left_out=[Problem("x", "row 7")])


@pytest.fixture
def terminal(capsys, monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")

    def show(action):
        # Only now: what is captured while a fixture is made is another stream.
        for stream in (sys.stdout, sys.stderr):
            monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
        action()
        return capsys.readouterr()

    return show


def work(seconds):
    with busy("reading") as count:
        for _ in range(10_000):
            count({})
        time.sleep(seconds)


def test_a_terminal_gets_style_but_the_same_text(terminal):
    printed = terminal(lambda: print_table(TABLE)).out

    assert "\x1b[1mTitle" in printed
    assert "[red]new  1,000" in printed
    assert "row 7" in printed


def test_no_color_is_respected(terminal, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")

    assert "\x1b[3" not in terminal(lambda: print_table(TABLE)).out


def test_short_work_shows_nothing(terminal):
    assert terminal(lambda: work(0)).err == ""


def test_long_work_shows_that_it_goes_on(terminal):
    assert "reading: 10,000 rows" in terminal(lambda: work(1.3)).err


def test_a_pipe_gets_no_sign_of_life(capsys):
    work(1.2)

    assert capsys.readouterr().err == ""
