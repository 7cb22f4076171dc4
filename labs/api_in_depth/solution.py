"""The reference answer of the lab api_in_depth. There are other right ones."""

import contextlib
import io
import json
import os
import zipfile
from pathlib import Path

import boto3

from lab_harness import load_lab

apigateway, lambda_, iam = (boto3.client(name) for name in ("apigateway", "lambda", "iam"))
stepfunctions, dynamodb, sqs = (boto3.client(name) for name in ("stepfunctions", "dynamodb", "sqs"))
kinesis, s3 = boto3.client("kinesis"), boto3.client("s3")
GIVEN = load_lab("api_in_depth").folder / "given"
MENU = f"{os.environ['AWS_ENDPOINT_URL']}/pet-hotel-menu"  # where the bucket's objects are read
REGION = "us-east-1"


def zip_folder(folder):
    """A folder's files as the bytes of a zip archive: what Lambda calls a deployment package."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(Path(folder).rglob("*.py")):
            archive.write(path, path.relative_to(folder))
    return buffer.getvalue()


def arn(service, resource, region=REGION):
    """The ARN of something in this account."""
    account = boto3.client("sts").get_caller_identity()["Account"]
    return f"arn:aws:{service}:{region}:{account}:{resource}"


def service(name, action):
    """The address of an action of a service, as integrations want it."""
    return f"arn:aws:apigateway:{REGION}:{name}:action/{action}"


def api_id():
    """The id of the API pet-hotel."""
    apis = apigateway.get_paginator("get_rest_apis").paginate().search("items")
    return next(each["id"] for each in apis if each["name"] == "pet-hotel")


def resource_id(path):
    """The id of the resource of a path in pet-hotel, which is made where it is missing."""
    found = {each["path"]: each["id"] for each in apigateway.get_resources(restApiId=api_id(), limit=500)["items"]}
    if path not in found:
        parent, _, part = path.rpartition("/")
        about = {"restApiId": api_id(), "parentId": resource_id(parent or "/"), "pathPart": part}
        found[path] = apigateway.create_resource(**about)["id"]
    return found[path]


def method(verb, path, **settings):
    """The three arguments that name a method of pet-hotel. It is made where it is missing; with settings, anew."""
    about = {"restApiId": api_id(), "resourceId": resource_id(path), "httpMethod": verb}
    there = apigateway.get_resource(restApiId=api_id(), resourceId=about["resourceId"]).get("resourceMethods", {})
    if verb in there and settings:
        apigateway.delete_method(**about)
    if verb not in there or settings:
        apigateway.put_method(**about, **{"authorizationType": "NONE", **settings})
    return about


def respond(about, status, template):
    """Answer with this status and template, whatever the integration says."""
    with contextlib.suppress(apigateway.exceptions.ConflictException):  # it is there already
        apigateway.put_method_response(**about, statusCode=status)
    templates = {"application/json": template}
    apigateway.put_integration_response(**about, statusCode=status, responseTemplates=templates)


def deploy(stage="v2"):
    """Deploy pet-hotel as it is now to a stage."""
    apigateway.create_deployment(restApiId=api_id(), stageName=stage)


gatewayv2 = boto3.client("apigatewayv2")
CHAT_FOLDER = load_lab("api_in_depth").folder / "site"
PORT = os.environ["AWS_ENDPOINT_URL"].rpartition(":")[2]
CHAT_SITE = "pet-chat-site-000000000000"


def make_role(name, trusted, *statements):
    """Create a role that somebody may assume, or give the one that is there this trust and these permissions."""
    trust = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", **trusted}]}
    )
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):  # the role is there already
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements]}
    iam.put_role_policy(RoleName=name, PolicyName="work", PolicyDocument=json.dumps(document))


def put_function(name, folder, role, **variables):
    """Create a function from a folder, or give the one that is there its code; returns its ARN."""
    code, settings = (
        zip_folder(folder),
        {"Role": arn("iam", f"role/{role}", region=""), "Environment": {"Variables": variables}},
    )
    try:
        lambda_.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Handler="lambda_function.lambda_handler",
            Code={"ZipFile": code},
            **settings,
        )
        lambda_.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    except lambda_.exceptions.ResourceConflictException:  # it is there already
        lambda_.update_function_code(FunctionName=name, ZipFile=code)
        lambda_.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    return lambda_.get_function_configuration(FunctionName=name)["FunctionArn"]


def invocation(function):
    """What integrations and authorizers call a function."""
    return f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{function}/invocations"


def let_in(function, statement, source):
    """Let an API call a function, for this source."""
    with contextlib.suppress(lambda_.exceptions.ResourceNotFoundException):  # from an API that was there before
        lambda_.remove_permission(FunctionName=function, StatementId=statement)
    lambda_.add_permission(
        FunctionName=function, StatementId=statement, Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com", SourceArn=arn("execute-api", source),
    )  # fmt: skip


def change_method(path, **changes):
    """Change settings of a GET method of pet-hotel's."""
    patch = [{"op": "replace", "path": f"/{name}", "value": value} for name, value in changes.items()]
    about = {"restApiId": api_id(), "resourceId": resource_id(path), "httpMethod": "GET"}
    apigateway.update_method(**about, patchOperations=patch)


