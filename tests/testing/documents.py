"""Documents of scenarios, written to a folder."""

from pathlib import Path

PIPELINE = """
key = "sales"
currency = "EUR"
reasons = [
    { key = "price", outcome = "lost" },
    { key = "best", outcome = "won" },
]
actions = [{ key = "send_quote", roles = ["seller"], gate = [{ present = "needs" }] }]
overrides = [{ roles = ["boss"] }]
stages = [
    { key = "lead", kind = "open", exit = [{ present = "budget" }] },
    { key = "offer", kind = "open", entry = [{ compare = "amount", ge = 1000 }], roles = ["seller", "boss"] },
    { key = "won", kind = "won", entry = [{ approved = "price" }] },
]

[flow]
reopen = { roles = ["boss"] }

[[approvals]]
key = "price"
covers = ["amount"]
steps = [
    { key = "head", roles = ["boss"] },
    { key = "audit", roles = ["finance"], when = { compare = "amount", gt = 5000 } },
]
"""

HEAD = """
pipelines = { sales = { file = "sales.toml" } }
actors = { ann = ["seller"], bob = ["boss"], fay = ["finance"] }
"""


def write_scenarios(folder: Path, text: str, *, head: str = HEAD, name: str = "sales.scenarios.toml") -> Path:
    """Write a document and the pipeline it is about; give its path."""
    (folder / "sales.toml").write_text(PIPELINE, encoding="utf-8")
    path = folder / name
    path.write_text(head + text, encoding="utf-8")
    return path
