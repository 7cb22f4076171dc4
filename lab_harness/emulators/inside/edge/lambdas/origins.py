"""An origin as a function at its request's event gets it, and as it may leave it.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html (2026)
"""

from typing import Any

from lab_harness.emulators.inside.edge.lambdas.runs import invalid

S3, CUSTOM = "s3", "custom"
REGION = "us-east-1"
TIMEOUTS = range(1, 121)  # seconds


def described(origin: dict[str, Any]) -> dict[str, Any]:
    """The event's member `origin`."""
    headers: dict[str, list[dict[str, str]]] = {}
    for name, value in origin["custom_headers"]:
        headers.setdefault(name.lower(), []).append({"key": name, "value": value})
    told = {"customHeaders": headers, "domainName": origin["domain_name"], "path": origin["origin_path"]}
    if origin["s3_bucket"]:
        method = "origin-access-identity" if origin["oai_id"] else "none"
        return {S3: told | {"authMethod": method, "region": REGION if origin["oai_id"] else ""}}
    secure = origin["protocol_policy"] != "http-only"
    told |= {"protocol": "https" if secure else "http", "port": origin["https_port" if secure else "http_port"]}
    return {CUSTOM: told | {"readTimeout": origin["read_timeout"], "keepaliveTimeout": 5, "sslProtocols": ["TLSv1.2"]}}


def apply_origin(returned: Any, origin: dict[str, Any]) -> dict[str, Any]:
    """The origin that a function returned; the same where it left it out."""
    from ministack.services import cloudfront

    if returned is None:
        return origin
    kinds = [kind for kind in (S3, CUSTOM) if isinstance(returned, dict) and kind in returned]
    told = returned[kinds[0]] if len(kinds) == 1 else None
    if not isinstance(told, dict) or not isinstance(domain := told.get("domainName"), str) or not domain:
        raise invalid("The origin must be either s3 or custom, with a domainName.")
    path = told.get("path", "")
    if not isinstance(path, str) or (path and not path.startswith("/")) or path.endswith("/"):
        raise invalid("The origin's path must begin with a slash and not end with one.")
    changed = {**origin, "domain_name": domain, "origin_path": path, "s3_bucket": None}
    changed["custom_headers"] = _custom(told.get("customHeaders", {}))
    if kinds == [S3]:
        changed["s3_bucket"] = cloudfront._s3_origin_bucket(domain)
        if not changed["s3_bucket"]:
            raise invalid("The origin's domainName is no bucket's.")
        return changed
    protocol, port, patience = told.get("protocol", "https"), told.get("port", 443), told.get("readTimeout", 30)
    if protocol not in ("http", "https") or not isinstance(port, int) or patience not in TIMEOUTS:
        raise invalid("The origin's protocol must be http or https, its port and its readTimeout numbers.")
    return changed | {"protocol_policy": f"{protocol}-only", f"{protocol}_port": port, "read_timeout": patience}


def _custom(given: Any) -> list[tuple[str, str]]:
    try:
        return [(str(each.get("key", name)), str(each["value"])) for name, values in given.items() for each in values]
    except (AttributeError, KeyError, TypeError):
        raise invalid("The origin's customHeaders must be lists of values by name.") from None
