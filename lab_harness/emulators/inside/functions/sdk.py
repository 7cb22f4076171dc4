"""AWS's SDK, loaded before the processes that use it are forked, with what it works out again for each session.

That always comes out the same: in each function's process and, in a grading room, in the notebook and in the judge's
clients. Nothing of the harness is imported here, for the process from which functions are forked runs this alone.
"""

import inspect
import sys
from collections.abc import Callable
from functools import cache, lru_cache
from types import FunctionType
from typing import Any

USUAL = ("dynamodb", "s3", "sqs", "sns", "stepfunctions", "events", "lambda")  # services that functions call


def load() -> None:
    """Load the SDK as functions do, and read the descriptions of the services that they call most.

    It uses what else is installed where it finds that, certifi for example. Functions would not find it.
    """
    path = sys.path[:]
    globals()["see_the_sdk_only"](lambda: None)  # This stands before it in the warm process's script.
    finder = sys.meta_path[-1]
    from boto3 import Session

    remember()
    for service in USUAL:
        Session("none", "none", region_name="us-east-1").client(service)
    Session("none", "none", region_name="us-east-1").resource("dynamodb")
    sys.meta_path.remove(finder)
    sys.path[:] = path


def remember() -> None:
    """Let all sessions of botocore share what they read and find out; what they answer stays the same."""
    from botocore import hooks, loaders, session, useragent

    session.create_loader = cache(loaders.create_loader)  # which keeps the services' descriptions that it has read
    hooks.EventAliaser._alias_event_name = staticmethod(hooks.EventAliaser(None)._alias_event_name)
    hooks.accepts_kwargs = _takes_any_keyword(hooks.accepts_kwargs)
    useragent.sanitize_user_agent_string_component = lru_cache(useragent.sanitize_user_agent_string_component)


def _takes_any_keyword(find_out: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """What tells whether a handler takes any keyword: of a plain function its code says so."""

    def takes(handler: Any) -> Any:
        plain = getattr(handler, "__func__", handler)
        if isinstance(plain, FunctionType) and not hasattr(plain, "__signature__"):
            return plain.__code__.co_flags & inspect.CO_VARKEYWORDS
        return find_out(handler)

    return takes
