"""What is answered from the cache, and what the origin is asked for.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HTTPStatusCodes.html (2026): an answer that has
expired is asked about with its ETag or date; if it is the same still, that is a RefreshHit. An origin that fails leaves
the expired answer in use for as long as errors are kept. An error, with the page that takes its place, is kept as well.
"""

import gzip
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lab_harness.emulators.inside.edge.distributions import configuration, groups, keys, origins, pages
from lab_harness.emulators.inside.edge.distributions.caches import Kept, Key, cache
from lab_harness.emulators.inside.edge.distributions.conditions import as_asked
from lab_harness.emulators.inside.edge.distributions.configuration import Configuration
from lab_harness.emulators.inside.edge.distributions.freshness import lifetime
from lab_harness.emulators.inside.edge.events import EdgeError, EdgeRequest, EdgeResponse, Visit, events
from lab_harness.emulators.inside.moving_time import clock

COMPRESSED = range(1_000, 10_000_001)  # bytes of what CloudFront compresses, in 2026
TEXTUAL = ("text/", "application/javascript", "application/json", "application/xml", "image/svg+xml", "font/")
Served = tuple[EdgeResponse, str, bool]  # with X-Cache, and whether the origin answered with an error


async def answer(visit: Visit, settings: Configuration) -> Served:
    """What a viewer gets."""
    if not _is_kept(visit):
        response, status = await _from_origin(visit, settings, keys.forwarded(visit))
        return response, pages.ERROR if status >= 400 else pages.MISS, status >= 400
    key = keys.key(visit)
    kept = cache.find(key)
    if visit.request.method == "HEAD" and not (kept and kept.fresh()):  # without a body it is no answer to GET
        key = replace(key, chosen=("HEAD", *key.chosen))
        kept = cache.find(key)
    x_cache = pages.HIT
    if not kept or not kept.fresh():
        kept, x_cache = await _renewed(visit, settings, key, kept)
    failed = kept.origin_status >= 400
    age = {} if x_cache != pages.HIT else {"age": str(kept.age())}
    response = replace(kept.response, headers={**kept.response.headers, **age})
    return as_asked(visit.request, response), pages.ERROR if failed else x_cache, failed


def _is_kept(visit: Visit) -> bool:
    behavior = visit.behavior
    kept = visit.request.method in configuration.cached_methods(behavior) and not keys.never_kept(behavior)
    return kept and configuration.ttl(behavior).most > 0


async def _renewed(visit: Visit, settings: Configuration, key: Key, old: Kept | None) -> tuple[Kept, str]:
    """The origin's answer, which is kept as long as it says; the old one where that holds still."""
    request = keys.forwarded(visit)
    for name in keys.CONDITIONS:  # they are the viewer's, and answered from what is kept
        request.headers.pop(name, None)
    if old and old.origin_status < 400:
        request.headers |= _conditions(old.response)
    before = cache.invalidations
    response, status = await _from_origin(visit, settings, request, old)
    now = clock.now()
    lasts = lifetime(status, response.headers, configuration.ttl(visit.behavior), settings.error_lasts(status), now)
    if old and status >= 500 and old.origin_status < 400:
        old.until = now + settings.error_lasts(status)
        return old, pages.HIT
    x_cache = pages.MISS
    if old and status == 304:
        headers = {**old.response.headers, **response.headers}
        lasts = lifetime(200, headers, configuration.ttl(visit.behavior), 0, now)
        response, status, x_cache = replace(old.response, headers=headers), old.origin_status, pages.REFRESHED
    renewed = Kept(response, now, now + (lasts or 0), status)
    if lasts is None:
        cache.drop(key)
    elif cache.invalidations == before:
        cache.keep(key, renewed)
    return renewed, x_cache


def _conditions(response: EdgeResponse) -> dict[str, Any]:
    asked = {"if-none-match": "etag", "if-modified-since": "last-modified"}
    return {name: response.headers[of] for name, of in asked.items() if of in response.headers}


async def _from_origin(
    visit: Visit, settings: Configuration, request: EdgeRequest, old: Kept | None = None
) -> tuple[EdgeResponse, int]:
    """The origin's answer, or the page that takes its place, and the status that the origin answered with."""
    asked = settings.origins(visit.behavior)
    if request.method not in groups.METHODS:
        asked = asked[:1]
    response, reached = pages.error(502, origins.UNREACHABLE), False
    for origin in asked:
        response, reached = await _asked(visit, origin, request, old)
        if reached and not settings.fails(visit.behavior, response.status):
            break
    response = _compressed(visit, response)
    page = settings.parsed["custom_error_responses"].get(response.status)
    return (await _page(visit, settings, page, response) if page else response), response.status


async def _asked(
    visit: Visit, origin: Mapping[str, Any], request: EdgeRequest, old: Kept | None
) -> tuple[EdgeResponse, bool]:
    """What an origin answers, or a function in its place, and whether it does; else CloudFront's own page."""
    visit.origin, visit.origin_request = dict(origin), replace(request, headers=dict(request.headers))
    if generated := await events.origin_request(visit):
        return generated, True
    try:
        response = await origins.fetch(visit, visit.origin_request)
    except EdgeError as problem:
        return pages.error(problem.status, problem.sentence), False
    if not (old and response.status == 304):
        await events.origin_response(visit, response)
    return response, True


async def _page(visit: Visit, settings: Configuration, page: Any, instead: EdgeResponse) -> EdgeResponse:
    """The page for an error, from the origin of the behavior that its path has; the error where there is none."""
    behavior = settings.behavior(page["page"])
    request = EdgeRequest("GET", page["page"], "", {"user-agent": "Amazon CloudFront"})
    (origin, *_) = settings.origins(behavior) or [None]
    if origin is None:
        return instead
    found = await origins.fetch(replace(visit, behavior=behavior, origin=dict(origin), request=request), request)
    if found.status >= 400:
        return instead
    said = {name: value for name, value in instead.headers.items() if name in ("cache-control", "expires")}
    headers = {name: value for name, value in found.headers.items() if name not in ("cache-control", "expires")}
    return replace(found, status=page["response_code"], headers=headers | said)


def _compressed(visit: Visit, response: EdgeResponse) -> EdgeResponse:
    """A text, compressed where the behavior says so and the viewer takes it; AWS knows Brotli as well."""
    if "gzip" not in keys.encodings(visit.behavior, visit.request).split(",") or response.status != 200:
        return response
    kind, wanted = str(response.headers.get("content-type", "")), visit.behavior["element"].findtext("Compress")
    if wanted != "true" or len(response.body) not in COMPRESSED or "content-encoding" in response.headers:
        return response
    if not kind.startswith(TEXTUAL):
        return response
    of_whole = ("content-length", "accept-ranges")
    headers = {name: value for name, value in response.headers.items() if name not in of_whole}
    if etag := str(headers.get("etag", "")):
        headers["etag"] = etag if etag.startswith("W/") else f"W/{etag}"
    return replace(response, headers={**headers, "content-encoding": "gzip", "vary": "Accept-Encoding"},
                   body=gzip.compress(response.body, mtime=0))  # fmt: skip
