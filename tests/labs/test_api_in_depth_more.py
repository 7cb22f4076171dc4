"""Tests for the second half of the lab api_in_depth: the stage partners of pet-hotel, and the chat."""

import json
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace

import pytest
from websocket import WebSocketConnectionClosedException

from lab_harness import load_lab, run_checks
from lab_harness.authors.checks import Failure

from .helpers import aws_cli, deploy, found_alone, not_passed, solved

lab = load_lab("api_in_depth")
MORE = [check.name for check in lab.all_checks if check.function.__module__.endswith("more_checks")]
MORE += ["guard_exists", "chat_function_exists"]
TABLE, HERE = "pet-chat-connections", "arn:aws:execute-api:us-east-1:000000000000"


def source(function):
    return (lab.folder / f"functions/{function.replace('-', '_')}/lambda_function.py").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def account(emulator):
    """An account that is solved once, for tests that leave it as it was."""
    return Account(solved(lab, emulator))


class Account:
    """The solved lab, with the ids that change in it."""

    def __init__(self, clients):
        self.clients, self.rest, self.sockets = clients, clients["apigateway"], clients["apigatewayv2"]
        self.lambda_, self.iam = clients["lambda"], clients["iam"]
        (self.hotel,) = [each["id"] for each in self.rest.get_rest_apis()["items"] if each["name"] == "pet-hotel"]
        (self.chat,) = [each["ApiId"] for each in self.sockets.get_apis()["Items"] if each["Name"] == "pet-chat"]

    def method(self, path):
        found = self.rest.get_resources(restApiId=self.hotel, limit=500)["items"]
        (resource,) = [each["id"] for each in found if each["path"] == path]
        return {"restApiId": self.hotel, "resourceId": resource, "httpMethod": "GET"}

    def deploy(self):
        self.rest.create_deployment(restApiId=self.hotel, stageName="partners")

    def stage(self, changes):
        patch = [{"op": "replace", "path": path, "value": value} for path, value in changes.items()]
        self.rest.update_stage(restApiId=self.hotel, stageName="partners", patchOperations=patch)

    @contextmanager
    def with_stage(self, path, wrong, right):
        self.stage({path: wrong})
        yield
        self.stage({path: right})

    @contextmanager
    def with_method(self, path, **changes):
        """A method with other settings, deployed, for a while."""
        there = self.method(path)
        before = self.rest.get_method(**there)

        def change(settings):
            patch = [{"op": "replace", "path": f"/{name}", "value": value} for name, value in settings.items()]
            self.rest.update_method(**there, patchOperations=patch)
            self.deploy()

        change(changes)
        yield
        change({name: before[name] for name in ("authorizationType", "authorizerId") if before.get(name)})

    @contextmanager
    def with_keys(self, *keys):
        """The offers' integration with these cache keys, deployed, for a while."""
        there = self.method("/offers")
        before = self.rest.get_integration(**there)
        kept = {name: before[name] for name in ("type", "uri")} | {"integrationHttpMethod": "POST"}
        for these in (keys, before["cacheKeyParameters"]):
            self.rest.put_integration(**there, **kept, cacheKeyParameters=list(these))
            self.deploy()
            if these is keys:
                yield

    @contextmanager
    def with_code(self, function, old, new):
        right = source(function)
        assert old in right
        deploy(self.clients, function, right.replace(old, new))
        self.rest.flush_stage_authorizers_cache(restApiId=self.hotel, stageName="partners")
        yield
        deploy(self.clients, function, right)
        self.rest.flush_stage_authorizers_cache(restApiId=self.hotel, stageName="partners")

    @contextmanager
    def with_authorizer(self, name, path, wrong, right):
        there = self.rest.get_authorizers(restApiId=self.hotel)["items"]
        (found,) = [each for each in there if each["name"] == name]
        there = {"restApiId": self.hotel, "authorizerId": found["id"]}
        for value in (wrong, right):
            self.rest.update_authorizer(**there, patchOperations=[{"op": "replace", "path": path, "value": value}])
            self.deploy()
            if value == wrong:
                yield

    @contextmanager
    def with_policy(self, role, name, old, new):
        """A role's policy with another word, or without a policy at all, for a while."""
        there = {"RoleName": role, "PolicyName": name}
        before = json.dumps(self.iam.get_role_policy(**there)["PolicyDocument"])
        assert old in before
        self.iam.put_role_policy(**there, PolicyDocument=before.replace(old, new))
        yield
        self.iam.put_role_policy(**there, PolicyDocument=before)

    @contextmanager
    def with_trust(self, role, old, new):
        before = json.dumps(self.iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"])
        self.iam.update_assume_role_policy(RoleName=role, PolicyDocument=before.replace(old, new))
        yield
        self.iam.update_assume_role_policy(RoleName=role, PolicyDocument=before)

    @contextmanager
    def with_permission(self, function, statement, source):
        """A function's permission for another source, or none, for a while."""
        there = {"FunctionName": function, "StatementId": statement}
        policy = json.loads(self.lambda_.get_policy(FunctionName=function)["Policy"])
        (before,) = [each for each in policy["Statement"] if each["Sid"] == statement]
        let_in = there | {"Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com"}
        self.lambda_.remove_permission(**there)
        if source:
            self.lambda_.add_permission(**let_in, SourceArn=source)
        self.rest.flush_stage_authorizers_cache(restApiId=self.hotel, stageName="partners")
        yield
        if source:
            self.lambda_.remove_permission(**there)
        self.lambda_.add_permission(**let_in, SourceArn=before["Condition"]["ArnLike"]["AWS:SourceArn"])

    @contextmanager
    def without_route(self, key):
        routes = self.sockets.get_routes(ApiId=self.chat)["Items"]
        (found,) = [each for each in routes if each["RouteKey"] == key]
        self.sockets.delete_route(ApiId=self.chat, RouteId=found["RouteId"])
        yield
        self.sockets.create_route(ApiId=self.chat, RouteKey=key, Target=found["Target"])

    @contextmanager
    def with_chat(self, **changes):
        before = self.sockets.get_api(ApiId=self.chat)
        self.sockets.update_api(ApiId=self.chat, **changes)
        yield
        self.sockets.update_api(ApiId=self.chat, **{name: before[name] for name in changes})

    @contextmanager
    def with_second_chat(self):
        asked = {"ProtocolType": "WEBSOCKET", "RouteSelectionExpression": "$request.body.action"}
        made = self.sockets.create_api(Name="pet-chat", **asked)["ApiId"]
        yield
        self.sockets.delete_api(ApiId=made)

    @contextmanager
    def with_variables(self, **variables):
        function = {"FunctionName": "pet-chat"}
        before = self.lambda_.get_function_configuration(**function)["Environment"]
        self.lambda_.update_function_configuration(**function, Environment={"Variables": variables})
        yield
        self.lambda_.update_function_configuration(**function, Environment=before)

    @contextmanager
    def without_website(self):
        s3, site = self.clients["s3"], {"Bucket": "pet-chat-site-000000000000"}
        before = s3.get_bucket_website(**site)["IndexDocument"]
        s3.delete_bucket_website(**site)
        yield
        s3.put_bucket_website(**site, WebsiteConfiguration={"IndexDocument": before})


def test_solved_half_passes_and_leaves_nothing(account):
    report = run_checks(lab, account.clients, MORE)
    assert not not_passed(report)
    assert {each.outcome for each in report} == {"passed"}
    assert account.clients["dynamodb"].scan(TableName=TABLE)["Items"] == []


KEY, AGENCY = "header.X-Agency-Key", "querystring.agency"
SOURCES = f"method.request.{KEY},method.request.{AGENCY}"
OFFERS, SEARCH = "/~1offers/GET/caching", "/~1search/GET/throttling"
GONE = 'except gateway.exceptions.GoneException:\n                table.delete_item(Key={"connectionId": to})'
LOOP = f"""            try:
                gateway.post_to_connection(ConnectionId=to, Data=json.dumps(answer))
            {GONE}"""
ROUND_THE_LOOP = LOOP + "\n                break"
# What is done to the account; the check that fails, and words of what it found.
MISTAKES = {
    "one path": ("with_code", ("hotel-guard", ', f"{stage}/GET/me/*"', ""), "guests_are_known", "403"),
    "everybody": ("with_code", ("hotel-guard", ' else "Deny"', ' else "Allow"'), "guests_are_known", "200"),
    "nobody": ("with_code", ("hotel-guard", '"Allow" if', '"Deny" if'), "guests_are_known", "403"),
    "no context": ("with_code", ("hotel-guard", '"context": {"guest": name},', ""), "guests_are_known", "None"),
    "first letters": ("with_code", ("hotel-guard", "hmac.compare_digest(seal.encode(), right.encode())",
                      "seal[:8] == right[:8]"), "guests_are_known", "200"),
    "no dot": ("with_code", ("hotel-guard", '_, seal = event["authorizationToken"].removeprefix("Bearer ").partition(',
               'seal = event["authorizationToken"].removeprefix("Bearer ").split('), "guests_are_known", "500"),
    "no bearer": ("with_code", ("hotel-guard", '.removeprefix("Bearer ")', ""), "guests_are_known", "403"),
    "no policy": ("with_code", ("hotel-guard", '"policyDocument"', '"policy"'), "guests_are_known", "500"),
    "another header": ("with_authorizer", ("guests", "/identitySource", "method.request.header.Token",
                       "method.request.header.Authorization"), "guests_are_known", "401"),
    "kept for no time": ("with_authorizer", ("guests", "/authorizerResultTtlInSeconds", "0", "300"),
                         "strangers_get_401", "0"),
    "authorizer kept out": ("with_permission", ("hotel-guard", "guests", ""), "guests_are_known", "500"),
    "key alone": ("with_authorizer", ("agencies", "/identitySource", f"method.request.{KEY}", SOURCES),
                  "agencies_are_asked", "403"),
    "agency alone": ("with_authorizer", ("agencies", "/identitySource", f"method.request.{AGENCY}", SOURCES),
                     "agencies_are_asked", "403"),
    "another parameter": ("with_authorizer", ("agencies", "/identitySource", f"{SOURCES},method.request.{AGENCY}s",
                          SOURCES), "agencies_are_known", "401"),
    "agencies kept for no time": ("with_authorizer", ("agencies", "/authorizerResultTtlInSeconds", "0", "300"),
                                  "agencies_are_asked", "0"),
    "agencies kept out": ("with_permission", ("hotel-agencies", "agencies", ""), "agencies_are_known", "500"),
    "open rates": ("with_method", ("/rates", "NONE"), "agencies_are_asked", "200"),
    "open me": ("with_method", ("/me/bookings", "NONE"), "strangers_get_401", "200"),
    "open staff": ("with_method", ("/staff", "NONE"), "staff_is_signed", "200"),
    "cleaners may": ("with_policy", ("hotel-cleaner", "work", "GET/linen", "GET/*"), "staff_is_signed", "200"),
    "staff of another path": ("with_policy", ("hotel-staff", "work", "GET/staff", "GET/staffs"),
                              "staff_is_signed", "403"),
    "staff not trusted": ("with_trust", ("hotel-staff", '"AWS": "arn:aws:iam::000000000000:root"',
                          '"Service": "lambda.amazonaws.com"'), "staff_is_signed", "AssumeRole"),
    "no cache": ("with_stage", ("/cacheClusterEnabled", "false", "true"), "offers_are_cached", "none"),
    "not for offers": ("with_stage", (f"{OFFERS}/enabled", "false", "true"), "offers_are_cached", "call"),
    "too long": ("with_stage", (f"{OFFERS}/ttlInSeconds", "300", "60"), "offers_are_cached", "300"),
    "all methods": ("with_stage", ("/~1search/GET/caching/enabled", "true", "false"), "offers_are_cached", "caching"),
    "one guest for all": ("with_stage", ("/~1me/GET/caching/enabled", "true", "false"), "offers_are_cached", "of /me"),
    "no key": ("with_keys", (), "offers_are_cached", ""),
    "ignored": ("with_stage", (f"{OFFERS}/unauthorizedCacheControlHeaderStrategy", "SUCCEED_WITH_RESPONSE_HEADER",
                "FAIL_WITH_403"), "staff_renew_offers", "200"),
    "anybody renews": ("with_stage", (f"{OFFERS}/requireAuthorizationForCacheControl", "false", "true"),
                       "staff_renew_offers", "200"),
    "staff may not renew": ("with_policy", ("hotel-staff", "work", "InvalidateCache", "Invoke"),
                            "staff_renew_offers", "403"),
    "searches free": ("with_stage", (f"{SEARCH}/rateLimit", "100", "1"), "searches_are_throttled", "100"),
    "burst": ("with_stage", (f"{SEARCH}/burstLimit", "20", "2"), "searches_are_throttled", "20"),
    "no limit of all": ("with_stage", ("/*/*/throttling/rateLimit", "1000", "100"), "searches_are_throttled", "1000"),
    "no offers": ("with_stage", ("/~1offers/GET/throttling/burstLimit", "0", "50"), "searches_are_throttled", "429"),
    "another chat": ("with_chat", {"Name": "pets-chat"}, "chat_calls_function", "pets-chat"),
    "two chats": ("with_second_chat", {}, "chat_calls_function", "pet-chat, pet-chat"),
    "chat kept out": ("with_permission", ("pet-chat", "pet-chat", ""), "chat_calls_function", "no permission"),
    "any API": ("with_permission", ("pet-chat", "pet-chat", f"{HERE}:*/*"), "chat_calls_function", ":*/*"),
    "one route let in": ("with_permission", ("pet-chat", "pet-chat", f"{HERE}:CHAT/live/say"),
                         "chat_calls_function", "/live/say"),
    "no token asked": ("with_code", ("pet-chat", '{"statusCode": 401}', '{"statusCode": 200}'),
                       "strangers_stay_out_of_chat", "a connection"),
    "fails at the door": ("with_code", ("pet-chat", '(event.get("queryStringParameters") or {}).get("token")',
                          'event["queryStringParameters"]["token"]'), "strangers_stay_out_of_chat", "502"),
    "no $connect": ("without_route", ("$connect",), "strangers_stay_out_of_chat", "a connection"),
    "no token known": ("with_variables", {"TOKENS": "{}"}, "strangers_stay_out_of_chat", "401"),
    "no $disconnect": ("without_route", ("$disconnect",), "connections_are_kept", "1 in"),
    "no name kept": ("with_code", ("pet-chat", '"name": name}', '"who": name}'), "connections_are_kept", "None"),
    "nothing kept": ("with_code", ("pet-chat", "table.put_item(", "dict("), "connections_are_kept", "none"),
    "only me": ("with_code", ("pet-chat", "for to in everybody:", "for to in [me]:"), "everybody_hears", "nothing"),
    "JSON by hand": ("with_code", ("pet-chat", "Data=json.dumps(answer)", "Data=f'{answer}'.replace(\"'\", '\"')"),
                     "everybody_hears", 'amanhã!""'),
    "may not send": ("with_policy", ("pet-chat-role", "send", "ManageConnections", "Invoke"),
                     "everybody_hears", "not authorized"),
    "another stage's": ("with_policy", ("pet-chat-role", "send", "/live/*", "/prod/*"),
                        "everybody_hears", "not authorized"),
    "another key": ("with_chat", {"RouteSelectionExpression": "$request.body.route"}, "everybody_hears", "error"),
    "no $default": ("without_route", ("$default",), "others_are_told", "Forbidden"),
    "told to all": ("with_code", ("pet-chat", 'everybody, answer = {me: ""}, ', "answer = "),
                    "others_are_told", "error"),
    "gone kept": ("with_code", ("pet-chat", GONE, GONE.replace("table.delete_item", "dict")),
                  "gone_are_removed", "2 of the 2"),
    "only the first who has gone": ("with_code", ("pet-chat", LOOP, ROUND_THE_LOOP), "gone_are_removed", ""),
    "no website": ("without_website", {}, "page_is_served", "none"),
}  # fmt: skip
GIVEN = {"open rates": "authorizationType", "open me": "authorizationType", "open staff": "authorizationType"}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake_is_found_by_one_check(account, mistake):
    how, given, check, words = MISTAKES[mistake]
    keywords = given if isinstance(given, dict) else {}
    values = [str(each).replace("CHAT", account.chat) for each in given] if isinstance(given, tuple) else []
    if mistake in GIVEN:
        keywords = {GIVEN[mistake]: values.pop()}
    with getattr(account, how)(*values, **keywords):
        assert words in found_alone(lab, account.clients, check)


@pytest.mark.parametrize("said", ["[1]", "7", "no json", '{"guest": [1], "agency": {}, "caller": 3, "kind": 4}'])
def test_answer_of_the_desk_that_is_none_breaks_no_check(account, said):
    right = (lab.folder / "given/hotel_desk/lambda_function.py").read_text(encoding="utf-8")
    checks = {"guests_are_known", "agencies_are_known", "staff_is_signed", "offers_are_cached"}
    account.rest.flush_stage_cache(restApiId=account.hotel, stageName="partners")
    deploy(account.clients, "hotel-desk", f"lambda_handler = lambda *_: {{'statusCode': 200, 'body': {said!r}}}")
    assert not_passed(run_checks(lab, account.clients, checks)) == checks
    deploy(account.clients, "hotel-desk", right)
    account.rest.flush_stage_cache(restApiId=account.hotel, stageName="partners")


def test_methods_for_any_verb_are_as_good_and_a_path_without_method_is_named(account):
    there, checks = {"restApiId": account.hotel}, ["guests_are_known", "agencies_are_known", "staff_is_signed"]
    for path in ("/me", "/rates", "/staff"):
        about = account.method(path)
        before = account.rest.get_method(**about)
        kept = {name: before[name] for name in ("authorizationType", "authorizerId") if before.get(name)}
        integration = {name: before["methodIntegration"][name] for name in ("type", "uri")}
        account.rest.delete_method(**about)
        if path == "/me":
            assert "GET /me with no method" in found_alone(lab, account.clients, "desk_is_given")
        for verb in ("ANY", "GET"):
            method = {**about, "httpMethod": verb}
            account.rest.put_method(**method, **kept)
            account.rest.put_integration(**method, **integration, integrationHttpMethod="POST")
            account.deploy()
            if verb == "ANY":
                assert not not_passed(run_checks(lab, account.clients, checks))
                account.rest.delete_method(**method)
    account.rest.flush_stage_authorizers_cache(**there, stageName="partners")


def test_cache_for_all_methods_is_named_where_one_agency_is_told_the_others_answer(account):
    account.stage({"/*/*/caching/enabled": "true"})
    report = run_checks(lab, account.clients, ["agencies_are_known", "offers_are_cached"])
    account.stage({"/*/*/caching/enabled": "false"})
    account.rest.flush_stage_cache(restApiId=account.hotel, stageName="partners")
    assert not_passed(report) == {"agencies_are_known", "offers_are_cached"}
    steps = [each.next_step for each in report if each.outcome == "failed"]
    assert all("caching is for GET /offers" in step.replace("Caching", "caching") for step in steps)


def test_role_that_is_given_and_gone_is_named(account):
    named = {"RoleName": "hotel-cleaner"}
    policy = account.iam.get_role_policy(**named, PolicyName="work")["PolicyDocument"]
    trust = json.dumps(account.iam.get_role(**named)["Role"]["AssumeRolePolicyDocument"])
    account.iam.delete_role_policy(**named, PolicyName="work")
    account.iam.delete_role(**named)
    assert "hotel-staff" in found_alone(lab, account.clients, "desk_is_given")
    account.iam.create_role(**named, AssumeRolePolicyDocument=trust)
    account.iam.put_role_policy(**named, PolicyName="work", PolicyDocument=json.dumps(policy))


def test_table_with_another_key_is_named(account):
    dynamodb, named = account.clients["dynamodb"], {"TableName": TABLE}
    for key in ("id", "connectionId"):
        dynamodb.delete_table(**named)
        dynamodb.create_table(
            **named, BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
            KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
        )  # fmt: skip
        if key == "id":
            assert "id (HASH, S)" in found_alone(lab, account.clients, "chat_is_given")


def test_two_browser_tabs_talk_to_each_other(account, page):
    from playwright.sync_api import expect

    port = account.clients.emulator.endpoint.rpartition(":")[2]
    site = f"http://pet-chat-site-000000000000.s3-website.localhost:{port}/"
    ana, ben, stranger = page, page.context.new_page(), page.context.new_page()
    errors = []
    for tab, token in ((ana, "paw-7"), (ben, "claw-3"), (stranger, "guess")):
        tab.on("pageerror", lambda error: errors.append(f"{error}"))
        tab.goto(f"{site}?token={token}")
    for tab in (ana, ben):
        expect(tab.get_by_role("status")).to_have_text("Connected.")
    expect(stranger.get_by_role("status")).to_contain_text("Not connected")
    for tab, text in ((ana, "Bello is <b>asleep</b>"), (ben, "So is Minka")):
        tab.get_by_label("Say something").fill(text)
        tab.get_by_role("button", name="Send").click()
        expect(ben.get_by_role("listitem").last).to_contain_text(text)
    for tab in (ana, ben):
        expect(tab.get_by_role("listitem")).to_have_text(["Ana: Bello is <b>asleep</b>", "Ben: So is Minka"])
    assert errors == []


INVOKE = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function"
ROUTES = ("$connect", "$disconnect", "$default", "say")
TEMPLATE = {
    "Resources": {
        "Chat": {
            "Type": "AWS::ApiGatewayV2::Api",
            "Properties": {
                "Name": "pet-chat", "ProtocolType": "WEBSOCKET", "RouteSelectionExpression": "$request.body.action",
            },
        },
        "Function": {
            "Type": "AWS::ApiGatewayV2::Integration",
            "Properties": {
                "ApiId": {"Ref": "Chat"}, "IntegrationType": "AWS_PROXY",
                "IntegrationUri": f"{INVOKE}:pet-chat/invocations",
            },
        },
        "Stage": {
            "Type": "AWS::ApiGatewayV2::Stage",
            "Properties": {"ApiId": {"Ref": "Chat"}, "StageName": "live", "AutoDeploy": True},
        },
        "Permission": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "FunctionName": "pet-chat", "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com",
                "SourceArn": {"Fn::Sub": HERE + ":${Chat}/live/*"},
            },
        },
        **{
            f"Route{number}": {
                "Type": "AWS::ApiGatewayV2::Route",
                "Properties": {
                    "ApiId": {"Ref": "Chat"}, "RouteKey": key, "Target": {"Fn::Sub": "integrations/${Function}"},
                },
            }
            for number, key in enumerate(ROUTES)
        },
    }
}  # fmt: skip


