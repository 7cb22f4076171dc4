"""Tests for what is known of AWS services: a module that is put beside the others is all that a service needs."""

import sys
from pkgutil import resolve_name
from types import SimpleNamespace

import pytest

from lab_harness.account import services
from lab_harness.account.changes import Change, Changes
from lab_harness.account.resources import remove_resources
from lab_harness.account.service import Part
from lab_harness.account.state import account_state, differences
from lab_harness.authoring.lint.files import resources_can_be_removed
from lab_harness.authors.made import remember
from lab_harness.emulators.base import Call
from lab_harness.lab.labs import load_lab
from lab_harness.notebook.console import tabs
from tests.notebook.console.helpers import words
from tests.waiting import PATIENCE

# A service that no lab uses, with all that a module can say of one.
PARAMETERS = '''
"""Systems Manager's parameters."""

from lab_harness.account.service import Listing, Part, Row, Service, ServiceTab
from lab_harness.answers import pages, there


def _delete(clients, name):
    return there(clients["ssm"].delete_parameter, Name=name) is not None


def _rows(clients):
    for parameter in pages(clients["ssm"], "describe_parameters", "Parameters"):
        yield Row(Part.BUILT, parameter["Name"], parameter)


def _parameters(clients):
    return sorted((each["Name"], each["Type"]) for each in pages(clients["ssm"], "describe_parameters", "Parameters"))


LISTING = Listing(("parameter", "type"), _parameters, "Parameters appear here.")
SERVICE = Service(
    name="ssm",
    deleters={"AWS::SSM::Parameter": _delete},
    rows=_rows,
    configured=True,
    sets_going=("LabelParameterVersion",),
    tabs=(ServiceTab("parameters", "Parameters", 55, LISTING),),
)
'''
LABEL = Call(1, 0.0, "ssm", "LabelParameterVersion", "learner", 200, 0.0)


@pytest.fixture
def parameter_store(tmp_path, monkeypatch):
    """One module more beside those of the other services."""
    (tmp_path / "parameter_store.py").write_text(PARAMETERS, encoding="utf-8")
    monkeypatch.setattr(services, "__path__", [*services.__path__, str(tmp_path)])
    services.known_services.cache_clear()
    yield
    services.known_services.cache_clear()
    sys.modules.pop(f"{services.__name__}.parameter_store", None)


@pytest.fixture
def lab(sample_course):
    """A lab that asks for a parameter beside its queue."""
    path = sample_course("queue").labs / "queue" / "lab.toml"
    text = path.read_text(encoding="utf-8").replace('["sqs"]', '["sqs", "ssm"]')
    path.write_text(f'{text}\n[[resources]]\ntype = "AWS::SSM::Parameter"\nname = "greeting"\n', encoding="utf-8")
    return load_lab("queue")


def put(clients, *names):
    for name in names:
        clients["ssm"].put_parameter(Name=name, Value="hello", Type="String")


def shown(lab, clients):
    return words(next(tab for tab in tabs(lab) if tab.id == "parameters").show(clients))


@pytest.mark.usefixtures("parameter_store")
def test_reset_deletes_its_resources(lab, clients):
    put(clients, "greeting", "another")
    assert list(resources_can_be_removed(None, lab)) == []
    assert [resource.name for resource in remove_resources(lab, clients)] == ["greeting"]
    assert [each["Name"] for each in clients["ssm"].describe_parameters()["Parameters"]] == ["another"]


@pytest.mark.usefixtures("parameter_store")
def test_its_state_is_compared(clients):
    before = account_state(clients, ["ssm"])
    put(clients, "greeting")
    assert differences(before, account_state(clients, ["ssm"]))[Part.BUILT] == {"ssm"}


@pytest.mark.usefixtures("parameter_store")
def test_its_changes_are_seen_without_a_call_log(clients, monkeypatch):
    monkeypatch.setattr(clients.emulator, "calls", lambda *_: None)
    changes = Changes(clients, ["ssm"], interval=0.01)
    put(clients, "greeting")
    assert changes.wait(PATIENCE) == Change(frozenset({"ssm"}), sets_going=False)


@pytest.mark.usefixtures("parameter_store")
def test_its_calls_are_understood():
    emulator = SimpleNamespace(calls=lambda since=0, wait=0.0: [LABEL] if since == 0 and wait else [])
    changes = Changes(SimpleNamespace(emulator=emulator), ["ssm"])
    assert changes.wait(PATIENCE) == Change(frozenset(), sets_going=True)


@pytest.mark.usefixtures("parameter_store")
def test_its_tab_is_shown_in_its_place(lab, clients):
    assert [tab.title for tab in tabs(lab)] == ["Queues", "Parameters", "Timeline", "AWS calls"]
    assert shown(lab, clients) == ["Nothing yet.", "Parameters appear here."]
    put(clients, "a-name", "greeting", remember("of-a-check"))
    assert shown(lab, clients)[-4:] == ["greeting", "String", "a-name", "String"]


def test_service_that_no_module_describes_has_no_tab_and_its_resources_cannot_be_removed(lab):
    assert [tab.id for tab in tabs(lab)] == ["queues", "timeline", "calls"]
    [problem] = resources_can_be_removed(None, lab)
    assert problem.endswith("has a deleter for AWS::SSM::Parameter")


def test_services_do_not_contradict_each_other():
    known = services.known_services().values()
    types = [kind for service in known for kind in service.deleters]
    every_tab = {tab for service in known for tab in service.tabs}
    assert len(types) == len(set(types))
    assert len(every_tab) == len({tab.id for tab in every_tab}) == len({tab.place for tab in every_tab})
    assert all(callable(resolve_name(tab.shows)) for tab in every_tab if isinstance(tab.shows, str))
