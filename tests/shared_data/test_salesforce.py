"""A true Salesforce export: it loads once its dates, percents and currency are said, and not before."""

from decimal import Decimal

import pytest

from oppcore.exchange import read_changes, read_table
from oppcore.funnel import measure_lead_sources
from oppcore.history import fold_history
from oppcore.history.inference import infer_pipeline

COLUMNS = {
    "opportunity_id": "OpportunityId",
    "stage": "StageName",
    "at": "CreatedDate",
    "amount": "Amount",
    "probability": "Probability",
    "forecast_category": "ForecastCategory",
    "expected_close_on": "CloseDate",
    "actor_id": "CreatedById",
}
SAID = ("--date-format", "%m/%d/%y %I:%M %p", "--date-format", "%m/%d/%y", "--percent")
SAID = (*SAID, "--currency", "USD", "--timezone", "America/Los_Angeles")
MEANING = ("--won", "Closed Won", "--lost", "Closed Lost")


@pytest.fixture
def known(figures):
    return figures("salesforce_devorg_history")


@pytest.fixture
def reading(folder):
    file = folder / "salesforce_devorg_history" / "OpportunityHistory.csv"
    return (file, "--map", ",".join(f"{ours}={theirs}" for ours, theirs in COLUMNS.items()))


def test_it_says_exactly_what_would_help(oppcore, reading):
    said = oppcore("snapshot", *reading, *MEANING, code=2)

    assert "--date-format '%m/%d/%y %I:%M %p'" in said
    assert "--date-format '%m/%d/%y'" in said
    assert "--percent" in said
    assert "--currency CODE" in said
    assert "--timezone ZONE" in oppcore("funnel", *reading, *SAID[:-2], *MEANING, code=2)


def test_then_it_loads(oppcore, reading, known):
    found = oppcore("snapshot", *reading, *SAID, *MEANING)
    by_stage = {stage["name"]: stage for stage in found["stages"]}

    assert known["open_won_lost"] == {key: found[key] for key in ("open", "won", "lost")}
    assert {name: stage["count"] for name, stage in by_stage.items() if stage["count"]} == {
        name: count for name, count in known["by_stage"].items() if not name.startswith("Closed")
    }
    assert {name: Decimal(stage["amount"].get("USD", 0)) for name, stage in by_stage.items()} == {
        name: amount for name, amount in known["amount_by_stage"].items() if not name.startswith("Closed")
    }


def test_closed_won_to_closed_lost_is_overturned(folder, known):
    history = read_changes(
        read_table(folder / "salesforce_devorg_history" / "OpportunityHistory.csv"),
        columns=COLUMNS,
        timezone="UTC",
        date_format=["%m/%d/%y %I:%M %p", "%m/%d/%y"],
        currency="USD",
        percent=True,
    )
    pipeline = infer_pipeline(history, won=["Closed Won"], lost=["Closed Lost"])
    past = fold_history(history, pipeline)
    endings = [[str(change.outcome) for change in trail.outcome_changes] for trail in past.trails]

    assert (len(history), len(history.rows)) == (known["history_opportunities"], known["history_rows"])
    assert endings.count(["won", "lost"]) == known["stage_changes"]["Closed Won -> Closed Lost"] == 7


def test_the_funnel_says_that_they_are_no_longer_won(oppcore, reading):
    found = oppcore("funnel", *reading, *SAID, *MEANING, "--count", "touched")

    assert found["steps"][-1]["count"] == 19
    assert found["no_longer_won"] == 7


def test_it_loads_by_the_template_without_saying_what_the_stages_mean(oppcore, reading, known):
    found = oppcore("snapshot", *reading, *SAID, "--template", "salesforce")

    assert known["open_won_lost"] == {key: found[key] for key in ("open", "won", "lost")}
    assert {stage["name"]: stage["count"] for stage in found["stages"] if stage["count"]} == {
        name: count for name, count in known["by_stage"].items() if not name.startswith("Closed")
    }


def test_the_leads_by_source_count_as_in_the_file(folder):
    found = list(read_table(folder / "salesforce_devorg_history" / "Lead.csv"))
    leads = read_changes(
        ({**one, "stage": one["Status"], "at": "2026-02-23"} for one in found),
        columns={"opportunity_id": "Id", "source": "LeadSource"},
        timezone="UTC",
    )
    changes = read_table(folder / "salesforce_devorg_history" / "OpportunityHistory.csv")
    history = read_changes(
        changes,
        columns={"opportunity_id": "OpportunityId", "stage": "StageName", "at": "CreatedDate"},
        date_format="%m/%d/%y %I:%M %p",
        timezone="UTC",
        lenient=True,
        money=False,
    )
    pipeline = infer_pipeline(history, won=["Closed Won"], lost=["Closed Lost"])
    links = [(one["Id"], one["ConvertedOpportunityId"]) for one in found if one["ConvertedOpportunityId"]]
    report = measure_lead_sources(history, pipeline, leads=leads, links=links)

    assert report.aside["leads"] == len(found) == 22
    assert report.aside["links_without_deal"] == 0
    assert sum(one.converted.numerator for one in report.rows) == len(links)
    for one in report.rows:
        mine = [lead for lead in found if (lead["LeadSource"] or None) == one.source]
        assert one.leads == len(mine)
        assert one.converted.numerator == sum(bool(lead["ConvertedOpportunityId"]) for lead in mine)
