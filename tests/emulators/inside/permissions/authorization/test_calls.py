"""Tests for the permissions of calls: functions, users and sessions may do what their policies allow, nothing else."""

import json
from urllib.parse import quote

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from lab_harness.authors.http import Http
from lab_harness.aws import Clients
from tests.labs.helpers import zipped
from tests.roles import allow, policy, role, take_away
from tests.waiting import wait_until

REGION, TABLE_ARN = "us-east-1", "arn:aws:dynamodb:us-east-1:000000000000:table/orders"
PUT = {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": TABLE_ARN}
WRITES = """
import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
def lambda_handler(event, context):
    client = boto3.client(event["service"])
    try:
        getattr(client, event["call"])(**event["with"])
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return [status, error.response["Error"]["Code"], error.response["Error"]["Message"]]
    return "done"
"""


@pytest.fixture
def clients(embedded):
    embedded.reset()
    return Clients(embedded, as_learner=True)


@pytest.fixture
def called(clients):
    """Has a function make a call, by its role `worker` that allows nothing yet: what became of that."""
    arn = role(clients, "worker")
    take_away(clients, "worker")
    clients["lambda"].create_function(
        FunctionName="writer", Runtime="python3.13", Handler="lambda_function.lambda_handler", Role=arn,
        Code={"ZipFile": zipped(WRITES)}, Timeout=30,
    )  # fmt: skip
    clients["lambda"].get_waiter("function_active_v2").wait(FunctionName="writer", WaiterConfig={"Delay": 0.1})

    def call(service, call, **given):
        event = json.dumps({"service": service, "call": call, "with": given})
        return json.load(clients["lambda"].invoke(FunctionName="writer", Payload=event)["Payload"])

    return call


def create_table(clients):
    clients["dynamodb"].create_table(
        TableName="orders", BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )  # fmt: skip


def user(clients, embedded, *statements, name="ana"):
    """boto3's session with the key of a new user who may do this."""
    iam = clients["iam"]
    iam.create_user(UserName=name)
    if statements:
        iam.put_user_policy(UserName=name, PolicyName="given", PolicyDocument=policy(*statements))
    return session(iam.create_access_key(UserName=name)["AccessKey"])


def session(key):
    token = key.get("SessionToken")
    return boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], token, region_name=REGION)


def denied(call, **given):
    """The code, the status and the message of a refused call."""
    with pytest.raises(ClientError) as caught:
        call(**given)
    answer = caught.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Message"]


def test_function_may_do_what_its_role_allows_as_long_as_it_does(clients, called):
    create_table(clients)
    item = {"TableName": "orders", "Item": {"id": {"S": "1"}}}
    message = (
        "User: arn:aws:sts::000000000000:assumed-role/worker/writer is not authorized to perform: dynamodb:PutItem "
        f"on resource: {TABLE_ARN} because no identity-based policy allows the dynamodb:PutItem action"
    )
    assert called("dynamodb", "put_item", **item) == [400, "AccessDeniedException", message]
    allow(clients, "worker", PUT)
    assert called("dynamodb", "put_item", **item) == "done"
    assert called("dynamodb", "get_item", TableName="orders", Key=item["Item"])[1] == "AccessDeniedException"
    take_away(clients, "worker")
    assert called("dynamodb", "put_item", **item) == [400, "AccessDeniedException", message]
    allow(clients, "worker", PUT, {**PUT, "Effect": "Deny"})
    assert called("dynamodb", "put_item", **item)[2].endswith("with an explicit deny in an identity-based policy")


