"""Tests for reading a role's policies as IAM reads them."""

import json
from contextlib import suppress
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from lab_harness.authors.policies import (
    allowed,
    arn,
    excess,
    grants,
    kept_out_by,
    open_actions,
    permits,
    role_policies,
    role_statements,
    trust_statements,
    trusts,
    why_not,
)
from lab_harness.iam.statements import Statement, read_statements
from tests import roles

TABLE = "arn:aws:dynamodb:us-east-1:000000000000:table/PetOrders"
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
LAMBDA = "lambda.amazonaws.com"


def allow(actions, resources="*", policy="p"):
    return Statement(policy, True, tuple(actions.split()), tuple(resources.split()))


def deny(actions, resources="*"):
    return Statement("p", False, tuple(actions.split()), tuple(resources.split()))


@pytest.fixture
def role(clients):
    """IAM with the role `worker`, which has no policies yet."""
    clients["iam"].create_role(RoleName="worker", AssumeRolePolicyDocument=roles.trust("lambda"))
    return clients["iam"]


def put(iam, *statements, name="inline", listed=True):
    document = {"Version": "2012-10-17", "Statement": list(statements) if listed else statements[0]}
    iam.put_role_policy(RoleName="worker", PolicyName=name, PolicyDocument=json.dumps(document))


# Allowed or not


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("dynamodb:PutItem", TABLE),
        ("dynamodb:*", TABLE),
        ("dynamodb:Put*", TABLE),
        ("dynamodb:Put?tem", TABLE),
        ("*", "*"),
        ("DynamoDB:putitem", TABLE),
        ("sqs:SendMessage dynamodb:PutItem", f"arn:other {TABLE}"),
        ("dynamodb:PutItem", "arn:aws:dynamodb:*:*:table/Pet*"),
        ("dynamodb:PutItem", "arn:aws:dynamodb:us-east-1:00000000000?:table/PetOrders"),
    ],
)
def test_action_is_allowed_by_name_or_wildcard(action, resource):
    assert allowed([allow(action, resource)], "dynamodb:PutItem", TABLE)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("dynamodb:GetItem", TABLE),
        ("dynamodb:PutItems", TABLE),
        ("dynamodb:Put", TABLE),
        ("dynamodb:Put?", TABLE),
        ("dynamodb.PutItem", TABLE),
        ("dynamodb:PutItem", TABLE.lower()),
        ("dynamodb:PutItem", TABLE + "/index/*"),
        ("dynamodb:PutItem", "arn:aws:dynamodb:*:*:table/Pets*"),
    ],
)
def test_action_is_not_allowed_by_what_only_resembles_it(action, resource):
    assert not allowed([allow(action, resource)], "dynamodb:PutItem", TABLE)


def test_nothing_is_allowed_without_statements():
    assert not allowed([], "dynamodb:PutItem", TABLE)


def test_explicit_deny_wins_wherever_it_stands():
    assert not allowed([allow("*"), deny("dynamodb:*")], "dynamodb:PutItem", TABLE)
    assert not allowed([deny("*", "arn:aws:dynamodb:*"), allow("*")], "dynamodb:PutItem", TABLE)
    assert not allowed([deny("dynamodb:PutItem")], "dynamodb:PutItem", TABLE)


def test_deny_of_something_else_does_not_matter():
    statements = [allow("dynamodb:*"), deny("dynamodb:DeleteTable"), deny("dynamodb:*", "arn:other")]
    assert allowed(statements, "dynamodb:PutItem", TABLE)


# Too wide


QUEUE = "arn:aws:sqs:us-east-1:000000000000:letters"
NEEDED = [
    (("dynamodb:PutItem", "dynamodb:UpdateItem"), TABLE),
    ("sqs:SendMessage", QUEUE),
    ("s3:GetObject", "arn:aws:s3:::pets/*"),
]
LOGS = "logs:CreateLogGroup logs:CreateLogStream logs:PutLogEvents"


