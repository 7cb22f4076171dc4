"""CloudFront Functions: JavaScript at a distribution's viewer events, in an engine of its own.

MiniStack runs them in Node.js where that is installed, without limits, and cannot test them. Here `engine` calls them
in QuickJS, `calls` keeps the log and says how they fail, `values` are what they get and return, `api` what is refused.
"""

from lab_harness.emulators.inside.edge.events import EdgeResponse, Visit, events
from lab_harness.emulators.inside.edge.functions import api, calls, stores, values
from lab_harness.emulators.inside.edge.functions.engine import engines as _engines

__all__ = ["end", "install"]


def install() -> None:
    """Let them join in at the events, and change MiniStack's CloudFront when it is imported."""
    api.install()
    stores.install()
    request, response = events.viewer_request, events.viewer_response

    async def viewer_request(visit: Visit) -> EdgeResponse | None:
        if arn := visit.behavior["functions"].get("viewer-request"):
            return await _request(arn, visit)
        return await request(visit)

    async def viewer_response(visit: Visit, answer: EdgeResponse) -> None:
        if arn := visit.behavior["functions"].get("viewer-response"):
            event = values.event_of("viewer-response", visit, answer)
            values.apply_response(await calls.called(arn, event), event, answer)
        else:
            await response(visit, answer)

    events.viewer_request, events.viewer_response = viewer_request, viewer_response


def end() -> None:
    """End the processes in which they run, before the emulator ends."""
    _engines.close()


async def _request(arn: str, visit: Visit) -> EdgeResponse | None:
    event = values.event_of("viewer-request", visit)
    returned = await calls.called(arn, event)
    if isinstance(returned, dict) and "statusCode" in returned:
        return values.generated(returned)
    values.apply_request(returned, event, visit.request)
    return None
