"""What is there without its settings is there, only not right: neither a check nor the picture calls it absent."""

import pytest

from lab_harness import run_checks
from lab_harness.lab.labs import load_lab
from lab_harness.render.architecture import MISSING, WRONG, state_of
from lab_harness.results import LabReport
from lab_harness.runner import run_alone

from .bare_accounts import build

pytestmark = pytest.mark.embedded_only("what other tests have on the same LocalStack is in the way")

# Checks on how something is set that each lab asks for.
SETTINGS = [
    ("orders_pipeline", "orders_are_redriven"),
    ("web_app", "bucket_is_a_website"),
    ("lambda_under_load", "five_are_reserved"),
    ("lambda_under_load", "events_are_tried_three_times"),
    ("queues_and_topics", "shelter_redrives"),
    ("queues_and_topics", "shelter_alone_may_use_it"),
    ("thumbnails", "function_has_the_layer"),
    ("dynamodb_tables", "stream_is_on"),
]


@pytest.mark.parametrize(("name", "check"), SETTINGS)
def test_what_is_not_set_is_not_right_in_the_cell_and_in_the_picture(clients, name, check):
    lab = load_lab(name)
    build(clients, lab)
    [found] = [run_alone(each, clients) for each in lab.all_checks if each.name == check]
    assert (found.outcome, found.word) == ("failed", "failed"), found
    assert state_of([check], LabReport(lab.id, lab.title, "embedded", (found,))) is WRONG


def test_picture_of_a_bare_account_calls_no_resource_absent(clients):
    lab = load_lab("orders_pipeline")
    build(clients, lab)
    report = run_checks(lab, clients)
    states = {node.label: state_of(node.checks, report) for node in lab.file.diagram.nodes}
    assert MISSING not in states.values(), states
