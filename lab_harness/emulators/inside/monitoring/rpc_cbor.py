"""CloudWatch's newest protocol, which some SDKs choose, `smithy-rpc-v2-cbor`: answered as a request in JSON is.

MiniStack reads it with a library that is not here, and fails with 500 as it looks for what a request is about. So the
request is made one in JSON before anybody judges it, by botocore's model of the service, and its answer is made one in
this protocol. boto3 and the AWS CLI speak JSON here.
https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html (2026)
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from typing import Any

import wrapt

PROTOCOL, OURS = "smithy-rpc-v2-cbor", "json"
PATH = re.compile(r"/service/GraniteServiceVersion20100801/operation/(\w+)")
FIELDS = {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
NOTHING = b"\xa0"  # an empty map
UNREADABLE = "The request is no CBOR, or has other members than the operation."


def install() -> None:
    """Make MiniStack's CloudWatch answer it."""
    wrapt.register_post_import_hook(
        lambda app: wrapt.wrap_function_wrapper(app, "_dispatch_service_request", _translated), "ministack.app"
    )


async def _translated(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    method, path, headers, body, *more = args
    found = PATH.fullmatch(path)
    operation = _operation(found[1]) if found and "rpc-v2-cbor" in headers.get("smithy-protocol", "") else None
    if operation is None:
        return await original(*args, **kwargs)
    try:
        asked = _in_json(operation, body)
    except Exception:  # whatever botocore stumbles over
        return HTTPStatus.BAD_REQUEST, dict(FIELDS), _error("SerializationException", UNREADABLE)
    kept = {key: value for key, value in headers.items() if key not in ("smithy-protocol", "content-type", "accept")}
    status, fields, answer = await original(method, "/", {**kept, **asked[0]}, asked[1], *more, **kwargs)
    text = answer if isinstance(answer, bytes) else str(answer or "").encode()
    return status, {**_others(fields), **FIELDS}, _in_cbor(operation, int(status), text)


@cache
def _operation(name: str) -> Any:
    """Botocore's model of an operation; None where CloudWatch has none of this name."""
    from ministack.core.responses import _service_model

    model = _service_model("cloudwatch")
    return model.operation_model(name) if name in model.operation_names else None


def _in_json(operation: Any, body: bytes) -> tuple[dict[str, str], bytes]:
    """The headers and the body of a request, as an SDK would send them in JSON."""
    from botocore import parsers, serialize

    read = parsers.create_parser(PROTOCOL).parse(_response(HTTPStatus.OK, body or NOTHING), operation.input_shape)
    members = {key: value for key, value in read.items() if key != "ResponseMetadata"}
    made = serialize.create_serializer(OURS, include_validation=False).serialize_to_request(members, operation)
    return {key.lower(): str(value) for key, value in made["headers"].items()}, made["body"]


def _in_cbor(operation: Any, status: int, text: bytes) -> bytes:
    """An answer in JSON as one in CBOR."""
    from botocore import parsers

    if status >= HTTPStatus.BAD_REQUEST:
        told = json.loads(text or b"{}")
        return _error(str(told.get("__type", "")), str(told.get("message") or told.get("Message") or ""))
    if operation.output_shape is None:
        return NOTHING
    read = parsers.create_parser(OURS).parse(_response(status, text), operation.output_shape)
    return _encoded(operation.output_shape, {key: value for key, value in read.items() if key != "ResponseMetadata"})


def _error(code: str, words: str) -> bytes:
    from botocore.model import DenormalizedStructureBuilder

    members = {"__type": {"type": "string"}, "message": {"type": "string"}}
    shape = DenormalizedStructureBuilder().with_members(members).build_model()
    return _encoded(shape, {"__type": code, "message": words})


def _encoded(shape: Any, members: Mapping[str, Any]) -> bytes:
    """The members of a structure in CBOR, as botocore writes those of a request."""
    from botocore import serialize
    from botocore.model import OperationModel

    class Answer(OperationModel):  # type: ignore[misc]
        input_shape = shape

    given = _operation("ListMetrics")
    answer = Answer({"name": "Answer", "http": {"method": "POST", "requestUri": "/"}}, given.service_model, "Answer")
    made = serialize.create_serializer(PROTOCOL, include_validation=False).serialize_to_request(members, answer)
    return bytes(made["body"])


def _response(status: int, body: bytes) -> dict[str, Any]:
    return {"status_code": int(status), "headers": {}, "body": body}


def _others(fields: Mapping[str, Any] | None) -> dict[str, Any]:
    """An answer's headers that do not tell of its form."""
    return {
        key: value for key, value in (fields or {}).items() if key.lower() not in ("content-type", "content-length")
    }
