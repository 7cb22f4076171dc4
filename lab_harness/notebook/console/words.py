"""How the console writes times, long texts and ARNs."""

import re
from datetime import UTC, datetime

SERVICES = {"sns": "SNS", "sqs": "SQS", "states": "Step Functions", "events": "EventBridge", "logs": "CloudWatch Logs"}
FUNCTION = re.compile(r":function:([^/]+)")  # in a function's ARN, and in API Gateway's around it
ARN = re.compile(r"arn:[^:]*:([^:]*):[^:]*:[^:]*:(.+)", re.DOTALL)


def clock(moment: float) -> str:
    """A moment in seconds since 1970 as UTC, to the second."""
    return datetime.fromtimestamp(moment, UTC).strftime("%H:%M:%S")


def fine_clock(moment: float) -> str:
    """The same to the millisecond."""
    return datetime.fromtimestamp(moment, UTC).strftime("%H:%M:%S.%f")[:-3]


def shortened(text: str, most: int) -> str:
    """A text, cut to so many characters."""
    return text if len(text) <= most else f"{text[:most]}… ({len(text) - most:,} more characters)"


def resource(arn: str) -> str:
    """What an ARN names, for people: "Lambda pet-store", "SQS pet-orders"; what is no ARN stays as it is."""
    if function := FUNCTION.search(arn):
        return f"Lambda {function[1]}"
    if found := ARN.fullmatch(arn):
        return f"{SERVICES.get(found[1], found[1])} {found[2]}"
    return arn
