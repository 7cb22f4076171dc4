"""Tests for the examination as a whole."""

import os
import re

from lab_harness.emulators.embedded import Embedded
from lab_harness.emulators.process import free_port
from lab_harness.learner import doctor
from lab_harness.learner.doctor import Finding, examine, surroundings


def test_on_a_machine_that_is_ready_there_is_no_problem(course, home):
    found = examine(course)
    assert [finding for finding in found if finding.state == "problem"] == []
    assert [finding.title for finding in found][:7] == [
        "Python", "Environment", "Packages", "Folders", "Disk", "Progress", "Emulator",
    ]  # fmt: skip
    ready = next(finding for finding in found if finding.title == "Emulator")
    assert re.fullmatch(
        r"embedded [\d.]+ answers at http://127.0.0.1:\d+ within \d+ ms; it started within [\d.]+ s", ready.found
    )
    assert Embedded(home).healthy()


def test_examination_leaves_the_environment_as_it_was(course, home):
    before = dict(os.environ)
    examine(course)
    assert dict(os.environ) == before


def test_without_an_emulator_the_other_looks_go_on(course, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    found = {finding.title: finding.state for finding in examine(course)}
    assert found["Emulator"] == "problem"
    assert {"Services", "Port", "boto3"} & found.keys() == set()
    assert {"Proxy", "Names", "AWS credentials", "AWS CLI"} <= found.keys()


def test_what_a_look_raises_is_a_problem_with_its_text(course, monkeypatch):
    def odd_thing(machine):
        yield Finding("First", "ok", "seen")
        raise PermissionError("not for you")

    monkeypatch.setattr(doctor, "LOOKS", (odd_thing, surroundings.aws_cli))
    first, second, third = examine(course)
    assert (first.title, second.title, third.title) == ("First", "Odd thing", "AWS CLI")
    assert (second.state, second.found) == ("problem", "PermissionError: not for you")
    assert "report it" in second.fix
