import itertools
import json

numbers = itertools.count(1)


def lambda_handler(event, context):
    asked = event["requestContext"]
    told = {
        "call": next(numbers),
        "request": asked["requestId"],
        "path": event["path"],
        "kind": (event.get("queryStringParameters") or {}).get("kind"),
        "guest": (asked.get("authorizer") or {}).get("guest"),
        "agency": (asked.get("authorizer") or {}).get("agency"),
        "caller": asked["identity"].get("userArn"),
    }
    return {"statusCode": 200, "body": json.dumps(told)}