@pytest.mark.parametrize(
    "statement",
    [
        allow("dynamodb:PutItem dynamodb:updateitem", TABLE),
        allow("dynamodb:PutItem sqs:SendMessage", f"{TABLE} {QUEUE}"),
        allow("dynamodb:PutItem", "arn:aws:dynamodb:*:000000000000:table/PetOrders"),
        allow("dynamodb:PutItem", f"{TABLE}/index/*"),
        allow("s3:GetObject", "arn:aws:s3:::pets/*"),
        allow("s3:GetObject", "arn:aws:s3:::pets/in/*"),
        allow(LOGS),
        allow(f"{LOGS} sqs:SendMessage", f"{QUEUE} arn:aws:logs:*:*:*"),
        deny("dynamodb:*"),
    ],
)
def test_what_is_needed_is_no_excess(statement):
    assert excess([statement], NEEDED) == []


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (allow("dynamodb:* s3:Get?bject", TABLE), ["dynamodb:* in p", "s3:Get?bject in p"]),
        (allow("dynamodb:DeleteTable", TABLE), ["dynamodb:DeleteTable in p"]),
        (allow("logs:DeleteLogGroup"), ["logs:DeleteLogGroup in p"]),
        (allow("ec2:StartInstances", "arn:aws:ec2:::x"), ["actions of ec2"]),
        (allow("ec2:StartInstances"), ["actions of ec2", 'Resource "*" for ec2:StartInstances in p']),
        *(
            (allow("s3:GetObject", pattern), [f'Resource "{pattern}" for s3:GetObject in p'])
            for pattern in ("arn:aws:s3:::pets*", "arn:aws:s3:::*/*", "arn:aws:s3:::pets-2/*", "arn:aws:s3:::pets")
        ),
        (allow("dynamodb:PutItem"), ['Resource "*" for dynamodb:PutItem in p']),
        *(
            (allow("dynamodb:PutItem", pattern), [f'Resource "{pattern}" for dynamodb:PutItem in p'])
            for pattern in ("arn:aws:dynamodb:*:*:table/*", f"{TABLE}*", f"{TABLE[:-6]}*", f"{TABLE}s", f"{TABLE[:-1]}")
        ),
    ],
)
def test_anything_else_is_told_with_its_policy(statement, found):
    assert excess([statement], NEEDED) == found


# Conditions


@pytest.mark.parametrize(
    ("condition", "applies"),
    [
        ({"Bool": {"aws:SecureTransport": "false"}}, False),
        ({"StringNotEquals": {"aws:PrincipalAccount": "000000000000"}}, False),
        ({"StringEquals": {"dynamodb:Select": "COUNT"}}, False),  # nobody knows before the call
        ({"StringEquals": {"aws:RequestedRegion": "us-east-1"}}, True),
    ],
)
def test_a_deny_counts_where_its_condition_holds(condition, applies):
    denying = Statement("p", False, ("*",), ("*",), condition=condition)
    assert allowed([allow("*"), denying], "dynamodb:PutItem", TABLE, "worker") is not applies


def test_an_allow_on_a_condition_that_never_holds_allows_nothing():
    never = Statement("p", True, ("*",), ("*",), condition={"StringEquals": {"aws:RequestedRegion": "eu-*"}})
    assert not allowed([never], "dynamodb:PutItem", TABLE)
    assert why_not([never], "dynamodb:PutItem", TABLE).startswith("which p allows on a condition that does not hold")


def test_why_something_is_not_allowed_is_told():
    assert why_not([allow("sqs:SendMessage")], "dynamodb:PutItem", TABLE) == ""
    assert why_not([allow("dynamodb:*", QUEUE)], "dynamodb:PutItem", TABLE) == f"which p allows on {QUEUE} only"
    assert why_not([allow("*"), deny("dynamodb:*")], "dynamodb:PutItem", TABLE) == "which p denies"
    assert why_not([allow("dynamodb:PutItems")], "dynamodb:PutItem", TABLE).startswith(
        "where a policy has dynamodb:PutItems, which is nearly that"
    )


# A role's statements


