"""Tests for the lab hello_lambda."""

import importlib.util
import json

import pytest

from lab_harness import load_lab, run_checks
from lab_harness.authors import eventually
from lab_harness.authors.witness import Witness
from lab_harness.aws import Clients
from lab_harness.emulators.base import Run
from tests.waiting import PATIENCE

from .helpers import aws_cli, configure, deploy, failure, not_passed, zipped

lab = load_lab("hello_lambda")
FIRST = {"role_exists", "function_exists"}  # what fails in an untouched account
ROLE, FUNCTION = "hello-world-role", "hello-world"
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
LAMBDA_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": ["lambda.amazonaws.com"]}, "Action": ["sts:AssumeRole"]}
    ],
}
LOGGING_HANDLER = """
import json, logging, sys
def lambda_handler(event, context):
    logging.basicConfig(force=True, level="INFO", stream=sys.stdout)
    logging.getLogger().info("got %s", json.dumps(event))
    return {"statusCode": 200, "body": "Hello from Lambda!"}
"""


@pytest.fixture
def solved(clients):
    lab.solve(clients)
    # LocalStack delivers logs later.
    eventually(lambda: lab.checks.test_event_was_run(clients["logs"]), within=PATIENCE)
    return clients


def test_checks_leave_nothing_but_log_lines(solved):
    run_checks(lab, solved)
    names = [function["FunctionName"] for function in solved["lambda"].list_functions()["Functions"]]
    # On LocalStack other labs are tested at the same time.
    assert [name for name in names if "hello" in name or "probe" in name] == [FUNCTION]
    assert run_checks(lab, solved).complete


# Undo one thing: exactly that check fails.


def test_a_role_that_lambda_may_not_take_on_is_named(solved):
    document = json.loads(json.dumps(LAMBDA_TRUST).replace("lambda.", "ec2."))
    solved["iam"].update_assume_role_policy(RoleName=ROLE, PolicyDocument=json.dumps(document))
    report = run_checks(lab, solved)
    assert not_passed(report) == {"role_trusts_lambda"}
    assert "ec2.amazonaws.com" in failure(lab.checks.role_trusts_lambda, solved["iam"]).found


def test_a_role_without_its_policy_is_named(solved):
    solved["iam"].detach_role_policy(RoleName=ROLE, PolicyArn=BASIC)
    report = run_checks(lab, solved)
    assert not_passed(report) == {"role_may_write_logs"}
    logless = next(each for each in report if each.name == "function_logs_the_event")
    assert solved.emulator.name == "localstack" or "The role may write logs" in logless.next_step
    assert "logs:PutLogEvents" in failure(lab.checks.role_may_write_logs, solved["iam"], solved["logs"]).found


@pytest.mark.parametrize(
    ("statement", "evidence"),
    [
        ({"Action": "*", "Resource": "*"}, "* in extra"),
        ({"Action": ["logs:*"], "Resource": "*"}, "logs:* in extra"),
        ({"Action": "s3:GetObject", "Resource": "*"}, 'Resource "*" for s3:GetObject'),
        ({"Action": "dynamodb:PutItem", "Resource": "arn:aws:dynamodb:us-east-1:000000000000:table/x"}, "dynamodb"),
        ({"NotAction": "iam:DeleteRole", "Resource": "*"}, "* in extra"),
    ],
)
def test_a_role_that_may_more_is_named(solved, statement, evidence):
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", **statement}}
    solved["iam"].put_role_policy(RoleName=ROLE, PolicyName="extra", PolicyDocument=json.dumps(document))
    assert not_passed(run_checks(lab, solved)) == {"role_is_least_privilege"}
    assert evidence in failure(lab.checks.role_is_least_privilege, solved["iam"]).found