def test_chat_of_cloudformation_is_as_good(account):
    account.sockets.update_api(ApiId=account.chat, Name="another")
    cloudformation, asked = account.clients["cloudformation"], {"StackName": "chat"}
    cloudformation.create_stack(**asked, TemplateBody=json.dumps(TEMPLATE))
    cloudformation.get_waiter("stack_create_complete").wait(**asked, WaiterConfig={"Delay": 0.1})
    found = ["strangers_stay_out_of_chat", "connections_are_kept"]
    assert not not_passed(run_checks(lab, account.clients, found))
    cloudformation.delete_stack(**asked)
    cloudformation.get_waiter("stack_delete_complete").wait(**asked, WaiterConfig={"Delay": 0.1})
    account.sockets.update_api(ApiId=account.chat, Name="pet-chat")


def test_cache_limits_and_staff_of_the_aws_cli_are_as_good(account):
    cli = partial(aws_cli, account.clients)
    values = {f"{OFFERS}/ttlInSeconds": "120", f"{SEARCH}/rateLimit": "5", f"{SEARCH}/burstLimit": "9"}
    account.stage(values)
    right = {f"{OFFERS}/ttlInSeconds": "60", f"{SEARCH}/rateLimit": "1", f"{SEARCH}/burstLimit": "2"}
    patch = [json.dumps({"op": "replace", "path": path, "value": value}) for path, value in right.items()]
    there = ("--rest-api-id", account.hotel, "--stage-name", "partners")
    cli("apigateway", "update-stage", *there, "--patch-operations", f"[{','.join(patch)}]")
    staff = ("--role-name", "hotel-staff")
    cli("iam", "delete-role-policy", *staff, "--policy-name", "work")
    allow = {"Effect": "Allow", "Action": "execute-api:*", "Resource": f"{HERE}:{account.hotel}/partners/*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": allow})
    cli("iam", "put-role-policy", *staff, "--policy-name", "work", "--policy-document", document)
    names = ["offers_are_cached", "searches_are_throttled", "staff_is_signed", "staff_renew_offers"]
    assert not not_passed(run_checks(lab, account.clients, names))


