"""Checks for the lab pets_api: a REST API answers about pets, and asks whoever adds one for a key."""

import json
import re
import secrets

from lab_harness.authors import Failure, check, customers, eventually, expect, functions
from lab_harness.authors.rest_api import (
    all_named,
    ask,
    deployed_method,
    key_of_new_plan,
    key_of_plan,
    method_for,
    one_named,
)

API, STAGE, FUNCTION, ROLE = "PetStore", "prod", "pet-store", "pet-store-role"
PLAN, KEY = "basic", "pet-store-key"
LIMITS = "rate 2, burst 2, quota 100 a DAY"
PETS = [
    {"id": 1, "type": "dog", "price": 249.99},
    {"id": 2, "type": "cat", "price": 124.99},
    {"id": 3, "type": "fish", "price": 0.99},
]
ROUTES = (("GET", "/pets"), ("GET", "/pets/1"), ("POST", "/pets"))
LOG_GROUP = f"/aws/lambda/{FUNCTION}"
LOG_ARN = f"arn:aws:logs:us-east-1:000000000000:log-group:{LOG_GROUP}:*"
DEPLOY_AGAIN = "A stage serves what was deployed to it: create_deployment once more, for the same stage."


@check("The REST API PetStore exists", task="api")
def api_exists(apigateway):
    one_named(apigateway, "REST API", API, "Section 1 of the notebook shows create_rest_api.")


@check("The API's endpoint is regional", task="api", needs=api_exists)
def api_is_regional(apigateway):
    types = one_named(apigateway, "REST API", API)["endpointConfiguration"]["types"]
    next_step = "Delete the API and create it anew with an endpointConfiguration; section 1 names the types."
    expect.value("the endpoint type", "REGIONAL", ", ".join(types), next_step)


@check("API Gateway itself answers GET / (MOCK)", task="page", needs=api_exists)
def page_is_mocked(apigateway):
    method = serving(apigateway, "GET", "/")
    kind = method.integration.get("type", "no type") if method else "no such method"
    expect.value("GET / with the integration type", "MOCK", kind, "Section 2 shows put_method and put_integration.")


@check("The API is deployed to the stage prod", task="deploy", needs=api_exists)
def api_is_deployed(apigateway):
    stages = [each["stageName"] for each in apigateway.get_stages(restApiId=stage_of(apigateway)[0])["item"]]
    expect.names("stages", [STAGE], stages, "Section 3 of the notebook describes create_deployment.")


@check("GET / answers an HTML page", task="deploy", needs=(page_is_mocked, api_is_deployed))
def page_is_served(apigateway, http):
    answer = ask(http, stage_of(apigateway), "GET", "/")
    kind = answer.headers.get("content-type", "none")
    page = re.search(r"<(!doctype html|html|body|h1|p)\b", answer.text, re.IGNORECASE)
    if answer.status != 200 or not kind.startswith("text/html") or not page:
        raise Failure(
            expected="200, the content type text/html and a page of HTML",
            found=f"{answer}, with the content type {kind}",
            next_step="Section 2 shows where an answer's header and body come from; deploy again after a change.",
        )


@check("The role pet-store-role exists", task="function")
def role_exists(iam):
    expect.role(iam, ROLE, "Create it as you created the roles of notebooks 01 and 02.")


@check("Lambda may take on the role", task="function", needs=role_exists)
def role_trusts_lambda(iam):
    expect.trust(iam, ROLE, "lambda.amazonaws.com")


@check("The role may write logs", task="function", needs=role_exists)
def role_may_write_logs(iam):
    expect.permissions(iam, ROLE, [("logs:PutLogEvents", LOG_ARN)], "Notebook 01 names the managed policy for logs.")


@check("The role may do nothing more than it needs", task="function", needs=role_exists)
def role_is_least_privilege(iam):
    expect.least_privilege(iam, ROLE)


@check("The function pet-store exists", task="function")
def function_exists(lambda_):
    expect.function(lambda_, FUNCTION, "Section 5 of the notebook asks for create_function.")


@check("The function uses the role", task="function", needs=(function_exists, role_exists))
def function_uses_role(lambda_, iam):
    expect.function_role(lambda_, iam, FUNCTION, ROLE)


