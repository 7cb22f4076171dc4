"""Lab 07."""

from tests.labs.helpers import zipped

from .mistakes import (
    both,
    edit,
    other_role,
    policy,
    rebuild_table,
    rename_function,
    rename_queue,
    rename_role,
    settings,
)
from .slip import Slip

ROLE, FUNCTION, CHECKER, TABLE, LAYER = "resize-order-role", "resize-order", "photo-check", "Thumbnails", "photo-rules"
SQS = "arn:aws:sqs:us-east-1:000000000000:"
CONDITION = '"attribute_not_exists(orderId)"'


def handler(old, new):
    return edit("lambda_under_load", "resize_order", old, new)


def reserved(calls):
    """So many calls are reserved; without a number it was forgotten."""

    def make(clients):
        if calls is None:
            clients["lambda"].delete_function_concurrency(FunctionName=FUNCTION)
        else:
            clients["lambda"].put_function_concurrency(FunctionName=FUNCTION, ReservedConcurrentExecutions=calls)

    return make


def events(**changed):
    """The configuration for events has other settings; with none it was forgotten."""

    def make(clients):
        lambda_ = clients["lambda"]
        found = lambda_.get_function_event_invoke_config(FunctionName=FUNCTION)
        lambda_.delete_function_event_invoke_config(FunctionName=FUNCTION)
        if changed:
            names = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")
            whole = {name: found[name] for name in names} | changed
            lambda_.put_function_event_invoke_config(FunctionName=FUNCTION, **whole)

    return make


def destinations(**queues):
    return events(DestinationConfig={side: {"Destination": SQS + queue} for side, queue in queues.items()})


def live(version, weights, name="live"):
    """The alias has another version, other weights or another name."""

    def make(clients):
        lambda_ = clients["lambda"]
        lambda_.delete_alias(FunctionName=FUNCTION, Name="live")
        routing = {"RoutingConfig": {"AdditionalVersionWeights": weights}} if weights else {}
        lambda_.create_alias(FunctionName=FUNCTION, Name=name, FunctionVersion=version, **routing)

    return make


def ready(version, environments):
    """Environments are ready for one version alone."""

    def make(clients):
        lambda_ = clients["lambda"]
        lambda_.delete_provisioned_concurrency_config(FunctionName=FUNCTION, Qualifier="1")
        lambda_.put_provisioned_concurrency_config(
            FunctionName=FUNCTION, Qualifier=version, ProvisionedConcurrentExecutions=environments
        )

    return make


def url(kind=None):
    def make(clients):
        named = {"FunctionName": FUNCTION, "Qualifier": "live"}
        if kind:
            clients["lambda"].update_function_url_config(**named, AuthType=kind)
        else:
            clients["lambda"].delete_function_url_config(**named)

    return make


def layer(path, text="def accepts(name): return name.endswith('.jpg')", name=LAYER):
    """Another version of the layer has this file, and photo-check that version."""

    def make(clients):
        made = clients["lambda"].publish_layer_version(LayerName=name, Content={"ZipFile": zipped(text, path)})
        settings(CHECKER, Layers=[made["LayerVersionArn"]])(clients)

    return make


def no_layer(clients):
    clients["lambda"].delete_layer_version(LayerName=LAYER, VersionNumber=1)