def test_authorizer_of_cloudformation_is_as_good(account):
    there = {"restApiId": account.hotel}
    uri = f"{INVOKE}:hotel-agencies/invocations"
    about = {"RestApiId": account.hotel, "Name": "stacked", "Type": "REQUEST", "AuthorizerUri": uri}
    sources = "method.request.querystring.agency, method.request.header.x-agency-key"
    guard = {"Type": "AWS::ApiGateway::Authorizer", "Properties": about | {"IdentitySource": sources}}
    let_in = {
        "FunctionName": "hotel-agencies", "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com",
        "SourceArn": {"Fn::Sub": f"{HERE}:{account.hotel}/authorizers/${{Guard}}"},
    }  # fmt: skip
    resources = {"Guard": guard, "LetIn": {"Type": "AWS::Lambda::Permission", "Properties": let_in}}
    cloudformation, asked = account.clients["cloudformation"], {"StackName": "guard"}
    cloudformation.create_stack(**asked, TemplateBody=json.dumps({"Resources": resources}))
    cloudformation.get_waiter("stack_create_complete").wait(**asked, WaiterConfig={"Delay": 0.1})
    (made,) = [each["id"] for each in account.rest.get_authorizers(**there)["items"] if each["name"] == "stacked"]
    with account.with_method("/rates", authorizerId=made):
        assert not not_passed(run_checks(lab, account.clients, ["agencies_are_asked", "agencies_are_known"]))
    cloudformation.delete_stack(**asked)


