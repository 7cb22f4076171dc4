"""The reference answer of the lab web_app. There are other right ones."""

import contextlib
import io
import json
import os
import shutil
import zipfile
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

from lab_harness import load_lab

dynamodb, iam, lambda_, s3 = (boto3.client(name) for name in ("dynamodb", "iam", "lambda", "s3"))
apigatewayv2, apigateway = boto3.client("apigatewayv2"), boto3.client("apigateway")

ACCOUNT = boto3.client("sts").get_caller_identity()["Account"]
BUCKET = f"pet-shop-site-{ACCOUNT}"
ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
SITE = f"http://{BUCKET}.s3-website.localhost:{ENDPOINT.rpartition(':')[2]}"

shutil.copytree(load_lab("web_app").folder / "site", "site", dirs_exist_ok=True)


def zip_folder(folder):
    """A folder's files as the bytes of a zip archive: what Lambda calls a deployment package."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(Path(folder).rglob("*.py")):
            archive.write(path, path.relative_to(folder))
    return buffer.getvalue()


def function_arn():
    """The function's ARN."""
    return lambda_.get_function_configuration(FunctionName="pet-shop-items")["FunctionArn"]


def http_api_id():
    """The id of the HTTP API pet-shop."""
    return next(api["ApiId"] for api in apigatewayv2.get_apis()["Items"] if api["Name"] == "pet-shop")


def api_url():
    """The URL of the HTTP API pet-shop; on an emulator without HTTP APIs, of the REST API's stage prod."""
    try:
        return f"{ENDPOINT}/_aws/execute-api/{http_api_id()}"
    except ClientError:
        ids = [api["id"] for api in apigateway.get_rest_apis()["items"] if api["name"] == "pet-shop-rest"]
        return f"{ENDPOINT}/_aws/execute-api/{ids[0]}/prod"


TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}


def allow_site(api_id, resource_id):
    """Let a resource of a REST API answer OPTIONS by itself (a MOCK integration), with CORS headers for the site."""
    method = {"restApiId": api_id, "resourceId": resource_id, "httpMethod": "OPTIONS"}
    values = {"Origin": SITE, "Methods": "GET,PUT,DELETE", "Headers": "content-type"}
    headers = {f"method.response.header.Access-Control-Allow-{name}": f"'{value}'" for name, value in values.items()}
    with contextlib.suppress(apigateway.exceptions.ConflictException):  # the method is there already
        apigateway.put_method(**method, authorizationType="NONE")
    apigateway.put_integration(**method, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    with contextlib.suppress(apigateway.exceptions.ConflictException):
        apigateway.put_method_response(**method, statusCode="200", responseParameters=dict.fromkeys(headers, False))
    apigateway.put_integration_response(**method, statusCode="200", responseParameters=headers)


# %% task:table
with contextlib.suppress(dynamodb.exceptions.ResourceInUseException):  # the table is there already
    dynamodb.create_table(
        TableName="PetShopItems",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
dynamodb.get_waiter("table_exists").wait(TableName="PetShopItems")
print(dynamodb.describe_table(TableName="PetShopItems")["Table"]["TableStatus"])

# %% task:role
trust_policy = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}
permissions = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:Scan"],
            "Resource": dynamodb.describe_table(TableName="PetShopItems")["Table"]["TableArn"],
        },
    ],
}
with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):  # the role is there already
    iam.create_role(RoleName="pet-shop-items-role", AssumeRolePolicyDocument=json.dumps(trust_policy))
iam.put_role_policy(RoleName="pet-shop-items-role", PolicyName="items", PolicyDocument=json.dumps(permissions))
iam.attach_role_policy(
    RoleName="pet-shop-items-role",
    PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
)
print(iam.get_role(RoleName="pet-shop-items-role")["Role"]["Arn"])

# %% task:handler file=functions/pet_shop_items/lambda_function.py

# %% task:function
with contextlib.suppress(lambda_.exceptions.ResourceConflictException):  # the function is there already
    lambda_.create_function(
        FunctionName="pet-shop-items",
        Runtime="python3.13",
        Handler="lambda_function.lambda_handler",
        Role=iam.get_role(RoleName="pet-shop-items-role")["Role"]["Arn"],
        Timeout=10,
        Code={"ZipFile": zip_folder("functions/pet_shop_items")},
    )
lambda_.get_waiter("function_active_v2").wait(FunctionName="pet-shop-items")
print(lambda_.get_function_configuration(FunctionName="pet-shop-items")["State"])

# %% task:api
if "pet-shop" not in [api["Name"] for api in apigatewayv2.get_apis()["Items"]]:
    apigatewayv2.create_api(Name="pet-shop", ProtocolType="HTTP")
