"""Tests for what several labs ask in the same words: the Failures, word for word."""

import io
import json

import pytest
from botocore.exceptions import ClientError

from lab_harness.authors import Failure, expect

LAMBDA_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
TABLE = "arn:aws:dynamodb:us-east-1:000000000000:table/PetOrders"


def failure(ask, *arguments):
    with pytest.raises(Failure) as caught:
        ask(*arguments)
    return caught.value


def create_role(iam, name, trust=LAMBDA_TRUST):
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))


def create_function(lambda_, name, role="arn:aws:iam::000000000000:role/worker"):
    code = {"ZipFile": b"PK\x05\x06" + bytes(18)}  # an empty archive
    lambda_.create_function(FunctionName=name, Runtime="python3.12", Handler="main.handler", Role=role, Code=code)


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


def test_names_that_are_all_there_are_fine():
    assert expect.names("tables", ["a", "b"], ["c", "b", "a"], "Look.") is None


def test_missing_name_is_told_with_those_that_are_there():
    found = failure(expect.names, "tables", ["a", "b"], ["c", "a"], "Section 1 shows it.")
    assert (found.expected, found.found, found.next_step) == ("tables: a, b", "tables: a, c", "Section 1 shows it.")


def test_missing_name_among_none_says_there_is_none():
    assert failure(expect.names, "tables", ["a"], [], "Look.").found == "no tables"


def test_long_list_of_names_is_capped_at_five():
    names = [f"t{number}" for number in range(9)]
    assert failure(expect.names, "tables", ["a"], names, "Look.").found == "tables: t0, t1, t2, t3, t4 and 4 more"
    assert failure(expect.names, "tables", ["a"], names[:5], "Look.").found == "tables: t0, t1, t2, t3, t4"


def test_value_that_differs_is_told_with_the_one_wanted():
    assert expect.value("the timeout", 3, 3, "Look.") is None
    found = failure(expect.value, "the timeout", 3, 30, "Change Timeout.")
    assert (found.expected, found.found, found.next_step) == ("the timeout 3", "the timeout 30", "Change Timeout.")


def test_role_and_function_are_looked_up_by_name(clients):
    iam, lambda_ = clients["iam"], clients["lambda"]
    before = failure(expect.role, iam, "worker", "Section 1 shows create_role.")
    assert (before.expected, before.next_step) == ("roles: worker", "Section 1 shows create_role.")
    assert failure(expect.function, lambda_, "hello", "Look.").found == "no functions"
    create_role(iam, "worker")
    create_function(lambda_, "hello")
    assert expect.role(iam, "worker", "Look.") is None
    assert expect.function(lambda_, "hello", "Look.") is None
    assert failure(expect.function, lambda_, "hell", "Look.").found == "functions: hello"


def test_role_is_found_beyond_the_first_page(clients):
    for number in range(105):
        create_role(clients["iam"], f"role-{number:03}")
    create_role(clients["iam"], "worker")
    assert expect.role(clients["iam"], "worker", "Look.") is None


def test_trust_of_another_service_shows_the_trust_policy(clients):
    create_role(clients["iam"], "worker")
    assert expect.trust(clients["iam"], "worker", "lambda.amazonaws.com") is None
    found = failure(expect.trust, clients["iam"], "worker", "states.amazonaws.com")
    assert found.expected == "a trust policy that allows sts:AssumeRole to states.amazonaws.com"
    assert found.found == f"the trust policy {json.dumps(LAMBDA_TRUST)}"


def test_least_privilege_is_these_services_and_logs(role):
    iam = role(
        allow(["dynamodb:PutItem", "dynamodb:UpdateItem"]),
        allow("DynamoDB:GetItem"),
        allow(["logs:CreateLogGroup", "logs:PutLogEvents"], "*"),
        {"Effect": "Deny", "Action": "*", "Resource": "*"},
    )
    assert expect.least_privilege(iam, "worker", ["dynamodb"]) is None


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (allow("dynamodb:*"), "dynamodb:* in inline"),
        (allow("dynamodb:Put?tem"), "dynamodb:Put?tem in inline"),
        (allow("logs:*"), "logs:* in inline"),
        (allow("dynamodb:PutItem", "*"), 'Resource "*" for dynamodb:PutItem in inline'),
        (allow("sqs:SendMessage"), "actions of sqs"),
        (allow("SQS:SendMessage", "*"), 'Resource "*" for SQS:SendMessage in inline; actions of sqs'),
        (allow("*", "*"), "* in inline"),
    ],
)
def test_anything_wider_is_named(role, statement, found):
    iam = role(allow("dynamodb:PutItem"), statement)
    assert failure(expect.least_privilege, iam, "worker", ["dynamodb"]).found == found


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
    assert found.found == f"no permission for dynamodb:GetItem on {TABLE}"


