"""Versions, the alias that shares calls between them, and environments that are ready."""

import json

from lab_harness.authors import Failure, eventually, functions

from . import ALIAS, FUNCTION, QUICKLY, asked, photo, told

READY, SHARE = 2, 0.1  # environments, and the part of the calls that the newer version gets


def versions(lambda_):
    """The numbers of the function's published versions, the oldest first."""
    pages = lambda_.get_paginator("list_versions_by_function").paginate(FunctionName=FUNCTION)
    found = [each["Version"] for page in pages for each in page["Versions"]]
    return sorted((each for each in found if each.isdecimal()), key=int)


def live(lambda_):
    """The alias: its version, and the shares of others by their version. Failure where there is none."""
    if not (found := asked(lambda_.get_alias, Name=ALIAS)):
        pages = lambda_.get_paginator("list_aliases").paginate(FunctionName=FUNCTION)
        there = [each["Name"] for page in pages for each in page["Aliases"]]
        raise Failure(
            expected=f"the alias {ALIAS} of {FUNCTION}",
            found=f"the aliases {', '.join(there)}" if there else "no alias",
            next_step="Section 7 says what create_alias needs.",
            there=False,
        )
    return found["FunctionVersion"], (found.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}


def provisioned(lambda_, qualifier):
    """What is provisioned for a version or an alias: how many, and its status; None where nothing is."""
    found = asked(lambda_.get_provisioned_concurrency_config, Qualifier=qualifier)
    return found and (found["RequestedProvisionedConcurrentExecutions"], found["Status"])


def expect_share(version, weights):
    """live shares its calls as is asked; Failure where it does not."""
    (newer, share), *_ = [*weights.items(), ("", 0.0)]
    numbered = version.isdecimal() and newer.isdecimal()
    if abs(share - SHARE) < 1e-6 and numbered and int(newer) > int(version):
        return
    shares = ", ".join(f"{each:g} to version {number}" for number, each in weights.items())
    if version == "$LATEST":
        next_step = "An alias shares its calls between published versions only: name a number as FunctionVersion."
    elif numbered and int(newer) < int(version):
        next_step = "Change the two about: the older version keeps most of the calls, the newer one is tried."
    else:
        next_step = "RoutingConfig's AdditionalVersionWeights has the newer version, with 0.1; update_alias changes it."
    raise Failure(
        expected=f"an older version, and {SHARE} of the calls to a newer one",
        found=f"{ALIAS} on version {version}, with {shares or 'no weights'}",
        next_step=next_step,
        there=True,
    )


def expect_ready(lambda_, version, weights):
    """Two environments are ready for live's version; Failure where they are not, or not soon."""

    def look():
        ready = provisioned(lambda_, version) or provisioned(lambda_, ALIAS)
        if ready != (READY, "READY"):
            others = [number for number in weights if provisioned(lambda_, number)]
            raise Failure(
                expected=f"provisioned concurrency {READY} for version {version}, READY",
                found=described(ready, version, others),
                next_step=about_provisioned(ready, READY),
            )

    if provisioned(lambda_, version):
        eventually(look, within=QUICKLY)
    else:
        look()


def about_provisioned(ready, wanted):
    """What to do about provisioned concurrency that is not there, or not as much, or not ready."""
    if ready and ready[0] != wanted:
        return "Correct ProvisionedConcurrentExecutions where your cell calls put_provisioned_concurrency_config."
    return "put_provisioned_concurrency_config sets it, for the version that is live's FunctionVersion."


def described(ready, version, others):
    if ready:
        return f"{ready[0]} for version {version}, {ready[1]}"
    also = "".join(f"; there is some for version {number}" for number in others)
    return f"none for version {version}{also}"


def expect_size(lambda_, version):
    """The SIZE that a version's own configuration says, which its answer has as well; Failure where it has not."""
    config = lambda_.get_function_configuration(FunctionName=FUNCTION, Qualifier=version)
    variables = (config.get("Environment") or {}).get("Variables") or {}
    size = variables.get("SIZE", "")
    if not size.isdecimal():
        raise Failure(
            expected=f"the environment variable SIZE of {version}, a number",
            found=f"the variables {json.dumps(variables)}" if variables else "no environment variables",
            next_step="Environment of update_function_configuration has Variables; what is not in them is taken away.",
        )
    answer = functions.invoke(lambda_, f"{FUNCTION}:{version}", photo())
    if told(answer, "size") != int(size):
        raise Failure(
            expected=f"an answer of {version} with the size {size}",
            found=answer.described(),
            next_step=answer.next_step("Answer with the number that os.environ has as SIZE; then deploy, and publish."),
        )
    return size
