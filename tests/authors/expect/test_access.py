"""Tests for who may do what: the Failures, word for word."""

import json

import pytest

from lab_harness.authors import expect
from tests.authors.making import LAMBDA_TRUST, create_function, create_role, failure
from tests.roles import ready

TABLE = "arn:aws:dynamodb:us-east-1:000000000000:table/PetOrders"
MAY = [(("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:GetItem"), TABLE)]


@pytest.fixture
def role(clients):
    """IAM with the role `worker`, and a function that gives it an inline policy of these statements."""
    iam = clients["iam"]
    create_role(iam, "worker")

    def put(*statements):
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_role_policy(RoleName="worker", PolicyName="inline", PolicyDocument=document)
        return iam

    return put


def allow(action, resource=TABLE):
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def test_trust_of_another_service_shows_the_trust_policy(clients):
    create_role(clients["iam"], "worker")
    assert expect.trust(clients["iam"], "worker", "lambda.amazonaws.com") is None
    found = failure(expect.trust, clients["iam"], "worker", "states.amazonaws.com")
    assert found.expected == "a trust policy that allows sts:AssumeRole to states.amazonaws.com"
    assert found.found == f"the trust policy {json.dumps(LAMBDA_TRUST)}"
    assert found.next_step.startswith("Its Principal is lambda.amazonaws.com; this is for states.amazonaws.com.")


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        (
            {"Principal": {"Service": "lamda.amazonaws.com"}},
            "lamda.amazonaws.com, which is nearly lambda.amazonaws",
        ),
        ({"Action": "sts:AssumeRoles"}, "Its Action is sts:AssumeRoles; the one that counts is sts:AssumeRole."),
        ({"Condition": {"StringEquals": {"sts:ExternalId": "x"}}}, 'A Condition keeps lambda.amazonaws.com out: {"Str'),
    ],
)
def test_what_keeps_a_service_out_is_the_advice(clients, change, advice):
    (statement,) = LAMBDA_TRUST["Statement"]
    create_role(clients["iam"], "worker", {"Version": "2012-10-17", "Statement": [statement | change]})
    assert advice in failure(expect.trust, clients["iam"], "worker", "lambda.amazonaws.com").next_step


def test_a_deny_that_keeps_a_service_out_is_the_advice(clients):
    deny = {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}
    create_role(clients["iam"], "worker", {**LAMBDA_TRUST, "Statement": [*LAMBDA_TRUST["Statement"], deny]})
    found = failure(expect.trust, clients["iam"], "worker", "lambda.amazonaws.com")
    assert found.next_step.startswith("A Deny keeps lambda.amazonaws.com out.")


def test_least_privilege_is_these_services_and_logs(role):
    iam = role(
        allow(["dynamodb:PutItem", "dynamodb:UpdateItem"]),
        allow("DynamoDB:GetItem"),
        allow(["logs:CreateLogGroup", "logs:PutLogEvents"], "*"),
        {"Effect": "Deny", "Action": "*", "Resource": "*"},
    )
    assert expect.least_privilege(iam, "worker", MAY) is None


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (allow("dynamodb:*"), "dynamodb:* in inline"),
        (allow("dynamodb:Put?tem"), "dynamodb:Put?tem in inline"),
        (allow("logs:*"), "logs:* in inline"),
        (allow("dynamodb:PutItem", "*"), 'Resource "*" for dynamodb:PutItem in inline'),
        (allow("sqs:SendMessage"), "actions of sqs"),
        (allow("SQS:SendMessage", "*"), 'actions of sqs; Resource "*" for SQS:SendMessage in inline'),
        (allow("dynamodb:DeleteTable"), "dynamodb:DeleteTable in inline"),
        (allow("*", "*"), "* in inline"),
    ],
)
def test_anything_wider_is_named(role, statement, found):
    iam = role(allow("dynamodb:PutItem"), statement)
    assert failure(expect.least_privilege, iam, "worker", MAY).found == found


