"""Pipelines to start from: documents in this package, each with labels, guidance and reasons in English and Chinese."""

from __future__ import annotations

from oppcore.pipeline.document import load_pipeline
from oppcore.pipeline.pipeline import Pipeline
from oppcore.spelling import suggest

__all__ = ["template", "template_keys", "template_text"]


def template_keys() -> tuple[str, ...]:
    """Give the keys of all templates."""
    from importlib.resources import files  # slow to import, seldom needed

    names = [file.name for file in files(__name__).iterdir()]
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def template_text(key: str) -> str:
    """Give a template as the TOML document it is, with its comments: to be saved and changed.

    Raises `LookupError` for a template there is not.
    """
    from importlib.resources import files

    known = template_keys()
    if key not in known:
        near = suggest(key, known)
        hint = f"; perhaps {near!r}" if near else ""
        message = f"there is no template {key[:80]!r}{hint}; there are: {', '.join(known)}"
        raise LookupError(message)
    return (files(__name__) / f"{key}.toml").read_text(encoding="utf-8")


def template(key: str) -> Pipeline:
    """Give a template as a pipeline of the same key. Its numbers are examples: put your own in their place.

    Raises `LookupError` for a template there is not.

    >>> pipeline = template("customer_view")
    >>> [stage.label("zh") for stage in pipeline.stages]
    ['潜在客户', '意向客户', '谈判', '成交']
    """
    return load_pipeline(template_text(key))
