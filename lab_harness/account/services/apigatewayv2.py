"""API Gateway's HTTP APIs. Several may share a name; all of that name go."""

from lab_harness.account.service import Part, Row, Rows, Service
from lab_harness.account.services.apigateway import APIS
from lab_harness.answers import pages
from lab_harness.aws import Clients


def _delete_api(clients: Clients, name: str) -> bool:
    if not clients.emulator.supports("apigatewayv2"):
        return False
    gateway = clients["apigatewayv2"]
    ids = [each["ApiId"] for each in pages(gateway, "get_apis", "Items") if each.get("Name") == name]
    for api_id in ids:
        gateway.delete_api(ApiId=api_id)
    return bool(ids)


def _rows(clients: Clients) -> Rows:
    gateway = clients["apigatewayv2"]
    for api in pages(gateway, "get_apis", "Items"):
        yield Row(Part.BUILT, api["ApiId"], api)
        for operation in ("get_routes", "get_integrations", "get_stages"):
            for each in pages(gateway, operation, "Items", ApiId=api["ApiId"]):
                yield Row(Part.BUILT, api["ApiId"], each)


SERVICE = Service(
    name="apigatewayv2",
    deleters={"AWS::ApiGatewayV2::Api": _delete_api},
    rows=_rows,
    configured=True,
    tabs=(APIS,),
)