def test_a_managed_policy_that_allows_everything_is_named(solved):
    solved["iam"].attach_role_policy(RoleName=ROLE, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    assert not_passed(run_checks(lab, solved)) == {"role_is_least_privilege"}


def test_a_role_of_another_name_is_missed(solved):
    solved["iam"].detach_role_policy(RoleName=ROLE, PolicyArn=BASIC)
    solved["iam"].delete_role(RoleName=ROLE)
    assert not_passed(run_checks(lab, solved)) == {"role_exists"}


def test_a_missing_function_is_found_missing_at_once(solved):
    solved["lambda"].delete_function(FunctionName=FUNCTION)
    report = run_checks(lab, solved)
    assert not_passed(report) == {"function_exists"}
    assert sum(result.seconds for result in report) < 5


def test_another_handler_is_named(solved):
    configure(solved, FUNCTION, Handler="lambda_function.main")
    assert not_passed(run_checks(lab, solved)) == {"function_has_handler"}


def test_another_runtime_is_named(solved):
    configure(solved, FUNCTION, Runtime="nodejs20.x")
    assert not_passed(run_checks(lab, solved)) == {"function_runs_python"}


def test_another_role_is_named(solved):
    other = solved["iam"].create_role(RoleName="lab-test-other", AssumeRolePolicyDocument=json.dumps(LAMBDA_TRUST))
    try:
        configure(solved, FUNCTION, Role=other["Role"]["Arn"])
        assert not_passed(run_checks(lab, solved)) == {"function_uses_role"}
    finally:
        solved["iam"].delete_role(RoleName="lab-test-other")


@pytest.mark.parametrize(
    ("code", "evidence"),
    [
        ("def lambda_handler(event, context): return {'statusCode': 200, 'body': 'Hello'}", '"body": "Hello"'),
        ("def lambda_handler(event, context): return {'statusCode': 500, 'body': 'Hello from Lambda!'}", "500"),
        ("def lambda_handler(event, context): return 'Hello from Lambda!'", "the answer"),
        ("def lambda_handler(event, context): raise ValueError('oops')", "oops"),
        ("import no_such_module", "no_such_module"),
    ],
)
def test_a_wrong_answer_is_shown(solved, code, evidence):
    deploy(solved, FUNCTION, code)
    assert not_passed(run_checks(lab, solved)) == {"function_answers"}
    assert evidence in failure(lab.checks.function_answers, solved["lambda"]).found


@pytest.mark.parametrize(
    "line",
    ["pass", "print('the event')", "print(list(event))", "print(list(event.values()) if 0 else 'x')"],
)
def test_a_handler_that_does_not_log_its_event_is_named(solved, line):
    answer = {"statusCode": 200, "body": "Hello from Lambda!"}
    deploy(solved, FUNCTION, f"def lambda_handler(event, context):\n    {line}\n    return {answer}")
    assert not_passed(run_checks(lab, solved)) == {"function_logs_the_event"}


def test_the_test_event_must_have_been_run(solved):
    solved["logs"].delete_log_group(logGroupName=f"/aws/lambda/{FUNCTION}")
    assert not_passed(run_checks(lab, solved)) == {"test_event_was_run"}


class Reporting:
    """An emulator whose function's log is in Lambda's JSON format, with one run and its report."""

    def runs(self, function):
        record = {"requestId": "79b4", "metrics": {"durationMs": 1.5, "billedDurationMs": 2, "maxMemoryUsedMB": 41}}
        return [Run("learner", "{}", [json.dumps({"type": "platform.report", "record": record})], 1.0)]


def test_a_report_in_lambdas_json_format_reports_the_bill():
    assert lab.checks.log_reports_the_bill(None, Witness(Reporting())) is None


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        ("pass", "returns nothing"),
        ("return 'Hello from Lambda!'", "let it return the dictionary itself"),
        ("return {'statusCode': '200', 'body': 'Hello from Lambda!'}", "statusCode is a number"),
        ("return {'statusCode': 200, 'body': 'Hello'}", "Look at what lambda_handler returns"),
        ("return event['key1']", "Nothing is called 'key1' where the handler looks for it"),
    ],
)
def test_advice_fits_the_answer(clients, answer, advice):
    role = clients["iam"].create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(LAMBDA_TRUST))["Role"]["Arn"]
    clients["lambda"].create_function(
        FunctionName=FUNCTION, Runtime="python3.13", Handler="lambda_function.lambda_handler", Role=role,
        Code={"ZipFile": zipped(f"def lambda_handler(event, context):\n    {answer}")},
    )  # fmt: skip
    clients["lambda"].get_waiter("function_active_v2").wait(FunctionName=FUNCTION, WaiterConfig={"Delay": 0.1})
    assert advice in failure(lab.checks.function_answers, clients["lambda"]).next_step


