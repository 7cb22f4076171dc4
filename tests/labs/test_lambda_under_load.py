"""Tests for the lab lambda_under_load."""

import io
import json
import time
import zipfile
from types import SimpleNamespace

import botocore.waiter
import pytest

from lab_harness import load_lab, run_checks
from lab_harness.account.resources import remove_resources
from lab_harness.aws import Clients
from tests.waiting import wait_until

from .helpers import aws_cli, configure, deploy, failure, found_alone, not_passed, zipped

lab = load_lab("lambda_under_load")
FIRST = {"table_exists", "queues_exist", "role_exists", "function_exists", "layer_is_published"}
FUNCTION, ROLE = "resize-order", "resize-order-role"
NAME = {"FunctionName": FUNCTION}
SOURCE = (lab.folder / "functions/resize_order/lambda_function.py").read_text(encoding="utf-8")
CONDITION = '            ConditionExpression="attribute_not_exists(orderId)",\n'
LOOKS_FIRST = """
        dynamodb, table = boto3.client("dynamodb"), {"TableName": "Thumbnails"}
        if "Item" in dynamodb.get_item(**table, Key={"orderId": {"S": order_id}}):
            return False
        looked = {**table, "Key": {"orderId": {"S": "looked"}}}
        one = {":one": {"N": "1"}}
        dynamodb.update_item(**looked, UpdateExpression="ADD calls :one", ExpressionAttributeValues=one)
        for _ in range(100):  # until the other call has looked, too
            if dynamodb.get_item(**looked)["Item"]["calls"]["N"] == "2":
                break
            time.sleep(0.1)
"""


