"""How a resource is deleted, by CloudFormation's name for its type and the name that the lab gives it.

Each deleter returns whether the resource was there. What AWS wants removed before it (a rule's targets, a bucket's
objects, a function's event source mappings) goes with it. APIs, plans and keys may share a name; all of that name go.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from lab_harness.aws import Clients

SETTLING_TIME = 20.0  # seconds


def _there(call: Callable[..., Any], **arguments: Any) -> Any:
    """The answer of a call; None where AWS says that there is no such thing."""
    try:
        return call(**arguments)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if any(word in code for word in ("NotFound", "NoSuch", "NonExistent", "DoesNotExist")):
            return None
        raise


def _is_gone(describe: Callable[..., Any], **arguments: Any) -> bool:
    return _there(describe, **arguments) is None


def _function(clients: Clients, name: str) -> bool:
    for mapping in _mappings(clients, name):
        _delete_mapping(clients, name, mapping["UUID"])
    deleted = _there(clients["lambda"].delete_function, FunctionName=name) is not None
    _there(clients["logs"].delete_log_group, logGroupName=f"/aws/lambda/{name}")
    return deleted


def _mappings(clients: Clients, function: str) -> list[dict[str, Any]]:
    pages = clients["lambda"].get_paginator("list_event_source_mappings").paginate()
    mappings = [mapping for page in pages for mapping in page["EventSourceMappings"]]
    return [mapping for mapping in mappings if mapping["FunctionArn"].endswith(f":function:{function}")]


def _delete_mapping(clients: Clients, function: str, uuid: str) -> None:
    """Delete an event source mapping and wait until it is gone.

    LocalStack 4.14.0 never finishes deleting one that is disabled, so there it is enabled first.
    """
    lambda_ = clients["lambda"]

    def states() -> set[str]:
        return {mapping["State"] for mapping in _mappings(clients, function) if mapping["UUID"] == uuid}

    _wait_until(lambda: not states() & {"Creating", "Enabling", "Disabling", "Updating"})
    if clients.emulator.name == "localstack" and states() == {"Disabled"}:
        lambda_.update_event_source_mapping(UUID=uuid, Enabled=True)
        _wait_until(lambda: states() == {"Enabled"})
    _there(lambda_.delete_event_source_mapping, UUID=uuid)
    _wait_until(lambda: not states())


def _wait_until(condition: Callable[[], bool]) -> None:
    """Wait until something holds, at most SETTLING_TIME: what hangs longer is the emulator's to mend, not ours."""
    deadline = time.monotonic() + SETTLING_TIME
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)


def _role(clients: Clients, name: str) -> bool:
    iam = clients["iam"]
    attached = _there(iam.list_attached_role_policies, RoleName=name)
    if attached is None:
        return False
    for policy in attached["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
    for policy_name in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy_name)
    return _there(iam.delete_role, RoleName=name) is not None


def _queue(clients: Clients, name: str) -> bool:
    found = _there(clients["sqs"].get_queue_url, QueueName=name)
    return found is not None and _there(clients["sqs"].delete_queue, QueueUrl=found["QueueUrl"]) is not None


def _table(clients: Clients, name: str) -> bool:
    return _there(clients["dynamodb"].delete_table, TableName=name) is not None


def _state_machine(clients: Clients, name: str) -> bool:
    """Its running executions are stopped first: one that waits for an approval would keep it in DELETING."""
    sfn = clients["stepfunctions"]
    pages = sfn.get_paginator("list_state_machines").paginate()
    machines = [each for page in pages for each in page["stateMachines"] if each["name"] == name]
    for machine in machines:
        arn = machine["stateMachineArn"]
        # The executions of express ones cannot be listed, and end within 5 minutes.
        listed = machine["type"] == "STANDARD" and sfn.list_executions(stateMachineArn=arn, statusFilter="RUNNING")
        for execution in listed["executions"] if listed else []:
            _there(sfn.stop_execution, executionArn=execution["executionArn"])
        sfn.delete_state_machine(stateMachineArn=arn)
        _wait_until(partial(_is_gone, sfn.describe_state_machine, stateMachineArn=arn))
    return bool(machines)


def _topic(clients: Clients, name: str) -> bool:
    sns = clients["sns"]
    pages = sns.get_paginator("list_topics").paginate()
    arns = [each["TopicArn"] for page in pages for each in page["Topics"] if each["TopicArn"].endswith(f":{name}")]
    for arn in arns:
        subscribed = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=arn)
        for subscription in [each for page in subscribed for each in page["Subscriptions"]]:
            if subscription["SubscriptionArn"].startswith("arn:"):  # not "PendingConfirmation"
                sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
        sns.delete_topic(TopicArn=arn)
    return bool(arns)