@pytest.mark.parametrize(
    ("lines", "advice"),
    [
        ([], "What the handler prints before it returns is logged"),
        (["START RequestId: 1", "REPORT RequestId: 1 4831207"], "What the handler prints before it returns is logged"),
        (["Ana Bell"], "Print all of it"),
        (["Hello, Ana Bell!"], "Print all of it"),
        (["{'name': 'Ana Bell'}"], "Print all of it"),
        (["event"], "In quotes event is a word"),
    ],
)
def test_advice_fits_the_log(lines, advice):
    assert lab.checks.about_log(lines, {"name": "Ana Bell", "visit": 4_831_207}).startswith(advice)


def test_lines_that_the_learner_writes_are_no_report(solved):
    """The REPORT line is looked for in the log; here the log holds the event but was written by hand."""
    logs, group = solved["logs"], f"/aws/lambda/{FUNCTION}"
    logs.delete_log_group(logGroupName=group)
    logs.create_log_group(logGroupName=group)
    assert "nothing" in failure(lab.checks.log_reports_the_bill, logs).found


def test_metrics_that_are_not_there_are_missed(clients, monkeypatch):
    # LocalStack cannot forget metrics, so the check is pointed at a function that never ran.
    monkeypatch.setattr(lab.checks, "FUNCTION", "never-ran")
    assert "no data points" in failure(lab.checks.metrics_count_invocations, clients["cloudwatch"]).found


# Another valid way of building it.


# As the runtime writes it where the function's LoggingConfig has the LogFormat JSON.
JSON_HANDLER = """
import json
def lambda_handler(event, context):
    line = {"timestamp": "2026-11-21T08:00:00Z", "level": "INFO", "logger": "root"}
    print(json.dumps(line | {"message": "got\\n" + json.dumps(event), "requestId": context.aws_request_id}))
    return {"statusCode": 200, "body": "Hello from Lambda!"}
"""


@pytest.mark.parametrize("code", [LOGGING_HANDLER, LOGGING_HANDLER.replace("json.dumps(event)", "event"), JSON_HANDLER])
def test_a_logger_serves_as_well_as_print(solved, code):
    deploy(solved, FUNCTION, code)
    solved["lambda"].invoke(FunctionName=FUNCTION, Payload=b'{"key1": "value1", "key2": "value2", "key3": "value3"}')
    assert run_checks(lab, solved).complete


@pytest.mark.parametrize(
    "statement",
    [
        {"Action": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        {"NotAction": "logs:*"},
    ],
)
def test_a_deny_of_something_else_takes_nothing_away(solved, statement):
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Resource": "*", **statement}}
    solved["iam"].put_role_policy(RoleName=ROLE, PolicyName="deny", PolicyDocument=json.dumps(document))
    assert run_checks(lab, solved, ["role"]).complete


def test_a_policy_of_ones_own_serves_as_well(solved):
    iam = solved["iam"]
    iam.detach_role_policy(RoleName=ROLE, PolicyArn=BASIC)
    actions = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "arn:aws:logs:us-east-1:000000000000:*"}],
    }
    iam.put_role_policy(RoleName=ROLE, PolicyName="logs", PolicyDocument=json.dumps(document))
    assert run_checks(lab, solved).complete


