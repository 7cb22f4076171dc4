"""Checks the signature of every AWS call to the embedded emulator, and finds out who made the call.

A signature is in the Authorization header (SigV4), in the query string of a presigned URL (SigV4, and S3's older
SigV2), or in the policy of a form that a browser uploads to S3. MiniStack can calculate signatures, but checks only
some of these.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
"""

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any
from urllib.parse import SplitResult, urlencode

import wrapt

from lab_harness.emulators.inside.access import faults
from lab_harness.emulators.inside.access.faults import Fault
from lab_harness.emulators.inside.access.keys import Key, Keys, acts_for, has_expired
from lab_harness.emulators.inside.access.requests import Request
from lab_harness.emulators.inside.access.routes import destination, signed_for
from lab_harness.emulators.inside.moving_time import clock

FORM = "multipart/form-data"
DIGEST = re.compile("[0-9a-f]{64}")
# Headers by which MiniStack would read another body than the one that was looked at here.
REFRAMING = ("content-encoding", "x-amz-decoded-content-length", "x-amz-content-sha256", "x-amz-trailer")

NEW_FIELDS = {"policy", "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature"}  # of a form, by SigV4
OLD_FIELDS = {"policy", "awsaccesskeyid", "signature"}  # and by SigV2
# What the signature of a SigV2 link need not cover: itself, and what of a bucket is to be listed.
OLD_QUERY = frozenset(
    {"AWSAccessKeyId", "Signature", "Expires", "x-amz-security-token", "x-id", "content-type", "content-md5", "prefix"}
    | {"list-type", "encoding-type", "delimiter", "max-keys", "marker", "continuation-token", "start-after"}
)
WEEK = 604_800  # seconds that a presigned URL is good at most


def is_signed(request: Request) -> bool:
    """Whether the request has a signature. To verify it, the body may be needed."""
    return bool(_verifier(request))


def without_signature(request: Request) -> Fault:
    """The reason for refusing a request without a signature that can be verified."""
    return faults.OLD_HEADER if request.headers.get("authorization", "").startswith("AWS ") else faults.UNSIGNED


def is_link(request: Request) -> bool:
    """Whether it is a presigned link for reading from S3, which a person may click on."""
    presigned = request.query.keys() & {"X-Amz-Signature", "Signature"} and "authorization" not in request.headers
    return bool(presigned) and request.method in ("GET", "HEAD") and destination(request) == "s3"


def install() -> None:
    """Stop MiniStack's S3 from checking presigned URLs and forms itself. This takes effect when MiniStack imports S3.

    It checks them with the secret "test", only one kind of URLs, and writes the path in another way.
    """
    wrapt.register_post_import_hook(_trust_us, "ministack.services.s3")


def _trust_us(s3: Any) -> None:
    wrapt.wrap_function_wrapper(s3, "_verify_presigned_sigv4", lambda *_: None)
    wrapt.wrap_function_wrapper(s3, "signatures_match", lambda *_: True)


def verify(request: Request, keys: Keys) -> str | Fault:
    """The caller, if the signature is right; else why the call is refused."""
    verifier = _verifier(request)
    found: str | Fault = verifier(request, keys) if verifier else faults.UNSIGNED
    return faults.EXPIRED_TOKEN if found == faults.UNKNOWN_KEY and has_expired(acts_for(request)) else found


def _find(request: Request, keys: Keys, access_key_id: str, token: str) -> list[Key]:
    """The keys with this id; none where MiniStack reads another id in the request, for it would act in that name."""
    return keys.find(access_key_id, token) if acts_for(request) == access_key_id else []


def _verifier(request: Request) -> Any:
    if request.headers.get("authorization", "").startswith("AWS4-"):
        return _by_header
    if "X-Amz-Signature" in request.query:
        return _by_query
    if "AWSAccessKeyId" in request.query and "Signature" in request.query:
        return _by_old_query
    form = request.headers.get("content-type", "").startswith(FORM) and not request.query
    return _by_form if form and request.method == "POST" else None


def _by_header(request: Request, keys: Keys) -> str | Fault:
    from ministack.core import sigv4

    signature = sigv4.parse_header_signature(request.headers)
    if isinstance(signature, tuple):
        return Fault(*signature)
    if not _is_dated(signature):
        return faults.MALFORMED  # It would be good for ever.
    if late := sigv4.request_time_failure(signature):
        return Fault(*late)
    return _signer(signature, request, _find(request, keys, signature.access_key_id, session_token(request)))


def _by_query(request: Request, keys: Keys) -> str | Fault:
    """Verify a presigned URL. Others may have it, so it is only good for its own target, until it expires."""
    from ministack.core import sigv4

    signature = sigv4.parse_query_signature(request.query)
    if isinstance(signature, tuple):
        return Fault(*signature)
    if untimely := _untimely(signature, request.parameter("X-Amz-Expires") or "0"):
        return untimely
    if destination(request) != signed_for(request, signature.service):
        return faults.WRONG_SERVICE
    if any(name.startswith("x-amz-") for name in request.headers.keys() - set(signature.signed_headers.split(";"))):
        return faults.ADDED_HEADERS  # One of them would copy any object to where the link may write.
    found = _find(request, keys, signature.access_key_id, request.parameter("X-Amz-Security-Token"))
    return _signer(signature, request, found, presigned=True)


