"""Tests for the first half of the lab api_in_depth: versions, a canary, templates and services behind an API."""

import json

import pytest

from lab_harness import load_lab, run_checks

from .helpers import aws_cli, deploy, found_alone, not_passed, solved
from .slips.api_in_depth import hotel, method, release

lab = load_lab("api_in_depth")
FIRST = {
    *("table_exists", "queue_exists", "stream_exists", "bucket_exists", "role_exists", "api_role_allows_the_work"),
    *("price_exists", "api_exists", "desk_is_given", "guard_exists", "chat_is_given", "chat_function_exists"),
}
ARN = "arn:aws:{}:us-east-1:000000000000:{}"
JSON = "application/json"


@pytest.fixture(scope="module")
def solved_once(emulator):
    """An account that is solved once, for tests that leave it as it was."""
    return solved(lab, emulator)


@pytest.fixture(autouse=True)
def quickly(monkeypatch):
    monkeypatch.setattr(lab.checks.probes, "QUICKLY", 2)


def alone(clients, check, *only):
    """What a check found that fails, beside those that it needs, which pass."""
    return found_alone(lab, clients, check, *only)


def failing(clients, check):
    """What is found by a check that fails, whatever else fails with it."""
    found = next(each for each in run_checks(lab, clients, [check]) if each.name == check)
    assert found.outcome == "failed"
    assert found.next_step
    return found


def patch(op, path, value=None):
    return [{"op": op, "path": path} | ({} if value is None else {"value": value})]


@pytest.fixture
def with_template(solved_once):
    """Changes a word of a method's template of the request or of the response, for one test."""
    gateway, undone = solved_once["apigateway"], []

    def use(verb, path, old, new, status=None):
        about = method(solved_once, verb, path)
        if status:
            about["statusCode"], read, key = status, gateway.get_integration_response, "responseTemplates"
        else:
            read, key = gateway.get_integration, "requestTemplates"
        before = read(**about)[key][JSON]
        assert old in before

        def write(template):
            if status:
                gateway.put_integration_response(**about, responseTemplates={JSON: template})
            else:
                operations = patch("replace", "/requestTemplates/application~1json", template)
                gateway.update_integration(**about, patchOperations=operations)
            release(solved_once)

        undone.append(lambda: write(before))
        write(before.replace(old, new))
        return solved_once

    yield use
    for undo in undone:
        undo()


def test_solved_lab_passes_and_leaves_nothing(solved_once):
    report = run_checks(lab, solved_once)
    assert not not_passed(report)
    assert report.complete
    assert not solved_once["dynamodb"].scan(TableName="HotelGuests")["Items"]
    url = solved_once["sqs"].get_queue_url(QueueName="hotel-wishes")["QueueUrl"]
    assert not solved_once["sqs"].receive_message(QueueUrl=url).get("Messages")


@pytest.mark.parametrize(
    ("check", "verb", "path", "old", "new", "status", "words"),
    [
        ("bookings_start_stays", "POST", "/bookings", '.replaceAll("\\\\\'", "\'")', "", None, "201"),
        ("bookings_start_stays", "POST", "/bookings", "$input.json('$')", "$input.json('$.guest')", None, "FAILED"),
        ("bookings_start_stays", "POST", "/bookings", "hotel-stay", "hotel-stays", None, "201"),
        ("bookings_start_stays", "POST", "/bookings", "$context.requestId", "$context.stage", "201", "v2"),
        ("guests_are_listed", "GET", "/guests", "$item.nights.N", '"$item.nights.N"', "200", '"nights": "'),
        ("guests_are_listed", "GET", "/guests", "#if($foreach.hasNext),#end", "", "200", '"guest"'),
        ("guests_are_listed", "GET", "/guests", "HotelGuests", "HotelGuest", None, "[\n]"),
        ("wishes_are_queued", "POST", "/wishes", "$util.urlEncode($input.body)", "$input.body", None, "& 50%"),
        ("wishes_are_queued", "POST", "/wishes", "$input.body", "$input.path('$.wish')", None, "& 50%"),
        ("visits_are_recorded", "PUT", "/visits/{pet}", "$input.params('pet')", "pet", None, "no record"),
        ("visits_are_recorded", "PUT", "/visits/{pet}", "$util.base64Encode($input.json('$'))", "aGk=", None, "hi"),
    ],
)
def test_template_that_is_wrong_is_noticed(with_template, check, verb, path, old, new, status, words):
    clients = with_template(verb, path, old, new, status)
    found = failing(clients, check)
    told = f"{found.expected} {found.found}" if words == "& 50%" else found.found
    assert words in told


