"""Checks for the lab api_in_depth: what the stages of pet-hotel answer, and what comes of it behind them."""

import json
from datetime import UTC, datetime

from lab_harness.authors import (
    Failure,
    api_gateway,
    buckets,
    check,
    customers,
    eventually,
    executions,
    expect,
    items,
    next_steps,
    no_clock,
    policies,
    queues,
    standard_checks,
)

from . import probes
from .probes import ALIASES, API, BUCKET, KEY, LATEST, NEW, PRICE, QUEUE, STAY, STREAM, TABLE

PRICE_ROLE, STAY_ROLE, API_ROLE = "hotel-price-role", "hotel-stay-role", "hotel-api-role"
SHARE = 20.0
RUN_GIVEN = "Run the cell of section 1 that is given; it may run again."
MACHINE = policies.arn("states", f"stateMachine:{STAY}")
TABLE_ARN = policies.arn("dynamodb", f"table/{TABLE}")
API_NEEDED = [
    ("states:StartExecution", MACHINE),
    ("dynamodb:Scan", TABLE_ARN),
    ("sqs:SendMessage", policies.arn("sqs", QUEUE)),
    ("kinesis:PutRecord", policies.arn("kinesis", f"stream/{STREAM}")),
]

table_exists = standard_checks.table_exists(TABLE, KEY, RUN_GIVEN, task="given")


queue_exists = standard_checks.queue_exists(QUEUE, RUN_GIVEN, task="given")


stream_exists = standard_checks.stream_exists(STREAM, RUN_GIVEN, task="given")


bucket_exists = standard_checks.bucket_exists(BUCKET, RUN_GIVEN, task="given")


@check("hotel-api-role lets API Gateway call the services", task="given")
def api_role_allows_the_work(iam):
    expect.role(iam, API_ROLE, RUN_GIVEN)
    expect.trust(iam, API_ROLE, "apigateway.amazonaws.com")
    expect.permissions(iam, API_ROLE, API_NEEDED, RUN_GIVEN)


@check("The state machine hotel-stay exists, and may write", task="given", needs=table_exists)
def machine_exists(stepfunctions, iam):
    expect.names("state machines", [STAY], list(executions.state_machines(stepfunctions)), RUN_GIVEN)
    expect.role(iam, STAY_ROLE, RUN_GIVEN)
    expect.permissions(iam, STAY_ROLE, [("dynamodb:PutItem", TABLE_ARN)], RUN_GIVEN)


role_exists = standard_checks.role_exists(PRICE_ROLE, RUN_GIVEN, task="given")
price_exists = standard_checks.function_exists(PRICE, RUN_GIVEN, task="given")


@check("hotel-price has the aliases v1 and v2", task="given", needs=(price_exists, role_exists))
def price_has_two_aliases(lambda_):
    expect.names("aliases", list(ALIASES), list(probes.function_aliases(lambda_)), RUN_GIVEN)
    for version, alias in enumerate(ALIASES, start=1):
        found = probes.invoked_price(lambda_, alias, 14)
        expect.value(f"the price of 14 nights by {alias}:", probes.price(version, 14), found, RUN_GIVEN)


@check("The REST API pet-hotel exists", task="rooms")
def api_exists(apigateway):
    api_gateway.one_named(apigateway, "REST API", API, "Run the cell of section 2 that creates it.")


@check("The stage prod answers GET /rooms", task="rooms", needs=api_exists)
def rooms_are_served(apigateway, http):
    next_step = "Run the cell of section 2 again; what prod serves is a deployment."
    found = probes.expect_answer(apigateway, http, "GET", "/rooms", 200, stage=LATEST, next_step=next_step)
    if not isinstance(found.json(), dict) or {"dogs", "cats"} - set(found.json()):
        raise Failure(expected="a number of dogs and of cats, as JSON", found=str(found), next_step=next_step)


