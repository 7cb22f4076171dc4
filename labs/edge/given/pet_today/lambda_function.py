"""Greets in a language, and answers for the API: what this function says is made anew each time."""

import itertools
import json

GREETINGS = {"en": "Hello", "de": "Hallo", "pt": "Olá"}
numbers = itertools.count(1)


def lambda_handler(event, context):
    sent = event.get("cookies") or event["headers"].get("cookie", "").split("; ")
    cookies = dict(each.split("=", 1) for each in sent if "=" in each)
    pet = (event.get("queryStringParameters") or {}).get("pet", "nobody")
    language = cookies.get("language", "en")
    answer = {
        "method": event["requestContext"]["http"]["method"],
        "path": event["rawPath"],
        "pet": pet,
        "language": language,
        "greeting": f"{GREETINGS.get(language, 'Hi')}, {pet}!",
        "cookies": cookies,
        "number": next(numbers),
        "request": context.aws_request_id,
    }
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": json.dumps(answer)}
