"""Definitions as they are sent: in JSON or in YAML, with the roles that they hand over."""

import json
import re
from collections.abc import Iterator
from typing import Any

ROLES = ("credentials", "authorizerCredentials")
LONGEST = 6 * 1024 * 1024  # bytes of a definition, in 2026
DEEPEST = 200  # brackets within one another: the time that YAML takes grows with their square
NONE = "Unable to parse API definition because of a malformed or missing OpenAPI or Swagger definition."


def roles_in(definition: Any) -> Iterator[str]:
    """The roles that a definition hands to API Gateway, wherever they stand in it."""
    if isinstance(definition, dict):
        yield from (str(definition[name]) for name in ROLES if definition.get(name))
        definition = list(definition.values())
    for each in definition if isinstance(definition, list) else []:
        yield from roles_in(each)


def read(body: Any) -> Any:
    """A definition, in JSON or in YAML; None where it is none."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body or "")
    if len(text) > LONGEST or _depth(text) > DEEPEST:
        return None
    from lab_harness.emulators.inside import plain_yaml  # whose library takes a while to load

    try:
        found = json.loads(text) if text.lstrip().startswith("{") else plain_yaml.read(text)
    except (ValueError, RecursionError):
        return None
    known = isinstance(found, dict) and {"openapi", "swagger"} & found.keys()
    return found if known and isinstance(found.get("paths"), dict) else None


def _depth(text: str) -> int:
    """How many brackets stand within one another, at most."""
    deepest = depth = 0
    for found in re.finditer(r"[\[{\]}]", text):
        depth += 1 if found[0] in "[{" else -1
        deepest = max(deepest, depth)
    return deepest
