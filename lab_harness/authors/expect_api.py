"""Expectations of an API of API Gateway's: its stage, where its routes lead, who may invoke, what browsers may."""

import re
import time
from collections.abc import Callable, Iterable
from typing import Any

from lab_harness.authors import expect, functions
from lab_harness.authors.api_gateway import Api, Route
from lab_harness.authors.checks import Failure
from lab_harness.authors.http import Http, Response
from lab_harness.authors.witness import Witness, no_witness
from lab_harness.authors.words import nearly
from lab_harness.emulators.base import ACCOUNT, REGION

Ask = Callable[..., Response]  # method, path, body, headers
Request = tuple[str, str]  # a method and a path
LETTER_BY_LETTER = "An origin is compared letter by letter, and has no slash at its end. "
DEFAULT = "$default"  # the route of an HTTP API for what no other takes
NO_ANSWER = "API Gateway wants a dictionary with statusCode, headers and body, and the body as text."
MANY = 60  # requests of which one is held back, or none ever will be
RAISED = "The function ended in an error instead of answering: the traceback in its log names the line."


def stage(api: Api, next_step: str) -> None:
    """Some stage of the API serves all of its routes; Failure with those that are not deployed, or without a stage.

    For example:

        expect_api.stage(api, "Section 7 shows create_deployment, which comes after all else.")
    """
    if not api.stages:
        expected = "a stage with something deployed"
        raise Failure(expected=expected, found="no such stage", next_step=next_step, there=False)
    if undeployed := [str(route) for route in api.routes if route.deployed == {}]:
        found = f"not deployed since they were made: {', '.join(undeployed)}"
        raise Failure(expected=f"all routes deployed to the stage {api.stage}", found=found, next_step=next_step)


def routes(api: Api, requests: Iterable[Request], function: str, next_step: str) -> None:
    """Each of these requests meets a route that leads to the function; Failure with where it leads instead.

    For example:

        expect_api.routes(api, [("GET", "/items"), ("PUT", "/items")], FUNCTION, "Section 5 shows create_route.")
    """
    met = {f"{method} {path}": api.route(method, path) for method, path in requests}
    targets = {request: route.target if route else "" for request, route in met.items()}
    wrong = {request: uri for request, uri in targets.items() if not re.search(rf":function:{function}(?![\w-])", uri)}
    if wrong:
        raise Failure(
            expected=f"{', '.join(targets)}, each leading to the function {function}",
            found="; ".join(f"{request} leads to {uri or 'nothing'}" for request, uri in wrong.items()),
            next_step=f"{_about_route(api, *next((each, met[each]) for each in wrong))}{next_step}",
            there=any(met.values()),
        )


def proxies(api: Api, requests: Iterable[Request], function: str, next_step: str) -> None:
    """Each of these requests meets a REST API's method that is a Lambda proxy of the function; Failure with what it is.

    For example:

        expect_api.proxies(api, [("GET", "/pets"), ("POST", "/pets")], FUNCTION, "Section 6 shows put_integration.")
    """
    asked = [(f"{method} {path}", api.route(method, path)) for method, path in requests]
    wrong = [f"{request} {found}" for request, route in asked if (found := _no_proxy(route, function))]
    if wrong:
        expected = f"{', '.join(request for request, _ in asked)} with the integration type AWS_PROXY to {function}"
        near = nearly(function, re.findall(r":function:([\w-]+)", wrong[0]))
        about = f"{near} is nearly {function}: compare them letter by letter. " if near else ""
        there = any(route for _, route in asked)
        raise Failure(expected=expected, found="; ".join(wrong), next_step=about + next_step, there=there)


def served(
    api: Api, http: Http, requests: Iterable[Request], function: str, next_step: str, *, witness: Witness = no_witness
) -> None:
    """The API's stage has the function answer each of these requests; Failure with what the stage answers instead.

    A stage of a REST API serves what was deployed to it, whatever the API is now.

        next_step = "A stage serves what was deployed to it: create_deployment once more."
        expect_api.served(api, http, [("GET", "/pets")], FUNCTION, next_step, witness=witness)
    """
    for method, path in requests:
        route, moment = api.route(method, path), witness.moment()
        answer, callers = api.ask(http, method, path), witness.callers(function, path, moment)
        held_back = answer.status in (401, 403, 429)  # before it came to the function, as it should be without a key
        unreached = callers is not None and f"execute-api {api.id}" not in callers and not held_back
        if unreached or "Missing Authentication Token" in answer.text or (route and route.deployed == {}):
            raise Failure(
                expected=f"a deployment of {api.stage} in which {function} answers {method} {path}",
                found=f"{answer} to {method} {path}, and a deployment from before {route or path} led to {function}",
                next_step=next_step,
            )


def invocation(api: Api, requests: Iterable[Request], lambda_: Any, function: str, next_step: str) -> None:
    """The API may invoke the function for each of these requests, and no other API may; Failure with what is permitted.

    Where a route calls a version of the function, or an alias, the permission is for that.

        expect_api.invocation(api, [("GET", "/pets")], lambda_, FUNCTION, "Section 6 shows add_permission.")
    """
    arn = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api.id}/{api.stage or 'prod'}"
    sources: dict[str, list[str]] = {}
    for method, path in requests:
        route = api.route(method, path)
        sources.setdefault(_qualifier(route, function), []).append(f"{arn}/{_source(route, method, path)}")
    for qualifier, called in sources.items():
        expect.invocation(
            lambda_, function, "apigateway.amazonaws.com", called, f":{api.id}/", next_step, qualifier=qualifier
        )