def test_the_aws_cli_serves_as_well(clients, tmp_path):
    package = tmp_path / "function.zip"
    package.write_bytes(zipped(LOGGING_HANDLER))
    trust = json.dumps(LAMBDA_TRUST)
    role = json.loads(
        aws_cli(clients, "iam", "create-role", "--role-name", ROLE, "--assume-role-policy-document", trust)
    )
    aws_cli(clients, "iam", "attach-role-policy", "--role-name", ROLE, "--policy-arn", BASIC)
    aws_cli(clients, "lambda", "create-function", "--function-name", FUNCTION, "--runtime", "python3.12",
            "--handler", "lambda_function.lambda_handler", "--role", role["Role"]["Arn"],
            "--zip-file", f"fileb://{package}")  # fmt: skip
    aws_cli(clients, "lambda", "wait", "function-active-v2", "--function-name", FUNCTION)
    aws_cli(clients, "lambda", "invoke", "--function-name", FUNCTION,
            "--payload", '{"key1": "value1", "key2": "value2", "key3": "value3"}',
            str(tmp_path / "out.json"))  # fmt: skip
    assert run_checks(lab, clients).complete


def test_cloudformation_serves_as_well(clients):
    resources = {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {
            "RoleName": ROLE, "AssumeRolePolicyDocument": LAMBDA_TRUST, "ManagedPolicyArns": [BASIC]}},
        "Function": {"Type": "AWS::Lambda::Function", "Properties": {
            "FunctionName": FUNCTION, "Runtime": "python3.12", "Handler": "lambda_function.lambda_handler",
            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Code": {"S3Bucket": "lab-test-code", "S3Key": "function.zip"}}},
    }  # fmt: skip
    s3, cloudformation = clients["s3"], clients["cloudformation"]
    s3.create_bucket(Bucket="lab-test-code")
    s3.put_object(Bucket="lab-test-code", Key="function.zip", Body=zipped(LOGGING_HANDLER))
    stack = {"StackName": "hello", "TemplateBody": json.dumps({"Resources": resources})}
    patience = {"Delay": 0.2, "MaxAttempts": 200}
    cloudformation.create_stack(**stack, Capabilities=["CAPABILITY_NAMED_IAM"])
    try:
        cloudformation.get_waiter("stack_create_complete").wait(StackName="hello", WaiterConfig=patience)
        clients["lambda"].get_waiter("function_active_v2").wait(FunctionName=FUNCTION, WaiterConfig={"Delay": 0.1})
        learner = Clients(clients.emulator, as_learner=True)
        learner["lambda"].invoke(FunctionName=FUNCTION, Payload=json.dumps(lab.checks.TEST_EVENT))
        assert run_checks(lab, clients).complete
    finally:
        cloudformation.delete_stack(StackName="hello")
        cloudformation.get_waiter("stack_delete_complete").wait(StackName="hello", WaiterConfig=patience)
        s3.delete_object(Bucket="lab-test-code", Key="function.zip")
        s3.delete_bucket(Bucket="lab-test-code")


def test_the_reference_handler_imports_without_aws():
    path = lab.folder / "functions" / "hello_world" / "lambda_function.py"
    spec = importlib.util.spec_from_file_location("reference", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.lambda_handler({}, None)["statusCode"] == 200


def test_an_event_that_is_logged_on_several_lines_is_logged(solved):
    solved["logs"].delete_log_group(logGroupName=f"/aws/lambda/{FUNCTION}")
    deploy(solved, FUNCTION, LOGGING_HANDLER.replace("json.dumps(event)", "json.dumps(event, indent=2)"))
    solved["lambda"].invoke(FunctionName=FUNCTION, Payload=b'{"key1": "value1", "key2": "value2", "key3": "value3"}')
    assert run_checks(lab, solved).complete


@pytest.mark.parametrize("before", ["Ana Bell", "Ana Bell Costa"])
def test_a_name_that_somebody_had_before_is_nothing_that_nobody_sent(solved, monkeypatch, before):
    """Names come again: of whole ones there are some thousands, and a log keeps them."""
    event = json.dumps({"name": before, "visit": 1}).encode()
    solved["lambda"].invoke(FunctionName=FUNCTION, Payload=event)
    drawn = [{"name": name, "visit": visit} for visit, name in enumerate(("Ana Bell Costa", "Ana Bell", "Zoe Kim"))]
    visits = iter(drawn)
    monkeypatch.setattr(lab.checks, "visit", lambda: next(visits))
    lab.checks.function_logs_the_event(solved["lambda"], solved["logs"], solved["witness"])
