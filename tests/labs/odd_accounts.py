"""Changes that a learner might make in an account, right, wrong or absurd: each takes the clients and a random source.

A change looks at what is there, picks something of it and makes that another thing. What AWS, or the emulator, refuses
is no change.
"""

import json
from contextlib import suppress

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from lab_harness.account.resources import deleters

from .helpers import zipped

ODD_VALUES = (
    None,
    True,
    0,
    -1,
    10**30,
    1.5,
    "",
    "x",
    "*",
    "a:b:c",
    "ä\u202e",
    "${x}",
    "(",
    "{",
    [],
    {},
    [1],
    ["*"],
    {"a": 1},
    [[]],
    [{}],
    {"": None},
    "arn:aws:iam::000000000000:role/none",
    "http://127.0.0.1:99999/",
    "x" * 300,
)
ODD_TEXTS = (
    "",
    " ",
    "text",
    "[]",
    "[1]",
    "{}",
    "null",
    "1",
    '"x"',
    "{",
    "NaN",
    "[" * 2000,
    '{"Statement": null}',
    "\ufeff{}",
)
CODES = (
    "def lambda_handler(event, context): return None",
    "def lambda_handler(event, context): return [event]",
    "def lambda_handler(event, context): return 'text'",
    "def lambda_handler(event, context): return {'statusCode': 'many', 'body': {'a': 1}}",
    "def lambda_handler(event, context): return {'statusCode': 200, 'body': '[{\"id\": 1}, 2, null]'}",
    "def lambda_handler(event, context): return {'statusCode': 200, 'headers': ['a'], 'body': '\\ud800'}",
    "def lambda_handler(event, context): return {'batchItemFailures': [{}, None, {'itemIdentifier': []}]}",
    "def lambda_handler(event, context): return {'batchItemFailures': 3}",
    "def lambda_handler(event, context): raise KeyError(event)",
    "def lambda_handler(event, context): print('\\x00\\x1b[2J', event); return float('nan')",
    "def lambda_handler(event, context): import os; os._exit(3)",
    "def handler(event, context): return {}",
    "this is no Python",
    "",
)
PAGES = (
    b"",
    b"\xff\xfe\x00",
    b"<script src='x.js'></script><script src=y.js></script>",
    b"<script src='../../x.js'></script><link href='./a/../b.css'>",
    b'<script src="http://[::1/x.js"></script>',
    b"<script src='config.js'></script>" + b"const API = 'http://127.0.0.1:99999/_aws/execute-api/x';",
    b"const API = 'http://localhost:1/restapis/x/prod/_user_request_';",
    b"const API = 'http://x.execute-api.localhost:80/';  // http://..execute-api.localhost:4566/",
    b"const API = 'http://" + b"a" * 70 + b".execute-api.localhost:1/';",
    b"x" * 100_000,
)


def some(chance, values):
    """One of the values; nothing to change where there are none."""
    values = list(values)
    if not values:
        raise LookupError
    return chance.choice(values)


def altered(chance, value):
    """A JSON value of which one part, somewhere, is another thing or is missing."""
    if isinstance(value, dict) and value and chance.random() < 0.8:
        name = chance.choice(list(value))
        if chance.random() < 0.2:
            return {each: value[each] for each in value if each != name}
        return {**value, name: altered(chance, value[name])}
    if isinstance(value, list) and value and chance.random() < 0.7:
        place = chance.randrange(len(value))
        return [*value[:place], altered(chance, value[place]), *value[place + 1 :]]
    return chance.choice([value, [value], {"x": value}, str(value), *ODD_VALUES])


def odd_text(chance, text):
    """A text in place of a JSON text: absurd, or nearly the same."""
    if chance.random() < 0.3:
        return chance.choice(ODD_TEXTS)
    try:
        return json.dumps(altered(chance, json.loads(text)))
    except (ValueError, RecursionError):
        return chance.choice(ODD_TEXTS)


def removed(clients, chance, lab):
    resource = some(chance, lab.file.resources)
    deleters()[resource.type](clients, resource.name)


# DynamoDB


