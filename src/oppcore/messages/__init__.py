"""The text of problems, by code: one module per language."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from oppcore.messages import en

__all__ = ["LANGUAGES", "plain", "render"]

LANGUAGES: Mapping[str, tuple[Mapping[str, str], Mapping[str, str]]] = {"en": (en.TEXTS, en.WORDS)}
"""Language → (code → sentence, word → what it is called)."""


def plain(value: Any) -> Any:
    """Turn a parameter into plain data: None, bool, int, text, or lists of them."""
    match value:
        case None | bool() | int() | str():
            return value if not isinstance(value, str) else str(value)
        case date():
            return value.isoformat()
        case tuple() | list() | set() | frozenset():
            items = [plain(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
            return sorted(items, key=str) if isinstance(value, (set, frozenset)) else items
        case _:
            return str(value)


def _shown(value: Any) -> str:
    value = plain(value)
    if value is None:
        return ""
    if isinstance(value, list):
        items: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
        return ", ".join(str(item) for item in items)
    return str(value)


_OPTIONAL = re.compile(r"\[\[(.*?)\]\]")
_PLACEHOLDER = re.compile(r"\{(\w+)")


def _without_gaps(sentence: str, values: Mapping[str, str]) -> str:
    """Drop the optional parts of a sentence whose parameters are not there."""
    return _OPTIONAL.sub(
        lambda part: part[1] if all(values.get(name) for name in _PLACEHOLDER.findall(part[1])) else "", sentence
    )


class _Parameters(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return f"<{name}>"


def render(code: str, path: str, params: Mapping[str, Any], parts: Sequence[str], language: str = "en") -> str:
    """Fill the sentence of a code in a language; a code without a sentence is shown with its parameters.

    Raises `LookupError` for a language that is not shipped.
    """
    texts, words = LANGUAGES[language]
    values = {name: _shown(value) for name, value in params.items()}
    if "comparison" in values:
        values["comparison"] = words.get(values["comparison"], values["comparison"])
    sentence = texts.get(code)
    if sentence is None:
        listed = "; ".join(f"{name}: {value}" for name, value in sorted(values.items()))
        text = f"{path + ': ' if path else ''}{code}{' (' + listed + ')' if listed else ''}"
    else:
        text = _without_gaps(sentence, values).format_map(_Parameters(values, path=path))
    if parts:
        text += " [" + words["or"].join(parts) + "]"
    return text
