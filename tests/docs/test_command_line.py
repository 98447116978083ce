"""The page on the command names every command, option and exit code there is, and no other."""

import json
import re
import subprocess
import sys

import click
import pytest

from oppcore.cli import command
from oppcore.cli.command import oppcore
from tests.docs.pages import read_page

PAGE = read_page("reference/command-line.md")


def options() -> set[str]:
    """Every spelling of every option of the command and its subcommands."""
    commands = [oppcore, *oppcore.commands.values()]
    found = {"-h", "--help"}
    for one in commands:
        for parameter in one.params:
            if isinstance(parameter, click.Option):
                found.update(parameter.opts + parameter.secondary_opts)
    return found


def test_every_option_is_on_the_page_and_no_other():
    assert set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", PAGE)) == options()


def test_every_command_is_on_the_page_and_no_other():
    assert set(re.findall(r"^\| `oppcore ([a-z]+)", PAGE, re.MULTILINE)) == set(oppcore.commands)


def test_the_page_names_the_choices_and_defaults_of_each_option():
    rows = dict(re.findall(r"^\| `(--[a-z-]+) \[(.*?)\]`", PAGE, re.MULTILINE))
    choices = {
        (option.opts[0], tuple(option.type.choices))
        for one in oppcore.commands.values()
        for option in one.params
        if isinstance(option.type, click.Choice)
    }
    formats = {tuple(text.split(r"\|")) for text in re.findall(r"^\| `--format \[(.*?)\]`", PAGE, re.MULTILINE)}

    assert {chosen for name, chosen in choices if name == "--format"} == formats
    for name, chosen in choices:
        assert name == "--format" or tuple(rows[name].split(r"\|")) == chosen


def test_every_exit_code_is_on_the_page_and_no_other():
    codes = {value for name, value in vars(command).items() if name in command.__all__ and isinstance(value, int)}

    assert {int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)} == codes


CHANGES = "opportunity_id,stage,at,amount,currency\na,lead,2026-01-05T09:00Z,10,EUR\na,won,2026-01-06T09:00Z,,\n"


def keys(value: object) -> set[str]:
    """All keys of the objects in a JSON value."""
    if isinstance(value, dict):
        return set(value).union(*map(keys, value.values()))
    return set().union(*map(keys, value)) if isinstance(value, list) else set()


@pytest.mark.parametrize(
    "measure",
    [
        ["funnel", "--by", "currency"],
        ["snapshot"],
        ["forecast"],
        ["forecast", "--method", "category"],
        ["forecast", "--explain"],
    ],
    ids=" ".join,
)
def test_every_key_of_the_json_is_on_the_page(measure):
    arguments = [
        measure[0],
        "-",
        *measure[1:],
        "--won",
        "won",
        "--lost",
        "none",
        "--timezone",
        "UTC",
        "--format",
        "json",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "oppcore.cli", *arguments], input=CHANGES, capture_output=True, encoding="utf-8"
    )

    assert keys(json.loads(done.stdout)) - {"EUR"} <= set(re.findall(r'"(\w+)"', PAGE))
