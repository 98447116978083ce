"""The pages under docs/, as text."""

from tests.packaging.sources import TREE


def read_page(name: str) -> str:
    """Give the text of a page."""
    return (TREE / "docs" / name).read_text(encoding="utf-8")