def change_stage(**changes):
    """Change settings of the stage partners, by their paths."""
    patch = [{"op": "replace", "path": f"/{path}", "value": value} for path, value in changes.items()]
    apigateway.update_stage(restApiId=api_id(), stageName="partners", patchOperations=patch)


def chat_id():
    """The id of the WebSocket API pet-chat; None where there is none."""
    return next((each["ApiId"] for each in gatewayv2.get_apis()["Items"] if each["Name"] == "pet-chat"), None)


# %% task:given
with contextlib.suppress(dynamodb.exceptions.ResourceInUseException):  # the table is there already
    dynamodb.create_table(
        TableName="HotelGuests",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "booking", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "booking", "AttributeType": "S"}],
    )
dynamodb.get_waiter("table_exists").wait(TableName="HotelGuests")
sqs.create_queue(QueueName="hotel-wishes")
with contextlib.suppress(kinesis.exceptions.ResourceInUseException):  # the stream is there already
    kinesis.create_stream(StreamName="hotel-visits", ShardCount=1)
kinesis.get_waiter("stream_exists").wait(StreamName="hotel-visits", WaiterConfig={"Delay": 1})

s3.create_bucket(Bucket="pet-hotel-menu")
s3.delete_public_access_block(Bucket="pet-hotel-menu")
everybody = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::pet-hotel-menu/*"}
s3.put_bucket_policy(Bucket="pet-hotel-menu", Policy=json.dumps({"Version": "2012-10-17", "Statement": [everybody]}))
for pet, dishes in (("dog", ["beef", "rice"]), ("cat", ["tuna", "milk"])):
    body = json.dumps({"pet": pet, "dishes": dishes})
    s3.put_object(Bucket="pet-hotel-menu", Key=f"{pet}.json", Body=body, ContentType="application/json")

table, queue, stream = (
    arn("dynamodb", "table/HotelGuests"),
    arn("sqs", "hotel-wishes"),
    arn("kinesis", "stream/hotel-visits"),
)
machine = arn("states", "stateMachine:hotel-stay")
roles = {
    "hotel-price-role": ("lambda", {}),
    "hotel-stay-role": ("states", {"dynamodb:PutItem": table}),
    "hotel-api-role": ("apigateway", {
        "states:StartExecution": machine,
        "dynamodb:Scan": table,
        "sqs:SendMessage": queue,
        "kinesis:PutRecord": stream,
    }),
}  # fmt: skip
for name, (by, may) in roles.items():
    trusted = {"Effect": "Allow", "Principal": {"Service": f"{by}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust_policy = json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):  # the role is there already
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust_policy)
    statements = [{"Effect": "Allow", "Action": action, "Resource": on} for action, on in may.items()]
    if statements:
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_role_policy(RoleName=name, PolicyName="work", PolicyDocument=document)
logs_policy = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
iam.attach_role_policy(RoleName="hotel-price-role", PolicyArn=logs_policy)

item = {
    "booking": {"S.$": "$$.Execution.Name"},
    "guest": {"S.$": "$.guest"},
    "pet": {"S.$": "$.pet"},
    "nights": {"N.$": "States.Format('{}', $.nights)"},
}
write = {
    "Type": "Task",
    "Resource": "arn:aws:states:::dynamodb:putItem",
    "Parameters": {"TableName": "HotelGuests", "Item": item},
    "End": True,
}
with contextlib.suppress(stepfunctions.exceptions.StateMachineAlreadyExists):
    stepfunctions.create_state_machine(
        name="hotel-stay",
        roleArn=arn("iam", "role/hotel-stay-role", region=""),
        definition=json.dumps({"StartAt": "Write", "States": {"Write": write}}),
    )

with contextlib.suppress(lambda_.exceptions.ResourceConflictException):  # the function is there already
    lambda_.create_function(
        FunctionName="hotel-price",
        Runtime="python3.13",
        Handler="lambda_function.lambda_handler",
        Role=arn("iam", "role/hotel-price-role", region=""),
        Code={"ZipFile": zip_folder(GIVEN / "hotel_price_1")},
    )
lambda_.get_waiter("function_active_v2").wait(FunctionName="hotel-price")
for number in (1, 2):
    aliases = [each["Name"] for each in lambda_.list_aliases(FunctionName="hotel-price")["Aliases"]]
    if f"v{number}" not in aliases:
        lambda_.update_function_code(FunctionName="hotel-price", ZipFile=zip_folder(GIVEN / f"hotel_price_{number}"))
        lambda_.get_waiter("function_updated_v2").wait(FunctionName="hotel-price")
        version = lambda_.publish_version(FunctionName="hotel-price")["Version"]
        lambda_.create_alias(FunctionName="hotel-price", Name=f"v{number}", FunctionVersion=version)
print([each["Name"] for each in lambda_.list_aliases(FunctionName="hotel-price")["Aliases"]])

# %% task:rooms
apis = apigateway.get_paginator("get_rest_apis").paginate().search("items[].name")
if "pet-hotel" not in list(apis):
    apigateway.create_rest_api(name="pet-hotel", endpointConfiguration={"types": ["REGIONAL"]})
about = method("GET", "/rooms")
apigateway.put_integration(**about, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
respond(about, "200", '{"dogs": 6, "cats": 4}')
stages = apigateway.get_stages(restApiId=api_id())["item"]
if "prod" not in [each["stageName"] for each in stages]:
    deploy("prod")
print([each["stageName"] for each in apigateway.get_stages(restApiId=api_id())["item"]])

# %% task:price
about = method("GET", "/price")
function = arn("lambda", "function:hotel-price:${stageVariables.alias}")
apigateway.put_integration(
    **about,
    type="AWS_PROXY",
    integrationHttpMethod="POST",
    uri=f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{function}/invocations",
)
for alias in ("v1", "v2"):
    with contextlib.suppress(lambda_.exceptions.ResourceNotFoundException):  # from an API that was there before
        lambda_.remove_permission(FunctionName="hotel-price", Qualifier=alias, StatementId="pet-hotel")
    lambda_.add_permission(
        FunctionName="hotel-price",
        Qualifier=alias,
        StatementId="pet-hotel",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=arn("execute-api", f"{api_id()}/*/GET/price"),
    )
