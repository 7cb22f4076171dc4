"""Tests for what checks ask of API Gateway: an API by its name, the route a request meets, what is deployed."""

import pytest

from lab_harness.authors import Failure, api_gateway
from lab_harness.authors.api_gateway import Api, Route, http_api, one_named, rest_api
from lab_harness.authors.http import Response

URI = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:0:function:f/invocations"


@pytest.fixture
def gateway(clients):
    return clients["apigateway"]


def routes(*keys):
    """Routes such as `GET /items` or `$default`, each of which leads to itself."""
    parts = [("ANY", key) if key == "$default" else tuple(key.split(" ")) for key in keys]
    return tuple(Route(method, path, f"{method} {path}") for method, path in parts)


@pytest.mark.parametrize(
    ("keys", "request_", "chosen"),
    [
        (["GET /items/{id}", "ANY /items/{id}", "$default"], "GET /items/p-1", "GET /items/{id}"),
        (["ANY /items/{id}", "GET /{proxy+}", "$default"], "GET /items/p-1", "ANY /items/{id}"),
        (["ANY /items/{proxy+}", "GET /{proxy+}"], "GET /items/p-1", "ANY /items/{proxy+}"),
        (["ANY /{proxy+}", "$default"], "GET /items/p-1", "ANY /{proxy+}"),
        (["GET /items", "PUT /items/{id}", "GET /items/{id}/toys", "$default"], "GET /items/p-1", "$default"),
        (["GET /it(ems", "GET /items/p.1", "GET /items/{id", "$default"], "GET /items/p-1", "$default"),
        (["GET /items", "PUT /items/{id}"], "GET /items/p-1", "None"),
        (["GET /items/{id}", "GET /items/best"], "GET /items/best", "GET /items/best"),
        (["ANY /items/best", "GET /items/{id}"], "GET /items/best", "ANY /items/best"),
        (["ANY /items", "GET /items"], "PUT /items", "ANY /items"),
        (["GET /items/{id}", "ANY /items/{proxy+}"], "POST /items/1", "ANY /items/{proxy+}"),
        (["GET /items/{id}", "ANY /items/{proxy+}"], "GET /items/1/photo", "ANY /items/{proxy+}"),
        (["GET /", "GET /items"], "GET /", "GET /"),
        (["GET /items"], "GET /itemsandmore", "None"),
        (["GET /a.b"], "GET /axb", "None"),
        (["GET /"], "POST /", "None"),
    ],
)
def test_the_most_specific_route_that_fits_a_request_is_chosen(keys, request_, chosen):
    for order in (keys, keys[::-1]):
        assert str(Api("a", routes=routes(*order)).route(*request_.split(" "))) == chosen


@pytest.mark.parametrize(
    ("stages", "stage"), [((), ""), (("live",), "live"), (("live", "prod"), "prod"), (("prod", "$default"), "$default")]
)
def test_the_usual_stage_is_preferred(stages, stage):
    assert Api("a", stages).stage == stage


def test_a_route_without_an_integration_has_none_of_its_settings():
    assert Route("GET", "/").integration == {}
    assert Route("GET", "/", settings={"methodIntegration": {"type": "MOCK"}}).integration == {"type": "MOCK"}


# What an emulator tells of an API.


def put(gateway, api, method, path="/", **integration):
    """Make a method, and a resource right below the root where there is none yet."""
    there = {each["path"]: each["id"] for each in gateway.get_resources(restApiId=api)["items"]}
    if path not in there:
        made = gateway.create_resource(restApiId=api, parentId=there["/"], pathPart=path.removeprefix("/"))
        there[path] = made["id"]
    one = {"restApiId": api, "resourceId": there[path], "httpMethod": method}
    gateway.put_method(**one, authorizationType="NONE", apiKeyRequired=method == "POST")
    if integration:
        gateway.put_integration(**one, **integration)


