"""Tests for the doctor: what each look says of a machine on which all is well, and of odd ones."""

import os
import re
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from lab_harness.course import Course
from lab_harness.emulators.credentials import learners
from lab_harness.emulators.embedded import Embedded
from lab_harness.emulators.localstack import LocalStack
from lab_harness.emulators.process import free_port
from lab_harness.errors import EmulatorError
from lab_harness.learner import doctor
from lab_harness.learner.doctor import Finding, connection, examine, installation, surroundings
from lab_harness.learner.doctor.finding import Machine
from lab_harness.learner.progress import Progress
from tests.conftest import ROOT
from tests.emulators.test_localstack import answering, health
from tests.waiting import PATIENCE


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A course of its own without labs, in an environment that has pip, and no emulator yet."""
    monkeypatch.setattr(installation, "find_spec", lambda name: name)
    (tmp_path / "course" / "notebooks").mkdir(parents=True)
    return Machine(Course(tmp_path / "course"))


@pytest.fixture
def connected(sample_course, in_use):
    """A course with the sample lab, and the session's emulator."""
    return Machine(sample_course("queue"), chosen=in_use, answers=in_use)


@pytest.fixture
def taken():
    """A port that another program listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def said(look, machine):
    """The one finding of a look. Where something is wrong it says what to do, where nothing is it does not."""
    (finding,) = look(machine)
    if finding.state != "note":
        assert bool(finding.fix) == (finding.state == "problem")
    return finding


# The whole examination


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


# What is installed


def test_python_that_the_course_is_tested_with_is_fine(machine):
    found = said(installation.python_version, machine)
    assert (found.state, found.found) == ("ok", ".".join(map(str, sys.version_info[:3])))


@pytest.mark.parametrize(("name", "value"), [("OLDEST_PYTHON", (3, 99)), ("NEWEST_PYTHON", (3, 2))])
def test_python_that_is_too_old_or_too_new_is_a_problem(machine, monkeypatch, name, value):
    monkeypatch.setattr(installation, name, value)
    found = said(installation.python_version, machine)
    assert found.state == "problem"
    assert found.found.endswith(", with which the course is not tested")
    assert found.fix.startswith("Install Python 3.11, 3.12 or 3.13")


def test_pythons_are_those_that_the_package_can_be_installed_on():
    assert 'requires-python = ">=3.11,<3.14"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert (installation.OLDEST_PYTHON, installation.NEWEST_PYTHON) == ((3, 11), (3, 13))


def test_environment_of_the_course_is_fine(machine):
    assert said(installation.environment, machine).state == "ok"  # there is no .venv: a container, for example
    (machine.course.root / ".venv").symlink_to(sys.prefix)
    found = said(installation.environment, machine)
    assert (found.state, found.found) == ("ok", "the course's own, .venv")


def test_environment_of_something_else_is_noted(machine, monkeypatch):
    (machine.course.root / ".venv").mkdir()
    monkeypatch.setattr("sys.prefix", str(Path.home() / "anaconda3"))
    found = said(installation.environment, machine)
    assert (found.state, found.found) == ("note", "~/anaconda3, not the course's own .venv")
    assert "choose the kernel of .venv" in found.fix


def test_package_of_another_copy_of_the_course_is_noted(machine, course):
    assert list(installation.package(Machine(course))) == []
    found = said(installation.package, machine)
    assert found.state == "note"
    assert found.found.startswith("lab_harness is that of another copy of the course, ")
    assert found.fix.startswith("Run this, then restart the kernel: ")
    assert found.fix.endswith(f"-m pip install -r {machine.course.root}/requirements.txt -e {machine.course.root}")


def test_where_uv_made_the_environment_it_installs_the_package_too(machine, monkeypatch):
    monkeypatch.setattr(installation, "find_spec", lambda name: None)
    fix = said(installation.package, machine).fix
    root = machine.course.root
    assert f"uv pip install --python {sys.executable} -r {root}/requirements.txt -e {root}" in fix


def require(machine, **changes):
    """Give the course the requirements that are installed, but for these changes."""
    names = (*installation.EXACT, *installation.DISPLAY)
    pins = {name: installation.metadata.version(name) for name in names} | changes
    text = "".join(f"{name}=={pin} ; python_version > '3'\n    # via somebody\n" for name, pin in pins.items())
    (machine.course.root / "requirements.txt").write_text(f"# made by a tool\nsix==1.17.0\n{text}", encoding="utf-8")


def test_versions_that_the_course_pins_are_fine(machine, course):
    require(machine)
    found = said(installation.versions, machine)
    assert found.state == "ok"
    assert found == said(installation.versions, Machine(course))
    assert [word.split()[0] for word in found.found.split(", ")] == [*installation.EXACT, *installation.DISPLAY]


def test_another_version_of_what_must_fit_exactly_is_a_problem(machine):
    require(machine, boto3="1.2.3")
    found = said(installation.versions, machine)
    installed = installation.metadata.version("boto3")
    assert (found.state, found.found) == ("problem", f"boto3 {installed} (the course has 1.2.3)")
    assert "-m pip install -r " in found.fix


def test_another_version_of_the_display_is_only_noted(machine):
    require(machine, jupyterlab="9.9.9")
    found = said(installation.versions, machine)
    assert found.state == "note"
    assert found.found.endswith("(the course has 9.9.9)")
    assert "-m pip install -r " in found.fix


def test_missing_package_is_a_problem(machine, monkeypatch):
    require(machine)
    installed = installation.metadata.version

    def without_anywidget(name):
        if name == "anywidget":
            raise installation.metadata.PackageNotFoundError(name)
        return installed(name)

    pinned = installed("anywidget")
    monkeypatch.setattr(installation.metadata, "version", without_anywidget)
    found = said(installation.versions, machine)
    assert (found.state, found.found) == ("problem", f"anywidget is missing (the course has {pinned})")


def test_course_without_pinned_versions_is_noted(machine):
    assert said(installation.versions, machine).found == "there is no requirements.txt to compare them with"


def test_command_that_installs_survives_a_folder_with_spaces(machine):
    root = machine.course.root.rename(machine.course.root.with_name("my course"))
    fix = said(installation.package, Machine(Course(root))).fix
    assert f"-e '{root}'" in fix


# Where the course keeps its files


def test_folders_that_can_be_written_are_fine_and_nothing_is_left_in_them(machine):
    assert said(installation.folders, machine).state == "ok"
    assert list(machine.course.home.iterdir()) == list(machine.course.notebooks.iterdir()) == []


def test_home_that_cannot_be_written_is_a_problem(machine, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "file" / "lab"))
    found = said(installation.folders, machine)
    assert (found.state, found.found) == ("problem", f"{tmp_path}/file/lab cannot be written: Not a directory")
    assert found.fix == "Give yourself the right to write there, or copy the course to a folder of your own."


def test_notebooks_that_cannot_be_written_are_a_problem(machine, monkeypatch):
    real = installation.tempfile.TemporaryFile

    def refused(dir):
        if dir == machine.course.notebooks:
            raise PermissionError(13, "Permission denied")
        return real(dir=dir)

    monkeypatch.setattr(installation.tempfile, "TemporaryFile", refused)
    assert said(installation.folders, machine).found == "notebooks cannot be written: Permission denied"


def test_disk_with_room_is_fine_before_the_folder_is_there(machine):
    assert not machine.course.home.exists()
    found = said(installation.disk_space, machine)
    assert found.state == "ok"
    assert re.fullmatch(r"[\d,.]+ GB free", found.found)


def test_full_disk_is_a_problem(machine, monkeypatch):
    monkeypatch.setattr(installation.shutil, "disk_usage", lambda path: SimpleNamespace(free=50_000_000))
    found = said(installation.disk_space, machine)
    assert (found.state, found.found) == ("problem", "only 50 MB free")
    assert "200 MB" in found.fix


def test_progress_that_can_be_kept_is_fine(machine):
    assert said(installation.progress_file, machine).state == "ok"


def test_damaged_progress_is_noted_once_and_set_aside(machine):
    path = machine.course.home / "progress.sqlite"
    path.parent.mkdir()
    path.write_bytes(b"this is no database" * 100)
    found = said(installation.progress_file, machine)
    assert found.state == "note"
    assert "Your progress file was damaged; it was set aside" in found.found
    assert said(installation.progress_file, machine).state == "ok"


def test_progress_that_cannot_be_kept_is_a_problem(machine):
    (machine.course.home / "progress.sqlite").mkdir(parents=True)
    found = said(installation.progress_file, machine)
    assert found.state == "problem"
    assert found.found.startswith("Your progress could not be saved in ")
    assert "The labs work without it" in found.fix


def test_looking_at_progress_changes_none(machine):
    progress = Progress(machine.course.home / "progress.sqlite")
    progress.take_hint("queue", "queue", 3)
    before = progress.of("queue")
    said(installation.progress_file, machine)
    assert progress.of("queue") == before
    assert progress.of("").tries == {}


# The emulator


def test_emulator_that_runs_is_fine_and_not_started_again(connected, in_use):
    machine = Machine(connected.course)
    found = said(connection.emulator, machine)
    assert found.state == "ok"
    assert re.fullmatch(rf"embedded [\d.]+ answers at {in_use.endpoint} within \d+ ms", found.found)
    assert machine.answers.endpoint == in_use.endpoint


def test_emulator_that_answers_slowly_is_noted(connected, monkeypatch):
    monkeypatch.setattr(connection, "SLOW", 0.0)
    found = said(connection.emulator, Machine(connected.course))
    assert found.state == "note"
    assert "virus scanner" in found.fix


def test_what_happened_when_the_emulator_started_is_noted(machine, home, taken):
    home.mkdir()
    (home / "port").write_text(str(taken), encoding="utf-8")
    first, second = connection.emulator(machine)
    assert first.state == "ok"
    assert second.state == "note"
    assert second.found.startswith(f"Port {taken} is taken by another program; the emulator uses ")


@pytest.mark.parametrize(
    ("variable", "value", "words", "fix"),
    [
        ("LAB_EMULATOR", "nonsense", "There is no emulator 'nonsense'.", "Set LAB_EMULATOR to embedded or localstack"),
        ("AWS_ENDPOINT_URL", "https://sqs.us-east-1.amazonaws.com", "is not on this machine", "Unset AWS_ENDPOINT_URL"),
        (
            "LOCALSTACK_HOST",
            "sqs.us-east-1.amazonaws.com",
            "is not on this machine",
            "Unset AWS_ENDPOINT_URL and LOCAL",
        ),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9", "nothing answers there", "lab open --emulator embedded"),
        ("LOCALSTACK_HOST", "127.0.0.1:9", "LocalStack does not answer", "docker compose up --detach --wait"),
    ],
)
def test_emulator_that_cannot_be_used_is_a_problem(machine, monkeypatch, variable, value, words, fix):
    monkeypatch.setenv(variable, value)
    found = said(connection.emulator, machine)
    assert found.state == "problem"
    assert words in found.found
    assert fix in found.fix
    assert machine.answers is None


def test_emulator_that_was_asked_for_by_name_is_the_one_looked_at(machine):
    machine.asked = "nonsense"
    assert "There is no emulator 'nonsense'." in said(connection.emulator, machine).found


def test_emulator_that_cannot_write_its_state_is_a_problem(machine, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "file" / "lab"))
    found = said(connection.emulator, machine)
    assert found.found.startswith(f"The emulator cannot write to {tmp_path}/file/lab")
    assert found.fix == "Give yourself the right to write there, or copy the course to a folder of your own."


def test_emulator_that_does_not_start_is_a_problem(machine, monkeypatch):
    def broken(self):
        raise EmulatorError("The emulator did not start.")

    monkeypatch.setattr(Embedded, "start", broken)
    found = said(connection.emulator, machine)
    assert (found.state, found.found) == ("problem", "The emulator did not start.")
    assert found.fix == "Run lab stop, then lab start; what you built is kept."


def test_something_else_at_the_endpoint_is_a_problem(machine, monkeypatch):
    with answering({}) as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        found = said(connection.emulator, machine)
    assert found.state == "problem"
    assert "answered 404" in found.found
    assert "lab open --emulator embedded" in found.fix


def test_port_is_fine_where_it_is_the_usual_one_or_that_is_free(connected, monkeypatch):
    ours = int(connected.answers.endpoint.rpartition(":")[2])
    for usual in (ours, free_port()):
        monkeypatch.setattr(connection, "USUAL_PORT", usual)
        found = said(connection.port, connected)
        assert (found.state, found.found) == ("ok", str(ours))


def test_usual_port_that_another_program_has_is_noted_with_ours(connected, monkeypatch, taken):
    monkeypatch.setattr(connection, "USUAL_PORT", taken)
    ours = connected.answers.endpoint.rpartition(":")[2]
    found = said(connection.port, connected)
    assert (found.state, found.found) == ("note", f"{ours}, since another program has the usual {taken}")


def test_services_of_the_labs_are_there(connected):
    assert said(connection.services, connected) == Finding("Services", "ok", "all that the labs use")


def test_services_that_the_emulator_lacks_are_noted_with_their_labs(sample_course, in_use):
    machine = Machine(sample_course("apart", "queue"), answers=in_use)
    found = said(connection.services, machine)
    assert (found.state, found.found) == ("note", "embedded lacks some: apart uses braket")
    assert "unsupported" in found.fix


def test_boto3_reaches_the_emulator_and_the_call_is_not_taken_for_the_learners(connected, in_use):
    assert said(connection.round_trip, connected).state == "ok"
    (call,) = in_use.calls()
    assert (call.operation, call.caller) == ("ListQueues", "checks")


def test_boto3_that_would_call_somebody_else_is_a_problem_and_nothing_is_sent(connected, in_use, monkeypatch):
    @contextmanager
    def elsewhere(endpoint):
        with monkeypatch.context() as patch:
            for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
                patch.setenv(name, "test")
            patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
            patch.setenv("AWS_SESSION_TOKEN", "")
            yield

    monkeypatch.setattr(connection, "using_emulator", elsewhere)
    found = said(connection.round_trip, connected)
    assert (found.state, found.found) == (
        "problem",
        "it would call https://sqs.us-east-1.amazonaws.com, so nothing was sent",
    )
    assert "Restart the kernel" in found.fix
    assert in_use.calls() == []


def test_boto3_without_an_answer_is_a_problem(machine):
    machine.answers = LocalStack(f"http://127.0.0.1:{free_port()}")
    found = said(connection.round_trip, machine)
    assert found.state == "problem"
    assert found.found.startswith("EndpointConnectionError: ")
    assert "lab stop" in found.fix


def test_docker_is_looked_for_only_where_localstack_was_chosen(machine, connected, monkeypatch, tmp_path):
    assert list(connection.docker(machine)) == list(connection.docker(connected)) == []
    machine.chosen = LocalStack("http://127.0.0.1:9")
    monkeypatch.setenv("PATH", str(tmp_path))
    found = said(connection.docker, machine)
    assert (found.state, found.found) == ("note", "not installed")
    assert "lab open --emulator embedded" in found.fix
    program(tmp_path / "docker")
    assert said(connection.docker, machine).state == "ok"


def test_localstack_is_looked_at_like_the_embedded_emulator(sample_course, monkeypatch):
    with answering(health("4.14.0")) as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        machine = Machine(sample_course("queue"))
        found = said(connection.emulator, machine)
        assert found.state == "ok"
        assert found.found.startswith(f"localstack 4.14.0 answers at {endpoint} within ")
        assert list(connection.port(machine)) == []
        assert said(connection.services, machine).found == "localstack lacks some: queue uses sqs"
        assert said(connection.docker, machine).title == "Docker"


def program(path):
    """A program that does nothing."""
    path.write_text("#!/bin/sh\n", encoding="utf-8")
    path.chmod(0o755)


# What else is set


@pytest.fixture
def no_proxy(monkeypatch):
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


def test_no_proxy_is_fine(machine, no_proxy):
    assert said(surroundings.proxies, machine).found == "none"


def test_proxy_that_leaves_this_machine_alone_is_fine(machine, no_proxy, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "example.org,127.0.0.1,localhost,.localhost")
    assert said(surroundings.proxies, machine).state == "ok"


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "https_proxy", "ALL_PROXY"])
def test_proxy_that_would_catch_what_is_for_this_machine_is_noted_without_its_password(
    machine, no_proxy, monkeypatch, variable
):
    monkeypatch.setenv(variable, "http://ana:secret@proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "localhost")
    found = said(surroundings.proxies, machine)
    assert found.state == "note"
    assert found.found.endswith("other programs would ask it for 127.0.0.1")
    assert "NO_PROXY" in found.fix
    assert "secret" not in str(found)


def test_the_fix_for_a_proxy_mends_it(machine, no_proxy, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    fix = said(surroundings.proxies, machine).fix
    monkeypatch.setenv("NO_PROXY", re.search(r"NO_PROXY to (\S+)", fix)[1])
    assert said(surroundings.proxies, machine).state == "ok"


@pytest.fixture
def resolving(monkeypatch):
    """Makes names resolve to these addresses."""

    def to(*addresses):
        entries = [(socket.AF_INET, 1, 6, "", (address, 0)) for address in addresses]
        monkeypatch.setattr(surroundings.socket, "getaddrinfo", lambda *_: entries)

    return to


def test_names_that_are_this_machine_are_fine(machine, resolving):
    resolving("127.0.0.1", "::1")
    assert said(surroundings.names, machine).found == "pet-shop.s3-website.localhost is this machine"


def test_names_that_lead_elsewhere_are_noted(machine, resolving):
    resolving("127.0.0.1", "203.0.113.7")
    found = said(surroundings.names, machine)
    assert (found.state, found.found) == ("note", "pet-shop.s3-website.localhost leads to 127.0.0.1, 203.0.113.7")
    assert "hosts file" in found.fix


def test_names_that_nobody_knows_are_noted(machine, monkeypatch):
    def unknown(*_):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(surroundings.socket, "getaddrinfo", unknown)
    found = said(surroundings.names, machine)
    assert (found.state, found.found) == ("note", "pet-shop.s3-website.localhost is not known here")
    assert "Chrome, Edge and Firefox" in found.fix


def test_names_are_not_waited_for(machine, monkeypatch):
    answered = threading.Event()
    monkeypatch.setattr(surroundings.socket, "getaddrinfo", lambda *_: answered.wait(30) and [])
    monkeypatch.setattr(surroundings, "PATIENCE", 0.01)
    assert said(surroundings.names, machine).found == "pet-shop.s3-website.localhost is not known here"
    answered.set()


@pytest.fixture
def user(monkeypatch, tmp_path):
    """A user's own folder, with nothing in it."""
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "user"))
    (tmp_path / "user").mkdir()
    return tmp_path / "user"