class Invoked:
    """A Lambda client whose function answers so."""

    def __init__(self, answer, error=None):
        self.answer = {
            "Payload": io.BytesIO(json.dumps(answer).encode()),
            **({"FunctionError": error} if error else {}),
        }

    def invoke(self, **_):
        return self.answer


LATE = {"errorType": "TooLate", "errorMessage": "it is late"}


@pytest.mark.parametrize(
    ("answer", "failed", "error"), [("fine", None, None), (LATE, "Unhandled", "TooLate"), (LATE, None, None)]
)
def test_a_function_answers_or_fails_as_it_should(answer, failed, error):
    assert expect.answer(Invoked(answer, failed), "worker", {}, error, "Look.") is None


@pytest.mark.parametrize(
    ("answer", "failed", "error", "expected", "found"),
    [
        ("fine", None, "TooLate", "the error TooLate from worker", 'the answer "fine"'),
        (LATE, "Unhandled", None, "an answer from worker", "the function failed with TooLate: it is late"),
        (
            LATE,
            "Unhandled",
            "Other",
            "the error Other from worker",
            "the function failed with TooLate: it is late",
        ),
    ],
)
def test_another_answer_of_a_function_is_shown(answer, failed, error, expected, found):
    shown = failure(expect.answer, Invoked(answer, failed), "worker", {}, error, "Look.")
    assert (shown.expected, shown.found) == (expected, found)


# A table and its key.


def create_table(dynamodb, *keys, name="PetOrders"):
    """A table with these keys: `("id", "HASH", "S")`."""
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": attribute, "KeyType": kind} for attribute, kind, _ in keys],
        AttributeDefinitions=[{"AttributeName": attribute, "AttributeType": type_} for attribute, _, type_ in keys],
    )


ID, MOMENT = ("id", "HASH", "S"), ("moment", "RANGE", "N")


@pytest.mark.parametrize(
    ("keys", "wanted"), [([ID], "id (HASH, S)"), ([ID, MOMENT], "id (HASH, S), moment (RANGE, N)")]
)
def test_table_with_the_key_asked_for_is_fine(clients, keys, wanted):
    create_table(clients["dynamodb"], *keys)
    assert expect.table(clients["dynamodb"], "PetOrders", wanted, "Look.") is None


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ([("id", "HASH", "N")], "the key id (HASH, N)"),
        ([("id", "HASH", "B")], "the key id (HASH, B)"),
        ([("Id", "HASH", "S")], "the key Id (HASH, S)"),
        ([ID, MOMENT], "the key id (HASH, S), moment (RANGE, N)"),
    ],
)
def test_another_key_is_told_with_the_one_wanted(clients, keys, found):
    create_table(clients["dynamodb"], *keys)
    shown = failure(expect.table, clients["dynamodb"], "PetOrders", "id (HASH, S)", "Look.")
    assert (shown.expected, shown.found) == ("the key id (HASH, S)", found)
    assert shown.next_step == "A key cannot be changed: delete the table, create it anew."


def test_table_that_is_missing_is_told_with_those_that_are_there(clients):
    create_table(clients["dynamodb"], ID, name="pet-orders")
    shown = failure(expect.table, clients["dynamodb"], "PetOrders", "id (HASH, S)", "Section 1 shows it.")
    assert (shown.found, shown.next_step) == ("tables: pet-orders", "Section 1 shows it.")


def test_table_is_found_beyond_the_first_page(clients):
    for number in range(101):
        create_table(clients["dynamodb"], ID, name=f"table-{number:03}")
    create_table(clients["dynamodb"], ID, name="the-last")
    assert expect.table(clients["dynamodb"], "the-last", "id (HASH, S)", "Look.") is None


# Who may invoke a function.

API = "apigateway.amazonaws.com"
ARN = "arn:aws:execute-api:us-east-1:000000000000:"
ROUTES = (f"{ARN}abc/prod/GET/pets", f"{ARN}abc/prod/POST/pets")


@pytest.fixture
def invocation(clients):
    """What `expect.invocation` says of two routes of the API abc, once these SourceArns are permitted."""
    lambda_ = clients["lambda"]
    create_function(lambda_, "hello")

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
        ("arn:aws:execute-api:*:*:abc/*",),
    ],
)
def test_api_that_may_invoke_by_each_of_its_routes_is_fine(invocation, sources):
    assert invocation(*sources) is None


