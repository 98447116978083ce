"""The contract finds out what is broken: each broken store by the case that should, with the exception that should."""

import json
import subprocess
import sys

import pytest

from oppcore.testing import RepositoryContract
from tests.packaging.sources import TREE
from tests.repository.killing import HISTORIES, LOCKSTEP, SEARCHED, SIMULATION, broken_stores

STORES = broken_stores()
NOT_DECLARED = {  # the right store is no Filter
    "test_a_condition_leaves_out_nothing_of_which_it_is_true",
    "test_a_condition_goes_through_pages",
    "test_a_condition_on_what_has_no_fields_finds_nothing",
}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """Which exception each case ended with, by store and case; None where it passed."""
    folder = tmp_path_factory.mktemp("outcomes")
    command = [sys.executable, "-m", "tests.repository.killing", str(folder)]
    done = subprocess.run(command, cwd=TREE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    return json.loads((folder / "outcomes.json").read_text())


@pytest.mark.parametrize("store", STORES, ids=lambda store: store.__name__)
def test_a_broken_store_is_found_out_by_the_case_that_should(outcomes, store):
    assert outcomes[f"{store.__name__}.{store.by}"] == store.error


@pytest.mark.parametrize(("store", "case"), SEARCHED.items())
def test_a_broken_store_is_found_out_by_search_alone(outcomes, store, case):
    assert outcomes[f"{store}.{case}"] == "AssertionError"


def test_the_store_they_differ_from_keeps_the_contract(outcomes):
    found = {name.partition(".")[2]: error for name, error in outcomes.items() if name.startswith("PlainStore.")}

    assert set(found) == {name for name in dir(RepositoryContract) if name.startswith("test_")}
    assert {case: error for case, error in found.items() if error} == dict.fromkeys(NOT_DECLARED, "Skipped")


def test_every_case_finds_something_out():
    cases = {name for name in dir(RepositoryContract) if name.startswith("test_")}

    assert cases - {store.by for store in STORES} == {LOCKSTEP, HISTORIES, SIMULATION}
    assert len(STORES) > 80