@check("A Lambda proxy takes each route to pet-store", task="routes", needs=(api_exists, function_exists))
def routes_use_function(apigateway):
    wrong = []
    for verb, path in ROUTES:
        method = serving(apigateway, verb, path)
        found = method.integration if method else {}
        if found.get("type") != "AWS_PROXY" or not re.search(rf":function:{FUNCTION}[:/]", found.get("uri", "")):
            kind = f"{found.get('type', 'no integration')} {found.get('uri', '')}".strip()
            wrong.append(f"{verb} {path} with {kind if method else 'no method'}")
        elif found.get("httpMethod") != "POST":
            wrong.append(f"{verb} {path} with integrationHttpMethod {found.get('httpMethod')}; Lambda knows only POST")
    if wrong:
        raise Failure(
            expected=f"GET /pets, GET /pets/{{petId}} and POST /pets with the integration type AWS_PROXY to {FUNCTION}",
            found="; ".join(wrong),
            next_step="Section 6 shows create_resource, put_integration and a function's URI.",
        )


@check("The API, by its own ARN, may invoke the function", task="routes", needs=routes_use_function)
def api_may_invoke(apigateway, lambda_):
    region, account = lambda_.get_function_configuration(FunctionName=FUNCTION)["FunctionArn"].split(":")[3:5]
    stage = "/".join(stage_of(apigateway))
    sources = [f"arn:aws:execute-api:{region}:{account}:{stage}/{verb}{path}" for verb, path in ROUTES]
    next_step = "Section 6 shows add_permission; remove_permission takes a statement away by its StatementId."
    expect.invocation(lambda_, FUNCTION, "apigateway.amazonaws.com", sources, stage_of(apigateway)[0], next_step)


@check("The stage prod serves the three routes", task="routes", needs=(routes_use_function, api_is_deployed))
def routes_are_deployed(apigateway, http):
    stage = stage_of(apigateway)
    for verb, path in ROUTES:
        method, answer = serving(apigateway, verb, path), ask(http, stage, verb, path)
        if "Missing Authentication Token" in answer.text or deployed_method(apigateway, *stage, method) == {}:
            found = f"{answer} to {verb} {path}, and a deployment from before there was {method}"
            raise Failure(expected=f"a deployment of {STAGE} with {method}", found=found, next_step=DEPLOY_AGAIN)


@check("GET /pets lists the three pets", task="handler", needs=routes_are_deployed)
def pets_are_listed(apigateway, http, logs, witness=None):
    moment = witness.moment() if witness else 0
    expect_answer(logs, "GET /pets", ask(http, stage_of(apigateway), "GET", "/pets"), 200, PETS)
    expect_run(witness, apigateway, "/pets", moment)


@check("GET /pets/{petId} answers that pet", task="handler", needs=pets_are_listed)
def pet_is_answered(apigateway, http, logs, witness=None):
    moment = witness.moment() if witness else 0
    for pet in customers.shuffled(PETS):
        path = f"/pets/{pet['id']}"
        expect_answer(logs, f"GET {path}", ask(http, stage_of(apigateway), "GET", path), 200, pet)
        expect_run(witness, apigateway, path, moment)


@check("An unknown pet is answered 404", task="handler", needs=pets_are_listed)
def unknown_pet_is_not_found(apigateway, http, logs):
    unknown = [customers.number() + 3, -customers.number(), 0, customers.pet(), f"{customers.chance.randint(1, 3)}0"]
    for path in customers.shuffled([f"/pets/{each}" for each in unknown]):
        expect_answer(logs, f"GET {path}", ask(http, stage_of(apigateway), "GET", path), 404)


@check("POST /pets answers 201 and the new pet", task="handler", needs=pets_are_listed)
def new_pet_is_answered(apigateway, http, logs):
    with key_of_new_plan(apigateway, *stage_of(apigateway)) as key:
        for price in customers.shuffled([12.5, 40, customers.price(), customers.price()]):
            pet = {"type": customers.pet(), "price": price}
            expect_new_pet(logs, ask(http, stage_of(apigateway), "POST", "/pets", pet, key), pet)


@check("POST /pets answers 400 to what is no pet", task="handler", needs=new_pet_is_answered)
def bad_pet_is_refused(apigateway, http, logs):
    with key_of_new_plan(apigateway, *stage_of(apigateway)) as key:
        for body in customers.shuffled(no_pets()):
            answer = ask(http, stage_of(apigateway), "POST", "/pets", body, key)
            expect_answer(logs, f"POST /pets with {body or 'no body'}", answer, 400)