@check("The API, and no other, may call both aliases", task="price", needs=(rooms_are_served, price_has_two_aliases))
def aliases_may_be_called(apigateway, lambda_):
    api = probes.hotel(apigateway)
    for alias, stage in (("v1", "v1"), ("v2", "v2"), ("v1", LATEST), ("v2", LATEST)):
        source = policies.arn("execute-api", f"{api.id}/{stage}/GET/price")
        next_step = "Section 3 names add_permission; with a Qualifier it is about an alias."
        expect.invocation(
            lambda_, PRICE, "apigateway.amazonaws.com", [source], f":{api.id}/", next_step, qualifier=alias
        )


@check("The stages v1 and v2 each have their price", task="stages", needs=aliases_may_be_called)
def stages_have_their_price(apigateway, http):
    for version, stage in enumerate(ALIASES, start=1):
        next_step = f"The stage {stage} wants a variable alias that is {stage}, and GET /price a uri that names it."
        probes.expect_version(apigateway, http, stage, version, next_step)
    probes.expect_chosen(apigateway, "Section 3 says where the variable stands; deploy to each stage afterwards.")


@check("The stage prod has the price of v1", task="stages", needs=stages_have_their_price)
def prod_has_the_first_price(apigateway, http):
    found = probes.versions_seen(apigateway, http, LATEST)
    expect.value("version 1 answers at prod:", True, 1 in found, "prod wants a variable alias that is v1.")


@check("A canary gives a fifth of prod's requests to v2", task="canary", needs=prod_has_the_first_price)
def canary_gets_a_fifth(apigateway, http):
    stage = apigateway.get_stage(restApiId=probes.hotel(apigateway).id, stageName=LATEST)
    settings = stage.get("canarySettings") or {}
    next_step = next_steps.change("canarySettings", "create_deployment").replace("update_deployment", "update_stage")
    expect.value("percent of prod's requests:", SHARE, settings.get("percentTraffic", 0.0), next_step)
    alias = (settings.get("stageVariableOverrides") or {}).get("alias")
    expect.value("the canary's alias:", "v2", alias, next_step)
    found = probes.versions_seen(apigateway, http, LATEST)
    expect.value("versions that answer at prod:", [1, 2], sorted(found), "Look at what the canary has deployed.")


BOOKING = (api_exists, machine_exists, api_role_allows_the_work)


@check("A booking starts a stay, and the guest is in the table", task="booking", needs=BOOKING)
def bookings_start_stays(apigateway, http, stepfunctions, dynamodb):
    for told in customers.shuffled([probes.booking(), probes.booking(guest=f"{customers.name()} O'Hara")]):
        with probes.stay(apigateway, http, stepfunctions, dynamodb, told) as (name, execution):
            next_step = (
                "The execution's input is the request's body: section 5 shows how a text with JSON in it is made."
            )
            if execution.status != "SUCCEEDED":
                raise Failure(expected=f"a stay of {told}", found=execution.described(), next_step=next_step)
            found = items.read_item(dynamodb, TABLE, KEY, name)
            expect.value("the guest in the table:", {KEY: name, **told}, found, next_step)


@check("What is no booking is refused, and starts nothing", task="model", needs=bookings_start_stays)
def bad_bookings_start_nothing(apigateway, http, stepfunctions):
    before, api = probes.started(stepfunctions), probes.id_of_hotel(apigateway)
    for told in probes.no_bookings():
        next_step = (
            "Section 6 lists what a booking has; the method wants the model and the validator, and a deployment."
        )
        probes.expect_answer(apigateway, http, "POST", "/bookings", 400, told, next_step, api=api)
    expect.value(
        "executions by bad bookings:", 0, probes.started(stepfunctions) - before, "Section 6 names the validator."
    )


@check("GET /guests lists the table", task="guests", needs=(table_exists, api_role_allows_the_work, api_exists))
def guests_are_listed(apigateway, http, dynamodb):
    there = items.ids(dynamodb, TABLE, KEY)
    wanted = [probes.booking(), probes.booking()]
    names = [customers.some_id("b-", but=there) for _ in wanted]
    with items.probe_items(dynamodb, TABLE, KEY, dict(zip(names, wanted, strict=True))):
        expected = [{k: v for k, v in each.items() if k != KEY} for each in items.read_items(dynamodb, TABLE)]
        next_step = "Section 7 shows a template with #foreach; nights is a number there, without quotes."
        found = probes.expect_answer(apigateway, http, "GET", "/guests", 200, next_step=next_step)
        probes.expect_list(found, expected, next_step)


