"""Tests for the course's own rules: what each of them says of a lab that breaks it."""

import pytest

from lab_harness import lint
from lab_harness.labs import load_lab
from lab_harness.scaffold import new_lab


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


@pytest.fixture
def asked(course):
    """What is said of the sample lab's quiz with this text in its place."""

    def by(text):
        (course.labs / "apart" / "quiz.toml").write_text(text, encoding="utf-8")
        lab, rules = load_lab("apart", course), (lint.quiz_is_long_enough_and_varied, lint.quiz_says_how_many_to_choose)
        return [problem for rule in rules for problem in rule(course, lab)]

    return by


def quiz(*kinds):
    """A quiz of questions of these kinds, in the words of quiz.toml."""
    fields = {
        "single": 'right = ["a"]\nwrong = ["b", "c"]',
        "two": 'right = ["a", "b"]\nwrong = ["c"]',
        "three": 'right = ["a", "b", "c"]\nwrong = ["d"]',
        "six": 'right = ["a", "b", "c", "d", "e", "f"]\nwrong = ["g"]',
        "numeric": 'answer = 1\nunit = "b"',
    }
    questions = (
        f'[[questions]]\nid = "q{number}"\nkind = "{kind if kind in ("single", "numeric") else "multiple"}"\n'
        f'text = "{text}"\nexplanation = "Because."\n{fields[kind]}\n'
        for number, (kind, text) in enumerate(kinds)
    )
    return "format_version = 1\n" + "".join(questions)


SINGLE, NUMERIC = ("single", "Which?"), ("numeric", "How many?")


@pytest.mark.parametrize("count", [5, 10])
def test_quiz_of_five_to_ten_questions_of_two_kinds_passes(asked, count):
    assert asked(quiz(NUMERIC, *[SINGLE] * (count - 1))) == []


@pytest.mark.parametrize("count", [4, 11])
def test_quiz_that_is_too_short_or_too_long_is_refused(asked, count):
    assert asked(quiz(NUMERIC, *[SINGLE] * (count - 1))) == [f"quiz.toml has {count} questions, not 5 to 10"]


def test_quiz_of_one_kind_is_refused(asked):
    assert asked(quiz(*[NUMERIC] * 5)) == ["quiz.toml has questions of one kind only, numeric"]


@pytest.mark.parametrize(
    ("kind", "text", "wanted"),
    [
        ("two", "Which? Choose two.", None),
        ("two", "Which? Choose all that apply.", None),
        ("three", "Which? Choose three.", None),
        ("two", "Which?", "Choose two."),
        ("two", "Which? Choose three.", "Choose two."),
        ("three", "Choose three. Which?", "Choose three."),
        ("six", "Which? Choose two.", "Choose 6."),
    ],
)
def test_question_with_several_right_answers_says_how_many(asked, kind, text, wanted):
    problem = f"quiz.toml: the question 'q5' does not end in {wanted!r} or 'Choose all that apply.'"
    assert asked(quiz(NUMERIC, *[SINGLE] * 4, (kind, text))) == ([problem] if wanted else [])


def test_lab_without_a_quiz_is_refused_by_the_rule_on_its_files_alone(course):
    (course.labs / "apart" / "quiz.toml").unlink()
    found = list(lint.problems(course, [load_lab("apart", course)]))
    assert [problem for problem in found if "quiz.toml" in problem] == ["apart: quiz.toml is missing"]


def test_quiz_that_cannot_be_read_is_named_with_its_line(course):
    path = course.labs / "apart" / "quiz.toml"
    path.write_text("format_version = 2\nquestions = []\n", encoding="utf-8")
    found = list(lint.problems(course, [load_lab("apart", course)]))
    assert any(problem.startswith(f"apart: {path}, line 1, field format_version: ") for problem in found)


def test_files_of_a_new_lab_break_no_rule_but_the_one_that_asks_for_the_solved_notebook(course):
    new_lab(course, "my_lab")
    found = list(lint.problems(course, [load_lab("my_lab", course)]))
    assert found == ["my_lab: notebooks/solved/01_my_lab.ipynb is missing; run: lab notebooks build my_lab"]


def test_notebook_without_its_questions_is_refused(course):
    new_lab(course, "my_lab")
    path = course.notebooks / "01_my_lab.ipynb"
    path.write_text(path.read_text(encoding="utf-8").replace("lab.quiz()", "lab.check()"), encoding="utf-8")
    found = list(lint.notebook_ends_with_the_quiz(course, load_lab("my_lab", course)))
    assert found == ["01_my_lab.ipynb: its last code cell is not lab.quiz()"]


def test_every_problem_begins_with_the_labs_id(course):
    found = list(lint.problems(course, [load_lab("apart", course)]))
    assert found
    assert all(problem.startswith("apart: ") for problem in found)


def test_untouched_and_solved_the_sample_behaves(course, clients):
    assert list(lint.behaviour_problems(load_lab("apart", course), clients)) == []
