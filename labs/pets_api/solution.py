"""The reference answer of the lab pets_api. There are other right ones."""

import contextlib
import io
import json
import zipfile
from pathlib import Path

import boto3

apigateway, lambda_ = boto3.client("apigateway"), boto3.client("lambda")
iam, logs = boto3.client("iam"), boto3.client("logs")


def zip_folder(folder):
    """A folder's files as the bytes of a zip archive: what Lambda calls a deployment package."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(Path(folder).rglob("*.py")):
            archive.write(path, path.relative_to(folder))
    return buffer.getvalue()


def id_of(operation, name):
    """The id of what has this name, in the answer of get_rest_apis, get_usage_plans or get_api_keys."""
    pages = apigateway.get_paginator(operation).paginate()
    return next(each["id"] for page in pages for each in page["items"] if each["name"] == name)


def resource_id(api_id, path):
    """The id of an API's resource."""
    resources = apigateway.get_resources(restApiId=api_id)["items"]
    return next(resource["id"] for resource in resources if resource["path"] == path)


# %% task:api
if "PetStore" not in [api["name"] for api in apigateway.get_rest_apis()["items"]]:
    apigateway.create_rest_api(name="PetStore", endpointConfiguration={"types": ["REGIONAL"]})
api = apigateway.get_rest_api(restApiId=id_of("get_rest_apis", "PetStore"))
print(api["name"], api["endpointConfiguration"]["types"])

# %% task:page
api_id = id_of("get_rest_apis", "PetStore")
method = {"restApiId": api_id, "resourceId": resource_id(api_id, "/"), "httpMethod": "GET"}
page = """<!doctype html>
<html>
  <head><title>PetStore</title></head>
  <body><h1>Welcome to the PetStore</h1><p>See <a href="pets">all pets</a> or <a href="pets/1">the first</a>.</p></body>
</html>"""

with contextlib.suppress(apigateway.exceptions.ConflictException):  # the method is there already
    apigateway.put_method(**method, authorizationType="NONE")
apigateway.put_integration(**method, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
with contextlib.suppress(apigateway.exceptions.ConflictException):  # it is there already
    apigateway.put_method_response(
        **method, statusCode="200", responseParameters={"method.response.header.Content-Type": True}
    )
apigateway.put_integration_response(
    **method,
    statusCode="200",
    responseParameters={"method.response.header.Content-Type": "'text/html'"},
    responseTemplates={"application/json": page},
)
print(list(apigateway.get_resource(restApiId=api_id, resourceId=method["resourceId"])["resourceMethods"]))

# %% task:deploy
apigateway.create_deployment(restApiId=id_of("get_rest_apis", "PetStore"), stageName="prod")
print([stage["stageName"] for stage in apigateway.get_stages(restApiId=id_of("get_rest_apis", "PetStore"))["item"]])

# %% task:handler file=functions/pet_store/lambda_function.py

# %% task:function
trust_policy = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}
with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):  # the role is there already
    iam.create_role(RoleName="pet-store-role", AssumeRolePolicyDocument=json.dumps(trust_policy))
iam.attach_role_policy(
    RoleName="pet-store-role",
    PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
)
with contextlib.suppress(lambda_.exceptions.ResourceConflictException):  # the function is there already
    lambda_.create_function(
        FunctionName="pet-store",
        Runtime="python3.13",
        Handler="lambda_function.lambda_handler",
        Role=iam.get_role(RoleName="pet-store-role")["Role"]["Arn"],
        Code={"ZipFile": zip_folder("functions/pet_store")},
    )
lambda_.get_waiter("function_active_v2").wait(FunctionName="pet-store")
print(lambda_.get_function_configuration(FunctionName="pet-store")["State"])

# %% task:routes
api_id = id_of("get_rest_apis", "PetStore")
function_arn = lambda_.get_function_configuration(FunctionName="pet-store")["FunctionArn"]
region, account = function_arn.split(":")[3:5]

root = resource_id(api_id, "/")
with contextlib.suppress(apigateway.exceptions.ConflictException):  # the resource is there already
    apigateway.create_resource(restApiId=api_id, parentId=root, pathPart="pets")
