"""Lab 06."""

import json

from .mistakes import edit, policy, rebuild_table, rename_function, settings
from .slip import Slip

FUNCTION, TABLE, ROLE, BUCKET = "pet-shop-items", "PetShopItems", "pet-shop-items-role", "pet-shop-site-000000000000"
HERE = "arn:aws:execute-api:us-east-1:000000000000:"


def handler(old, new):
    return edit("web_app", "pet_shop_items", old, new)


def http_api(clients):
    return next(api["ApiId"] for api in clients["apigatewayv2"].get_apis()["Items"] if api["Name"] == "pet-shop")


def rest_api(clients):
    found = clients["apigateway"].get_rest_apis()["items"]
    return next(api["id"] for api in found if api["name"] == "pet-shop-rest")


def update_api(**changed):
    return lambda clients: clients["apigatewayv2"].update_api(ApiId=http_api(clients), **changed)


def rename_route(old, new):
    """A route has another key; without one it was forgotten."""

    def make(clients):
        gateway, api = clients["apigatewayv2"], http_api(clients)
        route = next(each for each in gateway.get_routes(ApiId=api)["Items"] if each["RouteKey"] == old)
        gateway.delete_route(ApiId=api, RouteId=route["RouteId"])
        if new:
            gateway.create_route(ApiId=api, RouteKey=new, Target=route["Target"])

    return make


def stage_goes(clients):
    clients["apigatewayv2"].delete_stage(ApiId=http_api(clients), StageName="$default")


def permission(statement, api=None, source=HERE + "{api}/*"):
    """A statement of the function's policy is for another source; without an API it was forgotten."""

    def make(clients):
        clients["lambda"].remove_permission(FunctionName=FUNCTION, StatementId=statement)
        if api:
            clients["lambda"].add_permission(
                FunctionName=FUNCTION,
                StatementId=statement,
                Action="lambda:InvokeFunction",
                Principal="apigateway.amazonaws.com",
                SourceArn=source.format(api=api(clients)),
            )

    return make


def cors(**changed):
    def make(clients):
        found = clients["apigatewayv2"].get_api(ApiId=http_api(clients))["CorsConfiguration"]
        update_api(CorsConfiguration=found | changed)(clients)

    return make


def method_goes(path, verb):
    def make(clients):
        gateway, api = clients["apigateway"], rest_api(clients)
        resources = gateway.get_resources(restApiId=api)["items"]
        place = next(each["id"] for each in resources if each["path"] == path)
        gateway.delete_method(restApiId=api, resourceId=place, httpMethod=verb)
        gateway.create_deployment(restApiId=api, stageName="prod")

    return make


def block(*names):
    def make(clients):
        blocks = dict.fromkeys(names, True)
        clients["s3"].put_public_access_block(Bucket=BUCKET, PublicAccessBlockConfiguration=blocks)

    return make


