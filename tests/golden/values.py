"""What stands in the golden files of the codec, as values. Never change a value: add a file for a new schema."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import attrs

from oppcore.engine import (
    Amended,
    Converted,
    Corrected,
    Edit,
    Merged,
    Moved,
    Opened,
    Removed,
    Requested,
    Restored,
    Signed,
    Stamp,
    Waived,
    Waiver,
)
from oppcore.money import Money
from oppcore.pipeline import Direction, load_pipeline
from oppcore.records import (
    Activity,
    Competitor,
    Covered,
    CustomFields,
    DeliveryCondition,
    ForecastCategory,
    Interest,
    Lead,
    Member,
    Need,
    Objection,
    Opportunity,
    Outcome,
    Progress,
    Quote,
    Removal,
    Round,
    Signature,
    Stakeholder,
    State,
    Step,
    with_fields,
)

T0 = datetime(2026, 3, 2, 9, 30, 15, 123456, tzinfo=timezone(timedelta(hours=8)))
FIRST = datetime(999, 1, 2, tzinfo=UTC)
SHARED = {
    "needs": (
        Need(text="speed"),
        Need(text="成本", kind="pain_point", met=True),
        Need(text="ISO 9001", kind="requirement"),
    ),
    "answers": CustomFields(
        {
            "who": "the board",
            "when": date(2026, 5, 1),
            "asked": False,
            "share": Decimal("0.30"),
            "cap": Money(9, "EUR"),
        }
    ),
    "held_since": T0,
    "resume_on": date(2026, 4, 1),
    "hold_reason": "holidays, 假期",
    "last_activity_at": T0,
    "next_activity_at": T0 + timedelta(days=3),
    "activities": (Activity(kind="call", at=T0, done=True), Activity(kind="拜访", at=T0 + timedelta(days=3))),
    "interests": (Interest(signal="webinar", at=T0), Interest(signal="download", product="p-1", at=FIRST)),
    "intent": "strong",
    "decision_process": "board",
    "budget": Money(1000, "JPY"),
    "price_sensitivity": "high",
    "decision": "go",
    "predictability": "accidental",
    "scope": "strategic",
    "visibility": "latent",
    "environment": ("economic", "seasonal"),
    "source": "fair",
    "campaign_id": "k-1",
    "lead_id": "l-1",
    "predecessor_id": "d-0",
    "owner_id": "ann",
    "members": (Member(id="ann", role="owner", split=Decimal("0.7")), Member(id="bo", split=Decimal("0.30"))),
    "region": "north",
    "score": Decimal("1E+3"),
    "deposit": Money("0.001", "KWD"),
    "signed_on": date(2026, 1, 31),
    "approved": False,
}
VALUES = {
    **SHARED,
    "name": "Straße “7”, 报价\n\u2028",
    "amount": Money("-12345678901234567890.50", "EUR"),
    "probability": Decimal("0.10"),
    "forecast_category": "commit",
    "account_id": "a-1",
    "contact_ids": ("c-1", "c-2"),
    "tags": ("vip",),
    "stakeholders": (Stakeholder(contact_id="c-1", role="decision maker"), Stakeholder(contact_id="c-2", role="user")),
    "products": ("p-1",),
    "proposal": "ours",
    "quotes": (
        Quote(
            id="q-1", amount=Money(900, "EUR"), discount=Decimal("0.10"), status="sent", valid_until=date(2026, 5, 31)
        ),
        Quote(id="q-2"),
    ),
    "current_quote_id": "q-1",
    "expected_close_on": date(2026, 6, 30),
    "buying_from": date(2026, 5, 1),
    "buying_until": date(2026, 7, 1),
    "competitors": (
        Competitor(name="Acme", status="won_deal"),
        Competitor(name="Bolt"),
        Competitor(name="Cog", status="eliminated"),
    ),
    "objections": (Objection(text="price"), Objection(text="time", resolved=True)),
    "delivery_conditions": (DeliveryCondition(text="training"), DeliveryCondition(text="docs", fulfilled=True)),
}
LEAD_VALUES = {
    **SHARED,
    "name": "王伟",
    "email": "wang@example.com",
    "phone": "+86 10 1234",
    "job_title": "采购",
    "company": "Mills GmbH",
    "industry": "paper",
    "region": "华东",
    "company_size": Decimal(250),
}
PROGRESS = Progress(pipeline="p", stage="a", version=1, opened_at=T0, entered_at=T0, changed_at=T0, recorded_at=T0)
BARE = Opportunity(id="d-1", progress=PROGRESS)
FULL = with_fields(BARE, VALUES)
SIGNED = Signature(actor_id="bo", verdict="approve", at=T0, step="manager", comment="fine, 同意")
ROUND = Round(
    subject="quote",
    number=2,
    requested_by="ann",
    requested_at=T0,
    mode="sequence",
    separate=False,
    steps=(
        Step(key="manager", roles=("manager", "chief")),
        Step(key="added 1", signers=("dan",), added=True),
    ),
    covered=(
        Covered(field="amount", value=VALUES["amount"]),
        Covered(field="quote_discount", value=Decimal("0.10"), bound="at_most"),
        Covered(field="needs", value=SHARED["needs"]),
        Covered(field="answers", value=SHARED["answers"]),
        Covered(field="intent", value=None, bound="at_least"),
    ),
)
STALE = attrs.evolve(ROUND, number=1, mode="any", steps=(), covered=(), signatures=(SIGNED,), is_stale=True)
CLOSED = attrs.evolve(
    FULL,
    estimate=attrs.evolve(FULL.estimate, said_at=T0),
    progress=attrs.evolve(
        FULL.progress,
        stage="w",
        outcome="won",
        version=7,
        opened_at=FIRST,
        closed_at=T0 + timedelta(1),
        reason="offer",
        approvals=(STALE, ROUND),
        removal=Removal(at=T0, merged_into="d-0"),
    ),
)
BARE_LEAD = Lead(id="l-1", progress=attrs.evolve(PROGRESS, pipeline="leads"))
FULL_LEAD = with_fields(BARE_LEAD, LEAD_VALUES)
STAMP = Stamp(record_id="d-1", version=1, at=T0, recorded_at=T0 + timedelta(hours=1), pipeline="p", revision=1)
LATER = attrs.evolve(STAMP, version=2, actor_id="ann", revision=3)
OF_LEAD = attrs.evolve(STAMP, kind="lead", record_id="l-1", pipeline="leads")
BENT = attrs.evolve(
    LATER,
    origin="transferred",
    rules=("flow.jump", "stages.b.entry[0]"),
    waiver=Waiver("the board, 董事会", (Waived("flow.jump", "flow.forbidden", "to"), Waived("stages.b.entry[0]", "x"))),
)
EDITS = tuple(Edit(name, None, value) for name, value in VALUES.items())
PIPELINE = load_pipeline(
    """
