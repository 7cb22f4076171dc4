"""Tests for integrations that are no proxies, on the embedded emulator: from the client's request to its answer."""

import json

import pytest

from lab_harness.authors.http import Http
from tests.roles import let_in

TEMPLATE = {"application/json": '{"statusCode": $input.params("status")}'}


class Api:
    """An API of one method, POST /pets/{id}, with the stage `test`."""

    def __init__(self, clients, endpoint):
        self.gateway, self.http = clients["apigateway"], Http(endpoint)
        made = self.gateway.create_rest_api(name="rest")
        self.id = made["id"]
        pets = self.gateway.create_resource(restApiId=self.id, parentId=made["rootResourceId"], pathPart="pets")["id"]
        one = self.gateway.create_resource(restApiId=self.id, parentId=pets, pathPart="{id}")["id"]
        self.method = {"restApiId": self.id, "resourceId": one, "httpMethod": "POST"}
        self.gateway.put_method(**self.method, authorizationType="NONE")

    def serve(self, integration, *responses):
        """Deploy this integration, with these responses."""
        self.gateway.put_integration(**self.method, **integration)
        for each in responses:
            self.gateway.put_integration_response(**self.method, **each)
        self.gateway.create_deployment(restApiId=self.id, stageName="test", variables={"alias": "v1"})

    def post(self, body="", path="/pets/7", **headers):
        return self.http.api(
            self.id, "test", "POST", path, body, headers={"Content-Type": "application/json", **headers}
        )


@pytest.fixture
def api(clients, embedded):
    return Api(clients, embedded.endpoint)


def template(text, status="200", **more):
    """An integration response whose template this is."""
    return {"statusCode": status, "responseTemplates": {"application/json": text}, **more}


def function(clients, code, **more):
    """An integration with a new function of this code."""
    from tests.emulators.inside.functions.test_limits import SETTINGS
    from tests.labs.helpers import zipped
    from tests.roles import ready

    ready(clients.emulator)
    arn = clients["lambda"].create_function(**SETTINGS | {"Code": {"ZipFile": zipped(code)}})["FunctionArn"]
    clients["lambda"].get_waiter("function_active_v2").wait(FunctionName="hello", WaiterConfig={"Delay": 0.1})
    let_in(clients, "hello", "apigateway")
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"
    return {"type": "AWS", "integrationHttpMethod": "POST", "uri": uri, **more}


def test_mock_answers_with_the_response_of_the_status_that_its_template_makes(api):
    api.serve(
        {"type": "MOCK", "requestTemplates": TEMPLATE},
        template("fine"),
        template("not there", "404", selectionPattern="404"),
        template("no", "400", selectionPattern="4\\d\\d"),
    )
    answers = [api.post(path=f"/pets/7?status={status}") for status in (200, 404, 403, 503)]
    assert [(each.status, each.text) for each in answers] == [
        (200, "fine"),
        (404, "not there"),
        (400, "no"),
        (200, "fine"),
    ]