def test_partners_of_an_openapi_file_are_as_good(account):
    there, json_too = {"restApiId": account.hotel}, {"accepts": "application/json"}
    asked = {"exportType": "oas30", "parameters": {"extensions": "apigateway"}, **json_too}
    described = account.rest.get_export(**there, stageName="partners", **asked)["body"].read()
    account.rest.put_rest_api(**there, mode="overwrite", body=described)
    made = {each["name"]: each["id"] for each in account.rest.get_authorizers(**there)["items"]}
    for name, function in (("guests", "hotel-guard"), ("agencies", "hotel-agencies")):
        account.lambda_.remove_permission(FunctionName=function, StatementId=name)
        account.lambda_.add_permission(
            FunctionName=function, StatementId=name, Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com", SourceArn=f"{HERE}:{account.hotel}/authorizers/{made[name]}",
        )  # fmt: skip
    account.deploy()
    names = ["guests_are_known", "agencies_are_known", "staff_renew_offers", "searches_are_throttled"]
    assert not not_passed(run_checks(lab, account.clients, names))


class OneSocket:
    """A connection whose other end sends without end, or has gone."""

    def __init__(self, gone=False):
        self.gone, self.heard = gone, 0

    def settimeout(self, seconds):
        pass

    def send(self, text):
        if self.gone:
            raise BrokenPipeError

    def recv(self):
        if self.gone:
            raise WebSocketConnectionClosedException("it is lost")
        self.heard += 1
        return "no JSON"


@pytest.mark.parametrize("gone", [False, True])
def test_chat_that_sends_without_end_or_goes_while_one_speaks_fails_its_check(gone):
    chat, other_end = chat_of_probes(), OneSocket(gone)
    other_end.connect = lambda *_, **__: other_end
    stub = SimpleNamespace(http=other_end, witness=SimpleNamespace(at_rest=lambda: None), id="x")
    guest = chat.Guest(stub, "?token=paw-7")
    guest.say(action="say", text="x")
    with pytest.raises(Failure) as caught:
        guest.hears({"from": "Ana"}, "next")
    assert ("a connection that ended: it is lost" in caught.value.found) == gone
    assert other_end.heard <= 2 * chat.MOST


def chat_of_probes():
    """The module with which the chat's checks act."""
    return next(check.function.__globals__["chat"] for check in lab.all_checks if check.name == "chat_calls_function")
