"""What the clients of a simulation want, and what they were told."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from random import Random
from typing import Any, final

import attrs

from oppcore.desk import Limit, amending, moving, opening, publishing, removing
from oppcore.desk.requests import Steps
from oppcore.desk.shell import Shell
from oppcore.pipeline import Pipeline, load_pipeline
from oppcore.records import Opportunity
from oppcore.testing.deals import START

__all__ = ["DEALS", "LIMIT", "SHELL", "Order", "draw_order", "revision_of"]

DEALS = ("d-1", "d-2", "d-3")
LIMIT = Limit(pipeline="new-business", stages=["offered"], most=1, per=None)
SHELL = Shell("main", Opportunity, retries=3, limits=(LIMIT,))
_PIPELINE = load_pipeline("""
key = "new-business"
stages = [
    { key = "qualified", kind = "open" },
    { key = "offered", kind = "open", may_be_skipped = true },
    { key = "negotiating", kind = "open" },
    { key = "won", kind = "won" },
]
permissions = { merge = {} }
""")
_WISHES = (*["move"] * 3, *["offer"] * 3, *["amend"] * 3, "open", "merge", "publish")


@cache
def revision_of(number: int) -> Pipeline:
    """Give a revision of the pipeline in which all deals are."""
    return attrs.evolve(_PIPELINE, revision=number)


@final
@attrs.frozen
class Order:
    """One thing a client wants: it may be delivered many times, and has one `mark`, which its changes carry."""

    mark: str
    wish: str
    deal: str
    other: str
    at: datetime
    has_id: bool
    expected: int | None

    @property
    def is_marked(self) -> bool:
        """Whether what it does can be found again by its mark."""
        return self.wish != "publish"

    def begin(self) -> Steps[Any]:
        """Begin to carry it out, once more: the steps that the desk takes."""
        command_id = self.mark if self.has_id else None
        named = {"name": self.mark}
        match self.wish:
            case "open":
                return opening.open(SHELL, "new-business", self.mark, named, at=self.at, command_id=command_id)
            case "amend":
                return amending.amend(
                    SHELL, self.deal, named, at=self.at, expected_version=self.expected, command_id=command_id
                )
            case "merge":
                return removing.merge(SHELL, self.deal, self.other, named, at=self.at, command_id=command_id)
            case "publish":
                return publishing.publish(SHELL, revision_of(int(self.other)))
            case _:
                to = "offered" if self.wish == "offer" else self.other
                return moving.move(
                    SHELL,
                    self.deal,
                    to,
                    at=self.at,
                    amending=named,
                    expected_version=self.expected,
                    command_id=command_id,
                )


def draw_order(dice: Random, number: int, skew: timedelta) -> Order:
    """Give an order, of a client whose clock goes wrong by so much."""
    wish = _WISHES[int(dice.random() * len(_WISHES))]
    deal, other = dice.sample(DEALS, 2)
    if wish == "move":
        other = "qualified" if dice.random() < 0.5 else "negotiating"
    elif wish == "publish":
        other = str(dice.randrange(2, 4))
    return Order(
        mark=f"o-{number}",
        wish=wish,
        deal=deal,
        other=other,
        at=START + timedelta(minutes=number) + skew,
        has_id=dice.random() < 0.85,
        expected=dice.randrange(1, 4) if wish in ("move", "amend") and dice.random() < 0.2 else None,
    )
