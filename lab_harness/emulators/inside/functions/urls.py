"""The URL of a function is one that answers: MiniStack hands out AWS's own https address, which leads nowhere here.

It is a path of the emulator's, as for APIs: not every machine resolves names below localhost.
https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html (2026)
"""

import os
import re
from typing import Any

import wrapt

AWSS = re.compile(rb"https://([a-z0-9-]+)\.lambda-url\.[a-z0-9-]+\.on\.aws/")
ANSWERS = ("_create_function_url_config", "_get_function_url_config", "_update_function_url_config")


def install() -> None:
    """Make MiniStack tell it. This takes effect when it imports Lambda."""
    wrapt.register_post_import_hook(_change_lambda, "ministack.services.lambda_svc")


def _change_lambda(lambda_svc: Any) -> None:
    for name in (*ANSWERS, "_list_function_url_configs"):
        wrapt.wrap_function_wrapper(lambda_svc, name, _tell)


def _tell(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    status, headers, body = original(*args, **kwargs)
    ours = f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}/_aws/lambda-url/".encode()
    return status, headers, AWSS.sub(rb"%s\1/" % ours, body)
