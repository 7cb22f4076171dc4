"""Tells what a usage plan's keys have used of their quota, and refuses what AWS refuses of plans and their keys.

MiniStack answers GetUsage with nothing; it takes a key into a plan that is no key, or is there, and any period and
limit. What was used is kept with the plan's key, by the day.
https://docs.aws.amazon.com/apigateway/latest/api/API_GetUsage.html and API_QuotaSettings.html (2026)
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.apis.rest_refusals import refusal
from lab_harness.emulators.inside.constraints import Problem, refuse
from lab_harness.emulators.inside.moving_time import clock

USAGE = re.compile(r"/usageplans/([^/]+)/usage")
USED = "labUsed"  # the key in a plan's key of what it has used, by the day
MOST_DAYS = 90
DAYS = {"DAY": 1, "WEEK": 7, "MONTH": 30}  # of a quota's period, as MiniStack counts them
LAST_OFFSET = {"DAY": 0, "WEEK": 6, "MONTH": 27}  # days, by the period

NO_PLAN, NO_KEY = "Invalid Usage Plan identifier specified", "Invalid API Key identifier specified"
KEY_EXISTS = "Usage Plan Key already exists"
NO_TYPE = "Invalid key type specified"
NO_PERIOD = "Quota period should be one of DAY, WEEK and MONTH"
NO_OFFSET = "Usage Plan quota offset must be in range for its period: from 0 to {}"
NO_LIMIT = "Usage Plan {} must not be negative"
NO_DATES = "Usage startDate and endDate must be dates, yyyy-MM-dd, at most 90 days apart"


def install() -> None:
    """Change MiniStack. This takes effect when it imports API Gateway."""
    problems: dict[str, Problem] = {"_create_usage_plan": _plan, "_create_usage_plan_key": _plan_key}
    refuse({"apigateway_v1": problems})
    hooks.change({"apigateway_v1": {"handle_request": _answer, "_check_quota": _count}})


def _keys(plan: str) -> Mapping[str, dict[str, Any]]:
    from ministack.services import apigateway_v1

    found: Mapping[str, dict[str, Any]] = apigateway_v1._usage_plan_keys.get(plan) or {}
    return found


def _plan(asked: Mapping[str, Any]) -> Any:
    quota, limits = asked.get("quota") or {}, asked.get("throttle") or {}
    if quota and quota.get("period") not in LAST_OFFSET:
        return refusal(NO_PERIOD)
    last = LAST_OFFSET.get(quota.get("period", ""), 0)
    if not 0 <= (quota.get("offset") or 0) <= last:
        return refusal(NO_OFFSET.format(last))
    named = {"quota limit": quota.get("limit")} | {f"throttle {name}": value for name, value in limits.items()}
    return next((refusal(NO_LIMIT.format(name)) for name, value in named.items() if (value or 0) < 0), None)


def _plan_key(plan: str, asked: Mapping[str, Any]) -> Any:
    from ministack.services import apigateway_v1

    key = asked.get("keyId")
    if plan not in apigateway_v1._usage_plans:
        return None
    if asked.get("keyType") != "API_KEY":
        return refusal(NO_TYPE)
    if key not in apigateway_v1._api_keys:
        return refusal(NO_KEY, "NotFoundException", 404)
    return refusal(KEY_EXISTS, "ConflictException", 409) if key in _keys(plan) else None


def _count(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Let a request with a key through as long as its quota lasts, and note that it was used."""
    from ministack.services import apigateway_v1

    refused = original(*args, **kwargs)
    key, api, stage = args
    if key is not None and refused is None:
        today = clock.today().date().isoformat()
        for plan, about, _ in apigateway_v1._usage_plans_for_key(key["id"], api, stage):
            if (about.get("quota") or {}).get("limit") is not None:
                used = _keys(plan)[key["id"]].setdefault(USED, {})
                used[today] = used.get(today, 0) + 1
    return refused


async def _answer(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    method, path, _headers, _body, query = args
    found = USAGE.fullmatch(path) if method == "GET" else None
    if not found:
        return await original(*args, **kwargs)
    return _usage(found[1], {name: value[0] if isinstance(value, list) else value for name, value in query.items()})


def _usage(plan: str, asked: Mapping[str, str]) -> Any:
    from ministack.services import apigateway_v1

    about = apigateway_v1._usage_plans.get(plan)
    if about is None:
        return refusal(NO_PLAN, "NotFoundException", 404)
    try:
        first, last = (date.fromisoformat(asked.get(each, "")) for each in ("startDate", "endDate"))
    except ValueError:
        return refusal(NO_DATES)
    if not timedelta() <= last - first <= timedelta(days=MOST_DAYS):
        return refusal(NO_DATES)
    keys = {name: key for name, key in _keys(plan).items() if asked.get("keyId", name) == name}
    quota = about.get("quota") or {}
    if quota.get("limit") is None:  # Nothing is counted.
        keys = {}
    values = {name: list(_daily(key.get(USED) or {}, quota, first, last)) for name, key in keys.items()}
    told = {"usagePlanId": plan, "startDate": asked["startDate"], "endDate": asked["endDate"], "values": values}
    return apigateway_v1._v1_response(told)


def _daily(used: Mapping[str, int], quota: Mapping[str, Any], first: date, last: date) -> Iterator[list[int]]:
    """For each day what was used on it, and what remained of the quota for its period."""
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        period = [(day - timedelta(days=back)).isoformat() for back in range(DAYS[quota["period"]])]
        spent = sum(used.get(each, 0) for each in period)
        yield [used.get(day.isoformat(), 0), max(int(quota["limit"]) - spent, 0)]
