"""What AWS says of a policy that it refuses when it is written, which differs with what the policy is for.

The words are AWS's as they are reported by its users; where none are known they are made in the same way.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-bucket-policy-language.html and
https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html (2026)
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lab_harness.iam.conditions import like
from lab_harness.iam.grammar import Fault, Flaw, as_list, flaws, listed, statements

SERVICE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.(amazonaws\.com(\.cn)?|amazon\.com|aws\.internal)")
NAMED = re.compile(r"\d{12}|arn:aws[a-z-]*:(iam|sts)::[\w-]+:.+|A[A-Z0-9]{15,}|\*")  # who may be named as "AWS"
PARTITION = re.compile(r"aws(-[a-z]+)*|\*")
PARTS_OF_ARN = 6
OF_TOPICS = {
    f"sns:{name}".lower()
    for name in (
        "AddPermission", "DeleteTopic", "GetTopicAttributes", "ListSubscriptionsByTopic", "Publish", "Receive",
        "RemovePermission", "SetTopicAttributes", "Subscribe",
    )
}  # fmt: skip
ON_OBJECTS = r"s3:((Get|Put|Delete|Restore|Replicate)Object\w*|AbortMultipartUpload|ListMultipartUploadParts)"
SYNTAX = "Syntax errors in policy."
There = Callable[[str], bool]  # whether there is a principal of this ARN


def of_identity(document: str) -> str:
    """What IAM says of the policy of a user, a group or a role, or of a managed one; empty where it takes it."""
    known = {
        (Fault.MISSING, "Action"): "Policy statement must contain actions.",
        (Fault.MISSING, "Resource"): "Policy statement must contain resources.",
        (Fault.PROHIBITED, "Principal"): "Policy document should not specify a principal.",
    }
    for flaw in flaws(document, prohibited="Principal"):
        return known.get((flaw.fault, flaw.field), SYNTAX)
    each = statements(document)
    sids = [statement["Sid"] for statement in each if statement.get("Sid")]
    if not all(re.fullmatch("[0-9A-Za-z]+", sid) for sid in sids):
        rule = "Check that your input satisfies the regular expression [0-9A-Za-z]*"
        return f"Statement IDs (SID) must be alpha-numeric. {rule}"
    if len(set(sids)) < len(sids):
        return "Statement IDs (SID) in a single policy must be unique."
    return next((words for statement in each for words in _misnamed(statement)), "")


def of_trust(document: str, there: There) -> str:
    """What IAM says of a role's trust policy; empty where it takes it."""
    for flaw in flaws(document, prohibited="Resource"):
        return _words(flaw)
    for statement in statements(document):
        if not all(re.fullmatch(r"sts:\w+", each, re.IGNORECASE) for each in listed(statement, "Action")):
            return "AssumeRole policy may only specify STS AssumeRole actions."
        if named := _stranger(statement, there):
            return f'Invalid principal in policy: "{named[0].upper()}":"{named[1]}"'
    return ""


def of_bucket(document: str, bucket: str, there: There) -> str:
    """What S3 says of the policy of a bucket of this name; empty where it takes it."""
    if not document.startswith("{"):
        return "Policies must be valid JSON and the first byte must be '{'"
    for flaw in flaws(document):
        return _words(flaw)
    arn = f"arn:aws:s3:::{bucket}"
    for statement in statements(document):
        actions, resources = listed(statement, "Action"), listed(statement, "Resource")
        problems = {
            "Invalid principal in policy": bool(_stranger(statement, there)),
            "Policy has invalid action": not all(
                re.fullmatch(r"\*|s3:[\w*?]+", each, re.IGNORECASE) for each in actions
            ),
            "Policy has invalid resource": not all(like(each.partition("/")[0], arn) for each in resources),
            "Action does not apply to any resource(s) in statement": not all(
                _applies(each, resources) for each in actions
            ),
        }
        if words := next((words for words, found in problems.items() if found), ""):
            return words
    return ""


def of_topic(document: str, there: There) -> str:
    """What SNS says of a topic's policy; empty where it takes it."""
    if any(flaws(document)):
        return "Policy Error: null"
    for statement in statements(document):
        if _stranger(statement, there):
            return "Policy Error: PrincipalNotFound"
        if not {each.lower() for each in listed(statement, "Action")} <= OF_TOPICS:
            return "Policy statement action out of service scope!"
        if len(listed(statement, "Resource")) > 1:
            return "Policy statement must apply to a single resource!"
    return ""


