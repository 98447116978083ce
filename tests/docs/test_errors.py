"""The page on errors holds every class and every code, as they are."""

import re
from collections.abc import Iterator

from oppcore import errors
from oppcore.messages.en import TEXTS
from tests.docs.pages import read_page

PAGE = read_page("reference/errors.md")


def listed_classes() -> Iterator[tuple[str, str, int]]:
    """The rows of the table of classes."""
    for name, code, status in re.findall(r"^\| `([A-Z]\w+)` \| `([\w.]+)` \| (\d+) \|", PAGE, re.MULTILINE):
        yield name, code, int(status)


def test_every_error_class_is_on_the_page_as_it_is():
    found = [getattr(errors, name) for name in errors.__all__]
    classes = [one for one in found if issubclass(one, errors.OppcoreError)]

    assert set(listed_classes()) == {(one.__name__, one.code, one.http_status) for one in classes}


def test_every_code_is_on_the_page_with_its_sentence_and_no_other():
    listed = dict(re.findall(r"^\| `([a-z_]+(?:\.[a-z_]+)?)` \| (.*) \|$", PAGE, re.MULTILINE))
    wanted = dict(TEXTS)

    assert sorted(listed.keys() - wanted.keys()) == []
    # What is missing or outdated, ready to be pasted into the page.
    assert [f"| `{code}` | {text} |" for code, text in wanted.items() if listed.get(code) != text] == []
