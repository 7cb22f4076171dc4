"""DynamoDB's tables by what a request names them: a name, or an ARN."""

from typing import Any


def table(name: Any) -> Any:
    """MiniStack's record of a table; None where there is none, or what is asked for is no name."""
    from ministack.services import dynamodb

    return dynamodb._tables.get(dynamodb._normalize_table_name(name)) if isinstance(name, str) else None
