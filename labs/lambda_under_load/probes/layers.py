"""The second function, and the layer with what it judges photos by."""

import json

from lab_harness.authors import Failure, functions

from . import CHECKER, LAYER, RULES, told

FOLDER = (
    f"Python looks for a layer's modules in its folder python: zip {RULES}.py as python/{RULES}.py, publish that as "
    "another version, and attach it."
)


def expect_attached(lambda_):
    """The second function has a version of the layer; Failure with the layers that it has."""
    layers = _attached(lambda_)
    if not any(arn.split(":")[6] == LAYER for arn in layers):
        raise Failure(
            expected=f"a version of {LAYER} among the Layers of {CHECKER}",
            found=", ".join(layers) or "no layers",
            next_step="Layers takes LayerVersionArn, with the number at its end, which publish_layer_version answers.",
        )


def _attached(lambda_):
    return [each["Arn"] for each in lambda_.get_function_configuration(FunctionName=CHECKER).get("Layers") or []]


def _behind(lambda_):
    """That a newer version of the layer is published than the function has; empty where none is."""
    versions = lambda_.list_layer_versions(LayerName=LAYER)["LayerVersions"]  # the newest first
    if not versions or versions[0]["LayerVersionArn"] in _attached(lambda_):
        return ""
    newest = versions[0]["Version"]
    return f"Version {newest} of {LAYER} is published, and {CHECKER} goes on with an older one: attach it. "


def expect_judged(lambda_, name, accepted, witness):
    """The second function accepts a photo, or does not; Failure with its answer. (LocalStack gives it no layers.)"""
    answer = functions.invoke(lambda_, CHECKER, {"photo": name})
    missing = answer.error and f"named '{RULES}'" in answer.described()
    if told(answer, "accepted") is not accepted and not (missing and witness.runs(CHECKER) is None):
        raise Failure(
            expected=f"an answer to {name} with accepted {json.dumps(accepted)}",
            found=answer.described(),
            next_step=_behind(lambda_)
            + (FOLDER if missing else answer.next_step("Deploy the handler and the module as they are given.")),
        )
