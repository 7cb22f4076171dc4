"""Cookies stay with the distribution that sets them.

On AWS `cloudfront.net` is on the Public Suffix List, so no browser takes a cookie for all distributions from one of
them. `cloudfront.localhost` is on no list: a browser would take it, and send it to every other distribution. So such a
cookie, which browsers on AWS refuse, is not sent on. What a page sets by JavaScript no server sees: there a cookie for
`cloudfront.localhost` reaches the learner's other distributions, and only these.
https://publicsuffix.org/list/ (2026)
"""

from collections.abc import Mapping
from typing import Any

ZONE = "localhost"


def kept(headers: Mapping[str, Any], host: str) -> dict[str, Any]:
    """Headers without the cookies that are for other hosts of the emulator as well."""
    given = headers.get("set-cookie")
    if given is None:
        return dict(headers)
    lines = [given] if isinstance(given, str) else list(given)
    own = [line for line in lines if not _is_for_others(line, host.partition(":")[0].lower())]
    others = {name: value for name, value in headers.items() if name != "set-cookie"}
    return others | ({"set-cookie": own[0] if len(own) == 1 else own} if own else {})


def _is_for_others(line: str, host: str) -> bool:
    attributes = [each.strip().partition("=") for each in line.split(";")[1:]]
    named = [value.strip().lower().lstrip(".") for name, _, value in attributes if name.strip().lower() == "domain"]
    return any(each != host and f".{each}".endswith(f".{ZONE}") for each in named)
