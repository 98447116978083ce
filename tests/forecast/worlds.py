"""Histories drawn from a law that is known, the same for each seed."""

from datetime import timedelta
from decimal import Decimal
from random import Random

from oppcore.history import Row, make_history
from oppcore.money import Money
from oppcore.pipeline import Pipeline, Stage
from tests.history.examples import day

PIPELINE = Pipeline(
    key="world",
    stages=[
        Stage(key="early", kind="open", probability=Decimal("0.3")),
        Stage(key="late", kind="open", probability=Decimal("0.6")),
        Stage(key="won", kind="won"),
        Stage(key="lost", kind="lost"),
    ],
)
LIKELY = {"hot": 0.8, "cold": 0.1}
"""How likely a deal is won, by its source."""


def world(seed=1, *, deals=600, days=240):
    """Deals that go from early to late in about four days, and are closed in about four more."""
    dice = Random(seed)
    rows = []
    for number in range(deals):
        source = dice.choice(["hot", "cold"])
        opened = day(0) + timedelta(days=dice.uniform(0, days))
        advanced = opened + timedelta(days=dice.expovariate(1 / 4))
        closed = advanced + timedelta(days=dice.expovariate(1 / 4))
        outcome = "won" if dice.random() < LIKELY[source] else "lost"
        said = {"source": source, "amount": Money(dice.randrange(100, 900), "EUR")}
        for stage, at, further in (("early", opened, said), ("late", advanced, {}), (outcome, closed, {})):
            if at <= day(days):
                rows.append(Row(opportunity_id=f"d{number:04}", stage=stage, at=at, **further))
    return make_history(rows)


"""Simulated sales of which the truth is known: what speaks for a deal, and how likely it really is to be won."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from math import exp

import attrs

from oppcore.history import History, Standing, fold_history
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