print(apigateway.get_integration(**about)["uri"].rpartition("function:")[2])

# %% task:stages
alias_of = {"v1": "v1", "v2": "v2", "prod": "v1"}
stages = {each["stageName"]: each for each in apigateway.get_stages(restApiId=api_id())["item"]}
for name, alias in alias_of.items():
    if "canarySettings" in stages.get(name, {}):
        continue  # such a stage takes no other deployment
    apigateway.create_deployment(restApiId=api_id(), stageName=name, variables={"alias": alias})
print({name: apigateway.get_stage(restApiId=api_id(), stageName=name)["variables"]["alias"] for name in alias_of})

# %% task:canary
stage = apigateway.get_stage(restApiId=api_id(), stageName="prod")
if "canarySettings" not in stage:
    apigateway.create_deployment(
        restApiId=api_id(),
        stageName="prod",
        canarySettings={"percentTraffic": 20.0, "stageVariableOverrides": {"alias": "v2"}},
    )
stage = apigateway.get_stage(restApiId=api_id(), stageName="prod")
print(stage["canarySettings"]["percentTraffic"], stage["canarySettings"]["stageVariableOverrides"])

# %% task:booking
template = r"""{
  "stateMachineArn": "MACHINE",
  "name": "$context.requestId",
  "input": "$util.escapeJavaScript($input.json('$')).replaceAll("\\'", "'")"
}""".replace("MACHINE", arn("states", "stateMachine:hotel-stay"))
about = method("POST", "/bookings")
apigateway.put_integration(
    **about,
    type="AWS",
    integrationHttpMethod="POST",
    uri=service("states", "StartExecution"),
    credentials=arn("iam", "role/hotel-api-role", region=""),
    requestTemplates={"application/json": template},
)
respond(about, "201", '{"booking": "$context.requestId"}')
deploy()

