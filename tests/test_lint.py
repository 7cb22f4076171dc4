"""Tests for the course's own rules: what each of them says of a lab that breaks it."""

import pytest

from lab_harness import lint
from lab_harness.labs import load_lab


@pytest.fixture
def course(sample_course):
    return sample_course("apart")


@pytest.fixture
def said(course):
    """What a rule says of the sample lab with texts of its lab.toml replaced."""

    def by(rule, *replacements):
        path = course.labs / "apart" / "lab.toml"
        text = path.read_text(encoding="utf-8")
        for old, new in replacements:
            assert text.count(old) == 1
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")
        return list(rule(course, load_lab("apart", course)))

    return by


def test_diagram_that_names_what_there_is_passes(said):
    assert said(lint.diagram_names_what_there_is) == []


def test_lab_without_a_diagram_passes(course):
    path = course.labs / "apart" / "lab.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: text.index("[[diagram.nodes]]")], encoding="utf-8")
    assert list(lint.diagram_names_what_there_is(course, load_lab("apart", course))) == []


@pytest.mark.parametrize(
    ("old", "new", "problems"),
    [
        ('id = "job"\nlabel', 'id = "queue"\nlabel', [
            "lab.toml: 2 boxes of the diagram have the id 'queue'",
            "lab.toml: an arrow of the diagram joins 'job', which is no box",
        ]),
        ("at = [1, 0]", "at = [0, 0]", ["lab.toml: 2 boxes of the diagram stand at [0, 0]"]),
        ('source = "queue"', 'source = "topic"', ["lab.toml: an arrow of the diagram joins 'topic', which is no box"]),
        ('target = "job"', 'target = "jobs"', ["lab.toml: an arrow of the diagram joins 'jobs', which is no box"]),
        ('target = "job"', 'target = "queue"', ["lab.toml: an arrow of the diagram joins 'queue' with itself"]),
        ('checks = ["job_ran"]', 'checks = ["job_ran", "job_run"]', [
            "lab.toml: the diagram names 'job_run', which is no check",
        ]),
        ('checks = ["queue_is_gone"]', 'checks = ["gone"]', ["lab.toml: the diagram names 'gone', which is no check"]),
    ],
)  # fmt: skip
def test_diagram_that_names_what_is_not_there_is_refused(said, old, new, problems):
    assert said(lint.diagram_names_what_there_is, (old, new)) == problems


def test_service_that_a_task_needs_is_declared(said):
    assert said(lint.services_are_declared) == []
    assert said(lint.services_are_declared, ('["sqs", "braket"]', '["sqs"]')) == [
        "lab.toml: services lacks 'braket', which a check uses"
    ]


def test_every_problem_begins_with_the_labs_id(course):
    found = list(lint.problems(course, [load_lab("apart", course)]))
    assert found
    assert all(problem.startswith("apart: ") for problem in found)


def test_untouched_and_solved_the_sample_behaves(course, clients):
    assert list(lint.behaviour_problems(load_lab("apart", course), clients)) == []
