"""The fixtures of these tests: a site behind a distribution, and an API behind one."""

import pytest

from tests.emulators.inside.edge.distributions.distributions import (
    BUCKET,
    COUNTER,
    Viewer,
    behavior,
    bucket_origin,
    config,
    control,
    counting_api,
    custom_origin,
    open_to,
)


@pytest.fixture
def site(clients, embedded):
    """A viewer of a distribution of a closed bucket with index.html and other files."""
    clients["s3"].create_bucket(Bucket=BUCKET)
    for key in ("index.html", "about.html", "lost.html", "img/cat.txt", "img/dog.txt"):
        clients["s3"].put_object(Bucket=BUCKET, Key=key, Body=f"this is {key}".encode(), ContentType="text/html")
    viewer = Viewer(clients, embedded.endpoint)
    viewer.make([bucket_origin(control(clients))], behavior(), DefaultRootObject="index.html")
    open_to(clients, viewer.distribution["ARN"])
    return viewer


@pytest.fixture
def api(hello, embedded):
    """Makes a distribution of an API that counts, with this behavior, and returns its viewer."""
    clients = hello(COUNTER)
    viewer = Viewer(clients, embedded.endpoint)
    domain = counting_api(clients)

    def make(**settings):
        errors = settings.pop("errors", ())
        viewer.make([custom_origin(domain)], behavior("api", **settings), errors=errors)
        return viewer

    viewer.domain = domain
    make.viewer, make.config = viewer, config
    return make
