"""A whole answer as a viewer asked for it: nothing where they have it already, or a part of it."""

import re
from dataclasses import replace

from lab_harness.emulators.inside.edge.events import EdgeRequest, EdgeResponse

RANGE = re.compile(r"bytes=(?P<first>[0-9]{0,18})-(?P<last>[0-9]{0,18})")


def as_asked(request: EdgeRequest, response: EdgeResponse) -> EdgeResponse:
    """The answer to If-None-Match, If-Modified-Since or a Range of one part; else the whole."""
    if response.status != 200:
        return response
    if _has_it(request, response):
        of_body = ("content-length", "content-type")
        kept = {name: value for name, value in response.headers.items() if name not in of_body}
        return replace(response, status=304, headers=kept, body=b"")
    found = RANGE.fullmatch(str(request.headers.get("range", "")))
    if not found or not (found["first"] or found["last"]) or request.method != "GET":
        return response
    size = len(response.body)
    first = int(found["first"]) if found["first"] else max(0, size - int(found["last"]))
    last = min(int(found["last"]), size - 1) if found["first"] and found["last"] else size - 1
    if first >= size:
        return replace(response, status=416, headers={"content-range": f"bytes */{size}"}, body=b"")
    if last < first:
        return response
    headers = {name: value for name, value in response.headers.items() if name != "content-length"}
    headers["content-range"] = f"bytes {first}-{last}/{size}"
    return replace(response, status=206, headers=headers, body=response.body[first : last + 1])


def _has_it(request: EdgeRequest, response: EdgeResponse) -> bool:
    if given := str(request.headers.get("if-none-match", "")):
        ours = str(response.headers.get("etag", "")).removeprefix("W/")
        return given == "*" or (bool(ours) and ours in [each.strip().removeprefix("W/") for each in given.split(",")])
    since = request.headers.get("if-modified-since")
    return since is not None and since == response.headers.get("last-modified")