# %% task:model
schema = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "type": "object",
    "required": ["guest", "pet", "nights"],
    "properties": {
        "guest": {"type": "string", "minLength": 1},
        "pet": {"enum": ["dog", "cat"]},
        "nights": {"type": "integer", "minimum": 1, "maximum": 30},
    },
}
with contextlib.suppress(apigateway.exceptions.NotFoundException):  # there was none
    apigateway.delete_model(restApiId=api_id(), modelName="Booking")
apigateway.create_model(restApiId=api_id(), name="Booking", contentType="application/json", schema=json.dumps(schema))
validators = {each["name"]: each["id"] for each in apigateway.get_request_validators(restApiId=api_id())["items"]}
if "body" not in validators:
    made = apigateway.create_request_validator(restApiId=api_id(), name="body", validateRequestBody=True)
    validators["body"] = made["id"]
apigateway.update_method(
    restApiId=api_id(),
    resourceId=resource_id("/bookings"),
    httpMethod="POST",
    patchOperations=[
        {"op": "add", "path": "/requestModels/application~1json", "value": "Booking"},
        {"op": "replace", "path": "/requestValidatorId", "value": validators["body"]},
    ],
)
deploy()

# %% task:guests
template = """[
#foreach($item in $input.path('$.Items'))
  {"guest": "$item.guest.S", "pet": "$item.pet.S", "nights": $item.nights.N}#if($foreach.hasNext),#end
#end
]"""
about = method("GET", "/guests")
apigateway.put_integration(
    **about,
    type="AWS",
    integrationHttpMethod="POST",
    uri=service("dynamodb", "Scan"),
    credentials=arn("iam", "role/hotel-api-role", region=""),
    requestTemplates={"application/json": '{"TableName": "HotelGuests"}'},
)
respond(about, "200", template)
deploy()

# %% task:wishes
about = method("POST", "/wishes")
account = arn("sqs", "hotel-wishes").split(":")[4]
apigateway.put_integration(
    **about,
    type="AWS",
    integrationHttpMethod="POST",
    uri=f"arn:aws:apigateway:{REGION}:sqs:path/{account}/hotel-wishes",
    credentials=arn("iam", "role/hotel-api-role", region=""),
    requestParameters={"integration.request.header.Content-Type": "'application/x-www-form-urlencoded'"},
    requestTemplates={"application/json": "Action=SendMessage&MessageBody=$util.urlEncode($input.body)"},
)
respond(about, "202", '{"message": "We have noted it."}')
deploy()

# %% task:visits
template = """{
  "StreamName": "hotel-visits",
  "PartitionKey": "$input.params('pet')",
  "Data": "$util.base64Encode($input.json('$'))"
}"""
about = method("PUT", "/visits/{pet}")
apigateway.put_integration(
    **about,
    type="AWS",
    integrationHttpMethod="POST",
    uri=service("kinesis", "PutRecord"),
    credentials=arn("iam", "role/hotel-api-role", region=""),
    requestTemplates={"application/json": template},
)
respond(about, "200", """{"shard": $input.json('$.ShardId')}""")
deploy()

# %% task:menu
about = method("GET", "/menu/{pet}", requestParameters={"method.request.path.pet": True})
apigateway.put_integration(
    **about,
    type="HTTP_PROXY",
    integrationHttpMethod="GET",
    uri=f"{MENU}/{{pet}}.json",
    requestParameters={"integration.request.path.pet": "method.request.path.pet"},
)
deploy()

