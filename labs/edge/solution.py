"""The reference answer of the lab edge. There are other right ones."""

import contextlib
import io
import json
import os
import shutil
import sys
import time
import zipfile
from importlib.metadata import files
from pathlib import Path

import boto3
import urllib3

from lab_harness import load_lab

cloudfront, s3, logs = (boto3.client(name) for name in ("cloudfront", "s3", "logs"))
iam, lambda_, apigatewayv2 = boto3.client("iam"), boto3.client("lambda"), boto3.client("apigatewayv2")

ACCOUNT = "000000000000"
BUCKET, NAME = f"pet-edge-{ACCOUNT}", "pet-edge"
ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
PORT = ENDPOINT.rpartition(":")[2]
# AWS's own policies, which have the same ids in every account
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER_EXCEPT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
folder = load_lab("edge").folder
shutil.copytree(folder / "given", "functions", dirs_exist_ok=True)
shutil.copytree(folder / "site", "functions/edge-site", dirs_exist_ok=True)


def zip_folder(folder, *packages):
    """A folder's files, and installed packages, as a zip archive's bytes: what Lambda calls a deployment package."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(Path(folder).rglob("*.py")):
            archive.write(path, path.relative_to(folder))
        for file in [file for package in packages for file in files(package)]:
            if ".." not in file.parts and "__pycache__" not in file.parts:
                archive.write(file.locate(), file)
    return buffer.getvalue()


def deploy(name, folder, *packages, memory=128, seconds=5):
    """Create a function from a folder and packages, or give the one that is there its code."""
    code = zip_folder(folder, *packages)
    try:
        lambda_.create_function(
            FunctionName=name, Runtime=f"python3.{sys.version_info.minor}", Handler="lambda_function.lambda_handler",
            Role=f"arn:aws:iam::{ACCOUNT}:role/edge-functions-role", MemorySize=memory, Timeout=seconds,
            Code={"ZipFile": code},
        )  # fmt: skip
        lambda_.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    except lambda_.exceptions.ResourceConflictException:
        lambda_.update_function_code(FunctionName=name, ZipFile=code)
        lambda_.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
        lambda_.update_function_configuration(FunctionName=name, MemorySize=memory, Timeout=seconds)
        lambda_.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})


def api_id():
    """The id of the HTTP API pet-edge-api; None where there is none."""
    return next((each["ApiId"] for each in apigatewayv2.get_apis()["Items"] if each["Name"] == "pet-edge-api"), None)


def distribution():
    """What CloudFront lists of the distribution whose Comment is pet-edge; None where there is none."""
    found = cloudfront.list_distributions()["DistributionList"].get("Items", [])
    return next((each for each in found if each["Comment"] == NAME), None)


def listed(*items):
    """Items as CloudFront wants a list: with their number."""
    return {"Quantity": len(items), "Items": list(items)} if items else {"Quantity": 0}


def settings():
    """The distribution's settings."""
    return cloudfront.get_distribution_config(Id=distribution()["Id"])["DistributionConfig"]


def change(**changes):
    """Change settings of the distribution, the others stay; wait until it is deployed."""
    id = distribution()["Id"]
    found = cloudfront.get_distribution_config(Id=id)
    changed = found["DistributionConfig"] | changes
    cloudfront.update_distribution(Id=id, IfMatch=found["ETag"], DistributionConfig=changed)
    cloudfront.get_waiter("distribution_deployed").wait(Id=id, WaiterConfig={"Delay": 1})


def put_behavior(path, **behavior):
    """Give the distribution a cache behavior for a path, in place of the one that is there."""
    there = settings().get("CacheBehaviors", {}).get("Items", [])
    others = [each for each in there if each["PathPattern"] != path]
    change(CacheBehaviors=listed(*others, {"PathPattern": path, "Compress": True, **behavior}))


def policy_id(name):
    """The id of your cache policy of this name; None where there is none."""
    found = cloudfront.list_cache_policies(Type="custom")["CachePolicyList"].get("Items", [])
    return next((p["CachePolicy"]["Id"] for p in found if p["CachePolicy"]["CachePolicyConfig"]["Name"] == name), None)


def put_policy(name, headers=(), cookies=(), queries=(), seconds=86_400):
    """Make a cache policy by which these headers, cookies and query strings count, or change it; returns its id."""

    def which(names, of):
        behavior = {f"{of}Behavior": "whitelist" if names else "none"}
        return behavior | ({f"{of}s": listed(*names)} if names else {})

    policy = {
        "Name": name, "MinTTL": 0, "DefaultTTL": seconds, "MaxTTL": 31_536_000,
        "ParametersInCacheKeyAndForwardedToOrigin": {
            "EnableAcceptEncodingGzip": True, "EnableAcceptEncodingBrotli": True,
            "HeadersConfig": which(headers, "Header"), "CookiesConfig": which(cookies, "Cookie"),
            "QueryStringsConfig": which(queries, "QueryString"),
        },
    }  # fmt: skip
    if id := policy_id(name):
        etag = cloudfront.get_cache_policy(Id=id)["ETag"]
        cloudfront.update_cache_policy(Id=id, IfMatch=etag, CachePolicyConfig=policy)
        return id
    return cloudfront.create_cache_policy(CachePolicyConfig=policy)["CachePolicy"]["Id"]


