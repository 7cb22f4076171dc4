"""Checks for the lab web_app: two APIs over one function and its table, and the site that uses one of them."""

import re
from functools import partial
from urllib.parse import urlsplit

from lab_harness.authors import (
    Failure,
    api_gateway,
    check,
    customers,
    expect,
    expect_api,
    no_witness,
    policies,
    standard_checks,
)

from . import probes
from .probes import FUNCTION, TABLE

ROLE = "pet-shop-items-role"
HTTP_API, REST_API, BUCKET = "pet-shop", "pet-shop-rest", "pet-shop-site-000000000000"
SITE_HOST = f"{BUCKET}.s3-website.localhost"
ROUTES = (("GET", "/items"), ("PUT", "/items"), ("GET", "/items/{id}"), ("DELETE", "/items/{id}"))
TABLE_ARN = policies.arn("dynamodb", f"table/{TABLE}")
# What the handler does with the table: of actions that stand together any one will do.
WORK = (
    ("dynamodb:PutItem", "dynamodb:UpdateItem"), ("dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"),
    "dynamodb:Scan", "dynamodb:DeleteItem",
)  # fmt: skip
NEEDED = [(actions, TABLE_ARN) for actions in WORK]
PERMISSION = "Section 5 shows add_permission with the SourceArn of an API; remove_permission takes one away."
DEPLOY_AGAIN = "A stage serves what was deployed to it: create_deployment once more, for the same stage."


table_exists = standard_checks.table_exists(TABLE, "id", "The cell of section 1 creates it.", task="table")
table_is_on_demand = standard_checks.table_is_on_demand(TABLE, task="table", needs=table_exists)
role_exists = standard_checks.role_exists(ROLE, "The cell of section 2 creates it.", task="role")
role_trusts_lambda = standard_checks.role_trusts_lambda(ROLE, task="role", needs=role_exists)


role_allows_the_work = standard_checks.role_permits(
    "The role may do the handler's work, and log",
    ROLE,
    NEEDED,
    [FUNCTION],
    "Section 2 lists what the handler does.",
    task="role",
    needs=role_exists,
)
role_is_least_privilege = standard_checks.role_is_least_privilege(
    ROLE, [*NEEDED, ("dynamodb:DescribeTable", TABLE_ARN)], task="role", needs=role_allows_the_work
)
function_exists = standard_checks.function_exists(
    FUNCTION, "Section 4 of the notebook asks for create_function.", task="function"
)
function_times_out = standard_checks.function_times_out(FUNCTION, 10, task="function", needs=function_exists)
function_uses_role = standard_checks.function_uses_role(
    FUNCTION, ROLE, task="function", needs=(function_exists, role_exists)
)


@check("There is one HTTP API pet-shop, with a stage", task="api")
def api_is_deployed(apigatewayv2):
    expect_api.stage(http_api(apigatewayv2), "Section 5 shows create_stage; update_stage changes AutoDeploy.")


@check("The HTTP API's four routes lead to the function", task="api", needs=(api_is_deployed, function_exists))
def routes_reach_function(apigatewayv2):
    next_step = "Section 5 shows create_integration and, with its Target, create_route."
    expect_api.routes(http_api(apigatewayv2), ROUTES, FUNCTION, next_step)


@check("The HTTP API may invoke the function", task="api", needs=(api_is_deployed, function_exists))
def api_may_invoke(lambda_, apigatewayv2):
    expect_api.invocation(http_api(apigatewayv2), ROUTES, lambda_, FUNCTION, PERMISSION)


@check("PUT /items writes the item to the table", task="handler", needs=(table_exists, routes_reach_function))
def put_writes_the_item(http, apigatewayv2, dynamodb, logs, witness=no_witness):
    probes.put(partial(http_api(apigatewayv2).ask, http), dynamodb, logs, witness, again=False)


@check("PUT /items replaces the item of the same id", task="handler", needs=put_writes_the_item)
def put_replaces_the_item(http, apigatewayv2, dynamodb, logs, witness=no_witness):
    probes.put(partial(http_api(apigatewayv2).ask, http), dynamodb, logs, witness, again=True)


@check("GET /items lists what is in the table", task="handler", needs=put_writes_the_item)
def items_are_listed(http, apigatewayv2, dynamodb, logs):
    probes.get(partial(http_api(apigatewayv2).ask, http), dynamodb, logs, listed=True)


@check("GET /items/{id} answers with the item of that id", task="handler", needs=items_are_listed)
def item_is_found(http, apigatewayv2, dynamodb, logs):
    probes.get(partial(http_api(apigatewayv2).ask, http), dynamodb, logs, listed=False)


@check("DELETE /items/{id} removes the item from the table", task="handler", needs=put_writes_the_item)
def item_is_deleted(http, apigatewayv2, dynamodb, logs, witness=no_witness):
    probes.delete(partial(http_api(apigatewayv2).ask, http), dynamodb, logs, witness)


@check("An unknown id is answered with 404", task="handler", needs=put_writes_the_item)
def unknown_id_is_404(http, apigatewayv2, dynamodb, logs):
    probes.unknown_id(partial(http_api(apigatewayv2).ask, http), dynamodb, logs)


@check("A bad body is answered with 400, and not written", task="handler", needs=put_writes_the_item)
def bad_body_is_400(http, apigatewayv2, dynamodb, logs):
    probes.bad_bodies(partial(http_api(apigatewayv2).ask, http), dynamodb, logs)


@check("The HTTP API allows requests from the site", task="cors", needs=(routes_reach_function, items_are_listed))
def api_allows_the_site(http, apigatewayv2, s3):
    next_step = "Section 6 shows a CorsConfiguration, which update_api gives to the API."
    expect_site_allowed(partial(http_api(apigatewayv2).ask, http), s3, next_step)


