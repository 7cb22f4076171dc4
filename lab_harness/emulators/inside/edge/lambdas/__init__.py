"""Lambda@Edge: a function's numbered version at each of a distribution's four events.

MiniStack keeps the associations and runs nothing. Here `associations` says what is refused, `runs` calls a version and
says how it fails, `shapes` are the events and what a function may return. There is one edge location, so a version has
no copies; it cannot be deleted as long as a distribution names it, and can at once afterwards, on AWS after hours.
"""

from functools import partial
from typing import Any

from lab_harness.emulators.inside.edge.events import EdgeResponse, Visit, events
from lab_harness.emulators.inside.edge.lambdas import associations, runs, shapes
from lab_harness.emulators.inside.edge.lambdas.shapes import EdgeEvent

__all__ = ["install"]


def install() -> None:
    """Let them join in at the events, and change MiniStack's CloudFront and Lambda when these are imported."""
    associations.install()
    events.viewer_request = partial(_request, "viewer-request", events.viewer_request)
    events.origin_request = partial(_request, "origin-request", events.origin_request)
    events.origin_response = partial(_response, "origin-response", events.origin_response)
    events.viewer_response = partial(_response, "viewer-response", events.viewer_response)


async def _request(kind: str, otherwise: Any, visit: Visit) -> EdgeResponse | None:
    found = associations.of(visit.behavior["element"], kind)
    if found is None:
        answered: EdgeResponse | None = await otherwise(visit)
        return answered
    event = EdgeEvent(kind, visit, found.body)
    returned = await runs.called(found.arn, event.payload())
    if isinstance(returned, dict) and "status" in returned:
        return shapes.generated(returned, kind)
    event.apply(returned)
    return None


async def _response(kind: str, otherwise: Any, visit: Visit, response: EdgeResponse) -> None:
    found = associations.of(visit.behavior["element"], kind)
    if found is None:
        await otherwise(visit, response)
    else:
        event = EdgeEvent(kind, visit).payload(response)
        shapes.apply_response(await runs.called(found.arn, event), kind, response)
