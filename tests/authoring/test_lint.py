"""Tests for the course's own rules: what they say of the sample labs that break them, word for word."""

import re
from contextlib import suppress

import nbformat
import pytest

from lab_harness import authors
from lab_harness.authoring import lint
from lab_harness.authoring.scaffold import Wanted, new_lab
from lab_harness.errors import LabError
from lab_harness.lab.labs import all_labs, load_lab
from lab_harness.lab.notebooks import solved_notebook
from lab_harness.notebook.start import OpenCourse
from lab_harness.results import CheckResult, LabReport, Outcome
from tests.conftest import SAMPLE_LABS

CELL = re.compile(r"^# %% (\S+)( ran)?\n", re.MULTILINE)


def as_notebook(text):
    """A notebook from cells that begin with their id: `# %% open`. One `ran`, and has an output.

    The cells `task:queue` and `fact:sqs_long_poll` have that as their tag. That one and `text:open` are text.
    """
    _, *parts = CELL.split(text)
    notebook = nbformat.v4.new_notebook()
    for name, ran, source in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        tags = {"tags": [name]} if name.startswith(("task:", "fact:")) else {}
        new_cell = nbformat.v4.new_markdown_cell if name.startswith(("fact:", "text:")) else nbformat.v4.new_code_cell
        cell = new_cell(source.strip(), id=name.replace(":", "-"), metadata=tags)
        if ran:
            cell.outputs = [nbformat.v4.new_output("stream", text="sum\n")]
        notebook.cells.append(cell)
    return notebook


def output(shown):
    return nbformat.v4.new_output("display_data", data=shown._repr_mimebundle_())


def write_solved(course, lab):
    """The lab's solved notebook as building it leaves it, with the map of the course and a report on its checks."""
    notebook = solved_notebook(course, lab)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.execution_count = 1
    passed = (CheckResult(check.name, check.title, check.task, Outcome.PASSED) for check in lab.all_checks)
    report = LabReport(lab.id, lab.title, "embedded", tuple(passed))
    notebook.cells[-1].outputs = [output(OpenCourse(course)), output(report)]
    course.solved.mkdir(exist_ok=True)
    nbformat.write(notebook, course.solved / lab.file.notebook)


@pytest.fixture
def written(sample_course):
    """Makes a course of sample labs with all that belongs to it: README, notebooks, solved notebooks, tests."""

    def make(*names):
        course = sample_course(*names)
        course.notebooks.mkdir()
        (course.root / "tests" / "labs").mkdir(parents=True)
        rows = []
        for lab in all_labs(course):
            own = SAMPLE_LABS / lab.id / "notebook.txt"
            source = own if own.exists() else SAMPLE_LABS / "queue" / "notebook.txt"
            nbformat.write(as_notebook(source.read_text(encoding="utf-8")), course.notebooks / lab.file.notebook)
            rows.append(f"| {lab.file.notebook[:2]} | [`{lab.id}`](labs/{lab.id}/README.md) | a queue |")
            checks = (lab.folder / "checks.py").read_text(encoding="utf-8")
            (course.root / "tests" / "labs" / f"test_{lab.id}.py").write_text(
                checks, encoding="utf-8"
            )  # It has their names.
        (course.root / "README.md").write_text("\n".join(rows), encoding="utf-8")
        for lab in all_labs(course):
            with suppress(LabError):  # There are labs of which none can be built.
                write_solved(course, lab)
        return course

    return make


def said(course, *names):
    """What the rules that only read say of labs, without the folder that the course is in."""
    found = lint.problems(course, [load_lab(name, course) for name in names])
    return [problem.replace(f"{course.root}/", "") for problem in found]


