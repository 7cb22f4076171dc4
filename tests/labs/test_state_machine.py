"""Tests for the lab state_machine."""

import json
import re
import subprocess
import sys
from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError

from lab_harness import load_lab, run_checks
from lab_harness.authors import eventually, executions, items, queues
from lab_harness.aws import Clients
from lab_harness.lab.notebooks import read_notebook
from tests.conftest import ROOT
from tests.roles import trust
from tests.waiting import PATIENCE

from .helpers import aws_cli, configure, deploy, failure, not_passed

lab = load_lab("state_machine")
FIRST = {
    "hello_exists",
    "table_exists",
    "queue_exists",
    "function_role_is_trusted",
    "machine_role_is_trusted",
}  # what fails in an untouched account
checks = lab.checks
HELLO, MACHINE, TABLE, QUEUE = checks.HELLO, checks.MACHINE, checks.TABLE, checks.QUEUE
FUNCTION_ROLE, MACHINE_ROLE, FUNCTIONS = checks.FUNCTION_ROLE, checks.MACHINE_ROLE, checks.FUNCTIONS
CALLING = ("check_pet_knows_pets", "check_pet_counts_down", "reserve_pet_reserves", "release_pet_releases")
LOOKING = [check.name for check in lab.all_checks if check.task == "given" and check.name not in CALLING]
PASS = {"Type": "Pass", "End": True}


@pytest.fixture(scope="module")
def account(emulator):
    """Clients for all tests that share what is built."""
    return Clients(emulator)


@pytest.fixture
def solved(account, request):
    """The lab solved. Tests that use it put back what they undo, so that it need not be built for each anew."""
    if not {HELLO, MACHINE} <= executions.state_machines(account["stepfunctions"]).keys():
        lab.solve(request.getfixturevalue("clients"))
    return account


def call(check, clients):
    """Call one check, without those that it needs."""
    wanted = next(each for each in lab.all_checks if each.name == check)
    wanted.function(**{name: clients[service] for name, service in wanted.parameters.items()})


def failed(check, clients):
    """The Failure of one check, called without those that it needs."""
    return failure(lambda: call(check, clients))


def update(clients, machine, **changes):
    arn = executions.state_machines(clients["stepfunctions"])[machine]
    clients["stepfunctions"].update_state_machine(stateMachineArn=arn, **changes)


@contextmanager
def edited(clients, edit, machine=MACHINE):
    """The state machine with its states changed by `edit`, for a while. Of pet-adoption it gets those in the Map."""
    text = executions.describe_machine(clients["stepfunctions"], machine)["definition"]
    definition = json.loads(text)
    states = definition["States"]
    edit(states["EachPet"]["ItemProcessor"]["States"] if machine == MACHINE else states)
    update(clients, machine, definition=json.dumps(definition))
    try:
        yield
    finally:
        update(clients, machine, definition=text)


