"""Tests for the console as a whole: its tabs, and what they do with an account that is empty, solved, odd or gone."""

import pytest

from lab_harness import load_lab
from lab_harness.aws import Clients
from lab_harness.course import Course
from lab_harness.emulators.attached import Attached
from lab_harness.emulators.localstack import LocalStack
from lab_harness.emulators.process import free_port
from lab_harness.errors import EmulatorNotReady
from lab_harness.lab.labs import lab_ids
from lab_harness.notebook import console
from tests.conftest import ROOT
from tests.waiting import wait_until

from .helpers import HOSTILE, Partly, Refusing, look, words

EVERYWHERE = ["timeline", "calls"]
OF_FUNCTIONS = ["logs", "metrics"]
LABS = lab_ids(Course(ROOT))
# One name in each tab that shows the solved lab's resources.
SOLVED = {
    "first_steps": {"queues": "first-steps"},
    "hello_lambda": {"logs": "hello-world", "metrics": "hello-world: the last 30 minutes"},
    "orders_pipeline": {"queues": "pet-orders-dlq", "tables": "PetOrders: partition key orderId (S), 0 items"},
    "state_machine": {"machines": "pet-adoption", "queues": "adoption-approvals", "tables": "Pets: "},
    "termination_alert": {"rules": "EC2StateChange", "instances": "termination-alert"},
    "pets_api": {"apis": "PetStore"},
    "web_app": {"apis": "pet-shop-rest", "tables": "PetShopItems", "buckets": "pet-shop-site-000000000000"},
}


@pytest.mark.parametrize(
    ("lab", "tabs"),
    [
        ("hello_lambda", OF_FUNCTIONS),
        ("orders_pipeline", ["queues", "tables", *OF_FUNCTIONS]),
        ("state_machine", ["machines", "queues", "tables", *OF_FUNCTIONS]),
        ("termination_alert", ["instances", "rules", "queues", "inbox", *OF_FUNCTIONS]),
        ("pets_api", ["apis", *OF_FUNCTIONS]),
        ("web_app", ["apis", "tables", "buckets", *OF_FUNCTIONS]),
    ],
)
def test_lab_has_the_tabs_of_the_services_that_it_uses(lab, tabs):
    found = console.tabs(load_lab(lab))
    assert [tab.id for tab in found] == [*tabs, *EVERYWHERE]
    assert all(tab.title for tab in found)


@pytest.mark.parametrize("lab", LABS)
def test_untouched_account_says_what_will_appear_in_each_tab(lab, embedded):
    embedded.reset()
    clients = Clients(embedded)
    for tab in console.tabs(load_lab(lab)):
        said = " ".join(words(tab.show(clients)))
        assert "Nothing yet." in said or "Nothing has happened yet." in said, tab.id
        assert "appear" in said or "Send a request" in said, tab.id


@pytest.mark.parametrize("lab", LABS)
def test_solved_lab_is_shown_in_its_tabs(lab, account):
    load_lab(lab).solve(account)
    for tab in console.tabs(load_lab(lab)):
        wait_until(lambda tab=tab: SOLVED.get(lab, {}).get(tab.id, "") in " ".join(words(tab.show(account))))
        assert all(str(block) for block in tab.show(account)), tab.id


def test_emulator_that_is_gone_is_one_error():
    gone = Clients(LocalStack(f"http://127.0.0.1:{free_port()}"))
    for lab in LABS:
        for tab in console.tabs(load_lab(lab)):
            if tab.id != "calls":  # which LocalStack does not keep, so that nobody is asked
                with pytest.raises(EmulatorNotReady):
                    tab.show(gone)


def test_emulator_of_another_folder_shows_all_but_what_is_the_folders_own(embedded, monkeypatch):
    embedded.reset()
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", embedded.learner.secret_access_key)
    clients = Clients(Attached(embedded.endpoint))
    clients["sqs"].create_queue(QueueName="pet-orders")
    assert "pet-orders" in words(look("orders_pipeline", "queues", clients))
    for tab in ("calls", "timeline"):
        assert "belongs to another folder" in " ".join(words(look("orders_pipeline", tab, clients)))
    assert "belongs to another folder" in " ".join(words(look("termination_alert", "inbox", clients)))


def test_part_that_cannot_be_read_says_so_and_hides_no_other(account):
    account["apigateway"].create_rest_api(name="pet-shop-rest")
    broken = Refusing(account["apigatewayv2"], "get_apis", message=f"It is broken: {HOSTILE}")
    emulator = account.emulator
    if not emulator.supports("apigatewayv2"):
        pytest.skip("this emulator has no HTTP APIs")
    rest, http = look("web_app", "apis", Partly(account, apigatewayv2=broken))
    assert "pet-shop-rest" in words([rest])
    assert words([http]) == ["HTTP APIs", f"This could not be read: It is broken: {HOSTILE}"]


def test_service_that_refuses_everything_is_a_note_in_its_tab(account):
    for lab, tab, service, operation in [
        ("state_machine", "machines", "stepfunctions", "list_state_machines"),
        ("orders_pipeline", "queues", "sqs", "list_queues"),
        ("orders_pipeline", "tables", "dynamodb", "list_tables"),
        ("hello_lambda", "logs", "logs", "describe_log_groups"),
        ("hello_lambda", "metrics", "lambda", "list_functions"),
        ("termination_alert", "rules", "events", "list_event_buses"),
        ("termination_alert", "instances", "ec2", "describe_instances"),
        ("web_app", "buckets", "s3", "list_buckets"),
        ("hello_lambda", "timeline", "logs", "describe_log_groups"),
    ]:
        refusing = Partly(account, **{service: Refusing(account[service], operation)})
        assert words(look(lab, tab, refusing))[1:] == ["This could not be read: It is broken."], tab
