"""docker-compose.yml: valid, reachable from this machine only, and at the LocalStack that needs no token."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from lab_harness.emulators.localstack import TESTED_VERSION
from tests.conftest import ROOT


def compose(*words, **variables):
    """The configuration that docker-compose reads, with these variables set."""
    program = shutil.which("docker-compose")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("docker-compose is missing; on Debian: apt-get install docker-compose")
        pytest.skip("no docker-compose on this machine")
    environ = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **variables}
    command = [program, "--file", str(ROOT / "docker-compose.yml"), *words, "config"]
    shown = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr
    return shown.stdout


def images(configuration):
    return [line.split()[-1] for line in configuration.splitlines() if line.strip().startswith("image: localstack")]


def test_it_is_valid_with_and_without_jupyterlab():
    assert "jupyter:" in compose("--profile", "jupyter")
    assert "relay:" in compose()


def test_localstack_is_the_tested_version_unless_a_token_holder_says_otherwise():
    assert images(compose()) == [f"localstack/localstack:{TESTED_VERSION}"]
    other = compose(LOCALSTACK_TAG="latest", LOCALSTACK_AUTH_TOKEN="ls-token")
    assert images(other) == ["localstack/localstack:latest"]
    assert "ls-token" in other


def test_every_port_is_open_to_this_machine_only():
    """Old versions print `127.0.0.1:4566:4566/tcp`, newer ones a `host_ip` beside each `published`."""
    lines = [line.strip().removeprefix("- ") for line in compose("--profile", "jupyter").splitlines()]
    short = [line for line in lines if line.endswith("/tcp")]
    published = [line for line in lines if line.startswith("published:")]
    assert len(short) + len(published) == 2
    assert all(line.startswith("127.0.0.1:") for line in short)
    assert lines.count("host_ip: 127.0.0.1") == len(published)


def test_progress_is_kept_in_the_volume_in_a_folder_that_its_user_makes():
    """The volume itself is root's; only the owner of a folder can close it to others, which the course insists on."""
    made = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    home = Path(re.search(r"^ENV .*LAB_HOME=(\S+)$", made, re.MULTILINE)[1])
    assert re.search(rf"{re.escape(str(home.parent))}(:rw)?$", compose("--profile", "jupyter"), re.MULTILINE)
    assert "chmod 1777 .lab" in made
