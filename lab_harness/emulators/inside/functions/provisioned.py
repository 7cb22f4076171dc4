"""Provisioned concurrency as on AWS: environments made ready ahead of the calls, for a published version or an alias.

MiniStack says READY at once and makes nothing ready, and takes a request for $LATEST or for more than is reserved. What
AWS does in minutes takes as long here as the function's own initialisation.
https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html (2026)
"""

import contextvars
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import wrapt

from lab_harness.emulators.inside.constraints import refuse, told

UNPUBLISHED = "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
WEIGHTED = "Alias with weights can not be used with Provisioned Concurrency"
OVER_RESERVED = (
    "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function"
)
Made = dict[str, Any]  # what GetProvisionedConcurrencyConfig answers; replaced by another when it is put again


def install() -> None:
    """Make MiniStack do so. This takes effect when it imports Lambda."""
    keep = partial(wrapt.wrap_function_wrapper, name="reap_idle_workers", wrapper=_keep)
    wrapt.register_post_import_hook(keep, "ministack.core.lambda_runtime")
    wrapt.register_post_import_hook(_change_lambda, "ministack.services.lambda_svc")
    refuse({"lambda_svc": {"_put_provisioned_concurrency": _problem}})


def _change_lambda(lambda_svc: Any) -> None:
    from ministack.core import lambda_runtime

    lambda_svc.reap_idle_workers = lambda_runtime.reap_idle_workers  # where it was taken before it was changed
    for name, change in (
        ("_put_provisioned_concurrency", _put),
        ("_delete_provisioned_concurrency", _delete),
        ("_update_alias", _follow),
        ("_resume_pending_snapstart_versions", _resume),
    ):
        wrapt.wrap_function_wrapper(lambda_svc, name, change)


def _problem(name: str, qualifier: str | None, data: dict[str, Any]) -> Any:
    from ministack.services.lambda_svc import _functions, error_response_json

    members = {"FunctionName": name, "Qualifier": qualifier, **data}
    if message := told("lambda", "PutProvisionedConcurrencyConfig", members):
        return error_response_json("ValidationException", message, 400)
    function = _functions.get(name)
    if function is None:
        return None
    message = _unfit(function, qualifier, data["ProvisionedConcurrentExecutions"])
    return error_response_json("InvalidParameterValueException", message, 400) if message else None


def _unfit(function: dict[str, Any], qualifier: str | None, wanted: int) -> str:
    """Why AWS would not make so many environments ready; empty where it would."""
    alias = function["aliases"].get(qualifier) or {}
    if qualifier in (None, "", "$LATEST") or alias.get("FunctionVersion") == "$LATEST":
        return UNPUBLISHED
    if alias.get("RoutingConfig"):
        return WEIGHTED
    others = function.get("provisioned_concurrency") or {}
    whole = wanted + sum(
        made["RequestedProvisionedConcurrentExecutions"] for one, made in others.items() if one != qualifier
    )
    reserved = function.get("concurrency")
    return OVER_RESERVED if reserved is not None and whole > reserved else ""


