"""Tests for who may use the teacher's page; what it answers them is `test_server`'s."""

from lab_harness.grading.review.guard import HEADERS, Guard


def test_each_run_has_secrets_of_its_own_and_none_is_another():
    one, other = Guard(8931), Guard(8931)
    secrets = [one.token, one.session, one.form_key, other.token, other.session, other.form_key]
    assert len(set(secrets)) == 6
    assert all(len(secret) == 43 for secret in secrets)
    assert one.address == f"http://127.0.0.1:8931/enter?token={one.token}"
    assert one.session not in one.address
    assert (one.opens(one.token), one.opens(other.token), one.opens("é")) == (True, False, False)


def test_runs_side_by_side_have_cookies_of_their_own():
    assert Guard(1).cookie != Guard(2).cookie


def test_form_says_where_it_comes_from():
    assert HEADERS["Referrer-Policy"] == "same-origin"  # without any, browsers send the Origin null