def test_inline_policy_is_read_with_single_values_and_with_lists(role):
    single = {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": TABLE}
    lists = {"Effect": "Deny", "Action": ["dynamodb:GetItem", "dynamodb:Scan"], "Resource": [TABLE, "*"]}
    expected_single = Statement("inline", True, ("dynamodb:PutItem",), (TABLE,))
    put(role, single, listed=False)
    assert role_statements(role, "worker") == [expected_single]
    put(role, single, lists)
    assert role_statements(role, "worker") == [
        expected_single,
        Statement("inline", False, ("dynamodb:GetItem", "dynamodb:Scan"), (TABLE, "*")),
    ]


def test_all_but_something_is_as_wide_as_everything_without_it(role):
    put(role, {"Effect": "Allow", "NotAction": "iam:*", "NotResource": TABLE})
    (statement,) = role_statements(role, "worker")
    assert (statement.actions, statement.resources) == (("*",), ("*",))
    assert excess([statement], []) == ["* in inline"]
    assert allowed([statement], "dynamodb:Scan", f"{TABLE}/index/by-pet")
    assert not allowed([statement], "dynamodb:Scan", TABLE)
    assert not allowed([statement], "IAM:GetRole", "arn:aws:iam::000000000000:role/worker")


def test_all_but_something_that_is_denied_leaves_that_allowed(role):
    put(
        role,
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "NotAction": "dynamodb:*", "Resource": "*"},
    )
    statements = role_statements(role, "worker")
    assert allowed(statements, "dynamodb:PutItem", TABLE)
    assert not allowed(statements, "sqs:SendMessage", "arn:aws:sqs:us-east-1:000000000000:queue")


@pytest.mark.parametrize(
    "document", ["no JSON", "[]", '"Allow"', "null", "7", '{"Statement": "Allow"}', '{"Statement": [1]}']
)
def test_what_is_no_policy_allows_nothing(document):
    """LocalStack keeps it, and AWS's SDK decodes it where it is JSON."""
    with suppress(ValueError):
        assert not trusts({"AssumeRolePolicyDocument": json.loads(document)}, LAMBDA)
    assert not trusts({"AssumeRolePolicyDocument": document}, LAMBDA)
    assert grants(document) == []


@pytest.mark.parametrize("value", [None, 7, [None], {"a": 1}])
def test_action_resource_or_principal_that_is_no_text_is_none(value):
    statement = {"Effect": "Allow", "Action": value, "Resource": value, "Principal": value, "Condition": value}
    (found,) = read_statements("inline", {"Statement": [statement]})
    assert (found.actions, found.resources) == ((), ())
    (grant,) = grants(json.dumps({"Statement": statement}))
    assert (grant.actions, grant.resources, grant.principals, grant.sources) == ((), (), (), ())
    assert not trusts({"AssumeRolePolicyDocument": {"Statement": [statement]}}, LAMBDA)


def test_managed_policy_of_aws_is_read(role):
    role.attach_role_policy(RoleName="worker", PolicyArn=BASIC)
    statements = role_statements(role, "worker")
    assert {statement.policy for statement in statements} == {"AWSLambdaBasicExecutionRole"}
    assert allowed(statements, "logs:PutLogEvents", "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/f:*")
    assert not allowed(statements, "dynamodb:PutItem", TABLE)


def test_managed_policy_of_the_learner_is_read_in_its_default_version(role):
    def document(action):
        return json.dumps({"Statement": [{"Effect": "Allow", "Action": action, "Resource": TABLE}]})

    arn = role.create_policy(PolicyName="orders", PolicyDocument=document("dynamodb:*"))["Policy"]["Arn"]
    role.create_policy_version(PolicyArn=arn, PolicyDocument=document("dynamodb:PutItem"), SetAsDefault=True)
    role.attach_role_policy(RoleName="worker", PolicyArn=arn)
    assert role_statements(role, "worker") == [Statement("orders", True, ("dynamodb:PutItem",), (TABLE,))]


