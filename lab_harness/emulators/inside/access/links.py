"""Signs the links for downloading the code of functions and layers; they are valid for ten minutes, as on AWS.

Without this, anybody who knows a function's name could write MiniStack's links. MiniStack makes a layer's link when
it is published, and keeps that; here each answer about the layer has a new one.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

import wrapt

FOLDERS = ("/_ministack/lambda-code/", "/_ministack/lambda-layers/")
SECONDS = 600
DATE = "%Y%m%dT%H%M%SZ"


class Links:
    """The links that one emulator has signed."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def install(self) -> None:
        """Sign MiniStack's links. This takes effect when it imports Lambda."""
        wrapt.register_post_import_hook(self._change_lambda, "ministack.services.lambda_svc")

    def _change_lambda(self, lambda_svc: Any) -> None:
        for name in ("_presigned_code_url", "_layer_content_url"):
            wrapt.wrap_function_wrapper(lambda_svc, name, self._sign)

        @wrapt.patch_function_wrapper(lambda_svc, "_get_layer_version")
        def get_layer_version(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
            name, version = args
            for kept in (lambda_svc._layers.get(name) or {"versions": []})["versions"]:
                if kept["Version"] == version:
                    kept["Content"]["Location"] = lambda_svc._layer_content_url(name, version)
            return original(*args, **kwargs)

    def _sign(self, original: Any, _instance: Any, args: Any, kwargs: Any) -> str:
        url = urlsplit(str(original(*args, **kwargs)))
        date = datetime.now(UTC).strftime(DATE)
        signature = self._signature(unquote(url.path), date)
        signed = {"X-Amz-Date": date, "X-Amz-Expires": SECONDS, "X-Amz-Signature": signature}
        return url._replace(query=urlencode({"X-Amz-Algorithm": "AWS4-HMAC-SHA256"} | signed)).geturl()

    def good(self, method: str, path: str, query: Mapping[str, list[str]]) -> bool:
        """Whether a request follows a valid link. Give the decoded path."""
        if method != "GET" or not path.startswith(FOLDERS):
            return False
        date, signature = (query.get(name, [""])[0] for name in ("X-Amz-Date", "X-Amz-Signature"))
        if not hmac.compare_digest(self._signature(path, date).encode(), signature.encode()):
            return False
        signed = datetime.strptime(date, DATE).replace(tzinfo=UTC)  # as we have written it, for it is signed
        return time.time() <= signed.timestamp() + SECONDS

    def _signature(self, path: str, date: str) -> str:
        return hmac.new(self._key, f"{date}\n{path}".encode(), hashlib.sha256).hexdigest()
