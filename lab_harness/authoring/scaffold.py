"""Writes the files of a new lab: a small one that works, to change into what it shall be."""

import re
from pathlib import Path
from string import Template
from typing import Any

from nbformat import v4

from lab_harness.authoring.readme_table import listed, with_row
from lab_harness.course import Course
from lab_harness.errors import CourseError, UsageError

LAB_TOML = """\
format_version = 1
title = "$title"
goal = "Create the queue $queue."
minutes = 10
notebook = "$notebook"
services = ["sqs"]

[[tasks]]
id = "queue"
title = "Create the queue $queue"
hints = [
    "A queue needs no more than a name.",
    "create_queue takes it as QueueName.",
]

[[resources]]
type = "AWS::SQS::Queue"
name = "$queue"

[[diagram.nodes]]
id = "queue"
label = "$queue"
kind = "SQS queue"
at = [0, 0]
checks = ["queue_exists"]
"""
README = """\
# $title

Notebook $number.

## Goal

| resource | name | what is asked |
| --- | --- | --- |
| SQS queue | `$queue` | exists |
"""
CHECKS = '''\
"""Checks for the lab $lab."""

from lab_harness.authors import check, expect

QUEUE = "$queue"


@check("The queue $queue exists", task="queue")
def queue_exists(sqs):
    names = [url.rpartition("/")[2] for url in sqs.list_queues().get("QueueUrls", [])]
    expect.names("queues", [QUEUE], names, "Section 1 of the notebook shows create_queue.")
'''
SOLUTION = '''\
"""The reference answer of the lab $lab. There are other right ones."""

import boto3

sqs = boto3.client("sqs")

# %% task:queue
url = sqs.create_queue(QueueName="$queue")["QueueUrl"]
print(url.rpartition("/")[2])
'''
QUIZ = """\
format_version = 1

[[questions]]
id = "kept"
kind = "single"
text = "A program that is switched off at night must miss no message. Where are its messages sent?"
right = ["To an SQS queue"]
wrong = ["To an SNS topic", "To an EventBridge bus"]
explanation = "A queue keeps a message until somebody asks for it; the other two push it on at once."

[[questions]]
id = "at_least_once"
kind = "multiple"
text = "What does a standard queue leave to whoever receives its messages? Choose two."
right = ["To handle a message that comes twice", "To handle messages that come out of order"]
wrong = ["To ask for messages that were lost", "To keep the messages until they are handled"]
explanation = "A standard queue delivers at least once and in no certain order, but it loses nothing."

[[questions]]
id = "life_of_a_message"
kind = "ordering"
text = "What happens to a message, from first to last?"
order = ["It is sent", "It is received, and hidden from others", "It is handled", "It is deleted"]
explanation = "A message that is received is not gone: were it deleted before it is handled, a crash would lose it."

[[questions]]
id = "long_poll"
kind = "numeric"
text = "How many seconds may a long poll wait for a message at most (2026)?"
answer = 20
unit = "seconds"
facts = ["sqs_long_poll"]
explanation = "WaitTimeSeconds goes from 0, a short poll, which answers at once, to 20."

[[questions]]
id = "handled_twice"
kind = "single"
text = "A message is handled twice, for its handling takes longer than it stays hidden. Which setting helps?"
right = ["A longer visibility timeout"]
wrong = ["A longer delay", "A longer retention period"]
explanation = "The visibility timeout hides what was received. A delay hides new messages, before the first receive."
"""
TEST = '''\
"""Tests for the lab $lab."""

import pytest

from lab_harness import load_lab
from lab_harness.authors import Failure

lab = load_lab("$lab")
FIRST = {"queue_exists"}  # what fails where nothing was built


def test_a_deleted_queue_is_missed(clients):
    lab.solve(clients)
    sqs = clients["sqs"]
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName="$queue")["QueueUrl"])
    with pytest.raises(Failure) as caught:
        lab.checks.queue_exists(sqs)
    assert caught.value.found == "no queues"
'''


def new_lab(course: Course, lab_id: str) -> list[Path]:
    """Write a lab's files, its notebook, its test, and its row in the course's README; returns their paths.

    Nothing that exists is overwritten.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", lab_id):
        raise UsageError(f"{lab_id!r} is no lab id: use lower-case letters, digits and underscores, as in my_lab.")
    numbers = [int(path.name[:2]) for path in course.notebooks.glob("[0-9][0-9]_*.ipynb")]
    number = f"{max(numbers, default=0) + 1:02}"
    names = {
        "lab": lab_id,
        "queue": lab_id.replace("_", "-") + "-queue",
        "title": lab_id.replace("_", " ").capitalize(),
        "number": number,
        "notebook": f"{number}_{lab_id}.ipynb",
    }
    folder = course.labs / lab_id
    files = {
        folder / "lab.toml": LAB_TOML,
        folder / "README.md": README,
        folder / "checks.py": CHECKS,
        folder / "solution.py": SOLUTION,
        folder / "quiz.toml": QUIZ,
        course.root / "tests" / "labs" / f"test_{lab_id}.py": TEST,
    }
    contents = {path: Template(text).substitute(names) for path, text in files.items()}
    contents[course.notebooks / names["notebook"]] = _notebook(names)
    if there := [path for path in (folder, *contents) if path.exists()]:
        raise UsageError(f"{there[0]} exists already; nothing was written.")
    readme = course.root / "README.md"
    if listed(readme):
        text = readme.read_text(encoding="utf-8")
        contents[readme] = with_row(text, lab_id, names["notebook"], f"a queue, `{names['queue']}`")
    try:
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
    except OSError as error:
        raise CourseError(f"{error.filename} cannot be written: {error.strerror}.") from error
    return list(contents)


def _notebook(names: dict[str, str]) -> str:
    format_: Any = v4
    section = f"## Section 1: the queue\n\n**Your task.** Create the queue `{names['queue']}`."
    cells = [
        format_.new_markdown_cell(f"# {int(names['number'])} · {names['title']}", id="title"),
        format_.new_code_cell(f'from lab_harness import open_lab\n\nlab = open_lab("{names["lab"]}")', id="open"),
        format_.new_code_cell('import boto3\n\nsqs = boto3.client("sqs")', id="clients"),
        format_.new_markdown_cell(section, id="queue-md"),
        format_.new_code_cell("# Your code here\n", id="queue", metadata={"tags": ["task:queue"]}),
        format_.new_code_cell('lab.check("queue")', id="queue-check"),
        format_.new_markdown_cell("## Questions", id="quiz-md"),
        format_.new_code_cell("lab.quiz()", id="quiz"),
    ]
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return str(format_.writes(format_.new_notebook(cells=cells, metadata=metadata))) + "\n"