def solve(clients):
    """Build the lab by its reference answer, which waits with boto3's waiters: they look once a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.waiter, "time", SimpleNamespace(sleep=lambda seconds: time.sleep(seconds / 20)))
        lab.solve(clients)
    return clients


@pytest.fixture(scope="module")
def solved_once(emulator):
    """An account that is solved once, for the tests that stand first: each leaves what those after it ask about."""
    made = Clients(emulator)
    remove_resources(lab, made)
    return solve(made)


@pytest.fixture
def solved(clients):
    return solve(clients)


def changed(old, new):
    """The right handler with one thing in it replaced."""
    assert old in SOURCE
    return SOURCE.replace(old, new)


def queue_arn(clients, name):
    sqs = clients["sqs"]
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def left(clients):
    """What the table and the queues hold."""
    items = clients["dynamodb"].scan(TableName="Thumbnails")["Items"]
    urls = [clients["sqs"].get_queue_url(QueueName=name)["QueueUrl"] for name in ("resize-done", "resize-failed")]
    asked = {"AttributeNames": ["All"]}
    counts = [clients["sqs"].get_queue_attributes(QueueUrl=url, **asked)["Attributes"] for url in urls]
    return items, [each["ApproximateNumberOfMessages"] for each in counts]


def test_checks_leave_no_item_and_no_message(solved_once):
    report = run_checks(lab, solved_once)
    assert [(each.name, each.found) for each in report if each.outcome != "passed"] == []
    assert left(solved_once) == ([], ["0", "0"])


# Undo one thing: exactly that check fails. What does not touch the rest is undone in one account.


def test_one_mistake_in_the_handler_fails_one_check(solved_once):
    deploy(solved_once, FUNCTION, changed("raise UnknownFormat(photo)", "raise ValueError(photo)"))
    assert not_passed(run_checks(lab, solved_once)) == {"others_fail"}


# One mistake for each of several checks stands in one handler: a deployment's environments cost more than the checks.
WRONG_HANDLERS = [
    [
        ("photo_is_resized", '"photo": photo,', '"file": photo,', "the answer"),
        ("environments_tell_themselves", '"environment": ENVIRONMENT', '"environment": uuid.uuid4().hex', " and "),
        ("others_fail", "raise UnknownFormat(photo)", "raise ValueError(photo)", "ValueError"),
        ("order_is_noted_once", CONDITION, "", "true"),
        ("size_is_a_setting", 'int(os.environ.get("SIZE", "128"))', "128", '"size": 128'),
    ],
    [
        ("photo_is_resized", "    time.sleep(WORK)\n", "", "ms"),
        ("environments_tell_themselves", "uuid.uuid4().hex[:8]", '"one"', "the id one"),
        ("others_fail", "raise UnknownFormat(photo)", "return {}", "the answer"),
        ("order_is_noted_once", "        return False\n", "        raise\n", "ConditionalCheckFailed"),
        ("size_is_a_setting", 'int(os.environ.get("SIZE", "128"))', 'os.environ["SIZE"]', '"size": "256"'),
    ],
    [
        ("environments_tell_themselves", ', "environment": ENVIRONMENT', "", "the answer"),
        ("others_fail", '.endswith(".jpg")', '.endswith((".jpg", ".gif"))', "the answer"),
        ("order_is_noted_once", 'answer["noted"] = note', "note", "the answer {"),
    ],
    [("order_is_noted_once", '"orderId": {"S": order_id}, ', '"orderId": {"S": photo}, ', "no such item")],
    [("photo_is_resized", 'event["photo"]\n', 'event["phto"]\n', "KeyError")],
]


@pytest.mark.embedded_only("LocalStack does not tell when a function ran")
def test_ids_of_two_environments_that_are_fixed_are_noticed(solved_once):
    # Each environment tells one id and then the other: so do two of three that answer at once.
    code = changed('"environment": ENVIRONMENT', '"environment": next(IDS)')
    deploy(solved_once, FUNCTION, code.replace("WORK = 0.2", 'from itertools import cycle\nIDS, WORK = cycle("ab"), 2'))
    assert found_alone(lab, solved_once, "environments_tell_themselves").startswith("the id a twice")


@pytest.mark.parametrize("mistakes", WRONG_HANDLERS, ids=range(len(WRONG_HANDLERS)))
def test_each_mistake_in_a_handler_is_told_by_its_check(mistakes, solved_once):
    code = SOURCE
    for _, old, new, _ in mistakes:
        assert old in code
        code = code.replace(old, new)
    deploy(solved_once, FUNCTION, code)
    for check, _, new, evidence in mistakes:
        services = [solved_once["lambda"], solved_once["dynamodb"]][: 2 if check == "order_is_noted_once" else 1]
        assert evidence in failure(getattr(lab.checks, check), *services).found, (check, new)


def test_looking_first_and_writing_then_is_not_once(solved_once):
    allowed = {"Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:UpdateItem"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    solved_once["iam"].put_role_policy(RoleName=ROLE, PolicyName="looking", PolicyDocument=document)
    deploy(solved_once, FUNCTION, changed("\n    try:\n", f"\n    try:{LOOKS_FIRST}").replace(CONDITION, ""))
    before = left(solved_once)[0]  # A wrong handler of the tests before has written under another key than it should.
    found = failure(lab.checks.order_is_noted_once, solved_once["lambda"], solved_once["dynamodb"]).found
    assert found.count('"noted": true') == 2
    assert [item["orderId"]["S"] for item in left(solved_once)[0] if item not in before] == ["looked"]


def test_another_reservation_and_another_url_are_named(solved_once):
    lambda_ = solved_once["lambda"]
    lambda_.put_function_concurrency(**NAME, ReservedConcurrentExecutions=50)
    assert failure(lab.checks.five_are_reserved, lambda_).found.endswith(" 50")
    lambda_.delete_function_concurrency(**NAME)
    assert failure(lab.checks.five_are_reserved, lambda_).found == "no reserved concurrency"
    lambda_.update_function_url_config(**NAME, Qualifier="live", AuthType="NONE")
    assert failure(lab.checks.url_asks_for_signatures, lambda_).found == "AuthType NONE"
    lambda_.delete_function_url_config(**NAME, Qualifier="live")
    assert failure(lab.checks.url_asks_for_signatures, lambda_).found == "no function URL"
    undone = {"five_are_reserved", "url_asks_for_signatures"}
    assert not_passed(run_checks(lab, solved_once, [*undone, "two_are_ready"])) == undone


def test_a_size_that_is_no_variable_is_named(solved_once):
    found = []
    for variables in ({}, {"MEMORY": "128"}, {"SIZE": "small"}):
        configure(solved_once, FUNCTION, Environment={"Variables": variables})
        found.append(failure(lab.checks.size_is_a_setting, solved_once["lambda"]).found)
    configure(solved_once, FUNCTION, Environment={"Variables": {"SIZE": "256"}})
    assert found == ["no environment variables", 'the variables {"MEMORY": "128"}', 'the variables {"SIZE": "small"}']


def publish(clients, file, code):
    """The ARN of a new version of the layer whose archive has this file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(file, code)
    published = clients["lambda"].publish_layer_version(LayerName="photo-rules", Content={"ZipFile": buffer.getvalue()})
    return published["LayerVersionArn"]