OTHER_TASKS = "01_queue.ipynb has cells for the tasks message, mesage; lab.toml has queue, message"
TITLE = "is longer than 60 characters or ends in a full stop"
ASKED = "does not end in 'Choose two.' or 'Choose all that apply.'"
POLL = "the fact 'sqs_long_poll' of labs/facts.toml"
NOT_BUILT = "notebooks/solved/01_queue.ipynb is missing; run: lab notebooks build"
PUBLIC = f"of the package it may import these names of lab_harness.authors alone: {', '.join(sorted(authors.__all__))}"
BROKEN = {
    "inner_imports": [
        *(
            f"checks.py, line {line}: imports lab_harness.{name}; {PUBLIC}"
            for line, name in (
                (1, "authors.expect"),
                (2, "authors.words"),
                (3, "authors.expect.queue"),
                (4, "local.is_local"),
                (9, "run_checks"),
            )
        ),
        "functions/hello/lambda_function.py, line 1: imports lab_harness.authors.customers; "
        "a function has nothing of the package where it runs",
    ],
    "stray_file": ["notes.txt does not belong in a lab's folder"],
    "dead_links": [
        "README.md: the link to notes.md leads nowhere",
        "01_queue.ipynb, cell text-next: the link to 02_topic.ipynb leads nowhere",
    ],
    "unnamed_resources": [
        f"README.md does not name 'sample-{what}', on which the lab relies"
        for what in ("bucket-12", "queue", "role", "topic")
    ],
    "undeletable": ["lab.toml: no module in lab_harness/account/services has a deleter for AWS::Batch::JobQueue"],
    "alike": [
        "lab.toml: 2 tasks have the id 'queue'",
        "checks.py: 2 checks have the title 'The queue exists'",
        f"checks.py: the title 'The queue exists, and it is the one that the README asks for.' {TITLE}",
        f"checks.py: the title 'It is there.' {TITLE}",
        "01_queue.ipynb has cells for the tasks queue; lab.toml has queue, queue",
        "labs/alike/solution.py answers the tasks queue, message; lab.toml asks for queue, queue.",
        f"{NOT_BUILT} alike",
    ],
    "odd_diagram": [
        "lab.toml: 2 boxes of the diagram have the id 'queue'",
        "lab.toml: 2 boxes of the diagram stand at [0, 0]",
        "lab.toml: an arrow of the diagram joins 'queue' with itself",
        "lab.toml: an arrow of the diagram joins 'topic', which is no box",
        "lab.toml: the diagram names 'queue_exist', which is no check",
    ],
    "odd_quiz": [
        "quiz.toml asks 1, not 5 to 10 questions",
        "quiz.toml has questions of one kind only, multiple",
        f"quiz.toml: the question 'polled' {ASKED}",
    ],
    "unchecked_task": ["checks.py has no check for the task 'message'"],
    "undeclared_service": [
        f"lab.toml: services lacks '{service}', which a check uses" for service in ("cognito-idp", "dynamodb")
    ],
    "saved_with_outputs": ["01_queue.ipynb, cell sum: saved with outputs; run: lab notebooks clear saved_with_outputs"],
    "mathematics": [
        f"01_queue.ipynb, cell {cell}: a dollar in prose becomes mathematics; write it as code, `$1.00`"
        for cell in ("text-prose", "text-after-code")
    ],
    "wrong_minutes": ["lab.toml says 30 minutes, and a beginner takes 5; docs/authoring.md tells how"],
    "asks_nothing": ["01_queue.ipynb: its last code cell is not lab.quiz()"],
    "gives_its_answer": ["01_queue.ipynb: the starter cell of 'queue' is its answer"],
    "other_facts": [
        "01_queue.ipynb, cell fact-sqs_long_pol: names 'sqs_long_pol', which is no fact of labs/facts.toml",
        f"01_queue.ipynb, cell fact-sqs_long_poll: does not say 20 seconds, {POLL}",
        "01_queue.ipynb, cell fact-lambda_timeout: does not say 900 seconds or 15 minutes, "
        "the fact 'lambda_timeout' of labs/facts.toml",
        "01_queue.ipynb, cell untagged: states a number of AWS's that is no fact of labs/facts.toml: "
        "# Messages are kept for 4 days (2026)",
        "01_queue.ipynb, cell undated: says 20 seconds and does not name its fact of labs/facts.toml",
        f"quiz.toml: the question 'longest_poll' does not say 20 seconds, {POLL}",
    ],
    "other_tasks": [OTHER_TASKS, f"{NOT_BUILT} other_tasks"],
}  # what each of these labs breaks, and nothing else


@pytest.mark.parametrize(("sample", "problems"), BROKEN.items(), ids=BROKEN)
def test_lab_that_breaks_a_rule_is_told_which_and_how(written, sample, problems):
    assert said(written(sample), sample) == [f"{sample}: {problem}" for problem in problems]


def test_solution_may_load_the_lab_and_import_nothing_else_of_the_package(written):
    course = written("queue")
    path = course.labs / "queue" / "solution.py"
    code = path.read_text(encoding="utf-8")
    path.write_text(f"{code}\nfrom lab_harness import load_lab\n", encoding="utf-8")
    before = said(course, "queue")
    path.write_text(f"{code}\nfrom lab_harness import run_checks\n", encoding="utf-8")
    (told,) = set(said(course, "queue")) - set(before)
    assert told.startswith("queue: solution.py, line ")
    assert told.endswith("imports lab_harness.run_checks; "
                         "of the package it may import these names of lab_harness alone: load_lab")  # fmt: skip


