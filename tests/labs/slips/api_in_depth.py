"""Lab 12: its first half, and the second from its own file."""

import json

from .api_in_depth_more import SLIPS as MORE
from .slip import Slip

ARN = "arn:aws:{}:us-east-1:000000000000:{}"
JSON = "application/json"
FORM = "integration.request.header.Content-Type"


def hotel(clients):
    found = clients["apigateway"].get_rest_apis(limit=500)["items"]
    return next(each["id"] for each in found if each["name"] == "pet-hotel")


def method(clients, verb, path):
    """The arguments that name a method of pet-hotel."""
    api = hotel(clients)
    found = clients["apigateway"].get_resources(restApiId=api, limit=500)["items"]
    resource = next(each["id"] for each in found if each["path"] == path)
    return {"restApiId": api, "resourceId": resource, "httpMethod": verb}


def release(clients, stage="v2"):
    clients["apigateway"].create_deployment(restApiId=hotel(clients), stageName=stage)


def integrate(verb, path, deployed="v2", **settings):
    """The method's integration has other settings; its responses stay. What is None is left out."""

    def make(clients):
        gateway, place = clients["apigateway"], method(clients, verb, path)
        before = gateway.get_integration(**place)
        names = ("type", "uri", "credentials", "requestParameters", "requestTemplates")
        made = {name: before[name] for name in names if before.get(name)}
        made["integrationHttpMethod"] = before.get("httpMethod", "POST")
        made = {name: value for name, value in (made | settings).items() if value is not None}
        gateway.put_integration(**place, **made)
        for status, each in (before.get("integrationResponses") or {}).items():
            kept = {name: each[name] for name in ("responseTemplates", "selectionPattern") if each.get(name)}
            gateway.put_integration_response(**place, statusCode=status, **kept)
        if deployed:
            release(clients, deployed)

    return make


def template(verb, path, old, new):
    """The request template has another word."""

    def make(clients):
        before = clients["apigateway"].get_integration(**method(clients, verb, path))["requestTemplates"][JSON]
        assert old in before, before
        integrate(verb, path, requestTemplates={JSON: before.replace(old, new)})(clients)

    return make


def answer(verb, path, status, old, new):
    """The response template has another word."""

    def make(clients):
        gateway, place = clients["apigateway"], method(clients, verb, path)
        before = gateway.get_integration_response(**place, statusCode=status)["responseTemplates"][JSON]
        assert old in before, before
        templates = {JSON: before.replace(old, new)}
        gateway.put_integration_response(**place, statusCode=status, responseTemplates=templates)
        release(clients)

    return make


def stage(name, *operations):
    def make(clients):
        clients["apigateway"].update_stage(restApiId=hotel(clients), stageName=name, patchOperations=list(operations))

    return make


def replace(path, value):
    return {"op": "replace", "path": path, "value": value}


def permission(qualifier="v2", removed=True, **settings):
    """The permission for v2 is another."""

    def make(clients):
        about = {"FunctionName": "hotel-price", "StatementId": "pet-hotel"}
        clients["lambda"].remove_permission(**about, Qualifier="v2")
        source = ARN.format("execute-api", f"{hotel(clients)}/*/GET/price")
        may = {"Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com", "SourceArn": source}
        if qualifier:
            about["Qualifier"] = qualifier
        clients["lambda"].add_permission(**about, **may | settings)

    return make


def uri(ending):
    """GET /price calls something else, at all stages of the first sitting."""

    def make(clients):
        before = clients["apigateway"].get_integration(**method(clients, "GET", "/price"))["uri"]
        changed = before.replace(":${stageVariables.alias}", ending)
        integrate("GET", "/price", deployed=None, uri=changed)(clients)
        for name in ("v1", "v2"):
            release(clients, name)

    return make


def schema(change):
    """The model Booking is another."""

    def make(clients):
        gateway, about = clients["apigateway"], {"restApiId": hotel(clients), "modelName": "Booking"}
        changed = json.loads(gateway.get_model(**about)["schema"])
        change(changed)
        gateway.update_model(**about, patchOperations=[replace("/schema", json.dumps(changed))])
        release(clients)

    return make


def validator(**settings):
    """The validator looks at something else."""

    def make(clients):
        gateway, api = clients["apigateway"], hotel(clients)
        (found,) = gateway.get_request_validators(restApiId=api)["items"]
        changes = [replace(f"/{name}", value) for name, value in settings.items()]
        gateway.update_request_validator(restApiId=api, requestValidatorId=found["id"], patchOperations=changes)
        release(clients)

    return make


def refusal(kind, deployed=True, **settings):
    """A gateway response is another."""

    def make(clients):
        gateway, about = clients["apigateway"], {"restApiId": hotel(clients), "responseType": kind}
        gateway.delete_gateway_response(**about)
        if settings:
            gateway.put_gateway_response(**about, **settings)
        if deployed:
            release(clients)

    return make