def attach(clients, file, code):
    """Give photo-check a layer whose archive has this file."""
    configure(clients, "photo-check", Layers=[publish(clients, file, code)])


def test_a_layer_of_another_shape_is_named(solved_once):
    lambda_, judged = solved_once["lambda"], lab.checks.photos_are_judged_by_the_layer
    rules = (lab.folder / "given/photo_rules/photo_rules.py").read_text(encoding="utf-8")
    attach(solved_once, "photo_rules.py", rules)  # not in the folder python
    if solved_once.emulator.name == "embedded":  # LocalStack gives a function no layers
        report = run_checks(lab, solved_once, ["photos_are_judged_by_the_layer"])
        assert not_passed(report) == {"photos_are_judged_by_the_layer"}
        told = next(each for each in report if each.outcome == "failed")
        assert "ImportModuleError" in told.found
        assert "python/photo_rules.py" in told.next_step
        assert told.next_step.startswith("Python looks")
        publish(solved_once, "python/photo_rules.py", rules)
        report = run_checks(lab, solved_once, ["photos_are_judged_by_the_layer"])
        told = next(each for each in report if each.outcome == "failed")
        assert "is published, and photo-check goes on with an older one: attach it." in told.next_step
        attach(solved_once, "python/photo_rules.py", "def accepts(name): return True")
        assert '"accepted": true' in failure(judged, lambda_).found
        attach(solved_once, "python/photo_rules.py", "def accept(name): return True")
        assert "AttributeError" in failure(judged, lambda_).found
    configure(solved_once, "photo-check", Layers=[])
    assert not_passed(run_checks(lab, solved_once, ["photos_are_judged_by_the_layer"])) == {"photo_check_has_the_layer"}
    assert failure(lab.checks.photo_check_has_the_layer, lambda_).found == "no layers"
    lambda_.delete_function(FunctionName="photo-check")
    assert "resize-order" in failure(lab.checks.photo_check_exists, lambda_).found


def events(clients, **settings):
    """Configure how events are handled; what is not said is right."""
    right = {"OnFailure": "resize-failed", "OnSuccess": "resize-done"}
    destinations = right | settings.pop("destinations", {})
    config = {side: {"Destination": queue_arn(clients, queue)} for side, queue in destinations.items() if queue}
    whole = {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 3600, "DestinationConfig": config, **settings}
    clients["lambda"].put_function_event_invoke_config(**NAME, **whole)


def test_other_settings_for_events_are_named(solved_once):
    lambda_, sqs, checks = solved_once["lambda"], solved_once["sqs"], lab.checks
    events(solved_once, MaximumRetryAttempts=0)
    assert "MaximumRetryAttempts 0" in failure(checks.events_are_tried_three_times, lambda_).found
    events(solved_once, MaximumEventAgeInSeconds=60)
    assert "InSeconds 60" in failure(checks.events_are_tried_three_times, lambda_).found
    events(solved_once, destinations={"OnFailure": "resize-done", "OnSuccess": "resize-failed"})
    assert "change the two about" in failure(checks.failures_have_a_destination, lambda_, sqs).next_step
    events(solved_once, destinations={"OnFailure": None})
    assert failure(checks.failures_have_a_destination, lambda_, sqs).found == "no destination OnFailure"
    events(solved_once, destinations={"OnSuccess": None})
    found = failure(checks.successes_reach_their_queue, lambda_, sqs, solved_once["logs"]).found
    assert found == "no destination OnSuccess"
    lambda_.delete_function_event_invoke_config(**NAME)
    assert failure(checks.events_are_tried_three_times, lambda_).found == "no configuration for events"