# %% task:refusals
problem = '{"message": $context.error.messageString, "problem": "$context.error.validationErrorString"}'
apigateway.put_gateway_response(
    restApiId=api_id(), responseType="BAD_REQUEST_BODY", responseTemplates={"application/json": problem}
)
apigateway.put_gateway_response(
    restApiId=api_id(),
    responseType="MISSING_AUTHENTICATION_TOKEN",
    statusCode="404",
    responseTemplates={"application/json": '{"message": "The hotel has no such page."}'},
)
deploy()

# %% task:desk
writing = {"Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], "Resource": arn("logs", "*")}
make_role("hotel-desk-role", {"Principal": {"Service": "lambda.amazonaws.com"}}, writing)
make_role(
    "hotel-cleaner",
    {"Principal": {"AWS": arn("iam", "root", region="")}},
    {"Action": "execute-api:Invoke", "Resource": arn("execute-api", f"{api_id()}/partners/GET/linen")},
)
desk = put_function("hotel-desk", GIVEN / "hotel_desk", "hotel-desk-role")
keys = json.dumps({"sol": "sun-7", "luna": "moon-3"})
put_function("hotel-agencies", GIVEN / "hotel_agencies", "hotel-desk-role", KEYS=keys)
let_in("hotel-desk", "pet-hotel", f"{api_id()}/*")
for path in ("/offers", "/search", "/me", "/me/bookings", "/rates", "/staff"):
    about = method("GET", path)
    if "methodIntegration" not in apigateway.get_method(**about):
        apigateway.put_integration(**about, type="AWS_PROXY", integrationHttpMethod="POST", uri=invocation(desk))
deploy("partners")

# %% task:guard file=functions/hotel_guard/lambda_function.py

# %% task:guard_function
_ = put_function("hotel-guard", "functions/hotel_guard", "hotel-desk-role", KEY="meadow")

# %% task:tokens
guard = lambda_.get_function_configuration(FunctionName="hotel-guard")["FunctionArn"]
there = {each["name"]: each["id"] for each in apigateway.get_authorizers(restApiId=api_id())["items"]}
if "guests" not in there:
    there["guests"] = apigateway.create_authorizer(
        restApiId=api_id(),
        name="guests",
        type="TOKEN",
        authorizerUri=invocation(guard),
        identitySource="method.request.header.Authorization",
        authorizerResultTtlInSeconds=300,
    )["id"]
let_in("hotel-guard", "guests", f"{api_id()}/authorizers/{there['guests']}")
for path in ("/me", "/me/bookings"):
    change_method(path, authorizationType="CUSTOM", authorizerId=there["guests"])
deploy("partners")

# %% task:agencies
agencies = lambda_.get_function_configuration(FunctionName="hotel-agencies")["FunctionArn"]
there = {each["name"]: each["id"] for each in apigateway.get_authorizers(restApiId=api_id())["items"]}
if "agencies" not in there:
    there["agencies"] = apigateway.create_authorizer(
        restApiId=api_id(),
        name="agencies",
        type="REQUEST",
        authorizerUri=invocation(agencies),
        identitySource="method.request.header.X-Agency-Key,method.request.querystring.agency",
        authorizerResultTtlInSeconds=300,
    )["id"]
let_in("hotel-agencies", "agencies", f"{api_id()}/authorizers/{there['agencies']}")
change_method("/rates", authorizationType="CUSTOM", authorizerId=there["agencies"])
deploy("partners")

# %% task:staff
partners = f"{api_id()}/partners/GET"
make_role(
    "hotel-staff",
    {"Principal": {"AWS": arn("iam", "root", region="")}},
    {"Action": "execute-api:Invoke", "Resource": arn("execute-api", f"{partners}/staff")},
    {"Action": "execute-api:InvalidateCache", "Resource": arn("execute-api", f"{partners}/offers")},
)
change_method("/staff", authorizationType="AWS_IAM")
deploy("partners")

# %% task:cache
about = method("GET", "/offers", requestParameters={"method.request.querystring.kind": False})
apigateway.put_integration(
    **about,
    type="AWS_PROXY",
    integrationHttpMethod="POST",
    uri=invocation(lambda_.get_function_configuration(FunctionName="hotel-desk")["FunctionArn"]),
    cacheKeyParameters=["method.request.querystring.kind"],
)
deploy("partners")
change_stage(
    **{
        "cacheClusterEnabled": "true",
        "cacheClusterSize": "0.5",
        "~1offers/GET/caching/enabled": "true",
        "~1offers/GET/caching/ttlInSeconds": "60",
        "~1offers/GET/caching/unauthorizedCacheControlHeaderStrategy": "FAIL_WITH_403",
    }
)

# %% task:limits
change_stage(
    **{
        "*/*/throttling/rateLimit": "100",
        "*/*/throttling/burstLimit": "50",
        "~1search/GET/throttling/rateLimit": "1",
        "~1search/GET/throttling/burstLimit": "2",
    }
)

# %% task:chat_given
with contextlib.suppress(dynamodb.exceptions.ResourceInUseException):  # the table is there already
    dynamodb.create_table(
        TableName="pet-chat-connections",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "connectionId", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "connectionId", "AttributeType": "S"}],
    )
