"""Tests for the sentence that says what to do about an error of AWS's."""

from dataclasses import replace

import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    PaginationError,
    ParamValidationError,
    ReadTimeoutError,
    WaiterError,
)
from botocore.session import Session

from lab_harness.notebook.replies.advice import advice, answered
from lab_harness.notebook.replies.call import FailedCall

TYPE = "Invalid type for parameter P, value: x, type: <class '{}'>, valid types: <class '{}'>"


def refused(code, operation, message="No."):
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


def call(service, operation):
    return FailedCall(service, operation, tuple(Session().get_service_model(service).operation_names))


@pytest.mark.parametrize(
    ("service", "operation", "code", "told"),
    [
        ("lambda", "CreateFunction", "ResourceConflictException", "`update_function_code` changes its code"),
        ("dynamodb", "CreateTable", "ResourceInUseException", "its key cannot be changed"),
        ("stepfunctions", "CreateStateMachine", "StateMachineAlreadyExists", "`update_state_machine` changes it"),
        ("apigateway", "CreateStage", "ConflictException", "`update_stage` changes it"),
        ("events", "CreateEventBus", "ResourceAlreadyExistsException", "`update_event_bus` changes it"),
        ("lambda", "AddPermission", "ResourceConflictException", "`remove_permission`"),
        ("s3", "CreateBucket", "BucketAlreadyOwnedByYou", "can be used as it is"),
        ("cloudfront", "CreateFunction", "FunctionAlreadyExists", "`update_function` changes it"),
        ("lambda", "GetFunction", "ResourceNotFoundException", "(`list_functions` lists what there is)"),
        ("lambda", "CreateEventSourceMapping", "ResourceNotFoundException", "letter by letter, or"),
        ("logs", "PutSubscriptionFilter", "ResourceNotFoundException", "letter by letter, or"),
        ("s3", "GetObject", "NoSuchBucket", "(`list_buckets` lists what there is)"),
        ("s3", "PutObject", "NoSuchBucket", "(`list_buckets` lists what there is)"),
        ("s3", "GetObject", "NoSuchKey", "(`list_objects` lists what there is)"),
        ("cognito-idp", "AdminGetUser", "UserNotFoundException", "(`list_users` lists what there is)"),
        ("dynamodb", "PutItem", "ConditionalCheckFailedException", "The condition did not hold"),
        ("cloudfront", "UpdateFunction", "InvalidIfMatchVersion", "`ETag`"),
        ("sqs", "GetQueueUrl", "AWS.SimpleQueueService.NonExistentQueue", "letter by letter"),
        ("iam", "GetPolicy", "NoSuchEntity", "(`list_policies` lists what there is)"),
        ("lambda", "DeleteFunction", "ResourceConflictException", "It is in use"),
        ("lambda", "Invoke", "TooManyRequestsException", "wait for some seconds"),
        ("lambda", "Invoke", "UnrecognizedClientException", "Run the cell with open_lab"),
        ("lambda", "Invoke", "UnknownOperationException", "does not know this operation"),
        ("iam", "CreateRole", "MalformedPolicyDocument", "/services/iam/client/create_role.html"),
        ("s3", "PutBucketPolicy", "AccessDenied", "A policy must allow this"),
    ],
)
def test_a_refusal_is_told_with_what_to_do(service, operation, code, told):
    assert told in advice(refused(code, operation), call(service, operation))


def test_what_exists_by_the_message_alone_is_told_so_too():
    error = refused("InvalidParameterException", "CreateUserPoolDomain", "Domain pets already exists.")
    assert "`update_user_pool_domain` changes it" in advice(error, call("cognito-idp", "CreateUserPoolDomain"))


