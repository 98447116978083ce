"""The win percentage that Odoo's predictive lead scoring gives, in one file that needs nothing else of oppcore.

It is naive Bayes over counted values. Every closed lead adds one to the won or to the lost count of each of its values;
a won lead to every stage, a lost one to the stages up to the one where it was lost. A row starts with 0.1 on both
counts. A lead is scored with the rows of its team, and with those of all teams added up where its team has none (so
that the 0.1 of several teams add up, too). Leads are mappings:

- `team`: any key; empty (None, False, 0 or a blank text) is no team;
- `stage`: a key of `stages`;
- `outcome`: `won`, `lost` or `open`; nothing said is open. A lead in a won stage is won;
- `tags`: any number of ids or names;
- the variables, under their own names, one value each. Values are compared as texts. Empty ones are not counted, but
  an empty `email_state` or `phone_state` counts as the value `False`.

`stages` lists (key, is_won) in order; (key, is_won, teams) where some belong to certain teams only. Odoo's own names
are understood, too: `team_id`, `stage_id`, `tag_ids` and `tag_id`.

Source: the published behaviour of Odoo 18, checked against the numbers of its tests. `oppcore.forecast.fit_bayes` is
the scoring that is calibrated and forgets; this one is for whoever comes from Odoo, or wants to compare.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from math import floor, isfinite
from typing import Any, NamedTuple, final

import attrs

__all__ = ["Explanation", "FrequencyTable", "SignalScore", "explain", "fit_frequencies", "score"]

Key = tuple[Any, str, str]
Counts = tuple[float, float]
Stages = Sequence[tuple[Any, ...]]
Rows = tuple[Mapping[str, Mapping[str, Counts]], Mapping[str, Counts]]

_START = 0.1
_FEWEST = 50
"""Leads, won and lost, below which a tag says nothing."""
_LEAST, _MOST = 0.01, 99.99
_SHOWN = 3
_STATES = ("email_state", "phone_state")
_SPELLINGS = {
    "team": ("team", "team_id"),
    "stage": ("stage", "stage_id"),
    "tags": ("tags", "tag_ids", "tag_id", "tag"),
}
_NAMES = {spelling: name for name, spellings in _SPELLINGS.items() for spelling in spellings}
_OUTCOMES = ("won", "lost", "open")


@final
class FrequencyTable(Mapping[Key, Counts]):
    """How often each value was won and lost: (team, variable, value) → (won, lost), both with the 0.1 they began with.

    It is live: `record`, `forget` and `merge_team` change it in place, as Odoo does between two rebuilds, and give it
    back, so that calls can be chained. Values are texts; the rows of leads without a team are those of None; the
    variables `stage` and `tags` are also found as `stage_id` and `tag_id`.
    """

    def __init__(
        self,
        counts: Mapping[Key, Counts],
        stages: Stages | None = None,
        variables: Iterable[str] | None = None,
        *,
        tags: bool = True,
    ) -> None:
        """See `from_counts`."""
        self._counts: dict[Key, Counts] = {}
        for key, found in counts.items():
            place, pair = _read_key(key), _read_counts(key, found)
            if place in self._counts:
                message = f"{place!r} is there twice, spelled differently: keep one"
                raise ValueError(message)
            self._counts[place] = pair
        self._stages = None if stages is None else _read_stages(stages)
        if variables is None:
            variables = dict.fromkeys(variable for _, variable, _ in self._counts)
        self._variables = _read_variables(variables)
        self._tags = tags
        self._rows: dict[Any, Rows] = {}

    @classmethod
    def from_counts(
        cls,
        counts: Mapping[Key, Counts],
        *,
        stages: Stages | None = None,
        variables: Iterable[str] | None = None,
    ) -> FrequencyTable:
        """Give the table with these counts, as they are: nothing is added to them.

        To `record` further leads it must know the `stages`, and the `variables` where they are not those of the rows.
        Raises `ValueError` for keys that are not (team, variable, value), and counts that are not finite or below 0.

        >>> table = FrequencyTable.from_counts({("north", "stage", "new"): (1.1, 2.1)})
        >>> score(table, {"team": "north", "stage": "new"}, stages=[("new", False), ("won", True)])
        34.38
        """
        return cls(counts, stages, variables)

    def __getitem__(self, key: Key) -> Counts:
        return self._counts[_read_key(key)]

    def __iter__(self) -> Iterator[Key]:
        return iter(self._counts)

    def __len__(self) -> int:
        return len(self._counts)

    def __repr__(self) -> str:
        return f"<FrequencyTable: {len(self)} rows of {len({team for team, _, _ in self})} teams>"

    def record(self, lead: Mapping[str, Any], *, stages: Stages | None = None) -> FrequencyTable:
        """Count a lead that was won or lost; an open one changes nothing.

        `stages` are those the table was made with unless given. Raises `ValueError` where there are none, and as
        `fit_frequencies` does; nothing is counted then.
        """
        return self._count(lead, 1, stages)

    def forget(self, lead: Mapping[str, Any], *, stages: Stages | None = None) -> FrequencyTable:
        """Take back a lead that was won or lost and is open again; say it as it was recorded.

        A count that would be 0 or less becomes 0.1. A row that is not there has nothing to give back and stays away.
        """
        return self._count(lead, -1, stages)

    def merge_team(self, team: Hashable) -> FrequencyTable:
        """Move the rows of a team that is no more to the leads without a team.

        Rows with no more than 0.1 on both counts vanish. Where both have a row, the counts are rounded to whole leads
        and added.
        """
        self._rows.clear()
        for key in [key for key in self._counts if key[0] == team and team]:
            won, lost = self._counts.pop(key)
            if won <= _START and lost <= _START:
                continue
            kept = (None, *key[1:])
            if kept in self._counts:
                present = self._counts[kept]
                won, lost = _whole(present[0]) + _whole(won), _whole(present[1]) + _whole(lost)
            self._counts[kept] = max(won, _START), max(lost, _START)
        return self

    def as_records(self) -> list[dict[str, Any]]:
        """Give one dict per row: team, variable, value, won, lost."""
        return [
            {"team": team, "variable": variable, "value": value, "won": won, "lost": lost}
            for (team, variable, value), (won, lost) in self._counts.items()
        ]

    def rows_for(self, team: Hashable) -> Rows:
        """Give the rows a lead of the team is scored with, and their sums: by variable and value, and by variable.

        Those of all teams, added up, where the team has none. Tags that fewer than 50 closed leads have are left away.
        """
        if team not in self._rows:
            everybody = not team or all(team != owner for owner, _, _ in self._counts)
            rows: dict[str, dict[str, Counts]] = {}
            totals: dict[str, Counts] = {}
            for (owner, variable, value), counts in self._counts.items():
                if not (everybody or owner == team) or (variable == "tags" and sum(counts) < _FEWEST):
                    continue
                found = rows.setdefault(variable, {})
                found[value] = _add(found.get(value, (0.0, 0.0)), counts)
                totals[variable] = _add(totals.get(variable, (0.0, 0.0)), counts)
            self._rows[team] = rows, totals
        return self._rows[team]

    def _count(self, lead: Mapping[str, Any], step: int, stages: Stages | None) -> FrequencyTable:
        order = self._stages if stages is None else _read_stages(stages)
        if order is None:
            message = "the order of the stages is not known: say it with `stages`, here or when the table is made"
            raise ValueError(message)
        outcome = _outcome(lead, order)
        if outcome == "open":
            return self
        team = _read(lead, "team") or None
        counted = tuple(_counted(lead, outcome, order, self._variables, tags=self._tags))
        self._rows.clear()
        for variable, value in counted:
            key = (team, variable, value)
            if key in self._counts:
                won, lost = self._counts[key]
            elif step > 0:
                won = lost = _START
            else:
                continue
            won, lost = (won + step, lost) if outcome == "won" else (won, lost + step)
            self._counts[key] = won if won > 0 else _START, lost if lost > 0 else _START
        return self


@final
@attrs.frozen
class SignalScore:
    """How one value speaks: above 0.5 for winning, below against it."""

    variable: str
    value: str
    score: float


@final
@attrs.frozen(kw_only=True)
class Explanation:
    """The percentage of a lead and what each of its values says, the worst first.

    `top` and `low` are what Odoo shows: at most three each, the strongest first, none that says 0.50, and none that
    speaks nonsense (for winning though the phone is missing, or against it though it is correct).
    """

    percentage: float
    scores: tuple[SignalScore, ...]

    @property
    def top(self) -> tuple[SignalScore, ...]:
        """The values that speak most for winning."""
        return tuple(one for one in self._shown()[::-1][:_SHOWN] if round(one.score, 2) > 0.5)

    @property
    def low(self) -> tuple[SignalScore, ...]:
        """The values that speak most against winning."""
        return tuple(one for one in self._shown()[:_SHOWN] if round(one.score, 2) < 0.5)

    def detail(self) -> dict[str, Any]:
        """Give it as plain data, ready for JSON."""
        return {"percentage": self.percentage, "scores": [attrs.asdict(one) for one in self.scores]}

    def _shown(self) -> list[SignalScore]:
        return [one for one in self.scores if not _is_nonsense(one)]


def fit_frequencies(
    leads: Iterable[Mapping[str, Any]], *, stages: Stages, variables: Iterable[str], tags: bool = True
) -> FrequencyTable:
    """Give the frequency table of the closed leads, as Odoo's rebuild makes it; open ones are not counted.

    The stage is always counted, and the tags are unless `tags` is false; neither need be among the `variables`.
    Raises `ValueError` for an unknown stage or outcome, a lost lead in a won stage, and a variable with several values.

    >>> stages = [("new", False), ("offer", False), ("won", True)]
    >>> leads = [
    ...     {"team": "north", "stage": "offer", "outcome": "lost", "country": "BE"},
    ...     {"team": "north", "stage": "won", "outcome": "won", "country": "CH"},
    ... ]
    >>> table = fit_frequencies(leads, stages=stages, variables=["country"])
    >>> table["north", "stage", "offer"], table["north", "country", "BE"]
    ((1.1, 1.1), (0.1, 1.1))
    >>> score(table, {"team": "north", "stage": "new", "country": "CH"}, stages=stages)
    91.67
    """
    table = FrequencyTable({}, stages, variables, tags=tags)
    for lead in leads:
        table.record(lead)
    return table


def score(table: FrequencyTable, lead: Mapping[str, Any], *, stages: Stages) -> float:
    """Give the win percentage of a lead: 0.01 to 99.99 with two decimals, 100 for a won lead, 0 for a lost one.

    0 as well where it cannot be known: the lead is in no stage, or the table has no won and lost leads for the first
    stage that all teams share. Raises `ValueError` as `fit_frequencies` does.
    """
    return explain(table, lead, stages=stages).percentage


def explain(table: FrequencyTable, lead: Mapping[str, Any], *, stages: Stages) -> Explanation:
    """Give the win percentage of a lead with what each of its values says.

    A value says (w / W) / (w / W + l / L): its share among the won leads against that among the lost ones. The stage
    says the share of the lost leads that did not come so far. A closed lead, and one that cannot be scored, has none.
    """
    order = _read_stages(stages)
    outcome = _outcome(lead, order)
    stage = _stage(lead, order)
    first = next((one.key for one in order if one.shared), None)
    if outcome != "open":
        return Explanation(percentage=100.0 if outcome == "won" else 0.0, scores=())
    rows, totals = table.rows_for(_read(lead, "team") or None)
    won, lost = rows.get("stage", {}).get(first or "", (0.0, 0.0))
    if stage is None or not won or not lost:
        return Explanation(percentage=0.0, scores=())
    for_won, for_lost = won / (won + lost), lost / (won + lost)
    scores: list[SignalScore] = []
    for variable, value in (("stage", stage), *_values(lead, rows)):
        found = rows.get(variable, {})
        if value not in found:
            continue
        all_won, all_lost = (won, lost) if variable == "stage" else totals[variable]
        if not all_won or not all_lost:
            continue
        share_won, share_lost = found[value][0] / all_won, found[value][1] / all_lost
        for_won, for_lost = for_won * share_won, for_lost * share_lost
        if not for_won + for_lost:
            return Explanation(percentage=0.0, scores=())
        for_won, for_lost = for_won / (for_won + for_lost), for_lost / (for_won + for_lost)
        says = 1 - share_lost if variable == "stage" else share_won / (share_won + share_lost)
        scores.append(SignalScore(variable, value, says))
    percentage = min(max(round(100 * for_won, 2), _LEAST), _MOST)
    return Explanation(percentage=percentage, scores=tuple(sorted(scores, key=_by_score)))


class _Stage(NamedTuple):
    key: str
    is_won: bool
    shared: bool


def _read_stages(stages: Stages) -> tuple[_Stage, ...]:
    order: list[_Stage] = []
    for stage in stages:
        parts = _many(stage)
        if parts is None or len(parts) not in (2, 3) or not isinstance(parts[1], bool):
            message = f"a stage is (key, is_won) or (key, is_won, teams), not {stage!r}"
            raise ValueError(message)
        order.append(_Stage(str(parts[0]), parts[1], shared=len(parts) == 2 or not parts[2]))
    keys = [stage.key for stage in order]
    if twice := [key for key in keys if keys.count(key) > 1]:
        message = f"stage {twice[0]!r} is there twice"
        raise ValueError(message)
    return tuple(order)


def _read_variables(variables: Iterable[str]) -> tuple[str, ...]:
    if isinstance(variables, str):
        message = f"variables is a list of names, not the text {variables!r}"
        raise ValueError(message)
    names = tuple(dict.fromkeys(name for name in variables if name not in _NAMES))
    if "outcome" in names:
        message = "the outcome is what is predicted and cannot be a variable"
        raise ValueError(message)
    return names


def _read_key(key: Any) -> Key:
    row = _many(key)
    if row is None or len(row) != 3:
        message = f"a row is found by (team, variable, value), not {key!r}"
        raise ValueError(message)
    team, variable, value = row
    empty = value is None or value is False or value == ""
    return team or None, _NAMES.get(variable, str(variable)), "False" if empty else str(value)


def _read_counts(key: Any, counts: Any) -> Counts:
    try:
        won, lost = map(float, counts)
    except (TypeError, ValueError):
        won = lost = -1
    if not (isfinite(won) and isfinite(lost) and won >= 0 and lost >= 0):
        message = f"the counts of {key!r} are (won, lost), finite and at least 0, not {counts!r}"
        raise ValueError(message) from None
    return won, lost


def _read(lead: Mapping[str, Any], name: str) -> Any:
    found = [spelling for spelling in _SPELLINGS[name] if spelling in lead]
    if len(found) > 1:
        message = f"a lead says {found[0]!r} and {found[1]!r}: keep one"
        raise ValueError(message)
    return lead[found[0]] if found else None


def _stage(lead: Mapping[str, Any], order: Sequence[_Stage]) -> str | None:
    stage = _read(lead, "stage")
    if str(stage) in (one.key for one in order):
        return str(stage)
    if stage:
        message = f"there is no stage {stage!r}; there are: {', '.join(one.key for one in order)}"
        raise ValueError(message)
    return None


def _outcome(lead: Mapping[str, Any], order: Sequence[_Stage]) -> str:
    outcome = lead.get("outcome") or "open"
    if outcome not in _OUTCOMES:
        message = f"an outcome is won, lost or open, not {outcome!r}"
        raise ValueError(message)
    stage = _stage(lead, order)
    if any(one.is_won for one in order if one.key == stage):
        if outcome == "lost":
            message = f"a lead in the won stage {stage!r} cannot be lost"
            raise ValueError(message)
        return "won"
    return str(outcome)


def _counted(
    lead: Mapping[str, Any], outcome: str, order: Sequence[_Stage], variables: Sequence[str], *, tags: bool
) -> Iterator[tuple[str, str]]:
    """Give the rows that a closed lead is counted in."""
    stage = _stage(lead, order)
    if outcome == "won":
        yield from (("stage", one.key) for one in order)
    elif stage is not None:
        reached = [one.key for one in order].index(stage)
        yield from (("stage", one.key) for one in order[: reached + 1])
    yield from _values(lead, variables if not tags else (*variables, "tags"))


def _values(lead: Mapping[str, Any], variables: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Give the values of a lead, each with its variable; the stage is not among them."""
    for variable in variables:
        if variable == "tags":
            yield from (("tags", tag) for tag in _tags(lead))
        elif variable != "stage":
            value = lead.get(variable)
            if isinstance(value, dict) or _many(value) is not None:
                message = f"{variable!r} holds one value, not {value!r}; only tags are many"
                raise ValueError(message)
            if value:
                yield variable, str(value)
            elif variable in _STATES:
                yield variable, "False"


def _tags(lead: Mapping[str, Any]) -> tuple[str, ...]:
    tags = _read(lead, "tags")
    if not tags:
        return ()
    many = _many(tags)
    if many is None:
        message = f"tags are a list of ids or names, not {tags!r}"
        raise ValueError(message)
    return tuple(dict.fromkeys(str(tag) for tag in many if tag))


def _many(value: Any) -> tuple[Any, ...] | None:
    """Give the things in a collection; None for a text, a mapping and a single thing."""
    if isinstance(value, (str, bytes, dict)):
        return None
    try:
        return tuple(value)
    except TypeError:
        return None


def _add(one: Counts, other: Counts) -> Counts:
    return one[0] + other[0], one[1] + other[1]


def _whole(count: float) -> int:
    return floor(count + 0.5)


def _by_score(one: SignalScore) -> tuple[float, str, str]:
    return one.score, one.variable, one.value


def _is_nonsense(one: SignalScore) -> bool:
    if one.variable not in _STATES:
        return False
    if one.value in ("False", "incorrect"):
        return round(one.score, 2) > 0.5
    return one.value == "correct" and round(one.score, 2) < 0.5
