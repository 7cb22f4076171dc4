"""Caches of REST APIs' stages: answers are kept for a time, by the keys that an integration names, until it is over.

MiniStack keeps the settings and no answer. Time goes by the emulator's clock. What is not named as a key does not
count: without one all pets of `/pets/{id}` have the same answer, as on AWS. Only answers without an error are kept, and
GET's alone, unless a method's own settings say otherwise.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-caching.html (2026)
"""

import re
from collections import OrderedDict
from http import HTTPStatus
from typing import Any, NamedTuple

from lab_harness.emulators.base import ACCOUNT, REGION
from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.apis.serving import Serving, serving
from lab_harness.emulators.inside.constraints import refuse
from lab_harness.emulators.inside.moving_time import clock
from lab_harness.emulators.inside.permissions.asking import answers

LARGEST = 1_048_576  # bytes of an answer that is kept
MOST = 64 * LARGEST  # bytes of all answers
ENTRY = 2000  # bytes that one takes besides
LONGEST, USUAL = 3600, 300  # seconds
SIZES = ("0.5", "1.6", "6.1", "13.5", "28.4", "58.2", "118", "237")  # GB
FLUSH = re.compile(r"/restapis/(?P<api>\w+)/stages/(?P<stage>[\w-]+)/cache/(?P<what>data|authorizers)/?")
BACKENDS = ("_invoke_lambda_proxy_v1", "_invoke_lambda_custom_v1", "_invoke_sqs_v1", "_invoke_http_proxy_v1")
IGNORED = "199 Cache-control headers were ignored because the caller was unauthorized."
FORBIDDEN = (403, {"Content-Type": "application/json"}, b'{"message":"User is not authorized to invalidate the cache"}')


class Kept(NamedTuple):
    """An answer, and until when it is given."""

    until: float
    status: int
    headers: dict[str, Any]
    body: bytes

    def size(self, key: tuple[Any, ...]) -> int:
        """About how many bytes it takes with its key."""
        return ENTRY + len(self.body) + len(str(key)) + len(str(self.headers))


class Cache:
    """The answers that one emulator's stages keep, the oldest first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[Any, ...], Kept] = OrderedDict()
        self._size = 0

    def find(self, key: tuple[Any, ...]) -> Kept | None:
        """The answer for a key, while its time is not over."""
        found = self._kept.get(key)
        if found and found.until <= clock.now():
            self.drop(key)
            return None
        return found

    def keep(self, key: tuple[Any, ...], kept: Kept) -> None:
        """Keep an answer, and forget the oldest where there are too many."""
        self.drop(key)
        self._kept[key], self._size = kept, self._size + kept.size(key)
        while self._size > MOST:
            self.drop(next(iter(self._kept)))

    def drop(self, key: tuple[Any, ...]) -> None:
        """Forget the answer for a key."""
        if found := self._kept.pop(key, None):
            self._size -= found.size(key)

    def flush(self, api: str = "", stage: str = "") -> None:
        """Forget a stage's answers, or all."""
        for key in [key for key in self._kept if not api or key[:2] == (api, stage)]:
            self.drop(key)


cache = Cache()


def install() -> None:
    """Make MiniStack's stages keep answers. It takes effect when it imports API Gateway."""
    changed = {"_create_stage": _with_status, "_update_stage": _with_status, "reset": _forget}
    backends = dict.fromkeys(BACKENDS, _answered)
    hooks.change({"apigateway_v1": {**backends, **changed, "handle_request": _flush}})
    refuse({"apigateway_v1": {"_create_stage": _bad_stage, "_update_stage": _bad_patch, "_put_integration": _bad_keys}})


