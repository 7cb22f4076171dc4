"""Tests for the lab web_app."""

import json
import shutil
import subprocess
import sys
from contextlib import contextmanager
from functools import partial

import pytest

from lab_harness import load_lab, run_checks
from lab_harness.account.resources import remove_resources
from lab_harness.authors.api_gateway import http_api, rest_api
from lab_harness.runner import run_alone
from tests.waiting import wait_until

from .helpers import aws_cli, configure, deploy, failure, found_alone, not_passed

lab = load_lab("web_app")
FIRST = {
    "table_exists",
    "role_exists",
    "function_exists",
    "rest_api_is_deployed",
    "bucket_is_a_website",
    "api_is_deployed",
}  # what fails in an untouched account
found = partial(found_alone, lab)
checks = lab.checks
TABLE, ROLE, FUNCTION, BUCKET = checks.TABLE, checks.ROLE, checks.FUNCTION, checks.BUCKET
HANDLER = (lab.folder / "functions" / "pet_shop_items" / "lambda_function.py").read_text(encoding="utf-8")
SERVICE, STACK = "apigateway.amazonaws.com", "lab-test-web-app"
EVERYONE_READS = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/*"}
OPEN = {"Version": "2012-10-17", "Statement": [EVERYONE_READS]}

DELETE = 'table.delete_item(Key=key, ReturnValues="ALL_OLD").get("Attributes")'
PUT, SERVES, REFUSES = "table.put_item(Item=item)", "rest_api_serves_items", "rest_api_refuses"
# What of the right handler is replaced, by what; which check of the HTTP API sees it, and which of the REST API, which
# is asked only about some, to save time: both have the same function; and what is found.
WRONG_HANDLERS = [
    (
        "    route = event",
        "    route = event['no such key']\n    route = event",
        "put_writes_the_item",
        SERVES,
        "KeyError",
    ),
    (PUT, "pass", "put_writes_the_item", SERVES, "no such item"),
    (PUT, 'table.put_item(Item={**item, "price": str(item["price"])})', "put_writes_the_item", None, '"price": "'),
    (PUT, 'table.put_item(Item={**item, "type": {"cat"}})', "put_writes_the_item", None, "{'cat'}"),
    (
        PUT,
        'table.get_item(Key={"id": item["id"]}).get("Item") or ' + PUT,
        "put_replaces_the_item",
        None,
        "in the table",
    ),
    ("all_items())", '[{"id": "p-1", "type": "cat", "price": 1}])', "items_are_listed", SERVES, '"p-1"'),
    ("all_items())", '{"Items": all_items()})', "items_are_listed", None, "Items"),
    ("default=float", "default=str", "items_are_listed", None, '"price": "'),
    ('get("Item")', 'get("Item") and {"id": key["id"], "type": "cat"}', "item_is_found", None, '"cat"'),
    ('get("Item")', 'get("Item") and {"id": key["id"], "type": "cat", "price": 10**400}', "item_is_found", None, "000"),
    (DELETE, 'table.get_item(Key=key).get("Item")', "item_is_deleted", SERVES, "still there"),
    ("if item else answer(404", "if 1 else answer(404", "unknown_id_is_404", REFUSES, "200 null"),
    ("except ValueError:", "except ZeroDivisionError:", "bad_body_is_400", REFUSES, "JSONDecode"),
    ("price < 0", "price <= -1", "bad_body_is_400", None, '"price": -0.5'),
    ("price < 0", "price <= 0", "put_replaces_the_item", None, "400"),
    ('"price": price}', '"price": round(price, 2)}', "put_replaces_the_item", None, "2500000.12"),
    ("isinstance(text, str) and text for", "isinstance(text, str) for", "bad_body_is_400", None, "200"),
    ("isinstance(text, str) and text for", "text for", "bad_body_is_400", None, "200"),
    ("isinstance(price, bool) or ", "", "bad_body_is_400", None, "200"),
    (
        "    texts, price",
        '    sent["id"] = sent.get("id") or "new"\n    texts, price',
        "bad_body_is_400",
        None,
        '"new"',
    ),
]

# A right handler in another style: by method and path, with an update and a query; it answers OPTIONS itself.
OTHER_HANDLER = """
import json, os
from decimal import Decimal, InvalidOperation
import boto3
dynamodb = boto3.client("dynamodb")
CORS = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "*", "Access-Control-Allow-Headers": "*"}
def plain(row):
    return {"id": row["id"]["S"], "type": row["type"]["S"], "price": float(row["price"]["N"]), "seen": True}
def main(event, context):
    http = event.get("requestContext", {}).get("http", {})
    method = event.get("httpMethod") or http["method"]
    name = (event.get("path") or event["rawPath"]).rstrip("/").rpartition("/items")[2].lstrip("/")
    status, body = work(method, name, event.get("body") or "")
    return {"statusCode": status, "headers": CORS, "body": json.dumps(body)}
def work(method, name, body):
    table = os.environ["TABLE"]
    if method == "OPTIONS":
        return 204, ""
    if method == "PUT":
        try:
            pet = json.loads(body, parse_constant=lambda text: None)
            texts = all(isinstance(pet[name], str) and pet[name] for name in ("id", "type"))
            if not texts or type(pet["price"]) not in (int, float) or pet["price"] < 0:
                return 400, "bad"
        except (ValueError, KeyError, TypeError):
            return 400, "bad"
        dynamodb.update_item(TableName=table, Key={"id": {"S": pet["id"]}}, UpdateExpression="SET #t = :t, price = :p",
            ExpressionAttributeNames={"#t": "type"},
            ExpressionAttributeValues={":t": {"S": pet["type"]}, ":p": {"N": str(pet["price"])}})
        return 201, pet
    if not name:
        return 200, [plain(row) for row in dynamodb.scan(TableName=table)["Items"]]
    rows = dynamodb.query(TableName=table, KeyConditionExpression="id = :i",
                          ExpressionAttributeValues={":i": {"S": name}})["Items"]
    if not rows:
        return 404, "none"
    if method == "DELETE":
        dynamodb.delete_item(TableName=table, Key={"id": {"S": name}})
    return 200, plain(rows[0])
"""


@pytest.fixture
def solved(clients):
    lab.solve(clients)
    return clients


@pytest.fixture
def with_http_apis(emulator):
    if not emulator.supports("apigatewayv2"):
        pytest.skip("this emulator has no HTTP APIs")


def failing(clients, *only):
    return not_passed(run_checks(lab, clients, only))


def rows(clients):
    return clients["dynamodb"].scan(TableName=TABLE)["Items"]


def rest_settings(clients):
    """The REST API's id, and its resources' ids by path."""
    api_id = rest_api(clients["apigateway"], checks.REST_API).id
    resources = clients["apigateway"].get_resources(restApiId=api_id)["items"]
    return api_id, {each["path"]: each["id"] for each in resources}


def origin(clients):
    return f"http://{checks.SITE_HOST}:{clients.emulator.endpoint.rpartition(':')[2]}"


def put_file(clients, name, text, kind, **kept):
    put = {"Bucket": BUCKET, "Key": name, "Body": text.encode(), "ContentType": kind}
    clients["s3"].put_object(**put, **(kept or {"CacheControl": "no-cache"}))


@contextmanager
def another_file(clients, name, text, kind):
    """Another object in place of one of the site's, which is put back afterwards; None as its text: no object."""
    old = clients["s3"].get_object(Bucket=BUCKET, Key=name)
    before = old["Body"].read().decode(), old["ContentType"]
    if text is None:
        clients["s3"].delete_object(Bucket=BUCKET, Key=name)
    else:
        put_file(clients, name, text, kind)
    yield
    put_file(clients, name, *before)


def permit(clients, statement, **source):
    clients["lambda"].add_permission(
        FunctionName=FUNCTION, StatementId=statement, Action="lambda:InvokeFunction", Principal=SERVICE, **source
    )


def forbid(clients, statement):
    clients["lambda"].remove_permission(FunctionName=FUNCTION, StatementId=statement)


def test_solution_passes_every_check_the_learners_items_stay_and_a_reset_removes_all(solved):
    mine = {"id": {"S": "p-1"}, "type": {"S": "cat"}, "price": {"N": "120.5"}, "note": {"S": "likes fish"}}
    solved["dynamodb"].put_item(TableName=TABLE, Item=mine)
    report = run_checks(lab, solved)
    assert [(each.name, each.found) for each in report if each.outcome not in ("passed", "unsupported")] == []
    assert report.complete
    assert rows(solved) == [mine]
    names = {resource.name for resource in remove_resources(lab, solved)}
    assert names | {checks.HTTP_API} == {TABLE, ROLE, FUNCTION, BUCKET, checks.HTTP_API, checks.REST_API}


# Undo one thing: exactly that check fails.


def test_another_key_is_named(clients):
    clients["dynamodb"].create_table(
        TableName=TABLE,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "N"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    assert failure(checks.table_exists, clients["dynamodb"]).found == "the key id (HASH, N)"


def test_a_role_with_too_little_or_too_much_is_named(solved):
    iam, tasks = solved["iam"], ("table", "role", "function")
    policy = iam.get_role_policy(RoleName=ROLE, PolicyName="items")["PolicyDocument"]

    def put(document, name="items"):
        iam.put_role_policy(RoleName=ROLE, PolicyName=name, PolicyDocument=document)

    put(json.dumps(policy).replace(', "dynamodb:Scan"', ""))
    assert found(solved, "role_allows_the_work", *tasks).startswith(f"no permission for dynamodb:Scan on {TABLE};")
    put(json.dumps(policy))
    put(json.dumps(policy).replace(policy["Statement"][0]["Resource"], "*"), "wide")
    assert failing(solved, *tasks) == {"role_is_least_privilege"}
    iam.delete_role_policy(RoleName=ROLE, PolicyName="wide")
    trust = json.dumps(iam.get_role(RoleName=ROLE)["Role"]["AssumeRolePolicyDocument"])
    iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=trust.replace("lambda.", "states."))
    assert failing(solved, *tasks) == {"role_trusts_lambda"}
    iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=trust)
    other = iam.create_role(RoleName="lab-test-web-app", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    try:
        configure(solved, FUNCTION, Role=other)
        assert failing(solved, *tasks) == {"function_uses_role"}
    finally:
        iam.delete_role(RoleName="lab-test-web-app")


def test_an_http_api_that_lacks_something_is_named(solved, with_http_apis):
    gateway, tasks = solved["apigatewayv2"], ("api", "handler", "cors")
    api_id = http_api(gateway, checks.HTTP_API).id
    gateway.update_stage(ApiId=api_id, StageName="$default", AutoDeploy=False)
    assert failing(solved, *tasks) == {"api_is_deployed"}
    gateway.update_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    second = gateway.create_api(Name=checks.HTTP_API, ProtocolType="HTTP")["ApiId"]
    assert found(solved, "api_is_deployed") == f"HTTP APIs named {checks.HTTP_API}: 2"
    gateway.delete_api(ApiId=second)
    routes = {each["RouteKey"]: each for each in gateway.get_routes(ApiId=api_id)["Items"]}
    elsewhere = gateway.create_integration(
        ApiId=api_id,
        IntegrationType="AWS_PROXY",
        IntegrationUri=f"arn:aws:lambda:us-east-1:000000000000:function:{FUNCTION}-old",
        PayloadFormatVersion="2.0",
    )["IntegrationId"]
    one = {"ApiId": api_id, "RouteId": routes["PUT /items"]["RouteId"]}
    gateway.update_route(**one, Target=f"integrations/{elsewhere}")
    assert found(solved, "routes_reach_function", *tasks).endswith(f"function:{FUNCTION}-old")
    gateway.update_route(**one, Target=routes["PUT /items"]["Target"])
    gateway.delete_route(ApiId=api_id, RouteId=routes["DELETE /items/{id}"]["RouteId"])
    assert found(solved, "routes_reach_function", *tasks) == "DELETE /items/{id} leads to nothing"


def test_a_missing_or_wide_permission_is_named(solved):
    with_v2 = solved.emulator.supports("apigatewayv2")
    names = {"rest_api_may_invoke"} | ({"api_may_invoke"} if with_v2 else set())
    tasks = ("api", "rest_api")
    arn = "arn:aws:execute-api:us-east-1:000000000000"
    permit(solved, "wide")
    assert failing(solved, *tasks) == names
    assert "every source" in found(solved, "rest_api_may_invoke")
    forbid(solved, "wide")
    permit(solved, "another-api", SourceArn=f"{arn}:0123456789/*")
    assert failing(solved, *tasks) == set()
    forbid(solved, "rest-api")
    assert failing(solved, *tasks) == {"rest_api_may_invoke"}
    assert ":0123456789/*" in found(solved, "rest_api_may_invoke")
    api_id = rest_settings(solved)[0]
    permit(solved, "get-only", SourceArn=f"{arn}:{api_id}/*/GET/*")
    assert failing(solved, *tasks) == {"rest_api_may_invoke"}
    for number, route in enumerate(("PUT/items", "DELETE/items/*")):
        permit(solved, f"route-{number}", SourceArn=f"{arn}:{api_id}/prod/{route}")
    assert failing(solved, *tasks) == set()
    if with_v2:
        forbid(solved, "http-api")
        assert failing(solved, *tasks) == {"api_may_invoke"}


def test_cors_that_keeps_the_site_out_is_named(solved, with_http_apis):
    gateway, right = solved["apigatewayv2"], {"AllowOrigins": ["*"], "AllowMethods": ["*"], "AllowHeaders": ["*"]}
    api_id = http_api(gateway, checks.HTTP_API).id
    gateway.update_api(ApiId=api_id, CorsConfiguration=right)
    assert failing(solved, "cors") == set()
    wrong = {
        "AllowOrigins": ["https://shop.example", f"{origin(solved)}/"],
        "AllowMethods": ["GET", "POST"],
        "AllowHeaders": ["authorization"],
    }
    for name, value in wrong.items():
        gateway.update_api(ApiId=api_id, CorsConfiguration={**right, name: value})
        refused = found(solved, "api_allows_the_site", "api", "cors", "site")
        assert f"Access-Control-{name.replace('Allow', 'Allow-').rstrip('s')}" in refused
    gateway.delete_cors_configuration(ApiId=api_id)
    assert failing(solved, "api", "handler", "cors", "site") == {"api_allows_the_site"}


def test_a_wrong_handler_is_shown_with_what_it_did(solved, monkeypatch):
    monkeypatch.setattr(checks.probes, "QUICKLY", 0.3)
    monkeypatch.setattr(checks.customers, "price", lambda: 1.5)
    by_hand = {"id": {"S": "probe-1"}, "type": {"S": "cat"}, "price": {"N": "9.5"}}  # does not stand in for anything
    solved["dynamodb"].put_item(TableName=TABLE, Item=by_hand)
    with_http_apis = solved.emulator.supports("apigatewayv2")
    for old, new, http_check, rest_check, evidence in WRONG_HANDLERS:
        assert old in HANDLER
        if not (check := http_check if with_http_apis else rest_check):
            continue
        deploy(solved, FUNCTION, HANDLER.replace(old, new))
        # One mistake fails one check of all that meet the handler; without HTTP APIs the page asks beside the REST API.
        tasks = ("handler", "cors", "rest_api", *(["site"] if with_http_apis else []))
        wait_until(lambda shown=(check, *tasks), said=evidence: said in found(solved, *shown))  # logs may be late
        if rest_check:
            (by_rest,) = (each for each in lab.all_checks if each.name == rest_check)
            assert evidence in run_alone(by_rest, solved).found
        assert rows(solved) == [by_hand], new


def test_other_settings_of_table_and_function_are_named(solved):
    capacity = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    solved["dynamodb"].update_table(TableName=TABLE, BillingMode="PROVISIONED", ProvisionedThroughput=capacity)
    assert failing(solved, "table") == {"table_is_on_demand"}
    configure(solved, FUNCTION, Timeout=3)
    assert found(solved, "function_times_out") == f"a timeout of {FUNCTION} in seconds of 3"


def test_a_rest_api_that_was_not_deployed_again_is_named(solved):
    gateway, (api_id, resources) = solved["apigateway"], rest_settings(solved)
    method = {"restApiId": api_id, "resourceId": resources["/items"], "httpMethod": "GET"}
    right = gateway.get_integration(**method)
    gateway.put_integration(**method, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    gateway.create_deployment(restApiId=api_id, stageName="prod")
    gateway.put_integration(**method, type="AWS_PROXY", integrationHttpMethod="POST", uri=right["uri"])
    if solved.emulator.name == "embedded":
        assert "a deployment from before GET /items led to" in found(solved, "rest_api_serves_items", "rest_api")


def test_a_rest_api_that_lacks_something_is_named(solved):
    gateway = solved["apigateway"]
    # An HTTP API sets the header itself, a REST API leaves it to the function.
    deploy(solved, FUNCTION, HANDLER.replace(', "Access-Control-Allow-Origin": "*"', ""))
    assert "no such header" in found(solved, "rest_api_allows_the_site", "handler", "cors", "rest_api")
    deploy(solved, FUNCTION, HANDLER)
    api_id, resources = rest_settings(solved)
    options = {"restApiId": api_id, "resourceId": resources["/items"], "httpMethod": "OPTIONS"}
    gateway.delete_method(**options)
    gateway.create_deployment(restApiId=api_id, stageName="prod")
    assert "Access-Control-Allow-Origin" in found(solved, "rest_api_allows_the_site", "rest_api")
    allow_every_site(gateway, options)
    # There the deployment's summary tells.
    wrong = "rest_api_is_deployed" if solved.emulator.name == "embedded" else "rest_api_allows_the_site"
    assert failing(solved, "rest_api") == {wrong}
    gateway.create_deployment(restApiId=api_id, stageName="prod")
    assert failing(solved, "rest_api") == set()
    method = {"restApiId": api_id, "resourceId": resources["/items/{id}"]}
    gateway.delete_method(**method, httpMethod="DELETE")
    gateway.create_deployment(restApiId=api_id, stageName="prod")
    assert found(solved, "methods_reach_function") == "DELETE /items/{id} leads to nothing"
    gateway.delete_stage(restApiId=api_id, stageName="prod")
    assert failing(solved, "rest_api") == {"rest_api_is_deployed"}


def allow_every_site(gateway, options):
    names = [f"method.response.header.Access-Control-Allow-{name}" for name in ("Origin", "Methods", "Headers")]
    gateway.put_method(**options, authorizationType="NONE")
    gateway.put_integration(**options, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    gateway.put_method_response(**options, statusCode="200", responseParameters=dict.fromkeys(names, False))
    gateway.put_integration_response(**options, statusCode="200", responseParameters=dict.fromkeys(names, "'*'"))


def test_a_bucket_that_is_not_an_open_website_is_named(solved):
    s3, tasks = solved["s3"], ("website", "site")

    def policy(**changes):
        document = {**OPEN, "Statement": [{**EVERYONE_READS, **changes}]}
        s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(document))

    wrong = [
        {"Action": ["s3:GetObject", "s3:PutObject"]},
        {"Action": "s3:*", "Resource": "*"},
        {"Resource": f"arn:aws:s3:::{BUCKET}/images/*"},
        {"Principal": {"AWS": "arn:aws:iam::000000000000:root"}},
        {"Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}},
    ]
    for changes in wrong:
        policy(**changes)
        assert failing(solved, *tasks) == {"everyone_may_read"}, changes
    policy(Principal={"AWS": "*"}, Action=["s3:GetObject"], Resource=[f"arn:aws:s3:::{BUCKET}/*"])
    assert failing(solved, *tasks) == set()
    s3.delete_bucket_policy(Bucket=BUCKET)
    assert failing(solved, *tasks) == {"everyone_may_read"}
    policy()
    block = dict.fromkeys(("BlockPublicPolicy", "RestrictPublicBuckets", "BlockPublicAcls"), True)
    s3.put_public_access_block(Bucket=BUCKET, PublicAccessBlockConfiguration=block)
    assert found(solved, "everyone_may_read").startswith("BlockPublicPolicy and RestrictPublicBuckets; the policy")
    for name in ("RestrictPublicBuckets", "BlockPublicPolicy"):
        s3.put_public_access_block(Bucket=BUCKET, PublicAccessBlockConfiguration={name: True})
        assert failing(solved, *tasks) == {"everyone_may_read"}
    s3.delete_public_access_block(Bucket=BUCKET)
    s3.delete_bucket_website(Bucket=BUCKET)
    assert failing(solved, *tasks) == {"bucket_is_a_website"}


def test_a_site_that_would_not_work_is_named(solved, monkeypatch):
    monkeypatch.setattr(checks.probes, "QUICKLY", 0.3)
    endpoint = solved.emulator.endpoint
    page = solved["s3"].get_object(Bucket=BUCKET, Key="index.html")["Body"].read().decode()
    api = solved["s3"].get_object(Bucket=BUCKET, Key="config.js")["Body"].read().decode()
    script, css, js = "text/javascript", "text/css", "app.js"
    wrong = [
        ("index.html", page, "binary/octet-stream", "page_is_served", "binary/octet-stream"),
        (js, None, script, "page_is_served", "404"),
        ("style.css", "body {}", "text/plain", "page_is_served", "text/plain"),
        ("config.js", "window.API_URL = '';", script, "page_points_at_api", "none in /, /style.css, /config.js"),
        ("index.html", page.replace("config.js", js), "text/html", "page_points_at_api", "none in"),
        ("index.html", f"<!-- {endpoint}/_aws/execute-api/1 -->", "text/html", "page_points_at_api", "none in"),
        ("index.html", '<!-- <script src="config.js"> --><p>Soon!', "text/html", "page_points_at_api", "none in /"),
        ("config.js", api.replace(endpoint, "http://127.0.0.1:9"), script, "page_points_at_api", "9"),
        ("config.js", api.replace(endpoint, "http://127.0.0.1:99999"), script, "page_points_at_api", "99999"),
        ("config.js", f'API = "{endpoint}/_aws/execute-api/0a1b2c3d";', script, "page_points_at_api", "40"),
        ("config.js", f'{api} OLD = "{endpoint}/_aws/execute-api/0a1b2c3d";', script, "page_points_at_api", "40"),
        ("config.js", 'API = "https://0a1b2c3d.execute-api.us-east-1.amazonaws.com";', script,
         "page_points_at_api", "none in"),
    ]  # fmt: skip
    for name, text, kind, check, evidence in wrong:
        with another_file(solved, name, text, kind):
            assert evidence in found(solved, check, "website", "site")
            if evidence == "40":  # 404 or 403, from where no API is: nothing of that is the handler's
                (seen,) = (each for each in run_checks(lab, solved, [check]) if each.name == check)
                assert seen.next_step.startswith("Write the URL that api_url() tells into config.js")
    put_file(solved, "style.css", "body {}", css, CacheControl="max-age=3600")
    assert found(solved, "files_are_asked_for", "website", "site") == "CacheControl max-age=3600"
    put_file(solved, "style.css", "body {}", css)
    assert css in solved["s3"].get_object(Bucket=BUCKET, Key="style.css")["ContentType"]
    assert failing(solved, "website", "site") == set()


# Another valid way of building it.


def test_cloudformation_and_another_style_serve_as_well(clients):
    gateways = ["Rest", "Http"] if clients.emulator.supports("apigatewayv2") else ["Rest"]
    template = {"Resources": {**common_resources(), **rest_resources()}}
    if "Http" in gateways:
        template["Resources"] |= http_resources()
    cloudformation = clients["cloudformation"]
    stack = {"StackName": STACK, "TemplateBody": json.dumps(template), "Capabilities": ["CAPABILITY_NAMED_IAM"]}
    cloudformation.create_stack(**stack)
    quickly = {"Delay": 0.2, "MaxAttempts": 200}
    try:
        cloudformation.get_waiter("stack_create_complete").wait(StackName=STACK, WaiterConfig=quickly)
        if clients.emulator.name == "localstack":  # Its CloudFormation leaves a new bucket's block on.
            clients["s3"].delete_public_access_block(Bucket=BUCKET)
        clients["lambda"].get_waiter("function_active_v2").wait(FunctionName=FUNCTION, WaiterConfig={"Delay": 0.1})
        api_id = rest_settings(clients)[0]
        url = f"{clients.emulator.endpoint}/_aws/execute-api/{api_id}/live/items"
        put_file(clients, "index.html", f"<script type=module>const pets = await fetch(`{url}`)</script>", "text/html")
        report = run_checks(lab, clients)
        assert [(each.name, each.found) for each in report if each.outcome not in ("passed", "unsupported")] == []
    finally:
        clients["s3"].delete_object(Bucket=BUCKET, Key="index.html")
        cloudformation.delete_stack(StackName=STACK)
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=STACK, WaiterConfig=quickly)


def common_resources():
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}  # fmt: skip
    actions = [f"dynamodb:{name}" for name in ("UpdateItem", "Query", "Scan", "DeleteItem")]
    statement = {"Effect": "Allow", "Action": actions, "Resource": {"Fn::GetAtt": ["Table", "Arn"]}}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {
        "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {
            "TableName": TABLE, "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}},
        "Role": {"Type": "AWS::IAM::Role", "Properties": {
            "RoleName": ROLE, "AssumeRolePolicyDocument": trust,
            "ManagedPolicyArns": ["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"],
            "Policies": [{"PolicyName": "pets", "PolicyDocument": document}]}},
        "Function": {"Type": "AWS::Lambda::Function", "Properties": {
            "FunctionName": FUNCTION, "Runtime": "python3.12", "Handler": "index.main", "Timeout": 10,
            "Environment": {"Variables": {"TABLE": TABLE}}, "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Code": {"ZipFile": OTHER_HANDLER}}},
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {
            "BucketName": BUCKET, "WebsiteConfiguration": {"IndexDocument": "index.html"},
            "PublicAccessBlockConfiguration": {"BlockPublicPolicy": False, "RestrictPublicBuckets": False}}},
        "BucketPolicy": {"Type": "AWS::S3::BucketPolicy", "Properties": {
            "Bucket": {"Ref": "Bucket"}, "PolicyDocument": OPEN}},
    }  # fmt: skip


def permission(api):
    source = {"Fn::Sub": f"arn:aws:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{{api}}}/*/*"}
    return {"Type": "AWS::Lambda::Permission", "Properties": {
        "FunctionName": {"Ref": "Function"}, "Action": "lambda:InvokeFunction", "Principal": SERVICE,
        "SourceArn": source}}  # fmt: skip


