"""The contract of a host's own criteria: what keeps it passes, and what breaks it is caught by what it breaks."""

import random
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import attrs
import pytest
from hypothesis import strategies as st

from oppcore import Money, Problem, template
from oppcore.records import get_field
from oppcore.testing import check_criterion

LEADS = template("leads")
RATINGS = st.fixed_dictionaries({"rating": st.sampled_from("ABC")})


def shop_problem(situation, wanted):
    return Problem("shop.credit" if wanted else "shop.credit_known", "account_id", {"wanted": wanted})


@attrs.frozen
class CreditChecked:
    """The customer's credit is good for so much."""

    rating: str = "B"

    def judge(self, situation):
        found = situation.facts.get("rating")
        return None if found is None else found <= self.rating

    def problem(self, situation, wanted):
        return shop_problem(situation, wanted)


@attrs.frozen
class WorthIt:
    """The deal is worth so much, and one of these people acts."""

    least: Decimal = Decimal(1000)
    people: tuple[str, ...] = ("ann",)

    def judge(self, situation):
        amount = get_field(situation.record, "amount")
        if not isinstance(amount, Money) or situation.actor is None:
            return None
        return amount.amount >= self.least and situation.actor.id in self.people

    def problem(self, situation, wanted):
        have = situation.shown("amount", get_field(situation.record, "amount"))
        return Problem("shop.worth" if wanted else "shop.not_worth", "amount", {"have": have, "need": self.least})


@attrs.frozen
class InTime:
    """The moment lies before a day."""

    until: date = date(2026, 6, 30)

    def judge(self, situation):
        return situation.at.date() <= self.until

    def problem(self, situation, wanted):
        return Problem("shop.late" if wanted else "shop.early", "", {"need": self.until})


def test_criteria_that_keep_the_contract_pass():
    check_criterion(CreditChecked(), name="credit_checked", facts=RATINGS, of_items=["quotes"])
    check_criterion(WorthIt(), name="worth_it", of_items=["quotes"], max_examples=20)
    check_criterion(InTime(), name="in_time", max_examples=20)
    check_criterion(CreditChecked(), name="credit_checked", pipeline=LEADS, facts=RATINGS, max_examples=20)


class Good:
    """What the broken ones below are but for one thing."""

    def judge(self, situation):
        return get_field(situation.record, "owner_id") is not None

    def problem(self, situation, wanted):
        return shop_problem(situation, wanted)


class Changeable(Good):
    def __init__(self):
        self.rating = "B"


@attrs.define(unsafe_hash=True)
class Guarded(Good):
    """Takes other values, and looks at them."""

    least: int = attrs.field(default=1, validator=attrs.validators.instance_of(int))


@attrs.frozen(eq=False)
class Singular(Good):
    pass


@attrs.frozen
class Listed(Good):
    people: list = attrs.field(factory=lambda: ["ann"])


@attrs.frozen
class Unwritten(Good):
    pattern: re.Pattern = re.compile("a")


@attrs.frozen
class Rounded(Good):
    share: Decimal = attrs.field(default=Decimal("0.5"), converter=lambda value: Decimal(value) + 1)


@attrs.frozen
class Hasty(Good):
    def judge(self, situation):
        return situation.record.amount.amount > 1000


@attrs.frozen
class Blind(Good):
    """Does not know items."""

    def judge(self, situation):
        return situation.record.progress.version > 1


@attrs.frozen
class Truthy(Good):
    def judge(self, situation):
        return get_field(situation.record, "account_id")


@attrs.frozen
class Clocked(Good):
    def judge(self, situation):
        return datetime.now(UTC) > situation.at


@attrs.frozen
class Daily(Good):
    def judge(self, situation):
        return date.today() > situation.at.date()  # noqa: DTZ011


@attrs.frozen
class Lucky(Good):
    def judge(self, situation):
        return random.random() > 0.5


@attrs.frozen
class Filed(Good):
    def judge(self, situation):
        return Path(__file__).stat().st_size > 0


TIMES = []


@attrs.frozen
class Counting(Good):
    def judge(self, situation):
        TIMES.append(1)
        return len(TIMES) % 2 == 0