def test_function_uses_the_role_by_its_arn(clients):
    iam, lambda_ = clients["iam"], clients["lambda"]
    create_role(iam, "worker")
    create_role(iam, "other")
    arn = iam.get_role(RoleName="worker")["Role"]["Arn"]
    create_function(lambda_, "hello", arn)
    assert expect.function_role(lambda_, iam, "hello", "worker") is None
    found = failure(expect.function_role, lambda_, iam, "hello", "other")
    assert found.found == f"the role {arn}"
    assert found.expected.endswith(":role/other")


def test_permissions_that_are_missing_are_named(role):
    iam = role(allow("dynamodb:PutItem"), allow("sqs:SendMessage", "*"))
    needed = [("dynamodb:PutItem", TABLE), ("sqs:SendMessage", "arn:aws:sqs:us-east-1:000000000000:queue")]
    assert expect.permissions(iam, "worker", needed, "Look.") is None
    found = failure(expect.permissions, iam, "worker", [*needed, ("dynamodb:GetItem", TABLE)], "Look.")
    assert found.expected == "permission in worker for all that is done with it"
    assert found.found == "no permission for dynamodb:GetItem on PetOrders; the role carries the inline policy inline"


def test_one_of_several_actions_is_enough_and_the_first_is_named_where_none_is_allowed(role):
    iam = role(allow("dynamodb:UpdateItem"))
    write, read = ("dynamodb:PutItem", "dynamodb:UpdateItem"), ("dynamodb:GetItem", "dynamodb:Query")
    assert expect.permissions(iam, "worker", [(write, TABLE)], "Look.") is None
    found = failure(expect.permissions, iam, "worker", [(write, TABLE), (read, TABLE)], "Look.")
    assert found.found == "no permission for dynamodb:GetItem on PetOrders; the role carries the inline policy inline"


@pytest.mark.parametrize(
    ("arn", "name"),
    [
        (TABLE, "PetOrders"),
        ("arn:aws:sqs:us-east-1:000000000000:pet-orders", "pet-orders"),
        ("arn:aws:lambda:us-east-1:000000000000:function:check-pet", "check-pet"),
        ("arn:aws:s3:::photos/*", "photos/*"),
        ("arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/hello:log-stream:x", "/aws/lambda/hello"),
    ],
)
def test_what_is_not_allowed_is_told_by_the_resources_name(role, arn, name):
    found = failure(expect.permissions, role(allow("x:y")), "worker", [("x:Do", arn)], "Look.")
    assert found.found == f"no permission for x:Do on {name}; the role carries the inline policy inline"


@pytest.mark.parametrize(
    ("statements", "told"),
    [
        ([allow("dynamodb:PutItem", f"{TABLE}s")], f"on PetOrders, which inline allows on {TABLE}s only; the role"),
        ([allow("dynamodb:*"), {"Effect": "Deny", "Action": "*", "Resource": "*"}], "PetOrders, which inline denies;"),
    ],
)
def test_why_it_is_not_allowed_is_told(role, statements, told):
    found = failure(expect.permissions, role(*statements), "worker", [("dynamodb:PutItem", TABLE)], "Look.")
    assert told in found.found


# Who may invoke a function.

API = "apigateway.amazonaws.com"
ARN = "arn:aws:execute-api:us-east-1:000000000000:"
ROUTES = (f"{ARN}abc/prod/GET/pets", f"{ARN}abc/prod/POST/pets")


@pytest.fixture
def invocation(clients):
    """What `expect.invocation` says of two routes of the API abc, once these SourceArns are permitted."""
    lambda_ = clients["lambda"]
    create_function(lambda_, "hello", ready(clients.emulator))

    def ask(*sources, service=API, action="lambda:InvokeFunction", owner="abc"):
        for number, source in enumerate(sources):
            more = {"SourceArn": source} if source else {}
            lambda_.add_permission(
                FunctionName="hello", StatementId=f"s{number}", Action=action, Principal=service, **more
            )
        return expect.invocation(lambda_, "hello", API, ROUTES, owner, "add_permission gives it.")

    return ask