@contextmanager
def policy(clients, role, name, *statements):
    """The role's inline policy replaced by these (action, resource), for a while; removed if it had none."""
    iam = clients["iam"]
    before = None
    if name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        before = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    document = [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in statements]
    put = {"RoleName": role, "PolicyName": name}
    iam.put_role_policy(**put, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": document}))
    try:
        yield
    finally:
        if before:
            iam.put_role_policy(**put, PolicyDocument=json.dumps(before))
        else:
            iam.delete_role_policy(**put)


def queue_url(clients):
    return clients["sqs"].get_queue_url(QueueName=QUEUE)["QueueUrl"]


def running(clients):
    sfn = clients["stepfunctions"]
    arn = executions.state_machines(sfn)[MACHINE]
    return sfn.list_executions(stateMachineArn=arn, statusFilter="RUNNING")["executions"]


def pets(clients):
    return clients["dynamodb"].scan(TableName=TABLE, ConsistentRead=True)["Items"]


def test_another_key_is_named(clients):
    clients["dynamodb"].create_table(
        TableName=TABLE,
        AttributeDefinitions=[{"AttributeName": "name", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "name", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    assert failed("table_exists", clients).found == "the key name (HASH, S)"


def test_provisioned_capacity_and_a_key_that_is_no_text_are_named(clients):
    clients["dynamodb"].create_table(
        TableName=TABLE,
        AttributeDefinitions=[{"AttributeName": "petId", "AttributeType": "N"}],
        KeySchema=[{"AttributeName": "petId", "KeyType": "HASH"}],
        ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
    )
    assert failure(checks.table_is_on_demand, clients["dynamodb"]).found == "the billing mode PROVISIONED"
    assert failure(checks.table_exists, clients["dynamodb"]).found == "the key petId (HASH, N)"


def test_an_express_machine_is_named(clients):
    trust = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = clients["iam"].create_role(RoleName=MACHINE_ROLE, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    definition = json.dumps({"StartAt": "A", "States": {"A": PASS}})
    clients["stepfunctions"].create_state_machine(name=MACHINE, definition=definition, roleArn=role, type="EXPRESS")
    assert failed("machine_exists", clients).found == "the type EXPRESS"


def test_the_aws_cli_serves_for_hello_world(clients):
    trust = {"Effect": "Allow", "Principal": {"Service": ["states.amazonaws.com"]}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": trust})
    made = aws_cli(clients, "iam", "create-role", "--role-name", "mine", "--assume-role-policy-document", document)
    role = json.loads(made)["Role"]["Arn"]
    branch = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 1, "End": True}}}
    definition = {
        "StartAt": "Which",
        "States": {
            "Which": {
                "Type": "Choice",
                "Choices": [
                    {"Not": {"Variable": "$.IsHelloWorldExample", "BooleanEquals": True}, "Next": "Wrong"},
                ],
                "Default": "Both",
            },
            "Wrong": {"Type": "Fail", "Error": "NotHelloWorld"},
            "Both": {"Type": "Parallel", "Branches": [branch], "Next": "Done"},
            "Done": {"Type": "Succeed"},
        },
    }
    try:
        aws_cli(clients, "stepfunctions", "create-state-machine", "--name", HELLO, "--role-arn", role,
                "--definition", json.dumps(definition))  # fmt: skip
        assert run_checks(lab, clients, ["hello"]).complete
    finally:
        clients["iam"].delete_role(RoleName="mine")


def test_solution_passes_every_check_and_nothing_of_the_probes_stays(solved):
    before = running(solved)
    report = run_checks(lab, solved)
    assert [(result.name, result.found) for result in report if result.outcome != "passed"] == []
    assert pets(solved) == []
    assert queues.counts(solved["sqs"], queue_url(solved)) == {"visible": 0, "in flight": 0, "delayed": 0}
    assert running(solved) == before


def test_an_approval_of_the_learner_survives_the_checks(solved):
    sfn, dynamodb = solved["stepfunctions"], solved["dynamodb"]
    data = {"adopter": "Ana", "petIds": ["p1"]}
    with (
        items.probe_items(dynamodb, TABLE, "petId", {"p1": {"status": "available"}}),
        executions.probe_execution(sfn, MACHINE, data) as mine,
    ):
        eventually(lambda: checks.expect.value("messages", 1, len(taken(solved, peek=True)), ""), within=PATIENCE)
        call("approval_is_asked", solved)
        call("refused_pet_is_released", solved)
        found = []
        eventually(lambda: checks.expect.value("my", 1, len(found.extend(taken(solved)) or found), ""), within=PATIENCE)
        (message,) = found
        assert message["petId"] == "p1"
        sfn.send_task_success(taskToken=message["taskToken"], output='{"approved": true}')
        assert mine.end(within=PATIENCE).output == [{"petId": "p1", "status": "adopted"}]


def taken(clients, peek=False):
    """The messages in the queue, removed or only looked at."""
    sqs, url = clients["sqs"], queue_url(clients)
    messages = sqs.receive_message(QueueUrl=url, VisibilityTimeout=0 if peek else 30).get("Messages", [])
    for message in [] if peek else messages:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [json.loads(message["Body"]) for message in messages]


# Undo one thing: exactly that check fails.


def test_a_hello_world_without_a_role_for_it_is_named(solved):
    role = executions.describe_machine(solved["stepfunctions"], HELLO)["roleArn"].rpartition("/")[2]
    solved["iam"].update_assume_role_policy(RoleName=role, PolicyDocument=trust("lambda"))
    try:
        assert "lambda.amazonaws.com" in failed("hello_exists", solved).found
    finally:
        solved["iam"].update_assume_role_policy(RoleName=role, PolicyDocument=trust("states"))


@pytest.mark.parametrize(
    ("edit", "check", "still", "evidence"),
    [
        (lambda s: s["Yes"].update(Next="Parallel State") or s.pop("Wait a second"), "hello_true_succeeds",
         "hello_false_fails", "Parallel State entered"),
        (lambda s: s.update({"No": {"Type": "Fail", "Error": "Other"}}), "hello_false_fails",
         "hello_true_succeeds", "FAILED with Other"),
        (lambda s: s.update({"No": {"Type": "Succeed"}}), "hello_false_fails", "hello_true_succeeds", "SUCCEEDED"),
    ],
)  # fmt: skip
def test_another_hello_world_is_shown_with_its_history(solved, edit, check, still, evidence):
    with edited(solved, edit, HELLO):
        assert evidence in failed(check, solved).found
        call(still, solved)


def test_a_queue_that_gives_messages_away_is_named(solved):
    sqs = solved["sqs"]
    dead = sqs.create_queue(QueueName="lab-test-dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
    sqs.set_queue_attributes(QueueUrl=queue_url(solved), Attributes={"RedrivePolicy": redrive})
    try:
        assert not_passed(run_checks(lab, solved, LOOKING)) == {"queue_exists"}
    finally:
        sqs.set_queue_attributes(QueueUrl=queue_url(solved), Attributes={"RedrivePolicy": ""})
        sqs.delete_queue(QueueUrl=dead)


@pytest.mark.parametrize(
    ("role", "check"), [(FUNCTION_ROLE, "function_role_is_trusted"), (MACHINE_ROLE, "machine_role_is_trusted")]
)
def test_a_role_for_another_service_is_named(solved, role, check):
    trust = json.dumps(solved["iam"].get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"])
    other = trust.replace("lambda.", "ec2.").replace("states.", "ec2.")
    solved["iam"].update_assume_role_policy(RoleName=role, PolicyDocument=other)
    try:
        assert not_passed(run_checks(lab, solved, LOOKING)) == {check}
    finally:
        solved["iam"].update_assume_role_policy(RoleName=role, PolicyDocument=trust)


@pytest.mark.parametrize(
    ("role", "name", "statements", "check", "evidence"),
    [
        (FUNCTION_ROLE, "allowed", [("dynamodb:UpdateItem", "TABLE")], "function_role_fits", "dynamodb:GetItem"),
        (FUNCTION_ROLE, "more", [("dynamodb:DeleteItem", "*")], "function_role_fits", '"*" for dynamodb:DeleteItem'),
        (
            FUNCTION_ROLE,
            "more",
            [("dynamodb:DeleteTable", "TABLE")],
            "function_role_fits",
            "dynamodb:DeleteTable in more",
        ),
        (MACHINE_ROLE, "allowed", [("sqs:SendMessage", "QUEUE")], "machine_role_fits", "lambda:InvokeFunction"),
        (MACHINE_ROLE, "more", [("s3:GetObject", "*")], "machine_role_fits", "actions of s3"),
    ],
)
def test_a_role_that_allows_too_little_or_too_much_is_named(solved, role, name, statements, check, evidence):
    table = solved["dynamodb"].describe_table(TableName=TABLE)["Table"]["TableArn"]
    arns = {"TABLE": table, "QUEUE": queues.attributes(solved["sqs"], QUEUE)["QueueArn"]}
    with policy(solved, role, name, *((action, arns.get(resource, resource)) for action, resource in statements)):
        assert not_passed(run_checks(lab, solved, LOOKING)) == {check}
        assert evidence in failed(check, solved).found


def test_a_machine_that_may_not_write_what_it_writes_is_named(solved):
    arns = [solved["lambda"].get_function_configuration(FunctionName=name)["FunctionArn"] for name in FUNCTIONS]
    queue = queues.attributes(solved["sqs"], QUEUE)["QueueArn"]
    with policy(solved, MACHINE_ROLE, "allowed", ("lambda:InvokeFunction", arns), ("sqs:SendMessage", queue)):
        call("machine_role_fits", solved)
        assert "no permission for dynamodb:UpdateItem" in failed("machine_role_allows_its_own_calls", solved).found


@pytest.mark.parametrize(("seconds", "said"), [(None, "none"), (86401, "86401")])
def test_an_approval_that_may_take_for_ever_is_named(solved, seconds, said):
    change = with_("AskForApproval", TimeoutSeconds=seconds) if seconds else without("AskForApproval", "TimeoutSeconds")
    with edited(solved, change):
        assert failed("approval_is_not_awaited_for_ever", solved).found == f"TimeoutSeconds: {said}"


def test_a_function_with_another_timeout_is_named(solved):
    configure(solved, "release-pet", Timeout=3)
    try:
        assert failed("functions_time_out", solved).found == "a timeout of release-pet in seconds of 3"
    finally:
        configure(solved, "release-pet", Timeout=10)


def test_a_function_with_another_role_is_named(solved):
    iam = solved["iam"]
    right = iam.get_role(RoleName=FUNCTION_ROLE)["Role"]["Arn"]
    other = iam.create_role(RoleName="lab-test-other", AssumeRolePolicyDocument=trust("lambda"))["Role"]["Arn"]
    configure(solved, "release-pet", Role=other)
    try:
        assert "lab-test-other" in failed("functions_exist", solved).found
    finally:
        configure(solved, "release-pet", Role=right)
        iam.delete_role(RoleName="lab-test-other")


@pytest.mark.parametrize(
    ("status", "output", "error", "advice"),
    [
        ("FAILED", None, "States.Runtime", "A state asks for a path that its input lacks"),
        ("FAILED", None, "KeyError", "The function got other input than it takes"),
        ("FAILED", None, "Lambda.ResourceNotFoundException", "Lambda itself refused the call"),
        ("SUCCEEDED", {"adopted": 1}, "", "The output is to be a list"),
        ("SUCCEEDED", [{"status": "adopted"}], "", "Each way through the Map ends with petId and status"),
        ("SUCCEEDED", [{"petId": "p-1", "status": "unavailable"}], "", ""),
        ("FAILED", None, "DynamoDB.ValidationException", "DynamoDB refused the call"),
        ("FAILED", None, "Sandbox.Timedout", "A function took longer than its timeout"),
        ("FAILED", None, "PetNotFound", ""),
        (
            "FAILED",
            "The choice state's condition path references an invalid value.",
            "States.Runtime",
            "A rule of a Choice compares a field that is not there",
        ),
    ],
)
def test_advice_on_an_adoption_fits_its_output(status, output, error, advice):
    cause, output = (output, None) if isinstance(output, str) else ("", output)
    execution = executions.Execution("arn", status, output, error, cause, ())
    entries = output if isinstance(output, list) else []
    found = checks.probes.about_ending(execution, "p-1", {json.dumps(each.get("petId")): "" for each in entries})
    assert found.startswith(advice)
    assert bool(found) is bool(advice)


@pytest.mark.parametrize(
    ("error", "wanted", "given", "as_wanted", "advice"),
    [
        ("", "adopted", "refused", False, "An approval was taken for a refusal"),
        ("DynamoDB.ConditionalCheckFailedException", "adopted", "refused", False, "The pet was reserved, and yet"),
        ("Refused", "refused", "unavailable", True, "The pet's way ended in a state that gives the status unavailable"),
        ("PetNotFound", "not-found", "unavailable", True, "The pet's way ended in a state that gives"),
        ("Refused", "refused", "refused", False, ""),
        ("", "refused", "adopted", False, ""),
        ("", "refused", "adopted", True, ""),
    ],
)
def test_advice_on_a_status_fits_what_the_pet_came_to(error, wanted, given, as_wanted, advice):
    failing = ({"type": "TaskFailed", "taskFailedEventDetails": {"error": error}},) if error else ()
    execution = executions.Execution("arn", "SUCCEEDED", [], "", "", failing)
    found = checks.probes.about_status(execution, wanted, given, as_wanted)
    assert found.startswith(advice)
    assert bool(found) is bool(advice)


@pytest.mark.parametrize(
    ("message", "advice"),
    [
        ({"taskToken": None, "petId": "p1"}, "Only a Resource that ends in .waitForTaskToken has a token"),
        ({"taskToken": "t", "petId": "$.petId"}, "A field that is to hold what a path leads to"),
        ({"TaskToken": "t", "petId": "p1"}, "Section 7 shows MessageBody"),
        ({}, "Section 7 shows MessageBody"),
    ],
)
def test_advice_on_a_message_fits_what_is_wrong_in_it(message, advice):
    assert checks.probes.about_message(message).startswith(advice)


UPDATES = """
import boto3
class PetUnavailable(Exception): pass
def lambda_handler(event, context):
    table = boto3.resource("dynamodb").Table("Pets")
    table.update_item(Key={"petId": event["petId"]}, UpdateExpression="SET #s = :s",
        ExpressionAttributeNames={"#s": "status"}, ExpressionAttributeValues={":s": STATUS})
"""
ALWAYS_FLAKY = """
class TransientError(Exception): pass
class PetNotFound(Exception): pass
def lambda_handler(event, context):
    raise TransientError("no")
"""


@pytest.mark.parametrize(
    ("function", "code", "broken", "evidence"),
    [
        ("check-pet", "def lambda_handler(event, context): pass", {"check_pet_knows_pets", "check_pet_counts_down"},
         "null"),
        ("check-pet", ALWAYS_FLAKY, {"check_pet_knows_pets", "check_pet_counts_down"}, "TransientError: no"),
        ("reserve-pet", UPDATES.replace("STATUS", "'reserved'"), {"reserve_pet_reserves"}, "null"),
        ("release-pet", UPDATES.replace("STATUS", "'available'"), {"release_pet_releases"}, '"status": "available"'),
        ("release-pet", UPDATES.replace("STATUS", "{'available'}"), {"release_pet_releases"}, "{'available'}"),
        ("release-pet", "def lambda_handler(event, context): pass", {"release_pet_releases"}, '"status": "reserved"'),
    ],
)  # fmt: skip
def test_a_wrong_function_is_shown_with_what_it_did(solved, function, code, broken, evidence):
    deploy(solved, function, code)
    try:
        for check in ("check_pet_knows_pets", "check_pet_counts_down", "reserve_pet_reserves", "release_pet_releases"):
            if check not in broken:
                call(check, solved)
        found = [failed(check, solved).found for check in sorted(broken, reverse=True)]
        assert evidence in found[0]
    finally:
        path = lab.folder / "given" / function.replace("-", "_") / "lambda_function.py"
        deploy(solved, function, path.read_text(encoding="utf-8"))


def alone(state):
    """An edit after which a machine has this state only."""

    def edit(states):
        states.clear()
        states["Pass"] = state

    return edit


@pytest.mark.embedded_only("LocalStack needs Java for JSONata, and fetches it from the network")
def test_the_notebooks_state_in_jsonpath_does_what_its_twin_in_jsonata_does(solved):
    cells = read_notebook(ROOT / "notebooks" / lab.file.notebook).cells
    (text,) = (cell.source for cell in cells if cell.id == "jsonata-md")
    (block,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    called = {"FunctionName": "check-pet", "Payload.$": "$"}
    kind = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True}
    twins = [kind | {"Parameters": called, "ResultPath": None}, json.loads(block)]
    assert kind.items() <= twins[1].items()
    solved["dynamodb"].put_item(TableName=TABLE, Item={"petId": {"S": "twin"}, "status": {"S": "available"}})
    pet = {"petId": "twin", "adopter": "Ana"}
    role = executions.describe_machine(solved["stepfunctions"], HELLO)["roleArn"].rpartition("/")[2]
    for state in twins:
        with edited(solved, alone(state), HELLO), policy(solved, role, "twins", ("lambda:InvokeFunction", "*")):
            execution = executions.run_execution(solved["stepfunctions"], HELLO, pet, PATIENCE)
        assert (execution.status, execution.output) == ("SUCCEEDED", pet), execution.described()
    solved["dynamodb"].delete_item(TableName=TABLE, Key={"petId": {"S": "twin"}})


def test_a_machine_with_another_role_is_named(solved):
    before = executions.describe_machine(solved["stepfunctions"], MACHINE)["roleArn"]
    update(solved, MACHINE, roleArn=solved["iam"].get_role(RoleName="hello-world-states-role")["Role"]["Arn"])
    try:
        assert "hello-world-states-role" in failed("machine_exists", solved).found
    finally:
        update(solved, MACHINE, roleArn=before)


def test_an_invalid_definition_is_refused_or_named(solved):
    try:
        with edited(solved, lambda states: states["AdoptPet"].update(Next="NoSuchState")):
            found = failed("definition_is_valid", solved).found  # LocalStack accepts it.
    except ClientError as refused:
        found = str(refused)
    assert "Missing 'Next' target: NoSuchState" in found


def without(state, field):
    return lambda states: states[state].pop(field)


def with_(state, **fields):
    return lambda states: states[state].update(fields)


def instead(state, **fields):
    return lambda states: states.update({state: fields})


def only(*names):
    """Keep these states; the last one is where it ends."""
    return lambda states: [states.pop(name) for name in list(states) if name not in names]


RETRY_ALL = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 1, "BackoffRate": 1}]
RETRY_ONCE = [{"ErrorEquals": ["TransientError"], "IntervalSeconds": 1, "MaxAttempts": 1, "BackoffRate": 1}]
RETRY_TWICE = [{"ErrorEquals": ["TransientError"], "IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 1}]
CATCH_NOT_FOUND = [{"ErrorEquals": ["PetNotFound"], "ResultPath": "$.error", "Next": "NotFound"}]
CATCH_REFUSED = [{"ErrorEquals": ["Refused"], "ResultPath": "$.error", "Next": "ReleasePet"}]
CATCH_ALL = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Refused"}]
ASKS_NOT = {"Variable": "$.approval.approved", "BooleanEquals": True, "Next": "AdoptPet"}  # whether there is one


def message(**fields):
    """The approval's message has these fields only."""

    def edit(states):
        states["AskForApproval"]["Parameters"]["MessageBody"] = fields

    return edit


def unconditional(states):
    for name in ("ConditionExpression",):
        states["AdoptPet"]["Parameters"].pop(name)
    states["AdoptPet"]["Parameters"]["ExpressionAttributeValues"].pop(":reserved")


def ask_first(states):
    """Ask for approval before the pet is reserved."""
    states["CheckPet"]["Next"] = "AskForApproval"
    states["AskForApproval"]["Next"] = "ReservePet"
    states["ReservePet"]["Next"] = "IsApproved"


@pytest.mark.parametrize(
    ("edit", "check", "still", "evidence"),
    [
        pytest.param(with_("CheckPet", Catch=CATCH_REFUSED), "unknown_pet_is_not_found", None,
                     "is FAILED with PetNotFound", id="an unknown pet is not caught"),
        pytest.param(with_("CheckPet", Retry=RETRY_ALL), "unknown_pet_is_not_found", None,
                     "calls of check-pet that failed with PetNotFound: 2", id="every error is tried again"),
        pytest.param(without("CheckPet", "Retry"), "flaky_pet_is_retried", "unknown_pet_is_not_found",
                     "flaky 1 in Pets", id="nothing is tried again"),
        pytest.param(with_("CheckPet", Retry=RETRY_ONCE), "flaky_pet_is_retried", "unknown_pet_is_not_found",
                     "flaky 0 in Pets", id="one try too few, and what is left is caught"),
        pytest.param(instead("ReservePet", Type="Pass", Next="AskForApproval"), "available_pet_is_reserved",
                     "unknown_pet_is_not_found", "it available", id="nothing is reserved"),
        pytest.param(without("ReservePet", "Catch"), "taken_pet_is_unavailable", "available_pet_is_reserved",
                     "is FAILED with PetUnavailable", id="a taken pet is not caught"),
        pytest.param(instead("AskForApproval", Type="Pass", Next="AdoptPet"), "approval_is_asked",
                     "taken_pet_is_unavailable", "no message; the execution SUCCEEDED", id="nobody is asked"),
        pytest.param(message(**{"taskToken.$": "$$.Task.Token", "adopter.$": "$.adopter"}), "approval_is_asked",
                     None, '"adopter": "', id="no petId"),
        pytest.param(message(**{"petId.$": "$.petId", "adopter.$": "$.adopter"}), "approval_is_asked",
                     "available_pet_is_reserved", '"petId": "p', id="no token"),
        pytest.param(message(**{"taskToken": "t", "petId.$": "$.petId", "adopter.$": "$.adopter"}),
                     "approval_is_asked", None, '"taskToken": "t"', id="a made-up token"),
        pytest.param(message(**{"taskToken.$": "$$.Task.Token"}), "approval_is_asked",
                     None, '{"taskToken":', id="nothing but a token"),
        pytest.param(ask_first, "approval_is_asked", None, "the pet available", id="asked before it is reserved"),
        pytest.param(without("ReleasePet", "Retry"), "release_is_retried", "refused_pet_is_released",
                     "none in ReleasePet", id="the release is not tried again"),
        pytest.param(instead("AdoptPet", Type="Pass", Next="Adopted"), "approved_pet_is_adopted",
                     "approval_is_asked", "reserved in Pets; the execution SUCCEEDED", id="adopted in words only"),
        pytest.param(with_("Adopted", Parameters={"petId": [], "status": "adopted"}), "approved_pet_is_adopted",
                     "approval_is_asked", '"petId": []', id="an output about no pet"),
        pytest.param(without("AskForApproval", "Catch"), "refused_pet_is_released", "approved_pet_is_adopted",
                     "is FAILED with Refused", id="a refusal is not caught"),
        pytest.param(with_("AskForApproval", Catch=CATCH_ALL), "refused_pet_is_released",
                     None, "reserved in Pets", id="nothing is released"),
        pytest.param(with_("AskForApproval", Catch=CATCH_REFUSED), "other_answers_are_refusals",
                     "refused_pet_is_released", "ApprovalSystemDown: no line", id="only Refused is caught"),
        pytest.param(with_("AskForApproval", Next="AdoptPet"), "other_answers_are_refusals",
                     None, "AdoptPet entered", id="the answer is not read"),
        pytest.param(with_("IsApproved", Choices=[ASKS_NOT | {"BooleanEquals": False}]), "approved_pet_is_adopted",
                     None, "available in Pets", id="yes and no are swapped"),
        pytest.param(unconditional, "late_approval_adopts_nothing", "approved_pet_is_adopted",
                     "adopted in Pets", id="adopted without a condition"),
        pytest.param(without("AdoptPet", "Catch"), "late_approval_adopts_nothing", None,
                     "ConditionalCheckFailed", id="a failing adoption is not caught"),
        pytest.param(with_("CheckPet", Catch=CATCH_NOT_FOUND, Retry=RETRY_TWICE), "troubles_stay_apart", None,
                     "is FAILED with TransientError", id="a hopeless pet fails all"),
    ],
)  # fmt: skip
def test_a_wrong_machine_is_shown_with_its_history(solved, edit, check, still, evidence):
    def edit_all(states):
        edit(states)
        drop_unreached(states)
        # LocalStack does not end a stopped execution that waits for an answer, so let the wait end by itself.
        if states.get("AskForApproval", PASS)["Type"] == "Task":
            states["AskForApproval"]["TimeoutSeconds"] = 15

    with edited(solved, edit_all):
        assert evidence in failed(check, solved).found
        if still:
            call(still, solved)
    assert pets(solved) == []
    assert queues.counts(solved["sqs"], queue_url(solved))["visible"] == 0
    assert solved.emulator.name == "localstack" or running(solved) == []


def test_an_answer_that_is_read_and_may_be_missing_ends_the_execution_as_on_aws(solved):
    with edited(solved, with_("IsApproved", Choices=[ASKS_NOT])):
        if solved.emulator.name == "localstack":  # It goes on with the Default; the lab says so there.
            call("other_answers_are_refusals", solved)
            return
        found = failed("other_answers_are_refusals", solved)
    assert "Invalid path '$.approval.approved'" in found.found
    assert "IsPresent asks first" in found.next_step


@pytest.mark.parametrize(
    ("edit", "advice"),
    [
        (with_("CheckPet", Parameters={"FunctionName": "check-pet", "Payload": "$"}), "The function got other input"),
        (with_("CheckPet", Parameters={"FunctionName": "a", "Payload.$": "$"}), "Lambda itself refused the call"),
        (without("CheckPet", "ResultPath"), "The function got other input"),
        (with_("NotFound", Parameters={"status": "not-found"}), "Each way through the Map ends with petId and status"),
    ],
)
@pytest.mark.embedded_only("LocalStack says otherwise what Lambda refuses")
def test_advice_fits_what_the_machine_does(solved, edit, advice):
    with edited(solved, edit):
        seen = [failed(check, solved).next_step for check in failing_of_two(solved)]
    assert seen[0].startswith(advice)


def failing_of_two(clients):
    """Which of the first two checks of the machine fail, called one after the other."""
    report = run_checks(lab, clients, ["unknown_pet_is_not_found", "available_pet_is_reserved"])
    return sorted(not_passed(report), reverse=True)


def drop_unreached(states):
    """Take out the states that nothing leads to any more: AWS accepts none."""
    reached, waiting = set(), ["CheckPet"]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            rules = states[name].get("Catch", []) + states[name].get("Choices", [])
            targets = [states[name].get("Next"), states[name].get("Default"), *(rule["Next"] for rule in rules)]
            waiting += [target for target in targets if target]
    for name in set(states) - reached:
        states.pop(name)


def test_a_machine_that_is_half_built_passes_the_checks_of_its_half(solved):
    def half(states):
        states["AskForApproval"] = PASS
        drop_unreached(states)

    with edited(solved, half):
        for check in ("definition_is_valid", "available_pet_is_reserved", "taken_pet_is_unavailable"):
            call(check, solved)


def test_an_execution_that_never_ends_is_stopped(solved, monkeypatch):
    monkeypatch.setattr(checks.probes, "WITHIN", 8)  # what comes before the endless state takes a while on LocalStack
    before = running(solved)

    def wait_for_ever(states):
        states["Adopted"] = {"Type": "Wait", "Seconds": 60, "End": True}

    with edited(solved, wait_for_ever):
        found = failed("approved_pet_is_adopted", solved).found
    assert found.splitlines()[-1].endswith("Adopted entered (after waiting 8 s)")
    assert running(solved) == before


# Another valid way of building it.


def call_function(name, **fields):
    """A Task that names the function's ARN as its resource: the older way, in which the result is the answer itself."""
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{name}"
    return {"Type": "Task", "Resource": arn, "ResultPath": "$.said", **fields}


def end(status):
    return {"Type": "Pass", "Result": status, "ResultPath": "$.status", "End": True}


def other_definition(url):
    """Older spellings, other names, one Parallel around each pet to catch all errors in one place."""
    careful = {
        "StartAt": "Look",
        "States": {
            "Look": call_function(
                "check-pet",
                Retry=[{"ErrorEquals": ["PetNotFound"], "MaxAttempts": 0},
                       {"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 1, "MaxAttempts": 2}],
                Catch=[{"ErrorEquals": ["PetNotFound"], "ResultPath": "$.e", "Next": "Nobody"},
                       {"ErrorEquals": ["States.TaskFailed"], "ResultPath": "$.e", "Next": "Taken"}],
                Next="Hold"),
            "Hold": call_function("reserve-pet", Next="Try",
                                  Catch=[{"ErrorEquals": ["States.ALL"], "ResultPath": "$.e", "Next": "Taken"}]),
            "Try": {
                "Type": "Parallel",
                "Branches": [{"StartAt": "Ask", "States": {
                    "Ask": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
                            "Parameters": {"QueueUrl": url, "MessageBody": {
                                "note": "please", "taskToken.$": "$$.Task.Token", "petId.$": "$.petId",
                                "adopter.$": "$.adopter"}},
                            "ResultPath": "$.answer", "Next": "Yes?"},
                    "Yes?": {"Type": "Choice", "Default": "No", "Choices": [
                        {"Variable": "$.answer.approved", "IsPresent": False, "Next": "No"},
                        {"Variable": "$.answer.approved", "BooleanEquals": True, "Next": "Keep"}]},
                    "No": {"Type": "Fail", "Error": "NotApproved"},
                    "Keep": {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:dynamodb:updateItem",
                             "Parameters": {
                                 "TableName": TABLE, "Key": {"petId": {"S.$": "$.petId"}},
                                 "UpdateExpression": "SET #s = :a, adopter = :o", "ConditionExpression": "#s = :r",
                                 "ExpressionAttributeNames": {"#s": "status"},
                                 "ExpressionAttributeValues": {":a": {"S": "adopted"}, ":r": {"S": "reserved"},
                                                               ":o": {"S.$": "$.adopter"}}},
                             "ResultPath": None, "End": True}}}],
                "ResultPath": "$.tried",
                "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.e", "Next": "Undo"}],
                "Next": "Yours"},
            "Undo": call_function("release-pet", Next="Sorry"),
            "Yours": end("adopted"), "Sorry": end("refused"), "Taken": end("unavailable"), "Nobody": end("not-found"),
        },
    }  # fmt: skip
    parameters = {"petId.$": "$$.Map.Item.Value", "adopter.$": "$.adopter"}
    pets = {"Type": "Map", "ItemsPath": "$.petIds", "Parameters": parameters, "Iterator": careful, "MaxConcurrency": 2}
    return {"StartAt": "Pets", "States": {"Pets": {**pets, "Next": "Done"}, "Done": {"Type": "Succeed"}}}


def test_cloudformation_and_another_definition_serve_as_well(solved):
    """All but hello-world and what notebook 02 builds the same way: the functions, and the state machine."""
    sfn = solved["stepfunctions"]
    before = executions.describe_machine(sfn, MACHINE)
    sfn.delete_state_machine(stateMachineArn=before["stateMachineArn"])
    eventually(lambda: checks.expect.names("", [], executions.state_machines(sfn), ""), within=PATIENCE)
    template = {
        "Resources": {
            "Machine": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {
                    "StateMachineName": MACHINE,
                    "RoleArn": before["roleArn"],
                    "DefinitionString": json.dumps(other_definition(queue_url(solved))),
                },
            }
        }
    }
    cloudformation, waiting = solved["cloudformation"], {"Delay": 0.2, "MaxAttempts": 200}
    cloudformation.create_stack(StackName="adoption", TemplateBody=json.dumps(template))
    try:
        cloudformation.get_waiter("stack_create_complete").wait(StackName="adoption", WaiterConfig=waiting)
        for check in ("definition_is_valid", "unknown_pet_is_not_found", "machine_role_allows_its_own_calls",
                      "other_answers_are_refusals", "late_approval_adopts_nothing", "troubles_stay_apart"):  # fmt: skip
            call(check, solved)
    finally:
        cloudformation.delete_stack(StackName="adoption")
        cloudformation.get_waiter("stack_delete_complete").wait(StackName="adoption", WaiterConfig=waiting)


@pytest.mark.embedded_only("the notebook's kernel is in this process, and uses the embedded emulator")
def test_what_is_given_may_be_built_again_and_over_what_is_there_by_half(shell, clients):
    lab.solve(clients)
    shell.run_cell("from lab_harness import open_lab\nlab = open_lab('state_machine')")
    cells = {cell.id: cell.source for cell in read_notebook(ROOT / "notebooks" / lab.file.notebook).cells}
    clients["lambda"].delete_function(FunctionName="reserve-pet")
    clients["iam"].delete_role_policy(RoleName=MACHINE_ROLE, PolicyName="allowed")
    for cell in ("clients", "function-files", "given", "given"):
        done = shell.run_cell(cells[cell])
        assert done.success, done.error_in_exec
    assert not_passed(run_checks(lab, clients, ["given"])) == set()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_reference_handlers_import_without_aws(function):
    folder = lab.folder / "given" / function.replace("-", "_")
    command = [sys.executable, "-c", "import lambda_function; print(lambda_function.TABLE_NAME)"]
    done = subprocess.run(command, cwd=folder, env={}, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == TABLE
