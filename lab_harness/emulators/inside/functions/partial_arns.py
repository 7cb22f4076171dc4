"""A function may be named by a part of its ARN, "123456789012:function:orders", wherever Lambda takes a FunctionName.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html (2026). MiniStack takes the account for the name.
"""

from typing import Any

from lab_harness.emulators.base import ACCOUNT
from lab_harness.emulators.inside import hooks

BEGINNING = f"{ACCOUNT}:function:"


def install() -> None:
    """Make MiniStack understand it. This takes effect when it imports Lambda."""
    hooks.change({"lambda_svc": dict.fromkeys(("_resolve_name", "_resolve_name_and_qualifier"), _resolve)})


def _resolve(original: Any, _instance: Any, args: Any, _kwargs: Any) -> Any:
    (reference,) = args
    return original(reference.removeprefix(BEGINNING) if isinstance(reference, str) else reference)
