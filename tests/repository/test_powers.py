"""What our stores do beyond what the contract asks of a Filter or a Feed."""

from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.criteria import AllOf, AnyOf, Compare, Elapsed, Exists, Not, Present, Role, Situation, SomeOf, Text
from oppcore.engine import evolve, open_opportunity
from oppcore.errors import InvalidDocument, Unsupported
from oppcore.money import Money
from oppcore.pipeline import load_pipeline
from oppcore.repository import Commit, MemoryRepository, Powers, Query, SqliteRepository, Write
from oppcore.repository.powers import part_for
from tests.repository.stores import STORES, at, key, naming, opening, publishing


@pytest.fixture(params=STORES)
def store(request, tmp_path):
    return STORES[request.param](tmp_path)


# Following.


def test_every_change_is_in_the_feed_once_in_the_order_of_the_commits(store):
    store.commit(publishing())
    store.commit(opening("d-1", tenant="a"))
    store.commit(Commit(tenant="b", writes=(*opening("d-1", tenant="b").writes, *opening("d-2", tenant="b").writes)))
    store.commit(naming(store.load(key(tenant="a")).record, "x", tenant="a"))

    fed = store.follow(None, limit=10)
    assert [(one.key.tenant, one.key.id, one.change.stamp.version) for one in fed] == [
        ("a", "d-1", 1),
        ("b", "d-1", 1),
        ("b", "d-2", 1),
        ("a", "d-1", 2),
    ]
    assert [one.change for one in fed if one.key == key(tenant="a")] == list(
        store.history(key(tenant="a"), limit=9).items
    )
    assert [one.key.id for one in store.follow("b", limit=10)] == ["d-1", "d-2"]
    assert store.follow("c", limit=10) == ()


# Filtering.

MANY = load_pipeline("""
key = "many"
currency = "EUR"
stages = [{ key = "a", kind = "open" }]
fields = [
    { key = "score", type = "number" },
    { key = "fee", type = "money" },
    { key = "from", type = "date" },
    { key = "note", type = "text" },
    { key = "vip", type = "flag" },
]
""")
TEXTS = [None, " ", "\u3000", "Mills", "客户", "a%b", "\U00010000", "\uffff"]
NUMBERS = [
    None,
    Decimal(0),
    Decimal("0.3"),
    Decimal("123456789012345678.91"),
    Decimal("123456789012345678.9"),
    Decimal(-7),
]
MONEYS = [
    None,
    *(Money(number, code) for number in NUMBERS[1:5] for code in ("EUR", "JPY") if code == "EUR" or number == 0),
]
DATES = [None, at().date(), at(3).date()]
VALUES = {
    "name": TEXTS,
    "note": TEXTS,
    "proposal": TEXTS,
    "probability": [None, Decimal(0), Decimal("0.3"), Decimal(1)],
    "score": NUMBERS,
    "amount": MONEYS,
    "fee": MONEYS,
    "budget": MONEYS,
    "expected_close_on": DATES,
    "from": DATES,
    "next_activity_at": [None, at(), at(2)],
    "forecast_category": [None, "commit", "pipeline"],
    "vip": [None, True, False],
}


def record(id, values):
    """A deal with these values."""
    return open_opportunity(MANY, id, {name: value for name, value in values.items() if value is not None}, at=at())


RECORDS = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in VALUES.items()})


