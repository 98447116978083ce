"""Values of which criteria say what is wanted, one field (or one set of clocks) at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, final

from oppcore.criteria.domains import ANY_MOMENT, durations, plain_values, text_values, texts_are_decided
from oppcore.criteria.goals import Literals
from oppcore.criteria.leaves import Compare, Elapsed, Present, Since, Text
from oppcore.criteria.situation import Situation
from oppcore.records import Field, FieldType, Item, Record
from oppcore.records.fields import find_field_problem

__all__ = ["Values"]


@final
class Values:
    """Values for the fields of a record or an item; `make` builds one, its clocks all at `ANY_MOMENT`.

    `doubts` takes the names of fields for which not every text could be tried.
    """

    def __init__(
        self,
        fields: Mapping[str, Field],
        make: Callable[[Mapping[str, Any]], Record | Item],
        leaves: Iterable[Any],
        doubts: list[str],
    ) -> None:
        self._fields, self._make, self._leaves, self._doubts = fields, make, tuple(leaves), doubts
        self._durations = durations(leaf for leaf in self._leaves if isinstance(leaf, Elapsed))
        self._plain: dict[str, list[tuple[Any, Situation]]] = {}
        self._answers: dict[tuple[str, int], tuple[Any, list[bool | None]]] = {}  # by identity: 1 equals True

    def about(self, name: str) -> list[Present | Compare | Text]:
        """Give the criteria on a field."""
        return [leaf for leaf in self._leaves if isinstance(leaf, (Present, Compare, Text)) and leaf.field == name]

    def seen(self, values: Mapping[str, Any]) -> Situation:
        """Give a situation with these values in place."""
        return Situation(record=self._make(values), at=ANY_MOMENT)

    def _try(self, name: str, value: Any) -> Situation | None:
        """Give a situation with one value in place; None where no record or item holds it."""
        if find_field_problem(self._fields[name], value) is not None:
            return None
        try:
            return self.seen({name: value})
        except (TypeError, ValueError):
            return None

    def _plain_values(self, name: str) -> list[tuple[Any, Situation]]:
        if name not in self._plain:
            about = self.about(name)
            tried = [(value, self._try(name, value)) for value in plain_values(self._fields[name], about)]
            if name == "split":  # the shares must add up to 1: small ones leave room for others
                tried.sort(key=lambda pair: -1 if pair[0] is None else pair[0])
            self._plain[name] = [(value, seen) for value, seen in tried if seen is not None]
        return self._plain[name]

    def pick(self, name: str, literals: Literals, *, copy: int = 0) -> tuple[Any] | None:
        """Give a value (in a tuple) of which the criteria say what is wanted; None where there is none."""
        field = self._fields[name]
        if field.type in (FieldType.TEXT, FieldType.CHOICE) and not field.choices:
            return self._pick_text(name, literals, copy)
        values = self._plain_values(name)
        left = list(range(len(values)))
        for leaf, want in literals:
            if (name, id(leaf)) not in self._answers:
                self._answers[name, id(leaf)] = leaf, [leaf.judge(seen) for _, seen in values]
            _, answers = self._answers[name, id(leaf)]
            left = [place for place in left if answers[place] in want]
        return next(((values[place][0],) for place in left), None)

    def _pick_text(self, name: str, literals: Literals, copy: int) -> tuple[Any] | None:
        about = self.about(name)
        positive = [leaf for leaf, want in literals if isinstance(leaf, Text) and False not in want]
        values: Iterable[str | None] = (*text_values(about, positive, copy), None)
        refused = False
        for value in values:
            seen = self._try(name, value)
            if seen is None:
                refused = refused or bool(value and value.strip())
            elif all(leaf.judge(seen) in want for leaf, want in literals):
                return (value,)
        if refused or not texts_are_decided(literals):
            self._doubts.append(name)
        return None

    def passed(self, literals: Literals) -> dict[Since, timedelta] | None:
        """Give what each clock that is asked for shows; the opening is never later than the stage was entered."""
        fitting: dict[Since, list[timedelta]] = {}
        for since in Since:
            asked = [(leaf, want) for leaf, want in literals if leaf.since is since]
            possible = (
                self._durations
                if since is Since.LAST_ACTIVITY
                else [one for one in self._durations if one >= timedelta()]
            )
            fitting[since] = [one for one in possible if all(self._shows(leaf, one) in want for leaf, want in asked)]
        fitting[Since.LAST_ACTIVITY].sort(key=lambda one: (one < timedelta(), one))
        if not fitting[Since.ENTERED] or not fitting[Since.LAST_ACTIVITY]:
            return None
        fitting[Since.OPENED] = [one for one in fitting[Since.OPENED] if one >= fitting[Since.ENTERED][0]]
        if not fitting[Since.OPENED]:
            return None
        return {since: fitting[since][0] for since in {leaf.since: None for leaf, _ in literals}}

    def _shows(self, leaf: Elapsed, passed: timedelta) -> bool | None:
        record: Any = self.seen({"last_activity_at": ANY_MOMENT}).record
        return leaf.judge(Situation(record=record, at=ANY_MOMENT + passed))
