"""Tests for what a distribution's configuration means."""

import time

import pytest

from lab_harness.emulators.inside.edge.distributions.configuration import fits


@pytest.mark.parametrize(
    ("pattern", "uri", "fitting"),
    [
        ("/api/*", "/api/a/b", True), ("api/*", "/api/", True), ("/api/*", "/api", False), ("*.jpg", "/a/b.jpg", True),
        ("/a?.txt", "/ab.txt", True), ("/a?.txt", "/a.txt", False), ("/[ab]", "/a", False), ("/[ab]*", "/[ab]c", True),
        ("/A", "/a", False), ("/a.b", "/axb", False), ("//a", "/a", False),
    ],
)  # fmt: skip
def test_a_path_pattern_is_about_the_whole_path(pattern, uri, fitting):
    assert fits(pattern, uri) is fitting


def test_no_path_takes_long_to_look_at():
    started = time.process_time()
    assert not fits("*a*a*a*a*b", "/" + "a" * 8000)
    assert time.process_time() - started < 1
