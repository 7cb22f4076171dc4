"""Tests for integrations with servers on the embedded emulator: what they get, what comes back, and which are none."""

import json
import time
from http.server import BaseHTTPRequestHandler

import pytest

from lab_harness.authors.http import Http
from lab_harness.emulators.inside.apis.integrations.endpoints import LONGEST
from tests.emulators.inside.apis.integrations.test_integrations import Api, template
from tests.serving import Quiet, serving


class Echo(Quiet, BaseHTTPRequestHandler):
    """A server that answers with what it gets, with the status that the path ends in."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        told = {"path": self.path, "kind": self.headers.get("X-Kind"), "body": body, "host": self.headers["Host"]}
        status = self.path.partition("?")[0].rpartition("/")[2]
        answer = json.dumps(told).encode()
        self.send_response(int(status) if len(status) == 3 else 200)
        self.send_header("Content-Type", "application/echo")
        self.send_header("Location", "http://example.com/")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST  # noqa: N815


@pytest.fixture(scope="module")
def server():
    """The address of a server."""
    with serving(Echo) as endpoint:
        yield endpoint


@pytest.fixture
def api(clients, embedded):
    return Api(clients, embedded.endpoint)


def http(uri, **more):
    return {"integrationHttpMethod": "POST", "uri": uri, **more}


def test_proxy_passes_on_the_request_and_the_answer(api, server):
    mapped = {"integration.request.path.number": "method.request.path.id"}
    api.serve(http(f"{server}/cats/{{number}}", type="HTTP_PROXY", requestParameters=mapped))
    answer = api.post("meow", "/pets/418?age=3", **{"X-Kind": "cat"})
    assert (answer.status, answer.headers["content-type"]) == (418, "application/echo")
    told = answer.json()
    assert (told["path"], told["kind"], told["body"]) == ("/cats/418?age=3", "cat", "meow")
    assert told["host"] == server.removeprefix("http://")


def test_redirection_is_not_followed(api, server):
    api.serve(http(f"{server}/302", type="HTTP_PROXY"))
    answer = api.post()
    assert (answer.status, answer.headers["location"]) == (302, "http://example.com/")


def test_templates_make_the_request_and_the_answer(api, server):
    integration = http(
        f"{server}/cats/{{id}}",
        type="HTTP",
        requestTemplates={"application/json": """{"name": $input.json('$.pet')}"""},
        requestParameters={
            "integration.request.path.id": "method.request.path.id",
            "integration.request.header.X-Kind": "'cat'",
            "integration.request.querystring.age": "method.request.body.age",
        },
    )
    fine = template("""$input.json('$.kind') $input.path('$.path') $input.path('$.body')""")
    header = {"method.response.header.Kind": "integration.response.header.content-type"}
    other = template("", "404", selectionPattern="4..", responseParameters=header)
    api.serve(integration, fine, other)
    given = json.dumps({"pet": "Tom", "age": 3})
    assert api.post(given).text == '"cat" /cats/7?age=3 {"name": "Tom"}'
    answer = api.post(given, "/pets/404")
    assert (answer.status, answer.headers["kind"]) == (404, "application/echo")


@pytest.mark.parametrize("kind", ["HTTP", "HTTP_PROXY"])
@pytest.mark.parametrize(
    "uri",
    [
        "http://example.com/",
        "http://169.254.169.254/latest/meta-data",
        "http://10.0.0.1/",
        "http://localhost.example.com/",
        "http://localhost@example.com/",
        "http://example.com#@localhost/",
        "http://127.0.0.1:1/",
        "http://localhost:none/",
        "{endpoint}/_lab/calls",
        "{endpoint}//_lab/calls",
        "{endpoint}/%5Flab/calls",
        "{endpoint}/pets/../_lab/calls",
        "{endpoint}/./_lab/calls",
        "{endpoint}/_ministack/reset",
    ],
)
def test_other_hosts_and_the_administration_are_not_reached(api, embedded, uri, kind):
    api.serve(http(uri.replace("{endpoint}", embedded.endpoint), type=kind), {"statusCode": "200"})
    answer = api.post()
    assert (answer.status, answer.json()) == (504, {"message": "Network error communicating with endpoint"})


@pytest.mark.parametrize("kind", ["HTTP", "HTTP_PROXY"])
@pytest.mark.parametrize("uri", ["file:///etc/passwd", "ftp://localhost/", "x"])
def test_variable_that_names_no_server_leads_nowhere(api, uri, kind):
    api.serve(http("${stageVariables.where}", type=kind), {"statusCode": "200"})
    where = {"op": "replace", "path": "/variables/where", "value": uri}
    api.gateway.update_stage(restApiId=api.id, stageName="test", patchOperations=[where])
    answer = api.post()
    assert (answer.status, answer.json()) == (504, {"message": "Network error communicating with endpoint"})


@pytest.mark.parametrize("kind", ["HTTP", "HTTP_PROXY"])
def test_api_that_calls_itself_comes_to_an_end(api, embedded, kind):
    own = f"{embedded.endpoint}/_aws/execute-api/{api.id}/test/pets/7"
    api.serve(http(own, type=kind), template("$input.json('$')", "504", selectionPattern="504"), {"statusCode": "200"})
    started = time.monotonic()
    answer = api.post("x", **{"x-lab-hops": "-3"})
    assert (answer.status, answer.json()) == (504, {"message": "Endpoint request timed out"})
    assert time.monotonic() - started < LONGEST / 2


def test_apis_may_call_one_another(api, embedded, clients, server):
    behind = Api(clients, embedded.endpoint)
    behind.serve(http(f"{server}/cats", type="HTTP_PROXY"))
    api.serve(http(f"{embedded.endpoint}/_aws/execute-api/{behind.id}/test/pets/7", type="HTTP_PROXY"))
    assert [api.post("meow").json()["body"] for _ in range(20)] == ["meow"] * 20


@pytest.fixture
def http_api(clients, embedded):
    """Asks an HTTP API with this integration for `/cats`."""
    gateway = clients["apigatewayv2"]

    def ask(uri):
        made = gateway.create_api(Name="http", ProtocolType="HTTP")["ApiId"]
        integration = gateway.create_integration(
            ApiId=made, IntegrationType="HTTP_PROXY", IntegrationUri=uri, IntegrationMethod="ANY",
            PayloadFormatVersion="1.0",
        )["IntegrationId"]  # fmt: skip
        gateway.create_route(ApiId=made, RouteKey="ANY /{proxy+}", Target=f"integrations/{integration}")
        gateway.create_stage(ApiId=made, StageName="$default", AutoDeploy=True)
        return Http(embedded.endpoint).api(made, "$default", "POST", "/cats?age=3&age=4", "meow")

    return ask


def test_http_api_passes_on_to_a_server_on_this_machine(http_api, server):
    told = http_api(server).json()
    assert (told["path"], told["body"]) == ("/cats?age=3&age=4", "meow")


@pytest.mark.parametrize("uri", ["http://example.com", "http://10.0.0.1", "{endpoint}/_lab", "{endpoint}/_ministack"])
def test_http_api_reaches_no_other_host_and_not_the_administration(http_api, embedded, uri):
    answer = http_api(uri.replace("{endpoint}", embedded.endpoint))
    assert (answer.status, answer.json()) == (503, {"message": "Service Unavailable"})


def test_http_api_reads_no_file(http_api, tmp_path):
    (tmp_path / "cats").write_text("secret", encoding="utf-8")
    answer = http_api(tmp_path.as_uri())
    assert (answer.status, "secret" in answer.text) == (503, False)
