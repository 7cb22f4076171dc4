"""Tests for the tab of API Gateway's APIs."""

from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest

from lab_harness import load_lab
from lab_harness.authors.api_gateway import http_apis, rest_apis
from lab_harness.notebook.console.addresses import api_address, site_address
from lab_harness.render.blocks import Link

from .helpers import HOSTILE, Partly, Refusing, look, rows, words

LABS = ["pets_api", "web_app"]


@pytest.fixture
def gateway(account):
    """A client; the REST APIs that the tests create are deleted afterwards."""
    client = account["apigateway"]
    yield client
    for api_id, name in rest_apis(client):
        if name in ("PetStore", "pet-shop-rest", "Another", HOSTILE):
            client.delete_rest_api(restApiId=api_id)


def mock(gateway, api_id, verb, deploy=True):
    """Let API Gateway itself answer a method of an API's root."""
    root = next(each["id"] for each in gateway.get_resources(restApiId=api_id)["items"] if each["path"] == "/")
    method = {"restApiId": api_id, "resourceId": root, "httpMethod": verb}
    gateway.put_method(**method, authorizationType="NONE")
    gateway.put_integration(**method, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    if deploy:
        gateway.create_deployment(restApiId=api_id, stageName="prod")


def shown(clients, lab="pets_api"):
    return rows(look(lab, "apis", clients)[0])


def test_each_route_says_where_it_leads_and_its_address_answers(account, gateway):
    load_lab("pets_api").solve(account)
    routes = {(row["method"], row["path"]): row for row in shown(account)}
    assert routes["GET", "/"]["leads to"] == "MOCK"
    assert routes["GET", "/pets"]["leads to"] == "Lambda pet-store"
    assert {(row["API"], row["kind"], row["stage"]) for row in routes.values()} == {("PetStore", "REST", "prod")}
    address = routes["GET", "/pets"]["address"]
    assert address.startswith(f"{account.emulator.endpoint}/")
    assert account["http"].request("GET", urlsplit(address).path).status == 200


def test_only_an_address_that_a_browser_can_follow_is_a_link(account, gateway):
    load_lab("pets_api").solve(account)
    links = {(row["method"], row["path"]) for row in shown(account) if isinstance(row["address"], Link)}
    assert links == {("GET", "/"), ("GET", "/pets")}


def test_http_apis_are_shown_where_the_emulator_has_them(account, gateway):
    load_lab("web_app").solve(account)
    rest, http = look("web_app", "apis", account)
    assert {row["API"] for row in rows(rest)} == {"pet-shop-rest"}
    if not account.emulator.supports("apigatewayv2"):
        assert words([http]) == ["HTTP APIs", f"The emulator {account.emulator.name} has none."]
        return
    route = next(row for row in rows(http) if (row["method"], row["path"]) == ("GET", "/items"))
    assert (route["API"], route["kind"], route["stage"], route["leads to"]) == (
        "pet-shop",
        "HTTP",
        "$default",
        "Lambda pet-shop-items",
    )
    assert account["http"].request("GET", urlsplit(route["address"]).path).status == 200
    [api_id] = [api_id for api_id, name in http_apis(account["apigatewayv2"]) if name == "pet-shop"]
    assert urlsplit(route["address"]).path == f"/_aws/execute-api/{api_id}/items"


def test_emulator_without_http_apis_says_so_and_shows_the_rest(account, gateway):
    gateway.create_rest_api(name="pet-shop-rest")
    lacking = SimpleNamespace(name="localstack", endpoint="http://127.0.0.1:4566", supports=lambda service: False)
    lacking.supports = "apigateway".__eq__
    rest, http = look("web_app", "apis", Partly(account, emulator=lacking))
    assert "pet-shop-rest" in words([rest])
    assert words([http]) == ["HTTP APIs", "The emulator localstack has none."]


def test_api_without_routes_without_a_stage_and_with_a_new_route_say_so(account, gateway):
    api_id = gateway.create_rest_api(name="PetStore")["id"]
    [row] = shown(account)
    assert (row["stage"], row["leads to"]) == ("none", "no routes yet")
    mock(gateway, api_id, "GET", deploy=False)
    [row] = shown(account)
    assert (row["stage"], row["address"]) == ("none", "not deployed")
    gateway.create_deployment(restApiId=api_id, stageName="prod")
    mock(gateway, api_id, "POST", deploy=False)
    addresses = {row["method"]: row["address"] for row in shown(account)}
    assert addresses["GET"].endswith("/prod/")
    # LocalStack does not tell what is in a deployment.
    tells = account.emulator.name == "embedded"
    assert addresses["POST"] == ("not deployed since it was made" if tells else addresses["GET"])


def test_method_without_an_integration_leads_to_nothing(account, gateway):
    api_id = gateway.create_rest_api(name="PetStore")["id"]
    root = gateway.get_resources(restApiId=api_id)["items"][0]["id"]
    gateway.put_method(restApiId=api_id, resourceId=root, httpMethod="GET", authorizationType="NONE")
    assert [row["leads to"] for row in shown(account)] == ["nothing"]


def test_labs_apis_come_first_also_where_two_have_one_name(account, gateway):
    for name in ("Another", "PetStore", "PetStore"):
        mock(gateway, gateway.create_rest_api(name=name)["id"], "GET")
    assert [row["API"] for row in shown(account)] == ["PetStore", "PetStore", "Another"]


def test_names_are_escaped(account, gateway):
    gateway.create_rest_api(name=HOSTILE)
    [table] = look("pets_api", "apis", account)
    assert HOSTILE in words([table])
    assert "<img" not in table.html()


def test_api_that_is_deleted_meanwhile_is_left_out(account, gateway):
    mock(gateway, gateway.create_rest_api(name="PetStore")["id"], "GET")
    gone = Partly(account, apigateway=Refusing(gateway, "get_resources", "NotFoundException"))
    assert words(look("pets_api", "apis", gone))[0] == "REST APIs"
    assert shown(gone) == []


def test_addresses_are_those_of_this_machine():
    assert api_address("http://127.0.0.1:4566", "a1", "prod", "/pets") == (
        "http://127.0.0.1:4566/_aws/execute-api/a1/prod/pets"
    )
    assert api_address("http://localstack:4566", "a1", "$default", "/") == "http://localhost:4566/_aws/execute-api/a1/"
    assert api_address("http://localhost.localstack.cloud:4566", "a1", "v1", "/") == (
        "http://localhost.localstack.cloud:4566/_aws/execute-api/a1/v1/"
    )
    assert site_address("http://localstack:4566", "a-site") == "http://a-site.s3-website.localhost:4566/"
    assert site_address("http://127.0.0.1", "a-site") == "http://a-site.s3-website.localhost/"
