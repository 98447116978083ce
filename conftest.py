"""The code blocks of README.md and docs/ are tests.

- `python` blocks run in order and share one namespace per page; a block that starts with `>>>` is a doctest.
- `console` blocks hold `$ oppcore …` lines, each followed by what it prints; `...` stands for any text. A command
  without output below it has to succeed, whatever it prints.
- A block of any other language below `<!-- file: NAME -->` is written to that file, for the blocks that follow.

Each page runs in an empty folder of its own.
"""

import contextlib
import doctest
import os
import re
import subprocess
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sybil import Document, Example, Region, Sybil
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser
from sybil.parsers.markdown.lexers import FencedCodeBlockLexer

TOLERANT = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
FILE_MARK = re.compile(r"<!-- file: (?P<name>[\w.-]+) -->\n\Z")
COMMAND = re.compile(r"^\$ (?P<command>(?:.*\\\n)*.*)\n?(?P<output>(?:(?!\$ ).*\n?)*)", re.MULTILINE)


def run_commands(example: Example) -> str | None:
    """Run each command as a reader would; tell the first difference."""
    for match in COMMAND.finditer(example.parsed):
        command, expected = match["command"], match["output"]
        if command.split()[0] != "oppcore":
            return f"Only oppcore commands are run; show this one in a bash block: {command}"
        done = subprocess.run(
            command,
            shell=True,
            env={
                **os.environ,
                "PATH": sysconfig.get_path("scripts") + os.pathsep + os.environ["PATH"],
                "COLUMNS": "100",
                "NO_COLOR": "1",
                "PYTHONUTF8": "1",
                "PYTHONWARNINGS": "error",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        if not expected.strip():
            if done.returncode:
                return f"$ {command}\nexited with {done.returncode}:\n{done.stdout}"
            continue
        printed = "\n".join(line.rstrip() for line in done.stdout.strip().splitlines()) + "\n"
        checker, wanted = doctest.OutputChecker(), doctest.Example(command, expected.strip() + "\n")
        if not checker.check_output(wanted.want, printed, doctest.ELLIPSIS):
            return f"$ {command}\n{checker.output_difference(wanted, printed, TOLERANT)}"
    return None


def find_files(document: Document) -> Iterator[Region]:
    """Find the blocks that are files."""
    for region in FencedCodeBlockLexer(r"(?!python|console).+")(document):
        if mark := FILE_MARK.search(document.text, 0, region.start):
            yield Region(region.start, region.end, (mark["name"], region.lexemes["source"]), write_file)


def write_file(example: Example) -> None:
    """Put the block where the page says it is."""
    name, text = example.parsed
    Path(name).write_text(text, encoding="utf-8")


def enter_page(namespace: dict[str, Any]) -> None:
    """Go to a new folder."""
    leave = namespace["_leave"] = contextlib.ExitStack()
    leave.enter_context(contextlib.chdir(leave.enter_context(tempfile.TemporaryDirectory())))


def leave_page(namespace: dict[str, Any]) -> None:
    """Go back and remove the folder."""
    namespace["_leave"].close()


pytest_collect_file = Sybil(
    parsers=[
        PythonCodeBlockParser(doctest_optionflags=TOLERANT),
        CodeBlockParser("console", run_commands),
        find_files,
    ],
    patterns=["README.md", "docs/**/*.md", "docs/*.md"],
    setup=enter_page,
    teardown=leave_page,
).pytest()