def test_environments_that_are_ready_otherwise_are_named(solved_once, monkeypatch):
    for module in (lab.checks.events, lab.checks.versions):
        monkeypatch.setattr(module, "QUICKLY", 1)
    lambda_, check = solved_once["lambda"], lab.checks.two_are_ready
    lambda_.put_provisioned_concurrency_config(**NAME, Qualifier="1", ProvisionedConcurrentExecutions=1)
    assert failure(check, lambda_).found.startswith("1 for version 1")
    lambda_.delete_provisioned_concurrency_config(**NAME, Qualifier="1")
    assert failure(check, lambda_).found == "none for version 1"
    lambda_.put_provisioned_concurrency_config(**NAME, Qualifier="2", ProvisionedConcurrentExecutions=2)
    assert failure(check, lambda_).found == "none for version 1; there is some for version 2"


@pytest.mark.parametrize(
    ("ready", "advice"),
    [
        (None, "put_provisioned_concurrency_config sets it"),
        ((2, "IN_PROGRESS"), "put_provisioned_concurrency_config sets it"),
        ((1, "READY"), "Correct ProvisionedConcurrentExecutions"),
    ],
)
def test_advice_on_environments_fits(ready, advice):
    assert lab.checks.versions.about_provisioned(ready, lab.checks.versions.READY).startswith(advice)


def point_live(clients, version, weights):
    """Let the alias share its calls like this. LocalStack 4.14.0 cannot change weights, so there it is made anew."""
    lambda_, routing = clients["lambda"], {"AdditionalVersionWeights": weights}
    if clients.emulator.name == "embedded":
        lambda_.update_alias(**NAME, Name="live", FunctionVersion=version, RoutingConfig=routing)
    else:
        lambda_.delete_alias(**NAME, Name="live")
        lambda_.create_alias(**NAME, Name="live", FunctionVersion=version, RoutingConfig=routing)


def test_a_version_that_was_published_with_a_mistake_is_named(solved_once):
    deploy(solved_once, FUNCTION, changed('"photo": photo,', '"file": photo,'))
    wrong = solved_once["lambda"].publish_version(**NAME)["Version"]
    deploy(solved_once, FUNCTION, SOURCE)
    point_live(solved_once, "1", {wrong: 0.1})
    assert f"version {wrong}" in failure(lab.checks.live_answers, solved_once["lambda"]).expected
    point_live(solved_once, "2", {wrong: 0.1})
    found = failure(lab.checks.versions_keep_their_sizes, solved_once["lambda"]).found
    assert found == f"SIZE 256 in version 2 and SIZE 256 in version {wrong}"


# From here on each has an account of its own.


def test_an_alias_that_is_otherwise_is_named(solved):
    lambda_, check = solved["lambda"], lab.checks.live_sends_a_tenth
    for version, weights, evidence in (
        ("1", {}, "no weights"),
        ("1", {"2": 0.9}, "0.9 to version 2"),
        ("2", {"1": 0.1}, "0.1 to version 1"),
    ):
        point_live(solved, version, weights)
        assert evidence in failure(check, lambda_).found
    lambda_.delete_alias(**NAME, Name="live")
    lambda_.create_alias(**NAME, Name="Live", FunctionVersion="1")
    assert failure(check, lambda_).found == "the aliases Live"
    lambda_.delete_alias(**NAME, Name="Live")
    lambda_.delete_function(**NAME, Qualifier="2")
    assert failure(lab.checks.versions_are_published, lambda_).found == "version 1 alone"


def test_what_is_given_is_named_where_it_is_gone_or_otherwise(solved):
    sqs, iam, checks = solved["sqs"], solved["iam"], lab.checks
    document = iam.get_role(RoleName=ROLE)["Role"]["AssumeRolePolicyDocument"]
    other = json.dumps(document).replace("lambda.amazonaws.com", "ec2.amazonaws.com")
    iam.delete_role_policy(RoleName=ROLE, PolicyName="work")
    found = failure(checks.role_allows_the_work, iam, solved["logs"]).found
    assert "dynamodb:PutItem" in found
    assert "sqs:SendMessage" in found
    made = iam.create_role(RoleName="lab-test-other", AssumeRolePolicyDocument=json.dumps(document))
    try:
        configure(solved, FUNCTION, Role=made["Role"]["Arn"])
        assert "lab-test-other" in failure(checks.function_uses_role, solved["lambda"], iam).found
    finally:
        iam.delete_role(RoleName="lab-test-other")
    iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=other)
    assert "ec2.amazonaws.com" in failure(checks.role_trusts_lambda, iam).found
    for policy in iam.list_attached_role_policies(RoleName=ROLE)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=ROLE, PolicyArn=policy["PolicyArn"])
    iam.delete_role(RoleName=ROLE)
    solved["dynamodb"].delete_table(TableName="Thumbnails")
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName="resize-failed")["QueueUrl"])
    solved["lambda"].delete_function(**NAME)
    missing = FIRST - {"layer_is_published"}
    if solved.emulator.name == "embedded":  # LocalStack lists no layers any more once one has lost all its versions
        solved["lambda"].delete_layer_version(LayerName="photo-rules", VersionNumber=1)
        missing = FIRST
    assert not_passed(run_checks(lab, solved)) == missing
    assert "resize-done" in failure(checks.queues_exist, sqs).found