@check("The usage plan basic exists", task="plan")
def plan_exists(apigateway):
    one_named(apigateway, "usage plan", PLAN, "Section 8 of the notebook describes create_usage_plan.")


@check("The plan allows 2 requests a second and 100 a day", task="plan", needs=plan_exists)
def plan_has_limits(apigateway):
    plan = one_named(apigateway, "usage plan", PLAN)
    rate, burst = (plan.get("throttle", {}).get(name, 0) for name in ("rateLimit", "burstLimit"))
    quota, period = (plan.get("quota", {}).get(name, "none") for name in ("limit", "period"))
    found = f"rate {rate:g}, burst {burst}, quota {quota} a {period}"
    expect.value("the limits", LIMITS, found, "throttle holds rateLimit and burstLimit, quota holds limit and period.")


@check("The plan covers the stage prod of the API", task="plan", needs=(plan_exists, api_is_deployed))
def plan_covers_stage(apigateway):
    stages = [
        f"{each['apiId']}:{each['stage']}" for each in one_named(apigateway, "usage plan", PLAN).get("apiStages", [])
    ]
    next_step = "A plan is for the stages in its apiStages; update_usage_plan adds one."
    expect.names("stages of the plan", [":".join(stage_of(apigateway))], stages, next_step)


@check("The API key pet-store-key is there and enabled", task="key")
def key_is_enabled(apigateway):
    key = one_named(apigateway, "API key", KEY, "Section 8 of the notebook describes create_api_key.")
    expect.value("a key with enabled", True, key.get("enabled", False), "update_api_key changes enabled.")


@check("The key belongs to the plan", task="key", needs=(key_is_enabled, plan_exists))
def key_is_in_plan(apigateway):
    keys = apigateway.get_usage_plan_keys(usagePlanId=one_named(apigateway, "usage plan", PLAN)["id"])["items"]
    next_step = "create_usage_plan_key joins a key to a plan, by their ids."
    expect.names(
        "keys of the plan", [one_named(apigateway, "API key", KEY)["id"]], [key["id"] for key in keys], next_step
    )


@check("POST /pets, and only that, asks for a key", task="key", needs=(page_is_served, pet_is_answered))
def post_asks_for_key(apigateway, http):
    method = serving(apigateway, "POST", "/pets")
    asked = method.settings.get("apiKeyRequired", False)
    expect.value(f"{method} with apiKeyRequired", True, asked, "update_method changes a method's apiKeyRequired.")
    summary = deployed_method(apigateway, *stage_of(apigateway), method)
    for what, headers in (("no key", {}), ("a key that nobody has", {"x-api-key": secrets.token_hex(20)})):
        answer = ask(http, stage_of(apigateway), "POST", "/pets", new_pet(), headers)
        if answer.status != 403 or (summary is not None and not summary.get("apiKeyRequired")):
            raise Failure(
                expected=f"403 to POST /pets with {what}, from a deployment that asks for a key",
                found=f"{answer}, and a deployment from before {method} asked for one",
                next_step=DEPLOY_AGAIN,
            )


@check("The key opens POST /pets", task="key", needs=(post_asks_for_key, key_is_in_plan, plan_covers_stage))
def key_opens_post(apigateway, http, logs):
    key = apigateway.get_api_key(apiKey=one_named(apigateway, "API key", KEY)["id"], includeValue=True)
    pet = new_pet()
    answer = ask(http, stage_of(apigateway), "POST", "/pets", pet, {"x-api-key": key["value"]})
    if "Limit Exceeded" not in answer.text:  # The day's quota is spent: the key was known.
        expect_new_pet(logs, answer, pet)


@check("Nothing lifts the plan's limits", task="key", needs=(key_opens_post, plan_has_limits))
def limits_hold(apigateway, http):
    plan = one_named(apigateway, "usage plan", PLAN)
    lifted = [path for stage in plan["apiStages"] for path in stage.get("throttle", {})]
    next_step = "In a plan's apiStages single methods may have a throttle of their own; take it off."
    expect.value("limits for single methods:", "none", ", ".join(lifted) or "none", next_step)
    with key_of_new_plan(apigateway, *stage_of(apigateway), throttle={"rateLimit": 0, "burstLimit": 0}) as key:
        if http.api(*stage_of(apigateway), "POST", "/pets", new_pet(), key).status != 429:
            return  # LocalStack enforces no limits; what the plan says is all that can be judged there.
    with key_of_plan(apigateway, plan["id"]) as key:

        def look():
            statuses = [http.api(*stage_of(apigateway), "POST", "/pets", new_pet(), key).status for _ in range(8)]
            expect.value(
                "429 among 8 quick answers:", True, 429 in statuses, "get_usage_plan shows the plan's throttle."
            )

        eventually(look, within=4)