api_id = next(api["ApiId"] for api in apigatewayv2.get_apis()["Items"] if api["Name"] == "pet-shop")
there = [route["RouteKey"] for route in apigatewayv2.get_routes(ApiId=api_id)["Items"]]
integration = apigatewayv2.create_integration(
    ApiId=api_id,
    IntegrationType="AWS_PROXY",
    IntegrationUri=function_arn(),
    PayloadFormatVersion="2.0",
)
for route in ("GET /items", "PUT /items", "GET /items/{id}", "DELETE /items/{id}"):
    if route not in there:
        apigatewayv2.create_route(ApiId=api_id, RouteKey=route, Target=f"integrations/{integration['IntegrationId']}")
with contextlib.suppress(apigatewayv2.exceptions.ConflictException):  # the stage is there already
    apigatewayv2.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
with contextlib.suppress(lambda_.exceptions.ResourceNotFoundException):  # from an API that was there before
    lambda_.remove_permission(FunctionName="pet-shop-items", StatementId="http-api")
lambda_.add_permission(
    FunctionName="pet-shop-items",
    StatementId="http-api",
    Action="lambda:InvokeFunction",
    Principal="apigateway.amazonaws.com",
    SourceArn=f"arn:aws:execute-api:us-east-1:{ACCOUNT}:{api_id}/*",
)
for route in apigatewayv2.get_routes(ApiId=api_id)["Items"]:
    print(route["RouteKey"])

# %% task:cors
apigatewayv2.update_api(
    ApiId=http_api_id(),
    CorsConfiguration={
        "AllowOrigins": [SITE],
        "AllowMethods": ["GET", "PUT", "DELETE"],
        "AllowHeaders": ["content-type"],
    },
)
print("the site's pages may use the API")

# %% task:rest_api
if "pet-shop-rest" not in [api["name"] for api in apigateway.get_rest_apis()["items"]]:
    apigateway.create_rest_api(name="pet-shop-rest", endpointConfiguration={"types": ["REGIONAL"]})
rest_id = next(api["id"] for api in apigateway.get_rest_apis()["items"] if api["name"] == "pet-shop-rest")
paths = {}
for path, above, part in (("/items", "/", "items"), ("/items/{id}", "/items", "{id}")):
    paths = {each["path"]: each["id"] for each in apigateway.get_resources(restApiId=rest_id)["items"]}
    if path not in paths:
        paths[path] = apigateway.create_resource(restApiId=rest_id, parentId=paths[above], pathPart=part)["id"]
items, one_item = paths["/items"], paths["/items/{id}"]
lambda_uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function_arn()}/invocations"
for resource, verb in ((items, "GET"), (items, "PUT"), (one_item, "GET"), (one_item, "DELETE")):
    method = {"restApiId": rest_id, "resourceId": resource, "httpMethod": verb}
    with contextlib.suppress(apigateway.exceptions.ConflictException):  # the method is there already
        apigateway.put_method(**method, authorizationType="NONE")
    apigateway.put_integration(**method, type="AWS_PROXY", integrationHttpMethod="POST", uri=lambda_uri)
for resource in (items, one_item):
    allow_site(rest_id, resource)
with contextlib.suppress(lambda_.exceptions.ResourceNotFoundException):  # from an API that was there before
    lambda_.remove_permission(FunctionName="pet-shop-items", StatementId="rest-api")
lambda_.add_permission(
    FunctionName="pet-shop-items",
    StatementId="rest-api",
    Action="lambda:InvokeFunction",
    Principal="apigateway.amazonaws.com",
    SourceArn=f"arn:aws:execute-api:us-east-1:{ACCOUNT}:{rest_id}/*",
)
apigateway.create_deployment(restApiId=rest_id, stageName="prod")
for stage in apigateway.get_stages(restApiId=rest_id)["item"]:
    print("deployed to", stage["stageName"])

# %% task:website
s3.create_bucket(Bucket=BUCKET)
s3.put_bucket_website(Bucket=BUCKET, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})
s3.delete_public_access_block(Bucket=BUCKET)
everyone_may_read = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/*"},
    ],
}
s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(everyone_may_read))
print(BUCKET)

# %% task:site
Path("site/config.js").write_text(f"window.API_URL = {json.dumps(api_url())};\n")
for path in sorted(Path("site").iterdir()):
    s3.put_object(
        Bucket=BUCKET,
        Key=path.name,
        Body=path.read_bytes(),
        ContentType=TYPES[path.suffix],
        CacheControl="no-cache",
    )
    print(path.name, "as", TYPES[path.suffix])