@pytest.mark.parametrize(
    ("service", "call", "given", "code", "status", "action", "resource"),
    [
        ("sqs", "send_message", {"QueueUrl": "http://x/000000000000/q", "MessageBody": "x"}, "AccessDenied", 403,
         "sqs:sendmessage", "arn:aws:sqs:us-east-1:000000000000:q"),
        ("sns", "publish", {"TopicArn": "arn:aws:sns:us-east-1:000000000000:t", "Message": "x"}, "AuthorizationError",
         403, "SNS:Publish", "arn:aws:sns:us-east-1:000000000000:t"),
        ("s3", "put_object", {"Bucket": "pets", "Key": "a/b", "Body": "x"}, "AccessDenied", 403, "s3:PutObject",
         '"arn:aws:s3:::pets/a/b"'),
        ("lambda", "invoke", {"FunctionName": "other"}, "AccessDeniedException", 403, "lambda:InvokeFunction",
         "arn:aws:lambda:us-east-1:000000000000:function:other"),
        ("events", "put_events", {"Entries": [{"Source": "a", "DetailType": "b", "Detail": "{}"}]},
         "AccessDeniedException", 400, "events:PutEvents", "arn:aws:events:us-east-1:000000000000:event-bus/default"),
        ("stepfunctions", "start_execution",
         {"stateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:m"}, "AccessDeniedException", 400,
         "states:StartExecution", "arn:aws:states:us-east-1:000000000000:stateMachine:m"),
        ("logs", "create_log_group", {"logGroupName": "/g"}, "AccessDeniedException", 400, "logs:CreateLogGroup",
         "arn:aws:logs:us-east-1:000000000000:log-group:/g:log-stream:"),
        ("iam", "get_role", {"RoleName": "worker"}, "AccessDenied", 403, "iam:GetRole",
         "arn:aws:iam::000000000000:role/worker"),
        ("sts", "assume_role", {"RoleArn": "arn:aws:iam::000000000000:role/other", "RoleSessionName": "tea"},
         "AccessDenied", 403, "sts:AssumeRole", "arn:aws:iam::000000000000:role/other"),
    ],
)  # fmt: skip
def test_each_service_refuses_in_its_own_words(called, clients, service, call, given, code, status, action, resource):
    clients["sqs"].create_queue(QueueName="q")
    clients["s3"].create_bucket(Bucket="pets")
    refused = called(service, call, **given)
    assert refused[:2] == [status, code]
    assert refused[2].startswith(
        "User: arn:aws:sts::000000000000:assumed-role/worker/writer is not authorized to perform: "
        f"{action} on resource: {resource}"
    )


def test_function_is_its_roles_session_and_never_another(called, clients):
    assert called("sts", "get_caller_identity") == "done"
    forged = """
import os, boto3
def lambda_handler(event, context):
    key = [os.environ[f"AWS_{name}"] for name in ("SECRET_ACCESS_KEY", "SESSION_TOKEN")]
    ours = boto3.client("sts").get_caller_identity()["Arn"]
    try:
        return ours, boto3.client("sts", aws_access_key_id="test", aws_secret_access_key=key[0],
                                  aws_session_token=key[1]).get_caller_identity()["Arn"]
    except Exception as error:
        return ours, str(error)
"""
    clients["lambda"].update_function_code(FunctionName="writer", ZipFile=zipped(forged))
    ours, other = json.load(clients["lambda"].invoke(FunctionName="writer")["Payload"])
    assert ours == "arn:aws:sts::000000000000:assumed-role/worker/writer"
    assert "InvalidClientTokenId" in other


TESTS = "test/20261130/us-east-1/sqs/aws4_request"


@pytest.mark.parametrize(
    ("scheme", "query"),
    [
        (f"AWS4-HMAC-SHA256 Credential={TESTS}, ", ""),  # Of two keys one reader takes the first, another the last.
        ("AWS4-OTHER ", f"?X-Amz-Credential={quote(TESTS, safe='')}"),  # One reader looks elsewhere.
    ],
)
def test_call_is_made_in_the_name_of_the_key_that_signed_it(clients, embedded, scheme, query):
    settings = {"endpoint_url": embedded.endpoint, "config": Config(retries={"total_max_attempts": 1})}
    sqs = user(clients, embedded).client("sqs", **settings)
    assert "not authorized to perform" in denied(sqs.create_queue, QueueName="mine")[2]

    def name_another(request, **_):
        request.url += query

    def forge(request, **_):
        signed = request.headers["Authorization"].decode()
        request.headers["Authorization"] = signed.replace("AWS4-HMAC-SHA256 ", scheme)

    sqs.meta.events.register("before-sign.sqs", name_another)
    sqs.meta.events.register("before-send.sqs", forge)
    assert denied(sqs.create_queue, QueueName="mine")[1] in (400, 403)
    assert not clients["sqs"].list_queues().get("QueueUrls")


