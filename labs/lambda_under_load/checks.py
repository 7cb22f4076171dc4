"""Checks for the lab lambda_under_load: a function that many call at once, its events, its versions."""

import json

from lab_harness.authors import (
    Failure,
    check,
    customers,
    expect,
    functions,
    items,
    no_witness,
    policies,
    standard_checks,
)

from .probes import CHECKER, DONE, FAILED, FUNCTION, LAYER, TABLE, calls, events, layers, photo, told, versions

ROLE, RESERVED, RETRIES, AGE = "resize-order-role", 5, 2, 3600  # tries after the first, seconds
SHORTEST, ROUNDS = 150, 4  # milliseconds, where about 200 are asked; of calls at once, until two have answered
WRITE_ACTIONS = ("dynamodb:PutItem", "dynamodb:UpdateItem")
NEEDED = [
    (WRITE_ACTIONS, policies.arn("dynamodb", f"table/{TABLE}")),
    *(("sqs:SendMessage", policies.arn("sqs", queue)) for queue in (FAILED, DONE)),
]
RUN_GIVEN = "Run the cell of section 1 that is given; it may run again."

table_exists = standard_checks.table_exists(TABLE, "orderId", RUN_GIVEN, task="given")


@check("The queues resize-failed and resize-done exist", task="given")
def queues_exist(sqs):
    expect.exists(sqs, "queues", [FAILED, DONE], RUN_GIVEN)


role_exists = standard_checks.role_exists(ROLE, RUN_GIVEN, task="given")
role_trusts_lambda = standard_checks.role_trusts_lambda(ROLE, task="given", needs=role_exists)
role_allows_the_work = standard_checks.role_permits(
    "The role may note orders, send records and log", ROLE, NEEDED, [FUNCTION], RUN_GIVEN,
    task="given", needs=role_exists,
)  # fmt: skip
function_exists = standard_checks.function_exists(
    FUNCTION, "Run the cell below the handler's, which creates it.", task="function"
)
function_uses_role = standard_checks.function_uses_role(
    FUNCTION, ROLE, task="function", needs=(function_exists, role_exists)
)


@check("A photo is resized, which takes about 200 ms", task="handler", needs=function_exists)
def photo_is_resized(lambda_):
    event = photo()
    answer = functions.invoke(lambda_, FUNCTION, event)
    if told(answer, "photo") != event["photo"]:
        raise Failure(
            expected=f'an answer with "photo": "{event["photo"]}" to {json.dumps(event)}',
            found=answer.described(),
            next_step=answer.next_step("Section 2 says what the handler answers; deploy it again after a change."),
        )
    milliseconds = calls.duration(lambda_, photo())
    if milliseconds < SHORTEST:
        raise Failure(
            expected="a Duration of about 200 ms in the log's REPORT",
            found=f"a Duration of {milliseconds:.0f} ms",
            next_step="time.sleep(0.2) stands in for the work: without it nothing is ever busy.",
        )


@check("Each execution environment has an id of its own", task="handler", needs=photo_is_resized)
def environments_tell_themselves(lambda_, witness=no_witness):
    ids = []
    while len(set(ids)) < 2 and len(ids) < ROUNDS * 3:  # On a busy machine one call may come after the other.
        sent = [photo() for _ in range(3)]  # More at once than a handler has names that are fixed.
        answers = calls.side_by_side(lambda_, *sent)
        said = [told(answer, "environment") for answer in answers]
        if not all(isinstance(each, str) and each for each in said):
            raise Failure(
                expected="an answer with a text as its environment",
                found=answers[0].described(),
                next_step="Make the id outside the handler, and put it into the answer as environment.",
            )
        ids += said
        calls.expect_ids_of_their_own(sent, said, witness)
    if len(set(ids)) < 2:
        raise Failure(
            expected="different ids from environments that answer at the same time",
            found=f"{len(ids)} times the id {ids[0]}",
            next_step="Draw the id when the module is loaded, as by uuid.uuid4().hex: a fixed text is always the same.",
        )
    later = [told(functions.invoke(lambda_, FUNCTION, photo()), "environment") for _ in range(2)]
    if not set(ids) & set(later):
        raise Failure(
            expected=f"the id of an environment that has answered before: {' or '.join(ids)}",
            found=" and ".join(map(str, later)),
            next_step="Make the id outside the handler: what stands in it is made anew with each call.",
        )


@check("What is no photo raises UnknownFormat", task="handler", needs=photo_is_resized)
def others_fail(lambda_):
    for ending in customers.shuffled([".txt", ".gif"]):
        event = {"photo": customers.file_name(ending)}
        expect.answer(lambda_, FUNCTION, event, "UnknownFormat", "Section 2 says which names end otherwise.")


@check("An order is noted once, however often it comes", task="handler",
       needs=(photo_is_resized, table_exists, role_allows_the_work))  # fmt: skip
def order_is_noted_once(lambda_, dynamodb):
    first, second = calls.order(dynamodb), calls.order(dynamodb)
    there = {"photo": customers.file_name(".jpg")}
    with (
        items.kept_items(dynamodb, TABLE, "orderId", [first["orderId"]]),
        items.probe_items(dynamodb, TABLE, "orderId", {second["orderId"]: there}),
    ):
        answers = calls.side_by_side(lambda_, first, first)
        calls.expect_noted(answers, dynamodb, first, [False, True])
        answers = [functions.invoke(lambda_, FUNCTION, second)]
        calls.expect_noted(answers, dynamodb, {**second, **there}, [False])