def rest_resources():
    uri = {"Fn::Sub": "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Function.Arn}/invocations"}
    return {
        "Rest": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": checks.REST_API}},
        "RestProxy": {"Type": "AWS::ApiGateway::Resource", "Properties": {
            "RestApiId": {"Ref": "Rest"}, "ParentId": {"Fn::GetAtt": ["Rest", "RootResourceId"]},
            "PathPart": "{proxy+}"}},
        "RestAny": {"Type": "AWS::ApiGateway::Method", "Properties": {
            "RestApiId": {"Ref": "Rest"}, "ResourceId": {"Ref": "RestProxy"}, "HttpMethod": "ANY",
            "AuthorizationType": "NONE",
            "Integration": {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": uri}}},
        "RestDeployment": {"Type": "AWS::ApiGateway::Deployment", "DependsOn": "RestAny", "Properties": {
            "RestApiId": {"Ref": "Rest"}}},
        "RestStage": {"Type": "AWS::ApiGateway::Stage", "Properties": {
            "RestApiId": {"Ref": "Rest"}, "DeploymentId": {"Ref": "RestDeployment"}, "StageName": "live"}},
        "RestPermission": permission("Rest"),
    }  # fmt: skip


def http_resources():
    return {
        "Http": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {
            "Name": checks.HTTP_API, "ProtocolType": "HTTP",
            "CorsConfiguration": {"AllowOrigins": ["*"], "AllowMethods": ["*"], "AllowHeaders": ["*"]}}},
        "HttpIntegration": {"Type": "AWS::ApiGatewayV2::Integration", "Properties": {
            "ApiId": {"Ref": "Http"}, "IntegrationType": "AWS_PROXY", "PayloadFormatVersion": "2.0",
            "IntegrationUri": {"Fn::GetAtt": ["Function", "Arn"]}}},
        "HttpRoute": {"Type": "AWS::ApiGatewayV2::Route", "Properties": {
            "ApiId": {"Ref": "Http"}, "RouteKey": "$default",
            "Target": {"Fn::Sub": "integrations/${HttpIntegration}"}}},
        "HttpStage": {"Type": "AWS::ApiGatewayV2::Stage", "Properties": {
            "ApiId": {"Ref": "Http"}, "StageName": "live", "AutoDeploy": True}},
        "HttpPermission": permission("Http"),
    }  # fmt: skip


def test_the_aws_cli_serves_as_well(solved, tmp_path):
    s3, site = solved["s3"], tmp_path / "site"
    shutil.copytree(lab.folder / "site", site)
    (site / "config.js").write_bytes(s3.get_object(Bucket=BUCKET, Key="config.js")["Body"].read())
    for path in site.iterdir():
        s3.delete_object(Bucket=BUCKET, Key=path.name)
    s3.delete_bucket_policy(Bucket=BUCKET)
    s3.delete_bucket_website(Bucket=BUCKET)
    aws_cli(solved, "s3api", "put-bucket-policy", "--bucket", BUCKET, "--policy", json.dumps(OPEN))
    aws_cli(solved, "s3", "website", f"s3://{BUCKET}", "--index-document", "index.html")
    aws_cli(solved, "s3", "sync", str(site), f"s3://{BUCKET}", "--cache-control", "no-cache")
    assert failing(solved, "website", "site") == set()


# The page, in a browser.


def test_a_browser_lists_adds_and_deletes_pets(solved, page):
    from playwright.sync_api import expect

    errors = []
    page.on("pageerror", lambda error: errors.append(f"{error}"))
    page.goto(f"{origin(solved)}/")
    expect(page.get_by_role("status")).to_have_text("No pets yet. Add the first one.")
    page.get_by_label("Id").fill("p-1")
    page.get_by_label("Type").fill("cat")
    page.get_by_label("Price in $").fill("1234.5")
    page.get_by_label("Price in $").press("Enter")
    expect(page.get_by_role("cell", name="$1,234.50")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("Saved cat p-1.")
    assert rows(solved) == [{"id": {"S": "p-1"}, "type": {"S": "cat"}, "price": {"N": "1234.5"}}]
    page.reload()
    page.get_by_role("button", name="Delete cat p-1").click()
    expect(page.get_by_role("status")).to_have_text("Deleted cat p-1.")
    expect(page.get_by_role("cell", name="p-1")).to_have_count(0)
    assert rows(solved) == []
    assert errors == []


def test_a_browser_shows_markup_as_text_and_says_when_it_cannot_reach_the_api(solved, page):
    from playwright.sync_api import expect

    evil = '<img src="x" onerror="window.hacked = true"><script>window.hacked = true</script>'
    row = {"id": {"S": "a/b?c"}, "type": {"S": evil}, "price": {"N": "1"}}
    solved["dynamodb"].put_item(TableName=TABLE, Item=row)
    page.goto(f"{origin(solved)}/")
    expect(page.get_by_role("cell", name=evil, exact=True)).to_be_visible()
    assert page.locator("main img, main script").count() == 0
    assert page.evaluate("window.hacked") is None
    deploy(solved, FUNCTION, HANDLER.replace(', "Access-Control-Allow-Origin": "*"', ""))
    if solved.emulator.supports("apigatewayv2"):
        gateway = solved["apigatewayv2"]
        gateway.delete_cors_configuration(ApiId=http_api(gateway, checks.HTTP_API).id)
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached from http://pet-shop-site-")
    put_file(solved, "config.js", 'window.API_URL = "http://127.0.0.1:9/_aws/execute-api/gone";', "text/javascript")
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("The API at http://127.0.0.1:9/_aws/execute-api/gone cannot be")
    put_file(solved, "config.js", "", "text/javascript")
    page.reload()
    expect(page.get_by_role("alert")).to_have_text("config.js does not say where the API is.")


def test_the_reference_handler_imports_without_aws():
    folder = lab.folder / "functions" / "pet_shop_items"
    code = "import lambda_function as f; print(f.item_of({'body': 'eyJpZCI6IDF9', 'isBase64Encoded': True}))"
    environ = {"AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "None"