def _forget(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    cache.flush()
    return original(*args, **kwargs)


async def _answered(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """The answer that is kept, else the backend's."""
    integration, served = args[0], serving.get()
    lasting = _lasting(served) if served else 0
    if not served or not lasting:
        return await original(*args, **kwargs)
    key, headers = _key(integration, served), dict[str, str]()
    if _asks_for_a_fresh_one(served):
        if not (refused := _may_not_invalidate(served)):
            cache.drop(key)
        elif refused == "FAIL_WITH_403":
            return FORBIDDEN
        elif refused == "SUCCEED_WITH_RESPONSE_HEADER":
            headers = {"Warning": IGNORED}
    if kept := cache.find(key):
        return kept.status, {**kept.headers, **headers}, kept.body
    answer = await original(*args, **kwargs)
    if isinstance(answer, tuple) and HTTPStatus.OK <= int(answer[0]) < HTTPStatus.MULTIPLE_CHOICES:
        status, fields, body = answer
        if len(body) <= LARGEST:
            cache.keep(key, Kept(clock.now() + lasting, int(status), dict(fields), body))
        return status, {**fields, **headers}, body
    return answer


def _settings(served: Serving) -> tuple[dict[str, Any], bool]:
    """What is set for the method, and whether it is set for this one alone."""
    given = served.stage.get("methodSettings") or {}
    path = str(served.resource.get("path", "")).lstrip("/")
    own = given.get(f"/{path}/{served.method}") or given.get(f"{path}/{served.method}")
    return (own, True) if own else (given.get("*/*") or {}, False)


def _lasting(served: Serving) -> int:
    """For how many seconds an answer is kept; 0 where none is."""
    if not served.stage.get("cacheClusterEnabled"):
        return 0
    settings, own = _settings(served)
    if not settings.get("cachingEnabled") or not (own or served.method == "GET"):
        return 0
    return min(int(settings.get("cacheTtlInSeconds", USUAL)), LONGEST)


def _key(integration: Any, served: Serving) -> tuple[Any, ...]:
    """What an answer is kept for: a resource's method, and the parameters that are named as keys."""
    canary = served.canary and not (served.stage.get("canarySettings") or {}).get("useStageCache")
    sent = integration.get("requestParameters") or {}
    named = tuple(_value(served, str(sent.get(each, each))) for each in integration.get("cacheKeyParameters") or ())
    return served.api, served.name, canary, served.resource.get("id"), served.method, named


def _value(served: Serving, parameter: str) -> Any:
    place, _, name = parameter.removeprefix("method.request.").partition(".")
    request = served.request
    if place == "header":
        return next((str(value) for key, value in request["headers"].items() if key.lower() == name.lower()), None)
    value = request["path_params" if place == "path" else "query_params"].get(name)
    return tuple(value) if isinstance(value, list) else value


def _asks_for_a_fresh_one(served: Serving) -> bool:
    told = next((str(value) for key, value in served.request["headers"].items() if key.lower() == "cache-control"), "")
    return "max-age=0" in told.replace(" ", "").lower()


def _may_not_invalidate(served: Serving) -> str:
    """What becomes of a request that may not invalidate the cache; empty where it may."""
    from ministack.core.router import extract_access_key_id

    settings, _ = _settings(served)
    if not settings.get("requireAuthorizationForCacheControl", True):
        return ""
    target = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{served.api}/{served.name}/{served.method}{served.path}"
    key = str(extract_access_key_id(served.request["headers"], served.request["query_params"]) or "")
    if not answers.signer(key, "execute-api:InvalidateCache", target):
        return ""
    return str(settings.get("unauthorizedCacheControlHeaderStrategy") or "SUCCEED_WITH_RESPONSE_HEADER")


async def _flush(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """FlushStageCache and FlushStageAuthorizersCache."""
    from ministack.services import apigateway_v1

    method, path, *_ = args
    found = FLUSH.fullmatch(path) if method == "DELETE" else None
    if not found:
        return await original(*args, **kwargs)
    if found["stage"] not in apigateway_v1._stages_v1.get(found["api"], {}):
        return apigateway_v1._v1_error("NotFoundException", "Invalid stage identifier specified", 404)
    if found["what"] == "data":
        cache.flush(found["api"], found["stage"])
    else:
        for key in [key for key in apigateway_v1._authorizer_cache if found["api"] in key and found["stage"] in key]:
            apigateway_v1._authorizer_cache.pop(key, None)
    return HTTPStatus.ACCEPTED, {}, b""


def _bad_size(size: Any) -> Any:
    from ministack.services import apigateway_v1

    words = f"Invalid cache cluster size specified: {size}. Possible values are {', '.join(SIZES)}"
    fine = size is None or str(size) in SIZES
    return None if fine else apigateway_v1._v1_error("BadRequestException", words, 400)


def _bad_stage(_api: str, data: dict[str, Any]) -> Any:
    return _bad_size(data.get("cacheClusterSize"))


def _bad_keys(api: str, resource: str, verb: str, data: dict[str, Any]) -> Any:
    """A key is a parameter that the method declares, or the integration sends."""
    from ministack.services import apigateway_v1

    method = (apigateway_v1._resources.get(api, {}).get(resource, {}).get("resourceMethods") or {}).get(verb) or {}
    known = {*(method.get("requestParameters") or {}), *(data.get("requestParameters") or {})}
    if known.issuperset(data.get("cacheKeyParameters") or ()):
        return None
    return apigateway_v1._v1_error("BadRequestException", "Invalid cache key parameter specified", 400)


def _bad_patch(_api: str, _stage: str, data: dict[str, Any]) -> Any:
    from ministack.services import apigateway_v1

    for each in data.get("patchOperations", []):
        path, value = str(each.get("path")), each.get("value")
        if path == "/cacheClusterSize" and (refused := _bad_size(value)):
            return refused
        if path.endswith("/caching/ttlInSeconds") and not (str(value).isdecimal() and int(value) <= LONGEST):
            words = f"Invalid value for cache TTL: {value}. It must be from 0 to {LONGEST} seconds."
            return apigateway_v1._v1_error("BadRequestException", words, 400)
    return None


def _with_status(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """A stage tells whether it has a cache. On AWS it is a server, which is made within four minutes; here at once."""
    from ministack.services import apigateway_v1

    answer = original(*args, **kwargs)
    api, named, *_ = args
    stage = apigateway_v1._stages_v1.get(api, {}).get(named.get("stageName") if isinstance(named, dict) else named)
    if int(answer[0]) >= HTTPStatus.BAD_REQUEST or stage is None:
        return answer
    enabled = bool(stage.get("cacheClusterEnabled"))
    stage["cacheClusterStatus"] = "AVAILABLE" if enabled else "NOT_AVAILABLE"
    if enabled:
        stage["cacheClusterSize"] = stage.get("cacheClusterSize") or SIZES[0]
    else:
        cache.flush(api, stage["stageName"])
    return apigateway_v1._v1_response(stage, answer[0])
