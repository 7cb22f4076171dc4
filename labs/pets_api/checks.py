"""Checks for the lab pets_api: a REST API answers about pets, and asks for a key where one is added."""

import re
import secrets

from lab_harness.authors import (
    Failure,
    api_gateway,
    api_keys,
    check,
    customers,
    expect,
    expect_api,
    functions,
    next_steps,
    no_witness,
    standard_checks,
)

from . import probes
from .probes import DEPLOY_AGAIN, FUNCTION

API, STAGE, ROLE = "PetStore", "prod", "pet-store-role"
PLAN, KEY = "basic", "pet-store-key"
LIMITS = "rate 2, burst 2, quota 100 a DAY"
PETS = [
    {"id": 1, "type": "dog", "price": 249.99},
    {"id": 2, "type": "cat", "price": 124.99},
    {"id": 3, "type": "fish", "price": 0.99},
]
ROUTES = (("GET", "/pets"), ("GET", "/pets/1"), ("POST", "/pets"))
LOG_GROUP = functions.log_group(FUNCTION)


@check("The REST API PetStore exists", task="api")
def api_exists(apigateway):
    api_gateway.one_named(apigateway, "REST API", API, "Section 1 of the notebook shows create_rest_api.")


@check("The API's endpoint is regional", task="api", needs=api_exists)
def api_is_regional(apigateway):
    types = api_gateway.one_named(apigateway, "REST API", API)["endpointConfiguration"]["types"]
    next_step = next_steps.build_anew("An API's type, its endpointConfiguration,", "create_rest_api")
    expect.value("the endpoint type", "REGIONAL", ", ".join(types), next_step)


@check("API Gateway itself answers GET / (MOCK)", task="page", needs=api_exists)
def page_is_mocked(apigateway):
    route = pet_store(apigateway).route("GET", "/")
    kind = route.integration.get("type", "no type") if route else "no such method"
    expect.value("GET / with the integration type", "MOCK", kind, "Section 2 shows put_method and put_integration.")


@check("The API is deployed to the stage prod", task="deploy", needs=api_exists)
def api_is_deployed(apigateway):
    next_step = "Section 3 of the notebook describes create_deployment."
    expect.names("stages", [STAGE], pet_store(apigateway).stages, next_step)


@check("GET / answers an HTML page", task="deploy", needs=(page_is_mocked, api_is_deployed))
def page_is_served(apigateway, http):
    answer = pet_store(apigateway).ask(http, "GET", "/")
    kind = answer.headers.get("content-type", "none")
    page = re.search(r"<(!doctype html|html|body|h1|p)\b", answer.text, re.IGNORECASE)
    if answer.status != 200 or not kind.startswith("text/html") or not page:
        raise Failure(
            expected="200, the content type text/html and a page of HTML",
            found=f"{answer}, with the content type {kind}",
            next_step=probes.about_page(answer, bool(page)),
        )


role_exists = standard_checks.role_exists(
    ROLE, "Create it as you created the roles of notebooks 01 and 02.", task="function"
)
role_trusts_lambda = standard_checks.role_trusts_lambda(ROLE, task="function", needs=role_exists)


role_may_write_logs = standard_checks.role_may_write_logs(
    ROLE, FUNCTION, "Notebook 01 names the managed policy for logs.", task="function", needs=role_exists
)
role_is_least_privilege = standard_checks.role_is_least_privilege(ROLE, task="function", needs=role_may_write_logs)
function_exists = standard_checks.function_exists(
    FUNCTION, "Section 5 of the notebook asks for create_function.", task="function"
)
function_uses_role = standard_checks.function_uses_role(
    FUNCTION, ROLE, task="function", needs=(function_exists, role_exists)
)


@check("A Lambda proxy takes each route to pet-store", task="routes", needs=(api_exists, function_exists))
def routes_use_function(apigateway):
    next_step = "Section 6 shows create_resource, put_integration and a function's URI."
    expect_api.proxies(pet_store(apigateway), ROUTES, FUNCTION, next_step)


@check("The API, by its own ARN, may invoke the function", task="routes", needs=routes_use_function)
def api_may_invoke(apigateway, lambda_):
    next_step = "Section 6 shows add_permission; remove_permission takes a statement away by its StatementId."
    expect_api.invocation(pet_store(apigateway), ROUTES, lambda_, FUNCTION, next_step)


