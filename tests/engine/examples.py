"""A pipeline and a deal for examples."""

from datetime import UTC, datetime, timedelta

from oppcore.engine import evolve, move, open_opportunity
from oppcore.pipeline import load_pipeline
from oppcore.records import Actor, Need

T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)
SPEED = (Need(text="speed"),)
BOSS = Actor("bea", {"boss"})

PIPELINE = load_pipeline(
    """
key = "p"
revision = 4
currency = "EUR"
opens_in = ["lead", "need"]
fields = [{ key = "region", type = "choice", choices = ["north", "south"] }]
reasons = [
    { key = "price", outcome = "lost" },
    { key = "silence", outcome = "abandoned" },
    { key = "offer", outcome = "won" },
]
[[stages]]
key = "lead"
kind = "open"
probability = "0.1"
[[stages]]
key = "need"
kind = "open"
probability = "0.25"
may_be_skipped = true
entry = [{ present = "needs" }]
[[stages]]
key = "quote"
kind = "open"
probability = "0.5"
entry = [{ compare = "budget", ge = 1000 }]
exit = [{ present = "proposal" }]
[[stages]]
key = "won"
kind = "won"
roles = ["boss"]
[[stages]]
key = "care"
kind = "post_sale"
[flow]
reopen = { roles = ["boss"] }
overturn = { roles = ["boss"] }
reclassify = {}
"""
)


def opened(**values):
    """A deal in its first stage."""
    return evolve(None, *open_opportunity(PIPELINE, "d-1", values, at=T0))


def moved(record, to=None, **wish):
    """The deal after a move a day later."""
    wish = {"at": record.progress.changed_at + DAY, "actor": BOSS} | wish
    return evolve(record, *move(PIPELINE, record, to, **wish))


def won():
    """A deal that was won."""
    from oppcore.money import Money

    quoted = moved(opened(needs=SPEED), "quote", amending={"budget": Money(2000, "EUR"), "proposal": "ours"})
    return moved(quoted, "won", reason="offer")
