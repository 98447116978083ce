"""Odoo's predictive lead scoring: the numbers of its own published cases, rebuilt, and what its rules promise."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from math import prod
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.forecast.odoo import Explanation, FrequencyTable, explain, fit_frequencies, score

STAGES = [("S0", False), ("S1", False), ("S2", False), ("WON", True)]
VARIABLES = ["country", "state", "email_state", "phone_state", "source"]
WITHIN = 0.005
Lead = dict[str, Any]


def _lead(team: str | None, country: int, state: int, source: int, stage: int, outcome: str = "open") -> Lead:
    return {
        "team": team,
        "country": f"C{country}",
        "state": f"T{state}",
        "source": f"U{source}",
        "email_state": False,
        "phone_state": None,
        "stage": "WON" if outcome == "won" else f"S{stage}",
        "outcome": outcome,
        "tags": [],
    }


def _leads(third: str | None) -> list[Lead]:
    """The fourteen leads of the test, those of its third team in the team given."""
    return [
        _lead("t1", 0, 0, 0, 0, "lost"),
        _lead("t1", 1, 1, 1, 1, "lost"),
        _lead("t1", 2, 2, 2, 2, "won"),
        _lead("t1", 0, 1, 2, 1),
        _lead("t1", 1, 1, 1, 0),
        _lead("t2", 0, 1, 1, 2, "lost"),
        _lead("t2", 0, 1, 2, 1, "lost"),
        _lead("t2", 0, 2, 2, 0, "won"),
        _lead("t2", 0, 1, 2, 1),
        _lead("t2", 1, 0, 1, 1),
        _lead(third, 1, 1, 1, 2, "won"),
        _lead(third, 0, 1, 0, 0, "lost"),
        _lead(third, 1, 2, 2, 0, "lost"),
        _lead(third, 0, 1, 2, 1),
    ]


def _fit(leads: Iterable[Mapping[str, Any]], variables: Iterable[str] = VARIABLES) -> FrequencyTable:
    return fit_frequencies(leads, stages=STAGES, variables=variables)


def _score(table: FrequencyTable, lead: Mapping[str, Any]) -> float:
    return score(table, lead, stages=STAGES)


def _tagged() -> list[Lead]:
    """The 150 leads with tags: those left open between the lost and the won ones are not among them."""
    found: list[Lead] = []
    for tags, lost, won in ((["g1"], 30, 19), (["g2"], 40, 9), (["g1", "g2"], 35, 14)):
        found += [{"team": "blup", "stage": "S0", "outcome": "lost", "tags": tags}] * lost
        found += [{"team": "blup", "stage": "WON", "outcome": "won", "tags": tags}] * won
    return found


@pytest.mark.parametrize(
    ("number", "third", "percentage"), [(3, "t3", 33.49), (8, "t3", 7.74), (13, "t3", 35.09), (13, None, 35.19)]
)
def test_a_rebuilt_table_scores_as_published(number: int, third: str | None, percentage: float) -> None:
    leads = _leads(third)
    assert _score(_fit(leads), leads[number]) == pytest.approx(percentage, abs=WITHIN)


def test_the_counts_after_a_rebuild_are_those_published() -> None:
    table = _fit(_leads(None))
    assert table["t1", "stage", "S0"] == pytest.approx((1.1, 2.1), abs=1e-9)
    assert table["t1", "stage", "WON"] == pytest.approx((1.1, 0.1), abs=1e-9)
    assert table["t1", "country", "C1"] == pytest.approx((0.1, 1.1), abs=1e-9)
    assert table["t1", "email_state", "False"] == pytest.approx((1.1, 2.1), abs=1e-9)
    assert ("t2", "country", "C1") not in table
    assert table[None, "stage", "S0"] == pytest.approx((1.1, 2.1), abs=1e-9)


def test_live_increments_and_their_taking_back_are_those_published() -> None:
    leads = _leads(None)
    table = _fit(leads)
    at_first = dict(table)
    assert table.record(leads[4] | {"outcome": "lost"}) is table
    table.record(leads[9] | {"outcome": "won", "stage": "WON"})
    assert table["t1", "stage", "S0"] == pytest.approx((1.1, 3.1), abs=1e-9)
    assert table["t1", "stage", "WON"] == pytest.approx((1.1, 0.1), abs=1e-9)
    assert table["t2", "stage", "S0"] == pytest.approx((2.1, 2.1), abs=1e-9)
    assert table["t2", "country", "C1"] == pytest.approx((1.1, 0.1), abs=1e-9)
    table.forget(leads[4] | {"outcome": "lost"})
    table.record(leads[4] | {"outcome": "won", "stage": "WON"})
    assert table["t1", "country", "C1"] == pytest.approx((1.1, 1.1), abs=1e-9)
    table.forget(leads[4] | {"outcome": "won", "stage": "WON"})
    assert {key: table[key] for key in at_first if key[0] == "t1"} == {
        key: pytest.approx(counts, abs=1e-9) for key, counts in at_first.items() if key[0] == "t1"
    }
    back = {"stage": "S0"}
    assert _score(table, leads[3] | back) == pytest.approx(20.87, abs=WITHIN)
    assert _score(table, leads[8] | back) == pytest.approx(2.43, abs=WITHIN)
    assert _score(table, leads[8] | back | {"country": "C1"}) == pytest.approx(34.38, abs=WITHIN)


@pytest.mark.parametrize(
    ("tags", "percentage"), [(["g1"], 33.69), (["g2"], 23.51), (["g1", "g2"], 28.05), ([], 28.6), (["g9"], 28.6)]
)
def test_tags_score_as_published(tags: list[str], percentage: float) -> None:
    leads = _leads(None) + _tagged()
    leads[9] |= {"outcome": "won", "stage": "WON"}
    table = _fit(leads)
    assert table["blup", "tag_id", "g1"] == pytest.approx((33.1, 65.1), abs=1e-9)
    assert table["blup", "tags", "g2"] == pytest.approx((23.1, 75.1), abs=1e-9)
    assert table["blup", "stage", "S0"] == pytest.approx((42.1, 105.1), abs=1e-9)
    lead = {"team": "blup", "stage": "S0", "tags": tags, "outcome": "open"}
    assert _score(table, lead) == pytest.approx(percentage, abs=WITHIN)


def test_leads_without_the_tags_variable_score_by_stage_alone() -> None:
    table = fit_frequencies(_tagged(), stages=STAGES, variables=[], tags=False)
    assert _score(table, {"team": "blup", "stage": "S0", "tags": ["g1"]}) == pytest.approx(28.6, abs=WITHIN)


def test_states_of_mail_addresses_that_are_known_score_as_published() -> None:
    leads = _leads(None)
    leads[9] |= {"outcome": "won", "stage": "WON"}
    for number, lead in enumerate(leads):
        lead["email_state"] = "correct" if number % 2 == 0 else "incorrect"
    table = _fit(leads)
    assert _score(table, leads[3] | {"stage": "S0"}) == pytest.approx(4.21, abs=WITHIN)
    assert _score(table, leads[8] | {"stage": "S0"}) == pytest.approx(0.23, abs=WITHIN)
    stages_alone = _fit(leads, [])
    assert _score(stages_alone, leads[3] | {"stage": "S0"}) == pytest.approx(34.38, abs=WITHIN)
    assert _score(stages_alone, leads[8] | {"stage": "S0"}) == pytest.approx(50, abs=WITHIN)


def test_nothing_is_ever_quite_certain_of_an_open_lead() -> None:
    lead = {"team": "t", "stage": "S0", "country": "C0", "tags": ["g"]}
    for counts, percentage in (((10_000_000, 1), 99.99), ((1, 10_000_000), 0.01)):
        table = FrequencyTable.from_counts({("t", "stage_id", "S0"): counts, ("t", "tag_id", "g"): counts})
        assert _score(table, lead) == percentage
        assert _score(table, lead | {"outcome": "won"}) == 100
        assert _score(table, lead | {"stage": "WON"}) == 100
        assert _score(table, lead | {"outcome": "lost"}) == 0


def test_what_cannot_be_known_is_zero() -> None:
    table = _fit(_leads(None))
    of_teams = [("S0", False, ["t1"]), ("S1", False, ["t1"]), ("S2", False, ["t1"]), ("WON", True, ["t1"])]
    lead = {"team": "t1", "stage": "S0"}
    assert score(table, lead, stages=of_teams) == 0
    assert score(table, lead | {"stage": None}, stages=STAGES) == 0
    assert score(FrequencyTable.from_counts({}), lead, stages=STAGES) == 0
    assert score(FrequencyTable.from_counts({("t1", "stage", "S0"): (3, 0)}), lead, stages=STAGES) == 0
    assert score(FrequencyTable.from_counts({("t1", "country", "C0"): (3, 2)}), lead, stages=STAGES) == 0


def test_the_first_stage_is_the_first_that_all_teams_share() -> None:
    stages = [("own", False, ["t1"]), ("S0", False), ("WON", True)]
    table = FrequencyTable.from_counts({("t1", "stage", "own"): (9, 1), ("t1", "stage", "S0"): (1.1, 2.1)})
    assert score(table, {"team": "t1", "stage": "S0"}, stages=stages) == pytest.approx(34.38, abs=WITHIN)


def _tooltip_leads() -> list[Lead]:
    def lead(country: str | None, state: str | None, phone: str | None, source: str | None, stage: str) -> Lead:
        values = {"country": country, "state": state, "source": source, "email_state": "correct", "phone_state": phone}
        return {"team": "tips", "stage": stage, **values}

    won, lost = {"outcome": "won", "stage": "WON"}, {"outcome": "lost"}
    return [
        lead("C0", "T0", "correct", "U1", "S0") | won,
        lead("C1", "T0", "correct", None, "S0") | won,
        lead(None, None, "incorrect", "U0", "S0") | lost,
        lead("C0", None, "incorrect", "U0", "S0") | lost,
        lead(None, "T1", "correct", None, "S2") | lost,
        lead("C0", "T0", "correct", "U0", "S1"),
    ]


def _shown(found: Explanation) -> tuple[list[str], list[str]]:
    return [one.variable for one in found.top], [one.variable for one in found.low]


def test_an_explanation_says_what_odoo_shows() -> None:
    leads = _tooltip_leads()
    found = explain(_fit(leads), leads[5], stages=STAGES)
    assert found.percentage == pytest.approx(74.30, abs=WITHIN)
    says = {one.variable: one.score for one in found.scores}
    assert says == pytest.approx(
        {
            "source": (0.1 / 1.2) / (0.1 / 1.2 + 2.1 / 2.2),
            "country": (1.1 / 2.2) / (1.1 / 2.2 + 1.1 / 1.2),
            "email_state": 0.5,
            "stage": 1 - 1.1 / 3.1,
            "phone_state": (2.1 / 2.2) / (2.1 / 2.2 + 1.1 / 3.2),
            "state": (2.1 / 2.2) / (2.1 / 2.2 + 0.1 / 1.2),
        },
        abs=1e-9,
    )
    assert _shown(found) == (["state", "phone_state", "stage"], ["source", "country"])
    assert json.loads(json.dumps(found.detail()))["scores"][0]["variable"] == "source"


@pytest.mark.parametrize(
    ("mine", "won", "lost"),
    [
        ({"phone_state": False, "email_state": "incorrect"}, {"phone_state": False, "email_state": "incorrect"}, {}),
        (
            {"phone_state": "incorrect", "email_state": "correct"},
            {"phone_state": "incorrect", "email_state": "incorrect"},
            {},
        ),
    ],
)
def test_an_explanation_keeps_nonsense_to_itself(mine: Lead, won: Lead, lost: Lead) -> None:
    leads = _tooltip_leads()
    changed = [lead | won for lead in leads[:2]]
    changed += [lead | lost | {"phone_state": "correct", "email_state": "correct"} for lead in leads[2:5]]
    table = _fit(changed, ["email_state", "phone_state"])
    assert _shown(explain(table, leads[5] | mine, stages=STAGES)) == (["stage"], [])


def test_the_rows_of_a_removed_team_go_to_the_leads_without_one_as_published() -> None:
    table = FrequencyTable.from_counts(
        {
            (None, "stage_id", "1"): (20, 10),
            (None, "stage_id", "2"): (0.1, 0.1),
            (None, "stage_id", "3"): (10, 0),
            (None, "country_id", "1"): (10, 0.1),
            ("gone", "stage_id", "1"): (20, 10),
            ("gone", "country_id", "1"): (0.1, 10),
            ("gone", "country_id", "2"): (0.1, 0),
            ("gone", "country_id", "3"): (30, 30),
        }
    )
    assert dict(table.merge_team("gone")) == {
        (None, "stage", "1"): (40, 20),
        (None, "stage", "2"): (0.1, 0.1),
        (None, "stage", "3"): (10, 0),
        (None, "country_id", "1"): (10, 10),
        (None, "country_id", "3"): (30, 30),
    }


def test_a_lead_of_an_unknown_team_is_scored_with_the_smoothed_counts_of_all_teams() -> None:
    table = FrequencyTable.from_counts({("t1", "stage", "S0"): (1.1, 2.1), (None, "stage", "S0"): (3.1, 1.1)})
    for team in ("t9", None, False, ""):
        assert _score(table, {"team": team, "stage": "S0"}) == pytest.approx(100 * 4.2 / 7.4, abs=WITHIN)


def test_a_tag_that_few_leads_have_says_nothing_also_where_all_teams_together_have_enough() -> None:
    counts = {("t1", "stage", "S0"): (60, 40), ("t1", "tags", "g"): (40, 9.9), ("t2", "tags", "g"): (1, 49)}
    table = FrequencyTable.from_counts(counts)
    assert _score(table, {"team": "t1", "stage": "S0", "tags": ["g"]}) == 60
    alone = FrequencyTable.from_counts(counts | {("t1", "tags", "g"): (40, 10), ("t1", "tags", "h"): (10, 40)})
    odds = 60 / 40 * (40 / 50) / (10 / 50)
    assert _score(alone, {"team": "t1", "stage": "S0", "tags": ["g"]}) == round(100 * odds / (1 + odds), 2)


values = st.sampled_from(["a", "b", None, ""])
leads = st.fixed_dictionaries(
    {
        "team": st.sampled_from(["t1", "t2", None]),
        "stage": st.sampled_from(["S0", "S1", "S2"]),
        "outcome": st.sampled_from(["lost", "open"]),
        "country": values,
        "email_state": values,
        "tags": st.lists(st.sampled_from([1, 2]), max_size=3),
    }
) | st.fixed_dictionaries({"team": st.sampled_from(["t1", None]), "outcome": st.just("won"), "country": values})


@given(st.lists(leads, max_size=30), leads)
def test_recording_leads_one_by_one_gives_the_table_of_a_rebuild(past: list[Lead], lead: Lead) -> None:
    live = FrequencyTable.from_counts({}, stages=STAGES, variables=["country", "email_state"])
    for one in past:
        live.record(one)
    rebuilt = _fit(past, ["country", "email_state"])
    assert dict(live) == dict(rebuilt)
    copied = FrequencyTable.from_counts(dict(rebuilt))
    assert _score(copied, lead) == _score(rebuilt, lead)
    as_recorded = {key: live[key] for key in live}
    live.record(lead).forget(lead)
    assert {key: live[key] for key in as_recorded} == {key: pytest.approx(pair) for key, pair in as_recorded.items()}


@given(st.lists(leads, max_size=40), leads)
def test_a_percentage_is_bayes_on_the_rows_that_match(past: list[Lead], lead: Lead) -> None:
    lead = lead | {"outcome": "open", "stage": "S1", "tags": []}
    table = _fit(past, ["country", "email_state"])
    mine = [key for key in table if key[0] == lead["team"]] if lead["team"] else []
    cells: dict[tuple[str, str], tuple[float, float]] = {}
    for team, variable, value in mine or list(table):
        won, lost = table[team, variable, value]
        before = cells.get((variable, value), (0.0, 0.0))
        if variable != "tags":
            cells[variable, value] = before[0] + won, before[1] + lost
    if ("stage", "S0") not in cells:
        assert _score(table, lead) == 0
        return
    first = cells["stage", "S0"]
    sides: list[float] = []
    for side in (0, 1):
        shares = [first[side] / sum(first)]
        for variable, value in (
            ("stage", "S1"),
            ("country", str(lead.get("country") or "?")),
            ("email_state", str(lead.get("email_state") or "False")),
        ):
            if (variable, value) in cells:
                whole = sum(counts[side] for (name, _), counts in cells.items() if name == variable)
                shares.append(cells[variable, value][side] / (first[side] if variable == "stage" else whole))
        sides.append(prod(shares))
    expected = min(max(100 * sides[0] / sum(sides), 0.01), 99.99)
    assert _score(table, lead) == pytest.approx(expected, abs=WITHIN + 1e-9)


@pytest.mark.parametrize(
    ("lead", "says"),
    [
        ({"outcome": "abandoned", "stage": "S0"}, "an outcome is won, lost or open, not 'abandoned'"),
        ({"outcome": "lost", "stage": "S9"}, "there is no stage 'S9'; there are: S0, S1, S2, WON"),
        ({"outcome": "lost", "stage": "WON"}, "a lead in the won stage 'WON' cannot be lost"),
        ({"outcome": "lost", "stage": "S0", "stage_id": 1}, "a lead says 'stage' and 'stage_id': keep one"),
        ({"outcome": "won", "country": ["BE", "CH"]}, "'country' holds one value, not ['BE', 'CH']"),
        ({"outcome": "won", "tags": "vip"}, "tags are a list of ids or names, not 'vip'"),
    ],
)
def test_an_unclear_lead_is_refused(lead: Lead, says: str) -> None:
    with pytest.raises(ValueError, match="^" + says.replace("[", r"\[").replace("]", r"\]")):
        _fit([lead])


def test_an_unclear_table_is_refused() -> None:
    with pytest.raises(ValueError, match="a row is found by"):
        FrequencyTable.from_counts({("stage", "S0"): (1, 2)})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="spelled differently"):
        FrequencyTable.from_counts({("t", "tag_id", 1): (1, 2), ("t", "tags", "1"): (1, 2)})  # type: ignore[dict-item]
    for counts in ((-1, 2), (1,), (float("nan"), 1), 3):
        with pytest.raises(ValueError, match="finite and at least 0"):
            FrequencyTable.from_counts({("t", "stage", "S0"): counts})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="the order of the stages is not known"):
        FrequencyTable.from_counts({}).record({"outcome": "won"})
    with pytest.raises(ValueError, match="the outcome is what is predicted"):
        _fit([], ["outcome"])
    with pytest.raises(ValueError, match="a list of names"):
        _fit([], "country")
    for stages in (["S0"], [("S0", "no")], [("S0", False), ("S0", True)]):
        with pytest.raises(ValueError, match="stage"):
            fit_frequencies([], stages=stages, variables=[])  # type: ignore[arg-type]


def test_a_table_of_counts_learns_the_order_of_the_stages_with_the_lead() -> None:
    table = FrequencyTable.from_counts({("t", "stage", "S0"): (1.1, 2.1), ("t", "country", "C"): (0.1, 0.1)})
    table.record({"team": "t", "stage": "S1", "outcome": "lost", "country": "C"}, stages=STAGES)
    assert table["t", "stage", "S0"] == pytest.approx((1.1, 3.1))
    assert table["t", "stage", "S1"] == table["t", "country", "C"] == pytest.approx((0.1, 1.1))
    table.forget({"team": "t", "stage": "S2", "outcome": "lost"}, stages=STAGES)
    assert table["t", "stage", "S1"] == pytest.approx((0.1, 0.1))
    assert ("t", "stage", "S2") not in table


def test_a_lead_that_is_refused_is_not_counted_in_part() -> None:
    table = _fit(_leads(None))
    before = dict(table)
    with pytest.raises(ValueError, match="tags are a list"):
        table.record({"team": "t1", "stage": "S0", "outcome": "lost", "tags": "vip"})
    assert dict(table) == before


def test_keys_are_compared_as_texts_and_found_by_either_name() -> None:
    leads: list[Lead] = [{"team_id": 7, "stage_id": 1, "tag_ids": [4], "country_id": 21, "outcome": "lost"}]
    table = fit_frequencies(leads, stages=[(1, False), (2, True)], variables=["country_id", "stage_id", "tag_ids"])
    assert table[7, "country_id", 21] == (0.1, 1.1)  # type: ignore[index]
    assert table[7, "tag_id", "4"] == table[7, "tags", "4"] == (0.1, 1.1)
    assert [record["variable"] for record in table.as_records()] == ["stage", "country_id", "tags"]
    assert repr(table) == "<FrequencyTable: 3 rows of 1 teams>"