def of_queue(document: str, there: There) -> str:
    """What SQS says of a queue's policy; empty where it takes it."""
    fits = not any(flaws(document)) and not any(
        _stranger(statement, there)
        or not all(re.fullmatch(r"\*|sqs:[\w*?]+", each, re.IGNORECASE) for each in listed(statement, "Action"))
        for statement in statements(document)
    )
    return "" if fits else "Invalid value for the parameter Policy."


def of_key(document: str, there: There) -> str:
    """What KMS says of a key's policy; empty where it takes it, as it does statements without actions or resources."""
    for flaw in flaws(document):
        if flaw.field == "Principal":
            return "Policy contains a statement with no principal."
        if flaw.fault is not Fault.MISSING or flaw.field not in ("Action", "Resource"):
            return _words(flaw)
    if any(_stranger(statement, there) for statement in statements(document)):
        return "Policy contains a statement with one or more invalid principals."
    return ""


def of_bus(document: str, bus: str, there: There) -> str:
    """What EventBridge says of the policy of the event bus with this ARN; empty where it takes it."""
    for flaw in flaws(document):
        return _words(flaw)
    for statement in statements(document):
        if _stranger(statement, there):
            return "Invalid principal in policy"
        for resource in listed(statement, "Resource"):
            if not like(resource, bus) and not resource.startswith(bus.replace(":event-bus/", ":rule/")):
                return f'The relative-id "{resource.rpartition(":")[2]}" is invalid for ARN "{resource}"'
    return ""


def is_principal(name: str) -> bool:
    """Whether this can be a principal: an account, somebody's ARN, everybody, or a service."""
    return bool(NAMED.fullmatch(name) or SERVICE.fullmatch(name))


def _words(flaw: Flaw) -> str:
    """How services say what is wrong with a policy that has principals."""
    if flaw.field == "Principal" and flaw.fault is Fault.VALUE:
        return "Invalid principal in policy" if flaw.value else "Missing required field Principal cannot be empty!"
    return {
        Fault.NO_JSON: "This policy contains invalid Json",
        Fault.VERSION: "The policy must contain a valid version string",
        Fault.EMPTY: "Could not parse the policy: Statement is empty!",
        Fault.MISSING: f"Missing required field {flaw.field}",
        Fault.UNKNOWN: f"Unknown field {flaw.field}",
        Fault.PROHIBITED: f"Has prohibited field {flaw.field}",
        Fault.VALUE: f"Invalid {flaw.field.lower()}: {json.dumps(flaw.value)}",
    }[flaw.fault]


def _stranger(statement: Mapping[str, Any], there: There) -> tuple[str, str] | None:
    """The first principal of a statement that is none: its kind and its name; None where all are."""
    named = statement.get("Principal", statement.get("NotPrincipal", {}))
    for kind, names in named.items() if isinstance(named, dict) else ():
        for name in as_list(names):
            is_one = {"AWS": NAMED, "Service": SERVICE}.get(kind, re.compile(".*")).fullmatch(name)
            if not is_one or (kind == "AWS" and not there(name)):
                return kind, name
    return None


def _misnamed(statement: Mapping[str, Any]) -> Iterator[str]:
    """What IAM says of names of actions and resources that are none."""
    for action in listed(statement, "Action"):
        vendor, colon, name = action.partition(":")
        if action != "*" and not colon:
            yield "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
        elif action != "*" and not re.fullmatch(r"[\w-]+", vendor, re.ASCII):
            yield f"Vendor {vendor} is not valid"
        elif ":" in name:
            yield "Actions/Condition can contain only one colon."
    for resource in listed(statement, "Resource"):
        parts = resource.split(":", 5)
        if resource != "*" and ":" not in resource:
            yield f'Resource {resource} must be in ARN format or "*".'
        elif resource != "*" and (parts[0] != "arn" or not PARTITION.fullmatch(parts[1])):
            yield f'Partition "{parts[1]}" is not valid for resource "{resource}".'
        elif resource != "*" and len(parts) < PARTS_OF_ARN:
            yield "The policy failed legacy parsing"


def _applies(action: str, resources: list[str]) -> bool:
    """Whether one of S3's actions, on objects or on buckets, can be done to one of the resources."""
    if "*" in action or "?" in action:
        return True
    on_objects = re.fullmatch(ON_OBJECTS, action, re.IGNORECASE)
    return any("*" in each.partition("/")[0] or ("/" in each) == bool(on_objects) for each in resources)