@check("API, usage plan and key are gone", task="clean_up")
def api_is_gone(apigateway):
    wanted = {"REST API": API, "usage plan": PLAN, "API key": KEY}
    left = [f"the {kind} {name}" for kind, name in wanted.items() if all_named(apigateway, kind, name)]
    next_step = "The calls that delete them want their ids; a plan gives up its stages first."
    expect.value("left of the lab:", "nothing", ", ".join(left) or "nothing", next_step)


@check("Function, log group and role are gone", task="clean_up")
def function_is_gone(lambda_, logs, iam):
    functions = lambda_.get_paginator("list_functions").paginate().search("Functions[].FunctionName")
    groups = logs.get_paginator("describe_log_groups").paginate().search("logGroups[].logGroupName")
    roles = iam.get_paginator("list_roles").paginate().search("Roles[].RoleName")
    wanted = (("function", FUNCTION, functions), ("log group", LOG_GROUP, groups), ("role", ROLE, roles))
    left = [f"the {kind} {name}" for kind, name, names in wanted if name in list(names)]
    next_step = "A log group outlives its function; a role gives up its policies first."
    expect.value("left of the lab:", "nothing", ", ".join(left) or "nothing", next_step)


def stage_of(apigateway):
    return one_named(apigateway, "REST API", API)["id"], STAGE


def new_pet():
    return {"type": customers.pet(), "price": customers.price()}


def no_pets():
    """Bodies that are no pets: none, text, broken off, no object, with something missing, or a price that is none."""
    price, pets = customers.price(), [new_pet() for _ in range(3)]
    prices = [str(price), True, -price]
    bad = [
        pets,
        list(new_pet()),
        {"price": price},
        {"type": customers.pet()},
        *(pet | {"price": each} for pet, each in zip(pets, prices, strict=True)),
    ]
    text = f"a {customers.pet()}, please"
    return [None, text, customers.cut(json.dumps(new_pet())), *map(json.dumps, bad)]


def serving(apigateway, verb, path):
    """The method of the API that a request meets, or None."""
    return method_for(apigateway, one_named(apigateway, "REST API", API)["id"], verb, path)


def expect_run(witness, apigateway, path, moment):
    """It was the function that answered, by the API's doing."""
    callers, by = witness.callers(FUNCTION, path, moment) if witness else None, f"execute-api {stage_of(apigateway)[0]}"
    if callers is not None and by not in callers:
        raise Failure(
            expected=f"a run of {FUNCTION} for GET {path}",
            found=f"an answer, and runs of {FUNCTION} for it by {' and '.join(sorted(callers)) or 'nobody'}",
            next_step="A resource with this path of its own comes before {petId}: get_resources lists them.",
        )


def expect_answer(logs, request, answer, status, body=None):
    kind = answer.headers.get("content-type", "none")
    if answer.status == status and (body is None or answer.json() == body) and kind.startswith("application/json"):
        return
    next_steps = {
        403: "Only POST /pets asks for a key: look at apiKeyRequired of the other methods, and deploy again.",
        502: "API Gateway wants a dict with statusCode, headers and body, and the body as text.",
    }
    log = f"; {functions.latest_log(logs, FUNCTION)}" if answer.status >= 500 else ""
    next_step = "Compare it with what the handler returns; deploy the code again after a change."
    raise Failure(
        expected=f"{status} as JSON to {request}" + (f": {json.dumps(body)}" if body else ""),
        found=f"{answer}, with the content type {kind}{log}",
        next_step=next_steps.get(answer.status, next_step),
    )


def expect_new_pet(logs, answer, pet):
    body, found = {"pet": pet, "message": "success"}, answer.json()
    if isinstance(found, dict) and isinstance(found.get("pet"), dict):
        found = {**found, "pet": {name: value for name, value in found["pet"].items() if name in pet}}  # may have an id
    expect_answer(logs, f"POST /pets with {json.dumps(pet)}", answer, 201, None if found == body else body)
