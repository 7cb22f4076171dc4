"""Lab 12: its second half."""

import json

from .mistakes import both, edit, policy
from .slip import Slip


def hotel(clients):
    return next(
        each["id"] for each in clients["apigateway"].get_rest_apis(limit=500)["items"] if each["name"] == "pet-hotel"
    )


def chat(clients):
    return next(each["ApiId"] for each in clients["apigatewayv2"].get_apis()["Items"] if each["Name"] == "pet-chat")


def deploy(clients, stage="partners"):
    clients["apigateway"].create_deployment(restApiId=hotel(clients), stageName=stage)


def method(path, value, deployed=True):
    """The method has another authorization."""

    def make(clients):
        gateway = clients["apigateway"]
        found = gateway.get_resources(restApiId=hotel(clients), limit=500)["items"]
        about = {"resourceId": next(each["id"] for each in found if each["path"] == path), "httpMethod": "GET"}
        patch = [{"op": "replace", "path": "/authorizationType", "value": value}]
        gateway.update_method(restApiId=hotel(clients), **about, patchOperations=patch)
        if deployed:
            deploy(clients)

    return make


def stage(path, value):
    def make(clients):
        patch = [{"op": "replace", "path": path, "value": value}]
        clients["apigateway"].update_stage(restApiId=hotel(clients), stageName="partners", patchOperations=patch)

    return make


def api(**settings):
    return lambda clients: clients["apigatewayv2"].update_api(ApiId=chat(clients), **settings)


def trust_nobody(clients):
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": trust})
    clients["iam"].update_assume_role_policy(RoleName="hotel-staff", PolicyDocument=document)


def guard(old, new):
    """The authorizer's handler has another word, and nothing of the old one is kept."""

    def flush(clients):
        clients["apigateway"].flush_stage_authorizers_cache(restApiId=hotel(clients), stageName="partners")

    return both(edit("api_in_depth", "hotel_guard", old, new), flush)


def agencies(name, value):
    """The authorizer of the agencies has another setting, and is deployed so."""

    def make(clients):
        gateway, there = clients["apigateway"], {"restApiId": hotel(clients)}
        found = {each["name"]: each for each in gateway.get_authorizers(**there)["items"]}["agencies"]
        changed = value(found[name]) if callable(value) else value
        patch = [{"op": "replace", "path": f"/{name}", "value": changed}]
        gateway.update_authorizer(**there, authorizerId=found["id"], patchOperations=patch)
        deploy(clients)

    return make


def talk(old, new):
    return edit("api_in_depth", "pet_chat", old, new)


not_deployed = both(method("/staff", "NONE"), method("/staff", "AWS_IAM", deployed=False))
OFFERS, SEARCH = "/~1offers/GET/caching", "/~1search/GET/throttling"
SLIPS = {
    "strangers_get_401": [
        Slip("one of two", method("/me/bookings", "NONE"), "update_method"),
    ],
    "guests_are_known": [
        Slip("what was asked", guard('"Resource": guests', '"Resource": event["methodArn"]'), "kept for the token"),
        Slip("no context", guard('"context": {"guest": name},', ""), "context with guest"),
    ],
    "agencies_are_asked": [
        Slip("a token", agencies("type", "TOKEN"), "TOKEN", "the type"),
        Slip("the name alone", agencies("identitySource", "method.request.querystring.agency"), "both identity"),
    ],
    "agencies_are_known": [
        Slip("the guard's", agencies("authorizerUri", lambda uri: uri.replace("hotel-agencies", "hotel-guard")), "500"),
        Slip("another header", agencies("identitySource", "method.request.header.Agency-Key,"
             "method.request.querystring.agency"), "401", "both identity sources"),
    ],
    "staff_is_signed": [
        Slip("not deployed", not_deployed, "create_deployment"),
        Slip("nobody trusted", trust_nobody, "trust policy lets the account in"),
        Slip("another path", policy("hotel-staff", "GET/staff", "GET/Staff"), "Section 13"),
    ],
    "offers_are_cached": [
        Slip("no cluster", stage("/cacheClusterEnabled", "false"), "none", "Section 14"),
        Slip("300 seconds", stage(f"{OFFERS}/ttlInSeconds", "300"), "300"),
        Slip("all methods", stage("/~1search/GET/caching/enabled", "true"), "the path of the setting names the method"),
    ],
    "staff_renew_offers": [
        Slip("a warning", stage(f"{OFFERS}/unauthorizedCacheControlHeaderStrategy", "SUCCEED_WITH_RESPONSE_HEADER"),
             "Section 14"),
        Slip("another action", policy("hotel-staff", "InvalidateCache", "Invoke"), "Section 14"),
    ],
    "searches_are_throttled": [
        Slip("swapped", both(stage(f"{SEARCH}/rateLimit", "2"), stage(f"{SEARCH}/burstLimit", "1")), "throttlingRate"),
    ],
    "chat_calls_function": [
        Slip("an s", api(Name="pets-chat"), "pets-chat"),
    ],
    "strangers_stay_out_of_chat": [
        Slip("let in", talk('{"statusCode": 401}', '{"statusCode": 200}'), "a statusCode other than 200"),
    ],
    "connections_are_kept": [
        Slip("another name", talk('"name": name}', '"names": name}'), "connectionId and name"),
        Slip("never deleted", talk("table.delete_item(Key={\"connectionId\": me})", "pass"), "deletes the row"),
    ],
    "everybody_hears": [
        Slip("may not", policy("pet-chat-role", "ManageConnections", "Invoke"), "execute-api:ManageConnections"),
    ],
    "gone_are_removed": [
        Slip("kept", talk("table.delete_item(Key={\"connectionId\": to})", "pass"), "delete the row"),
    ],
}  # fmt: skip