@pytest.mark.parametrize(
    ("check", "verb", "path"),
    [
        ("wishes_are_queued", "POST", "/wishes"),
        ("visits_are_recorded", "PUT", "/visits/{pet}"),
        ("menu_is_passed_on", "GET", "/menu/{pet}"),
        ("guests_are_listed", "GET", "/guests"),
    ],
)
def test_what_is_not_deployed_is_told_so(solved_once, check, verb, path):
    gateway, stage = solved_once["apigateway"], {"restApiId": hotel(solved_once), "stageName": "v2"}
    new = gateway.get_stage(**stage)["deploymentId"]
    old = gateway.get_stage(restApiId=stage["restApiId"], stageName="v1")["deploymentId"]
    gateway.update_stage(**stage, patchOperations=patch("replace", "/deploymentId", old))
    try:
        found = failing(solved_once, check)
        assert found.found.startswith("403")
        assert "create_deployment once more" in found.next_step
    finally:
        gateway.update_stage(**stage, patchOperations=patch("replace", "/deploymentId", new))


def test_guest_with_what_json_cannot_hold_fails_the_list_and_does_not_break_it(solved_once):
    dynamodb, key = solved_once["dynamodb"], {"booking": {"S": "b-odd"}}
    dynamodb.put_item(TableName="HotelGuests", Item=key | {"pet": {"SS": ["cat"]}, "nights": {"B": b"\xff"}})
    try:
        assert "200" in failing(solved_once, "guests_are_listed").found
    finally:
        dynamodb.delete_item(TableName="HotelGuests", Key=key)


@pytest.mark.parametrize("name", ["guest", "pet", "nights"])
def test_model_that_forgets_something_is_noticed(solved_once, name):
    gateway, api = solved_once["apigateway"], hotel(solved_once)
    about = {"restApiId": api, "modelName": "Booking"}
    before = gateway.get_model(**about)["schema"]
    schema = json.loads(before)
    schema["properties"][name] = {}
    try:
        gateway.update_model(**about, patchOperations=patch("replace", "/schema", json.dumps(schema)))
        release(solved_once)
        assert "201" in alone(solved_once, "bad_bookings_start_nothing", "bad_bookings_start_nothing")
    finally:
        gateway.update_model(**about, patchOperations=patch("replace", "/schema", before))
        release(solved_once)


def test_method_without_its_validator_is_noticed(solved_once):
    gateway, about = solved_once["apigateway"], method(solved_once, "POST", "/bookings")
    before = gateway.get_method(**about)["requestValidatorId"]
    gateway.update_method(**about, patchOperations=patch("remove", "/requestValidatorId"))
    release(solved_once)
    assert "201" in alone(solved_once, "bad_bookings_start_nothing", "bad_bookings_start_nothing")
    gateway.update_method(**about, patchOperations=patch("replace", "/requestValidatorId", before))
    release(solved_once)


def change_stage(clients, stage, *operations):
    clients["apigateway"].update_stage(restApiId=hotel(clients), stageName=stage, patchOperations=list(operations))


@pytest.mark.parametrize(
    ("check", "stage", "wrong", "right", "words"),
    [
        ("stages_have_their_price", "v2", "v1", "v2", '"price"'),
        ("stages_have_their_price", "v1", "v2", "v1", '"price"'),
        ("stages_have_their_price", "v1", "v3", "v1", "500"),
        ("prod_has_the_first_price", "prod", "v2", "v1", "False"),
    ],
)
def test_stage_with_another_alias_is_noticed(solved_once, check, stage, wrong, right, words):
    path = "/variables/alias"
    change_stage(solved_once, stage, *patch("replace", path, wrong))
    try:
        assert words in alone(solved_once, check, check)
    finally:
        change_stage(solved_once, stage, *patch("replace", path, right))


@pytest.mark.parametrize(
    ("path", "wrong", "right", "words"),
    [
        ("percentTraffic", "2", "20", "2.0"),
        ("percentTraffic", "80", "20", "80.0"),
        ("stageVariableOverrides/alias", "v1", "v2", "the canary's alias: v1"),
    ],
)
def test_canary_with_other_settings_is_noticed(solved_once, path, wrong, right, words):
    change_stage(solved_once, "prod", *patch("replace", f"/canarySettings/{path}", wrong))
    try:
        assert words in alone(solved_once, "canary_gets_a_fifth", "canary_gets_a_fifth")
    finally:
        change_stage(solved_once, "prod", *patch("replace", f"/canarySettings/{path}", right))


