"""Why a call was refused: who wanted what, which statements were looked at, and which one is missing."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from lab_harness.emulators.base import Denial, Emulator
from lab_harness.render.blocks import Note

TITLE = "Nothing was refused"
UNTOLD = "This emulator does not tell what was refused for want of a permission."
IDENTITY, RESOURCE, TRUST = "identity-based policy", "resource-based policy", "trust policy"
MOST_STATEMENTS = 8
# Of a statement, as it is noted: what it says, beside its effect.
PARTS = {
    "actions": "Action",
    "other_actions": "NotAction",
    "resources": "Resource",
    "other_resources": "NotResource",
    "principals": "Principal",
    "other_principals": "NotPrincipal",
    "condition": "Condition",
}


def why_note(emulator: Emulator, about: str = "", checks: bool = False) -> Note:
    """Why the last call was refused that names `about`, if only in part; of what checks have set going if asked for."""
    denials = emulator.denials()
    if denials is None:
        return Note(TITLE, (UNTOLD,))
    found = [each for each in denials if (checks or not each.probe) and about in each.message]
    if not found:
        of = f" about {about}" if about else ""
        return Note(TITLE, (f"No call{of} of yours, of your functions', or of what else acts for you was refused.",))
    return _explained(found[-1])


def _explained(denial: Denial) -> Note:
    moment = datetime.fromtimestamp(denial.time, UTC).strftime("%H:%M:%S")
    looked_at = denial.statements[:MOST_STATEMENTS]
    more = len(denial.statements) - len(looked_at)
    return Note(
        f"Refused at {moment} (UTC), done by: {denial.by}",
        (
            denial.message,
            _looked_at(len(denial.statements)),
            *(f"– {_said(each)}: it {each['why']}." for each in looked_at),
            *([f"and {more} more"] if more > 0 else []),
            _missing(denial),
        ),
        None if denial.denies else json.dumps(_statement(denial), indent=2),
    )


def _looked_at(count: int) -> str:
    if not count:
        return "No statement was looked at."
    return "1 statement was looked at:" if count == 1 else f"{count} statements were looked at:"


def _missing(denial: Denial) -> str:
    """The sentence that says what must be changed, and where."""
    if denial.denies:
        return f"A Deny wins over every Allow: {_said(denial.denies)}."
    owner = {
        IDENTITY: f"in a policy of {denial.role or denial.principal}",
        RESOURCE: f"in the policy of {denial.resource} itself",
        TRUST: f"in the trust policy of {denial.resource}",
    }.get(denial.kind, f"in the {denial.kind} of {denial.role or denial.principal}")
    return f"What is missing, {owner}:"


def _statement(denial: Denial) -> dict[str, Any]:
    """The statement that would have allowed it. A trust policy has no Resource."""
    principal = {"Service": denial.principal} if denial.principal.endswith(".amazonaws.com") else "*"
    named = {"Principal": principal} if denial.kind in (RESOURCE, TRUST) else {}
    resource = {} if denial.kind == TRUST else {"Resource": denial.resource}
    return {"Effect": "Allow", **named, "Action": denial.action, **resource}


def _said(statement: Mapping[str, Any]) -> str:
    """A statement in a line: the kind of policy, its name, and what it says."""
    name = f" {statement['policy']}" if statement.get("policy") else ""
    parts = [f"{name} {_value(statement[key])}" for key, name in PARTS.items() if statement.get(key)]
    return f"{statement['kind']}{name}, {statement['effect']} {', '.join(parts)}"


def _value(value: Any) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return " or ".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value)
