"""Roles for tests: what functions, machines and rules act with."""

import json
from contextlib import suppress

from lab_harness.aws import Clients

EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
SERVICES = ("lambda", "states", "events", "scheduler", "apigateway", "pipes", "firehose")


def policy(*statements):
    """A policy document of these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(*services):
    """A trust policy for these services of AWS's."""
    named = {"Service": [f"{service}.amazonaws.com" for service in services]}
    return policy({"Effect": "Allow", "Principal": named, "Action": "sts:AssumeRole"})


def everybody(action, resource="*"):
    """The statement of a resource's policy that lets everybody do this."""
    return {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": resource}


def role(clients, name="worker", *statements, services=SERVICES):
    """The ARN of a new role that the services may use, and that allows what the statements say; else everything."""
    made = clients["iam"].create_role(RoleName=name, AssumeRolePolicyDocument=trust(*services))["Role"]["Arn"]
    allow(clients, name, *(statements or [EVERYTHING]))
    return made


def allow(clients, name, *statements):
    """Let a role do what these statements say, and nothing else."""
    clients["iam"].put_role_policy(RoleName=name, PolicyName="given", PolicyDocument=policy(*statements))


def take_away(clients, name):
    """Take from a role what `allow` gave."""
    clients["iam"].delete_role_policy(RoleName=name, PolicyName="given")


def ready(emulator, arn="arn:aws:iam::000000000000:role/worker"):
    """The ARN of a role, made where there is none, that may do everything for all services and the account's own."""
    clients, name = Clients(emulator), arn.rpartition("/")[2]
    with suppress(clients["iam"].exceptions.EntityAlreadyExistsException):
        role(clients, name)
        account = {"Effect": "Allow", "Principal": {"AWS": arn.split(":")[4]}, "Action": "sts:AssumeRole"}
        document = policy(account, *json.loads(trust(*SERVICES))["Statement"])
        clients["iam"].update_assume_role_policy(RoleName=name, PolicyDocument=document)
    return arn


def let_in(clients, function, service):
    """Let a service of AWS's call a function, for whatever it may be."""
    clients["lambda"].add_permission(
        FunctionName=function,
        StatementId=service,
        Action="lambda:InvokeFunction",
        Principal=f"{service}.amazonaws.com",
    )


def let_publish(clients, topic, service):
    """Let a service of AWS's publish to a topic, by its ARN."""
    given = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sns:Publish"}
    document = policy({**given, "Resource": topic})
    clients["sns"].set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=document)
