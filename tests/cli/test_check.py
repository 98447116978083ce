"""`oppcore check`: is this a pipeline, in words and as JSON."""

import json

from oppcore.pipeline.schema import pipeline_schema

GOOD = 'key = "shop"\nstages = [{key = "lead", kind = "open"}, {key = "won", kind = "won"}]\n'


def test_a_pipeline_is_shown_as_the_document_it_is(shell, tmp_path):
    file = tmp_path / "good.toml"
    file.write_text(GOOD)
    found = json.loads(shell("check", file, "--format", "json").out)

    assert [(one["severity"], one["code"]) for one in found["problems"]] == [("note", "reason.none")]
    assert [stage["key"] for stage in found["pipeline"]["stages"]] == ["lead", "won"]


def test_faults_are_given_with_their_codes_and_paths(shell, tmp_path):
    file = tmp_path / "bad.toml"
    file.write_text(GOOD.replace('"won"}', '"wonn"}').replace("lead", "won"))
    found = json.loads(shell("check", file, "--format", "json", code=1).out)

    assert found["pipeline"] is None
    assert [(one["severity"], one["code"], one["path"]) for one in found["problems"]] == [
        ("error", "document.choice", "stages[1].kind"),
        ("error", "key.twice", "stages[1].key"),
    ]


def test_what_was_perhaps_meant_is_given_apart(shell, tmp_path):
    file = tmp_path / "bad.toml"
    file.write_text(GOOD.replace('key = "shop"', 'key = "shop"\nopens_in = ["leed"]'))
    [problem] = json.loads(shell("check", file, "--format", "json", code=1).out)["problems"]

    assert (problem["code"], problem["suggestion"]) == ("key.unknown", "lead")


def test_errors_fail_and_warnings_only_where_they_should(oppcore, tmp_path):
    doubtful, wrong = tmp_path / "doubtful.toml", tmp_path / "wrong.toml"
    doubtful.write_text(GOOD.replace('kind = "open"', 'kind = "open", entry = [{all = []}]'))
    wrong.write_text(GOOD.replace('kind = "won"', 'kind = "won", entry = [{any = []}]'))
    lines = oppcore("check", doubtful).out.splitlines()

    assert lines[0] == "Pipeline shop, revision 1: no faults; 1 warning, 1 note"
    assert lines[-2] == "warning: stages.lead.entry[0] is always true and asks for nothing"
    assert lines[-1].startswith("note: reasons: ")
    assert oppcore("check", doubtful, "--strict", code=1).out.splitlines() == lines
    assert "error: stages.won.entry[0] can never be true" in oppcore("check", wrong, code=1).out
    assert json.loads(oppcore("check", wrong, "--format", "json", code=1).out)["pipeline"]["key"] == "shop"


def test_notes_never_fail(oppcore, tmp_path):
    file = tmp_path / "good.toml"
    file.write_text(GOOD)

    assert "no faults; 1 note" in oppcore("check", file, "--strict").out


def test_the_schema_is_printed_as_it_is(oppcore):
    assert json.loads(oppcore("schema").out) == pipeline_schema()
