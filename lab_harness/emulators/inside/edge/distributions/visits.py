"""A request's way through a distribution: its behavior, the cache, the origin, and what functions make of it."""

import logging
import re
from dataclasses import replace
from typing import Any

from lab_harness.emulators.inside.edge.distributions import configuration, cookies, measures, pages, signed, stored
from lab_harness.emulators.inside.edge.distributions.configuration import Configuration
from lab_harness.emulators.inside.edge.distributions.keys import COUNTRY, made_headers, with_ours
from lab_harness.emulators.inside.edge.events import EdgeError, EdgeRequest, EdgeResponse, Visit, events

HOST = re.compile(r"(?P<https>https\.)?(?P<label>[a-z0-9]+)\.cloudfront\.localhost(?::\d+)?", re.IGNORECASE)
DIGITS = re.compile("[0-9]{1,12}")
DISABLED = "The request could not be satisfied. The distribution does not exist, or is disabled."

log = logging.getLogger("lab_harness.edge")


def is_distribution(host: str) -> bool:
    """Whether this Host is a distribution's, whether it is there or not."""
    return bool(HOST.fullmatch(host))


def comment(host: str) -> str:
    """The comment of the distribution in a Host, which is all the name that it has; empty where there is none."""
    distribution = _distribution(HOST.fullmatch(host))
    return configuration.read(distribution).comment if distribution else ""


def _distribution(named: re.Match[str] | None) -> Any:
    from ministack.services import cloudfront

    return cloudfront.find_distribution_for_label(named["label"].lower()) if named else None


async def serve(request: EdgeRequest) -> EdgeResponse:
    """Answer a viewer's request, as the distribution in its Host."""
    from ministack.services import cloudfront

    named = HOST.fullmatch(str(request.headers["host"]))
    distribution = _distribution(named)
    id = cloudfront._cf_request_id()
    answer, x_cache = pages.error(403, DISABLED), pages.ERROR
    if named and distribution and distribution["enabled"]:
        try:
            answer, x_cache = await _answer(distribution, request, bool(named["https"]), id)
        except Exception:  # A viewer gets a page, as of CloudFront's own failures.
            log.exception("The distribution %s could not answer.", distribution["Id"])
            answer = pages.error(500, pages.BROKEN)
    headers = pages.dressed(cookies.kept(answer.headers, str(request.headers["host"])), x_cache, id)
    if request.method == "HEAD":
        told = str(answer.headers.get("content-length", ""))
        headers["content-length"] = str(len(answer.body)) if answer.body or not DIGITS.fullmatch(told) else told
    without = request.method == "HEAD" or answer.status in (204, 304)
    sent = replace(answer, headers=headers, body=b"" if without else answer.body)
    if distribution and distribution["enabled"]:
        measures.note(str(distribution["Id"]), request, sent, x_cache)
    return sent


async def _answer(distribution: Any, request: EdgeRequest, https: bool, id: str) -> tuple[EdgeResponse, str]:
    settings = configuration.read(distribution)
    visit = Visit(distribution, settings.behavior(request.uri), request, "127.0.0.1", https, id)
    if refused := _refused(visit, settings):
        return refused
    if closed := signed.refusal(visit):
        return closed, pages.ERROR
    request.headers = with_ours(visit.behavior, request.headers, https)
    if not request.uri.strip("/") and (root := settings.parsed["default_root_object"]):
        request.uri = f"/{root}"
    try:
        if generated := await events.viewer_request(visit):
            return generated, pages.generated(generated)
        response, x_cache, failed = await stored.answer(visit, settings)
        response = _with_policy(visit, response)
        if not failed:
            await events.viewer_response(visit, response)
    except EdgeError as problem:
        return pages.error(problem.status, problem.sentence), f"{problem.told} from cloudfront"
    return response, x_cache if x_cache != pages.MISS or not response.generated else pages.generated(response)


def _refused(visit: Visit, settings: Configuration) -> tuple[EdgeResponse, str] | None:
    """What CloudFront answers without looking for anything."""
    asked, policy, wrong = visit.request, visit.behavior["viewer_protocol_policy"], ""
    if "(cloudfront)" in str(asked.headers.get("via", "")).lower():
        wrong = pages.STACKED
    elif not settings.serves(made_headers(asked.headers, visit.https)[COUNTRY]):
        wrong = pages.CLOSED
    elif not visit.https and policy == "redirect-to-https":
        return pages.to_https(visit), pages.REDIRECTED
    elif not visit.https and policy == "https-only":
        wrong = pages.BAD_REQUEST
    elif asked.method not in (visit.behavior["allowed_methods"] or ("GET", "HEAD")):
        wrong = pages.WRONG_METHOD
    elif asked.body and asked.method in configuration.cached_methods(visit.behavior):
        wrong = pages.BAD_REQUEST  # The body would count for the answer, and not for its key.
    return (pages.error(403, wrong), pages.ERROR) if wrong else None


def _with_policy(visit: Visit, response: EdgeResponse) -> EdgeResponse:
    """A response with the headers of the behavior's response headers policy."""
    from ministack.services import cloudfront

    policy = cloudfront.response_headers_policy_config(visit.behavior["response_headers_policy_id"])
    origin = str(visit.request.headers.get("origin", ""))
    headers = cloudfront._apply_response_headers_policy(response.headers, policy, origin, visit.request.method)
    return replace(response, headers=dict(headers))
