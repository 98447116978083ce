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