# Another valid way: all checks pass.


def test_built_by_the_aws_cli(solved, tmp_path):
    clients = solved
    lambda_ = clients["lambda"]
    lambda_.delete_function(**NAME)
    package = tmp_path / "code.zip"
    package.write_bytes(zipped(SOURCE.replace("return answer\n", "return dict(answer)\n")))
    role = clients["iam"].get_role(RoleName=ROLE)["Role"]["Arn"]
    aws_cli(
        clients, "lambda", "create-function", "--function-name", FUNCTION, "--runtime", "python3.12",
        "--handler", "lambda_function.lambda_handler", "--role", role, "--zip-file", f"fileb://{package}",
        "--timeout", "20", "--publish", "--environment", "Variables={SIZE=64,OTHER=two}",
    )  # fmt: skip
    wait_until(lambda: lambda_.get_function_configuration(**NAME)["State"] == "Active")
    aws_cli(clients, "lambda", "update-function-configuration", "--function-name", FUNCTION,
        "--environment", "Variables={SIZE=512}")  # fmt: skip
    lambda_.get_waiter("function_updated_v2").wait(**NAME, WaiterConfig={"Delay": 0.1})
    aws_cli(clients, "lambda", "publish-version", "--function-name", FUNCTION)
    aws_cli(
        clients, "lambda", "create-alias", "--function-name", FUNCTION, "--name", "live", "--function-version", "1",
        "--routing-config", "AdditionalVersionWeights={2=0.1}",
    )  # fmt: skip
    aws_cli(
        clients, "lambda", "put-function-concurrency", "--function-name", FUNCTION,
        "--reserved-concurrent-executions", "5",
    )  # fmt: skip
    done, failed = queue_arn(clients, "resize-done"), queue_arn(clients, "resize-failed")
    destinations = {"OnSuccess": {"Destination": done}, "OnFailure": {"Destination": failed}}
    aws_cli(
        clients, "lambda", "put-function-event-invoke-config", "--function-name", FUNCTION,
        "--maximum-event-age-in-seconds", "3600", "--destination-config", json.dumps(destinations),
    )  # fmt: skip
    aws_cli(
        clients, "lambda", "put-provisioned-concurrency-config", "--function-name", FUNCTION, "--qualifier", "1",
        "--provisioned-concurrent-executions", "2",
    )  # fmt: skip
    aws_cli(clients, "lambda", "create-function-url-config", "--function-name", FUNCTION, "--auth-type", "AWS_IAM")
    attached = lambda_.get_function_configuration(FunctionName="photo-check")["Layers"][0]["Arn"]
    lambda_.delete_function(FunctionName="photo-check")
    package.write_bytes(zipped((lab.folder / "given/photo_check/lambda_function.py").read_text(encoding="utf-8")))
    aws_cli(
        clients, "lambda", "create-function", "--function-name", "photo-check", "--runtime", "python3.12",
        "--handler", "lambda_function.lambda_handler", "--role", role, "--zip-file", f"fileb://{package}",
        "--layers", attached,
    )  # fmt: skip
    wait_until(lambda: lambda_.get_function_configuration(FunctionName="photo-check")["State"] == "Active")
    assert not_passed(run_checks(lab, clients)) == set()