def upload(name, source):
    """Create a CloudFront Function from its source, or give the one that is there another; it is not published."""
    about = {"Name": name, "FunctionConfig": {"Comment": "", "Runtime": "cloudfront-js-2.0"}}
    about |= {"FunctionCode": source.encode()}
    try:
        cloudfront.create_function(**about)
    except cloudfront.exceptions.FunctionAlreadyExists:
        etag = cloudfront.describe_function(Name=name, Stage="DEVELOPMENT")["ETag"]
        cloudfront.update_function(**about, IfMatch=etag)


def publish(name, folder):
    """Upload a CloudFront Function from a folder, and publish it. Returns its ARN."""
    upload(name, (Path(folder) / "function.js").read_text(encoding="utf-8"))
    etag = cloudfront.describe_function(Name=name, Stage="DEVELOPMENT")["ETag"]
    return cloudfront.publish_function(Name=name, IfMatch=etag)["FunctionSummary"]["FunctionMetadata"]["FunctionARN"]


def at_viewer_request(arn):
    """What a behavior says to call a CloudFront Function at the event viewer-request."""
    return listed({"EventType": "viewer-request", "FunctionARN": arn})


def publish_version(name, folder, *packages, **settings):
    """Deploy a function from a folder, and publish a version of it. Returns the ARN of the version."""
    deploy(name, folder, *packages, **settings)
    return lambda_.publish_version(FunctionName=name)["FunctionArn"]


def ask(path, https=True, method="GET", **headers):
    """A viewer's request to the distribution, and the answer. In names of headers _ stands for -."""
    label = distribution()["DomainName"].partition(".")[0]
    host = f"{'https.' if https else ''}{label}.cloudfront.localhost:{PORT}"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return urllib3.request(method, f"{ENDPOINT}{path}", headers={"Host": host, **named}, redirect=False, timeout=30)


def seen(path, **more):
    """What a viewer gets, in short: the status, and X-Cache."""
    answer = ask(path, **more)
    return f"{answer.status} {answer.headers['x-cache']}"


# %% task:given
s3.create_bucket(Bucket=BUCKET)
TYPES = {".html": "text/html", ".jpg": "image/jpeg", ".webp": "image/webp"}
for path in Path("functions/edge-site").rglob("*.*"):
    key = path.relative_to("functions/edge-site").as_posix()
    fresh = {"CacheControl": "max-age=60"} if key == "news/1.html" else {}
    s3.put_object(Bucket=BUCKET, Key=key, Body=path.read_bytes(), ContentType=TYPES[path.suffix], **fresh)

trust = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}  # fmt: skip
with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
    iam.create_role(RoleName="edge-functions-role", AssumeRolePolicyDocument=json.dumps(trust))
logs_policy = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
iam.attach_role_policy(RoleName="edge-functions-role", PolicyArn=logs_policy)

deploy("pet-today", "functions/pet_today")
if not api_id():
    function = lambda_.get_function_configuration(FunctionName="pet-today")["FunctionArn"]
    made = apigatewayv2.create_api(Name="pet-edge-api", ProtocolType="HTTP")["ApiId"]
    integration = apigatewayv2.create_integration(
        ApiId=made, IntegrationType="AWS_PROXY", IntegrationUri=function, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    apigatewayv2.create_route(ApiId=made, RouteKey="$default", Target=f"integrations/{integration}")
    apigatewayv2.create_stage(ApiId=made, StageName="$default", AutoDeploy=True)
with contextlib.suppress(lambda_.exceptions.ResourceNotFoundException):
    lambda_.remove_permission(FunctionName="pet-today", StatementId="api")
_ = lambda_.add_permission(
    FunctionName="pet-today", StatementId="api", Action="lambda:InvokeFunction",
    Principal="apigateway.amazonaws.com", SourceArn=f"arn:aws:execute-api:us-east-1:{ACCOUNT}:{api_id()}/*",
)  # fmt: skip

# %% task:distribution
controls = cloudfront.list_origin_access_controls()["OriginAccessControlList"].get("Items", [])
control = next((each["Id"] for each in controls if each["Name"] == NAME), None)
if not control:
    control = cloudfront.create_origin_access_control(
        OriginAccessControlConfig={
            "Name": NAME, "OriginAccessControlOriginType": "s3", "SigningBehavior": "always",
            "SigningProtocol": "sigv4",
        }
    )["OriginAccessControl"]["Id"]  # fmt: skip
if not distribution():
    cloudfront.create_distribution(
        DistributionConfig={
            "CallerReference": str(time.time()),
            "Comment": NAME,
            "Enabled": True,
            "DefaultRootObject": "index.html",
            "Origins": listed(
                {
                    "Id": "site",
                    "DomainName": f"{BUCKET}.s3.us-east-1.amazonaws.com",
                    "S3OriginConfig": {"OriginAccessIdentity": ""},
                    "OriginAccessControlId": control,
                }
            ),
            "DefaultCacheBehavior": {
                "TargetOriginId": "site",
                "ViewerProtocolPolicy": "allow-all",
                "CachePolicyId": CACHING_OPTIMIZED,
                "Compress": True,
            },
        }
    )
cloudfront.get_waiter("distribution_deployed").wait(Id=distribution()["Id"], WaiterConfig={"Delay": 1})
read = {
    "Effect": "Allow",
    "Principal": {"Service": "cloudfront.amazonaws.com"},
    "Action": "s3:GetObject",
    "Resource": f"arn:aws:s3:::{BUCKET}/*",
    "Condition": {"StringEquals": {"AWS:SourceArn": distribution()["ARN"]}},
}
_ = s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({"Version": "2012-10-17", "Statement": [read]}))

