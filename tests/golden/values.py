"""What stands in the golden files of the codec, as values. Never change a value: add a file for a new schema."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import attrs

from oppcore.engine import Amended, Edit, Moved, Opened, Stamp
from oppcore.money import Money
from oppcore.pipeline import Direction, load_pipeline
from oppcore.records import ForecastCategory, Opportunity, Outcome, Progress, State, with_fields

T0 = datetime(2026, 3, 2, 9, 30, 15, 123456, tzinfo=timezone(timedelta(hours=8)))
FIRST = datetime(999, 1, 2, tzinfo=UTC)
VALUES = {
    "name": "Straße “7”, 报价\n\u2028",
    "amount": Money("-12345678901234567890.50", "EUR"),
    "probability": Decimal("0.10"),
    "forecast_category": "commit",
    "account_id": "a-1",
    "contact_ids": ("c-1", "c-2"),
    "tags": ("vip",),
    "needs": ("speed", ""),
    "pain_points": ("cost",),
    "requirements": ("x",),
    "products": ("p-1",),
    "proposal": "ours",
    "expected_close_on": date(2026, 6, 30),
    "buying_from": date(2026, 5, 1),
    "buying_until": date(2026, 7, 1),
    "last_activity_at": T0,
    "next_activity_at": T0 + timedelta(days=3),
    "intent": "strong",
    "decision_process": "board",
    "budget": Money(1000, "JPY"),
    "price_sensitivity": "high",
    "decision": "go",
    "source": "fair",
    "campaign_id": "k-1",
    "lead_id": "l-1",
    "predecessor_id": "d-0",
    "owner_id": "ann",
    "member_ids": ("bo",),
    "region": "north",
    "score": Decimal("1E+3"),
    "deposit": Money("0.001", "KWD"),
    "signed_on": date(2026, 1, 31),
    "approved": False,
}
BARE = Opportunity(
    id="d-1",
    progress=Progress(pipeline="p", stage="a", version=1, opened_at=T0, entered_at=T0, changed_at=T0, recorded_at=T0),
)
FULL = with_fields(BARE, VALUES)
CLOSED = attrs.evolve(
    FULL,
    progress=attrs.evolve(
        FULL.progress, stage="w", outcome="won", version=7, opened_at=FIRST, closed_at=T0 + timedelta(1), reason="offer"
    ),
)
STAMP = Stamp(record_id="d-1", version=1, at=T0, recorded_at=T0 + timedelta(hours=1), pipeline="p", revision=1)
LATER = attrs.evolve(STAMP, version=2, actor_id="ann", revision=3)
EDITS = tuple(Edit(name, None, value) for name, value in VALUES.items())
PIPELINE = load_pipeline(
    """
key = "p"
revision = 3
labels = { en = "Sales", zh = "销售" }
currency = "EUR"
opens_in = ["b", "a"]
[flow]
revert = { allowed = false }
reopen = { roles = ["boss", "chief"] }
[[reasons]]
key = "price"
outcome = "lost"
labels = { en = "Price" }
[[fields]]
key = "region"
type = "choice"
choices = ["north", "south"]
labels = { en = "Region" }
personal = true
[[fields]]
key = "score"
type = "number"
[[fields]]
key = "deposit"
type = "money"
[[fields]]
key = "signed_on"
type = "date"
[[fields]]
key = "approved"
type = "flag"
[[stages]]
key = "a"
kind = "open"
labels = { zh = "初步接触" }
probability = 0.10
forecast_category = "best_case"
may_be_skipped = true
roles = ["seller"]
entry = [
  { present = "needs" }, { compare = "amount", ge = 10.50 }, { compare = "amount", between = [1, 2] },
  { compare = "budget", lt = { amount = "5", currency = "JPY" } }, { compare = "approved", eq = true },
  { compare = "region", one_of = ["north"] }, { compare = "signed_on", gt = 2026-01-01 },
  { compare = "last_activity_at", ne = 2026-01-01T00:00:00+08:00 }, { compare = "score", le = 7 },
  { text = "intent", contains = "strong" }, { text = "intent", starts = "s" }, { text = "intent", ends = "g" },
]
exit = [
  { elapsed = "entered", at_least_days = 1.5 }, { elapsed = "last_activity", at_most_days = 30 },
  { elapsed = "opened", at_least_days = 0, at_most_days = 365 }, { role = ["boss"] },
  { any = [{ all = [] }, { not = { present = "proposal" } }, { some = 2, of = [{ any = [] }, { all = [] }] }] },
]
[[stages]]
key = "b"
kind = "open"
[[stages]]
key = "w"
kind = "won"
[[stages]]
key = "c"
kind = "post_sale"
[[stages]]
key = "l"
kind = "lost"
"""
)


def moved(source, target, *directions, **rest):
    return Moved(stamp=LATER, source=source, target=target, directions=directions, **rest)


A, W, L = State("a", Outcome.OPEN), State("w", Outcome.WON), State("l", Outcome.LOST)
SCHEMA_1 = [
    BARE,
    FULL,
    CLOSED,
    Opened(stamp=STAMP, record=BARE),
    Opened(stamp=attrs.evolve(STAMP, origin="adopted"), record=attrs.evolve(CLOSED, progress=FULL.progress)),
    moved(A, State("b", Outcome.OPEN), Direction.ADVANCE, probability=Decimal("0.10"), forecast_category="pipeline"),
    moved(A, W, Direction.WIN, Direction.JUMP, probability=Decimal(1), forecast_category=ForecastCategory.CLOSED),
    moved(A, L, Direction.LOSE, reason="price", probability=Decimal(0), forecast_category=ForecastCategory.OMITTED),
    moved(A, State("a", Outcome.ABANDONED), Direction.ABANDON),
    moved(L, A, Direction.REOPEN),
    Amended(stamp=LATER, edits=EDITS),
    Amended(stamp=LATER, edits=tuple(Edit(edit.field, edit.new, None) for edit in EDITS)),
    PIPELINE,
]
