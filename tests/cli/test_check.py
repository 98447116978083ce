"""`oppcore check`: is this a pipeline, in words and as JSON."""

import json

GOOD = 'key = "shop"\nstages = [{key = "lead", kind = "open"}, {key = "won", kind = "won"}]\n'


def test_a_pipeline_is_shown_as_the_document_it_is(shell, tmp_path):
    file = tmp_path / "good.toml"
    file.write_text(GOOD)
    found = json.loads(shell("check", file, "--format", "json").out)

    assert found["problems"] == []
    assert [stage["key"] for stage in found["pipeline"]["stages"]] == ["lead", "won"]


def test_faults_are_given_with_their_codes_and_paths(shell, tmp_path):
    file = tmp_path / "bad.toml"
    file.write_text(GOOD.replace('"won"}', '"wonn"}').replace("lead", "won"))
    found = json.loads(shell("check", file, "--format", "json", code=1).out)

    assert found["pipeline"] is None
    assert [(one["code"], one["path"]) for one in found["problems"]] == [
        ("document.choice", "stages[1].kind"),
        ("key.twice", "stages[1].key"),
    ]