def test_file_that_python_cannot_read_is_told_by_what_loads_it(written):
    course = written("queue")
    (course.labs / "queue" / "checks.py").write_text("from lab_harness.local import (", encoding="utf-8")
    assert {problem.partition(": ")[2] for problem in said(course, "queue")} >= {
        "labs/queue/checks.py, line 1: '(' was never closed"
    }


def test_file_of_facts_that_botocore_contradicts_or_that_cannot_be_read_is_named_once(written):
    course = written("queue")
    path = course.labs / "facts.toml"
    path.write_text(
        path.read_text(encoding="utf-8") + '[[facts.models]]\nservice = "lambda"\nshape = "Timeout"\nmax = 300\n',
        encoding="utf-8",
    )
    assert said(course, "queue") == [
        "labs/facts.toml: lambda_timeout: botocore's lambda.Timeout has the max 5400, not 300"
    ]
    path.write_text("format_version = 2", encoding="utf-8")
    assert set(said(course, "queue")) >= {"labs/facts.toml, line 1, field format_version: Invalid enum value 2"}


@pytest.mark.parametrize("sample", ["queue", "apart"])
def test_lab_that_keeps_the_rules_is_told_nothing(written, sample):
    assert said(written(sample), sample) == []


def test_starter_cell_of_a_given_task_is_its_answer_and_the_checks_give_no_points(written):
    course = written("gives_its_answer")
    path = course.labs / "gives_its_answer" / "lab.toml"
    text = path.read_text(encoding="utf-8")
    for task in ("queue", "message"):
        path.write_text(text.replace(f'id = "{task}"', f'id = "{task}"\ngiven = true'), encoding="utf-8")
        points = {check.task: check.points for check in load_lab("gives_its_answer", course).all_checks}
        assert points == {"queue": 2, "message": 1} | {task: 0}
        wrong = [] if task == "queue" else ["'message', which is given, is not its answer", "'queue' is its answer"]
        expected = [f"gives_its_answer: 01_queue.ipynb: the starter cell of {each}" for each in wrong]
        assert sorted(said(course, "gives_its_answer")) == expected


def test_mistake_that_stops_several_rules_is_told_once(written):
    mistake = "labs/import_error/checks.py, line 3: ValueError: invalid literal for int() with base 10: 'many'"
    found = said(written("import_error"), "import_error")
    assert found == [f"import_error: {mistake}", f"import_error: {NOT_BUILT} import_error"]


@pytest.mark.parametrize("name", ["README.md", "checks.py", "solution.py", "quiz.toml"])
def test_file_that_is_missing_is_named(written, name):
    course = written("queue")
    (course.labs / "queue" / name).unlink()
    assert said(course, "queue")[0] == f"queue: {name} is missing"


def test_readme_of_more_than_sixty_lines_is_too_long(written):
    course = written("queue")
    readme = course.labs / "queue" / "README.md"
    readme.write_text("sample-queue\n" * 60, encoding="utf-8")
    assert said(course, "queue") == []
    readme.write_text("sample-queue\n" * 61, encoding="utf-8")
    assert said(course, "queue") == ["queue: README.md has 61 lines, more than 60"]


def test_check_that_the_labs_tests_do_not_name_is_told(written):
    course = written("queue")
    tests = course.root / "tests" / "labs" / "test_queue.py"
    tests.write_text("def test_queue_exists_when_it_is_made(): checks.message_is_there", encoding="utf-8")
    assert said(course, "queue") == ["queue: tests/labs/test_queue.py has no test for the check queue_exists"]
    tests.with_stem("test_queue_more").write_text("def test_it(): checks.queue_exists", encoding="utf-8")
    assert said(course, "queue") == []
    tests.unlink()
    assert said(course, "queue") == ["queue: tests/labs/test_queue.py is missing"]


@pytest.mark.parametrize("rows", ["", "| 02 | [`queue`](labs/queue/README.md) | a queue |", "queue"])
def test_lab_that_the_courses_readme_does_not_list_is_told_the_row(written, rows):
    course = written("queue")
    (course.root / "README.md").write_text(rows, encoding="utf-8")
    assert said(course, "queue") == [
        "queue: the course's README.md has no row that begins: | 01 | [`queue`](labs/queue/README.md) |"
    ]


def test_row_of_a_lab_that_is_gone_is_told(written):
    course = written("queue")
    with (course.root / "README.md").open("a", encoding="utf-8") as readme:
        readme.write("\n| 02 | [`topic`](labs/topic/README.md) | a topic |\n")
    assert said(course) == ["the course's README.md lists 'topic', which is no lab"]


