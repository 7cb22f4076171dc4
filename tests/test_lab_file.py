"""Tests for lab.toml: what is wrong in it is named with file, line and field."""

import pytest

from lab_harness.errors import LabError
from lab_harness.lab_file import read_lab_file

GOOD = """\
format_version = 1
title = "A queue"
goal = "Send a message."
minutes = 5
notebook = "01_queue.ipynb"
services = ["sqs"]

[[tasks]]
id = "queue"
title = "Create a queue"
hints = ["Look up create_queue."]

[[tasks]]
id = "message"
title = "Send a message"
hints = ["Look up send_message."]

[[resources]]
type = "AWS::SQS::Queue"
name = "sample-queue"
"""


@pytest.fixture
def problem(tmp_path):
    """What is said of the good file with one thing replaced, after the file's path."""
    path = tmp_path / "lab.toml"

    def of(old, new):
        assert GOOD.count(old) == 1
        path.write_text(GOOD.replace(old, new), encoding="utf-8")
        with pytest.raises(LabError) as caught:
            read_lab_file(path)
        message = str(caught.value)
        assert message.startswith(str(path))
        return message.removeprefix(str(path))

    return of


def test_good_file_is_read_as_written(tmp_path):
    path = tmp_path / "lab.toml"
    path.write_text(GOOD, encoding="utf-8")
    file = read_lab_file(path)
    assert (file.title, file.minutes, file.services) == ("A queue", 5, ("sqs",))
    assert [task.id for task in file.tasks] == ["queue", "message"]
    assert [(resource.type, resource.name) for resource in file.resources] == [("AWS::SQS::Queue", "sample-queue")]


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "says"),
    [
        ("format_version = 1\n", "", 1, "format_version", "missing required field"),
        ("format_version = 1", "format_version = 2", 1, "format_version", "Invalid enum value 2"),
        ('title = "A queue"\n', "", 1, "title", "missing required field"),
        ('title = "A queue"', 'title = "  "', 2, "title", "matching regex"),
        ("minutes = 5", 'minutes = "five"', 4, "minutes", "Expected `int`, got `str`"),
        ("minutes = 5", "minutes = 0", 4, "minutes", "Expected `int` >= 1"),
        ("minutes = 5", 'minutes = 5\ncolour = "red"', 5, "colour", "contains unknown field"),
        ("minutes = 5", 'minutes = 5\n"re(d" = 1', 5, "re(d", "contains unknown field"),
        ("01_queue.ipynb", "queue.ipynb", 5, "notebook", "matching regex"),
        ("01_queue.ipynb", "01 Queue.ipynb", 5, "notebook", "matching regex"),
        ('["sqs"]', '"sqs"', 6, "services", "Expected `array`"),
        ('["sqs"]', '["sqs", 3]', 6, "services.1", "Expected `str`, got `int`"),
        ('id = "queue"', 'id = "The queue"', 9, "tasks.0.id", "matching regex"),
        ('title = "Create a queue"\n', "", 8, "tasks.0.title", "missing required field"),
        ('hints = ["Look up send_message."]', "hints = []", 16, "tasks.1.hints", "length >= 1"),
        ('hints = ["Look up send_message."]', 'hints = [""]', 16, "tasks.1.hints.0", "matching regex"),
        ('hints = ["Look up send_message."]\n', "", 13, "tasks.1.hints", "missing required field"),
        ('id = "message"', 'id = "message"\nhint = "Look."', 15, "tasks.1.hint", "contains unknown field"),
        ("[[resources]]", "[resources]", 18, "resources", "Expected `array`"),
        ('name = "sample-queue"\n', "", 18, "resources.0.name", "missing required field"),
        ('name = "sample-queue"', "name = 3", 20, "resources.0.name", "Expected `str`, got `int`"),
    ],
)
def test_wrong_field_is_named_with_its_line(problem, old, new, line, field, says):
    message = problem(old, new)
    assert message.startswith(f", line {line}, field {field}: ")
    assert says in message


def test_missing_tables_are_named(problem):
    message = problem(GOOD[GOOD.index("[[resources]]") :], "")
    assert message == ", line 1, field resources: Object missing required field `resources`"


def test_text_that_is_no_toml_is_named_with_its_line(problem):
    assert "line 4" in problem("minutes = 5", "minutes 5")


def test_bytes_that_are_no_text_are_a_lab_error(tmp_path):
    path = tmp_path / "lab.toml"
    path.write_bytes(b"title = '\xff'")
    with pytest.raises(LabError, match=r"lab\.toml: 'utf-8' codec"):
        read_lab_file(path)


def test_missing_file_is_a_lab_error(tmp_path):
    with pytest.raises(LabError, match="No such file"):
        read_lab_file(tmp_path / "lab.toml")
