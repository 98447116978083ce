"""Simulated sales of which the truth is known: what speaks for a deal, and how likely it really is to be won."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from math import exp
from random import Random

import attrs

from oppcore.history import History, Row, Standing, fold_history, make_history
from oppcore.pipeline import load_pipeline

PIPELINE = load_pipeline("""
key = "world"
stages = [
    { key = "new", kind = "open" },
    { key = "offer", kind = "open" },
    { key = "won", kind = "won" },
    { key = "lost", kind = "lost" },
]
""")
START = datetime(2024, 1, 1, tzinfo=UTC)
SOURCES: Mapping[str, float] = {"referral": 1.2, "web": 0.0, "fair": -1.0}
OWNERS: Mapping[str, float] = {f"rep {number}": 0.5 * (number - 1.5) for number in range(4)}


@attrs.frozen
class World:
    """How deals go. Deals that are lost are lost in `new` with one in two chances, so that an offer is a good sign."""

    seed: int
    deals: int = 500
    base: float = -0.7
    sources: Mapping[str, float] = SOURCES
    owners: Mapping[str, float] = OWNERS
    echoed: bool = False  # whether two more columns say again what the source says
    shift_at: float = 1.0  # the part of the deals after which the sources speak the other way round

    def rows(self) -> Iterator[Row]:
        dice = Random(self.seed)
        for number in range(self.deals):
            source, owner = dice.choice(list(self.sources)), dice.choice(list(self.owners))
            way = 1 if number < self.shift_at * self.deals else -1
            chance = 1 / (1 + exp(-(self.base + way * self.sources[source] + self.owners[owner])))
            won = dice.random() < chance
            at = START + timedelta(days=number)
            further = {"noise": str(dice.randrange(8)), **({"echo": source, "again": source} if self.echoed else {})}
            said = {"source": source, "owner_id": owner, "further": further}
            id = f"D{number:05}"
            yield Row(opportunity_id=id, stage="new", at=at, **said)
            at += timedelta(days=1 + dice.expovariate(1 / 10))
            if won or dice.random() < 0.5:
                yield Row(opportunity_id=id, stage="offer", at=at)
                at += timedelta(days=1 + dice.expovariate(1 / 10))
            yield Row(opportunity_id=id, stage="won" if won else "lost", at=at)

    def history(self) -> History:
        return make_history(self.rows())

    def open_deals(self, every: float = 14) -> Iterator[tuple[Standing, datetime, bool]]:
        """Give how the deals that were open stood on a day in every so many, and whether they were won."""
        dice = Random(-self.seed)
        history = self.history()
        for _, rows in history:
            at = rows[0].at + timedelta(days=every * dice.random())
            while at < rows[-1].at:
                told = make_history(row for row in rows if row.at <= at)
                standing = fold_history(told, PIPELINE, as_of=at).trails[0].standing
                assert standing is not None
                yield standing, at, rows[-1].stage == "won"
                at += timedelta(days=every)