def table_of_another_key(clients, chance, lab):
    dynamodb = clients["dynamodb"]
    name = some(chance, dynamodb.list_tables()["TableNames"])
    key = dynamodb.describe_table(TableName=name)["Table"]["KeySchema"][0]["AttributeName"]
    hashed = chance.choice([key, key, "other", key.upper()])
    keys = [(hashed, "HASH", chance.choice("SSNB")), ("sort", "RANGE", chance.choice("SNB"))][: chance.choice([1, 2])]
    dynamodb.delete_table(TableName=name)
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": each, "KeyType": kind} for each, kind, _ in keys],
        AttributeDefinitions=[{"AttributeName": each, "AttributeType": of} for each, _, of in keys],
    )


def odd_item(clients, chance, lab):
    dynamodb = clients["dynamodb"]
    name = some(chance, dynamodb.list_tables()["TableNames"])
    key = dynamodb.describe_table(TableName=name)["Table"]["KeySchema"][0]["AttributeName"]
    values = [
        {"S": "x"},
        {"N": "1E+100"},
        {"N": "0.1"},
        {"B": b"\xff"},
        {"NULL": True},
        {"SS": ["a"]},
        {"M": {}},
        {"L": []},
    ]
    item = {each: chance.choice(values) for each in ("type", "price", "status", "flaky", "pet", "quantity")}
    dynamodb.put_item(TableName=name, Item={**item, key: {"S": chance.choice(["p-1", "p1", "o-1", "ü"])}})


# IAM


def odd_trust(clients, chance, lab):
    iam = clients["iam"]
    role = some(chance, iam.list_roles()["Roles"])
    text = odd_text(chance, json.dumps(role["AssumeRolePolicyDocument"]))
    iam.update_assume_role_policy(RoleName=role["RoleName"], PolicyDocument=text)


def odd_role_policy(clients, chance, lab):
    iam = clients["iam"]
    role = some(chance, iam.list_roles()["Roles"])["RoleName"]
    policy = some(chance, [*iam.list_role_policies(RoleName=role)["PolicyNames"], "another"])
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
    with suppress(ClientError):
        document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=odd_text(chance, json.dumps(document)))


def odd_attached_policy(clients, chance, lab):
    iam = clients["iam"]
    role = some(chance, iam.list_roles()["Roles"])["RoleName"]
    arn = "arn:aws:iam::aws:policy/none"
    if chance.random() < 0.7:
        arn = iam.create_policy(PolicyName="odd", PolicyDocument=odd_text(chance, '{"Statement": [{}]}'))["Policy"][
            "Arn"
        ]
    iam.attach_role_policy(RoleName=role, PolicyArn=arn)
    if chance.random() < 0.2:
        iam.delete_policy(PolicyArn=arn)


# SQS


def queue(clients, chance):
    return some(chance, clients["sqs"].list_queues().get("QueueUrls", []))


def odd_queue(clients, chance, lab):
    url, sqs = queue(clients, chance), clients["sqs"]
    there = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    name = chance.choice(
        [
            "RedrivePolicy",
            "Policy",
            "VisibilityTimeout",
            "DelaySeconds",
            "MaximumMessageSize",
            "MessageRetentionPeriod",
            "ReceiveMessageWaitTimeSeconds",
            "RedriveAllowPolicy",
            "KmsMasterKeyId",
            "FifoQueue",
        ]
    )
    number = chance.choice(["0", "1", "20", "900", "43200", "x", "-1", "1.5"])
    text = (
        number if name.endswith(("Timeout", "Seconds", "Size", "Period")) else odd_text(chance, there.get(name, "{}"))
    )
    sqs.set_queue_attributes(QueueUrl=url, Attributes={name: text})


def other_queue(clients, chance, lab):
    url, sqs = queue(clients, chance), clients["sqs"]
    sqs.delete_queue(QueueUrl=url)
    attributes = chance.choice([{"FifoQueue": "true"}, {"DelaySeconds": "600"}, {"VisibilityTimeout": "0"}])
    sqs.create_queue(QueueName=url.rpartition("/")[2], Attributes=attributes)


def odd_message(clients, chance, lab):
    for _ in range(chance.choice([1, 3, 12])):
        clients["sqs"].send_message(QueueUrl=queue(clients, chance), MessageBody=chance.choice(ODD_TEXTS) or "x")


# Lambda


def function(clients, chance):
    return some(chance, clients["lambda"].list_functions()["Functions"])["FunctionName"]


def other_code(clients, chance, lab):
    clients["lambda"].update_function_code(FunctionName=function(clients, chance), ZipFile=zipped(chance.choice(CODES)))


