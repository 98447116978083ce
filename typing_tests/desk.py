"""What type checkers see of a desk: each method as its steps are typed. Checked by `mypy --strict`, never run."""

from datetime import UTC, datetime
from typing import assert_type

from oppcore.criteria import Present
from oppcore.desk import AsyncDesk, Desk, Found, Published, Receipt
from oppcore.engine import Form, Override
from oppcore.errors import Problem
from oppcore.records import Actor, Lead, Opportunity

NOW = datetime.now(UTC)
ANN = Actor("ann", ["head"])


def work(desk: Desk, leads: Desk[Lead]) -> None:
    """A desk of deals gives deals, one of leads gives leads."""
    assert_type(desk.move("d", "offered", at=NOW, override=Override("Why", ["rule"])), Receipt[Opportunity])
    assert_type(leads.hold("l", at=NOW), Receipt[Lead])
    assert_type(leads.merge("l", "m", {"name": "x"}, at=NOW), Receipt[Lead])
    assert_type(desk.unmet_signature("d", "quote", "approve", at=NOW, actor=ANN), tuple[Problem, ...])
    assert_type(desk.form("d", "offered"), Form)
    assert_type(desk.require_action("d", "send_quote", at=NOW), None)
    assert_type(desk.search(where=Present("name"), at=NOW), Found[Opportunity])
    assert_type(leads.search(where=Present("name"), at=NOW), Found[Lead])
    assert_type(desk.publish(desk.pipeline("p", revision=1), mapping={"a": "b"}, at=NOW), Published)
    desk.sign("d", "quote", "approve", at=NOW)  # type: ignore[call-arg]
    desk.correct("d", 2, at=NOW)  # type: ignore[call-arg]
    desk.hold("d", at="today")  # type: ignore[arg-type]
    desk.adopt(leads.get("l"), at=NOW)  # type: ignore[arg-type]


async def work_later(desk: AsyncDesk, leads: AsyncDesk[Lead]) -> None:
    """The same, awaited."""
    assert_type(await desk.transfer("d", "renewals", at=NOW), Receipt[Opportunity])
    assert_type(await leads.convert("l", into="p", opportunity_id="d", at=NOW), Receipt[Lead])
    assert_type(await leads.search(where=Present("name"), at=NOW), Found[Lead])
    assert_type(await desk.unmet("d", "offered", at=NOW), tuple[Problem, ...])
    await desk.convert("d", into="p", opportunity_id="d", at=NOW)  # type: ignore[misc]
