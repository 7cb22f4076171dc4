"""Mistakes that can be made in every lab: each returns a function that makes it in an account, given its clients."""

import json
from contextlib import suppress
from pathlib import Path

from botocore.exceptions import ClientError

from tests.labs.helpers import configure, deploy, zipped

LABS = Path(__file__).resolve().parents[3] / "labs"


def replaced(text, old, new):
    """A text with another word in it, which must have been there."""
    assert old in text, f"{old!r} is not in {text}"
    return text.replace(old, new)


def both(*mistakes):
    """Several of them, one after another."""

    def make(clients):
        for mistake in mistakes:
            mistake(clients)

    return make


# Roles


def trust(role, old, new):
    """The role's trust policy has another word."""

    def make(clients):
        found = clients["iam"].get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
        clients["iam"].update_assume_role_policy(RoleName=role, PolicyDocument=replaced(json.dumps(found), old, new))

    return make


def detach(role, arn):
    return lambda clients: clients["iam"].detach_role_policy(RoleName=role, PolicyArn=arn)


def attach(role, arn):
    return lambda clients: clients["iam"].attach_role_policy(RoleName=role, PolicyArn=arn)


def policy(role, old, new):
    """The role's inline policies have another word, wherever the old one was."""

    def make(clients):
        iam, changed = clients["iam"], False
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            text = json.dumps(iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"])
            changed |= old in text
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=text.replace(old, new))
        assert changed, f"{old!r} is in no policy of {role}"

    return make


def allow(role, action, resource="*"):
    """The role may do something more."""

    def make(clients):
        statement = {"Effect": "Allow", "Action": action, "Resource": resource}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        clients["iam"].put_role_policy(RoleName=role, PolicyName="more", PolicyDocument=document)

    return make


def no_policies(role):
    """The role's policies were forgotten."""

    def make(clients):
        iam = clients["iam"]
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            iam.delete_role_policy(RoleName=role, PolicyName=name)
        for attached in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=role, PolicyArn=attached["PolicyArn"])

    return make


def rename_role(role, other=None):
    """The role has another name; without one it was forgotten."""

    def make(clients):
        iam = clients["iam"]
        found = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
        no_policies(role)(clients)
        iam.delete_role(RoleName=role)
        if other:
            iam.create_role(RoleName=other, AssumeRolePolicyDocument=json.dumps(found))

    return make


# Functions


def code(function, text):
    """The function has other code."""
    return lambda clients: deploy(clients, function, text)


def edit(lab, folder, old, new, function=None):
    """One thing in the reference handler is another; `function` is its name where its folder is called otherwise."""
    (path,) = (LABS / lab).glob(f"*/{folder}/lambda_function.py")  # of functions/, or given/
    text = path.read_text("utf-8")
    return code(function or folder.replace("_", "-"), replaced(text, old, new))


def settings(function, **changed):
    return lambda clients: configure(clients, function, **changed)


def rename_function(function, other=None):
    """The function has another name; without one it was forgotten."""

    def make(clients):
        lambda_ = clients["lambda"]
        found = lambda_.get_function_configuration(FunctionName=function)
        lambda_.delete_function(FunctionName=function)
        if other:
            same = {key: found[key] for key in ("Runtime", "Handler", "Role")}
            lambda_.create_function(FunctionName=other, **same, Code={"ZipFile": zipped("def lambda_handler(*_): ...")})

    return make


def other_role(function, role):
    """The function uses another role, which is there and may do nothing."""

    def make(clients):
        document = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        with suppress(ClientError):
            trusting = json.dumps({"Version": "2012-10-17", "Statement": [document]})
            clients["iam"].create_role(RoleName=role, AssumeRolePolicyDocument=trusting)
        configure(clients, function, Role=clients["iam"].get_role(RoleName=role)["Role"]["Arn"])

    return make


# Tables, queues and mappings


def rebuild_table(table, other=None, rename=lambda name: name, kind="S", **settings):
    """The table has another name, other names of its keys, keys of another type, or other settings; it is empty."""

    def make(clients):
        dynamodb = clients["dynamodb"]
        found = dynamodb.describe_table(TableName=table)["Table"]
        dynamodb.delete_table(TableName=table)
        keys = [{**key, "AttributeName": rename(key["AttributeName"])} for key in found["KeySchema"]]
        dynamodb.create_table(
            TableName=other or table,
            KeySchema=keys,
            AttributeDefinitions=[{"AttributeName": key["AttributeName"], "AttributeType": kind} for key in keys],
            **settings or {"BillingMode": "PAY_PER_REQUEST"},
        )

    return make


def rename_queue(name, other=None):
    """The queue has another name; without one it was forgotten."""

    def make(clients):
        sqs = clients["sqs"]
        sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"])
        if other:
            sqs.create_queue(QueueName=other)

    return make


def queue_attributes(name, **attributes):
    def make(clients):
        sqs = clients["sqs"]
        sqs.set_queue_attributes(QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"], Attributes=attributes)

    return make


def mapping(function, **changed):
    """The function's mapping has another setting; with none it was forgotten."""

    def make(clients):
        lambda_ = clients["lambda"]
        for each in lambda_.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]:
            if changed:
                lambda_.update_event_source_mapping(UUID=each["UUID"], **changed)
            else:
                lambda_.delete_event_source_mapping(UUID=each["UUID"])

    return make
