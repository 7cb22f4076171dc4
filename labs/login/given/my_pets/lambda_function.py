import json


def lambda_handler(event, context):
    """Tell callers what API Gateway knows of them: nothing, until an authorizer has looked at their token."""
    claims = event["requestContext"].get("authorizer", {}).get("jwt", {}).get("claims", {})
    known = {name: claims[name] for name in ("email", "cognito:groups") if name in claims}
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": json.dumps(known)}