# %% task:viewers
change(
    DefaultCacheBehavior=settings()["DefaultCacheBehavior"] | {"ViewerProtocolPolicy": "redirect-to-https"},
    CustomErrorResponses=listed(
        {"ErrorCode": 403, "ResponsePagePath": "/lost.html", "ResponseCode": "404", "ErrorCachingMinTTL": 10}
    ),
)

# %% task:api
origin = {
    "Id": "api",
    "DomainName": f"{api_id()}.execute-api.us-east-1.amazonaws.com",
    "CustomOriginConfig": {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "https-only"},
}
others = [each for each in settings()["Origins"]["Items"] if each["Id"] != "api"]
change(Origins=listed(*others, origin))
methods = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]
put_behavior(
    "/api/*",
    TargetOriginId="api",
    ViewerProtocolPolicy="https-only",
    AllowedMethods=listed(*methods) | {"CachedMethods": listed("GET", "HEAD")},
    CachePolicyId=CACHING_DISABLED,
    OriginRequestPolicyId=ALL_VIEWER_EXCEPT_HOST,
)

# %% task:key
put_behavior(
    "/today",
    TargetOriginId="api",
    ViewerProtocolPolicy="redirect-to-https",
    CachePolicyId=put_policy("pet-today", cookies=["language"], queries=["pet"], seconds=60),
)

# %% task:paths_code file=functions/pet_paths/function.js

# %% task:paths
arn = publish("pet-paths", "functions/pet_paths")
change(DefaultCacheBehavior=settings()["DefaultCacheBehavior"] | {"FunctionAssociations": at_viewer_request(arn)})

# %% task:members
put_behavior(
    "/members/*",
    TargetOriginId="site",
    ViewerProtocolPolicy="https-only",
    CachePolicyId=CACHING_OPTIMIZED,
    FunctionAssociations=at_viewer_request(publish("pet-members", "functions/pet_members")),
)

# %% task:order
principal = {"Service": ["lambda.amazonaws.com", "edgelambda.amazonaws.com"]}
statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
trust = {"Version": "2012-10-17", "Statement": [statement]}
iam.update_assume_role_policy(RoleName="edge-functions-role", PolicyDocument=json.dumps(trust))
version = publish_version("edge-order", "functions/edge_order")
events = ["viewer-request", "origin-request", "origin-response", "viewer-response"]
put_behavior(
    "/news/*",
    TargetOriginId="site",
    ViewerProtocolPolicy="redirect-to-https",
    CachePolicyId=CACHING_OPTIMIZED,
    LambdaFunctionAssociations=listed(
        *[{"EventType": event, "LambdaFunctionARN": version, "IncludeBody": False} for event in events]
    ),
)

# %% task:photos_code file=functions/pet_photos/lambda_function.py

# %% task:photos
version = publish_version("pet-photos", "functions/pet_photos")
put_behavior(
    "/img/*",
    TargetOriginId="site",
    ViewerProtocolPolicy="redirect-to-https",
    CachePolicyId=put_policy("pet-photos", headers=["Accept"]),
    LambdaFunctionAssociations=listed(
        {"EventType": "origin-request", "LambdaFunctionARN": version, "IncludeBody": False}
    ),
)

# %% task:sizes_code file=functions/pet_sizes/lambda_function.py

# %% task:sizes
allowed = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/img/*"}
document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
iam.put_role_policy(RoleName="edge-functions-role", PolicyName="pictures", PolicyDocument=document)
version = publish_version("pet-sizes", "functions/pet_sizes", "pillow", memory=512, seconds=20)
put_behavior(
    "/sizes/*",
    TargetOriginId="site",
    ViewerProtocolPolicy="redirect-to-https",
    CachePolicyId=put_policy("pet-sizes", headers=["Accept"], queries=["width"]),
    LambdaFunctionAssociations=listed(
        {"EventType": "origin-request", "LambdaFunctionARN": version, "IncludeBody": False}
    ),
)
