"""Makes another version of a managed policy the one that counts: SetDefaultPolicyVersion, which MiniStack lacks.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SetDefaultPolicyVersion.html (2026)
"""

from typing import Any

import wrapt

MANAGED = ":iam::aws:policy/"  # in the ARN of AWS's own policies


def install() -> None:
    """Teach MiniStack this call. This takes effect when it imports IAM."""
    wrapt.register_post_import_hook(_change_iam, "ministack.services.iam")


def _change_iam(iam: Any) -> None:
    iam._IAM_HANDLERS["SetDefaultPolicyVersion"] = _set_default


def _set_default(params: dict[str, Any]) -> Any:
    from ministack.services import iam

    arn, wanted = iam._p(params, "PolicyArn"), iam._p(params, "VersionId")
    if MANAGED in arn:
        return iam._error(403, "AccessDenied", "The default version of an AWS managed policy is AWS's own.", ns="iam")
    policy = iam._policies.get(arn)
    if policy is None:
        return iam._error(404, "NoSuchEntity", f"Policy {arn} was not found.", ns="iam")
    if wanted not in policy["Versions"]:
        words = f"Policy {arn} version {wanted} does not exist or is not attachable."
        return iam._error(404, "NoSuchEntity", words, ns="iam")
    for version in policy["Versions"].values():
        version["IsDefaultVersion"] = version["VersionId"] == wanted
    policy |= {"DefaultVersionId": wanted, "UpdateDate": iam._now()}
    return iam._xml(200, "SetDefaultPolicyVersionResponse", "", ns="iam")