def test_inline_and_attached_policies_are_read_together(role):
    put(role, {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": TABLE}, name="a")
    put(role, {"Effect": "Allow", "Action": "dynamodb:Scan", "Resource": TABLE}, name="b")
    role.attach_role_policy(RoleName="worker", PolicyArn=BASIC)
    assert {statement.policy for statement in role_statements(role, "worker")} == {
        "a",
        "b",
        "AWSLambdaBasicExecutionRole",
    }


def test_attached_policy_that_does_not_exist_allows_nothing_and_is_told(role, monkeypatch):
    arn = role.create_policy(
        PolicyName="gone", PolicyDocument='{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}'
    )["Policy"]["Arn"]
    put(role, {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": TABLE})
    role.attach_role_policy(RoleName="worker", PolicyArn=BASIC)
    assert role_policies(role, "worker") == ["the inline policy inline", BASIC]
    listed = {"AttachedPolicies": [{"PolicyName": "gone", "PolicyArn": arn}], "IsTruncated": False}
    role.delete_policy(PolicyArn=arn)
    pages = {"list_attached_role_policies": [listed]}
    usual = role.get_paginator

    def paginator(operation):
        return SimpleNamespace(paginate=lambda **_: pages[operation]) if operation in pages else usual(operation)

    monkeypatch.setattr(role, "get_paginator", paginator)  # AWS does not let a policy go that is attached
    assert {statement.policy for statement in role_statements(role, "worker")} == {"inline"}
    assert role_policies(role, "worker")[1:] == [f"{arn}, which does not exist"]


def test_more_policies_than_a_page_has_are_all_read(role):
    for number in range(101):
        put(role, {"Effect": "Allow", "Action": f"x:{number}", "Resource": "*"}, name=f"p{number}")
    assert len(role_statements(role, "worker")) == len(role_policies(role, "worker")) == 101


def test_role_that_does_not_exist_is_not_hidden(clients):
    with pytest.raises(ClientError, match="NoSuchEntity"):
        role_statements(clients["iam"], "nobody")


def test_policy_that_may_not_be_read_is_not_taken_for_an_empty_one(role, monkeypatch):
    def refuse(**_):
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not you"}}, "GetPolicy")

    role.attach_role_policy(RoleName="worker", PolicyArn=BASIC)
    monkeypatch.setattr(role, "get_policy", refuse)
    with pytest.raises(ClientError, match="not you"):
        role_statements(role, "worker")


# Trust


def trust(principal, action="sts:AssumeRole", effect="Allow"):
    return {"Effect": effect, "Principal": principal, "Action": action}


@pytest.mark.parametrize(
    ("principal", "advice"),
    [
        ({"AWS": LAMBDA}, f'A service is a Principal of the form {{"Service": "{LAMBDA}"}}.'),
        ({"Service": []}, f"Its Principal is missing; this is for {LAMBDA}."),
    ],
)
def test_a_principal_that_aws_would_refuse_is_the_advice(principal, advice):
    assert kept_out_by(grants(json.dumps({"Statement": [trust(principal)]})), LAMBDA, "sts:AssumeRole") == advice


def test_a_policy_that_only_denies_is_said_to_allow_nothing():
    denying = trust({"Service": LAMBDA}, effect="Deny")
    told = kept_out_by(grants(json.dumps({"Statement": [denying]})), LAMBDA, "sts:AssumeRole")
    assert told == "No statement of it has the Effect Allow."


@pytest.mark.parametrize(
    "statement",
    [
        [trust({"Service": LAMBDA})],
        [trust({"Service": ["states.amazonaws.com", LAMBDA]})],
        [trust({"Service": LAMBDA}, ["sts:TagSession", "sts:AssumeRole"])],
        [trust({"Service": LAMBDA}, "sts:*")],
        [trust({"Service": LAMBDA}, "STS:assumerole")],
        [trust({"AWS": "000000000000"}), trust({"Service": LAMBDA})],
        trust({"Service": LAMBDA, "AWS": "*"}),
        trust({"Service": LAMBDA}) | {"Condition": {"StringEquals": {"aws:SourceAccount": "000000000000"}}},
        trust({"Service": LAMBDA}) | {"Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:lambda:*:*:function:*"}}},
        [
            trust({"Service": LAMBDA}),
            trust("*", "sts:*", "Deny") | {"Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        ],
    ],
)
def test_service_is_trusted(statement):
    assert trusts({"AssumeRolePolicyDocument": {"Statement": statement}}, LAMBDA)


@pytest.mark.parametrize(
    "document",
    [
        {"Statement": [trust({"Service": "states.amazonaws.com"})]},
        {"Statement": [trust({"AWS": "arn:aws:iam::000000000000:root"})]},
        {"Statement": [trust({"AWS": LAMBDA})]},
        {"Statement": [trust("*")]},
        {"Statement": [trust({"Service": LAMBDA}, "sts:AssumeRoleWithSAML")]},
        {"Statement": [trust({"Service": LAMBDA}, effect="Deny")]},
        {"Statement": [trust({"Service": LAMBDA}), trust("*", "sts:*", "Deny")]},
        {"Statement": [trust({"Service": LAMBDA}), trust({"Service": LAMBDA}, effect="Deny")]},
        {"Statement": [trust({"Service": LAMBDA}) | {"Condition": {"StringEquals": {"sts:ExternalId": "x"}}}]},
        {"Statement": [trust({"Service": LAMBDA}) | {"Condition": {"StringLike": {"aws:SourceAccount": "1*"}}}]},
        {"Statement": [{"Effect": "Allow", "Principal": {"Service": LAMBDA}}]},
        {"Statement": [{"Principal": {"Service": LAMBDA}, "Action": "sts:AssumeRole"}]},
        {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]},
        {"Statement": ["Allow"]},
        {"Statement": []},
        {},
        ["Statement"],
        "no policy at all",
    ],
)
def test_service_is_not_trusted(document):
    assert trusts({"AssumeRolePolicyDocument": document}, LAMBDA) is False


def test_trust_policy_is_read_from_iam(clients):
    iam = clients["iam"]
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust({"Service": [LAMBDA]})]})
    iam.create_role(RoleName="trusted", AssumeRolePolicyDocument=document)
    iam.create_role(RoleName="other", AssumeRolePolicyDocument=roles.trust("ec2"))
    assert trusts(iam.get_role(RoleName="trusted")["Role"], LAMBDA)
    assert not trusts(iam.get_role(RoleName="other")["Role"], LAMBDA)