@attrs.frozen
class Scribbling(Good):
    def judge(self, situation):
        situation.facts["seen"] = True
        return True


@attrs.frozen
class FirstRole(Good):
    def judge(self, situation):
        return situation.actor is not None and next(iter(situation.actor.roles), "") == "finance"


@attrs.frozen
class Speechless(Good):
    def problem(self, situation, wanted):
        return None


@attrs.frozen
class Stumbling(Good):
    def problem(self, situation, wanted):
        return Problem("shop.owner", "", {"have": get_field(situation.record, "owner_id").upper()})


@attrs.frozen
class OneSided(Good):
    def problem(self, situation, wanted):
        return Problem("shop.owner")


@attrs.frozen
class Talkative(Good):
    """Tells what it should not."""

    def judge(self, situation):
        return False

    def problem(self, situation, wanted):
        return Problem(
            "shop.email" if wanted else "shop.no_email", "email", {"have": get_field(situation.record, "email")}
        )


BROKEN = [
    (Changeable(), {}, "is not frozen: rating can be set; decorate the class with @attrs.frozen"),
    (Guarded(), {}, "is not frozen: least can be set; decorate the class with @attrs.frozen"),
    (Singular(), {}, "is not equal to a copy of itself, or has another hash"),
    (Listed(), {}, "cannot be hashed (unhashable type: 'list'): hold tuples, not lists"),
    (Unwritten(re.compile("b")), {}, "does not come back from a document"),
    (
        Rounded(Decimal("0.7")),
        {},
        "comes back from a document as another: Rounded(share=Decimal('3.7')), not Rounded(share=Decimal('1.7'))",
    ),
    (CreditChecked(), {"name": "present"}, "cannot be called 'present': that is a criterion of oppcore's own"),
    (Hasty(), {}, "raises AttributeError when judging: 'NoneType' object has no attribute 'amount'"),
    (Blind(), {"of_items": ["quotes"]}, "raises AttributeError when judging: 'Quote' object has no attribute"),
    (Truthy(), {}, "; only True, False and None are answers"),
    (Clocked(), {}, "asks the world around it (datetime.now); time is in situation.at"),
    (Daily(), {}, "asks the world around it (date.today)"),
    (Lucky(), {}, "asks the world around it (random.random)"),
    (Filed(), {}, "asks the world around it (posix."),
    (Counting(), {}, "answers False and then True, False, True to the same question"),
    (Scribbling(), {}, "changes the situation it is asked about"),
    (FirstRole(), {}, "depends on the order in which a set is walked: its answer changes from run to run"),
    (Speechless(), {}, "gives None as its problem; a Problem with a code is wanted"),
    (Stumbling(), {}, "raises AttributeError when asked for its problem: 'NoneType' object has no attribute 'upper'"),
    (OneSided(), {}, "gives the same problem whether it should be true or false: below a `not` that misleads"),
    (Talkative(), {"pipeline": LEADS}, "shows what the personal field email holds: use situation.shown"),
]


@pytest.mark.parametrize(("criterion", "options", "said"), BROKEN, ids=lambda value: type(value).__name__)
def test_each_broken_criterion_is_caught_by_what_it_breaks(criterion, options, said):
    with pytest.raises(AssertionError) as caught:
        check_criterion(criterion, **{"name": "broken", **options})

    assert str(caught.value).startswith(type(criterion).__name__)
    assert said in str(caught.value)


def test_the_situation_is_described_without_what_it_holds():
    with pytest.raises(AssertionError) as caught:
        check_criterion(Hasty(), name="hasty")

    assert re.search(r"\n  asked of a record in \w+.*, filled in: .*; at 20.*, by .*; facts {}$", str(caught.value))


def test_below_an_exists_a_criterion_is_asked_about_items():
    with pytest.raises(AssertionError, match=r"asked of an item \(Quote\)"):
        check_criterion(Blind(), name="blind", of_items=["quotes"])
    with pytest.raises(ValueError, match="'amount' is no collection of items"):
        check_criterion(CreditChecked(), name="credit", of_items=["amount"])


def test_what_listens_for_clocks_is_gone_afterwards():
    import sys

    before = sys.getprofile()
    check_criterion(InTime(), name="in_time", max_examples=5)

    assert sys.getprofile() is before