@pytest.mark.parametrize(
    "sources",
    [
        ROUTES,
        (f"{ARN}abc/*",),
        (f"{ARN}abc/*/*/pets",),
        (f"{ARN}abc/prod/GET/*", f"{ARN}abc/prod/POST/*", f"{ARN}abc/dev/GET/*"),
        (f"{ARN}abc/*", f"{ARN}other/*"),  # another API of the learner's
    ],
)
def test_api_that_may_invoke_by_each_of_its_routes_is_fine(invocation, sources):
    assert invocation(*sources) is None


@pytest.mark.parametrize(
    ("sources", "found", "advice"),
    [
        ((), f"no permission for {API}", ""),
        ((None,), "permission for every source", "The one for every source lets others in, too. "),
        ((f"{ARN}abc/*", None), f"permission for {ARN}abc/*, every source", "The one for every source lets others in"),
        (ROUTES[:1], f"permission for {ROUTES[0]}", f"The one for {ROUTES[0]} does not fit all of that. "),
        ((f"{ARN}abd/*",), f"permission for {ARN}abd/*", ""),
        ((f"{ARN}*",), f"permission for {ARN}*", f"The one for {ARN}* lets others in, too. "),
        ((f"{ARN}abc/*", f"{ARN}*"), f"permission for {ARN}abc/*, {ARN}*", f"The one for {ARN}* lets others in, too. "),
        ((f"{ARN}*/prod/*", f"{ARN}abc/dev/*"), f"permission for {ARN}*/prod/*, {ARN}abc/dev/*", "The one for "),
    ],
)
def test_permission_that_is_missing_too_narrow_or_too_wide_is_shown(invocation, sources, found, advice):
    shown = failure(invocation, *sources)
    assert shown.found == found
    assert shown.next_step.startswith(advice or "add_permission gives it.")
    assert shown.next_step.endswith("add_permission gives it.")
    assert shown.expected == f"a permission for {API} with a SourceArn that fits {' and '.join(ROUTES)}"


def test_permission_of_another_service_or_for_another_action_is_none(clients):
    lambda_ = clients["lambda"]
    create_function(lambda_, "hello", ready(clients.emulator))
    permit = {"FunctionName": "hello", "SourceArn": f"{ARN}abc/*"}
    lambda_.add_permission(StatementId="a", Action="lambda:InvokeFunction", Principal="events.amazonaws.com", **permit)
    lambda_.add_permission(StatementId="b", Action="lambda:GetFunction", Principal=API, **permit)
    shown = failure(expect.invocation, lambda_, "hello", API, ROUTES, "abc", "Look.")
    assert shown.found == f"no permission for {API}"


def test_an_alias_has_a_policy_of_its_own(clients):
    lambda_ = clients["lambda"]
    create_function(lambda_, "hello", ready(clients.emulator))
    version = lambda_.publish_version(FunctionName="hello")["Version"]
    lambda_.create_alias(FunctionName="hello", Name="live", FunctionVersion=version)
    permit = {"FunctionName": "hello", "Action": "lambda:InvokeFunction", "Principal": API, "SourceArn": f"{ARN}abc/*"}
    lambda_.add_permission(StatementId="function", **permit)
    shown = failure(expect.invocation, lambda_, "hello", API, ROUTES, "abc", "Look.", "live")
    assert shown.found == f"no permission for {API} to invoke hello:live"
    lambda_.add_permission(StatementId="alias", Qualifier="live", **permit)
    assert expect.invocation(lambda_, "hello", API, ROUTES, "abc", "Look.", "live") is None


# A bucket that everyone may read.

