"""What comes of a claim: proved, refuted by a story that really happens, or undecided."""

from __future__ import annotations

from typing import TypeAlias, final

import attrs

from oppcore.criteria import Undecided
from oppcore.engine import Amended, Change, Converted, Corrected, Moved, Opened, Origination, Requested, Signed
from oppcore.errors import Problem
from oppcore.messages import Names

__all__ = ["Answer", "Proved", "Refuted", "Story"]


@final
@attrs.frozen
class Story:
    """What happens to one record, from its opening on: changes that the engine has made, and nothing else."""

    changes: tuple[Change, ...]

    @property
    def moves(self) -> int:
        """How many times the record moves, its opening not counted."""
        return sum(isinstance(change, (Moved, Converted)) for change in self.changes)

    @property
    def lines(self) -> tuple[Problem, ...]:
        """What each change is, said by code: what `tell` puts in words."""
        return tuple(_with_waiver(change, _line(change)) for change in self.changes)

    def tell(self, language: str = "en", *, names: Names | None = None) -> str:
        """Tell it, a line for each change. Raises `LookupError` for a language that there is not."""
        lines = (line.text(language, names=names) for line in self.lines)
        return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))

    def __str__(self) -> str:
        return self.tell()


def _with_waiver(change: Change, line: Problem) -> Problem:
    waiver = change.stamp.waiver
    if waiver is None:
        return line
    rules = ", ".join(dict.fromkeys(one.rule for one in waiver.waived))
    return attrs.evolve(line, parts=(Problem("story.waived", "", {"rules": rules}),))


def _line(change: Change) -> Problem:
    at, actor = change.stamp.at, change.stamp.actor_id
    params = {"at": f"{at:%Y-%m-%d %H:%M}", "actor": actor}
    origin = change.stamp.origin
    match change:
        case Opened(record=record):
            code = "story.adopted" if origin is Origination.ADOPTED else "story.opened"
            return Problem(code, "", params | {"target": record.progress.state})
        case Moved(source=source, target=target) | Converted(source=source, target=target):
            code = "story.migrated" if origin is Origination.MIGRATED else "story.moved"
            return Problem(code, "", params | {"source": source, "target": target})
        case Corrected(corrects=version, happened_at=None):
            return Problem("story.voided", "", params | {"version": version})
        case Amended(edits=edits):
            said = ", ".join(f"{edit.field} = {_shown(edit.new)}" for edit in edits)
            return Problem("story.amended", "", params | {"edits": said})
        case Requested(round=round_):
            return Problem("story.requested", "", params | {"subject": round_.subject})
        case Signed(subject=subject, signature=signature):
            return Problem("story.signed", "", params | {"subject": subject, "verdict": signature.verdict})
        case _:
            return Problem("story.other", "", params | {"what": type(change).__name__.lower()})


def _shown(value: object) -> str:
    return "-" if value is None or value == () else str(value)


@final
@attrs.frozen
class Proved:
    """The claim holds of every deal, as long as the assumptions do."""

    assumptions: tuple[Problem, ...]


@final
@attrs.frozen
class Refuted:
    """The claim does not hold: this is a story in which it fails, shorter ways having been tried first."""

    story: Story


Answer: TypeAlias = Proved | Refuted | Undecided
"""What can come of a claim; `Undecided` says what stands in the way: the budget, a criterion of the host's, a lock."""
