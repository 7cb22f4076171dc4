"""Makes lines for the archive of what the collars send."""

import base64
import json


def lambda_handler(event, context):
    """Answer for each record whether it is Ok, Dropped or ProcessingFailed."""
    return {"records": [clean(record) for record in event["records"]]}


def clean(record):
    """One record as Firehose wants it back."""
    result = {"recordId": record["recordId"], "result": "Ok", "data": record["data"]}
    try:
        location = json.loads(base64.b64decode(record["data"]))
        if location["pet"].startswith("test-"):
            return result | {"result": "Dropped"}
        line = json.dumps(location | {"zone": "north" if location["y"] >= 50 else "south"}) + "\n"
    except (ValueError, KeyError, TypeError, AttributeError):
        return result | {"result": "ProcessingFailed"}
    return result | {"data": base64.b64encode(line.encode()).decode()}