@pytest.mark.parametrize(
    ("service", "operation", "message", "told"),
    [
        ("iam", "AttachRolePolicy", "Policy arn:aws:iam::aws:policy/Logs does not exist.", "list_policies"),
        ("iam", "AttachRolePolicy", "The role with name helo cannot be found.", "list_roles"),
        ("lambda", "UpdateFunctionCode", "Function not found: arn:aws:lambda:us-east-1:0:function:f", "list_functions"),
        ("lambda", "CreateEventSourceMapping", "Function not found: f", "list_functions"),
        ("dynamodb", "PutItem", "Requested resource not found: Table: Pets not found", "list_tables"),
        ("logs", "GetLogEvents", "The specified log group does not exist.", "list_log_groups"),
    ],
)
def test_what_is_missing_is_listed_by_the_call_for_things_of_its_kind(service, operation, message, told):
    error = refused("ResourceNotFoundException", operation, message)
    assert f"(`{told}` lists what there is)" in advice(error, call(service, operation))


@pytest.mark.parametrize(
    "arguments",
    [
        {"RoleName": "r", "AssumeRolePolicyDocument": '{"Version": "2012-10-17" "Statement": []}'},
        {"Attributes": {"AssumeRolePolicyDocument": '{"Version": "2012-10-17" "Statement": []}'}},
        {"AssumeRolePolicyDocument": b'{"Version": "2012-10-17" "Statement": []}'},
    ],
)
def test_text_that_is_no_json_is_told_with_the_place(arguments):
    error = refused("MalformedPolicyDocument", "CreateRole", "This policy contains invalid Json")
    said = advice(error, replace(call("iam", "CreateRole"), arguments=arguments))
    assert said.startswith("`AssumeRolePolicyDocument` is no JSON, at line 1, column 26: Expecting ','")


@pytest.mark.parametrize("text", ["[" * 100_000, "[" + "9" * 10_000 + "]"])
def test_text_that_nobody_can_read_is_not_told_as_no_json(text):
    error = refused("MalformedPolicyDocument", "CreateRole", "This policy contains invalid Json")
    said = advice(error, replace(call("iam", "CreateRole"), arguments={"AssumeRolePolicyDocument": text}))
    assert said.startswith("Compare the values")


def test_json_that_is_right_is_not_blamed_for_what_aws_refuses():
    arguments = {"AssumeRolePolicyDocument": '{"Version": "2012"}', "Description": "no JSON here"}
    error = refused("MalformedPolicyDocument", "CreateRole", "The policy must have a Statement.")
    said = advice(error, replace(call("iam", "CreateRole"), arguments=arguments))
    assert said.startswith("Compare the values")


def test_a_name_where_an_arn_is_wanted_is_told_so():
    message = (
        "1 validation error detected: Value 'hello-world-role' at 'role' failed to satisfy constraint: Member must "
        "satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?.+"
    )
    error = refused("ValidationException", "CreateFunction", message)
    said = advice(error, replace(call("lambda", "CreateFunction"), arguments={"Role": "hello-world-role"}))
    assert said.startswith("`Role` is an ARN, which begins with arn:, and hello-world-role is none: ask for it")


def test_what_a_functions_role_may_not_do_is_named():
    message = "The provided execution role does not have permissions to call ReceiveMessage on SQS"
    said = advice(refused("InvalidParameterValueException", "CreateEventSourceMapping", message), None)
    assert said.startswith("A policy of the function's role must allow `sqs:ReceiveMessage` on what this call names")


def test_who_waits_for_what_is_not_there_is_told_of_the_name():
    answer = {"Error": {"Code": "ResourceNotFoundException", "Message": "Function not found: hello"}}
    error = WaiterError("FunctionActiveV2", "An error occurred (ResourceNotFoundException)", answer)
    assert advice(error, None).startswith("There is nothing of this name: compare it letter by letter")


def test_a_subscription_that_exists_otherwise_is_changed_by_its_attributes():
    error = refused("InvalidParameter", "Subscribe", "Subscription already exists with different attributes")
    assert "`set_subscription_attributes` changes its settings" in advice(error, call("sns", "Subscribe"))


def test_what_exists_and_cannot_be_changed_is_to_be_removed():
    said = advice(refused("ResourceConflictException", "CreateOdd"), FailedCall("odd", "CreateOdd"))
    assert said.startswith("It exists already: `lab.reset()` removes")


def test_a_transaction_that_a_condition_has_cancelled_is_told_so():
    message = "Transaction cancelled, please refer cancellation reasons for specific reasons [{}, None]"
    call_ = call("dynamodb", "TransactWriteItems")
    held_up, invalid = (
        refused("TransactionCanceledException", "TransactWriteItems", message.format(reason))
        for reason in ("ConditionalCheckFailed", "ValidationError")
    )
    assert "The condition did not hold" in advice(held_up, call_)
    assert "Compare the values" in advice(invalid, call_)