with contextlib.suppress(apigateway.exceptions.ConflictException):
    apigateway.create_resource(restApiId=api_id, parentId=resource_id(api_id, "/pets"), pathPart="{petId}")
pets, pet = resource_id(api_id, "/pets"), resource_id(api_id, "/pets/{petId}")
for resource, verb in ((pets, "GET"), (pets, "POST"), (pet, "GET")):
    method = {"restApiId": api_id, "resourceId": resource, "httpMethod": verb}
    with contextlib.suppress(apigateway.exceptions.ConflictException):  # the method is there already
        apigateway.put_method(**method, authorizationType="NONE")
    apigateway.put_integration(
        **method,
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri=f"arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{function_arn}/invocations",
    )
with contextlib.suppress(lambda_.exceptions.ResourceNotFoundException):  # from an API that was there before
    lambda_.remove_permission(FunctionName="pet-store", StatementId="pet-store-api")
lambda_.add_permission(
    FunctionName="pet-store",
    StatementId="pet-store-api",
    Action="lambda:InvokeFunction",
    Principal="apigateway.amazonaws.com",
    SourceArn=f"arn:aws:execute-api:{region}:{account}:{api_id}/*",
)
apigateway.create_deployment(restApiId=api_id, stageName="prod")
print(sorted(resource["path"] for resource in apigateway.get_resources(restApiId=api_id)["items"]))

# %% task:plan
if "basic" not in [plan["name"] for plan in apigateway.get_usage_plans()["items"]]:
    apigateway.create_usage_plan(
        name="basic",
        throttle={"rateLimit": 2, "burstLimit": 2},
        quota={"limit": 100, "period": "DAY"},
        apiStages=[{"apiId": id_of("get_rest_apis", "PetStore"), "stage": "prod"}],
    )
plan = apigateway.get_usage_plan(usagePlanId=id_of("get_usage_plans", "basic"))
print(plan["name"], plan["throttle"]["rateLimit"], plan["throttle"]["burstLimit"], plan["quota"]["limit"])

# %% task:key
if "pet-store-key" not in [key["name"] for key in apigateway.get_api_keys()["items"]]:
    apigateway.create_api_key(name="pet-store-key", enabled=True)
key = apigateway.get_api_key(apiKey=id_of("get_api_keys", "pet-store-key"))
with contextlib.suppress(apigateway.exceptions.ConflictException):  # the key is in the plan already
    apigateway.create_usage_plan_key(usagePlanId=id_of("get_usage_plans", "basic"), keyId=key["id"], keyType="API_KEY")
api_id = id_of("get_rest_apis", "PetStore")
apigateway.update_method(
    restApiId=api_id,
    resourceId=resource_id(api_id, "/pets"),
    httpMethod="POST",
    patchOperations=[{"op": "replace", "path": "/apiKeyRequired", "value": "true"}],
)
apigateway.create_deployment(restApiId=api_id, stageName="prod")
print(key["name"], key["enabled"])

# %% task:clean_up
api_id, plan_id = id_of("get_rest_apis", "PetStore"), id_of("get_usage_plans", "basic")
apigateway.update_usage_plan(
    usagePlanId=plan_id,
    patchOperations=[{"op": "remove", "path": "/apiStages", "value": f"{api_id}:prod"}],
)
apigateway.delete_usage_plan(usagePlanId=plan_id)
apigateway.delete_api_key(apiKey=id_of("get_api_keys", "pet-store-key"))
apigateway.delete_rest_api(restApiId=api_id)

lambda_.delete_function(FunctionName="pet-store")
logs.delete_log_group(logGroupName="/aws/lambda/pet-store")
for policy in iam.list_role_policies(RoleName="pet-store-role")["PolicyNames"]:
    iam.delete_role_policy(RoleName="pet-store-role", PolicyName=policy)
for policy in iam.list_attached_role_policies(RoleName="pet-store-role")["AttachedPolicies"]:
    iam.detach_role_policy(RoleName="pet-store-role", PolicyArn=policy["PolicyArn"])
iam.delete_role(RoleName="pet-store-role")
print("All of it is gone.")
