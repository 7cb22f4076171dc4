"""Addresses of what a learner built, as a browser on this machine reaches them."""

from urllib.parse import urlsplit

from lab_harness.authors.http import api_path

COMPOSE_SERVICE = "localstack"  # a name within docker-compose's network only, whose port is this machine's


def api_address(endpoint: str, api_id: str, stage: str, path: str) -> str:
    """Where a stage of an API answers a path, which begins with a slash."""
    parts = urlsplit(endpoint)
    host = parts.netloc.replace(COMPOSE_SERVICE, "localhost", 1) if parts.hostname == COMPOSE_SERVICE else parts.netloc
    return f"{parts.scheme}://{host}{api_path(api_id, stage)}{path}"


def site_address(endpoint: str, bucket: str) -> str:
    """The website of a bucket; browsers take each name that ends in .localhost for this machine."""
    port = urlsplit(endpoint).port
    return f"http://{bucket}.s3-website.localhost{f':{port}' if port else ''}/"
