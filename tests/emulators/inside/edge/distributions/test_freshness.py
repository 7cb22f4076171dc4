"""Tests for how long answers are kept: AWS's table of what an origin says and what a behavior allows."""

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from lab_harness.emulators.inside.edge.distributions.configuration import Ttl
from lab_harness.emulators.inside.edge.distributions.freshness import lifetime

OPEN, BOUND = Ttl(0, 86400, 31536000), Ttl(60, 300, 600)
NOW = 1_800_000_000.0


def in_seconds(seconds):
    return format_datetime(datetime.fromtimestamp(NOW + seconds, UTC), usegmt=True)


@pytest.mark.parametrize(
    ("headers", "without_minimum", "with_minimum"),
    [
        ({}, 86400, 300),
        ({"cache-control": "public"}, 86400, 300),
        ({"cache-control": "max-age=120"}, 120, 120),
        ({"cache-control": "max-age=5"}, 5, 60),
        ({"cache-control": "max-age=0"}, 0, 60),
        ({"cache-control": "max-age=900"}, 900, 600),
        ({"cache-control": "max-age=120, s-maxage=240"}, 240, 240),
        ({"cache-control": "S-MaxAge=240, Max-Age=120"}, 240, 240),
        ({"cache-control": "max-age=40000000"}, 31536000, 600),
        ({"cache-control": "max-age=soon"}, 86400, 300),
        ({"expires": in_seconds(120)}, 120, 120),
        ({"expires": in_seconds(-120)}, 0, 60),
        ({"expires": "0"}, 0, 60),
        ({"expires": in_seconds(7), "cache-control": "max-age=120"}, 120, 120),
        ({"cache-control": "no-store"}, None, 60),
        ({"cache-control": "private, max-age=120"}, None, 60),
        ({"cache-control": "no-cache"}, 0, 60),
    ],
)
def test_what_the_origin_says_holds_within_the_bounds(headers, without_minimum, with_minimum):
    assert lifetime(200, headers, OPEN, 10, NOW) == without_minimum
    assert lifetime(200, headers, BOUND, 10, NOW) == with_minimum


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (404, {}, 10),
        (500, {}, 10),
        (404, {"cache-control": "max-age=5"}, 10),
        (404, {"cache-control": "max-age=50"}, 50),
        (403, {}, None),
        (403, {"cache-control": "max-age=50"}, 50),
        (400, {}, None),
        (409, {"cache-control": "max-age=50"}, None),
        (416, {"cache-control": "max-age=50"}, None),
        (301, {}, 86400),
        (307, {}, None),
        (307, {"cache-control": "max-age=50"}, 50),
        (206, {}, None),
    ],
)
def test_errors_are_kept_for_their_own_time_and_some_only_if_the_origin_says_so(status, headers, seconds):
    assert lifetime(status, headers, OPEN, 10, NOW) == seconds
