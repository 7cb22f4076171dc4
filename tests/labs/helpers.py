"""What the labs' tests share: zipped handlers, outcomes, and the AWS CLI."""

import io
import os
import struct
import zipfile
import zlib

import pytest

from lab_harness import run_checks
from lab_harness.account.resources import remove_resources
from lab_harness.authors import Failure
from lab_harness.aws import Clients, learners_environment
from tests.aws_cli import run_aws


def solved(lab, emulator):
    """Clients of an account in which a lab is solved, for a module's tests to share."""
    made = Clients(emulator)
    remove_resources(lab, made)
    lab.solve(made)
    return made


def zipped(code, name="lambda_function.py"):
    """A deployment package with this code as its one file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, code)
    return buffer.getvalue()


def deploy(clients, function, code):
    """Give a function other code."""
    lambda_ = clients["lambda"]
    lambda_.update_function_code(FunctionName=function, ZipFile=zipped(code))
    lambda_.get_waiter("function_updated_v2").wait(FunctionName=function, WaiterConfig={"Delay": 0.1})


def configure(clients, function, **settings):
    """Change a function's settings."""
    lambda_ = clients["lambda"]
    lambda_.update_function_configuration(FunctionName=function, **settings)
    lambda_.get_waiter("function_updated_v2").wait(FunctionName=function, WaiterConfig={"Delay": 0.1})


def failure(check, *services):
    """The Failure that a check raises when it is called."""
    with pytest.raises(Failure) as caught:
        check(*services)
    return caught.value


def huge_picture():
    """The beginning of a PNG that says to have more pixels than any memory holds."""
    head = struct.pack(">IIBBBBB", 65_535, 65_535, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def not_passed(report):
    """The checks of a report that failed; those which they block are left out."""
    broken = [result for result in report if result.outcome == "broken"]
    assert not broken, broken
    return {result.name for result in report if result.outcome == "failed"}


def found_alone(lab, clients, check, *only):
    """What this check found that fails, and alone of those that are run: these, or only what it needs."""
    report = run_checks(lab, clients, only or [check])
    failed = not_passed(report)
    assert failed == {check}, f"{failed or 'nothing'} failed:\n" + "\n".join(
        f"{each.name} {each.outcome}: {each.found}" for each in report
    )
    (result,) = (each for each in report if each.name == check)
    assert result.next_step
    return result.found


def aws_cli(clients, *words):
    """Run the AWS CLI against the emulator; returns what it printed."""
    environ = learners_environment(clients.emulator, os.environ)
    # Version 1 of the CLI ignores AWS_ENDPOINT_URL for some services, so it is told outright.
    done = run_aws(["--endpoint-url", clients.emulator.endpoint, *words], environ)
    done.check_returncode()
    return done.stdout
