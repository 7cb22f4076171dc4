"""What an account holds, kind by kind, by name."""

from typing import Any

from lab_harness.emulators.base import ACCOUNT

# The plural, as messages have it: the operation that lists them, and where in its answer their names are.
LISTS = {
    "API keys": ("get_api_keys", "items[].name"),
    "buckets": ("list_buckets", "Buckets[].Name"),
    "functions": ("list_functions", "Functions[].FunctionName"),
    "layers": ("list_layers", "Layers[].LayerName"),
    "log groups": ("describe_log_groups", "logGroups[].logGroupName"),
    "queues": ("list_queues", "QueueUrls[]"),
    "REST APIs": ("get_rest_apis", "items[].name"),
    "roles": ("list_roles", "Roles[].RoleName"),
    "schedules": ("list_schedules", "Schedules[].Name"),
    "state machines": ("list_state_machines", "stateMachines[].name"),
    "streams": ("list_streams", "StreamNames[]"),
    "tables": ("list_tables", "TableNames[]"),
    "topics": ("list_topics", "Topics[].TopicArn"),
    "usage plans": ("get_usage_plans", "items[].name"),
}


def names(client: Any, kind: str) -> list[str]:
    """The names of all resources of one kind that there are; `client` is the client of their service.

    Kinds are "API keys", "buckets", "functions", "layers", "log groups", "queues", "REST APIs", "roles", "schedules",
    "state machines", "streams", "tables", "topics" and "usage plans". Raises no Failure.

        left = [name for name in FUNCTIONS if name in inventory.names(lambda_, "functions")]
    """
    operation, place = LISTS[kind]
    found = client.get_paginator(operation).paginate().search(place)
    return [_name(each) for each in found if each]  # JMESPath says None for a page without any


def _name(found: str) -> str:
    """A queue is listed by its URL, `…/<account>/<name>`, a topic by its ARN; others are listed by their names."""
    if found.startswith("arn:"):
        return found.rpartition(":")[2]
    return found.partition(f"/{ACCOUNT}/")[2] if "://" in found else found