def _put(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.services import lambda_svc

    name, qualifier, _ = args
    answer = original(*args, **kwargs)
    made = ((lambda_svc._functions.get(name) or {}).get("provisioned_concurrency") or {}).get(qualifier)
    if answer[0] != 202 or made is None:
        return answer
    _begin(name, qualifier, made)
    return lambda_svc.json_response(dict(made), 202)


def _begin(name: str, qualifier: str, made: Made) -> None:
    """Make environments ready in a thread of its own; until then the answer is IN_PROGRESS, with none available."""
    made |= {"Status": "IN_PROGRESS", "AllocatedProvisionedConcurrentExecutions": 0}
    made.pop("AvailableProvisionedConcurrentExecutions", None)
    run = contextvars.copy_context().run
    threading.Thread(target=run, args=(_make_ready, name, qualifier, made), daemon=True).start()


def _make_ready(name: str, qualifier: str, made: Made) -> None:
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    wanted = made["RequestedProvisionedConcurrentExecutions"]
    if problem := _too_many():
        made |= {"Status": "FAILED", "StatusReason": problem}
        return
    record, config = lambda_svc._get_func_record_for_qualifier(name, qualifier)
    if not record or not config:
        return
    _release_all(name, config["Version"])
    lambda_svc._ensure_reaper_thread()
    lease = partial(lambda_runtime.acquire_worker, name, config, record["code_zip"], qualifier=config["Version"])
    workers = [lease()[0] for _ in range(wanted)]
    try:
        for worker in workers:
            worker.lab_provisioned = True
        with ThreadPoolExecutor(wanted) as side_by_side:
            contexts = [contextvars.copy_context() for _ in workers]
            list(side_by_side.map(lambda c, w: c.run(lambda_runtime.ensure_spawned, w), contexts, workers))
        made |= {
            "Status": "READY",
            "AllocatedProvisionedConcurrentExecutions": wanted,
            "AvailableProvisionedConcurrentExecutions": wanted,
        }
    except Exception as error:
        made |= {"Status": "FAILED", "StatusReason": str(error)}
    finally:
        for worker in workers:
            lambda_runtime.release_worker(worker)


def _too_many() -> str:
    """Why no more environments can be ready side by side on this machine; empty where they can."""
    from ministack.services import lambda_svc

    each = [made for function in lambda_svc._functions.values() for made in _provisioned(function).values()]
    whole = sum(made["RequestedProvisionedConcurrentExecutions"] for made in each if made["Status"] != "FAILED")
    most = lambda_svc._ACCOUNT_CONCURRENCY_CAP  # by the machine's memory
    return f"{whole} are provisioned; this computer's memory is for {most} in all functions." if whole > most else ""


def _provisioned(function: dict[str, Any]) -> dict[str, Made]:
    return dict(function.get("provisioned_concurrency") or {})


def _release_all(name: str, version: str) -> None:
    """Let the version's environments end when they are idle, as all others do."""
    from ministack.core import lambda_runtime

    with lambda_runtime._lock:
        for pool in lambda_runtime._workers.values():
            for worker in pool:
                if worker.func_name == name and worker.config.get("Version") == version:
                    worker.lab_provisioned = False


def _keep(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Leave provisioned environments alone, however long they are idle."""
    from ministack.core import lambda_runtime

    with lambda_runtime._lock:
        for pool in lambda_runtime._workers.values():
            for worker in pool:
                if getattr(worker, "lab_provisioned", False):
                    worker.last_used = time.time()
    return original(*args, **kwargs)


def _delete(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.services import lambda_svc

    name, qualifier = args
    _, config = lambda_svc._get_func_record_for_qualifier(name, qualifier)
    if config:
        _release_all(name, config["Version"])
    return original(*args, **kwargs)


def _follow(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Make the version ready to which an alias with provisioned concurrency points now."""
    from ministack.services import lambda_svc

    name, alias, _ = args
    _, before = lambda_svc._get_func_record_for_qualifier(name, alias)
    answer = original(*args, **kwargs)
    _, after = lambda_svc._get_func_record_for_qualifier(name, alias)
    made = ((lambda_svc._functions.get(name) or {}).get("provisioned_concurrency") or {}).get(alias)
    if made and before and after and before["Version"] != after["Version"]:
        _release_all(name, before["Version"])
        _begin(name, alias, made)
    return answer


def _resume(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Make ready again what was, before the emulator was stopped."""
    from ministack.core.responses import request_scope
    from ministack.services import lambda_svc

    for (account, region, name), function in list(lambda_svc._functions._data.items()):
        for qualifier, made in (function.get("provisioned_concurrency") or {}).items():
            with request_scope(account, region):
                _begin(name, qualifier, made)
    return original(*args, **kwargs)