@pytest.mark.parametrize("alias", ["v1", "v2"])
def test_alias_that_the_api_may_not_call_is_noticed(solved_once, alias):
    about = {"FunctionName": "hotel-price", "StatementId": "pet-hotel", "Qualifier": alias}
    may = {"Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com"}
    source = ARN.format("execute-api", f"{hotel(solved_once)}/*/GET/price")
    lambda_ = solved_once["lambda"]
    lambda_.remove_permission(**about)
    assert f"hotel-price:{alias}" in alone(solved_once, "aliases_may_be_called", "aliases_may_be_called")
    lambda_.add_permission(**about, **may)
    assert "every source" in alone(solved_once, "aliases_may_be_called", "aliases_may_be_called")
    lambda_.remove_permission(**about)
    lambda_.add_permission(**about, **may, SourceArn=source)


@pytest.mark.parametrize(
    ("check", "kind", "words"),
    [
        ("refusals_say_why", "BAD_REQUEST_BODY", "Invalid request body"),
        ("unknown_paths_are_not_found", "MISSING_AUTHENTICATION_TOKEN", "403"),
    ],
)
def test_refusal_in_api_gateways_own_words_is_noticed(solved_once, check, kind, words):
    gateway, about = solved_once["apigateway"], {"restApiId": hotel(solved_once), "responseType": kind}
    found = gateway.get_gateway_response(**about)
    gateway.delete_gateway_response(**about)
    release(solved_once)
    assert words in alone(solved_once, check, check)
    right = {name: found[name] for name in ("statusCode", "responseTemplates") if name in found}
    gateway.put_gateway_response(**about, **right)
    release(solved_once)


def test_menu_of_another_pet_and_rooms_that_are_none_are_noticed(solved_once):
    gateway, about = solved_once["apigateway"], method(solved_once, "GET", "/menu/{pet}")
    uri = gateway.get_integration(**about)["uri"]
    gateway.update_integration(**about, patchOperations=patch("replace", "/uri", uri.replace("{pet}", "dog")))
    release(solved_once)
    assert "'dog'" in alone(solved_once, "menu_is_passed_on", "menu_is_passed_on")
    gateway.update_integration(**about, patchOperations=patch("replace", "/uri", uri))
    release(solved_once)


def test_menu_that_is_written_into_the_api_is_noticed(solved_once):
    gateway, about = solved_once["apigateway"], method(solved_once, "GET", "/menu/{pet}")
    before = gateway.get_integration(**about)
    kept = {"type": "HTTP_PROXY", "integrationHttpMethod": "GET", "uri": before["uri"]}
    gateway.put_integration(**about, type="MOCK", requestTemplates={JSON: '{"statusCode": 200}'})
    dishes = '#if($input.params("pet") == "dog")["beef", "rice"]#else["tuna", "milk"]#end'
    menus = f'{{"pet": "$input.params("pet")", "dishes": {dishes}}}'
    gateway.put_method_response(**about, statusCode="200")
    gateway.put_integration_response(**about, statusCode="200", responseTemplates={JSON: menus})
    release(solved_once)
    assert "tuna" in alone(solved_once, "menu_is_passed_on", "menu_is_passed_on")
    gateway.delete_method_response(**about, statusCode="200")
    gateway.put_integration(**about, **kept, requestParameters=before["requestParameters"])
    release(solved_once)


def test_price_that_no_variable_chooses_is_noticed(solved_once):
    gateway, about = solved_once["apigateway"], method(solved_once, "GET", "/price")
    uri = gateway.get_integration(**about)["uri"]
    for alias in ("v1", "v2"):
        fixed = uri.replace("${stageVariables.alias}", alias)
        gateway.update_integration(**about, patchOperations=patch("replace", "/uri", fixed))
        gateway.create_deployment(restApiId=hotel(solved_once), stageName=alias)
    assert ":v2/" in alone(solved_once, "stages_have_their_price", "stages_have_their_price")
    gateway.update_integration(**about, patchOperations=patch("replace", "/uri", uri))
    for alias in ("v1", "v2"):
        gateway.create_deployment(restApiId=hotel(solved_once), stageName=alias)


