"""What many labs ask in the same words. Each returns where it is so, and raises `Failure` where it is not.

expect.queue(sqs, "pet-orders", "Section 2 of the notebook shows create_queue.")
"""

from lab_harness.authors.expect.access import function_role, invocation, least_privilege, permissions, public, trust
from lab_harness.authors.expect.evidence import answer, logged, started_by, written_by
from lab_harness.authors.expect.names import (
    bucket,
    exists,
    function,
    gone,
    layer,
    names,
    queue,
    role,
    table,
    topic,
    value,
)
from lab_harness.authors.expect.settings import (
    active,
    mapping,
    notification,
    on_demand,
    queue_attribute,
    site,
    timeout,
    website,
)

__all__ = [
    "active",
    "answer",
    "bucket",
    "exists",
    "function",
    "function_role",
    "gone",
    "invocation",
    "layer",
    "least_privilege",
    "logged",
    "mapping",
    "names",
    "notification",
    "on_demand",
    "permissions",
    "public",
    "queue",
    "queue_attribute",
    "role",
    "site",
    "started_by",
    "table",
    "timeout",
    "topic",
    "trust",
    "value",
    "website",
    "written_by",
]
