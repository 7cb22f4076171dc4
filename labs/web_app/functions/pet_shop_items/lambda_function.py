import base64
import json
import os
from decimal import Decimal

import boto3

# Outside the handler: made once for each execution environment, not for each request.
table = boto3.resource("dynamodb").Table(os.environ.get("TABLE_NAME", "PetShopItems"))


def lambda_handler(event, context):
    # An HTTP API's format 2.0 names the route as one text, a REST API's format 1.0 as two.
    route = event.get("routeKey") or f"{event['httpMethod']} {event['resource']}"
    key = {"id": (event.get("pathParameters") or {}).get("id")}
    if route == "GET /items":
        return answer(200, all_items())
    if route == "PUT /items":
        item = item_of(event)
        if item is None:
            return answer(400, {"message": "Send JSON with the texts id and type, and a price of at least 0."})
        table.put_item(Item=item)
        return answer(200, item)
    if route == "GET /items/{id}":
        item = table.get_item(Key=key).get("Item")
    else:  # DELETE /items/{id}
        item = table.delete_item(Key=key, ReturnValues="ALL_OLD").get("Attributes")
    return answer(200, item) if item else answer(404, {"message": "There is no item with this id."})


def all_items():
    """All items of the table; one scan reads at most 1 MB and says where to go on."""
    page = table.scan()
    items = page["Items"]
    while "LastEvaluatedKey" in page:
        page = table.scan(ExclusiveStartKey=page["LastEvaluatedKey"])
        items += page["Items"]
    return items


def item_of(event):
    """The item in a request's body; None where the body is not a good one."""
    body = event.get("body") or ""
    try:
        if event.get("isBase64Encoded"):
            body = base64.b64decode(body)
        sent = json.loads(body, parse_float=Decimal)  # DynamoDB keeps numbers exactly, and takes no float
    except ValueError:
        return None
    if not isinstance(sent, dict):
        return None
    texts, price = [sent.get("id"), sent.get("type")], sent.get("price")
    if not all(isinstance(text, str) and text for text in texts):
        return None
    if isinstance(price, bool) or not isinstance(price, int | Decimal) or price < 0:
        return None
    return {"id": sent["id"], "type": sent["type"], "price": price}


def answer(status, body):
    """What API Gateway sends back. A REST API leaves CORS to the function; an HTTP API puts its own in place of it."""
    headers = {"Content-Type": "application/json", "Access-Control-Allow-Origin": "*"}
    return {"statusCode": status, "headers": headers, "body": json.dumps(body, default=float)}