def test_labs_that_share_a_notebook_are_named(written):
    course = written("queue", "outcomes")
    assert "queue, outcomes: they share the notebook 01_queue.ipynb" in said(course, "queue", "outcomes")


# The solved notebook: what it was built from may have changed since.


@pytest.fixture
def built(written):
    """A course with the sample lab, and a function that changes one of its files."""
    course = written("queue")

    def change(name, old, new):
        path = course.root / name
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1
        path.write_text(text.replace(old, new), encoding="utf-8")
        return said(course, "queue")

    return change


UNPARSABLE = {
    "solution.py": ("# %% task:queue\nprint(\n# %% task:message\n", "line 2: '(' was never closed"),
    "functions/greet/main.py": ("a = 1\nreturn return\n", "line 2: invalid syntax"),
    "functions/bye/main.py": ("a = 1\0\n", "line 1: source code string cannot contain null bytes"),
}


@pytest.mark.parametrize("file", UNPARSABLE)
def test_code_that_cannot_be_parsed_is_told_before_what_follows_from_it(written, file):
    content, problem = UNPARSABLE[file]
    course = written("queue")
    path = course.labs / "queue" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    assert said(course, "queue")[0] == f"queue: {file}, {problem}"


def test_cell_that_cannot_be_parsed_is_told_and_magics_are_no_mistakes(built):
    magics = "%%after queue\\n!ls\\nlab?\\nfor in range(3):"
    assert built("notebooks/01_queue.ipynb", '"lab.check(\\"queue\\")"', f'"{magics}"')[0] == (
        "queue: 01_queue.ipynb, cell check-queue, line 4: invalid syntax"
    )


BUILD = "run: lab notebooks build queue"
SOLVED = "queue: notebooks/solved/01_queue.ipynb"


def test_solved_notebook_is_out_of_date_when_an_answer_has_changed(built):
    assert built("labs/queue/solution.py", '"hello"', '"good morning"') == [f"{SOLVED} is out of date; {BUILD}"]


def test_solved_notebook_is_out_of_date_when_a_check_was_added(built):
    added = 'QUEUE = "sample-queue"\n\n\n@check("The queue is short", task="queue")\ndef queue_is_short(sqs): ...\n'
    assert built("tests/labs/test_queue.py", "message_is_there", "queue_is_short, message_is_there") == []
    assert built("labs/queue/checks.py", 'QUEUE = "sample-queue"\n', added) == [
        f"{SOLVED} does not show the check 'The queue is short'; {BUILD}"
    ]


def test_solved_notebook_is_out_of_date_when_a_check_was_renamed(built):
    assert built("labs/queue/checks.py", '"A message is in the queue"', '"A <message> waits"') == [
        f"{SOLVED} does not show the check 'A <message> waits'; {BUILD}",
        f"{SOLVED} shows 'A message is in the queue', no check any more; {BUILD}",
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('title = "A queue"', 'title = "A queue & more"'),
        ('goal = "Send a message to a queue."', 'goal = "Send two messages."'),
        ("minutes = 5", "minutes = 10"),
    ],
)
def test_solved_notebook_is_out_of_date_when_its_map_of_the_course_is(built, old, new):
    assert built("labs/queue/lab.toml", old, new) == [f"{SOLVED} shows another map of the course; {BUILD}"]


def test_solved_notebook_whose_cell_was_never_run_is_told(built):
    assert built(
        "notebooks/solved/01_queue.ipynb",
        '"execution_count": 1,\n   "id": "open"',
        '"execution_count": null,\n   "id": "open"',
    ) == [f"{SOLVED}, cell open: never executed"]


# The rules that run a lab.


def behaviour(course, name, clients):
    return [
        problem.replace(f"{course.root}/", "") for problem in lint.behaviour_problems(load_lab(name, course), clients)
    ]


@pytest.mark.parametrize("sample", ["queue", "apart"])
def test_lab_that_fails_untouched_and_passes_solved_is_told_nothing(written, sample, clients):
    assert behaviour(written(sample), sample, clients) == []
    assert not clients["sqs"].list_queues().get("QueueUrls")


def test_lab_that_passes_untouched_fails_solved_or_breaks_is_told(written, clients):
    broken = "the check message_is_short is broken:"
    found = behaviour(written("already_there"), "already_there", clients)
    assert found[0] == "already_there: untouched, the first check queue_exists is passed, not failed"
    assert found[1].startswith(f"already_there: untouched, {broken}")
    assert found[2].startswith(f"already_there: solved, {broken}")
    assert found[3:] == ["already_there: solved, the check message_is_there fails: found none"]