@pytest.mark.parametrize(
    ("sources", "found"),
    [
        ((), f"no permission for {API}"),
        ((None,), "permission for every source"),
        ((f"{ARN}abc/*", None), f"permission for {ARN}abc/*, every source"),
        (ROUTES[:1], f"permission for {ROUTES[0]}"),
        ((f"{ARN}abd/*",), f"permission for {ARN}abd/*"),
        ((f"{ARN}*",), f"permission for {ARN}*"),
        ((f"{ARN}abc/*", f"{ARN}*"), f"permission for {ARN}abc/*, {ARN}*"),
        ((f"{ARN}*/prod/*", f"{ARN}abc/dev/*"), f"permission for {ARN}*/prod/*, {ARN}abc/dev/*"),
    ],
)
def test_permission_that_is_missing_too_narrow_or_too_wide_is_shown(invocation, sources, found):
    shown = failure(invocation, *sources)
    assert (shown.found, shown.next_step) == (found, "add_permission gives it.")
    assert shown.expected == f"a permission for {API} with a SourceArn that fits {' and '.join(ROUTES)}"


def test_permission_of_another_service_or_for_another_action_is_none(clients):
    lambda_ = clients["lambda"]
    create_function(lambda_, "hello")
    permit = {"FunctionName": "hello", "SourceArn": f"{ARN}abc/*"}
    lambda_.add_permission(StatementId="a", Action="lambda:InvokeFunction", Principal="events.amazonaws.com", **permit)
    lambda_.add_permission(StatementId="b", Action="lambda:GetFunction", Principal=API, **permit)
    shown = failure(expect.invocation, lambda_, "hello", API, ROUTES, "abc", "Look.")
    assert shown.found == f"no permission for {API}"


# A bucket that everyone may read.

BUCKET = "pet-shop"
READ = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/*"}


@pytest.fixture
def bucket(clients):
    """S3 with the bucket, and a function that gives it a policy of these statements, which change READ."""
    s3 = clients["s3"]
    s3.create_bucket(Bucket=BUCKET)

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
def test_bucket_that_everyone_may_read_and_no_more_is_fine(bucket, changes):
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
        [{"Resource": f"arn:aws:s3:::{BUCKET}"}],
        [{"Resource": f"arn:aws:s3:::{BUCKET}/images/*"}],
        [{"Principal": {"AWS": "arn:aws:iam::000000000000:root"}}],
        [{"Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}],
    ],
)
def test_policy_by_which_not_everyone_reads_or_does_more_is_shown(bucket, changes):
    shown = failure(public, bucket(*changes))
    assert shown.expected == "s3:GetObject on arn:aws:s3:::pet-shop/* and no more for everyone, and no block on that"
    assert shown.found.startswith('no block; the policy {"Version": "2012-10-17"')
    assert shown.next_step == "Section 5 shows put_bucket_policy."


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


# A website.


def website(s3, **configuration):
    s3.put_bucket_website(Bucket=BUCKET, WebsiteConfiguration=configuration)
    return expect.website(s3, BUCKET, "index.html", "put_bucket_website sets it.")


def test_website_with_the_index_document_asked_for_is_fine(bucket):
    assert website(bucket.s3, IndexDocument={"Suffix": "index.html"}) is None
    assert website(bucket.s3, IndexDocument={"Suffix": "index.html"}, ErrorDocument={"Key": "404.html"}) is None


@pytest.mark.parametrize(
    ("configuration", "found"),
    [
        ({"IndexDocument": {"Suffix": "home.html"}}, "home.html"),
        ({"RedirectAllRequestsTo": {"HostName": "example.org"}}, "none"),
    ],
)
def test_another_index_document_is_told(bucket, configuration, found):
    shown = failure(lambda: website(bucket.s3, **configuration))
    assert (shown.expected, shown.found) == ("the index document index.html", f"the index document {found}")


def test_bucket_that_is_no_website_has_no_index_document(bucket):
    shown = failure(expect.website, bucket.s3, BUCKET, "index.html", "Look.")
    assert shown.found == "the index document none"


def test_setting_that_may_not_be_read_is_not_taken_for_none(bucket, monkeypatch):
    def refuse(**_):
        answer = {"Error": {"Code": "AccessDenied", "Message": "not you"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
        raise ClientError(answer, "GetBucketWebsite")

    monkeypatch.setattr(bucket.s3, "get_bucket_website", refuse)
    with pytest.raises(ClientError, match="not you"):
        expect.website(bucket.s3, BUCKET, "index.html", "Look.")
