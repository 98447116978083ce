"""Histories to measure: one counted by hand, and any that Hypothesis can think of."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import attrs
from hypothesis import strategies as st

from oppcore.history import Row, RowKind, make_history
from oppcore.money import Money
from oppcore.pipeline import Pipeline, Stage
from oppcore.pipeline.edges import legal_outcomes

START = datetime(2024, 1, 1, tzinfo=UTC)

PIPELINE = Pipeline(
    key="golden",
    stages=[
        Stage(key="Q", kind="open", probability=Decimal("0.2")),
        Stage(key="P", kind="open", probability=Decimal("0.5")),
        Stage(key="N", kind="open"),
        Stage(key="W", kind="won"),
        Stage(key="D", kind="post_sale"),
        Stage(key="L", kind="lost"),
        Stage(key="X", kind="lost"),
    ],
)

GOLDEN = """
o01 Q0 P10 N25 W40
o02 Q0 P5 L20
o03 Q3 L13
o04 Q10 N30 W45
o05 Q12 P20 N35 P50 N60 W80
o06 Q20 P45
o07 Q30
o08 Q15 P22 L40 Q55 P62 N70 W90
o09 P40 N55 L75
o10 Q60 P75 N95
o11 Q70 L70
o12 Q90
"""
"""Twelve deals: the letter of a stage and the day it was entered. Measured by hand and with other tools."""


def day(number):
    return START + timedelta(days=number)


def row(stage, on=0, /, *, id="o", **said):
    return Row(opportunity_id=id, stage=stage, at=day(on), **said)


def golden_rows():
    return [
        row(entry[0], int(entry[1:]), id=line.split()[0])
        for line in GOLDEN.strip().splitlines()
        for entry in line.split()[1:]
    ]


def golden():
    return make_history(golden_rows())


amounts = st.builds(
    Money, st.decimals(-(10**9), 10**9, places=4, allow_nan=False), st.sampled_from(["EUR", "JPY", "USD"])
)
probabilities = st.decimals(0, 1, places=6, allow_nan=False)
kinds = st.sampled_from([RowKind.ENTRY] * 12 + [RowKind.REMOVED, RowKind.RESTORED, RowKind.MERGED])


@st.composite
def rows(draw, ids="abcde"):
    """A row that the pipeline can read; `row_lists` numbers it."""
    stage = draw(st.sampled_from(PIPELINE.stages))
    return Row(
        opportunity_id=draw(st.sampled_from(ids)),
        kind=draw(kinds),
        stage=stage.key,
        outcome=draw(st.none() | st.sampled_from(legal_outcomes(stage.kind))),
        at=day(draw(st.integers(0, 12))),
        seq=draw(st.none() | st.integers(0, 2).map(Decimal)),
        recorded_at=draw(st.none() | st.integers(0, 15).map(day)),
        amount=draw(st.none() | amounts),
        probability=draw(st.none() | probabilities),
        expected_close_on=draw(st.none() | st.dates(date(2024, 1, 1), date(2024, 6, 30))),
        owner_id=draw(st.none() | st.sampled_from(["ann", "bob"])),
        pipeline=draw(st.sampled_from([None, None, None, "golden", "golden", "other"])),
        further=draw(st.just({}) | st.fixed_dictionaries({"region": st.sampled_from(["north", "south"])})),
    )


@st.composite
def row_lists(draw, **settings):
    """Rows numbered as in a file."""
    found = draw(st.lists(rows(**settings), max_size=15))
    return [attrs.evolve(row, number=number) for number, row in enumerate(found, start=1)]