def odd_function(clients, chance, lab):
    settings = chance.choice(
        [
            {"Runtime": chance.choice(["nodejs22.x", "python3.9", "java21"])},
            {"Handler": chance.choice(["x", "", "a.b", "..", "a b.c"])},
            {"Timeout": chance.choice([1, 3, 900])},
            {"Role": chance.choice(["arn:aws:iam::000000000000:role/none", "x", "arn:aws:iam::000000000000:role/a/b"])},
            {"Environment": {"Variables": {"TABLE": "none", "AWS_REGION": "x"}}},
            {"MemorySize": 128},
            {"DeadLetterConfig": {"TargetArn": "x"}},
            {"VpcConfig": {"SubnetIds": ["subnet-1"]}},
            {"Layers": ["arn:aws:lambda:us-east-1:0:layer:x:1"]},
        ]
    )
    clients["lambda"].update_function_configuration(FunctionName=function(clients, chance), **settings)


def stopped_function(clients, chance, lab):
    clients["lambda"].put_function_concurrency(FunctionName=function(clients, chance), ReservedConcurrentExecutions=0)


def function_of_an_image(clients, chance, lab):
    name = function(clients, chance)
    role = clients["lambda"].get_function_configuration(FunctionName=name)["Role"]
    clients["lambda"].delete_function(FunctionName=name)
    clients["lambda"].create_function(FunctionName=name, Role=role, PackageType="Image", Code={"ImageUri": "x:1"})


def odd_permission(clients, chance, lab):
    source = chance.choice(["arn:aws:execute-api:us-east-1:000000000000:*", "x", "*", "arn:aws:execute-api:::(/*/*"])
    principal = chance.choice(["apigateway.amazonaws.com", "*", "000000000000", "x"])
    more = chance.choice([{}, {"SourceArn": source}, {"SourceAccount": "000000000000"}])
    clients["lambda"].add_permission(
        FunctionName=function(clients, chance),
        StatementId=f"odd{chance.random()}".replace(".", ""),
        Action=chance.choice(["lambda:InvokeFunction", "lambda:*", "x"]),
        Principal=principal,
        **more,
    )


def no_permission(clients, chance, lab):
    name = function(clients, chance)
    for statement in json.loads(clients["lambda"].get_policy(FunctionName=name)["Policy"])["Statement"]:
        clients["lambda"].remove_permission(FunctionName=name, StatementId=statement["Sid"])


def odd_mapping(clients, chance, lab):
    mapping = some(chance, clients["lambda"].list_event_source_mappings()["EventSourceMappings"])["UUID"]
    if chance.random() < 0.4:
        clients["lambda"].delete_event_source_mapping(UUID=mapping)
    else:
        settings = chance.choice(
            [
                {"Enabled": False},
                {"BatchSize": 1},
                {"FunctionResponseTypes": []},
                {"FilterCriteria": {"Filters": [{"Pattern": chance.choice(ODD_TEXTS)}]}},
            ]
        )
        clients["lambda"].update_event_source_mapping(UUID=mapping, **settings)


def log_lines(clients, chance, lab):
    logs = clients["logs"]
    group = some(chance, logs.describe_log_groups()["logGroups"])["logGroupName"]
    if chance.random() < 0.4:
        logs.delete_log_group(logGroupName=group)
    else:
        logs.create_log_stream(logGroupName=group, logStreamName="odd")
        events = [{"timestamp": 1, "message": chance.choice(["x", "\x00", "ü\u2028", "REPORT RequestId:"])}]
        logs.put_log_events(logGroupName=group, logStreamName="odd", logEvents=events)


# S3


def bucket(clients, chance):
    return some(chance, clients["s3"].list_buckets()["Buckets"])["Name"]


def odd_object(clients, chance, lab):
    name, s3 = bucket(clients, chance), clients["s3"]
    key = some(chance, [*(each["Key"] for each in s3.list_objects_v2(Bucket=name).get("Contents", [])), "x.js"])
    if chance.random() < 0.3:
        s3.delete_object(Bucket=name, Key=key)
    else:
        kind = chance.choice(
            [
                {},
                {"ContentType": "text/html"},
                {"ContentType": "application/javascript"},
                {"ContentType": "x"},
                {"ContentEncoding": "gzip"},
                {"WebsiteRedirectLocation": "/x"},
            ]
        )
        s3.put_object(Bucket=name, Key=key, Body=chance.choice(PAGES), **kind)