key = "p"
revision = 3
kind = "opportunity"
labels = { en = "Sales", zh = "销售" }
currency = "EUR"
continues = "leads"
opens_in = ["b", "a"]
[flow]
advance = { roles = ["seller", "boss"] }
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
[[fields]]
key = "note"
type = "text"
[[transitions]]
source = "a"
target = "b"
labels = { en = "Go on", zh = "推进" }
gate = [{ present = "needs" }]
roles = ["seller"]
[[transitions]]
source = "b"
target = "w"
[[actions]]
key = "send_quote"
labels = { en = "Send the quote", zh = "发送报价" }
gate = [{ present = "needs" }, { present = "budget" }]
roles = ["seller"]
[[approvals]]
key = "quote"
labels = { en = "Quote", zh = "报价" }
mode = "sequence"
separate = false
roles = ["seller"]
covers = ["amount", { at_most = "quote_discount" }, { at_least = "signed_on" }]
[[approvals.steps]]
key = "manager"
labels = { en = "Manager", zh = "经理" }
roles = ["manager"]
[[approvals.steps]]
key = "director"
signers = ["dan", "eve"]
when = { compare = "quote_discount", gt = 0.2 }
[permissions]
correct = { roles = ["controller"] }
remove = {}
restore = {}
merge = { roles = ["boss"] }
[[overrides]]
roles = ["chief"]
[[overrides]]
roles = ["boss"]
waives = ["criteria", "approvals"]
[[claims]]
key = "approved"
labels = { en = "Won deals are approved", zh = "赢单均经审批" }
outcome = "won"
holds = [{ approved = "quote" }]
[[claims]]
key = "offered"
stage = "w"
passed = "b"
[[claims]]
key = "no trap"
closes = true
[[stages]]
key = "a"
kind = "open"
stay = [{ approved = "quote" }, { present = "quote_amount" }]
labels = { zh = "初步接触" }
probability = 0.10
forecast_category = "best_case"
may_be_skipped = true
roles = ["seller"]
guidance = { en = "Ask who decides.", zh = "了解谁决定。" }
asks = ["budget", "region"]
checklist = [{ key = "who", labels = { en = "Who decides?" } }, { key = "when" }]
expected_days = 7
maximum_days = 30.5
expected_conversion = 0.4
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
  { answered = "checklist" }, { answered = ["who"] }, { exists = "quotes" },
  { exists = "quotes", where = { all = [{ compare = "status", eq = "accepted" }, { compare = "amount", ge = 1 }] } },
  { exists = "stakeholders", at_least = 2, where = { text = "role", contains = "maker" } },
  { not = { exists = "objections", where = { compare = "resolved", eq = false } } },
]
[[stages]]
key = "b"
kind = "open"
[[stages]]
key = "old"
kind = "open"
archived = true
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
LEADS = load_pipeline(
    """
key = "leads"
kind = "lead"
stages = [{ key = "new", kind = "open", exit = [{ present = "email" }] }, { key = "converted", kind = "won" }]
"""
)