def test_check_that_passes_where_nothing_was_built_is_told(written, clients):
    assert behaviour(written("never_fails"), "never_fails", clients) == [
        "never_fails: the check message_is_there passes where nothing was built, so it can never fail"
    ]


def test_answer_that_cannot_be_run_is_told_with_what_fails_for_it(written, clients):
    found = behaviour(written("unsolvable"), "unsolvable", clients)
    assert found[0].startswith("unsolvable: labs/unsolvable/solution.py, line 2: ValueError: no such queue")
    assert found[1:] == ["unsolvable: solved, the check queue_exists fails: found no queues"]


# A diagram and a quiz, in detail.


@pytest.fixture
def course(sample_course):
    return sample_course("apart")


@pytest.fixture
def diagram(course):
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


def test_diagram_that_names_what_there_is_passes(diagram):
    assert diagram(lint.diagram_names_what_there_is) == []


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
def test_diagram_that_names_what_is_not_there_is_refused(diagram, old, new, problems):
    assert diagram(lint.diagram_names_what_there_is, (old, new)) == problems


def test_service_that_a_task_needs_is_declared(diagram):
    assert diagram(lint.services_are_declared) == []
    assert diagram(lint.services_are_declared, ('["sqs", "braket"]', '["sqs"]')) == [
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
    assert asked(quiz(NUMERIC, *[SINGLE] * (count - 1))) == [f"quiz.toml asks {count}, not 5 to 10 questions"]


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


def test_files_of_a_new_lab_break_no_rule_but_the_one_that_asks_for_the_solved_notebook(written):
    course = written("queue")
    new_lab(course, "my_lab", Wanted())
    assert said(course, "my_lab") == [
        "my_lab: notebooks/solved/02_my_lab.ipynb is missing; run: lab notebooks build my_lab"
    ]


def test_notebook_without_its_questions_is_refused(course):
    new_lab(course, "my_lab", Wanted())
    (path,) = course.notebooks.glob("*_my_lab.ipynb")
    path.write_text(path.read_text(encoding="utf-8").replace("lab.quiz()", "lab.check()"), encoding="utf-8")
    found = list(lint.notebook_ends_with_the_quiz(course, load_lab("my_lab", course)))
    assert found == [f"{path.name}: its last code cell is not lab.quiz()"]


# The commands.


def test_command_prints_each_problem_counts_them_and_exits_1(written, lab):
    written("queue", "odd_quiz", "stray_file")
    told = lab("lint", "queue", "--no-run")
    assert (told.code, told.out) == (0, "1 lab, 0 problems\n")
    told = lab("lint", "stray_file", "--no-run")
    assert (told.code, told.out) == (1, "stray_file: notes.txt does not belong in a lab's folder\n1 lab, 1 problem\n")
    told = lab("lint", "--no-run")
    assert told.out.endswith("\n3 labs, 5 problems\n")


def test_command_runs_the_labs_too_also_where_they_break_a_rule(written, lab):
    course = written("already_there")
    told = lab("lint")
    assert "already_there: untouched, the first check queue_exists is passed, not failed\n" in told.out
    assert (told.code, told.out.splitlines()[-1]) == (1, "1 lab, 4 problems")
    (course.labs / "already_there" / "notes.txt").touch()
    told = lab("lint").out.splitlines()
    assert (told[0], told[-1]) == ("already_there: notes.txt does not belong in a lab's folder", "1 lab, 5 problems")
    told = lab("lint", "--no-run").out.splitlines()
    assert told[1:] == ["1 lab, 1 problem"]


def test_new_lab_gets_its_row_in_the_courses_readme_and_no_other_line_changes(written, lab):
    course = written("queue")
    readme = course.root / "README.md"
    readme.write_text(f"# Labs\n\n{readme.read_text(encoding='utf-8')}\n\nMore.\n", encoding="utf-8")
    before = readme.read_text(encoding="utf-8")
    told = lab("new", "my_lab")
    assert (told.code, "wrote README.md\n" in told.out) == (0, True)
    row = "| 02 | [`my_lab`](labs/my_lab/README.md) | a queue, `my-lab-queue` |\n"
    assert readme.read_text(encoding="utf-8") == before.replace("\n\nMore.", f"\n{row}\nMore.")


def test_new_lab_leaves_a_readme_without_a_table_alone(written, lab):
    course = written("queue")
    (course.root / "README.md").write_text("# Labs\n", encoding="utf-8")
    assert "README.md" not in lab("new", "my_lab").out.replace("labs/my_lab/README.md", "")
    assert (course.root / "README.md").read_text(encoding="utf-8") == "# Labs\n"