def odd_bucket(clients, chance, lab):
    name, s3 = bucket(clients, chance), clients["s3"]
    policy = "{}"
    with suppress(ClientError):
        policy = s3.get_bucket_policy(Bucket=name)["Policy"]
    chance.choice(
        [
            lambda: s3.put_bucket_policy(Bucket=name, Policy=odd_text(chance, policy)),
            lambda: s3.put_bucket_policy(Bucket=name, Policy=odd_text(chance, policy)),
            lambda: s3.delete_bucket_policy(Bucket=name),
            lambda: s3.delete_bucket_website(Bucket=name),
            lambda: s3.put_bucket_website(
                Bucket=name, WebsiteConfiguration={"RedirectAllRequestsTo": {"HostName": "x"}}
            ),
            lambda: s3.put_bucket_website(
                Bucket=name,
                WebsiteConfiguration={"IndexDocument": {"Suffix": "x.js"}, "ErrorDocument": {"Key": "x.js"}},
            ),
            lambda: s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration={"BlockPublicPolicy": True}),
            lambda: s3.delete_public_access_block(Bucket=name),
        ]
    )()


# EventBridge, SNS, EC2


def odd_rule(clients, chance, lab):
    events = clients["events"]
    rule = some(chance, events.list_rules()["Rules"])
    name, pattern = rule["Name"], rule.get("EventPattern", "{}")
    chance.choice(
        [
            lambda: events.put_rule(Name=name, EventPattern=odd_text(chance, pattern)),
            lambda: events.put_rule(Name=name, EventPattern=odd_text(chance, pattern)),
            lambda: events.put_rule(Name=name, ScheduleExpression="rate(1 minute)"),
            lambda: events.put_rule(
                Name=name, EventPattern=pattern, State="ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
            ),
            lambda: events.disable_rule(Name=name),
        ]
    )()


def odd_targets(clients, chance, lab):
    events = clients["events"]
    rule = some(chance, events.list_rules()["Rules"])["Name"]
    targets = events.list_targets_by_rule(Rule=rule)["Targets"]
    if chance.random() < 0.3:
        events.remove_targets(Rule=rule, Ids=[target["Id"] for target in targets])
    arn = some(chance, [*(target["Arn"] for target in targets), "x", "arn:aws:sns:us-east-1:000000000000:none"])
    more = chance.choice(
        [
            {},
            {"RoleArn": "x"},
            {"RoleArn": "arn:aws:iam::000000000000:role/none"},
            {"InputPath": "$.x"},
            {"Input": "{"},
            {"InputTransformer": {"InputPathsMap": {"a": "$."}, "InputTemplate": "<a> <b"}},
        ]
    )
    events.put_targets(
        Rule=rule, Targets=[{"Id": chance.choice(["odd", *(t["Id"] for t in targets)]), "Arn": arn, **more}]
    )


def odd_topic(clients, chance, lab):
    sns = clients["sns"]
    arn = some(chance, sns.list_topics()["Topics"])["TopicArn"]
    name = chance.choice(["Policy", "Policy", "Policy", "DeliveryPolicy", "DisplayName", "KmsMasterKeyId"])
    text = odd_text(chance, sns.get_topic_attributes(TopicArn=arn)["Attributes"].get(name, "{}"))
    sns.set_topic_attributes(TopicArn=arn, AttributeName=name, AttributeValue=text)


def odd_subscription(clients, chance, lab):
    sns = clients["sns"]
    arn = some(chance, sns.list_topics()["Topics"])["TopicArn"]
    there = [each["SubscriptionArn"] for each in sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]]
    chance.choice(
        [
            lambda: sns.unsubscribe(SubscriptionArn=some(chance, there)),
            lambda: sns.subscribe(TopicArn=arn, Protocol="email", Endpoint=chance.choice(["x", "", "a@b.c, d"])),
            lambda: sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:000000000000:none"),
            lambda: sns.subscribe(TopicArn=arn, Protocol="lambda", Endpoint="x"),
            lambda: sns.set_subscription_attributes(
                SubscriptionArn=some(chance, there),
                AttributeName="FilterPolicy",
                AttributeValue=chance.choice(ODD_TEXTS),
            ),
        ]
    )()


