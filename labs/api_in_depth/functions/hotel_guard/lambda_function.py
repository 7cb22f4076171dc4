import hmac
import os

KEY = os.environ["KEY"].encode()


def lambda_handler(event, context):
    name, _, seal = event["authorizationToken"].removeprefix("Bearer ").partition(".")
    right = hmac.new(KEY, name.encode(), "sha256").hexdigest()
    effect = "Allow" if hmac.compare_digest(seal.encode(), right.encode()) else "Deny"
    stage = "/".join(event["methodArn"].split("/")[:2])
    guests = [f"{stage}/GET/me", f"{stage}/GET/me/*"]
    statement = {"Effect": effect, "Action": "execute-api:Invoke", "Resource": guests}
    return {
        "principalId": name or "nobody",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"guest": name},
    }