def _untimely(signature: Any, expires: str) -> Fault | None:
    """Why a presigned URL is not good now; None where it is."""
    from ministack.core import sigv4

    if not _is_dated(signature) or not re.fullmatch("-?[0-9]{1,12}", expires):
        return faults.MALFORMED
    if int(expires) > WEEK:
        return faults.TOO_LONG
    skewed = sigv4.request_time_failure(signature)
    if skewed and "not yet current" in skewed[1]:
        return Fault(*skewed)
    return faults.EXPIRED if clock.has_ended(signature.amz_date, expires) else None


def session_token(request: Request) -> str:
    """The session token in a request's header; empty if there is none."""
    return request.headers.get("x-amz-security-token", "")


def _is_dated(signature: Any) -> bool:
    from ministack.core.sigv4 import _amz_datetime

    return _amz_datetime(signature.amz_date) is not None and signature.amz_date.startswith(signature.date_stamp)


def _signer(signature: Any, request: Request, keys: list[Key], presigned: bool = False) -> str | Fault:
    from ministack.core.sigv4 import header_signature_failure

    digest = request.headers.get("x-amz-content-sha256", "")
    if DIGEST.fullmatch(digest) and hashlib.sha256(request.body).hexdigest() != digest:
        return faults.CHANGED_BODY
    sent = (request.method, request.raw_path, request.query, request.headers, request.body)
    for key in keys:
        if not header_signature_failure(signature, key.secret, *sent, presigned=presigned):
            return key.caller
    return faults.MISMATCH if keys else faults.UNKNOWN_KEY


def _by_old_query(request: Request, keys: Keys) -> str | Fault:
    """Verify a SigV2 URL, which boto3's `generate_presigned_url` makes for S3 by default (2026)."""
    from botocore.auth import HmacV1Auth
    from botocore.awsrequest import HTTPHeaders
    from botocore.credentials import Credentials

    expires = request.parameter("Expires")
    if not re.fullmatch("[0-9]{1,12}", expires) or int(expires) < time.time():
        return faults.EXPIRED
    if destination(request) != "s3":
        return faults.WRONG_SERVICE
    if not all(_is_covered(request, name) for name in request.query):
        return faults.ADDED_PARAMETERS
    headers = HTTPHeaders()
    for name, value in request.headers.items():
        headers[name] = value
    token = request.parameter("x-amz-security-token")
    url = SplitResult("http", "host", _old_path(request), urlencode(request.query, doseq=True), "")

    def signature(secret: str) -> str:
        signer = HmacV1Auth(Credentials("", secret, token or None))
        signer._get_date = partial(str, expires)  # a URL's signature has its end where a header's has its date
        return str(signer.get_signature(request.method, url, headers))

    found = _find(request, keys, request.parameter("AWSAccessKeyId"), token)
    return _matching(found, signature, request.parameter("Signature"))


def _is_covered(request: Request, name: str) -> bool:
    """Whether a SigV2 link may have this parameter: MiniStack reads it as a header, and only headers are signed."""
    from botocore.auth import HmacV1Auth

    if name in OLD_QUERY or name in HmacV1Auth.QSAOfInterest:
        return True
    return name.lower().startswith("x-amz-") and [request.headers.get(name.lower())] == request.query[name]


def _old_path(request: Request) -> str:
    """The path that SigV2 signs: it has the bucket even if the request names it in the Host."""
    from ministack.app import _extract_s3_vhost_bucket

    bucket, path = _extract_s3_vhost_bucket(request.headers.get("host", "")), request.raw_path
    return f"/{bucket}{path}" if bucket else path if path.count("/") > 1 or path == "/" else f"{path}/"


def _by_form(request: Request, keys: Keys) -> str | Fault:
    """Verify a form that uploads to a bucket. MiniStack checks what its policy says, but not who signed it."""
    if destination(request) != "s3" or any(request.headers.get(name) for name in REFRAMING):
        return faults.UNSIGNED
    fields = _fields(request)
    given, token = fields.keys(), fields.get("x-amz-security-token", "")
    if given >= NEW_FIELDS and not given & (OLD_FIELDS - NEW_FIELDS):
        access_key_id = fields["x-amz-credential"].partition("/")[0]
        found = _find(request, keys, access_key_id, token)
        return _matching(found, partial(_new_policy, fields), fields["x-amz-signature"])
    if given >= OLD_FIELDS and not given & (NEW_FIELDS - OLD_FIELDS):
        found = _find(request, keys, fields["awsaccesskeyid"], token)
        return _matching(found, partial(_old_policy, fields), fields["signature"])
    return faults.UNSIGNED


def _new_policy(fields: Mapping[str, str], secret: str) -> str:
    from ministack.core.sigv4 import calculate_signature

    date, region, service = [*fields["x-amz-credential"].split("/"), "", "", ""][1:4]
    return str(calculate_signature(secret, date, region, service, fields["policy"]))


def _old_policy(fields: Mapping[str, str], secret: str) -> str:
    return base64.b64encode(hmac.new(secret.encode(), fields["policy"].encode(), hashlib.sha1).digest()).decode()


def _fields(request: Request) -> dict[str, str]:
    """A form's fields, as MiniStack reads them."""
    from ministack.services.s3 import _parse_multipart_form

    parts: Iterable[Any] = _parse_multipart_form(request.headers["content-type"], request.body)
    return {name.lower(): value.decode("utf-8", "replace") for name, _, _, value in parts if name != "file"}


def _matching(keys: list[Key], signature: Any, given: str) -> str | Fault:
    for key in keys:
        if hmac.compare_digest(signature(key.secret).encode(), given.encode()):
            return key.caller
    return faults.MISMATCH if keys else faults.UNKNOWN_KEY
