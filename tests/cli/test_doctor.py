"""Tests for `lab doctor`."""

import json

REAL_AWS = "https://lambda.us-east-1.amazonaws.com"


def test_doctor_exits_0_where_all_is_well(lab, sample, in_use):
    shown = lab("doctor", "--all")
    assert shown.code == 0
    assert shown.out.startswith("Your machine is ready.\n")
    assert in_use.endpoint in shown.out
    assert "✓ ok" in shown.out
    assert "✓ ok" not in lab("doctor").out


def test_doctor_exits_3_where_something_is_to_be_mended_and_says_how(lab, sample, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", REAL_AWS)
    shown = lab("doctor")
    assert (shown.code, shown.err) == (3, "")
    assert shown.out.startswith("There is 1 problem.\n")
    assert "→ Unset AWS_ENDPOINT_URL and LOCALSTACK_HOST" in shown.out


def test_doctor_looks_at_the_emulator_that_is_asked_for(lab, sample):
    shown = lab("doctor", "--emulator", "nonsense")
    assert shown.code == 3
    assert "There is no emulator 'nonsense'" in shown.out


def test_doctor_as_json_has_the_published_keys_and_nothing_around_them(lab, sample):
    shown = lab("doctor", "--json")
    assert shown.code == 0
    found = json.loads(shown.out)
    assert list(found) == ["format_version", "findings"]
    for finding in found["findings"]:
        assert list(finding) == ["title", "state", "found", "fix"]
        assert finding["state"] in ("ok", "note")