def throttled(ask: Callable[[], int], rate: float, burst: int, next_step: str) -> None:
    """Of requests at once some are answered 429; Failure once more get through than the limits allow.

    `ask` sends a request and returns the answer's status. `rate` a second get through, and `burst` at once before it:
    a token bucket, as API Gateway has it (API Gateway Developer Guide, "Throttle requests to your REST APIs", 2026). So
    it is by the time that they took that requests are too many, however slow the machine is.

        expect_api.throttled(lambda: api.ask(http, "GET", "/search").status, 1, 2, "Section 15 lists the limits.")
    """
    began = time.monotonic()
    statuses: list[int] = []
    while len(statuses) <= min(burst + rate * (time.monotonic() - began) + 1, MANY):
        statuses.append(ask())
        if statuses[-1] == 429:
            return
    found = f"{len(statuses)} answers, none of them 429: {', '.join(map(str, sorted(set(statuses))))}"
    raise Failure(expected=f"429 to requests beyond {burst} at once and {rate:g} a second", found=found,
                  next_step=next_step)  # fmt: skip


def explained(answer: Response, logs: Any, function: str, next_step: str) -> tuple[str, str]:
    """An answer as evidence, and the next step: with the function's log and what to do about it, where it broke.

    For example:

        found, next_step = expect_api.explained(answer, logs, FUNCTION, "Section 3 says what PUT writes.")
    """
    if answer.status < 500:
        return str(answer), next_step
    return f"{answer}; {functions.latest_log(logs, function)}", functions.next_step(logs, function, NO_ANSWER, RAISED)


def cors(ask: Ask, origin: str, sent: Iterable[tuple[str, str]], read: Iterable[str], next_step: str) -> None:
    """Pages of an origin may use an API; Failure with the answer that keeps them out, and the headers it lacks.

    They may send JSON by these methods to these paths, and read what GET answers at others. `ask` sends a request to
    the API and returns the answer.

        ask = partial(api.ask, http)
        expect_api.cors(ask, origin, [("PUT", "/items")], ["/items"], "Section 6 shows a CorsConfiguration.")
    """
    for method, path in sent:
        _expect_sending(ask, origin, method, path, next_step)
    for path in read:
        answer = ask("GET", path, None, {"Origin": origin})
        header = answer.headers.get("access-control-allow-origin", "no such header")
        if header not in ("*", origin):
            raise Failure(
                expected=f"Access-Control-Allow-Origin {origin} or * in the answer to GET {path}",
                found=f"status {answer.status} with {header}",
                next_step=next_step,
            )


def _about_route(api: Api, request: str, route: Route | None) -> str:
    """The sentence that says how a request comes to lead to nothing; "" where it leads elsewhere."""
    if route is None:
        there = ", ".join(map(str, api.routes)) or "no routes"
        return f"Nothing takes {request}: the API has {there}. "
    if not route.target and "Target" in route.settings:
        return f"{route} has the Target {route.settings['Target']}: it is integrations/ and an integration's id. "
    return "" if route.target else f"{route} has no integration. "


def _source(route: Route | None, method: str, path: str) -> str:
    """The end of the SourceArn with which API Gateway calls a function for a request: the method and the route's path.

    The route $default names itself, without a method: a permission for `<api>/*/*/*` is none for it (AWS, 2026).
    """
    if route is None:
        return f"{method}{path}"
    return route.path if route.path == DEFAULT else f"{method}{route.path}"


def _qualifier(route: Route | None, function: str) -> str:
    """The version or alias of a function that a route calls; "" where it calls the function itself."""
    found = re.search(rf":function:{function}:([\w$-]+)", route.target if route else "")
    return found[1] if found else ""


def _no_proxy(route: Route | None, function: str) -> str:
    """How a route is no Lambda proxy of the function; "" where it is one."""
    found = route.integration if route else {}
    if found.get("type") != "AWS_PROXY" or not re.search(rf":function:{function}[:/]", found.get("uri", "")):
        kind = f"{found.get('type', 'no integration')} {found.get('uri', '')}".strip()
        return f"with {kind if route else 'no method'}"
    verb = found.get("httpMethod")
    return "" if verb == "POST" else f"with integrationHttpMethod {verb}; Lambda knows only POST"


def _expect_sending(ask: Ask, origin: str, method: str, path: str, next_step: str) -> None:
    """A browser's question before it sends JSON is answered in the affirmative."""
    request = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "content-type"}
    answer = ask("OPTIONS", path, None, {"Origin": origin, **request})
    wanted = {"origin": origin.lower(), "methods": method.lower(), "headers": "content-type"}
    refused = [kind for kind, value in wanted.items() if not {"*", value} & _allowed(answer, kind)]
    if refused or answer.status >= 300:
        names = ", ".join(f"Access-Control-Allow-{kind.title()}" for kind in refused)
        raise Failure(
            expected=f"permission for pages of {origin} to {method} JSON, from OPTIONS {path}",
            found=f"{answer}; missing, or not allowing it: {names or 'nothing'}",
            next_step=f"{_about_refusal(answer, refused)}{next_step}",
        )


def _about_refusal(answer: Response, refused: list[str]) -> str:
    """The sentence that says why a browser's question is not answered as it must be, where the answer tells."""
    if "Missing Authentication Token" in answer.text:
        return "No method of what is deployed answers OPTIONS there. "
    return LETTER_BY_LETTER if "origin" in refused else ""


def _allowed(answer: Response, kind: str) -> set[str]:
    """What a CORS header lists; Access-Control-Allow-Origin may hold one value only."""
    value = answer.headers.get(f"access-control-allow-{kind}", "").lower()
    return {value} if kind == "origin" else {each.strip() for each in value.split(",")}