def test_no_credentials_are_fine_and_so_are_the_dummies(machine, user, monkeypatch):
    assert said(surroundings.credentials, machine).state == "ok"
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    assert said(surroundings.credentials, machine).state == "ok"
    machine.course.home.mkdir(parents=True)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", learners(machine.course.home).secret_access_key)
    assert said(surroundings.credentials, machine).state == "ok"


def test_credentials_are_noted_by_name_and_never_told(machine, user, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "work")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalr/secret")
    (user / ".aws").mkdir()
    found = said(surroundings.credentials, machine)
    assert (found.state, found.found) == (
        "note",
        "you have some (AWS_PROFILE, AWS_SECRET_ACCESS_KEY, ~/.aws); the labs neither read nor send them",
    )


def test_aws_cli_is_noted_where_it_is_missing_and_told_its_endpoint_where_it_is_not(connected, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    found = said(surroundings.aws_cli, connected)
    assert (found.state, found.found) == ("note", "not installed, and not needed")
    program(tmp_path / "aws")
    found = said(surroundings.aws_cli, connected)
    assert (found.state, found.found) == (
        "ok",
        f'there; after eval "$(lab env)" give it --endpoint-url {connected.answers.endpoint}',
    )
    connected.answers = None
    assert said(surroundings.aws_cli, connected).found.endswith(" give it --endpoint-url the emulator's address")


def test_doctor_ends_at_once_though_a_name_is_still_being_looked_up(machine):
    code = (
        "import socket, threading; socket.getaddrinfo = lambda *_: threading.Event().wait(60)\n"
        "from lab_harness.learner.doctor import surroundings; print(surroundings._addresses('x.localhost'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert done.stdout == "set()\n"