EXAMPLES = load_pipeline("""
key = "examples"
numbers = "example"
stages = [{key = "a", kind = "open", probability = 0.1}]
""")


def moved(source, target, *directions, **rest):
    return Moved(stamp=LATER, source=source, target=target, directions=directions, **rest)


A, W, L = State("a", Outcome.OPEN), State("w", Outcome.WON), State("l", Outcome.LOST)
SCHEMA_1 = [
    BARE,
    FULL,
    CLOSED,
    BARE_LEAD,
    FULL_LEAD,
    Opened(stamp=STAMP, record=BARE),
    Opened(stamp=attrs.evolve(STAMP, origin="adopted"), record=attrs.evolve(CLOSED, progress=FULL.progress)),
    Opened(stamp=OF_LEAD, record=FULL_LEAD),
    moved(A, State("b", Outcome.OPEN), Direction.ADVANCE, probability=Decimal("0.10"), forecast_category="pipeline"),
    moved(A, W, Direction.WIN, Direction.JUMP, probability=Decimal(1), forecast_category=ForecastCategory.CLOSED),
    moved(A, L, Direction.LOSE, reason="price", probability=Decimal(0), forecast_category=ForecastCategory.OMITTED),
    moved(A, State("a", Outcome.ABANDONED), Direction.ABANDON),
    moved(L, A, Direction.REOPEN),
    Amended(stamp=LATER, edits=EDITS),
    Amended(stamp=LATER, edits=tuple(Edit(edit.field, edit.new, None) for edit in EDITS)),
    Amended(
        stamp=LATER, edits=(Edit("needs", SHARED["needs"], ()), Edit("answers", CustomFields(), SHARED["answers"]))
    ),
    Converted(
        stamp=attrs.evolve(OF_LEAD, version=2, actor_id="ann"),
        source=State("new", Outcome.OPEN),
        target=State("converted", Outcome.WON),
        opportunity_id="d-1",
    ),
    Moved(stamp=BENT, source=A, target=State("b", Outcome.OPEN), directions=(Direction.TRANSFER,)),
    Requested(stamp=LATER, round=ROUND),
    Signed(stamp=LATER, subject="quote", number=2, signature=SIGNED),
    Signed(
        stamp=LATER,
        subject="quote",
        number=2,
        signature=Signature(actor_id="bo", verdict="add_signer", at=T0, step="manager", signer="dan", before=True),
    ),
    Corrected(
        stamp=LATER,
        corrects=1,
        happened_at=FIRST,
        state=W,
        opened_at=FIRST,
        entered_at=T0,
        closed_at=T0,
        reason="offer",
        said_at=T0,
        edits=EDITS[:2],
    ),
    Corrected(stamp=LATER, corrects=1, state=A, opened_at=T0, entered_at=T0),
    Merged(stamp=LATER, into_id="d-1", absorbed_id="d-0", edits=EDITS[:1]),
    Merged(stamp=LATER, into_id="d-0", absorbed_id="d-1"),
    Removed(stamp=LATER, comment="twice, 重复"),
    Restored(stamp=LATER),
    PIPELINE,
    LEADS,
    EXAMPLES,
]
