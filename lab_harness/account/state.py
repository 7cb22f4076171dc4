"""What an account holds, read so that two looks can be compared: for emulators that keep no call log.

Only what the labs can build or leave behind is read, by calls that change nothing.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from botocore.exceptions import ClientError, HTTPClientError

from lab_harness.authors.made import made_names
from lab_harness.aws import UNREACHABLE, Clients
from lab_harness.errors import EmulatorNotReady

SHOWN_ITEMS, SHOWN_OBJECTS, SHOWN_EXECUTIONS = 100, 1000, 50  # of a table, a bucket, a state machine


class Part(StrEnum):
    """How something came into the account."""

    BUILT = "built"  # somebody configured it
    LEFT = "left"  # something that ran, or was sent, left it behind


class Row(NamedTuple):
    """One thing in the account, `what` as plain values."""

    part: Part
    name: str
    what: Any


State = Mapping[tuple[str, Part], frozenset[str]]  # by service and part, the rows as text
Rows = Iterator[Row]


def account_state(clients: Clients, services: Collection[str]) -> State:
    """What the account holds of these services now, without what checks made for themselves.

    Left out are services of which nothing is read here, and those in which something went while it was read.
    Raises EmulatorNotReady when the emulator does not answer.
    """
    state: dict[tuple[str, Part], frozenset[str]] = {}
    for service in READERS.keys() & services:
        try:
            rows = list(READERS[service](clients))
        except ClientError:
            continue
        except (*UNREACHABLE, HTTPClientError) as error:
            raise EmulatorNotReady(f"The emulator does not answer at {clients.emulator.endpoint}.") from error
        ours = made_names()  # Asked now: another thread's checks may have made something while it was read.
        for part in Part:
            texts = (json.dumps(row, default=str, sort_keys=True) for row in rows if row.part is part)
            state[service, part] = frozenset(text for text in texts if not _names_any(text, ours))
    return state


def _names_any(text: str, names: Collection[str]) -> bool:
    return any(name in text for name in names)


def differences(before: State, after: State) -> dict[Part, frozenset[str]]:
    """The services that differ, by the part in which they do; those that one of the states lacks do not."""
    changed = [key for key in before.keys() & after.keys() if before[key] != after[key]]
    return {part: frozenset(service for service, its_part in changed if its_part is part) for part in Part}


def _pages(client: Any, operation: str, key: str, **arguments: Any) -> Iterator[Any]:
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from page.get(key, [])


def _setting(read: Callable[..., Any], **arguments: Any) -> Any:
    """A setting of a resource; None where AWS answers that it has none."""
    try:
        found = read(**arguments)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise
        return None
    return _without(found, "ResponseMetadata")


def _without(values: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}


def _apigateway(clients: Clients) -> Rows:
    gateway = clients["apigateway"]
    for api in _pages(gateway, "get_rest_apis", "items"):
        yield Row(Part.BUILT, api["id"], api)
        yield Row(Part.BUILT, api["id"], gateway.get_stages(restApiId=api["id"])["item"])
        for resource in _pages(gateway, "get_resources", "items", restApiId=api["id"], embed=["methods"]):
            yield Row(Part.BUILT, api["id"], resource)
    for plan in _pages(gateway, "get_usage_plans", "items"):
        yield Row(Part.BUILT, plan["id"], plan)
        for key in _pages(gateway, "get_usage_plan_keys", "items", usagePlanId=plan["id"]):
            yield Row(Part.BUILT, plan["id"], key)
    for key in _pages(gateway, "get_api_keys", "items"):
        yield Row(Part.BUILT, key["id"], key)


def _apigatewayv2(clients: Clients) -> Rows:
    gateway = clients["apigatewayv2"]
    for api in _pages(gateway, "get_apis", "Items"):
        yield Row(Part.BUILT, api["ApiId"], api)
        for operation in ("get_routes", "get_integrations", "get_stages"):
            for each in _pages(gateway, operation, "Items", ApiId=api["ApiId"]):
                yield Row(Part.BUILT, api["ApiId"], each)


def _dynamodb(clients: Clients) -> Rows:
    dynamodb = clients["dynamodb"]
    for name in _pages(dynamodb, "list_tables", "TableNames"):
        table = dynamodb.describe_table(TableName=name)["Table"]
        yield Row(Part.BUILT, name, _without(table, "ItemCount", "TableSizeBytes"))
        yield Row(Part.LEFT, name, table.get("ItemCount"))
        for item in dynamodb.scan(TableName=name, Limit=SHOWN_ITEMS)["Items"]:
            yield Row(Part.LEFT, name, item)


def _ec2(clients: Clients) -> Rows:
    for reservation in _pages(clients["ec2"], "describe_instances", "Reservations"):
        for instance in reservation["Instances"]:
            what = {name: instance.get(name) for name in ("State", "Tags")}
            # Somebody did it, and an event tells others of it.
            yield Row(Part.BUILT, instance["InstanceId"], what)
            yield Row(Part.LEFT, instance["InstanceId"], what)


def _events(clients: Clients) -> Rows:
    events = clients["events"]
    for bus in events.list_event_buses()["EventBuses"]:
        yield Row(Part.BUILT, bus["Name"], bus)
        for rule in _pages(events, "list_rules", "Rules", EventBusName=bus["Name"]):
            yield Row(Part.BUILT, rule["Name"], rule)
            targets = _pages(events, "list_targets_by_rule", "Targets", Rule=rule["Name"], EventBusName=bus["Name"])
            yield Row(Part.BUILT, rule["Name"], list(targets))


def _iam(clients: Clients) -> Rows:
    listed = clients["iam"].get_paginator("get_account_authorization_details")
    for page in listed.paginate(Filter=["Role", "LocalManagedPolicy"]):
        for role in page["RoleDetailList"]:
            yield Row(Part.BUILT, role["RoleName"], _without(role, "RoleLastUsed"))
        for policy in page["Policies"]:
            yield Row(Part.BUILT, policy["PolicyName"], policy)


def _lambda(clients: Clients) -> Rows:
    lambda_ = clients["lambda"]
    for function in _pages(lambda_, "list_functions", "Functions"):
        name = function["FunctionName"]
        yield Row(Part.BUILT, name, function)
        yield Row(Part.BUILT, name, _setting(lambda_.get_policy, FunctionName=name))
    for mapping in _pages(lambda_, "list_event_source_mappings", "EventSourceMappings"):
        yield Row(Part.BUILT, mapping["UUID"], _without(mapping, "LastModified", "LastProcessingResult"))


def _logs(clients: Clients) -> Rows:
    logs = clients["logs"]
    for group in _pages(logs, "describe_log_groups", "logGroups"):
        name = group["logGroupName"]
        if "retentionInDays" in group:
            yield Row(Part.BUILT, name, group["retentionInDays"])
        latest = logs.describe_log_streams(logGroupName=name, orderBy="LastEventTime", descending=True, limit=1)
        # The group itself, too, is most often made by the first run of a function.
        yield Row(Part.LEFT, name, [group, latest["logStreams"]])


def _s3(clients: Clients) -> Rows:
    s3 = clients["s3"]
    for bucket in s3.list_buckets()["Buckets"]:
        name = bucket["Name"]
        for read in (s3.get_bucket_policy, s3.get_bucket_website, s3.get_public_access_block, s3.get_bucket_cors):
            yield Row(Part.BUILT, name, _setting(read, Bucket=name))
        notified = s3.get_bucket_notification_configuration(Bucket=name)
        yield Row(Part.BUILT, name, _without(notified, "ResponseMetadata"))
        for found in s3.list_objects_v2(Bucket=name, MaxKeys=SHOWN_OBJECTS).get("Contents", []):
            yield Row(Part.LEFT, name, [found["Key"], found["ETag"], found["LastModified"]])


def _sns(clients: Clients) -> Rows:
    sns = clients["sns"]
    for topic in _pages(sns, "list_topics", "Topics"):
        attributes = sns.get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]
        counts = [name for name in attributes if name.startswith("Subscriptions")]  # the checks' own among them
        yield Row(Part.BUILT, topic["TopicArn"], _without(attributes, *counts))
        # By topic: LocalStack's list of all subscriptions never calls one to a mail address confirmed.
        for subscription in _pages(sns, "list_subscriptions_by_topic", "Subscriptions", **topic):
            yield Row(Part.BUILT, topic["TopicArn"], subscription)
    yield Row(Part.LEFT, "inbox", len(clients["inbox"]()))


def _sqs(clients: Clients) -> Rows:
    sqs = clients["sqs"]
    for url in _pages(sqs, "list_queues", "QueueUrls"):
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        counts = [name for name in attributes if name.startswith("Approximate")]
        yield Row(Part.BUILT, url, _without(attributes, *counts))
        yield Row(Part.LEFT, url, {name: attributes[name] for name in counts})


def _stepfunctions(clients: Clients) -> Rows:
    stepfunctions = clients["stepfunctions"]
    for machine in _pages(stepfunctions, "list_state_machines", "stateMachines"):
        arn = machine["stateMachineArn"]
        described = stepfunctions.describe_state_machine(stateMachineArn=arn)
        yield Row(Part.BUILT, machine["name"], _without(described, "ResponseMetadata"))
        if machine["type"] == "STANDARD":  # The executions of express ones cannot be listed.
            listed = stepfunctions.list_executions(stateMachineArn=arn, maxResults=SHOWN_EXECUTIONS)
            for execution in listed["executions"]:
                yield Row(Part.LEFT, execution["name"], execution["status"])


READERS: Mapping[str, Callable[[Clients], Rows]] = {
    "apigateway": _apigateway,
    "apigatewayv2": _apigatewayv2,
    "dynamodb": _dynamodb,
    "ec2": _ec2,
    "events": _events,
    "iam": _iam,
    "lambda": _lambda,
    "logs": _logs,
    "s3": _s3,
    "sns": _sns,
    "sqs": _sqs,
    "stepfunctions": _stepfunctions,
}