def test_users_may_do_what_they_and_their_groups_are_allowed_within_their_boundary(clients, embedded):
    create_table(clients)
    ana = user(clients, embedded)
    put = ana.client("dynamodb", endpoint_url=embedded.endpoint).put_item
    item = {"TableName": "orders", "Item": {"id": {"S": "1"}}}
    assert "because no identity-based policy allows" in denied(put, **item)[2]
    iam = clients["iam"]
    iam.create_group(GroupName="writers")
    iam.put_group_policy(GroupName="writers", PolicyName="put", PolicyDocument=policy(PUT))
    iam.add_user_to_group(GroupName="writers", UserName="ana")
    put(**item)
    limit = iam.create_policy(PolicyName="limit", PolicyDocument=policy({**PUT, "Action": "s3:*"}))["Policy"]["Arn"]
    iam.put_user_permissions_boundary(UserName="ana", PermissionsBoundary=limit)
    assert denied(put, **item)[2].endswith("because no permissions boundary allows the dynamodb:PutItem action")
    iam.delete_user_permissions_boundary(UserName="ana")
    put(**item)
    iam.remove_user_from_group(GroupName="writers", UserName="ana")
    assert "because no identity-based policy allows" in denied(put, **item)[2]


def test_function_may_do_what_its_roles_boundary_allows(clients, called):
    create_table(clients)
    allow(clients, "worker", PUT)
    item = {"TableName": "orders", "Item": {"id": {"S": "1"}}}
    limit = {**PUT, "Action": "s3:*", "Resource": "*"}
    arn = clients["iam"].create_policy(PolicyName="limit", PolicyDocument=policy(limit))["Policy"]["Arn"]
    clients["iam"].put_role_permissions_boundary(RoleName="worker", PermissionsBoundary=arn)

    def change(*statements):
        clients["iam"].create_policy_version(PolicyArn=arn, PolicyDocument=policy(*statements), SetAsDefault=True)

    message = called("dynamodb", "put_item", **item)[2]
    assert message.endswith("because no permissions boundary allows the dynamodb:PutItem action")
    change(limit, PUT)
    assert called("dynamodb", "put_item", **item) == "done"
    change(limit)
    assert called("dynamodb", "put_item", **item)[1] == "AccessDeniedException"