def test_a_rest_api_has_its_methods_where_they_lead_and_what_is_deployed(gateway):
    api = gateway.create_rest_api(name="pets")["id"]
    put(gateway, api, "GET", type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    put(gateway, api, "POST", "/pets", type="AWS_PROXY", integrationHttpMethod="POST", uri=URI)
    assert rest_api(gateway, "pets").stages == ()
    assert {route.deployed is None for route in rest_api(gateway, "pets").routes} == {True}
    gateway.create_deployment(restApiId=api, stageName="prod")
    put(gateway, api, "GET", "/late")
    found = rest_api(gateway, "pets")
    assert (found.id, found.stages) == (api, ("prod",))
    assert {str(route): route.target for route in found.routes} == {"GET /": "MOCK", "POST /pets": URI, "GET /late": ""}
    if found.route("GET", "/").deployed is not None:  # LocalStack does not tell
        assert found.route("POST", "/pets").deployed["apiKeyRequired"] is True
        assert found.route("GET", "/").deployed["apiKeyRequired"] is False
        assert found.route("GET", "/late").deployed == {}


def test_an_http_api_has_its_routes_and_the_stages_that_serve(clients):
    if not clients.emulator.supports("apigatewayv2"):
        pytest.skip("this emulator has no HTTP APIs")
    gateway = clients["apigatewayv2"]
    api = gateway.create_api(Name="pets", ProtocolType="HTTP")["ApiId"]
    integration = gateway.create_integration(ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri="uri-1")
    target = f"integrations/{integration['IntegrationId']}"
    gateway.create_route(ApiId=api, RouteKey="GET /pets", Target=target)
    gateway.create_route(ApiId=api, RouteKey="$default")
    gateway.create_stage(ApiId=api, StageName="idle")
    gateway.create_stage(ApiId=api, StageName="live", AutoDeploy=True)
    found = http_api(gateway, "pets")
    assert (found.id, found.stages) == (api, ("live",))
    assert {str(route): (route.target, route.deployed) for route in found.routes} == {
        "GET /pets": ("uri-1", None),
        "$default": ("", None),
    }
    gateway.create_api(Name="chat", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action")
    with pytest.raises(Failure, match="HTTP APIs: pets"):
        http_api(gateway, "chat")
    gateway.create_api(Name="pets", ProtocolType="HTTP")
    with pytest.raises(Failure, match="HTTP APIs named pets: 2"):
        http_api(gateway, "pets")


def test_one_thing_of_a_name_is_found_and_two_are_refused(gateway):
    with pytest.raises(Failure) as missing:
        one_named(gateway, "API key", "mine", "Section 8 shows it.")
    assert (missing.value.found, missing.value.next_step) == ("no API keys", "Section 8 shows it.")
    ids = [gateway.create_api_key(name=name)["id"] for name in ("mine", "other", "mine")]
    assert one_named(gateway, "API key", "other")["id"] == ids[1]
    with pytest.raises(Failure, match="found API keys named mine: 2") as caught:
        one_named(gateway, "API key", "mine")
    assert ids[0] in caught.value.next_step
    assert ids[2] in caught.value.next_step


# Its answers.


class Web:
    """Answers what it was given, in turn."""

    def __init__(self, *answers):
        self.answers = list(answers)

    def api(self, *asked):
        self.asked = asked
        answer = self.answers.pop(0)
        if isinstance(answer, Failure):
            raise answer
        return answer


def answer(status, text=""):
    return Response(status, {}, text)


def ask(web, method="GET", path="/"):
    return Api("api", ("prod",)).ask(web, method, path)


def test_a_request_that_is_held_back_is_sent_again():
    web = Web(answer(429, "Too Many Requests"), answer(429, "Too Many Requests"), answer(200))
    assert ask(web).status == 200
    assert web.asked == ("api", "prod", "GET", "/", None, None)


def test_limits_that_last_are_named(monkeypatch):
    monkeypatch.setattr(api_gateway, "PATIENCE", 0)
    with pytest.raises(Failure) as caught:
        ask(Web(answer(429, "Too Many Requests")), "GET", "/pets")
    assert caught.value.expected == "an answer to GET /pets"
    assert "429 Too Many Requests" in caught.value.found
    assert "methodSettings" in caught.value.next_step


def test_a_spent_quota_and_no_answer_at_all_are_not_waited_for():
    assert ask(Web(answer(429, "Limit Exceeded"))).status == 429
    silence = Failure(expected="an answer", found="no answer", next_step="Look.")
    with pytest.raises(Failure, match="no answer"):
        ask(Web(silence))


# The URLs that a text names.


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ('const API = "http://localhost:4566/_aws/execute-api/a1/prod";', ["http://localhost:4566/_aws/execute-api/a1/prod"]),
        ("fetch(`http://127.0.0.1:4566/restapis/a1/prod/_user_request_/items`)",
         ["http://127.0.0.1:4566/restapis/a1/prod/_user_request_/items"]),
        ("http://a1.execute-api.localhost.localstack.cloud:4566/prod/", ["http://a1.execute-api.localhost.localstack.cloud:4566/prod/"]),
        ("http://127.0.0.1:1/restapis/b, http://127.0.0.1:1/restapis/b", ["http://127.0.0.1:1/restapis/b,", "http://127.0.0.1:1/restapis/b"]),
        ("http://127.0.0.1:4566/photos/cat.jpg", []),
        ("http://example.com:80/_aws/execute-api/a1", []),
        ("https://a1.execute-api.us-east-1.amazonaws.com", []),
        ("<!-- http://127.0.0.1:4566/_aws/execute-api/a1 -->", []),
    ],
)  # fmt: skip
def test_urls_of_apis_on_this_machine_are_found_in_a_text(text, urls):
    assert sorted(url.geturl() for url in api_gateway.urls_in(text)) == sorted(urls)
