"""What a distribution uses cannot be deleted; MiniStack finds no use of a policy, and asks for none of a control.

https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_DeleteOriginAccessControl.html (2026). Of key groups and
key value stores MiniStack knows it; of functions `edge.functions` and `edge.lambdas` do.
"""

from collections.abc import Mapping
from typing import Any

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.constraints import refuse
from lab_harness.emulators.inside.edge.settings import parsed

POLICIES = ("CachePolicyId", "OriginRequestPolicyId", "ResponseHeadersPolicyId")
CONTROL = "OriginAccessControlId"


def install() -> None:
    """Make MiniStack refuse to delete it."""
    finders = ("_distributions_using_cache_policy", "_distributions_using_policy")
    hooks.change({"cloudfront": dict.fromkeys(finders, lambda _original, _instance, args, _kwargs: using(*args))})
    refuse({"cloudfront": {"_delete_oac": _control}})


def using(id: str, members: tuple[str, ...] = POLICIES) -> list[str]:
    """The ids of the distributions that name something in one of these members."""
    from ministack.services import cloudfront

    return [str(each["Id"]) for each in cloudfront._distributions.values() if _names(each, id, members)]


def _names(distribution: Mapping[str, Any], id: str, members: tuple[str, ...]) -> bool:
    root = parsed(str(distribution.get("config_xml", "")).encode())
    return root is not None and any((each.text or "").strip() == id for name in members for each in root.iter(name))


def _control(id: str, headers: Mapping[str, str]) -> Any:
    from ministack.services import cloudfront

    known = cloudfront._oacs.get(id)
    if not known or headers.get("if-match") != known["ETag"] or not using(id, (CONTROL,)):
        return None
    words = "Cannot delete the origin access control because it's in use by one or more distributions."
    return cloudfront._error("OriginAccessControlInUse", words, 409)