@check("A wish becomes a message", task="wishes", needs=(queue_exists, api_role_allows_the_work, api_exists))
def wishes_are_queued(apigateway, http, sqs):
    wish = {"wish": f"a {customers.pet()} & 50% more = {customers.words()}"}
    next_step = "Section 8 shows the form that SQS reads, and the header that says that it is one."
    probes.expect_answer(apigateway, http, "POST", "/wishes", 202, wish, next_step)
    taken = []

    def look():
        taken.extend(queues.take(sqs, queues.url(sqs, QUEUE), lambda body: wish["wish"] in body))
        if [probes.as_json(each) for each in taken] != [wish]:
            raise Failure(expected=f"the message {json.dumps(wish)}", found=probes.waiting(sqs), next_step=next_step)

    eventually(look, within=probes.QUICKLY)


@check(
    "A visit becomes a record, by its pet", task="visits", needs=(stream_exists, api_role_allows_the_work, api_exists)
)
def visits_are_recorded(apigateway, http, kinesis, clock=no_clock):
    since = datetime.fromtimestamp(clock.now() - 2, UTC)
    pet, visit = customers.pet(), {"by": customers.full_name(), "minutes": customers.number()}
    next_step = "Section 9 shows PutRecord's three properties; Data is base64."
    probes.expect_answer(apigateway, http, "PUT", f"/visits/{pet}", 200, visit, next_step)
    eventually(lambda: probes.expect_record(kinesis, since, pet, visit, next_step), within=probes.QUICKLY)


@check("The menu comes from the web server", task="menu", needs=(bucket_exists, api_exists))
def menu_is_passed_on(apigateway, http, s3):
    next_step = "Section 9 shows how a part of the path comes into the uri."
    guest = customers.file_name("")
    with buckets.probe_object(s3, BUCKET, f"{guest}.json", json.dumps({"dishes": customers.words()})):
        for pet in customers.shuffled(["dog", "cat", guest]):
            wanted = json.loads(s3.get_object(Bucket=BUCKET, Key=f"{pet}.json")["Body"].read())
            found = probes.expect_answer(apigateway, http, "GET", f"/menu/{pet}", 200, next_step=next_step)
            expect.value(f"the menu of a {pet}:", wanted, found.json(), next_step)


@check("A refused booking is told why", task="refusals", needs=bad_bookings_start_nothing)
def refusals_say_why(apigateway, http):
    next_step = "Section 10 names put_gateway_response, and $context.error.validationErrorString; deploy afterwards."
    nights, pet = customers.chance.randrange(31, 99), customers.chance.choice(["horse", "hamster", "hen"])
    wrong = {"nights": (nights, {"nights", "30", f"{nights}"}), "pet": (pet, {"pet", pet})}
    for name, (value, words) in wrong.items():
        told = probes.booking(**{name: value})
        found = probes.expect_answer(apigateway, http, "POST", "/bookings", 400, told, next_step)
        problem = str(found.fields().get("problem", ""))
        if not any(word in problem for word in words):
            raise Failure(expected=f"JSON with the problem that {name} has", found=str(found), next_step=next_step)


@check("A path that is not there is answered 404", task="refusals", needs=bookings_start_stays)
def unknown_paths_are_not_found(apigateway, http):
    next_step = "Section 10: MISSING_AUTHENTICATION_TOKEN is what the API says there; deploy afterwards."
    found = probes.answer(apigateway, http, "GET", f"/{customers.pet()}s", stage=NEW)
    if found.status != 404 or not isinstance(found.json(), dict):
        raise Failure(expected="404 with JSON to a path that is not there", found=str(found), next_step=next_step)
