import hmac
import json
import os

KEYS = json.loads(os.environ["KEYS"])


def lambda_handler(event, context):
    agency = (event["queryStringParameters"] or {}).get("agency") or ""
    headers = {name.lower(): value for name, value in event["headers"].items()}
    right = agency in KEYS and hmac.compare_digest(headers.get("x-agency-key", "").encode(), KEYS[agency].encode())
    stage = "/".join(event["methodArn"].split("/")[:2])
    effect = "Allow" if right else "Deny"
    statement = {"Effect": effect, "Action": "execute-api:Invoke", "Resource": f"{stage}/GET/rates"}
    return {
        "principalId": agency,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"agency": agency},
    }