SLIPS = {
    "table_exists": [
        Slip("singular", rebuild_table(TABLE, "Thumbnail"), "Thumbnail is nearly Thumbnails"),
    ],
    "queues_exist": [
        Slip("underscore", rename_queue("resize-done", "resize_done"), "resize_done is nearly resize-done"),
    ],
    "role_exists": [
        Slip("plural", rename_role(ROLE, "resize-orders-role"), "resize-orders-role is nearly"),
    ],
    "role_allows_the_work": [
        Slip("misspelt", policy(ROLE, "dynamodb:PutItem", "dynamodb:PutItems"), "which is nearly"),
    ],
    "function_exists": [
        Slip("underscore", rename_function(FUNCTION, "resize_order"), "resize_order is nearly resize-order"),
    ],
    "function_uses_role": [
        Slip("nearly this role", other_role(FUNCTION, "resize-orders-role"), "resize-orders-role", "Correct Role"),
    ],
    "photo_is_resized": [
        Slip("a capital", handler('event["photo"]', 'event["Photo"]'), "Nothing is called 'Photo'"),
        Slip("ten times too quick", handler("WORK = 0.2", "WORK = 0.02"), "time.sleep(0.2) stands in for the work"),
        Slip(
            "text",
            handler("    return answer\n", "    return str(answer)\n"),
            "Section 2 says what the handler answers",
        ),
    ],
    "environments_tell_themselves": [
        Slip("a fixed one", handler("uuid.uuid4().hex[:8]", '"environment"'), "uuid.uuid4().hex"),
        Slip("another name", handler('"environment": ENV', '"env": ENV'), "put it into the answer as environment"),
    ],
    "others_fail": [
        Slip(
            "another error",
            handler("raise UnknownFormat", "raise ValueError"),
            "where UnknownFormat is asked for. Section 2",
        ),
        Slip("nearly its name", handler("UnknownFormat", "UnknownFormatError"), "UnknownFormatError", "Section 2"),
    ],
    "order_is_noted_once": [
        Slip("another key", handler(CONDITION, CONDITION.lower()), "Write on the condition attribute_not_exists"),
        Slip("another table", handler('"Thumbnails"', '"Thumbnail"'), "dynamodb:PutItem", never=["Write on the"]),
    ],
    "five_are_reserved": [
        Slip("forgotten", reserved(None), "no reserved concurrency", "put_function_concurrency"),
        Slip("none at all", reserved(0), "a reserved concurrency of 0", "put_function_concurrency"),
    ],
    "events_are_tried_three_times": [
        Slip("a minute", events(MaximumEventAgeInSeconds=60), "3600 seconds"),
        Slip("forgotten", events(), "no configuration for events", "put_function_event_invoke_config"),
    ],
    "failures_have_a_destination": [
        Slip("swapped", destinations(OnFailure="resize-done", OnSuccess="resize-failed"), "change the two about"),
    ],
    "successes_reach_their_queue": [
        Slip(
            "both to one", destinations(OnFailure="resize-failed", OnSuccess="resize-failed"), "resize-failed as OnSu"
        ),
    ],
    "size_is_a_setting": [
        Slip(
            "small letters",
            settings(FUNCTION, Environment={"Variables": {"size": "256"}}),
            '{"size": "256"}',
            "Variables",
        ),
        Slip("a text", handler('int(os.environ.get("SIZE", "128"))', 'os.environ.get("SIZE")'), "with the number that"),
    ],
    "live_sends_a_tenth": [
        Slip("a capital", live("1", {"2": 0.1}, "Live"), "the aliases Live", "create_alias"),
        Slip("a hundredth", live("1", {"2": 0.01}), "with 0.1; update_alias changes it"),
        Slip("what is newest", live("$LATEST", {}), "between published versions only"),
    ],
    "two_are_ready": [
        Slip(
            "the newer one", ready("2", 2), "there is some for version 2", "the version that is live's FunctionVersion"
        ),
    ],
    "url_asks_for_signatures": [
        Slip("forgotten", url(), "create_function_url_config"),
    ],
    "layer_is_published": [
        Slip("underscore", both(layer("python/photo_rules.py", name="photo_rules"), no_layer), "photo_rules is nearly"),
    ],
    "photo_check_exists": [
        Slip("underscore", rename_function(CHECKER, "photo_check"), "photo_check is nearly photo-check"),
    ],
    "photo_check_has_the_layer": [
        Slip("forgotten", settings(CHECKER, Layers=[]), "no layers", "LayerVersionArn"),
    ],
    "photos_are_judged_by_the_layer": [
        Slip("another folder", layer("photo_rules/photo_rules.py"), "as python/photo_rules.py"),
        Slip("old rules", layer("python/photo_rules.py", "def accepts(name): return True"), "as they are given"),
    ],
}