# A resource's own policy


FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:hello"
API = "apigateway.amazonaws.com"
INVOKE = "lambda:InvokeFunction"
CALLER = "arn:aws:execute-api:us-east-1:000000000000:abc/prod/GET/pets"


def grant(**changes):
    """What one statement grants: API Gateway may invoke the function, unless it is changed."""
    statement = {"Effect": "Allow", "Principal": {"Service": API}, "Action": INVOKE, "Resource": FUNCTION} | changes
    statement = {name: value for name, value in statement.items() if value is not None}
    (found,) = grants(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    return found


def test_policy_without_statements_grants_nothing():
    assert grants("{}") == grants('{"Statement": []}') == []


def test_single_statement_needs_no_list():
    assert len(grants('{"Statement": {"Effect": "Allow", "Principal": "*"}}')) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"Principal": {"Service": ["events.amazonaws.com", API], "AWS": "arn:aws:iam::000000000000:root"}},
        {"Principal": "*"},
        {"Principal": {"AWS": "*"}},
        {"Principal": None, "NotPrincipal": {"Service": "events.amazonaws.com"}},
        {"Action": ["lambda:GetFunction", "lambda:invoke*"]},
        {"Action": "*"},
        {"Action": None, "NotAction": "lambda:DeleteFunction"},
        {"Resource": ["arn:other", "arn:aws:lambda:*:function:hel?o"]},
        {"Resource": None, "NotResource": f"{FUNCTION}:live"},
    ],
)
def test_grant_covers_what_it_names(changes):
    assert grant(**changes).allows
    assert grant(**changes).covers(API, INVOKE, FUNCTION)
    denied = grant(**changes, Effect="Deny")
    assert (denied.allows, denied.covers(API, INVOKE, FUNCTION)) == (False, True)


@pytest.mark.parametrize(
    "changes",
    [
        {"Principal": {"Service": "events.amazonaws.com"}},
        {"Principal": {"AWS": "arn:aws:iam::000000000000:root"}},
        {"Principal": {"Service": "*.amazonaws.com"}},
        {"Principal": {}},
        {"Principal": None},
        {"Principal": None, "NotPrincipal": {"Service": [API]}},
        {"Action": "lambda:InvokeFunctionUrl"},
        {"Action": []},
        {"Action": None, "NotAction": ["lambda:Invoke*"]},
        {"Resource": f"{FUNCTION}:live"},
        {"Resource": None, "NotResource": "arn:aws:lambda:*"},
    ],
)
def test_grant_does_not_cover_what_it_does_not_name(changes):
    assert not grant(**changes).covers(API, INVOKE, FUNCTION)


