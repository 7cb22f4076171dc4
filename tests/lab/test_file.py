"""Tests for lab.toml: what is wrong in it is named with file, line and field."""

import pytest

from lab_harness.errors import LabError
from lab_harness.lab.file import Limits, read_lab_file

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

[[diagram.nodes]]
id = "you"
label = "you"
kind = "who sends"
at = [0, 0]

[[diagram.nodes]]
id = "queue"
label = "sample-queue"
kind = "SQS queue"
at = [1, 0]
checks = ["queue_exists"]

[[diagram.arrows]]
source = "you"
target = "queue"
label = "a message"
checks = ["message_is_there"]

[[diagram.arrows]]
source = "queue"
target = "you"
label = "an answer"
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
    assert [(task.apart, task.services) for task in file.tasks] == [(False, ())] * 2
    assert [(node.id, node.label, node.kind, node.at, node.checks) for node in file.diagram.nodes] == [
        ("you", "you", "who sends", (0, 0), ()),
        ("queue", "sample-queue", "SQS queue", (1, 0), ("queue_exists",)),
    ]
    assert [(arrow.source, arrow.target, arrow.label) for arrow in file.diagram.arrows] == [
        ("you", "queue", "a message"),
        ("queue", "you", "an answer"),
    ]
    assert file.diagram.checks == {"queue_exists", "message_is_there"}


def test_task_may_stand_apart_and_need_services(tmp_path):
    path = tmp_path / "lab.toml"
    text = GOOD.replace('id = "message"', 'id = "message"\napart = true\nservices = ["sqs", "apigatewayv2"]')
    path.write_text(text, encoding="utf-8")
    first, second = read_lab_file(path).tasks
    assert (first.apart, second.apart, second.services) == (False, True, ("sqs", "apigatewayv2"))


def test_lab_needs_no_diagram(tmp_path):
    path = tmp_path / "lab.toml"
    path.write_text(GOOD[: GOOD.index("[[diagram.nodes]]")], encoding="utf-8")
    assert read_lab_file(path).diagram is None


def test_limits_that_a_lab_does_not_set_are_the_usual_ones(tmp_path):
    path = tmp_path / "lab.toml"
    path.write_text(f"{GOOD}\n[limits]\nnotebook_seconds = 150\nmemory_bytes = 536_870_912\n", encoding="utf-8")
    assert read_lab_file(path).limits == Limits(notebook_seconds=150.0, memory_bytes=512 * 1024 * 1024)
    path.write_text(GOOD, encoding="utf-8")
    assert read_lab_file(path).limits == Limits()


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
        ('id = "queue"\ntitle', 'id = "The queue"\ntitle', 9, "tasks.0.id", "matching regex"),
        ('title = "Create a queue"\n', "", 8, "tasks.0.title", "missing required field"),
        ('hints = ["Look up send_message."]', "hints = []", 16, "tasks.1.hints", "length >= 1"),
        ('hints = ["Look up send_message."]', 'hints = [""]', 16, "tasks.1.hints.0", "matching regex"),
        ('hints = ["Look up send_message."]\n', "", 13, "tasks.1.hints", "missing required field"),
        ('id = "message"', 'id = "message"\nhint = "Look."', 15, "tasks.1.hint", "contains unknown field"),
        ("[[resources]]", "[resources]", 18, "resources", "Expected `array`"),
        ('name = "sample-queue"\n', "", 18, "resources.0.name", "missing required field"),
        ('name = "sample-queue"', "name = 3", 20, "resources.0.name", "Expected `str`, got `int`"),
        ('id = "message"', 'id = "message"\napart = "yes"', 15, "tasks.1.apart", "Expected `bool`"),
        ('id = "message"', 'id = "message"\nservices = "sqs"', 15, "tasks.1.services", "Expected `array`"),
        ('id = "message"', 'id = "message"\nservices = [" "]', 15, "tasks.1.services.0", "matching regex"),
        ('label = "you"\n', "", 22, "diagram.nodes.0.label", "missing required field"),
        ('id = "queue"\nlabel', 'id = "The queue"\nlabel', 29, "diagram.nodes.1.id", "matching regex"),
        ('kind = "SQS queue"', 'kind = ""', 31, "diagram.nodes.1.kind", "matching regex"),
        ("at = [1, 0]", "at = [1, -1]", 32, "diagram.nodes.1.at.1", "Expected `int` >= 0"),
        ("at = [1, 0]", "at = [1, 21]", 32, "diagram.nodes.1.at.1", "Expected `int` <= 20"),
        ("at = [1, 0]", "at = [1]", 32, "diagram.nodes.1.at", "Expected `array` of length 2"),
        ("at = [1, 0]", "at = [1, 0]\ncolour = 1", 33, "diagram.nodes.1.colour", "contains unknown field"),
        ('checks = ["queue_exists"]', "checks = [1]", 33, "diagram.nodes.1.checks.0", "Expected `str`, got `int`"),
        ('source = "you"\n', "", 35, "diagram.arrows.0.source", "missing required field"),
        ('label = "an answer"', "label = 1", 44, "diagram.arrows.1.label", "Expected `str`, got `int`"),
        ('label = "an answer"\n', "", 41, "diagram.arrows.1.label", "missing required field"),
        ('target = "you"', 'target = "you"\nchecks = ["a b"]', 44, "diagram.arrows.1.checks.0", "matching regex"),
        (GOOD[GOOD.index("[[diagram.nodes]]") : GOOD.index("[[diagram.arrows]]")], "", 22, "diagram.nodes", "missing"),
        (GOOD[GOOD.index("[[diagram.nodes]]") :], "[diagram]\nnodes = []\n", 23, "diagram.nodes", "length >= 1"),
        (GOOD[GOOD.index("[[diagram.nodes]]") :], "[diagram]\nshape = 1\n", 23, "diagram.shape", "unknown field"),
        *(
            (GOOD[GOOD.index("[[diagram.nodes]]") :], f"[limits]\nprocesses = 9\n{line}\n", 24, f"limits.{field}", says)
            for line, field, says in [
                ("memory = 1", "memory", "contains unknown field"),
                ("cell_seconds = 0", "cell_seconds", "Expected `float` > 0"),
                ("cell_seconds = inf", "cell_seconds", "Expected `float` <= 3600"),
                ("notebook_seconds = nan", "notebook_seconds", "Expected `float`"),
                ('cpu_seconds = "60"', "cpu_seconds", "Expected `float`, got `str`"),
                ("memory_bytes = -1", "memory_bytes", "Expected `int` >= 1"),
                ("disk_bytes = 1.5", "disk_bytes", "Expected `int`, got `float`"),
            ]
        ),
        ('[[tasks]]\nid = "message"', '[[ tasks ]]\nid = "A message"', 14, "tasks.1.id", "matching regex"),
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
