import json

NIGHT = 20


def lambda_handler(event, context):
    nights = int((event.get("queryStringParameters") or {}).get("nights", "1"))
    return {"statusCode": 200, "body": json.dumps({"nights": nights, "price": nights * NIGHT})}
