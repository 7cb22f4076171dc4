"""What the checks of lambda_under_load share: names, what they send, and how they read an answer."""

from botocore.exceptions import ClientError

from lab_harness.authors import customers

FUNCTION, ALIAS, TABLE = "resize-order", "live", "Thumbnails"
CHECKER, LAYER, RULES = "photo-check", "photo-rules", "photo_rules"
FAILED, DONE = "resize-failed", "resize-done"
QUICKLY = 20  # seconds: an event, a cold start and the way to a queue
NO_PROVISIONED = "ProvisionedConcurrencyConfigNotFoundException"


def photo():
    return {"photo": customers.file_name(".jpg")}


def told(answer, name):
    """What an answer says under a name; None where it is no dictionary, or an error."""
    return answer.payload.get(name) if isinstance(answer.payload, dict) and not answer.error else None


def asked(call, **what):
    """What a call answers about the function; None where AWS says that there is no such thing."""
    try:
        return call(FunctionName=FUNCTION, **what)
    except ClientError as error:
        if error.response["Error"]["Code"] in (NO_PROVISIONED, "ResourceNotFoundException"):
            return None
        raise