BUCKET = "pet-shop"
READ = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/*"}


@pytest.fixture
def bucket(clients):
    """S3 with the bucket, and a function that gives it a policy of these statements, which change READ."""
    s3 = clients["s3"]
    s3.create_bucket(Bucket=BUCKET)
    s3.delete_public_access_block(Bucket=BUCKET)

    def put(*changes):
        statements = [{**READ, **change} for change in changes]
        statements = [{name: value for name, value in each.items() if value is not None} for each in statements]
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        s3.put_bucket_policy(Bucket=BUCKET, Policy=document)
        return s3

    put.s3 = s3
    return put


def public(s3):
    return expect.public(s3, BUCKET, "index.html", "Section 5 shows put_bucket_policy.")


@pytest.mark.parametrize(
    "changes",
    [
        [{}],
        [{"Principal": {"AWS": "*"}}],
        [{"Principal": {"AWS": ["*"]}}],
        [{"Action": ["s3:GetObject"]}],
        [{"Action": "S3:getobject"}],
        [{"Resource": f"arn:aws:s3:::{BUCKET}/index.html"}],
        [{"Resource": [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"]}],
        [{}, {"Effect": "Deny", "Action": None, "NotAction": "s3:GetObject"}],
        [{}, {"Effect": "Deny", "Action": "s3:PutObject"}],
        [{}, {"Principal": {"AWS": "arn:aws:iam::000000000000:role/editor"}, "Action": "s3:*"}],
    ],
)
def test_bucket_that_everyone_may_read_and_no_more_is_fine(bucket, clients, changes):
    create_role(clients["iam"], "editor")
    assert public(bucket(*changes)) is None


@pytest.mark.parametrize(
    "changes",
    [
        [{"Effect": "Deny"}],
        [{}, {"Effect": "Deny"}],
        [{}, {"Effect": "Deny", "Principal": None, "NotPrincipal": {"AWS": "arn:aws:iam::000000000000:root"}}],
        [{"Action": "s3:*"}],
        [{"Action": "s3:Get*"}],
        [{"Action": ["s3:GetObject", "s3:PutObject"]}],
        [{}, {"Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{BUCKET}"}],
        [{"Action": None, "NotAction": "s3:PutObject"}],
        [{}, {"Principal": None, "NotPrincipal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "s3:PutObject"}],
        [{"Resource": f"arn:aws:s3:::{BUCKET}/images/*"}],
        [{"Principal": {"AWS": "arn:aws:iam::000000000000:root"}}],
        [{"Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}],
    ],
)
def test_policy_by_which_not_everyone_reads_or_does_more_is_shown(bucket, changes):
    shown = failure(public, bucket(*changes))
    assert shown.expected == "s3:GetObject on arn:aws:s3:::pet-shop/* and no more for everyone, and no block on that"
    assert shown.found.startswith('no block; the policy {"Version": "2012-10-17"')
    assert shown.next_step.endswith("Section 5 shows put_bucket_policy.")


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        ([{}, {"Effect": "Deny"}], "A Deny keeps everyone out."),
        ([{"Action": ["s3:GetObject", "s3:PutObject"]}], "Everyone may do more than read: s3:putobject."),
        ([{"Resource": f"arn:aws:s3:::{BUCKET}/images/*"}], "What is read are its objects, arn:aws:s3:::pet-shop/*,"),
        ([{"Action": "s3:GetObjectAcl"}], "Everyone may do more than read: s3:getobjectacl."),
        ([{"Principal": {"AWS": "arn:aws:iam::000000000000:root"}}], 'Everyone is the Principal "*".'),
        ([{"Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}], "A Condition is not true of everyone."),
    ],
)
def test_what_keeps_everyone_out_of_a_bucket_is_the_advice(bucket, changes, advice):
    assert failure(public, bucket(*changes)).next_step.startswith(advice)


def test_bucket_without_a_policy_is_not_public(bucket):
    assert failure(public, bucket.s3).found == "no block; the policy none"


@pytest.mark.parametrize(
    ("blocks", "found"),
    [
        ({"BlockPublicPolicy": True}, "BlockPublicPolicy"),
        ({"RestrictPublicBuckets": True}, "RestrictPublicBuckets"),
        ({"BlockPublicPolicy": True, "RestrictPublicBuckets": True}, "BlockPublicPolicy and RestrictPublicBuckets"),
        ({"BlockPublicAcls": True, "IgnorePublicAcls": True}, None),
    ],
)
def test_public_access_that_is_blocked_is_told_by_its_names(bucket, blocks, found):
    s3 = bucket({})
    s3.put_public_access_block(Bucket=BUCKET, PublicAccessBlockConfiguration=blocks)
    if found:
        assert failure(public, s3).found.startswith(f"{found}; the policy {{")
    else:
        assert public(s3) is None
