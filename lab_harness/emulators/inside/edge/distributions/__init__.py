"""CloudFront's data plane: distributions at `http://<id>.cloudfront.localhost:<port>/`, as viewers see them.

MiniStack keeps the settings of distributions and passes each request on; it has no cache, so no keys, no TTLs and no
invalidations, lets S3 decide by a part of the bucket's policy, and sends requests to any server. `visits` takes each
request on its way, `stored` decides what is answered from the cache (`caches`, by `keys` and `freshness`), `origins`
and `buckets` are asked for the rest. Functions join in at the four `events`.

There is no TLS: `http://https.<id>.cloudfront.localhost:<port>/` stands for a distribution by HTTPS (`pages`).
"""

from lab_harness.emulators.exchange import TOKEN_HEADER
from lab_harness.emulators.inside.access.requests import Request
from lab_harness.emulators.inside.apis.serving import HOPS_HEADER, count_hops
from lab_harness.emulators.inside.asgi import Receive, body_of
from lab_harness.emulators.inside.edge.distributions import (
    configuration,
    in_use,
    invalidations,
    measures,
    origins,
    pages,
    refusals,
    signatures,
    visits,
    whole,
)
from lab_harness.emulators.inside.edge.distributions.visits import comment, is_distribution
from lab_harness.emulators.inside.edge.events import EdgeRequest
from lab_harness.emulators.inside.scopes import within

__all__ = ["comment", "install", "is_distribution", "serve"]


def install() -> None:
    """Change MiniStack's CloudFront. It takes effect when it is imported."""
    configuration.install()
    invalidations.install()
    refusals.install()
    signatures.install()
    measures.install()
    in_use.install()
    whole.install()


async def serve(request: Request, receive: Receive) -> tuple[int, dict[str, str | list[str]], bytes]:
    """Answer a viewer's request."""
    body = await body_of(receive, origins.LARGEST)
    headers = dict(request.headers)
    marks = {TOKEN_HEADER: headers.pop(TOKEN_HEADER)} if TOKEN_HEADER in headers else {}
    count_hops(headers)
    headers.pop(HOPS_HEADER, None)
    if body is None:
        refused = pages.error(413, pages.TOO_LARGE)
        return refused.status, refused.headers, refused.body
    with within(origins.marks, marks):
        asked = EdgeRequest(request.method, request.raw_path, request.raw_query, headers, body)
        answer = await visits.serve(asked)
    return answer.status, answer.headers, answer.body