def test_template_sees_the_request_its_context_and_the_stages_variables(api):
    text = """{"id": "$input.params('id')", "kind": "$input.params('kind')", "by": "$input.params('X-By')",
    "none": "$input.params('none')", "stage": "$context.stage $context.httpMethod $context.resourcePath $context.apiId",
    "alias": "$stageVariables.alias", "code": "$util.base64Encode($util.urlEncode('a b'))",
    "all": [#foreach($kind in $input.params().keySet())"$kind"#if($foreach.hasNext),#end#end]}"""
    api.serve({"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}}, template(text))
    assert api.post(path="/pets/7?kind=dog", **{"x-by": "Ana"}).json() == {
        "id": "7",
        "kind": "dog",
        "by": "Ana",
        "none": "",
        "stage": f"test POST /pets/{{id}} {api.id}",
        "alias": "v1",
        "code": "YSti",
        "all": ["path", "querystring", "header"],
    }


def test_answer_overrides_status_and_headers_and_maps_headers(api):
    text = '#set($context.responseOverride.status = 418)#set($context.responseOverride.header.Teapot = "yes")short'
    given = {
        "method.response.header.Fixed": "'always'",
        "method.response.header.Stage": "context.stage",
        "method.response.header.Alias": "stageVariables.alias",
        "method.response.header.None": "stageVariables.none",
    }
    integration = {"type": "MOCK", "requestTemplates": {"application/json": "{statusCode: 200}"}}
    api.serve(integration, template(text, responseParameters=given))
    answer = api.post()
    assert (answer.status, answer.text) == (418, "short")
    found = {key.lower(): value for key, value in answer.headers.items()}
    assert [found.get(name) for name in ("teapot", "fixed", "stage", "alias", "none")] == [
        "yes",
        "always",
        "test",
        "v1",
        None,
    ]


@pytest.mark.parametrize(
    ("integration", "status"),
    [
        ({"requestTemplates": {}}, 500),
        ({"requestTemplates": {"application/json": "none"}}, 500),
        ({"requestTemplates": {"application/json": "#if"}}, 500),
        ({"requestTemplates": {"text/plain": '{"statusCode": 200}'}, "passthroughBehavior": "NEVER"}, 415),
        ({"requestTemplates": {"text/plain": '{"statusCode": 200}'}, "passthroughBehavior": "WHEN_NO_TEMPLATES"}, 415),
        ({"requestTemplates": {"text/plain": "none"}}, 200),  # passed on as it is: {"statusCode": 200}
    ],
)
def test_request_that_no_template_takes_or_that_makes_no_status_fails(api, integration, status):
    api.serve({"type": "MOCK", **integration}, template("fine"))
    assert api.post('{"statusCode": 200}' if status == 200 else "").status == status


def test_response_is_a_failure_where_none_is_the_default_or_its_template_is_none(api):
    integration = {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}}
    api.serve(integration, template("never", "400", selectionPattern="4.."))
    assert (api.post().status, api.post().json()) == (500, {"message": "Internal server error"})
    api.serve(integration, template("#foreach($i in [1..1000])#foreach($j in [1..1000])x#end#end"))
    assert api.post().status == 500


def test_function_gets_what_the_template_makes_and_the_client_what_the_other_makes(clients, api):
    code = "def lambda_handler(event, context): return {'pets': [{'name': name} for name in event['names']]}"
    request = """{"names": [#foreach($pet in $input.path('$.pets'))"$pet.name"#if($foreach.hasNext),#end#end]}"""
    answer = """{"first": $input.json('$.pets[0].name'), "all": $input.json('$.pets[*].name')}"""
    api.serve(function(clients, code, requestTemplates={"application/json": request}), template(answer))
    found = api.post(json.dumps({"pets": [{"name": "Rex"}, {"name": "Tom"}]}))
    assert (found.status, found.json()) == (200, {"first": "Rex", "all": ["Rex", "Tom"]})


def test_functions_error_chooses_the_response_by_its_message(clients, api):
    code = "def lambda_handler(event, context): raise ValueError('no pet ' + event['id'])"
    request = {"application/json": """{"id": "$input.params('id')"}"""}
    api.serve(
        function(clients, code, requestTemplates=request),
        {"statusCode": "200"},
        template("""{"why": $input.json('$.errorMessage')}""", "404", selectionPattern="no pet 7"),
    )
    found, other = api.post(), api.post(path="/pets/8")
    assert (found.status, found.json()) == (404, {"why": "no pet 7"})
    assert (other.status, other.json()["errorType"]) == (200, "ValueError")


def test_function_gets_the_body_as_it_is_without_a_template_and_none_that_is_no_json(clients, api):
    code = "def lambda_handler(event, context): return {'got': event}"
    api.serve(function(clients, code), {"statusCode": "200"})
    assert api.post('{"a": 1}').json() == {"got": {"a": 1}}
    assert api.post().json() == {"got": {}}
    assert "json" in api.post("no JSON").json()["message"]


def test_function_that_does_not_let_the_api_in_is_not_called(clients, api):
    integration = function(clients, "def lambda_handler(event, context): return 1")
    api.serve(integration, {"statusCode": "200"})
    assert api.post().status == 200
    clients["lambda"].remove_permission(FunctionName="hello", StatementId="apigateway")
    assert (api.post().status, api.post().json()) == (500, {"message": "Internal server error"})
