"""Functions of a WebSocket API run as all others do, so that what `$connect` answers counts.

MiniStack gives their events to a worker by another way, on which ours is not understood: a `$connect` that answers 401
is let in, and what such a function logs is kept nowhere.
"""

from typing import Any, NamedTuple

import wrapt


def install() -> None:
    """Make MiniStack run them so. It takes effect when it imports what runs functions."""
    wrapt.register_post_import_hook(_change_runtime, "ministack.core.lambda_runtime")


def _change_runtime(lambda_runtime: Any) -> None:
    wrapt.wrap_function_wrapper(lambda_runtime, "get_or_create_worker", _run_as_others)


def _run_as_others(_original: Any, _instance: Any, args: Any, _kwargs: Any) -> "Environment":
    _name, config, _code = args
    return Environment(config["FunctionArn"])


class Environment(NamedTuple):
    """What API Gateway takes for a worker."""

    function: str  # its ARN

    def invoke(self, event: dict[str, Any], _message: str) -> dict[str, Any]:
        """What the function answers, in a worker's words."""
        from ministack.services import lambda_svc

        record, config, _ = lambda_svc._get_func_record_for_ref(self.function)
        result = lambda_svc._execute_function(lambda_svc._execution_record_for_config(record, config), event)
        if result.get("error"):
            return {"status": "error", "error": str(result.get("body"))}
        return {"status": "ok", "result": result.get("body")}
