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
from tests.roles import ready
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


def test_tables_replicas_go_with_it_and_backups_by_their_name(clients):
    dynamodb, deleters = clients["dynamodb"], services.known("dynamodb").deleters
    dynamodb.create_table(
        TableName="Scores",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.update_table(TableName="Scores", ReplicaUpdates=[{"Create": {"RegionName": "eu-west-1"}}])
    for name in ("before", "after"):
        dynamodb.create_backup(TableName="Scores", BackupName=name)
    assert deleters["AWS::DynamoDB::Table"](clients, "Scores")
    assert not deleters["AWS::DynamoDB::Table"](clients, "Scores")
    assert deleters["AWS::DynamoDB::Backup"](clients, "before")
    assert not deleters["AWS::DynamoDB::Backup"](clients, "before")
    assert [each["BackupName"] for each in dynamodb.list_backups()["BackupSummaries"]] == ["after"]


def test_streams_of_kinesis_go_with_their_consumers(clients):
    kinesis, known = clients["kinesis"], services.known("kinesis")
    kinesis.create_stream(StreamName="clicks", ShardCount=2)
    arn = kinesis.describe_stream_summary(StreamName="clicks")["StreamDescriptionSummary"]["StreamARN"]
    kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="app")
    [row] = known.rows(clients)
    assert (row.part, row.name, row.what["OpenShardCount"]) == (Part.BUILT, "clicks", 2)
    [tab] = known.tabs
    assert list(tab.shows.rows(clients)) == [("clicks", "provisioned", 2, 24)]
    assert known.deleters["AWS::Kinesis::Stream"](clients, "clicks")
    assert not known.deleters["AWS::Kinesis::Stream"](clients, "clicks")


def test_streams_of_firehose_are_found_on_all_pages_and_deleted(clients, emulator):
    firehose, known = clients["firehose"], services.known("firehose")
    role = ready(emulator)
    clients["s3"].create_bucket(Bucket="archive")
    destination = {"RoleARN": role, "BucketARN": "arn:aws:s3:::archive"}
    for name in ("one", "two"):
        firehose.create_delivery_stream(DeliveryStreamName=name, ExtendedS3DestinationConfiguration=destination)
    assert [(row.part, row.name) for row in known.rows(clients)] == [(Part.BUILT, "one"), (Part.BUILT, "two")]
    delete = known.deleters["AWS::KinesisFirehose::DeliveryStream"]
    assert delete(clients, "one")
    assert not delete(clients, "one")


@pytest.fixture
def with_cognito(clients):
    if clients.emulator.name == "localstack":
        pytest.skip("LocalStack 4.14.0 has no Cognito")
    return clients


def test_user_pool_goes_with_its_domain_and_a_user_alone(with_cognito):
    clients = with_cognito
    idp, deleters = clients["cognito-idp"], services.known("cognito-idp").deleters
    pool = idp.create_user_pool(PoolName="owners")["UserPool"]["Id"]
    idp.create_user_pool_domain(UserPoolId=pool, Domain="owners-of-pets")
    for name in ("ana", "bea"):
        idp.admin_create_user(UserPoolId=pool, Username=name, MessageAction="SUPPRESS")
    assert deleters["AWS::Cognito::UserPoolUser"](clients, "ana")
    assert not deleters["AWS::Cognito::UserPoolUser"](clients, "ana")
    assert [user["Username"] for user in idp.list_users(UserPoolId=pool)["Users"]] == ["bea"]
    assert deleters["AWS::Cognito::UserPool"](clients, "owners")
    assert not deleters["AWS::Cognito::UserPool"](clients, "owners")
    assert idp.describe_user_pool_domain(Domain="owners-of-pets")["DomainDescription"] == {}


def test_what_cognito_holds_is_read_and_listed(with_cognito):
    clients = with_cognito
    idp, identity = clients["cognito-idp"], clients["cognito-identity"]
    pool = idp.create_user_pool(PoolName="owners")["UserPool"]["Id"]
    idp.create_user_pool_client(UserPoolId=pool, ClientName="site")
    idp.create_group(UserPoolId=pool, GroupName="vets")
    mail = [{"Name": "email", "Value": "ana@example.com"}]
    idp.admin_create_user(UserPoolId=pool, Username="ana", MessageAction="SUPPRESS", UserAttributes=mail)
    idp.admin_add_user_to_group(UserPoolId=pool, Username="ana", GroupName="vets")
    identity.create_identity_pool(IdentityPoolName="owners", AllowUnauthenticatedIdentities=False)
    names = [(row.part, row.name) for row in services.known("cognito-idp").rows(clients)]
    assert names == [(Part.BUILT, "owners")] * 2 + [(Part.BUILT, "vets"), (Part.LEFT, "ana")]
    assert [row.name for row in services.known("cognito-identity").rows(clients)] == ["owners"]
    (tab,) = services.known("cognito-idp").tabs
    assert list(tab.shows.rows(clients)) == [("ana", "owners", "FORCE_CHANGE_PASSWORD", "ana@example.com", "vets")]
    deleter = services.known("cognito-identity").deleters["AWS::Cognito::IdentityPool"]
    assert deleter(clients, "owners")
    assert not deleter(clients, "owners")
