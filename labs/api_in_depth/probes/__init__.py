"""What the checks of api_in_depth ask pet-hotel as a guest would, and how they read the answers."""

import json
from contextlib import contextmanager, suppress

from lab_harness.authors import Failure, api_gateway, customers, eventually, executions, expect, items, queues

API, NEW, LATEST = "pet-hotel", "v2", "prod"
PRICE, STAY, TABLE, KEY = "hotel-price", "hotel-stay", "HotelGuests", "booking"
QUEUE, STREAM, BUCKET = "hotel-wishes", "hotel-visits", "pet-hotel-menu"
NIGHT, WEEK = 20, 7
ALIASES, CHOSEN = ("v1", "v2"), "${stageVariables.alias}"
ENOUGH = 80  # requests: none of so many comes to a fifth once in 50 million times
QUICKLY = 6  # seconds for an execution of one state, a message, a record
NOTHING = ("Missing Authentication Token", "no such")
DEPLOY = "A stage serves what was deployed to it: create_deployment once more, with the stageName {}."


def hotel(apigateway):
    return api_gateway.rest_api(apigateway, API, "Run the cell of section 2 that creates it.")


def id_of_hotel(apigateway):
    """The id of pet-hotel, alone; to ask the API, no more is needed."""
    return api_gateway.one_named(apigateway, "REST API", API, "Run the cell of section 2 that creates it.")["id"]


def answer(apigateway, http, verb, path, body=None, stage=NEW, api=""):
    """What a stage of pet-hotel answers; `api` is its id, for who asks often."""
    return http.api(api or id_of_hotel(apigateway), stage, verb, path, body)


def expect_answer(apigateway, http, verb, path, status, body=None, next_step="", stage=NEW, api=""):
    """The answer of this status, which a request gets; Failure with the other that it gets, or without a stage."""
    found = answer(apigateway, http, verb, path, body, stage, api)
    if found.status != status:
        built = hotel(apigateway)
        expect.names(
            "stages", [stage], list(built.stages), "Section 3 names create_deployment, which makes a stage, too."
        )
        raise Failure(
            expected=f"{status} to {verb} {path} of the stage {stage}" + (f" with {json.dumps(body)}" if body else ""),
            found=str(found),
            next_step=_about(built, found, verb, path, stage) or next_step,
        )
    return found


def _about(api, found, verb, path, stage):
    """What a status tells by itself of how the API is built; "" where it tells nothing."""
    if found.status in (403, 404):
        route = api.route(verb, path.partition("?")[0])
        return (
            DEPLOY.format(stage) if route and route.integration else f"The API has no {verb} {path.partition('?')[0]}."
        )
    return ABOUT.get(found.status, "")


ABOUT = {
    415: "No request template is for application/json: look at the keys of requestTemplates.",
    504: "The address in the integration's uri does not answer.",
}