def other_instances(clients, chance, lab):
    ec2 = clients["ec2"]
    ids = [each["InstanceId"] for found in ec2.describe_instances()["Reservations"] for each in found["Instances"]]
    chance.choice(
        [
            lambda: ec2.terminate_instances(InstanceIds=ids),
            lambda: ec2.stop_instances(InstanceIds=ids),
            lambda: ec2.create_tags(Resources=ids, Tags=[{"Key": "Name", "Value": ""}]),
            lambda: ec2.delete_tags(Resources=ids, Tags=[{"Key": "Name"}]),
            lambda: ec2.run_instances(ImageId="ami-1", MinCount=2, MaxCount=2),
        ]
    )()


# Step Functions


def odd_machine(clients, chance, lab):
    sfn = clients["stepfunctions"]
    arn = some(chance, sfn.list_state_machines()["stateMachines"])["stateMachineArn"]
    definition = sfn.describe_state_machine(stateMachineArn=arn)["definition"]
    result = chance.choice([None, 1, "x", [], [None], {"a": [1]}, [{"petId": [], "status": {}}], [{"petId": {}}]])
    definition = chance.choice(
        [
            odd_text(chance, definition),
            odd_text(chance, definition),
            odd_text(chance, definition),
            json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": result, "End": True}}}),
            json.dumps({"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 3600, "End": True}}}),
            json.dumps({"StartAt": "A", "States": {"A": {"Type": "Fail"}}}),
            json.dumps({"StartAt": "A", "States": {"A": {"Type": "Fail", "Error": "", "Cause": '["x"]'}}}),
        ]
    )
    sfn.update_state_machine(stateMachineArn=arn, definition=definition)


def other_machine(clients, chance, lab):
    sfn = clients["stepfunctions"]
    arn = some(chance, sfn.list_state_machines()["stateMachines"])["stateMachineArn"]
    found = sfn.describe_state_machine(stateMachineArn=arn)
    role = chance.choice(
        ["arn:aws:iam::000000000000:role/none", "arn:aws:iam::000000000000:role/", "x", found["roleArn"]]
    )
    if chance.random() < 0.5:
        sfn.update_state_machine(stateMachineArn=arn, roleArn=role)
    else:
        sfn.delete_state_machine(stateMachineArn=arn)
        sfn.create_state_machine(name=found["name"], definition=found["definition"], roleArn=role, type="EXPRESS")


# API Gateway


def odd_rest_api(clients, chance, lab):
    gateway = clients["apigateway"]
    api = some(chance, gateway.get_rest_apis()["items"])
    id_ = api["id"]
    resource = some(chance, gateway.get_resources(restApiId=id_, embed=["methods"])["items"])
    method = {"restApiId": id_, "resourceId": resource["id"]}
    verb = some(chance, [*(resource.get("resourceMethods") or {}), "ANY"])
    chance.choice(
        [
            lambda: gateway.delete_stage(restApiId=id_, stageName="prod"),
            lambda: gateway.delete_resource(**method),
            lambda: gateway.delete_method(**method, httpMethod=verb),
            lambda: gateway.delete_integration(**method, httpMethod=verb),
            lambda: gateway.put_integration(
                **method,
                httpMethod=verb,
                type=chance.choice(["MOCK", "HTTP", "AWS", "HTTP_PROXY"]),
                uri=chance.choice(["", "x", "http://127.0.0.1:1/("]),
            ),
            lambda: gateway.put_method(
                **method, httpMethod=chance.choice(["GET", "POST", "ANY", "OPTIONS"]), authorizationType="AWS_IAM"
            ),
            lambda: gateway.create_resource(
                restApiId=id_, parentId=resource["id"], pathPart=chance.choice(["{proxy+}", "{x}", "a(b", "pets", "{"])
            ),
            lambda: gateway.create_rest_api(name=api["name"]),
            lambda: gateway.create_deployment(restApiId=id_, stageName=chance.choice(["prod", "$default", "x"])),
            lambda: gateway.update_rest_api(
                restApiId=id_, patchOperations=[{"op": "replace", "path": "/name", "value": chance.choice(["", "x"])}]
            ),
            lambda: gateway.update_method(
                **method,
                httpMethod=verb,
                patchOperations=[
                    {"op": "replace", "path": "/apiKeyRequired", "value": chance.choice(["true", "false", "x"])}
                ],
            ),
            lambda: gateway.delete_integration_response(**method, httpMethod=verb, statusCode="200"),
        ]
    )()


def odd_plan(clients, chance, lab):
    gateway = clients["apigateway"]
    plan = some(chance, gateway.get_usage_plans()["items"])["id"]
    path = chance.choice(["/throttle/rateLimit", "/quota/limit", "/quota/period", "/apiStages", "/name"])
    keys = gateway.get_api_keys()["items"]
    chance.choice(
        [
            lambda: gateway.update_usage_plan(
                usagePlanId=plan,
                patchOperations=[
                    {
                        "op": chance.choice(["replace", "remove", "add"]),
                        "path": path,
                        "value": chance.choice(["0", "x", "1.5", "x:prod", "DAY"]),
                    }
                ],
            ),
            lambda: gateway.update_usage_plan(
                usagePlanId=plan, patchOperations=[{"op": "remove", "path": chance.choice(["/throttle", "/quota"])}]
            ),
            lambda: gateway.delete_usage_plan(usagePlanId=plan),
            lambda: gateway.create_usage_plan(name="basic"),
            lambda: gateway.delete_api_key(apiKey=some(chance, keys)["id"]),
            lambda: gateway.create_api_key(name="pet-store-key"),
            lambda: gateway.update_api_key(
                apiKey=some(chance, keys)["id"],
                patchOperations=[{"op": "replace", "path": "/enabled", "value": "false"}],
            ),
        ]
    )()


def odd_http_api(clients, chance, lab):
    gateway = clients["apigatewayv2"]
    api = some(chance, gateway.get_apis()["Items"])
    id_ = api["ApiId"]
    route = some(chance, gateway.get_routes(ApiId=id_)["Items"])["RouteId"]
    integration = some(chance, gateway.get_integrations(ApiId=id_)["Items"])["IntegrationId"]
    keys = ["$default", "ANY /{proxy+}", "GET /it(ems", "GET /{x}/{y+}", "x", "GET", "GET /items/{id}"]
    chance.choice(
        [
            lambda: gateway.delete_route(ApiId=id_, RouteId=route),
            lambda: gateway.update_route(ApiId=id_, RouteId=route, RouteKey=chance.choice(keys)),
            lambda: gateway.update_route(
                ApiId=id_, RouteId=route, Target=chance.choice(["", "x", "integrations/none"])
            ),
            lambda: gateway.create_route(ApiId=id_, RouteKey=chance.choice(keys)),
            lambda: gateway.update_integration(
                ApiId=id_, IntegrationId=integration, IntegrationUri=chance.choice(["", "x", "http://127.0.0.1:1/("])
            ),
            lambda: gateway.update_integration(ApiId=id_, IntegrationId=integration, PayloadFormatVersion="1.0"),
            lambda: gateway.delete_integration(ApiId=id_, IntegrationId=integration),
            lambda: gateway.delete_stage(ApiId=id_, StageName="$default"),
            lambda: gateway.create_stage(ApiId=id_, StageName="x"),
            lambda: gateway.create_api(
                Name=api["Name"],
                ProtocolType=chance.choice(["HTTP", "WEBSOCKET"]),
                RouteSelectionExpression="$request.body.x",
            ),
            lambda: gateway.update_api(
                ApiId=id_,
                CorsConfiguration=chance.choice(
                    [{}, {"AllowOrigins": [""]}, {"AllowMethods": ["x"], "AllowOrigins": ["*"], "MaxAge": -1}]
                ),
            ),
            lambda: gateway.update_api(ApiId=id_, Name="x"),
        ]
    )()


CHANGES = {
    "apigateway": (odd_rest_api, odd_rest_api, odd_plan),
    "apigatewayv2": (odd_http_api, odd_http_api),
    "dynamodb": (table_of_another_key, odd_item),
    "ec2": (other_instances,),
    "events": (odd_rule, odd_rule, odd_targets),
    "iam": (odd_trust, odd_role_policy, odd_attached_policy),
    "lambda": (
        other_code,
        odd_function,
        stopped_function,
        function_of_an_image,
        odd_permission,
        no_permission,
        odd_mapping,
    ),
    "logs": (log_lines,),
    "s3": (odd_object, odd_bucket),
    "sns": (odd_topic, odd_topic, odd_subscription),
    "sqs": (odd_queue, other_queue, odd_message),
    "stepfunctions": (odd_machine, odd_machine, other_machine),
}


def change(clients, chance, lab):
    """Change the account at random; the name of the change made."""
    known = [removed, *(each for service in lab.file.services for each in CHANGES.get(service, ()))]
    while True:
        chosen = chance.choice(known)
        with suppress(LookupError, ValueError, ClientError, BotoCoreError, ResponseParserError):
            chosen(clients, chance, lab)
            return chosen.__name__