def bucket_policy(**changed):
    def make(clients):
        everyone = {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{BUCKET}/*",
        }
        document = {"Version": "2012-10-17", "Statement": [everyone | changed]}
        clients["s3"].put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(document))

    return make


def no_policy(clients):
    clients["s3"].delete_bucket_policy(Bucket=BUCKET)


def upload(key, **changed):
    """A file of the site was uploaded otherwise, or under another key."""

    def make(clients):
        found = clients["s3"].get_object(Bucket=BUCKET, Key=key)
        clients["s3"].delete_object(Bucket=BUCKET, Key=key)
        about = {"Key": key, "ContentType": found["ContentType"], "CacheControl": found["CacheControl"]} | changed
        body = about.pop("Body", None) or found["Body"].read()
        clients["s3"].put_object(Bucket=BUCKET, Body=body, **{name: value for name, value in about.items() if value})

    return make


SLIPS = {
    "table_exists": [
        Slip("another name", rebuild_table(TABLE, "PetShopItem"), "PetShopItem is nearly"),
        Slip("Id", rebuild_table(TABLE, rename=str.title), "Id (HASH, S)"),
    ],
    "role_allows_the_work": [
        Slip("no Scan", policy(ROLE, ', "dynamodb:Scan"', ""), "dynamodb:Scan on PetShopItems"),
        Slip("objects", policy(ROLE, "table/PetShopItems", "table/PetShopItems/*"), "PetShopItems/* only"),
    ],
    "function_exists": [
        Slip("one item", rename_function(FUNCTION, "pet-shop-item"), "pet-shop-item is nearly"),
    ],
    "function_times_out": [
        Slip("the default", settings(FUNCTION, Timeout=3), "Correct Timeout"),
    ],
    "api_is_deployed": [
        Slip("another name", update_api(Name="petshop"), "petshop is nearly pet-shop"),
        Slip("no stage", stage_goes, "create_stage"),
    ],
    "routes_reach_function": [
        Slip(
            "another parameter", rename_route("GET /items/{id}", "GET /item/{id}"), "GET /items/{id} leads to nothing"
        ),
        Slip("another method", rename_route("PUT /items", "POST /items"), "PUT /items leads to nothing"),
    ],
    "api_may_invoke": [
        Slip("forgotten", permission("http-api"), "Section 5 shows add_permission"),
        Slip(
            "a stage of a REST API", permission("http-api", http_api, HERE + "{api}/prod/*"), "does not fit all of that"
        ),
    ],
    "put_writes_the_item": [
        Slip("another method", handler('"PUT /items"', '"POST /items"'), "DeleteItem was given a Key"),
        Slip("the price a text", handler('"price": price}', '"price": str(price)}'), "the price as a number"),
        Slip("another table", handler('"PetShopItems"', '"PetShopItem"'), "does not allow dynamodb:PutItem"),
        Slip("a REST API's event", handler('event.get("routeKey") or ', ""), "Nothing is called 'httpMethod'"),
    ],
    "items_are_listed": [
        Slip(
            "all that scan tells", handler("all_items())", "table.scan())"), "how the handler finds it, and what it ans"
        ),
    ],
    "item_is_found": [
        Slip("all of the answer", handler('get_item(Key=key).get("Item")', "get_item(Key=key)"), "what it answers"),
        Slip("another place", handler('"pathParameters"', '"queryStringParameters"'), "GetItem was given a Key"),
    ],
    "unknown_id_is_404": [
        Slip("always found", handler("answer(200, item) if item else", "answer(200, item) if True else"), "no item"),
    ],
    "bad_body_is_400": [
        Slip("below zero", handler(" or price < 0", ""), "answer 400 to any other before you write"),
    ],
    "api_allows_the_site": [
        Slip("another origin", cors(AllowOrigins=["https://example.com"]), "letter by letter"),
        Slip("no header", cors(AllowHeaders=[]), "Access-Control-Allow-Headers", never=["letter by letter"]),
        Slip("no DELETE", cors(AllowMethods=["GET", "PUT"]), "Access-Control-Allow-Methods"),
    ],
    "methods_reach_function": [
        Slip("forgotten", method_goes("/items/{id}", "DELETE"), "Nothing takes DELETE /items/{id}"),
    ],
    "rest_api_may_invoke": [
        Slip("forgotten", permission("rest-api"), "add_permission"),
    ],
    "rest_api_allows_the_site": [
        Slip(
            "forgotten", method_goes("/items", "OPTIONS"), "No method of what is deployed", never=["letter by letter"]
        ),
    ],
    "everyone_may_read": [
        Slip("forgotten", no_policy, "the policy none", "what keeps a new bucket private"),
        Slip("one block is left", block("RestrictPublicBuckets"), "RestrictPublicBuckets overrules the policy"),
        Slip("everything", bucket_policy(Action="s3:*"), "Everyone may do more than read"),
        Slip("the account", bucket_policy(Principal={"AWS": "arn:aws:iam::000000000000:root"}), 'the Principal "*"'),
    ],
    "page_is_served": [
        Slip("no type", upload("index.html", ContentType=""), "application/octet-stream", "is uploaded with"),
        Slip("a capital", upload("config.js", Key="Config.js"), "Nothing has the key of /config.js"),
        Slip("in a folder", upload("index.html", Key="site/index.html"), "Nothing has the key of /"),
    ],
    "files_are_asked_for": [
        Slip("forgotten", upload("config.js", CacheControl=""), "CacheControl none", "no-cache"),
    ],
    "page_points_at_api": [
        Slip("the path alone", upload("config.js", Body=b'window.API_URL = "/items";'), "config.js, which index.html"),
    ],
}
