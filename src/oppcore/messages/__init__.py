"""The text of problems and errors, by code: one module per language, found by its name.

What fills a sentence is said in its language, too, where it is a word of ours (an outcome, a direction, the name of a
field) or a key for which the host has a name. Everything else stays exactly as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from functools import cache
from importlib import import_module
from typing import Any, Protocol, TypeAlias, runtime_checkable

__all__ = ["Names", "Spoken", "find_languages", "load_language", "plain", "render"]

Names: TypeAlias = Mapping[str, Mapping[str, str]]
"""What things are called, by what they are: `{"stage": {"offer": "Offer"}, "field": {"score": "Score"}}`.

The kinds of the host's own keys are `stage`, `field`, `reason`, `item` (of a checklist), `action`, `approval`, `step`
(of an approval), `transition`, `pipeline`, `role` and `actor`.
"""

Call: TypeAlias = Callable[[str, str], str]
"""Gives what something is called, by kind and key; the key itself where it has no name."""


@runtime_checkable
class Spoken(Protocol):
    """A value made of several words, which says itself, given what each is called."""

    def say(self, call: Call, /) -> str:
        """Give the text."""
        ...


_KINDS: Mapping[tuple[str, str], str] = {
    # Wherever a parameter has this name.
    ("", "stage"): "stage",
    ("", "pipeline"): "pipeline",
    ("", "action"): "action",
    ("", "subject"): "approval",
    ("", "step"): "step",
    ("", "act"): "act",
    ("", "outcome"): "Outcome",
    ("", "direction"): "Direction",
    ("", "comparison"): "Comparison",
    # In all codes of a group.
    ("answers", "need"): "item",
    ("approval", "by"): "actor",
    ("approval", "fields"): "field",
    ("approval", "have"): "actor",
    ("approval", "need"): "actor",
    ("change", "path"): "time",
    ("criterion", "have"): "",
    ("criterion", "known"): "",
    ("elapsed", "path"): "Since",
    ("estimate", "path"): "field",
    ("field", "path"): "field",
    ("image", "have"): "time",
    ("image", "path"): "time",
    ("items", "path"): "field",
    ("items", "where"): "word",
    ("override", "have"): "actor",
    ("override", "need"): "role",
    ("diagram", "roles"): "role",
    ("role", "have"): "actor",
    ("role", "need"): "role",
    ("say", "path"): "field",
    ("story", "actor"): "actor",
    # In one code.
    ("action.unknown", "need"): "action",
    ("approval.bound", "bound"): "",
    ("approval.unknown", "have"): "",
    ("correction.kind", "kind"): "Change",
    ("diagram.forbidden", "need"): "Direction",
    ("diagram.reasons", "need"): "reason",
    ("deal.elsewhere", "have"): "pipeline",
    ("deal.elsewhere", "need"): "pipeline",
    ("document.choice", "need"): "",
    ("document.type", "have"): "word",
    ("document.type", "need"): "word",
    ("field.derived", "need"): "field",
    ("field.kind", "have"): "",
    ("infer.ask", "missing"): "StageKind",
    ("key.unknown", "what"): "word",
    ("not_found", "kind"): "RecordKind",
    ("override.unknown", "have"): "",
    ("pipeline.other", "have"): "pipeline",
    ("pipeline.other", "need"): "pipeline",
    ("reason.missing", "need"): "reason",
    ("reason.unexpected", "have"): "reason",
    ("reason.unknown", "need"): "reason",
    ("say.answered", "need"): "item",
    ("say.elapsed", "path"): "Since",
    ("say.role", "need"): "role",
    ("stage.ambiguous", "known"): "stage",
    ("stage.category", "have"): "",
    ("stage.category", "need"): "",
    ("stage.no_entry", "have"): "stage",
    ("stage.no_entry", "need"): "stage",
    ("table.other_file", "what"): "word",
    ("transfer.fields", "need"): "field",
    ("transfer.itself", "have"): "pipeline",
    ("transfer.stage", "have"): "stage",
    ("transition.idle", "source"): "stage",
    ("transition.idle", "target"): "stage",
    ("version.conflict", "kind"): "RecordKind",
}
"""Which parameters hold keys or words of ours, by code (or its group, or any) and parameter.

The empty kind: a word to be written in a document or call, which stays as it has to be written. A choice of ours
(`Outcome.WON`) tells its kind itself; any other text is the host's and stays as it is.
"""


def find_languages() -> tuple[str, ...]:
    """Give the languages there are: the names of the modules in this package."""
    from pkgutil import iter_modules  # slow to import, needed once

    return tuple(sorted(module.name for module in iter_modules(__path__)))


@cache
def load_language(language: str) -> tuple[Mapping[str, str], Names]:
    """Give a language's sentences by code, and its words by kind. Raises `LookupError` for one there is not."""
    known = find_languages()
    if language not in known:
        message = f"there are no messages in the language {language!r}; there are: {', '.join(known)}"
        raise LookupError(message)
    module = import_module(f"{__name__}.{language}")
    return module.TEXTS, module.WORDS


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


def _kind(code: str, name: str) -> str | None:
    """Give what a parameter holds the key of; None where nothing is known of it."""
    places = (code, code.partition(".")[0], "")
    return next((_KINDS[place, name] for place in places if (place, name) in _KINDS), None)


def _say(value: Any, kind: str | None, call: Call) -> str:
    match value:
        case None:
            return call(kind or "", "")
        case bool():
            return call("flag", str(value))
        case StrEnum() if kind is None and type(value).__module__.startswith("oppcore."):
            return call(type(value).__name__, str(value))
        case str():
            return call(kind or "", str(value))
        case tuple() | list():
            items: list[Any] = list(value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
            return call("mark", ", ").join(_say(item, kind, call) for item in items)
        case set() | frozenset():
            return _say(sorted(value, key=str), kind, call)  # pyright: ignore[reportUnknownArgumentType]
        case Spoken():
            return value.say(call)
        case _:
            return str(plain(value))


_ALL_PARTS = frozenset({"criteria.all", "say.all", "approval.step_unknown", "stay.broken"})
"""Where all parts must be solved, and not one (or some) of them."""
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


def render(
    code: str,
    path: str,
    params: Mapping[str, Any],
    parts: Sequence[str] = (),
    *,
    language: str = "en",
    names: Names | None = None,
) -> str:
    """Fill the sentence of a code in a language, in one line; a code without a sentence is shown with its parameters.

    `parts` are sentences already, of which mostly one is to be chosen. `names` come before the words of the language.
    Raises `LookupError` for a language that there is not.
    """
    texts, words = load_language(language)
    known: Names = {} if names is None else names

    def call(kind: str, key: str) -> str:
        return known.get(kind, {}).get(key) or words.get(kind, {}).get(key, key)

    values = {name: _say(value, _kind(code, name), call) for name, value in params.items()}
    place = _say(path, _kind(code, "path"), call)
    sentence = texts.get(code)
    if sentence is None:
        listed = "; ".join(f"{name}: {value}" for name, value in sorted(values.items()))
        text = f"{place + ': ' if place else ''}{code}{' (' + listed + ')' if listed else ''}"
    else:
        filled = _Parameters(values, path=place)
        text = _without_gaps(sentence, filled).format_map(filled)
    if parts:
        between = call("mark", "and" if code in _ALL_PARTS else "or")
        text += call("mark", "[") + between.join(parts) + call("mark", "]")
    return " ".join(text.splitlines())
