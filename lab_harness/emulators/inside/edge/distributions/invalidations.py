"""Invalidations: paths that AWS takes, what the edge then forgets, and a status that is over once somebody asks.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/invalidation-specifying-objects.html (2026). On AWS
it takes some seconds at all edge locations; here it has happened when the call is answered. The quotas of 3,000 paths
and 15 with a wildcard are for what is in progress at once, so here for one call.
"""

from collections.abc import Iterator
from typing import Any

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.constraints import refuse
from lab_harness.emulators.inside.edge.distributions.caches import cache
from lab_harness.emulators.inside.edge.settings import items, parsed, text

LONGEST, MOST, MOST_WILDCARDS = 4000, 3000, 15  # characters of a path, and paths, in 2026
INVALID = "Your request contains one or more invalid invalidation paths."
TOO_MANY = "Processing your request will cause you to exceed the maximum number of in-progress {} invalidations."
MISMATCH = "The value of Quantity and the size of Items do not match."


def install() -> None:
    """Make MiniStack's invalidations take effect."""
    refuse({"cloudfront": {"_create_invalidation": _refusal}})
    changed = {"_create_invalidation": _invalidate, "_delete_distribution": _forget, "reset": _clear}
    hooks.change({"cloudfront": changed})


def _paths(body: bytes) -> tuple[list[str], str]:
    """The paths of a call, and how many it says that there are."""
    root = parsed(body)
    return [each.text or "" for each in items(root, "Paths")], text(root, "Paths/Quantity") or "0"


def _refusal(distribution: str, body: bytes) -> Any:
    from ministack.services import cloudfront

    if distribution not in cloudfront._distributions:
        return None  # which MiniStack tells
    paths, quantity = _paths(body)
    if quantity != str(len(paths)):
        return cloudfront._error("InconsistentQuantities", MISMATCH, 400)
    if any(_problems(paths)):
        return cloudfront._error("InvalidArgument", INVALID, 400)
    wildcards = sum(path.endswith("*") for path in paths)
    for number, most, kind in ((wildcards, MOST_WILDCARDS, "wildcard"), (len(paths) - wildcards, MOST, "path")):
        if number > most:
            return cloudfront._error("TooManyInvalidationsInProgress", TOO_MANY.format(kind), 400)
    return None


def _problems(paths: list[str]) -> Iterator[bool]:
    yield not paths
    for path in paths:
        yield not path.startswith("/") or "*" in path[:-1] or len(path) > LONGEST or not path.isascii() or " " in path


def _invalidate(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    answer = original(*args, **kwargs)
    distribution, body = args
    if answer[0] == 201:
        for path in _paths(body)[0]:
            cache.invalidate(distribution, path)
        answer = (*answer[:2], answer[2].replace(b"<Status>Completed<", b"<Status>InProgress<"))
    return answer


def _forget(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    answer = original(*args, **kwargs)
    if answer[0] == 204:
        cache.invalidate(args[0])
    return answer


def _clear(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    cache.clear()
    return original(*args, **kwargs)