dynamodb.get_waiter("table_exists").wait(TableName="pet-chat-connections")
rows = {"Action": ["dynamodb:PutItem", "dynamodb:GetItem", "dynamodb:DeleteItem", "dynamodb:Scan"],
        "Resource": arn("dynamodb", "table/pet-chat-connections")}  # fmt: skip
writing = {"Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], "Resource": arn("logs", "*")}
make_role("pet-chat-role", {"Principal": {"Service": "lambda.amazonaws.com"}}, rows, writing)

# %% task:chat file=functions/pet_chat/lambda_function.py

# %% task:chat_function
tokens = json.dumps({"paw-7": "Ana", "claw-3": "Ben"})
_ = put_function("pet-chat", "functions/pet_chat", "pet-chat-role", TOKENS=tokens)

# %% task:chat_api
if not chat_id():
    gatewayv2.create_api(Name="pet-chat", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action")
chat = lambda_.get_function_configuration(FunctionName="pet-chat")["FunctionArn"]
integrations = gatewayv2.get_integrations(ApiId=chat_id())["Items"] or [
    gatewayv2.create_integration(ApiId=chat_id(), IntegrationType="AWS_PROXY", IntegrationUri=invocation(chat))
]
there = [each["RouteKey"] for each in gatewayv2.get_routes(ApiId=chat_id())["Items"]]
for key in {"$connect", "$disconnect", "$default", "say"} - set(there):
    target = f"integrations/{integrations[0]['IntegrationId']}"
    gatewayv2.create_route(ApiId=chat_id(), RouteKey=key, Target=target)
if "live" not in [each["StageName"] for each in gatewayv2.get_stages(ApiId=chat_id())["Items"]]:
    gatewayv2.create_stage(ApiId=chat_id(), StageName="live")
gatewayv2.create_deployment(ApiId=chat_id(), StageName="live")
let_in("pet-chat", "pet-chat", f"{chat_id()}/*")

# %% task:chat_role
send = {
    "Effect": "Allow",
    "Action": "execute-api:ManageConnections",
    "Resource": arn("execute-api", f"{chat_id()}/live/*"),
}
document = json.dumps({"Version": "2012-10-17", "Statement": [send]})
_ = iam.put_role_policy(RoleName="pet-chat-role", PolicyName="send", PolicyDocument=document)

# %% task:chat_page
s3.create_bucket(Bucket=CHAT_SITE)
s3.delete_public_access_block(Bucket=CHAT_SITE)
everyone = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{CHAT_SITE}/*"}
s3.put_bucket_policy(Bucket=CHAT_SITE, Policy=json.dumps({"Version": "2012-10-17", "Statement": [everyone]}))
s3.put_bucket_website(Bucket=CHAT_SITE, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})
# On AWS the address is wss://….execute-api.us-east-1.amazonaws.com/live
where = f'window.CHAT_URL = "ws://{chat_id()}.execute-api.localhost:{PORT}/live";'
about = {"Bucket": CHAT_SITE, "CacheControl": "no-cache"}
s3.put_object(**about, Key="config.js", Body=where.encode(), ContentType="text/javascript")
for name, kind in (("index.html", "text/html"), ("chat.js", "text/javascript"), ("style.css", "text/css")):
    s3.put_object(**about, Key=name, Body=(CHAT_FOLDER / name).read_bytes(), ContentType=kind)
print(f"http://{CHAT_SITE}.s3-website.localhost:{PORT}/?token=paw-7")