SLIPS = {
    "aliases_may_be_called": [
        Slip("the function, not the alias", permission(""), "no permission", "Qualifier"),
        Slip("another method", permission(SourceArn=ARN.format("execute-api", "*/*/POST/price")), "permission for"),
        Slip("Lambda itself", permission(Principal="lambda.amazonaws.com"), "no permission"),
    ],
    "stages_have_their_price": [
        Slip("no alias", uri(""), "500", "a uri that names it"),
        Slip("another variable", uri(":${stageVariables.version}"), "500", "a uri that names it"),
        Slip("one alias for all", uri(":v2"), '"price"', "The stage v1 wants"),
    ],
    "prod_has_the_first_price": [
        Slip("v2 at once", stage("prod", replace("/variables/alias", "v2")), "alias that is v1"),
    ],
    "canary_gets_a_fifth": [
        Slip("a fraction", stage("prod", replace("/canarySettings/percentTraffic", "0.2")), "0.2"),
        Slip("no variable", stage(
            "prod", {"op": "remove", "path": "/canarySettings/stageVariableOverrides/alias"}), "alias"),
        Slip("no canary", stage("prod", {"op": "remove", "path": "/canarySettings"}), "0.0"),
    ],
    "bookings_start_stays": [
        Slip("no role", integrate("POST", "/bookings", credentials=None), "500", "refused meanwhile"),
        Slip("another action", integrate(
            "POST", "/bookings", uri="arn:aws:apigateway:us-east-1:states:action/StartExecutions"), "500"),
        Slip("the text is not escaped", template(
            "POST", "/bookings", "$util.escapeJavaScript($input.json('$'))", "$input.json('$')"), "201"),
        Slip("the wrong type", integrate("POST", "/bookings", requestTemplates={"text/plain": "{}"}), "201"),
    ],
    "bad_bookings_start_nothing": [
        Slip("any number", schema(lambda made: made["properties"]["nights"].update(type="number")), "201"),
        Slip("nothing is required", schema(lambda made: made.pop("required")), "201"),
        Slip("31 nights", schema(lambda made: made["properties"]["nights"].update(maximum=31)), "201"),
        Slip("parameters alone", validator(validateRequestBody="false", validateRequestParameters="true"), "201"),
    ],
    "guests_are_listed": [
        Slip("items", answer("GET", "/guests", "200", "$.Items", "$.items"), "#foreach"),
        Slip("no list", answer("GET", "/guests", "200", "[\n#foreach", "\n#foreach"), "#foreach"),
        Slip("with the types", answer("GET", "/guests", "200", "$item.pet.S", "$item.pet"), "{S="),
    ],
    "wishes_are_queued": [
        Slip("no header", integrate("POST", "/wishes", requestParameters=None), "header"),
        Slip("no quotes in the quotes", integrate(
            "POST", "/wishes", requestParameters={FORM: "application/x-www-form-urlencoded"}), "header"),
        Slip("another queue", integrate(
            "POST", "/wishes", uri="arn:aws:apigateway:us-east-1:sqs:path/000000000000/hotel-wish"), "hotel-wishes"),
    ],
    "visits_are_recorded": [
        Slip("not in base64", template(
            "PUT", "/visits/{pet}", "$util.base64Encode($input.json('$'))", "hello"), "base64"),
        Slip("another stream", template("PUT", "/visits/{pet}", "hotel-visits", "hotel-visit"), "no record"),
        Slip("pets", template("PUT", "/visits/{pet}", "params('pet')", "params('pets')"), "no record"),
    ],
    "menu_is_passed_on": [
        Slip("not mapped", integrate("GET", "/menu/{pet}", uri="http://127.0.0.1:9/{pet}.json"), "does not answer"),
        Slip("no proxy", integrate("GET", "/menu/{pet}", type="HTTP"), "500"),
    ],
    "refusals_say_why": [
        Slip("the message alone", refusal(
            "BAD_REQUEST_BODY",
            responseTemplates={JSON: '{"message": $context.error.messageString}'}), "validationErrorString"),
        Slip("no quotes", refusal(
            "BAD_REQUEST_BODY",
            responseTemplates={JSON: '{"problem": $context.error.validationErrorString}'}), "validationErrorString"),
        Slip("parameters", refusal("BAD_REQUEST_BODY"), "put_gateway_response"),
        Slip("one text for all", refusal(
            "BAD_REQUEST_BODY", responseTemplates={JSON: '{"problem": "nights: 1 to 30"}'}), "validationErrorString"),
    ],
    "unknown_paths_are_not_found": [
        Slip("403 still", refusal(
            "MISSING_AUTHENTICATION_TOKEN", responseTemplates={JSON: '{"message": "none"}'}), "403"),
        Slip("no JSON", refusal(
            "MISSING_AUTHENTICATION_TOKEN", statusCode="404", responseTemplates={JSON: "no page"}), "no page"),
    ],
}  # fmt: skip
SLIPS |= MORE