def price(version, nights):
    """What so many nights cost by a version of the function."""
    return (nights - (nights // WEEK if version == 2 else 0)) * NIGHT


def version_of(found, nights):
    """Which version of hotel-price gave this answer; 0 where none did."""
    told = found.fields().get("price") if found.status == 200 else None
    return next((each for each in (1, 2) if told == price(each, nights)), 0)


def expect_version(apigateway, http, stage, version, next_step):
    """Each request for the price is answered by this version."""
    api = id_of_hotel(apigateway)
    for _ in range(4):
        nights = customers.chance.randrange(WEEK, 31)
        path = f"/price?nights={nights}"
        found = expect_answer(apigateway, http, "GET", path, 200, stage=stage, next_step=next_step, api=api)
        if version_of(found, nights) != version:
            raise Failure(
                expected=f"{price(version, nights)} for {nights} nights at {stage}, by version {version}",
                found=str(found),
                next_step=next_step,
            )


def expect_chosen(apigateway, next_step):
    """The stage's variable chooses the alias, and not what was in the uri when the stage was deployed."""
    route = hotel(apigateway).route("GET", "/price")
    uri = (route.integration if route else {}).get("uri", "")
    if CHOSEN not in uri:
        raise Failure(expected=f"{CHOSEN} in the uri of GET /price", found=uri or "no uri", next_step=next_step)


def function_aliases(lambda_):
    """The versions of hotel-price by the aliases for them."""
    found = lambda_.get_paginator("list_aliases").paginate(FunctionName=PRICE).search("Aliases")
    return {each["Name"]: each["FunctionVersion"] for each in found}


def invoked_price(lambda_, alias, nights):
    """What the function's alias itself answers for so many nights; "" where it answers no price."""
    event = {"queryStringParameters": {"nights": str(nights)}}
    told = lambda_.invoke(FunctionName=PRICE, Qualifier=alias, Payload=json.dumps(event))["Payload"].read()
    with suppress(ValueError, KeyError, TypeError):
        return json.loads(json.loads(told)["body"])["price"]
    return told.decode("utf-8", "replace")


def versions_seen(apigateway, http, stage):
    """Which versions answer a stage's requests, asked until two have, or often enough."""
    seen, api = set(), id_of_hotel(apigateway)
    for _ in range(ENOUGH):
        nights = customers.chance.randrange(WEEK, 31)
        found = expect_answer(apigateway, http, "GET", f"/price?nights={nights}", 200, stage=stage, api=api)
        seen.add(version_of(found, nights))
        if {1, 2} <= seen:
            break
    return seen


def booking(**changes):
    """A booking that is right, but for these changes; what is None is left out."""
    told = {"guest": customers.name(), "pet": customers.chance.choice(["dog", "cat"]), "nights": _nights()} | changes
    return {key: value for key, value in told.items() if value is not None}


def _nights():
    return customers.chance.randrange(1, 31)


def no_bookings():
    """What is no booking: each lacks something, or has something that is none."""
    changes = [{"guest": None}, {"pet": None}, {"nights": None}, {"guest": ""}, {"guest": customers.number()}]
    changes += [{"pet": "horse"}, {"nights": 0}, {"nights": 31}, {"nights": "3"}, {"nights": 2.5}]
    return [*(booking(**each) for each in customers.shuffled(changes)), [booking()]]


@contextmanager
def stay(apigateway, http, stepfunctions, dynamodb, told):
    """The execution that a booking starts, at its end; its guest leaves the table afterwards."""
    found = expect_answer(
        apigateway, http, "POST", "/bookings", 201, told, "Section 5 shows what StartExecution wants."
    )
    name = found.fields().get("booking")
    arn = executions.state_machines(stepfunctions)[STAY].replace(":stateMachine:", ":execution:") + f":{name}"
    with items.kept_items(dynamodb, TABLE, KEY, [str(name)]):
        yield str(name), eventually(lambda: _ended(stepfunctions, arn, found), within=QUICKLY)


def _ended(stepfunctions, arn, found):
    next_step = "The answer's booking is the name of the execution: the same $context.requestId in both templates."
    expected = "in booking the name of an execution of hotel-stay, which ends"
    try:
        execution = executions.read_execution(stepfunctions, arn)
    except stepfunctions.exceptions.ClientError:
        raise Failure(expected=expected, found=str(found), next_step=next_step) from None
    if execution.status == "RUNNING":
        raise Failure(expected=expected, found=execution.described(), next_step=next_step)
    return execution


def started(stepfunctions):
    """How many executions of hotel-stay there have been."""
    machine = executions.state_machines(stepfunctions)[STAY]
    pages = stepfunctions.get_paginator("list_executions").paginate(stateMachineArn=machine)
    return sum(len(page["executions"]) for page in pages)


def records(kinesis, since, key):
    """The data of the records of hotel-visits that came since, with this partition key; those of busy shards later."""
    found = []
    for shard in kinesis.list_shards(StreamName=STREAM)["Shards"]:
        about = {"StreamName": STREAM, "ShardId": shard["ShardId"]}
        begin = {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": since}
        place = kinesis.get_shard_iterator(**about, **begin)["ShardIterator"]
        with suppress(kinesis.exceptions.ProvisionedThroughputExceededException):  # five reads a second
            got = kinesis.get_records(ShardIterator=place)["Records"]
            found += [each["Data"] for each in got if each["PartitionKey"] == key]
    return found


def expect_record(kinesis, since, pet, visit, next_step):
    found = records(kinesis, since, pet)
    if json.dumps(visit, sort_keys=True) not in [_sorted(each) for each in found]:
        raise Failure(
            expected=f"a record with the partition key {pet} and the data {json.dumps(visit)}",
            found=", ".join(str(each) for each in found[-5:]) or f"no record of {pet}",
            next_step=next_step,
        )


def _sorted(data):
    return json.dumps(as_json(data), sort_keys=True)


def as_json(text):
    """What a text says as JSON; None where it is none."""
    with suppress(ValueError, RecursionError):
        return json.loads(text)


def expect_list(found, expected, next_step):
    """The answer is a list of these guests, in any order."""
    told, guests = found.json(), sorted(map(items.described, expected))
    if not isinstance(told, list) or sorted(map(items.described, told)) != guests:
        raise Failure(expected=f"a list: [{', '.join(guests)}]", found=str(found), next_step=next_step)


def waiting(sqs):
    """What waits in the queue, as evidence."""
    bodies = queues.peek(sqs, QUEUE)
    return f"{queues.described(sqs, QUEUE)}" + (f": {', '.join(bodies[:3])}" if bodies else "")
