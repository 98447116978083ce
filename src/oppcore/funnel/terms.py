"""What a measure was asked: over which time, of which deals, by which policy, and what the words mean."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime, tzinfo
from typing import Any, final

import attrs

from oppcore.history import COLUMNS, History, Standing
from oppcore.periods import Period, as_of_text, to_zone
from oppcore.spelling import suggest

__all__ = ["Scope", "Terms", "check_column", "day_of", "need_zone", "read_scope"]

Scope = Mapping[str, Collection[str | None]]
"""The values wanted in each column; None stands for nothing said."""


@final
@attrs.frozen(kw_only=True)
class Terms:
    """What was asked of a measure; counts made on the same terms may be combined.

    `definition` says in words what is counted. `as_of` is where the looking ends, `since` where it starts, for measures
    of what went on in between. `periods` are days in `timezone`. `scope` holds the values wanted in each column: a deal
    that has others is not looked at. `by` is the column grouped by; `headings` are those that are shown also where no
    deal is under them, for measures that may be asked for some.
    """

    measure: str
    definition: str
    policy: str | None = None
    since: datetime | None = None
    as_of: datetime | None = None
    known_on: datetime | None = None
    periods: tuple[Period, ...] = ()
    timezone: str | None = None
    scope: Mapping[str, frozenset[str | None]] = attrs.field(factory=dict[str, frozenset[str | None]], hash=False)
    by: str | None = None
    headings: tuple[str, ...] = ()

    def covers(self, standing: Standing) -> bool:
        """Whether a deal has the values that the scope wants."""
        return all(standing.column(column) in wanted for column, wanted in self.scope.items())

    def check_same(self, other: Terms) -> None:
        """Raise `ValueError` where the other terms are not the same."""
        for name in attrs.fields_dict(Terms):
            if getattr(self, name) != getattr(other, name):
                message = f"these counts differ in {name}: {getattr(self, name)} and {getattr(other, name)}"
                raise ValueError(message)

    def text(self) -> str:
        """Say of which time a measure speaks, for its title."""
        text = as_of_text(self.as_of, self.known_on)
        return text if self.since is None else f"since {self.since.isoformat()}, {text}"

    def notes(self) -> tuple[str, ...]:
        """Say what is counted, by which policy and of which deals, below a table."""
        notes = [self.definition]
        if self.policy is not None:
            notes.append(f"policy: {self.policy}")
        notes += [f"only {column}: {', '.join(_words(wanted))}" for column, wanted in self.scope.items()]
        return tuple(notes)

    def detail(self) -> dict[str, Any]:
        """Give the terms as plain data, ready for JSON."""
        instants = {"since": self.since, "as_of": self.as_of, "known_on": self.known_on}
        return {
            "measure": self.measure,
            "definition": self.definition,
            "policy": self.policy,
            **{name: None if instant is None else instant.isoformat() for name, instant in instants.items()},
            "periods": [{"start": one.start.isoformat(), "end": one.end.isoformat()} for one in self.periods],
            "timezone": self.timezone,
            "scope": {column: sorted(wanted, key=_none_last) for column, wanted in self.scope.items()},
            "column": self.by,
        }


def _none_last(value: str | None) -> tuple[bool, str]:
    return value is None, value or ""


def _words(wanted: Collection[str | None]) -> list[str]:
    return ["nothing said" if value is None else value for value in sorted(wanted, key=_none_last)]


def read_scope(scope: Scope | None, history: History) -> dict[str, frozenset[str | None]]:
    """Give a scope as it is kept. Raises `ValueError` for unknown columns, `TypeError` for a text instead of a list."""
    found: dict[str, frozenset[str | None]] = {}
    for column, wanted in (scope or {}).items():
        check_column(column, history)
        if isinstance(wanted, str):
            message = f"a list of values is wanted for {column}, not the text {wanted!r}"
            raise TypeError(message)
        found[column] = frozenset(wanted)
    return found


def check_column(name: str, history: History) -> None:
    """Raise `ValueError` where the history has no such column."""
    if name in COLUMNS or name in (further := history.columns):
        return
    known = [*COLUMNS, *further]
    nearest = suggest(name, known)
    hint = f"did you mean {nearest!r}? " if nearest else ""
    message = f"there is no column {name!r}; {hint}there are: {', '.join(known)}"
    raise ValueError(message)


def need_zone(timezone: str | tzinfo | None, why: str) -> tzinfo:
    """Give the time zone. Raises `ValueError` where none is named, saying why one is needed."""
    if timezone is None:
        message = f"{why} depends on the time zone: name it, such as timezone='Europe/Berlin'"
        raise ValueError(message)
    return to_zone(timezone)


def day_of(instant: datetime, zone: tzinfo) -> date:
    """Give the day of an instant in a zone."""
    return instant.astimezone(zone).date()
