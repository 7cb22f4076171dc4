"""The sites that browsers open by a host name of their own: buckets' websites, logins of user pools, distributions."""

from collections.abc import Mapping

from lab_harness.emulators.inside.access.requests import Request
from lab_harness.emulators.inside.asgi import Receive
from lab_harness.emulators.inside.buckets import websites
from lab_harness.emulators.inside.edge import distributions as edge
from lab_harness.emulators.inside.logins import hosted_login


def is_site(host: str) -> bool:
    """Whether this Host is a site's, which is open to everybody."""
    return bool(websites.website_bucket(host) or hosted_login.domain(host) or edge.is_distribution(host))


async def serve(request: Request, receive: Receive) -> tuple[int, Mapping[str, str | list[str]], bytes]:
    """Answer a request to a site."""
    if edge.is_distribution(request.headers["host"]):
        return await edge.serve(request, receive)
    bucket = websites.website_bucket(request.headers["host"])
    if not bucket:
        return await hosted_login.serve(request, receive)
    page = await websites.serve(bucket, request.method, request.path)
    return page.status, page.headers, page.body
