"""Tests for log groups that are listed while functions write to them."""

import json
import subprocess
import sys

import pytest

GROUP = "/aws/lambda/busy"
LISTED = f"""
import json
from lab_harness.emulators.inside.monitoring import log_groups

if {{changed}}:
    log_groups.install()
from ministack.services import cloudwatch_logs


class Busy(dict):
    "A stream whose function begins another, as often as it is told, while the group's streams are added up."

    def __getitem__(self, name):
        if len(streams) <= {{begun}}:
            streams[str(len(streams))] = {{{{"events": []}}}}
        return dict.__getitem__(self, name)


cloudwatch_logs._create_log_group({{{{"logGroupName": "{GROUP}"}}}})
streams = cloudwatch_logs._log_groups["{GROUP}"]["streams"]
streams["first"] = Busy(events=[])
streams["last"] = {{{{"events": [{{{{"message": "four"}}}}]}}}}
print(cloudwatch_logs._describe_log_groups({{{{}}}})[2].decode())
"""


def listed(changed, begun):
    """What lists the group, in a process of its own, in which MiniStack is changed or not."""
    code = LISTED.format(changed=changed, begun=begun)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("begun", [0, 5])
def test_a_group_is_listed_though_its_functions_begin_other_streams(begun):
    (group,) = json.loads(listed(True, begun).stdout)["logGroups"]
    assert (group["logGroupName"], group["storedBytes"]) == (GROUP, 4)


def test_bare_ministack_does_not_list_it():
    message = "MiniStack lists log groups while functions write to them: log_groups.py may be deleted"
    assert "changed size during iteration" in listed(False, 5).stderr, message


def test_one_that_never_rests_is_told_of():
    assert "changed size during iteration" in listed(True, 10**6).stderr
