"""Tests for `lab env`, and for README's lines that use it: a shell's own programs reach the emulator."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys

import pytest

from lab_harness.cli.env import SHELLS
from tests.conftest import ROOT

HOSTILE = "a'b\"c $HOME `id` $(id) \\ \n; echo x #"
USERS = {
    "AWS_PROFILE": "work",
    "AWS_SESSION_TOKEN": "real",
    "AWS_ENDPOINT_URL_SQS": "https://sqs.eu-west-1.amazonaws.com",
    "AWS_SECRET_ACCESS_KEY": "real",
}
SEEN = "import os, json; print(json.dumps(dict(os.environ)))"


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)


def shell_of(in_use, tmp_path, script, shell="sh"):
    """What a shell prints that runs a script in the course's folder, with the course's AWS CLI as `aws`."""
    (tmp_path / "bin").mkdir(exist_ok=True)
    program = tmp_path / "bin" / "aws"
    command = f'exec {shlex.quote(sys.executable)} -m awscli "$@"'
    program.write_text(f"#!/bin/sh\n{command}\n", encoding="utf-8")
    program.chmod(0o755)
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    environ = {**os.environ, **USERS, "PATH": path, "LAB_HOME": str(in_use.home)}
    done = subprocess.run([shell, "-c", script], env=environ, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_readmes_lines_for_the_aws_cli_work_as_they_stand(in_use, tmp_path):
    [lines] = [block for block in blocks("sh") if "aws --endpoint-url" in block]
    assert json.loads(shell_of(in_use, tmp_path, f"set -e\n{lines}")) == {"Functions": []}
    assert [(call.operation, call.caller) for call in in_use.calls()] == [("ListFunctions", "learner")]


@pytest.mark.parametrize("shell", ["sh", "bash", "zsh"])
def test_shells_programs_have_the_emulators_environment_and_nothing_of_the_users(in_use, tmp_path, shell):
    if not shutil.which(shell):
        pytest.skip(f"no {shell} on this machine")
    script = f'eval "$({sys.executable} -m lab_harness env)"; {sys.executable} -c {shlex.quote(SEEN)}'
    environ = json.loads(shell_of(in_use, tmp_path, script, shell))
    assert environ["AWS_ENDPOINT_URL"] == in_use.endpoint
    assert environ["AWS_SECRET_ACCESS_KEY"] == in_use.learner.secret_access_key
    assert environ["LAB_EMULATOR"] == "embedded"
    assert not environ.keys() & {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_SQS"}


def test_python_of_such_a_shell_reaches_the_emulator(in_use, tmp_path):
    ask = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"
    script = f'eval "$({sys.executable} -m lab_harness env)"; {sys.executable} -c "{ask}"'
    assert shell_of(in_use, tmp_path, script) == "000000000000\n"


def test_any_value_is_quoted_so_that_a_shell_takes_it_for_nothing_but_text():
    line = SHELLS["sh"].set("VALUE", HOSTILE)
    shown = subprocess.run(["sh", "-c", f'{line}\nprintf %s "$VALUE"'], capture_output=True, text=True, check=True)
    assert shown.stdout == HOSTILE
    assert SHELLS["powershell"].set("VALUE", "it's $x") == "$env:VALUE = 'it''s $x'"
    assert SHELLS["fish"].set("VALUE", "it's \\") == "set -gx VALUE 'it\\'s \\\\'"


def test_powershell_and_fish_set_and_forget(lab, in_use, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "work")
    secret = in_use.learner.secret_access_key
    for shell, forget, line in (
        ("powershell", "Remove-Item -ErrorAction SilentlyContinue Env:AWS_PROFILE", "$env:{} = '{}'"),
        ("fish", "set -e AWS_PROFILE", "set -gx {} '{}'"),
    ):
        lines = lab("env", "--shell", shell).out.splitlines()
        assert {forget, line.format("AWS_SECRET_ACCESS_KEY", secret)} <= {*lines}


def test_readmes_lines_for_powershell_ask_for_powershell():
    [lines] = blocks("powershell")
    assert "env --shell powershell | Out-String | Invoke-Expression" in lines
    assert "--endpoint-url $env:AWS_ENDPOINT_URL" in lines
