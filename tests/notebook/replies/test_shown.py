"""Tests for how AWS's replies are shown in a real IPython shell."""

import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from lab_harness import load_lab
from lab_harness.emulators.process import free_port
from lab_harness.notebook import replies

CREATE = """
import json
import boto3
from botocore.config import Config
ONCE = Config(retries={"total_max_attempts": 1})
iam, sqs = boto3.client("iam"), boto3.client("sqs")

def create(document):
    return iam.create_role(
        RoleName="a-role",
        AssumeRolePolicyDocument=document,
    )

ALLOW = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [ALLOW]})
"""


@pytest.fixture
def said(shell, capsys):
    """What running a cell says, in its errors and otherwise; colours left out."""
    shell.run_cell(CREATE)
    capsys.readouterr()

    def run(source):
        shell.run_cell(source)
        told = capsys.readouterr()
        return re.sub(r"\x1b\[\d+m", "", told.out + told.err)

    return run


def test_creating_what_exists_shows_the_own_line_what_aws_says_and_how_to_change_it(said):
    said("create(TRUST)")
    lines = said("create(TRUST)").splitlines()
    assert len(lines) < 12
    assert lines[0] == "EntityAlreadyExistsException"
    assert lines[1].endswith(", line 8")
    assert lines[2:6] == [
        "----> 8     return iam.create_role(",
        '      9         RoleName="a-role",',
        "      10         AssumeRolePolicyDocument=document,",
        "      11     )",
    ]
    assert lines[7].startswith("AWS answers create_role with EntityAlreadyExists: ")
    assert lines[8].startswith("→ It exists already, perhaps since this cell ran before: `update_assume_role_policy`")
    assert "`lab.reset()`" in lines[8]


def test_a_dictionary_where_json_is_wanted_is_named(said):
    assert "→ `AssumeRolePolicyDocument` is JSON as text, not a dict: put `json.dumps(…)` around it." in said(
        "create({})"
    )


def test_json_with_a_slip_is_told_with_the_place(said):
    told = said("""create('{"Version": "2012-10-17" "Statement": []}')""")
    assert "→ `AssumeRolePolicyDocument` is no JSON, at line 1, column 26: Expecting ','" in told


def test_a_client_of_another_region_is_told_so_and_one_of_a_global_service_is_not(said):
    elsewhere = "boto3.client('sqs', region_name='eu-west-1', config=ONCE).get_queue_url(QueueName='nobodys')"
    assert "→ This client asks in the Region eu-west-1; " in said(elsewhere)
    assert "letter by letter" in said("iam.get_role(RoleName='nobody')")


def test_a_stopped_emulator_is_said_in_one_sentence(said):
    shown = said(f"boto3.client('sqs', endpoint_url='http://127.0.0.1:{free_port()}', config=ONCE).list_queues()")
    assert "→ The emulator does not run: start it in the panel, or with `lab start`" in shown
    assert "urllib3" not in shown


def test_the_error_is_there_for_programs_and_debuggers_as_ever(said, shell):
    done = shell.run_cell("sqs.get_queue_url(QueueName='no-such-queue')")
    assert not done.success
    assert type(done.error_in_exec).__name__ == "QueueDoesNotExist"
    assert "botocore" in said("%tb")


def test_in_a_kernel_the_whole_traceback_is_folded_below(said, shell, monkeypatch):
    shown = []
    monkeypatch.setattr(shell, "kernel", object(), raising=False)
    monkeypatch.setattr(replies.shown, "display", shown.append)
    lines = said("create({})").splitlines()
    assert len(lines) < 12
    (folded,) = shown
    assert folded.title == "The whole traceback"
    assert "client.py" in folded.folded
    assert "\x1b" not in folded.folded


def test_a_cell_under_after_shows_its_error_once_and_in_few_lines(said):
    said("sqs.create_queue(QueueName='sample-queue')")
    shown = said("%%after queue\nsqs.get_queue_url(QueueName='no-such-queue')")
    assert shown.count("→ ") == 1
    assert "botocore" not in shown


def test_what_a_reply_has_of_its_transport_is_folded_and_still_there(said, shell):
    assert "'ResponseMetadata': {…}" in said("created = sqs.create_queue(QueueName='a-queue')\ncreated")
    html = shell.display_formatter.format(shell.user_ns["created"])[0]["text/html"]
    assert "RequestId" in html[html.index("<details") :]
    assert "RequestId" not in html[: html.index("<details")]
    assert "RequestId" in shell.user_ns["created"]["ResponseMetadata"]


def test_other_dictionaries_are_shown_as_ever(said, shell):
    assert said("{'a': 1, 'b': [2]}").endswith("{'a': 1, 'b': [2]}\n")
    assert "text/html" not in shell.display_formatter.format({"a": 1})[0]


@pytest.fixture
def notebook(sample_course):
    """The lab's notebook defines `walk` in a section."""
    course = sample_course("queue")
    course.notebooks.mkdir(exist_ok=True)
    cells = [new_markdown_cell("## Section 2: walks"), new_code_cell("def walk(steps):\n    return helper(steps)")]
    nbformat.write(new_notebook(cells=cells), course.notebooks / load_lab("queue", course).file.notebook)


def test_a_name_of_a_cell_that_did_not_run_is_said_to_come_from_there(said, notebook, shell):
    lines = said("1\nwalk(3)").splitlines()
    assert lines[0] == "NameError"
    assert lines[2] == "----> 2 walk(3)"
    assert lines[-2].startswith("`walk` is not defined yet: another cell does that, ")
    assert lines[-1] == (
        "→ Run the cell under “Section 2: walks” first that has the line `def walk(steps):`, then this one again."
    )
    assert type(shell.run_cell("walk(3)").error_in_exec) is NameError


def test_a_name_that_no_cell_defines_is_shown_as_ever(said, notebook):
    assert "NameError: name 'wlak' is not defined" in said("wlak(3)")


def test_a_name_that_a_handlers_file_lacks_is_the_handlers_own(said, notebook, tmp_path):
    (tmp_path / "handler.py").write_text("walk(3)", encoding="utf-8")
    file = str(tmp_path / "handler.py")
    assert "NameError: name 'walk' is not defined" in said(f"import runpy\nrunpy.run_path({file!r})")
