"""A criterion in words: what a gate asks for, as a sentence of a language."""

from __future__ import annotations

from typing import Any, final

import attrs

from oppcore.criteria.approved import Approved
from oppcore.criteria.combinators import AllOf, AnyOf, Criterion, Exists, Not, SomeOf
from oppcore.criteria.leaves import Answered, Compare, Elapsed, Present, Role, Text
from oppcore.messages import Names, load_language, render

__all__ = ["say_criterion"]


def say_criterion(criterion: Criterion, *, language: str = "en", names: Names | None = None) -> str:
    """Give what a criterion asks for, in one line; `names` say what the pipeline calls its fields, items and approvals.

    Raises `LookupError` for a language there is not.

    >>> from oppcore.criteria import AnyOf, Exists, Present
    >>> say_criterion(AnyOf([Present("budget"), Exists("quotes")]))
    'one of: [budget is filled in | or: at least 1 of quotes]'
    >>> say_criterion(Present("budget"), language="zh")
    '已填写“预算”'
    """
    return _Voice(language, {} if names is None else names).say(criterion)


@final
@attrs.frozen
class _Voice:
    language: str
    names: Names

    def say(self, criterion: Criterion) -> str:
        match criterion:
            case Present(field):
                return self._render("say.present", field)
            case Compare(field, comparison, value):
                return self._render(f"say.{comparison}", field, need=value)
            case Text(field, how, value):
                return self._render(f"say.{how}", field, need=value)
            case Elapsed(since):
                at_least, at_most = criterion.at_least_days, criterion.at_most_days
                return self._render("say.elapsed", since, at_least=at_least, at_most=at_most)
            case Answered(items):
                return self._render("say.answered", need=items)
            case Approved(subject):
                return self._render("say.approved", subject=subject)
            case Role(roles):
                return self._render("say.role", need=roles)
            case Exists(collection, where, at_least):
                code = "say.exists" if where is None else "say.exists_where"
                return self._collection(code, collection, where, need=at_least)
            case Not(Exists(collection, where, 1)):
                code = "say.none" if where is None else "say.none_where"
                return self._collection(code, collection, where)
            case AllOf(parts):
                return self._render("say.all", parts=parts)
            case AnyOf(parts):
                return self._render("say.any", parts=parts)
            case SomeOf(number, parts):
                return self._render("say.some", parts=parts, number=number)
            case Not(part):
                return self._render("say.not", parts=(part,))
            case _:
                return self._render("say.own", name=type(criterion).__name__)

    def _collection(self, code: str, collection: str, where: Criterion | None, **params: Any) -> str:
        items = {**self.names, "field": load_language(self.language)[1]["item_field"]}
        said = [] if where is None else [_Voice(self.language, items).say(where)]
        return render(code, collection, params, said, language=self.language, names=self.names)

    def _render(self, code: str, path: str = "", *, parts: tuple[Criterion, ...] = (), **params: Any) -> str:
        said = [self.say(part) for part in parts]
        return render(code, path, params, said, language=self.language, names=self.names)