@check("The stage prod serves the three routes", task="routes", needs=(routes_use_function, api_is_deployed))
def routes_are_deployed(apigateway, http, witness=no_witness):
    expect_api.served(pet_store(apigateway), http, ROUTES, FUNCTION, DEPLOY_AGAIN, witness=witness)


@check("GET /pets lists the three pets", task="handler", needs=routes_are_deployed)
def pets_are_listed(apigateway, http, logs, witness=no_witness):
    probes.expect_pets(pet_store(apigateway), http, logs, witness, "/pets", PETS)


@check("GET /pets/{petId} answers that pet", task="handler", needs=pets_are_listed)
def pet_is_answered(apigateway, http, logs, witness=no_witness):
    for pet in customers.shuffled(PETS):
        probes.expect_pets(pet_store(apigateway), http, logs, witness, f"/pets/{pet['id']}", pet)


@check("An unknown pet is answered 404", task="handler", needs=pet_is_answered)
def unknown_pet_is_not_found(apigateway, http, logs):
    unknown = [customers.number() + 3, -customers.number(), 0, customers.pet(), f"{customers.chance.randint(1, 3)}0"]
    for path in customers.shuffled([f"/pets/{each}" for each in unknown]):
        probes.expect_answer(logs, f"GET {path}", pet_store(apigateway).ask(http, "GET", path), 404)


@check("POST /pets answers 201 and the new pet", task="handler", needs=pets_are_listed)
def new_pet_is_answered(apigateway, http, logs):
    api = pet_store(apigateway)
    with api_keys.key_of_new_plan(apigateway, api.id, api.stage) as key:
        for price in customers.shuffled([12.5, 40, 0, customers.price(), customers.price()]):
            pet = {"type": customers.pet(), "price": price}
            probes.expect_new_pet(logs, api.ask(http, "POST", "/pets", pet, key), pet)


@check("POST /pets answers 400 to what is no pet", task="handler", needs=new_pet_is_answered)
def bad_pet_is_refused(apigateway, http, logs):
    api = pet_store(apigateway)
    with api_keys.key_of_new_plan(apigateway, api.id, api.stage) as key:
        for body in customers.shuffled(probes.no_pets()):
            probes.expect_answer(
                logs, f"POST /pets with {body or 'no body'}", api.ask(http, "POST", "/pets", body, key), 400
            )


@check("The usage plan basic exists", task="plan")
def plan_exists(apigateway):
    api_gateway.one_named(apigateway, "usage plan", PLAN, "Section 8 of the notebook describes create_usage_plan.")


@check("The plan allows 2 requests a second and 100 a day", task="plan", needs=plan_exists)
def plan_has_limits(apigateway):
    plan = api_gateway.one_named(apigateway, "usage plan", PLAN)
    rate, burst = (plan.get("throttle", {}).get(name, 0) for name in ("rateLimit", "burstLimit"))
    quota, period = (plan.get("quota", {}).get(name, "none") for name in ("limit", "period"))
    found = f"rate {rate:g}, burst {burst}, quota {quota} a {period}"
    next_step = next_steps.change("throttle (rateLimit, burstLimit) and quota (limit, period)", "create_usage_plan")
    expect.value("the limits", LIMITS, found, next_step)


@check("The plan covers the stage prod of the API", task="plan", needs=(plan_exists, api_is_deployed))
def plan_covers_stage(apigateway):
    covered = api_gateway.one_named(apigateway, "usage plan", PLAN).get("apiStages", [])
    stages = [f"{each['apiId']}:{each['stage']}" for each in covered]
    next_step = "A plan is for the stages in its apiStages; update_usage_plan adds one."
    expect.names("stages of the plan", [f"{pet_store(apigateway).id}:{STAGE}"], stages, next_step, setting=True)


@check("The API key pet-store-key is there and enabled", task="key")
def key_is_enabled(apigateway):
    key = api_gateway.one_named(apigateway, "API key", KEY, "Section 8 of the notebook describes create_api_key.")
    next_step = next_steps.change("enabled", "create_api_key")
    expect.value("a key with enabled", True, key.get("enabled", False), next_step)


