"""An alias with weights sends each version its share of the calls, as AWS does; MiniStack sends all to the first.

https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html (2026)
"""

import random
from contextvars import ContextVar
from typing import Any

import wrapt

# What chooses; a function called by its alias is told its alias, whichever version runs.
chance = random.SystemRandom()
called_as: ContextVar[str] = ContextVar("called_as", default="")


def install() -> None:
    """Make MiniStack choose. This takes effect when it imports Lambda."""
    wrapt.register_post_import_hook(_change_lambda, "ministack.services.lambda_svc")


def _change_lambda(lambda_svc: Any) -> None:
    wrapt.wrap_function_wrapper(lambda_svc, "_invoke", _call_the_chosen)
    for name in ("_execute_function_with_config_scope", "invoke_async_with_retry"):
        wrapt.wrap_function_wrapper(lambda_svc, name, _under_its_alias)
    wrapt.wrap_function_wrapper(lambda_svc, "_get_func_record_for_ref", _find_the_chosen)


def chosen(function: dict[str, Any] | None, qualifier: str | None) -> str | None:
    """The version that runs this call of a function; None where the qualifier is no alias with weights."""
    alias = ((function or {}).get("aliases") or {}).get(qualifier) or {}
    drawn = chance.random()
    for version, weight in ((alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}).items():
        if drawn < weight:
            return str(version)
        drawn -= weight
    return None


async def _call_the_chosen(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.services import lambda_svc

    name, event, headers, *_ = args
    given = (args[3] if len(args) > 3 else None) or kwargs.get("path_qualifier")
    query = (args[4] if len(args) > 4 else None) or kwargs.get("query_params") or {}
    qualifier = given or lambda_svc._qp_first(query, "Qualifier") or lambda_svc._qp_first(headers, "x-amz-qualifier")
    version = chosen(lambda_svc._functions.get(name), qualifier)
    if not version:
        return await original(*args, **kwargs)
    called_as.set(f"{lambda_svc._func_arn(name)}:{qualifier}")
    return await original(name, event, headers, version, {})


def _under_its_alias(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Run a version under the ARN that was called; MiniStack has copied its record for this call."""
    if called_as.get():
        args[0]["config"]["FunctionArn"] = called_as.get()
        called_as.set("")
    return original(*args, **kwargs)


def _find_the_chosen(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Find a function for a service that calls it: the version that is chosen for this call."""
    from ministack.services import lambda_svc

    record, config, name = original(*args, **kwargs)
    version = chosen(lambda_svc._functions.get(name), lambda_svc._resolve_name_and_qualifier(args[0])[1])
    found = lambda_svc._functions[name]["versions"].get(version) if version else None
    return (found, found["config"], name) if found else (record, config, name)