@check("There is one REST API pet-shop-rest, with a stage", task="rest_api")
def rest_api_is_deployed(apigateway):
    expect_api.stage(rest_api(apigateway), "Section 7 shows create_deployment, which comes after all else.")


@check("The REST API's methods lead to the function", task="rest_api", needs=(rest_api_is_deployed, function_exists))
def methods_reach_function(apigateway):
    next_step = "Section 7 shows put_method and put_integration, which each method of each resource needs."
    expect_api.routes(rest_api(apigateway), ROUTES, FUNCTION, next_step)


@check("The REST API may invoke the function", task="rest_api", needs=(rest_api_is_deployed, function_exists))
def rest_api_may_invoke(lambda_, apigateway):
    expect_api.invocation(rest_api(apigateway), ROUTES, lambda_, FUNCTION, PERMISSION)


@check("The REST API serves the items, too", task="rest_api", needs=(table_exists, methods_reach_function),
       after=(put_replaces_the_item, item_is_found, item_is_deleted))  # fmt: skip
def rest_api_serves_items(http, apigateway, dynamodb, logs, witness=no_witness):
    api = rest_api(apigateway)
    ask, requests = partial(api.ask, http), [("GET", "/items"), ("PUT", "/items")]
    expect_api.served(api, http, requests, FUNCTION, DEPLOY_AGAIN, witness=witness)
    for each in (False, True):
        probes.put(ask, dynamodb, logs, witness, again=each)
        probes.get(ask, dynamodb, logs, listed=each)
    probes.delete(ask, dynamodb, logs, witness)


@check("The REST API answers 404 and 400 where it must", task="rest_api", needs=rest_api_serves_items,
       after=(unknown_id_is_404, bad_body_is_400))  # fmt: skip
def rest_api_refuses(http, apigateway, dynamodb, logs):
    ask = partial(rest_api(apigateway).ask, http)
    probes.unknown_id(ask, dynamodb, logs)
    probes.bad_bodies(ask, dynamodb, logs)


@check("The REST API allows requests from the site", task="rest_api", needs=rest_api_serves_items,
       after=unknown_id_is_404)  # fmt: skip
def rest_api_allows_the_site(http, apigateway, s3):
    next_step = "Section 7 says who answers OPTIONS and who sets the other headers; deploy again after a change."
    expect_site_allowed(partial(rest_api(apigateway).ask, http), s3, next_step)


@check("The bucket pet-shop-site-000000000000 is a website", task="website")
def bucket_is_a_website(s3):
    expect.bucket(s3, BUCKET, "Section 8 of the notebook asks for create_bucket.")
    expect.website(s3, BUCKET, "index.html", "put_bucket_website sets it.")


@check("Everyone may read the site, and do nothing else", task="website", needs=bucket_is_a_website)
def everyone_may_read(s3):
    next_step = "Section 8 names what keeps a new bucket private, and what a browser does with a site."
    expect.public(s3, BUCKET, "index.html", next_step)


@check("The page and its files are served, each as what it is", task="site", needs=bucket_is_a_website)
def page_is_served(http):
    expect.site(http, SITE_HOST, "Section 9 says what each file of the site is uploaded with.")


@check("Browsers ask whether the site's files have changed", task="site", needs=page_is_served)
def files_are_asked_for(http, s3):
    for path in http.site(SITE_HOST):
        key = path.strip("/") or s3.get_bucket_website(Bucket=BUCKET)["IndexDocument"]["Suffix"]
        found = s3.head_object(Bucket=BUCKET, Key=key).get("CacheControl", "none")
        next_step = 'Section 9 names the CacheControl that each file is uploaded with: "no-cache".'
        if not re.search(r"no-cache|no-store|max-age=0\b", found):
            raise Failure(
                expected=f"{path} with the CacheControl no-cache", found=f"CacheControl {found}", next_step=next_step
            )


@check("The page points at an API that lists the pets", task="site", needs=(page_is_served, table_exists),
       after=items_are_listed)  # fmt: skip
def page_points_at_api(http, s3, dynamodb, logs):
    files, port = http.site(SITE_HOST), str(urlsplit(s3.meta.endpoint_url).port)
    urls = api_gateway.urls_in("\n".join(answer.text for answer in files.values()))
    if not urls:
        found, next_step = f"none in {', '.join(files)}", "Section 9 asks for a config.js, which index.html loads."
        raise Failure(expected="the whole URL of an API of this lab in the site", found=found, next_step=next_step)
    for url in urls:
        found = url.netloc.rpartition(":")[2]  # `port` would refuse one that there cannot be
        expect.value("an API's URL with the port", port, found, "The emulator's port changed: write config.js anew.")
        base = re.sub(r"(/items)?/*$", "", url.path)
        next_step = "Write the URL that api_url() tells into config.js: that of a REST API ends in its stage."
        ask = partial(http.request, host=url.hostname)
        probes.get(ask, dynamodb, logs, listed=True, base=base, next_step=next_step)


def http_api(apigatewayv2):
    return api_gateway.http_api(apigatewayv2, HTTP_API, "The section on this API shows what creates it.")


def rest_api(apigateway):
    return api_gateway.rest_api(apigateway, REST_API, "The section on this API shows what creates it.")


def expect_site_allowed(ask, s3, next_step):
    origin, unknown = f"http://{SITE_HOST}:{urlsplit(s3.meta.endpoint_url).port}", f"/items/p-{customers.number()}"
    expect_api.cors(ask, origin, [("PUT", "/items"), ("DELETE", unknown)], ["/items", unknown], next_step)