@check("The key belongs to the plan", task="key", needs=(key_is_enabled, plan_exists))
def key_is_in_plan(apigateway):
    plan, key = (api_gateway.one_named(apigateway, *each) for each in (("usage plan", PLAN), ("API key", KEY)))
    keys = [each["id"] for each in apigateway.get_usage_plan_keys(usagePlanId=plan["id"])["items"]]
    next_step = "create_usage_plan_key joins a key to a plan, by their ids."
    expect.names("keys of the plan", [key["id"]], keys, next_step, setting=True)


@check("POST /pets, and only that, asks for a key", task="key", needs=(page_is_served, pet_is_answered))
def post_asks_for_key(apigateway, http):
    api = pet_store(apigateway)
    route = api.route("POST", "/pets")
    asked = route.settings.get("apiKeyRequired", False)
    expect.value(
        f"{route} with apiKeyRequired",
        True,
        asked,
        "put_method takes apiKeyRequired; update_method changes it in a method that is there. Deploy again after it.",
    )
    for what, headers in (("no key", {}), ("a key that nobody has", {"x-api-key": secrets.token_hex(20)})):
        answer = api.ask(http, "POST", "/pets", probes.new_pet(), headers)
        if answer.status != 403 or (route.deployed is not None and not route.deployed.get("apiKeyRequired")):
            raise Failure(
                expected=f"403 to POST /pets with {what}, from a deployment that asks for a key",
                found=f"{answer}, and a deployment from before {route} asked for one",
                next_step=DEPLOY_AGAIN,
            )


@check("The key opens POST /pets", task="key", needs=(post_asks_for_key, key_is_in_plan, plan_covers_stage))
def key_opens_post(apigateway, http, logs):
    key_id = api_gateway.one_named(apigateway, "API key", KEY)["id"]
    key = {"x-api-key": apigateway.get_api_key(apiKey=key_id, includeValue=True)["value"]}
    pet = probes.new_pet()
    answer = pet_store(apigateway).ask(http, "POST", "/pets", pet, key)
    if "Limit Exceeded" not in answer.text:  # The day's quota is spent: the key was known.
        probes.expect_new_pet(logs, answer, pet)


@check("Nothing lifts the plan's limits", task="key", needs=(key_opens_post, plan_has_limits))
def limits_hold(apigateway, http):
    api, plan = pet_store(apigateway), api_gateway.one_named(apigateway, "usage plan", PLAN)
    lifted = [path for stage in plan["apiStages"] for path in stage.get("throttle", {})]
    next_step = "In a plan's apiStages single methods may have a throttle of their own; take it off."
    expect.value("limits for single methods:", "none", ", ".join(lifted) or "none", next_step)

    def post(key):
        return http.api(api.id, api.stage, "POST", "/pets", probes.new_pet(), key).status

    with api_keys.key_of_new_plan(apigateway, api.id, api.stage, throttle={"rateLimit": 0, "burstLimit": 0}) as key:
        if post(key) != 429:
            return  # LocalStack enforces no limits; what the plan says is all that can be judged there.
    with api_keys.key_of_plan(apigateway, plan["id"]) as key:
        limits = plan["throttle"]["rateLimit"], plan["throttle"]["burstLimit"]
        expect_api.throttled(lambda: post(key), *limits, "get_usage_plan shows the plan's throttle.")


@check("API, usage plan and key are gone", task="clean_up")
def api_is_gone(apigateway):
    kinds = {"REST APIs": API, "usage plans": PLAN, "API keys": KEY}
    next_step = "The calls that delete them want their ids; a plan gives up its stages first."
    expect.gone([(apigateway, kind, name) for kind, name in kinds.items()], next_step)


@check("Function, log group and role are gone", task="clean_up")
def function_is_gone(lambda_, logs, iam):
    wanted = [(lambda_, "functions", FUNCTION), (logs, "log groups", LOG_GROUP), (iam, "roles", ROLE)]
    expect.gone(wanted, "A log group outlives its function; a role gives up its policies first.")


def pet_store(apigateway):
    return api_gateway.rest_api(apigateway, API)