@pytest.mark.parametrize(
    ("condition", "sources", "comes"),
    [
        (None, (), False),
        ({"ArnLike": {"AWS:SourceArn": CALLER}}, (CALLER,), True),
        ({"ArnEquals": {"aws:sourcearn": [CALLER, "arn:other"]}}, (CALLER, "arn:other"), True),
        (
            {"StringLike": {"aws:SourceArn": "arn:aws:execute-api:*:abc/*/GET/*"}},
            ("arn:aws:execute-api:*:abc/*/GET/*",),
            True,
        ),
        ({"ArnLike": {"AWS:SourceArn": "arn:aws:execute-api:*:abd/*"}}, ("arn:aws:execute-api:*:abd/*",), False),
        ({"ArnNotLike": {"AWS:SourceArn": CALLER}}, (), False),
        ({"StringEquals": {"AWS:SourceAccount": "000000000000"}}, (), False),
        ({"StringEquals": {"AWS:SourceArn": f"{CALLER[:-4]}*"}}, (f"{CALLER[:-4]}*",), False),
        (
            {"ArnLike": {"AWS:SourceArn": CALLER}, "StringEquals": {"aws:SourceAccount": "111111111111"}},
            (CALLER,),
            False,
        ),
        ({"ArnLike": CALLER}, (), False),
        ("ArnLike", (), False),
    ],
)
def test_condition_says_where_it_may_come_from(condition, sources, comes):
    found = grant(Condition=condition)
    assert (found.sources, found.comes_from(CALLER), found.conditional) == (sources, comes, condition is not None)


@pytest.mark.parametrize("text", ["", "text", "[]", "null", "[" * 100_000, '{"Statement": [[], "x", null]}'])
def test_text_that_is_no_policy_grants_nothing(text):
    assert grants(text) == []


# What a topic's policy permits a rule.

TOPIC, RULE = "arn:aws:sns:us-east-1:000000000000:alerts", "arn:aws:events:us-east-1:000000000000:rule/ended"
PUBLISH = {
    "Effect": "Allow",
    "Principal": {"Service": "events.amazonaws.com"},
    "Action": "sns:Publish",
    "Resource": TOPIC,
}


def rule_may_publish(*changes):
    policy = json.dumps({"Version": "2012-10-17", "Statement": [PUBLISH | change for change in changes]})
    return permits(policy, "events.amazonaws.com", "sns:Publish", TOPIC, RULE)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"Principal": "*"},
        {"Action": "SNS:*", "Resource": "*"},
        {"Condition": {"ArnEquals": {"aws:SourceArn": RULE}}},
        {"Condition": {"ArnLike": {"AWS:SourceArn": ["arn:aws:events:*:*:rule/*"]}}},
        {"Condition": {"StringEquals": {"aws:SourceAccount": "000000000000"}}},
        {"Condition": {"StringEquals": {"AWS:SourceAccount": "000000000000"}}},
    ],
)
def test_a_policy_permits_a_source_by_its_arn_or_account(change):
    assert rule_may_publish(change)


@pytest.mark.parametrize(
    "changes",
    [
        [],
        [{"Principal": {"Service": "s3.amazonaws.com"}}],
        [{"Action": "sns:Subscribe"}],
        [{"Resource": f"{TOPIC}-2"}],
        [{"Condition": {"ArnEquals": {"aws:SourceArn": f"{RULE}-2"}}}],
        [{"Condition": {"StringEquals": {"aws:SourceAccount": "111111111111"}}}],
        [{"Condition": {"StringEquals": {"aws:SourceOwner": "000000000000"}}}],
        [{"Condition": {"StringEquals": {"aws:SourceArn": RULE[:-5] + "*"}}}],
        [{}, {"Effect": "Deny"}],
    ],
)
def test_a_policy_about_others_or_one_that_denies_permits_nothing(changes):
    assert not rule_may_publish(*changes)


def test_what_is_no_policy_permits_nothing():
    assert not permits("no JSON", "events.amazonaws.com", "sns:Publish", TOPIC, RULE)


def test_what_everybody_may_is_told_where_it_is_on_no_condition():
    open_to_all = PUBLISH | {"Principal": {"AWS": "*"}}
    owner = open_to_all | {"Condition": {"StringEquals": {"AWS:SourceOwner": "000000000000"}}}
    assert open_actions(json.dumps({"Statement": [open_to_all]})) == ["sns:Publish"]
    assert open_actions(json.dumps({"Statement": [PUBLISH, owner, open_to_all | {"Effect": "Deny"}]})) == []


def test_arn_of_what_is_in_the_learners_account():
    assert arn("dynamodb", "table/PetOrders") == TABLE


def test_trust_policys_statements_tell_whom_they_name():
    (found,) = trust_statements({"AssumeRolePolicyDocument": {"Statement": trust({"Service": LAMBDA})}})
    assert (found.services, found.principals, found.allows) == ((LAMBDA,), (LAMBDA,), True)