def test_a_reserved_word_gets_another_name_in_the_expression():
    message = "Invalid UpdateExpression: Attribute name is a reserved keyword; reserved keyword: size"
    said = advice(refused("ValidationException", "UpdateItem", message), call("dynamodb", "UpdateItem"))
    assert said == "Write `#size` in the expression, and give `ExpressionAttributeNames={'#size': 'size'}`."


def test_what_is_looked_for_in_another_region_is_told_so():
    elsewhere = replace(call("lambda", "GetFunction"), region="eu-west-1")
    said = advice(refused("ResourceNotFoundException", "GetFunction"), elsewhere)
    assert said.startswith("This client asks in the Region eu-west-1; what you build here is in us-east-1")


@pytest.mark.parametrize("resource", ["arn:aws:sqs:q", '"arn:aws:sqs:q" because no identity-based policy allows it'])
def test_a_missing_permission_is_named_with_its_resource(resource):
    message = f"User: arn:aws:iam::0:user/x is not authorized to perform: sqs:SendMessage on resource: {resource}"
    said = advice(refused("AccessDenied", "SendMessage", message), None)
    assert said == "A policy of the role which makes the call must allow `sqs:SendMessage` on `arn:aws:sqs:q`."


def test_a_deny_is_what_has_to_go_where_it_forbids_a_call():
    message = "User: x is not authorized to perform: sqs:SendMessage on resource: q with an explicit deny in {}"
    for kind in ("an identity-based policy", "a resource-based policy"):
        said = advice(refused("AccessDenied", "SendMessage", message.format(kind)), None)
        assert said.startswith(f"A Deny in {kind} forbids `sqs:SendMessage` on `q`")


def test_what_aws_is_still_at_work_on_is_to_be_waited_for():
    error = refused("ResourceConflictException", "UpdateFunctionCode", "An update is in progress for resource: f")
    assert "wait until it is ready" in advice(error, None)


def test_a_role_that_lambda_cannot_assume_is_looked_at():
    message = "The role defined for the function cannot be assumed by Lambda."
    said = advice(refused("InvalidParameterValueException", "CreateFunction", message), None)
    assert "trust policy" in said


@pytest.mark.parametrize(
    ("report", "told"),
    [
        (TYPE.format("dict", "str"), "put `json.dumps(…)` around it"),
        (TYPE.format("dict", "bytes"), "`json.dumps(…).encode()` makes it"),
        (TYPE.format("str", "dict"), "`json.loads(…)`"),
        (TYPE.format("str", "list"), "put [ ] around it"),
        (TYPE.format("int", "str"), "must be of the type str"),
        ('Unknown parameter in input: "rolename", must be one of: Path, RoleName', "Did you mean `RoleName`?"),
        ('Unknown parameter in input: "x", must be one of: Path, RoleName', "Compare the names: Path, RoleName."),
        (
            'Missing required parameter in input: "A"\nMissing required parameter in B[0]: "C"',
            "Give it `A` and `C`, too.",
        ),
        ("Invalid length for parameter P, value: 0, valid min length: 1", "Compare the call"),
    ],
)
def test_arguments_that_boto3_refuses_are_told_with_what_to_do(report, told):
    error = ParamValidationError(report=report)
    assert told in advice(error, None)
    assert answered(error, FailedCall("iam", "CreateRole")) == f"boto3 did not send create_role: {report}"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:9"), "`lab start`"),
        (ReadTimeoutError(endpoint_url="http://127.0.0.1:9"), "`lab start`"),
        (NoCredentialsError(), "Run the cell with open_lab"),
        (WaiterError("FunctionActive", "Max attempts exceeded", {}), "did not come about"),
        (PaginationError(message="odd"), "Compare the call with boto3's documentation"),
    ],
)
def test_other_errors_of_boto3_are_told_with_what_to_do(error, told):
    assert told in advice(error, None)
    assert answered(error, None) == str(error)