def template(size, **more):
    """The lab as a template for CloudFormation, with the function's setting SIZE, and with more resources."""
    source, judging = SOURCE, (lab.folder / "given/photo_check/lambda_function.py").read_text(encoding="utf-8")
    work = [
        {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": {"Fn::GetAtt": ["Table", "Arn"]}},
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": [arn("Failed"), arn("Done")]},
    ]
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    about = {"Runtime": "python3.12", "Handler": "index.lambda_handler", "Role": arn("Role")}
    resources = {
        "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {
            "TableName": "Thumbnails", "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "orderId", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "orderId", "KeyType": "HASH"}]}},
        "Failed": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "resize-failed"}},
        "Done": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "resize-done"}},
        "Role": {"Type": "AWS::IAM::Role", "Properties": {
            "RoleName": ROLE, "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "ManagedPolicyArns": ["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"],
            "Policies": [{"PolicyName": "work", "PolicyDocument": {"Version": "2012-10-17", "Statement": work}}]}},
        "Function": {"Type": "AWS::Lambda::Function", "Properties": about | {
            "FunctionName": FUNCTION, "Timeout": 20, "Code": {"ZipFile": source}, "ReservedConcurrentExecutions": 5,
            "Environment": {"Variables": {"SIZE": size}}}},
        "Events": {"Type": "AWS::Lambda::EventInvokeConfig", "Properties": {
            "FunctionName": {"Ref": "Function"}, "Qualifier": "$LATEST", "MaximumEventAgeInSeconds": 3600,
            "MaximumRetryAttempts": 2, "DestinationConfig": {
                "OnSuccess": {"Destination": arn("Done")}, "OnFailure": {"Destination": arn("Failed")}}}},
        "Older": {"Type": "AWS::Lambda::Version", "Properties": {
            "FunctionName": {"Ref": "Function"},
            "ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": 2}}},
        "Rules": {"Type": "AWS::Lambda::LayerVersion", "Properties": {
            "LayerName": "photo-rules", "CompatibleRuntimes": ["python3.12"],
            "Content": {"S3Bucket": "lab-test-code", "S3Key": "layer.zip"}}},
        "Check": {"Type": "AWS::Lambda::Function", "Properties": about | {
            "FunctionName": "photo-check", "Code": {"ZipFile": judging}, "Layers": [{"Ref": "Rules"}]}},
    }  # fmt: skip
    return {"StackName": "load", "TemplateBody": json.dumps({"Resources": resources | more})}


def arn(resource):
    return {"Fn::GetAtt": [resource, "Arn"]}


@pytest.mark.embedded_only("LocalStack's CloudFormation knows no weights of an alias")
def test_built_by_cloudformation(clients):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(lab.folder / "given/photo_rules/photo_rules.py", "python/photo_rules.py")
    clients["s3"].create_bucket(Bucket="lab-test-code")
    clients["s3"].put_object(Bucket="lab-test-code", Key="layer.zip", Body=packed.getvalue())
    cloudformation, quick = clients["cloudformation"], {"Delay": 0.2, "MaxAttempts": 300}
    cloudformation.create_stack(**template("64"), Capabilities=["CAPABILITY_NAMED_IAM"])
    cloudformation.get_waiter("stack_create_complete").wait(StackName="load", WaiterConfig=quick)
    version = {"Fn::GetAtt": ["Older", "Version"]}
    newer = {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Function"}}}
    weights = [{"FunctionVersion": {"Fn::GetAtt": ["Newer", "Version"]}, "FunctionWeight": 0.1}]
    live = {"Type": "AWS::Lambda::Alias", "Properties": {
        "FunctionName": {"Ref": "Function"}, "Name": "live", "FunctionVersion": version,
        "RoutingConfig": {"AdditionalVersionWeights": weights}}}  # fmt: skip
    url = {"Type": "AWS::Lambda::Url", "Properties": {"TargetFunctionArn": {"Ref": "Live"}, "AuthType": "AWS_IAM"}}
    larger = template("512", Newer=newer, Live=live, Url=url)
    cloudformation.update_stack(**larger, Capabilities=["CAPABILITY_NAMED_IAM"])
    cloudformation.get_waiter("stack_update_complete").wait(StackName="load", WaiterConfig=quick)
    report = run_checks(lab, clients)
    assert [(result.name, result.found) for result in report if result.outcome != "passed"] == []