@check("Five of its calls may run at once, and no more", task="reservation", needs=function_exists)
def five_are_reserved(lambda_):
    found = lambda_.get_function_concurrency(FunctionName=FUNCTION).get("ReservedConcurrentExecutions")
    if found != RESERVED:
        raise Failure(
            expected=f"a reserved concurrency of {RESERVED}",
            found="no reserved concurrency" if found is None else f"a reserved concurrency of {found}",
            next_step="put_function_concurrency sets it, and sets it anew.",
        )


@check("Each event is tried three times, within an hour", task="events", needs=function_exists)
def events_are_tried_three_times(lambda_):
    settings = events.event_settings(lambda_)
    retries, age = settings.get("MaximumRetryAttempts", RETRIES), settings.get("MaximumEventAgeInSeconds")
    if retries != RETRIES or age != AGE:
        raise Failure(
            expected=f"MaximumRetryAttempts {RETRIES} and MaximumEventAgeInSeconds {AGE}",
            found=f"MaximumRetryAttempts {retries} and MaximumEventAgeInSeconds {age or 'as it is by default'}"
            if settings
            else "no configuration for events",
            next_step="put_function_event_invoke_config replaces all of it: two tries after the first, 3600 seconds.",
        )


@check("What failed for good goes to resize-failed", task="events", needs=(function_exists, queues_exist))
def failures_have_a_destination(lambda_, sqs):
    events.expect_destination(sqs, events.event_settings(lambda_), "OnFailure", FAILED)


@check("What succeeded is reported to resize-done", task="events",
       needs=(photo_is_resized, queues_exist, role_allows_the_work))  # fmt: skip
def successes_reach_their_queue(lambda_, sqs, logs):
    events.expect_destination(sqs, events.event_settings(lambda_), "OnSuccess", DONE)
    event = photo()
    lambda_.invoke(FunctionName=FUNCTION, InvocationType="Event", Payload=json.dumps(event))
    events.expect_record(sqs, logs, event, DONE)


@check("The answer's size is the variable SIZE", task="settings", needs=photo_is_resized)
def size_is_a_setting(lambda_):
    versions.expect_size(lambda_, "$LATEST")


@check("Two versions are published", task="versions", needs=function_exists)
def versions_are_published(lambda_):
    found = versions.versions(lambda_)
    if len(found) < 2:
        raise Failure(
            expected="two published versions",
            found=f"version {found[0]} alone" if found else "$LATEST alone",
            next_step="publish_version makes one where code or settings have changed since the last.",
            there=bool(found),
        )


@check("live sends a tenth of its calls to the newer version", task="versions", needs=versions_are_published)
def live_sends_a_tenth(lambda_):
    version, weights = versions.live(lambda_)
    versions.expect_share(version, weights)


@check("Both versions of live resize photos", task="versions", needs=(live_sends_a_tenth, photo_is_resized))
def live_answers(lambda_):
    version, weights = versions.live(lambda_)
    for number in (version, *weights):
        event = photo()
        answer = functions.invoke(lambda_, f"{FUNCTION}:{number}", event)
        if told(answer, "photo") != event["photo"]:
            raise Failure(
                expected=f"an answer of version {number} with the photo {event['photo']}",
                found=answer.described(),
                next_step="A version stays as it was published: publish the right code, and let live name that.",
            )


@check("Both versions of live keep sizes of their own", task="versions", needs=(live_answers, size_is_a_setting))
def versions_keep_their_sizes(lambda_):
    version, weights = versions.live(lambda_)
    sizes = {number: versions.expect_size(lambda_, number) for number in (version, *weights)}
    if len(set(sizes.values())) < 2:
        raise Failure(
            expected="another SIZE in the newer version than in the older one",
            found=" and ".join(f"SIZE {size} in version {number}" for number, size in sizes.items()),
            next_step="A version keeps the settings of its day: publish one, change SIZE, then publish the other.",
        )


@check("Two environments are ready for most of live's calls", task="ready", needs=live_sends_a_tenth)
def two_are_ready(lambda_):
    version, weights = versions.live(lambda_)
    versions.expect_ready(lambda_, version, weights)


@check("The function's URL asks for a signature", task="url", needs=function_exists)
def url_asks_for_signatures(lambda_):
    pages = lambda_.get_paginator("list_function_url_configs").paginate(FunctionName=FUNCTION)
    found = [each["AuthType"] for page in pages for each in page["FunctionUrlConfigs"]]
    if not found or set(found) != {"AWS_IAM"}:
        raise Failure(
            expected="a URL of live or of the function, with AuthType AWS_IAM",
            found=f"AuthType {' and '.join(found)}" if found else "no function URL",
            next_step="NONE lets everybody in: update_function_url_config changes it."
            if found
            else "create_function_url_config makes it; section 9 says how.",
            there=bool(found),
        )


@check("The layer photo-rules is published", task="layer")
def layer_is_published(lambda_):
    expect.layer(lambda_, LAYER, "publish_layer_version makes its first version; section 10 says of what.")


photo_check_exists = standard_checks.function_exists(
    CHECKER, "Section 10 says what it is made of.", task="layer", needs=layer_is_published
)


@check("photo-check has the layer", task="layer", needs=photo_check_exists)
def photo_check_has_the_layer(lambda_):
    layers.expect_attached(lambda_)


@check("photo-check judges by the rules of the layer", task="layer", needs=photo_check_has_the_layer)
def photos_are_judged_by_the_layer(lambda_, witness=no_witness):
    for ending in customers.shuffled([".jpg", ".txt"]):
        layers.expect_judged(lambda_, customers.file_name(ending), ending == ".jpg", witness)
