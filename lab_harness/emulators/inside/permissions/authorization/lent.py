"""What Lambda, DynamoDB and CloudFormation read in S3 for whoever asks them, needs that one's permission.

https://docs.aws.amazon.com/lambda/latest/api/API_FunctionCode.html and https://docs.aws.amazon.com/amazondynamodb/
latest/developerguide/S3DataImport.Requesting.html (2026). MiniStack asks nobody. Exports ask where they are written
(`tables.exports`).
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.constraints import refuse
from lab_harness.emulators.inside.permissions.asking import answers

Asked = Mapping[str, Any]
# Lambda's sentence, as users report it.
NOT_READ = (
    "Your access has been denied by S3, please make sure your request credentials have permission to GetObject for "
    "{bucket}/{key}. S3 Error Code: AccessDenied. S3 Error Message: {words}"
)
NO_DOCUMENT = (
    "S3 error: {words}\nFor more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"
)


def install() -> None:
    """Change MiniStack. This takes effect when its modules are imported."""
    refuse(
        {
            "lambda_svc": dict.fromkeys(("_create_function", "_update_code", "_publish_layer_version"), _code),
            "dynamodb": {"_import_table": _import},
        }
    )
    hooks.change(
        {
            "cloudformation.helpers": {"_resolve_document": _document},
            "cloudformation.engine": {"_fetch_include_snippet": _snippet},
            "cloudformation.provisioners": {"_sfn_definition": _definition},
        }
    )


def _code(*args: Any) -> Any:
    """The refusal of code in a bucket that the caller may not read."""
    from ministack.core.responses import error_response_json

    asked = args[-1]
    given = asked.get("Code") or asked.get("Content") or asked
    bucket, key = given.get("S3Bucket"), given.get("S3Key")
    words = _unread(bucket, key, given.get("S3ObjectVersion")) if bucket and key else ""
    told = NOT_READ.format(bucket=bucket, key=key, words=words)
    return error_response_json("AccessDeniedException", told, 403) if words else None


def _unread(bucket: str, key: str, version: str | None = None) -> str:
    """AWS's sentence where the caller may not read an object; empty where they may."""
    return answers.caller("s3:GetObjectVersion" if version else "s3:GetObject", f"arn:aws:s3:::{bucket}/{key}")


def _import(asked: Asked) -> Any:
    from ministack.core.responses import error_response_json

    source = asked.get("S3BucketSource") or {}
    bucket = f"arn:aws:s3:::{source.get('S3Bucket')}"
    listed = answers.caller("s3:ListBucket", bucket)
    words = listed or answers.caller("s3:GetObject", f"{bucket}/{source.get('S3KeyPrefix') or ''}")
    return error_response_json("AccessDeniedException", words, 400) if words else None


def _document(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """A template or another document of CloudFormation's, from S3 only where the caller may read it.

    MiniStack takes the first part of the path for the bucket where that stands in the host's name.
    """
    from ministack.services.cloudformation.helpers import _error, _p

    params, body, by_url, *more = args
    url = "" if _p(params, body) else str(_p(params, by_url) or "")
    if not url:
        return original(*args, **kwargs)
    bucket, key = _place(url)
    if words := _unread(bucket, key):
        return None, _error("ValidationError", NO_DOCUMENT.format(words=words))
    return original({**params, by_url: [f"https://s3.amazonaws.com/{bucket}/{key}"]}, body, by_url, *more, **kwargs)


def _snippet(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """A part that a template includes from S3."""
    from ministack.services.cloudformation import engine

    bucket, _, key = str(args[0]).removeprefix("s3://").partition("/")
    if words := _unread(bucket, key):
        raise engine._IncludeError(engine._INCLUDE_ERROR + words)
    return original(*args, **kwargs)


def _definition(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """A state machine's definition, which may be in S3."""
    at = args[0].get("DefinitionS3Location") or {}
    if at and (words := _unread(str(at.get("Bucket")), str(at.get("Key")), at.get("Version"))):
        raise PermissionError(words)
    return original(*args, **kwargs)


def _place(url: str) -> tuple[str, str]:
    """The bucket, which stands in the host's name or at the beginning of the path, and the key in it."""
    at = urlsplit(url)
    path = at.path.lstrip("/")
    bucket, in_host, _ = at.netloc.partition(".s3.")
    if not in_host:
        bucket, _, path = path.partition("/")
    return bucket, path
