"""Lab 05."""

from .mistakes import both, edit, rename_function
from .slip import Slip

API, FUNCTION = "PetStore", "pet-store"


def handler(old, new):
    return edit("pets_api", "pet_store", old, new)


def named(items, name):
    return next(each for each in items if each["name"] == name)


def api_id(clients):
    return named(clients["apigateway"].get_rest_apis()["items"], API)["id"]


def method(clients, path, verb):
    api = api_id(clients)
    found = clients["apigateway"].get_resources(restApiId=api)["items"]
    resource = next(each["id"] for each in found if each["path"] == path)
    return {"restApiId": api, "resourceId": resource, "httpMethod": verb}


def deploy(clients):
    clients["apigateway"].create_deployment(restApiId=api_id(clients), stageName="prod")


def rename_api(clients):
    patch = [{"op": "replace", "path": "/name", "value": "Petstore"}]
    clients["apigateway"].update_rest_api(restApiId=api_id(clients), patchOperations=patch)


def change_method(path, verb, asks, deployed=True):
    """The method asks for a key, or does not."""

    def make(clients):
        patch = [{"op": "replace", "path": "/apiKeyRequired", "value": asks}]
        clients["apigateway"].update_method(**method(clients, path, verb), patchOperations=patch)
        if deployed:
            deploy(clients)

    return make


def integrate(path, verb, **settings):
    """The method's integration is another."""

    def make(clients):
        gateway, place = clients["apigateway"], method(clients, path, verb)
        before = gateway.get_integration(**place)
        made = {name: before[name] for name in ("type", "uri") if name in before} | {"integrationHttpMethod": "POST"}
        gateway.put_integration(**place, **made | settings)
        deploy(clients)

    return make


def to_function(name):
    def make(clients):
        uri = clients["apigateway"].get_integration(**method(clients, "/pets", "GET"))["uri"]
        integrate("/pets", "GET", uri=uri.replace("pet-store", name))(clients)

    return make


def page(**settings):
    """The integration response of the page is another."""

    def make(clients):
        gateway, place = clients["apigateway"], method(clients, "/", "GET")
        before = gateway.get_integration_response(**place, statusCode="200")
        kept = {name: before[name] for name in ("responseParameters", "responseTemplates") if before.get(name)}
        gateway.put_integration_response(**place, **{"statusCode": "200"} | kept | settings)
        deploy(clients)

    return make


def permission(source=None):
    """The function's permission is for another source; without one it was forgotten."""

    def make(clients):
        clients["lambda"].remove_permission(FunctionName=FUNCTION, StatementId="pet-store-api")
        if source:
            clients["lambda"].add_permission(
                FunctionName=FUNCTION,
                StatementId="pet-store-api",
                Action="lambda:InvokeFunction",
                Principal="apigateway.amazonaws.com",
                SourceArn=source.format(api=api_id(clients)),
            )

    return make


def plan(path, value, op="replace"):
    def make(clients):
        gateway = clients["apigateway"]
        id_ = named(gateway.get_usage_plans()["items"], "basic")["id"]
        patch = [{"op": op, "path": path, "value": value.format(api=api_id(clients))}]
        gateway.update_usage_plan(usagePlanId=id_, patchOperations=patch)

    return make


def key(path, value):
    def make(clients):
        gateway = clients["apigateway"]
        id_ = named(gateway.get_api_keys()["items"], "pet-store-key")["id"]
        gateway.update_api_key(apiKey=id_, patchOperations=[{"op": "replace", "path": path, "value": value}])

    return make


def key_not_joined(clients):
    gateway = clients["apigateway"]
    id_ = named(gateway.get_usage_plans()["items"], "basic")["id"]
    for each in gateway.get_usage_plan_keys(usagePlanId=id_)["items"]:
        gateway.delete_usage_plan_key(usagePlanId=id_, keyId=each["id"])


def another_stage(clients):
    """The stage is called Prod; so the plan must let go of the other one first."""
    plan("/apiStages", "{api}:prod", "remove")(clients)
    clients["apigateway"].delete_stage(restApiId=api_id(clients), stageName="prod")
    clients["apigateway"].create_deployment(restApiId=api_id(clients), stageName="Prod")


def no_pet_by_id(clients):
    place = method(clients, "/pets/{petId}", "GET")
    clients["apigateway"].delete_resource(restApiId=place["restApiId"], resourceId=place["resourceId"])


asks_since_the_deployment = both(
    change_method("/pets", "POST", "false"), change_method("/pets", "POST", "true", deployed=False)
)
HERE = "arn:aws:execute-api:us-east-1:000000000000:"
SLIPS = {
    "api_exists": [
        Slip("a small letter", rename_api, "Petstore is nearly PetStore"),
    ],
    "api_is_deployed": [
        Slip("a capital", another_stage, "Prod is nearly prod"),
    ],
    "page_is_served": [
        Slip("no header", page(responseParameters={}), "not as text/html"),
        Slip(
            "nothing in it", page(responseTemplates={"application/json": ""}), "the template that is the answer's body"
        ),
        Slip("text", page(responseTemplates={"application/json": "Welcome"}), "the template that is the answer's body"),
    ],
    "function_exists": [
        Slip("underscore", rename_function(FUNCTION, "pet_store"), "pet_store is nearly pet-store"),
    ],
    "routes_use_function": [
        Slip("nearly this function", to_function("pets-store"), "pets-store is nearly pet-store"),
        Slip("no proxy", integrate("/pets", "GET", type="AWS"), "GET /pets with AWS arn"),
        Slip("sent as GET", integrate("/pets", "GET", integrationHttpMethod="GET"), "Lambda knows only POST"),
        Slip("no path for one pet", no_pet_by_id, "GET /pets/1 with no method"),
    ],
    "api_may_invoke": [
        Slip("forgotten", permission(), "no permission for apigateway.amazonaws.com", "add_permission"),
        Slip("another region", permission(HERE.replace("us-", "eu-") + "{api}/*"), "does not fit all of that"),
        Slip("one method", permission(HERE + "{api}/*/GET/pets"), "does not fit all of that"),
        Slip("any API", permission(HERE + "*/*"), "lets others in, too"),
    ],
    "pets_are_listed": [
        Slip("the body no text", handler("json.dumps(body)", "body"), "the body as text"),
        Slip(
            "an HTTP API's event", handler('event["httpMethod"]', 'event["routeKey"]'), "Nothing is called 'routeKey'"
        ),
        Slip("a key for all", change_method("/pets", "GET", "true"), "Only POST /pets asks for a key"),
    ],
    "plan_has_limits": [
        Slip("a month", plan("/quota/period", "MONTH"), "quota 100 a MONTH", "Correct throttle"),
    ],
    "plan_covers_stage": [
        Slip("forgotten", plan("/apiStages", "{api}:prod", "remove"), "update_usage_plan adds one"),
    ],
    "key_is_enabled": [
        Slip("another name", key("/name", "petstore-key"), "petstore-key is nearly pet-store-key"),
        Slip("switched off", key("/enabled", "false"), "Correct enabled"),
    ],
    "key_is_in_plan": [
        Slip("forgotten", key_not_joined, "create_usage_plan_key joins a key to a plan"),
    ],
    "post_asks_for_key": [
        Slip("forgotten", change_method("/pets", "POST", "false"), "put_method takes apiKeyRequired"),
        Slip("not deployed", asks_since_the_deployment, "create_deployment once more"),
    ],
}