def test_variables_in_a_policy_stand_for_the_caller(clients, embedded):
    clients["s3"].create_bucket(Bucket="homes")
    own = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::homes/${aws:username}/*"}
    s3 = user(clients, embedded, own).client("s3", endpoint_url=embedded.endpoint)
    s3.put_object(Bucket="homes", Key="ana/notes", Body=b"x")
    assert denied(s3.put_object, Bucket="homes", Key="bob/notes", Body=b"x")[0] == "AccessDenied"


def test_a_buckets_policy_lets_a_user_in_and_keeps_one_out(clients, embedded):
    clients["s3"].create_bucket(Bucket="homes")
    s3 = user(clients, embedded).client("s3", endpoint_url=embedded.endpoint)
    put = {"Bucket": "homes", "Key": "notes", "Body": b"x"}
    given = {
        "Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::homes/*",
        "Principal": {"AWS": "arn:aws:iam::000000000000:user/ana"},
    }  # fmt: skip
    assert denied(s3.put_object, **put)[0] == "AccessDenied"
    clients["s3"].put_bucket_policy(Bucket="homes", Policy=policy(given))
    s3.put_object(**put)
    clients["s3"].put_bucket_policy(Bucket="homes", Policy=policy(given, {**given, "Effect": "Deny"}))
    assert denied(s3.put_object, **put)[2].endswith("with an explicit deny in a resource-based policy")
    clients["s3"].delete_bucket_policy(Bucket="homes")
    assert denied(s3.put_object, **put)[2].endswith("because no identity-based policy allows the s3:PutObject action")


def test_role_is_assumed_by_whom_it_trusts_on_its_conditions(clients, embedded):
    create_table(clients)
    ana = user(clients, embedded)
    sts = ana.client("sts", endpoint_url=embedded.endpoint)
    trusting = {
        "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:user/ana"}, "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": "42"}},
    }  # fmt: skip
    made = clients["iam"].create_role(RoleName="reader", AssumeRolePolicyDocument=policy(trusting))["Role"]["Arn"]
    allow(clients, "reader", {**PUT, "Action": "dynamodb:GetItem"})
    assume = {"RoleArn": made, "RoleSessionName": "ana"}
    assert denied(sts.assume_role, **assume)[0] == "AccessDenied"
    reader = session(sts.assume_role(**assume, ExternalId="42")["Credentials"])
    dynamodb = reader.client("dynamodb", endpoint_url=embedded.endpoint)
    dynamodb.get_item(TableName="orders", Key={"id": {"S": "1"}})
    message = denied(dynamodb.put_item, TableName="orders", Item={"id": {"S": "1"}})[2]
    assert message.startswith("User: arn:aws:sts::000000000000:assumed-role/reader/ana is not authorized")
    clients["iam"].update_assume_role_policy(RoleName="reader", PolicyDocument=policy({**trusting, "Effect": "Deny"}))
    assert denied(sts.assume_role, **assume, ExternalId="42")[0] == "AccessDenied"


def test_a_role_that_trusts_the_account_leaves_it_to_the_accounts_policies(clients, embedded):
    root = {"AWS": "arn:aws:iam::000000000000:root"}
    document = policy({"Effect": "Allow", "Principal": root, "Action": "sts:AssumeRole"})
    made = clients["iam"].create_role(RoleName="reader", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    sts = user(clients, embedded).client("sts", endpoint_url=embedded.endpoint)
    assume = {"RoleArn": made, "RoleSessionName": "ana"}
    assert denied(sts.assume_role, **assume)[0] == "AccessDenied"
    may = policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": made})
    clients["iam"].put_user_policy(UserName="ana", PolicyName="may", PolicyDocument=may)
    sts.assume_role(**assume)
    clients["sts"].assume_role(**assume)
    clients["iam"].delete_user_policy(UserName="ana", PolicyName="may")
    assert denied(sts.assume_role, **assume)[0] == "AccessDenied"


def test_a_sessions_policy_limits_it(clients, embedded):
    create_table(clients)
    root = {"AWS": "arn:aws:iam::000000000000:root"}
    document = policy({"Effect": "Allow", "Principal": root, "Action": "sts:AssumeRole"})
    made = clients["iam"].create_role(RoleName="writer", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    allow(clients, "writer", PUT)
    limited = {"RoleArn": made, "RoleSessionName": "tea", "Policy": policy({**PUT, "Action": "dynamodb:GetItem"})}
    key = clients["sts"].assume_role(**limited)["Credentials"]
    put = session(key).client("dynamodb", endpoint_url=embedded.endpoint).put_item
    message = denied(put, TableName="orders", Item={"id": {"S": "1"}})[2]
    assert message.endswith("because no session policy allows the dynamodb:PutItem action")
    key = clients["sts"].assume_role(**limited | {"Policy": policy(PUT)})["Credentials"]
    put = session(key).client("dynamodb", endpoint_url=embedded.endpoint).put_item
    put(TableName="orders", Item={"id": {"S": "1"}})
    take_away(clients, "writer")
    assert denied(put, TableName="orders", Item={"id": {"S": "1"}})[0] == "AccessDeniedException"


def short_session(embedded, role):
    """The key of a session that ends after a second; AWS's SDK asks for 900 and more."""
    learner = embedded.learner
    asking = boto3.client(
        "sts", endpoint_url=embedded.endpoint, region_name=REGION, aws_access_key_id=learner.access_key_id,
        aws_secret_access_key=learner.secret_access_key, config=Config(parameter_validation=False),
    )  # fmt: skip
    return asking.assume_role(RoleArn=role, RoleSessionName="tea", DurationSeconds=1)["Credentials"]


def test_temporary_key_ends(clients, embedded):
    root = {"AWS": "arn:aws:iam::000000000000:root"}
    document = policy({"Effect": "Allow", "Principal": root, "Action": "sts:AssumeRole"})
    made = clients["iam"].create_role(RoleName="short", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    key = short_session(embedded, made)
    sts = session(key).client("sts", endpoint_url=embedded.endpoint)

    def code():
        try:
            return sts.get_caller_identity() and ""
        except ClientError as error:
            return error.response["Error"]["Code"]

    assert wait_until(code) == "ExpiredToken"


def test_key_that_was_taken_back_is_none(clients, embedded):
    ana = user(clients, embedded)
    sts = ana.client("sts", endpoint_url=embedded.endpoint)
    sts.get_caller_identity()
    clients["iam"].update_access_key(UserName="ana", AccessKeyId=ana.get_credentials().access_key, Status="Inactive")
    assert denied(sts.get_caller_identity)[0] == "InvalidClientTokenId"
    clients["iam"].update_access_key(UserName="ana", AccessKeyId=ana.get_credentials().access_key, Status="Active")
    sts.get_caller_identity()


EVERYBODY = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::pet-shop/*"}


def test_everybody_reads_a_bucket_only_by_its_policy_once_its_block_is_lifted(clients, embedded):
    s3 = clients["s3"]
    s3.create_bucket(Bucket="pet-shop")
    s3.put_object(Bucket="pet-shop", Key="index.html", Body=b"welcome")
    s3.put_bucket_website(Bucket="pet-shop", WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})

    def status():
        return Http(embedded.endpoint).request("GET", "/", host="pet-shop.s3-website.localhost").status

    blocks = s3.get_public_access_block(Bucket="pet-shop")["PublicAccessBlockConfiguration"]
    assert list(blocks.values()) == [True] * 4
    assert denied(s3.put_bucket_policy, Bucket="pet-shop", Policy=policy(EVERYBODY))[0] == "AccessDenied"
    assert status() == 403
    s3.delete_public_access_block(Bucket="pet-shop")
    assert status() == 403
    s3.put_bucket_policy(Bucket="pet-shop", Policy=policy(EVERYBODY))
    assert status() == 200
    restricted = {**dict.fromkeys(blocks, False), "RestrictPublicBuckets": True}
    s3.put_public_access_block(Bucket="pet-shop", PublicAccessBlockConfiguration=restricted)
    assert status() == 403
    s3.delete_public_access_block(Bucket="pet-shop")
    s3.delete_bucket_policy(Bucket="pet-shop")
    assert status() == 403


def test_call_log_tells_what_was_refused_and_to_whom(clients, called, embedded):
    create_table(clients)
    called("dynamodb", "put_item", TableName="orders", Item={"id": {"S": "1"}})
    (call,) = [each for each in embedded.calls() if each.caller == "function writer" and each.operation == "PutItem"]
    assert (call.status, "dynamodb:PutItem action" in call.denied) == (400, True)
    (told,) = [each for each in embedded.denials() if each.action == "dynamodb:PutItem"]
    assert (told.by, told.message) == ("function writer", call.denied)
    assert told.role == "arn:aws:iam::000000000000:role/worker"
    assert not [each for each in embedded.calls() if each.denied and each.caller == "learner"]


def test_object_that_is_not_there_is_told_only_to_who_may_list_its_bucket(clients, embedded):
    clients["s3"].create_bucket(Bucket="homes")
    read = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::homes/*"}
    s3 = user(clients, embedded, read).client("s3", endpoint_url=embedded.endpoint)
    missing = {"Bucket": "homes", "Key": "none"}
    words = '"arn:aws:s3:::homes" because no identity-based policy allows the s3:ListBucket action'
    code, status, message = denied(s3.get_object, **missing)
    assert (code, status, message.endswith(f"s3:ListBucket on resource: {words}")) == ("AccessDenied", 403, True)
    assert denied(s3.head_object, **missing)[1] == 403
    listing = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::homes"}
    clients["iam"].put_user_policy(UserName="ana", PolicyName="given", PolicyDocument=policy(read, listing))
    assert denied(s3.get_object, **missing)[:2] == ("NoSuchKey", 404)
    assert denied(s3.head_object, **missing)[1] == 404
    clients["iam"].put_user_policy(UserName="ana", PolicyName="given", PolicyDocument=policy(read))
    assert denied(s3.get_object, **missing)[1] == 403
    assert denied(clients["s3"].get_object, **missing)[:2] == ("NoSuchKey", 404)


def test_everybody_is_told_of_an_object_that_is_not_there_only_where_everybody_may_list_its_bucket(clients, embedded):
    s3 = clients["s3"]
    s3.create_bucket(Bucket="pet-shop")
    s3.delete_public_access_block(Bucket="pet-shop")

    def status():
        return Http(embedded.endpoint).request("GET", "/pet-shop/none").status

    s3.put_bucket_policy(Bucket="pet-shop", Policy=policy(EVERYBODY))
    assert status() == 403
    listing = {**EVERYBODY, "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::pet-shop"}
    s3.put_bucket_policy(Bucket="pet-shop", Policy=policy(EVERYBODY, listing))
    assert status() == 404
    s3.put_bucket_policy(Bucket="pet-shop", Policy=policy(EVERYBODY))
    assert status() == 403