def leaves():
    """Conditions on one field of a deal."""

    def compare(name):
        values = [
            value for value in VALUES[name] if value is not None and not (isinstance(value, str) and not value.strip())
        ]
        one = st.sampled_from(values)
        some = st.lists(one, min_size=1, max_size=3).map(tuple)
        ordered = one.flatmap(
            lambda low: st.sampled_from(
                [high for high in values if getattr(high, "currency", 0) == getattr(low, "currency", 0) and low <= high]
            ).map(lambda high: (low, high))
        )
        return (
            st.builds(Compare, st.just(name), st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge"]), one)
            | st.builds(Compare, st.just(name), st.just("one_of"), some)
            | st.builds(Compare, st.just(name), st.just("between"), ordered)
        )

    names = st.sampled_from(sorted(VALUES))
    return names.flatmap(compare) | st.builds(
        Present, names | st.just("tags") | st.just('od"d') | st.just("quote_amount")
    )


CRITERIA = st.recursive(
    leaves(),
    lambda inner: (
        st.builds(Not, inner) | st.lists(inner, max_size=3).map(AllOf) | st.lists(inner, max_size=3).map(AnyOf)
    ),
    max_leaves=5,
)


@given(st.lists(RECORDS, min_size=1, max_size=4), st.lists(CRITERIA, min_size=1, max_size=6))
def test_a_file_leaves_out_nothing_of_which_a_condition_is_true(tmp_path_factory, values, criteria):
    memory, path = MemoryRepository(), tmp_path_factory.mktemp("filter") / "deals.db"
    with SqliteRepository(path) as file:
        for number, some in enumerate(values):
            changes = record(f"d-{number}", some)
            write = Write(key(f"d-{number}"), 0, evolve(None, *changes), changes)
            for store in (memory, file):
                store.commit(Commit(tenant="main", writes=(write,)))
        for where in criteria:
            query = Query(where=where)
            found = file.find(query).items
            held = [one for one in found if where.judge(Situation(record=one.record, at=at())) is True]
            assert held == list(memory.find(query).items)


def test_a_file_finds_by_its_own_index_and_statement(tmp_path):
    with SqliteRepository(tmp_path / "deals.db") as file:
        for number in range(30):
            file.commit(opening(f"d-{number:02}", values={"name": f"name {number % 3}"}))
        first = file.find(Query(where=Compare("name", "eq", "name 1"), order="id", limit=4))
        rest = file.find(Query(where=Compare("name", "eq", "name 1"), order="id", limit=9, cursor=first.cursor))

        assert [one.key.id for one in (*first.items, *rest.items)] == [f"d-{number:02}" for number in range(1, 30, 3)]
        with pytest.raises(InvalidDocument):
            file.find(Query(where=Compare("name", "eq", "name 2"), order="id", limit=4, cursor=first.cursor))


@pytest.mark.parametrize("name", ["x') OR 1=1 --", "x' OR '1'='1", 'x"', "$.x", "x.y", "*", "[0]", "\\"])
def test_a_field_name_is_never_part_of_a_statement(store, name):
    store.commit(opening())

    for where in (Present(name), Compare(name, "eq", "v"), Compare(name, "ge", Money(1, "EUR"))):
        held = [
            one for one in store.find(Query(where=where)).items if where.judge(Situation(record=one.record, at=at()))
        ]
        assert held == []
    store.find(Query(where=Not(Present(name))))


def test_a_condition_of_thousands_of_parts_is_asked_all_the_same(store):
    store.commit(opening(values={"name": "x 7"}))
    store.commit(opening("d-2"))

    for where in (
        AnyOf([Compare("name", "eq", f"x {number}") for number in range(3000)]),
        Compare("name", "one_of", tuple(f"x {number}" for number in range(40_000))),
    ):
        found = store.find(Query(where=where)).items
        assert "d-1" in [stored.key.id for stored in found]


def test_a_comparison_with_what_no_field_holds_is_true_of_nothing(store):
    store.commit(opening(values={"name": "5"}))

    found = store.find(Query(where=Compare("name", "eq", 5))).items
    assert [one for one in found if Compare("name", "eq", 5).judge(Situation(record=one.record, at=at()))] == []


@pytest.mark.parametrize("removed", ["x", 1])
def test_removed_is_asked_for_with_yes_no_or_none(removed):
    with pytest.raises(TypeError, match="removed"):
        Query(removed=removed)


@pytest.mark.parametrize("where", [Role(["head"]), Elapsed("entered", at_least_days=Decimal(1)), AllOf([Role(["x"])])])
def test_a_condition_that_the_store_does_not_take_is_refused(store, where):
    with pytest.raises(Unsupported, match="in where"):
        store.find(Query(where=where))


# What a store can be asked of a condition.

SOME = Powers(filters=(Present, AllOf, AnyOf))


@attrs.frozen
class Lucky:
    """A criterion of a host's own."""

    def judge(self, situation, /):
        return True


@pytest.mark.parametrize(
    ("where", "part"),
    [
        (Present("name"), Present("name")),
        (Text("name", "contains", "x"), None),
        (AllOf([Present("name"), Text("name", "contains", "x")]), AllOf([Present("name")])),
        (AllOf([Text("name", "contains", "x"), Lucky()]), None),
        (AllOf([AllOf([Present("a"), Lucky()]), Present("b")]), AllOf([AllOf([Present("a")]), Present("b")])),
        (AnyOf([Present("name"), Text("name", "contains", "x")]), None),
        (AnyOf([Present("a"), Present("b")]), AnyOf([Present("a"), Present("b")])),
        (Not(Present("a")), None),
        (SomeOf(1, [Present("a")]), None),
        (Exists("quotes"), None),
    ],
)
def test_a_store_is_asked_what_it_takes_of_a_conjunction_and_all_or_nothing_of_the_rest(where, part):
    assert part_for(SOME, where) == part
    assert part_for(Powers(), where) is None
