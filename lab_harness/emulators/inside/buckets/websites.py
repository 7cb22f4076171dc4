"""Serves S3 static websites, by their host names: `http://<bucket>.s3-website.localhost:<port>/`.

MiniStack stores a bucket's website configuration but answers its website address with a listing.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteHosting.html
"""

import re
from dataclasses import dataclass
from html import escape
from urllib.parse import quote
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring

from lab_harness.emulators.inside.permissions.asking import answers

WEBSITE_HOST = re.compile(r"(?P<bucket>[a-z0-9][a-z0-9.-]+)\.s3-website(?:[.-][a-z0-9-]+)?\.localhost(?::\d+)?")
KEPT_HEADERS = ("content-type", "etag", "last-modified", "cache-control", "content-encoding", "content-disposition")


@dataclass(frozen=True)
class Page:
    """A website's answer."""

    status: int
    headers: dict[str, str]
    body: bytes = b""


def website_bucket(host: str) -> str | None:
    """The bucket whose website has this Host; None if there is no bucket in it."""
    match = WEBSITE_HOST.fullmatch(host.lower())
    return match["bucket"] if match else None


async def serve(bucket: str, method: str, path: str) -> Page:
    """Answer like S3's website endpoint, with index documents, error documents and redirects."""
    if method not in ("GET", "HEAD"):
        return _error(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
    status, _, body = await _s3(f"/{bucket}", {"website": [""]})
    if status != 200:
        code = "NoSuchBucket" if b"NoSuchBucket" in body else "NoSuchWebsiteConfiguration"
        return _error(404, code, "There is no website here.", bucket)
    config = fromstring(body)
    if all_to := _find(config, "RedirectAllRequestsTo"):
        protocol = all_to.get("Protocol", "http")
        return Page(301, {"location": f"{protocol}://{all_to['HostName']}{quote(path)}"})
    page = await _page(bucket, path, _find(config, "IndexDocument").get("Suffix", "index.html"))
    if page.status in (403, 404):
        page = await _error_page(bucket, page, _find(config, "ErrorDocument").get("Key"))
    return page if method == "GET" else _without_body(page)


def _without_body(page: Page) -> Page:
    """The answer to HEAD: it tells how long the body would be."""
    return Page(page.status, {**page.headers, "content-length": str(len(page.body))})


async def _page(bucket: str, path: str, index: str) -> Page:
    key = path.lstrip("/")
    if not key or key.endswith("/"):
        return await _object(bucket, key + index)
    page = await _object(bucket, key)
    if page.status == 404 and (await _object(bucket, f"{key}/{index}")).status == 200:
        return Page(302, {"location": f"/{quote(key)}/"})
    return page


async def _error_page(bucket: str, page: Page, key: str | None) -> Page:
    if key is None:
        return page
    document = await _object(bucket, key)
    return Page(page.status, document.headers, document.body) if document.status == 200 else page


async def _object(bucket: str, key: str) -> Page:
    status, headers, body = await _s3(f"/{bucket}/{key}", {})
    if status != 200:
        code = "AccessDenied" if status == 403 else "NoSuchKey"
        if status == 403:
            answers.anybody("s3:GetObject", f"arn:aws:s3:::{bucket}/{key}")  # which notes that it is refused
        return _error(status, code, "The specified key does not exist.", key)
    kept = {name.lower(): value for name, value in headers.items() if name.lower() in KEPT_HEADERS}
    if target := next((v for k, v in headers.items() if k.lower() == "x-amz-website-redirect-location"), None):
        return Page(301, {"location": target})
    return Page(200, kept, body)


async def _s3(path: str, query: dict[str, list[str]]) -> tuple[int, dict[str, str], bytes]:
    from ministack.services import s3  # loaded when a website is first asked for

    # S3 reads the bucket's settings for itself, but objects for anybody, so only where the policy lets everybody.
    status, headers, body = await s3.handle_request("GET", path, {}, b"", query, internal="website" in query)
    return status, headers, body.encode() if isinstance(body, str) else body


def _find(config: Element, name: str) -> dict[str, str]:
    """The texts of an element's children in a website configuration, by their names without namespace."""
    for element in config:
        if element.tag.rpartition("}")[2] == name:
            return {child.tag.rpartition("}")[2]: child.text or "" for child in element}
    return {}


def _error(status: int, code: str, message: str, name: str = "") -> Page:
    title = {403: "403 Forbidden", 404: "404 Not Found", 405: "405 Method Not Allowed"}[status]
    rows = [f"Code: {code}", f"Message: {message}", *([f"Name: {name}"] if name else [])]
    items = "".join(f"<li>{escape(row)}</li>" for row in rows)
    html = f"<html><head><title>{title}</title></head><body><h1>{title}</h1><ul>{items}</ul></body></html>\n"
    return Page(status, {"content-type": "text/html; charset=utf-8"}, html.encode())
