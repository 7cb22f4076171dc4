"""Refuses filter policies of subscriptions that SNS refuses; MiniStack delivers all that a bad one was to keep out.

Nor does subscribing again change a subscription: SNS refuses that, where MiniStack takes it and changes nothing.

SNS and EventBridge read the same language, so MiniStack's reading of event patterns says what is wrong.
https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html (2026)
"""

import json
from typing import Any

from lab_harness.emulators.inside.constraints import refuse

MOST_KEYS, MOST_COMBINATIONS = 5, 150
NESTED = "Filter policy scope MessageAttributes does not support nested filter policy"
SCOPES = ("MessageAttributes", "MessageBody")
REASON = "Invalid parameter: Attributes Reason: "


def install() -> None:
    """Make MiniStack refuse them. This takes effect when it imports SNS."""
    refuse({"sns": {"_subscribe": _of_new_subscription, "_set_subscription_attributes": _of_subscription}})


def _of_new_subscription(params: dict[str, Any]) -> Any:
    from ministack.services import sns

    given = {}
    number = 1
    while name := sns._p(params, f"Attributes.entry.{number}.key"):
        given[name] = sns._p(params, f"Attributes.entry.{number}.value")
        number += 1
    return _refusal(given, REASON) or _of_one_that_differs(params, given)


def _of_one_that_differs(params: dict[str, Any], given: dict[str, str]) -> Any:
    from ministack.services import sns

    topic, _ = sns._get_topic(sns._p(params, "TopicArn"), "sns:Subscribe")
    whose = [sns._p(params, name) for name in ("Protocol", "Endpoint")]
    for each in (topic or {}).get("subscriptions") or []:
        kept = each["attributes"]
        if [each["protocol"], each["endpoint"]] == whose and any(
            _read(name, kept.get(name)) != _read(name, value) for name, value in given.items()
        ):
            return sns._error("InvalidParameter", f"{REASON}Subscription already exists with different attributes", 400)
    return None


def _read(name: str, value: str | None) -> Any:
    """An attribute's value, so that two ways of writing the same JSON are one; None for what holds anyway."""
    if name == "FilterPolicyScope":
        return value or SCOPES[0]
    try:
        return json.loads(value or "null") or None
    except ValueError:
        return value


def _of_subscription(params: dict[str, Any]) -> Any:
    from ministack.services import sns

    arn = sns._p(params, "SubscriptionArn")
    found = sns._find_subscription(sns._sub_arn_to_topic.get(arn) or "", arn)
    name = sns._p(params, "AttributeName")
    if name not in ("FilterPolicy", "FilterPolicyScope") or not found:
        return None
    return _refusal({**found["attributes"], name: sns._p(params, "AttributeValue")}, "Invalid parameter: ")


def _refusal(attributes: dict[str, str], prefix: str) -> Any:
    from ministack.services import sns

    scope = attributes.get("FilterPolicyScope") or SCOPES[0]
    if scope not in SCOPES:
        return sns._error("InvalidParameter", f"{prefix}FilterPolicyScope: Invalid value [{scope}]. Please use either "
                          "MessageBody or MessageAttributes", 400)  # fmt: skip
    found = _problem(attributes.get("FilterPolicy") or "", scope)
    return sns._error("InvalidParameter", f"{prefix}FilterPolicy: {found}", 400) if found else None


def _problem(text: str, scope: str) -> str:
    """What is wrong with a filter policy; empty if nothing is, or if there is none."""
    from ministack.services import eventbridge

    try:
        policy = json.loads(text or "{}")
    except ValueError:
        return "failed to parse JSON."
    if not isinstance(policy, dict):
        return "Filter is not an object"
    misread = eventbridge._event_pattern_error(text) if policy else None
    return _unfit(policy, scope) or str(misread or "") or _complex(policy)


def _unfit(policy: dict[str, Any], scope: str) -> str:
    if len(policy) > MOST_KEYS:
        return f"Filter policy can not have more than {MOST_KEYS} keys"
    nested = any(isinstance(rules, dict) for rules in policy.values())
    return NESTED if nested and scope == SCOPES[0] else ""


def _complex(policy: dict[str, Any]) -> str:
    return "Filter policy is too complex" if _combinations(policy) > MOST_COMBINATIONS else ""


def _combinations(policy: dict[str, Any], depth: int = 1) -> int:
    """How many values there are to combine; a value within counts for each level above it, too."""
    product = 1
    for rules in policy.values():
        product *= _combinations(rules, depth + 1) if isinstance(rules, dict) else len(rules) * depth
    return product
