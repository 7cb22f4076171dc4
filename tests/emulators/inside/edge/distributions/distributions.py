"""Distributions for tests: a bucket behind one, an API that counts behind another, and a viewer who asks them."""

import itertools
import json

from lab_harness.authors.http import Http
from tests.roles import let_in, policy

OPTIMIZED, DISABLED = "658327ea-f89d-4fab-a63d-7e88639e58f6", "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
AS_ORIGIN_SAYS = "83da9c7e-98b4-4e11-a168-04f0df8e2c65"  # Managed-UseOriginCacheControlHeaders
ALL_BUT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"  # Managed-AllViewerExceptHostHeader
ALL = "216adef6-5c7f-47e4-b989-5492eafa07d3"  # Managed-AllViewer
BUCKET = "site"
COUNTER = """
import itertools, json
numbers = itertools.count(1)
def lambda_handler(event, context):
    told = event.get("queryStringParameters") or {}
    headers = {"X-Count": str(next(numbers)), "Content-Type": "application/json"}
    headers |= {"Cache-Control": told["cache"]} if "cache" in told else {}
    headers |= {"ETag": told["etag"]} if "etag" in told else {}
    asked = {name: event.get(name) for name in ("rawPath", "rawQueryString", "headers", "cookies")}
    if told.get("etag") and (event.get("headers") or {}).get("if-none-match") == told["etag"]:
        return {"statusCode": 304, "headers": headers}
    status = int(told.get("status", 200))
    return {"statusCode": status, "headers": headers, "body": json.dumps({"answered": status} | asked)}
"""
fresh = itertools.count()


def behavior(origin="site", cache=OPTIMIZED, protocol="allow-all", methods=("GET", "HEAD"), **more):
    """A cache behavior."""
    allowed = {"Quantity": len(methods), "Items": list(methods)}
    allowed["CachedMethods"] = {"Quantity": 2, "Items": ["GET", "HEAD"]}
    settings = {"TargetOriginId": origin, "ViewerProtocolPolicy": protocol, "AllowedMethods": allowed}
    return settings | ({"CachePolicyId": cache} if cache else {}) | more


def bucket_origin(control="", bucket=BUCKET, id="site"):
    """A bucket as an origin."""
    domain = f"{bucket}.s3.us-east-1.amazonaws.com"
    settings = {"Id": id, "DomainName": domain, "S3OriginConfig": {"OriginAccessIdentity": ""}}
    return settings | {"OriginAccessControlId": control}


def custom_origin(domain, protocol="https-only", id="api", **more):
    """Something else as an origin."""
    ports = {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": protocol}
    return {"Id": id, "DomainName": domain, "CustomOriginConfig": ports} | more


def config(origins, default, behaviors=(), errors=(), **more):
    """A distribution's configuration; each of the behaviors has a PathPattern."""

    def listed(items):
        return {"Quantity": len(items), "Items": list(items)} if items else {"Quantity": 0}

    settings = {
        "CallerReference": f"test-{next(fresh)}",
        "Comment": "",
        "Enabled": True,
        "DefaultCacheBehavior": default,
    }
    lists = {"Origins": origins, "CacheBehaviors": behaviors, "CustomErrorResponses": errors}
    return settings | {name: listed(items) for name, items in lists.items()} | more


class Viewer:
    """Makes distributions, and asks them as a browser's user would."""

    def __init__(self, clients, endpoint):
        self.clients, self.cloudfront, self.http = clients, clients["cloudfront"], Http(endpoint)
        self.distribution = None

    def make(self, *args, **more):
        """A distribution with this configuration, which is asked from now on."""
        made = self.cloudfront.create_distribution(DistributionConfig=config(*args, **more))
        self.distribution = made["Distribution"]
        return self.distribution

    def change(self, **settings):
        """Change the distribution's configuration."""
        id = self.distribution["Id"]
        found = self.cloudfront.get_distribution_config(Id=id)
        changed = found["DistributionConfig"] | settings
        return self.cloudfront.update_distribution(Id=id, IfMatch=found["ETag"], DistributionConfig=changed)

    def ask(self, path="/", method="GET", https=False, body=None, **headers):
        """The answer to a request, headers' names with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"Accept-Encoding": "identity", **named}
        return self.http.edge(self.distribution["DomainName"], path, method, body, sent, https)

    def seen(self, path="/", **more):
        """The status of an answer, and where it came from: Hit, Miss, RefreshHit or Error."""
        answer = self.ask(path, **more)
        return answer.status, answer.headers["x-cache"].partition(" ")[0]

    def invalidate(self, *paths, reference=None):
        """Invalidate paths."""
        batch = {
            "Paths": {"Quantity": len(paths), "Items": list(paths)},
            "CallerReference": reference or str(next(fresh)),
        }
        id = self.distribution["Id"]
        return self.cloudfront.create_invalidation(DistributionId=id, InvalidationBatch=batch)["Invalidation"]


def control(clients, name="closed", **settings):
    """The id of an origin access control."""
    given = {
        "Name": name,
        "SigningProtocol": "sigv4",
        "SigningBehavior": "always",
        "OriginAccessControlOriginType": "s3",
    }
    made = clients["cloudfront"].create_origin_access_control(OriginAccessControlConfig=given | settings)
    return made["OriginAccessControl"]["Id"]


def open_to(clients, distribution, *actions, bucket=BUCKET):
    """Let a distribution, by its ARN, do this in the bucket; s3:GetObject if nothing is said."""
    statement = {
        "Effect": "Allow", "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": list(actions or ["s3:GetObject"]),
        "Resource": [f"arn:aws:s3:::{bucket}/*", f"arn:aws:s3:::{bucket}"],
        "Condition": {"StringEquals": {"AWS:SourceArn": distribution}},
    }  # fmt: skip
    clients["s3"].put_bucket_policy(Bucket=bucket, Policy=policy(statement))


def counting_api(clients):
    """The domain name of an HTTP API whose function `hello`, of COUNTER, says how often it was called."""
    let_in(clients, "hello", "apigateway")
    gateway = clients["apigatewayv2"]
    arn = clients["lambda"].get_function_configuration(FunctionName="hello")["FunctionArn"]
    api = gateway.create_api(Name="counter", ProtocolType="HTTP")["ApiId"]
    integration = gateway.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion="2.0"
    )
    target = f"integrations/{integration['IntegrationId']}"
    gateway.create_route(ApiId=api, RouteKey="$default", Target=target)
    gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    return f"{api}.execute-api.us-east-1.amazonaws.com"


def told(answer):
    """What the counter says that it got."""
    return json.loads(answer.text)