# From here on the solved account is changed for good.


def test_roles_that_may_too_little_and_another_function_are_noticed(solved_once):
    iam = solved_once["iam"]
    deploy(solved_once, "hotel-price", "def lambda_handler(event, context): pass")
    version = solved_once["lambda"].publish_version(FunctionName="hotel-price")["Version"]
    solved_once["lambda"].update_alias(FunctionName="hotel-price", Name="v2", FunctionVersion=version)
    assert "null" in alone(solved_once, "price_has_two_aliases", "price_has_two_aliases")
    for role, check, words in (
        ("hotel-api-role", "api_role_allows_the_work", "states:StartExecution"),
        ("hotel-stay-role", "machine_exists", "dynamodb:PutItem"),
    ):
        iam.delete_role_policy(RoleName=role, PolicyName="work")
        assert words in alone(solved_once, check, check)


def test_what_is_given_is_missed(solved_once):
    clients = solved_once
    clients["apigateway"].delete_rest_api(restApiId=hotel(clients))
    clients["dynamodb"].delete_table(TableName="HotelGuests")
    clients["kinesis"].delete_stream(StreamName="hotel-visits")
    clients["sqs"].delete_queue(QueueUrl=clients["sqs"].get_queue_url(QueueName="hotel-wishes")["QueueUrl"])
    for each in clients["s3"].list_objects_v2(Bucket="pet-hotel-menu")["Contents"]:
        clients["s3"].delete_object(Bucket="pet-hotel-menu", Key=each["Key"])
    clients["s3"].delete_bucket(Bucket="pet-hotel-menu")
    gone = {"table_exists", "stream_exists", "queue_exists", "bucket_exists", "api_exists"}
    assert gone <= not_passed(run_checks(lab, clients))


# From here on each test has an account of its own.


def test_built_another_way_with_a_wide_policy_it_passes(clients):
    lab.solve(clients)
    api = hotel(clients)
    wide = {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [wide]})
    for role in ("hotel-api-role", "hotel-stay-role"):
        clients["iam"].put_role_policy(RoleName=role, PolicyName="work", PolicyDocument=document)
    for alias in ("v1", "v2"):
        about = ("--function-name", f"hotel-price:{alias}", "--statement-id", "pet-hotel")
        aws_cli(clients, "lambda", "remove-permission", *about)
        aws_cli(clients, "lambda", "add-permission", *about, "--action", "lambda:InvokeFunction",
                "--principal", "apigateway.amazonaws.com",
                "--source-arn", ARN.format("execute-api", f"{api}/*/*/*"))  # fmt: skip
    menu = method(clients, "GET", "/menu/{pet}")
    uri = clients["apigateway"].get_integration(**menu)["uri"].rpartition("{")[0]
    aws_cli(clients, "apigateway", "put-integration", "--rest-api-id", api, "--resource-id", menu["resourceId"],
            "--http-method", "GET", "--type", "HTTP", "--integration-http-method", "GET", "--uri", uri + "{dish}.json",
            "--request-parameters", "integration.request.path.dish=method.request.path.pet")  # fmt: skip
    aws_cli(clients, "apigateway", "put-integration-response", "--rest-api-id", api,
            "--resource-id", menu["resourceId"], "--http-method", "GET", "--status-code", "200")  # fmt: skip
    aws_cli(clients, "apigateway", "put-gateway-response", "--rest-api-id", api,
            "--response-type", "MISSING_AUTHENTICATION_TOKEN", "--status-code", "404",
            "--response-templates", json.dumps({JSON: '{"error": "none"}'}))  # fmt: skip
    aws_cli(clients, "apigateway", "create-deployment", "--rest-api-id", api, "--stage-name", "v2")
    report = run_checks(lab, clients)
    assert not {each for each in not_passed(report) if each in FIRST_HALF}


FIRST_HALF = {
    *("rooms_are_served", "aliases_may_be_called", "stages_have_their_price", "prod_has_the_first_price"),
    *("canary_gets_a_fifth", "bookings_start_stays", "bad_bookings_start_nothing", "guests_are_listed"),
    *("wishes_are_queued", "visits_are_recorded", "menu_is_passed_on", "refusals_say_why"),
    *("unknown_paths_are_not_found", "api_role_allows_the_work", "machine_exists"),
}
