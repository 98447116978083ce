"""The pages are tests: every code block is run, and one that does not hold is reported."""

import re
import shutil
import subprocess
import sys

import pytest

from tests.packaging.sources import TREE

PAGES = sorted([TREE / "README.md", *TREE.glob("docs/**/*.md")])
FENCED = re.compile(r"(?P<above>[^\n]*)\n^[ ]*```(?P<language>\w*)\n.*?^[ ]*```$", re.MULTILINE | re.DOTALL)
# What conftest.py runs, and what there is nothing to run about: set-up commands (.ci/run calls those of the README),
# quoted output, drawings.
RUN, SHOWN = {"python", "console"}, {"bash", "text", "mermaid"}


def unchecked_blocks(text: str) -> list[str]:
    """The languages of the blocks that nothing would check."""
    return [
        block["language"]
        for block in FENCED.finditer("\n" + text)
        if block["language"] not in RUN | SHOWN and not block["above"].startswith("<!-- file: ")
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_code_block_goes_unchecked(page):
    assert unchecked_blocks(page.read_text(encoding="utf-8")) == []


def test_an_unchecked_block_would_be_found():
    page = "```toml\na = 1\n```\n\n<!-- file: a.toml -->\n```toml\na = 1\n```\n\n```python\nx\n```\n\n```\n?\n```\n"

    assert unchecked_blocks(page) == ["toml", ""]


GOOD = """
<!-- file: greeting.txt -->
```text
hello
```

```python
greeting = open("greeting.txt").read()
```

```python
>>> greeting
'hello\\n'
```

```console
$ oppcore --help
Usage: oppcore ...
$ oppcore --help
```
"""

BAD = """
```python
assert 1 > 2
```

```python
>>> 1 + 1
3
```

```console
$ oppcore --help
Something else
```

```console
$ oppcore no-such-command
```

```console
$ python --version
```
"""


@pytest.mark.parametrize(("page", "outcome"), [(GOOD, "4 passed"), (BAD, "5 failed")])
def test_code_blocks_are_run(tmp_path, page, outcome):
    shutil.copy(TREE / "conftest.py", tmp_path)
    (tmp_path / "README.md").write_text(page)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path, tmp_path]
    done = subprocess.run(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True)

    assert re.sub(r" in [\d.]+s", "", done.stdout.splitlines()[-1]) == outcome
