"""Read and write capacity of DynamoDB's tables, as AWS counts it, and what becomes of a request for which none is left.

MiniStack counts each read as one item of up to 4 KB, however much was read, counts no batch of reads, and lets a table
of 5 units do as many as it likes, and be changed as often.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html (2026)
"""

from typing import Any

import wrapt

from lab_harness.emulators.inside.tables.capacity import batches, counting, decreases, throttling


def install() -> None:
    """Make MiniStack count and throttle. This takes effect when it imports DynamoDB."""
    wrapt.register_post_import_hook(_change_dynamodb, "ministack.services.dynamodb")


def _change_dynamodb(dynamodb: Any) -> None:
    counting.change(dynamodb)
    throttling.change(dynamodb)
    batches.change(dynamodb)
    decreases.change(dynamodb)