def _rule(clients: Clients, name: str, bus: str = "default") -> bool:
    events = clients["events"]
    targets = _there(events.list_targets_by_rule, Rule=name, EventBusName=bus)
    if targets is None or _there(events.describe_rule, Name=name, EventBusName=bus) is None:
        return False
    if targets["Targets"]:
        events.remove_targets(Rule=name, EventBusName=bus, Ids=[target["Id"] for target in targets["Targets"]])
    events.delete_rule(Name=name, EventBusName=bus)
    return True


def _event_bus(clients: Clients, name: str) -> bool:
    events = clients["events"]
    if _there(events.describe_event_bus, Name=name) is None:
        return False
    for rule in events.list_rules(EventBusName=name)["Rules"]:
        _rule(clients, rule["Name"], name)
    events.delete_event_bus(Name=name)
    return True


def _instance(clients: Clients, name: str) -> bool:
    """The instances with this Name tag."""
    ec2 = clients["ec2"]
    alive = {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}
    named = {"Name": "tag:Name", "Values": [name]}
    pages = ec2.get_paginator("describe_instances").paginate(Filters=[named, alive])
    reservations = [reservation for page in pages for reservation in page["Reservations"]]
    ids = [instance["InstanceId"] for reservation in reservations for instance in reservation["Instances"]]
    if ids:
        ec2.terminate_instances(InstanceIds=ids)
    return bool(ids)


def _rest_api(clients: Clients, name: str) -> bool:
    gateway = clients["apigateway"]
    pages = gateway.get_paginator("get_rest_apis").paginate()
    ids = [each["id"] for page in pages for each in page["items"] if each.get("name") == name]
    for api_id in ids:
        gateway.delete_rest_api(restApiId=api_id)
    return bool(ids)


def _usage_plan(clients: Clients, name: str) -> bool:
    """Its stages are taken off first, as AWS wants it."""
    gateway = clients["apigateway"]
    pages = gateway.get_paginator("get_usage_plans").paginate()
    plans = [each for page in pages for each in page["items"] if each.get("name") == name]
    for plan in plans:
        stages = [f"{stage['apiId']}:{stage['stage']}" for stage in plan.get("apiStages", [])]
        removals = [{"op": "remove", "path": "/apiStages", "value": stage} for stage in stages]
        if removals:
            with suppress(ClientError):  # LocalStack fails on a stage with limits of its own, and does without.
                gateway.update_usage_plan(usagePlanId=plan["id"], patchOperations=removals)
        gateway.delete_usage_plan(usagePlanId=plan["id"])
    return bool(plans)


def _api_key(clients: Clients, name: str) -> bool:
    gateway = clients["apigateway"]
    pages = gateway.get_paginator("get_api_keys").paginate()
    ids = [each["id"] for page in pages for each in page["items"] if each.get("name") == name]
    for key_id in ids:
        gateway.delete_api_key(apiKey=key_id)
    return bool(ids)


def _http_api(clients: Clients, name: str) -> bool:
    if not clients.emulator.supports("apigatewayv2"):
        return False
    gateway = clients["apigatewayv2"]
    pages = gateway.get_paginator("get_apis").paginate()
    ids = [each["ApiId"] for page in pages for each in page["Items"] if each.get("Name") == name]
    for api_id in ids:
        gateway.delete_api(ApiId=api_id)
    return bool(ids)


def _bucket(clients: Clients, name: str) -> bool:
    s3 = clients["s3"]
    if name not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
        return False
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
        for version in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
            s3.delete_object(Bucket=name, Key=version["Key"], VersionId=version["VersionId"])
    s3.delete_bucket(Bucket=name)
    return True


def _log_group(clients: Clients, name: str) -> bool:
    return _there(clients["logs"].delete_log_group, logGroupName=name) is not None


DELETERS: dict[str, Callable[[Clients, str], bool]] = {
    "AWS::ApiGateway::ApiKey": _api_key,
    "AWS::ApiGateway::RestApi": _rest_api,
    "AWS::ApiGateway::UsagePlan": _usage_plan,
    "AWS::ApiGatewayV2::Api": _http_api,
    "AWS::DynamoDB::Table": _table,
    "AWS::EC2::Instance": _instance,
    "AWS::Events::EventBus": _event_bus,
    "AWS::Events::Rule": _rule,
    "AWS::IAM::Role": _role,
    "AWS::Lambda::Function": _function,
    "AWS::Logs::LogGroup": _log_group,
    "AWS::S3::Bucket": _bucket,
    "AWS::SNS::Topic": _topic,
    "AWS::SQS::Queue": _queue,
    "AWS::StepFunctions::StateMachine": _state_machine,
}
