"""`oppcore templates`, `oppcore diagram`, and `--template` instead of a pipeline file."""

import json

import pytest

from oppcore import load_pipeline, template
from oppcore.pipeline import draw, template_keys, template_text

HISTORY = """OpportunityId,StageName,CreatedDate,Amount,CloseDate
1,Prospecting,2024-01-01,100,2024-03-01
1,Proposal/Price Quote,2024-01-05,100,2024-03-01
1,Closed Won,2024-01-09,100,2024-03-01
2,Id. Decision Makers,2024-01-02,200,2024-04-01
3,Negotiation/Review,2024-01-02,50,2024-04-01
3,Closed Lost,2024-01-08,50,2024-04-01
"""
MAP = "opportunity_id=OpportunityId,stage=StageName,at=CreatedDate,amount=Amount,expected_close_on=CloseDate"


@pytest.fixture
def export(tmp_path):
    file = tmp_path / "OpportunityHistory.csv"
    file.write_text(HISTORY)
    return (file, "--map", MAP, "--timezone", "UTC", "--currency", "EUR")


def test_the_templates_are_listed_with_their_labels(oppcore):
    lines = oppcore("templates").out.splitlines()
    listed = json.loads(oppcore("templates", "--format", "json").out)["templates"]

    assert tuple(line.split()[0] for line in lines[3:-1]) == template_keys()
    assert tuple(one["key"] for one in listed) == template_keys()
    for one in listed:
        pipeline = template(one["key"])
        assert (one["kind"], one["labels"]) == (str(pipeline.kind), dict(pipeline.labels))
        assert [stage["labels"] for stage in one["stages"]] == [dict(stage.labels) for stage in pipeline.stages]


@pytest.mark.parametrize("key", template_keys())
def test_a_template_is_printed_as_the_document_it_is(oppcore, shell, tmp_path, key):
    printed = oppcore("templates", key).out
    plain = json.loads(oppcore("templates", key, "--format", "json").out)
    file = tmp_path / "mine.toml"
    file.write_text(printed, encoding="utf-8")

    assert printed == template_text(key)
    assert plain["template"] == key
    assert load_pipeline(printed) == load_pipeline(plain["pipeline"]) == template(key)
    assert oppcore("check", file).out.startswith(f"Pipeline {key}, revision 1: no faults")


def test_a_pipeline_is_drawn_from_a_file_from_standard_input_and_from_a_template(oppcore, shell, tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(template_text("needs_led"), encoding="utf-8")
    drawn = draw(template("needs_led"), language="zh")

    assert oppcore("diagram", file, "--language", "zh").out == drawn
    assert oppcore("diagram", "--template", "needs_led", "--language", "zh").out == drawn
    assert shell("diagram", "-", stdin=template_text("needs_led").encode()).out == draw(template("needs_led"))
    assert json.loads(oppcore("diagram", file, "--language", "zh", "--format", "json").out) == {
        "pipeline": "needs_led",
        "revision": 1,
        "language": "zh",
        "diagram": drawn,
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["templates", "fullcycle"], "there is no template 'fullcycle'; perhaps 'full_cycle'; there are: customer"),
        (["diagram"], "name a pipeline file, or a template with --template KEY"),
        (["diagram", "x.toml", "--template", "leads"], "name a pipeline file or a template, not both"),
        (["diagram", "--template", "x"], "there is no template 'x'; there are:"),
        (["diagram", "--template", "leads", "--language", "tlh"], "there are: en, zh"),
        (["diagram", "nowhere.toml"], "nowhere.toml"),
        (["funnel", "-", "--template", "x"], "there is no template 'x'"),
        (["funnel", "-", "--template", "leads", "--pipeline", "x.toml"], "a pipeline file or a template, not both"),
        (["funnel", "-", "--template", "leads", "--won", "x"], "without --pipeline and --template, which say it all"),
        (["snapshot", "-", "--template", "leads", "--steps", "x"], "which --pipeline or --template says already"),
    ],
)
def test_wrong_usage_is_said_in_words(oppcore, arguments, said):
    ran = oppcore(*arguments, code=2)

    assert said in " ".join(ran.err.split())
    assert ran.out == ""


def test_a_file_with_faults_is_not_drawn(oppcore, tmp_path):
    file = tmp_path / "bad.toml"
    file.write_text('key = "x"\nstages = [{key = "a", kind = "opn"}]')

    assert "bad.toml: stages[0].kind" in oppcore("diagram", file, code=2).err


def test_a_salesforce_history_is_measured_without_a_pipeline_file(oppcore, export):
    found = json.loads(oppcore("funnel", *export, "--template", "salesforce", "--format", "json").out)
    snapshot = json.loads(oppcore("snapshot", *export, "--template", "salesforce", "--format", "json").out)

    assert [step["name"] for step in found["steps"]] == [
        *(stage.key for stage in template("salesforce").open_stages),
        "won",
    ]
    assert (snapshot["open"], snapshot["won"], snapshot["lost"]) == (1, 1, 1)


def test_a_forecast_by_a_template_says_that_its_probabilities_are_examples(oppcore, export):
    found = json.loads(oppcore("forecast", *export, "--template", "salesforce", "--format", "json").out)

    assert (found["probabilities"], found["numbers"]) == ({"own": 0, "stage": 1}, "example")
    assert "a template's examples" in oppcore("forecast", *export, "--template", "salesforce").out
