"""Tests for condition keys that are found out when a policy asks for one of them."""

from lab_harness.emulators.inside.permissions.authorization.later import Later


def test_keys_are_found_out_once_and_only_if_somebody_looks():
    looked = []
    keys = Later(lambda: looked.append("here") or {"aws:username": "dana"})
    assert looked == []
    assert (keys.get("aws:username"), {**keys}, len(keys)) == ("dana", {"aws:username": "dana"}, 1)
    assert looked == ["here"]
