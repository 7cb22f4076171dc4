import json

NIGHT = 20


def lambda_handler(event, context):
    nights = int((event.get("queryStringParameters") or {}).get("nights", "1"))
    free = nights // 7  # new: of seven nights one is free
    return {"statusCode": 200, "body": json.dumps({"nights": nights, "price": (nights - free) * NIGHT})}
