"""The rules for a lab's folder: its files, its README, its tasks, diagram and quiz, and the tests that prove it."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from lab_harness.account.resources import deleters
from lab_harness.authoring.readme_table import listed, row_of
from lab_harness.course import Course
from lab_harness.lab.finished import FILE as FINISHED
from lab_harness.lab.labs import Lab
from lab_harness.lab.modules import CHECK_FILES
from lab_harness.lab.quiz import Multiple

LAB_FILES = {"lab.toml", "README.md", "checks.py", "solution.py", "quiz.toml"}
MAY_BE_THERE = {*CHECK_FILES, "functions", "given", "site", FINISHED, "__pycache__"}
README_LINES, TITLE_LENGTH = 60, 60
QUIZ_LENGTH, QUIZ_KINDS = range(5, 11), 2
NUMBER_WORDS = {2: "two", 3: "three", 4: "four", 5: "five"}
NAME = re.compile(r"\w[\w-]*\w")  # of a resource; one that ends in a hyphen is only the beginning of names


def folder_holds_what_a_lab_holds(course: Course, lab: Lab) -> Iterator[str]:
    """The files of a lab, and no others."""
    names = {path.name for path in lab.folder.iterdir()}
    for name in sorted(LAB_FILES - names):
        yield f"{name} is missing"
    for name in sorted(names - LAB_FILES - MAY_BE_THERE):
        yield f"{name} does not belong in a lab's folder"


def readme_is_short(course: Course, lab: Lab) -> Iterator[str]:
    """What the lab asks fits on a page."""
    lines = _text(lab.folder / "README.md").count("\n")
    if lines > README_LINES:
        yield f"README.md has {lines} lines, more than {README_LINES}"


def readme_names_each_resource(course: Course, lab: Lab) -> Iterator[str]:
    """Each name that the checks or the reset rely on stands in the README."""
    text = _text(lab.folder / "README.md")
    for name in sorted({resource.name for resource in lab.file.resources} | _fixed_names(lab)):
        if not _is_named(name, text):
            yield f"README.md does not name {name!r}, on which the lab relies"


def resources_can_be_removed(course: Course, lab: Lab) -> Iterator[str]:
    """`lab reset` knows how to delete each type of resource."""
    for resource in lab.file.resources:
        if resource.type not in deleters():
            yield f"lab.toml: no module in lab_harness/account/services has a deleter for {resource.type}"


def tasks_are_told_apart(course: Course, lab: Lab) -> Iterator[str]:
    """Task ids and check titles are unique, and titles short."""
    for name, count in Counter(task.id for task in lab.tasks).items():
        if count > 1:
            yield f"lab.toml: {count} tasks have the id {name!r}"
    for title, count in Counter(check.title for check in lab.all_checks).items():
        if count > 1:
            yield f"checks.py: {count} checks have the title {title!r}"
        if len(title) > TITLE_LENGTH or title.endswith("."):
            yield f"checks.py: the title {title!r} is longer than {TITLE_LENGTH} characters or ends in a full stop"


def diagram_names_what_there_is(course: Course, lab: Lab) -> Iterator[str]:
    """Its boxes are told apart, its arrows join two of them, and the checks it names are the lab's."""
    diagram = lab.file.diagram
    if diagram is None:
        return
    nodes = Counter(node.id for node in diagram.nodes)
    for name in (name for name, count in nodes.items() if count > 1):
        yield f"lab.toml: {nodes[name]} boxes of the diagram have the id {name!r}"
    places = Counter(node.at for node in diagram.nodes)
    for place in (place for place, count in places.items() if count > 1):
        yield f"lab.toml: {places[place]} boxes of the diagram stand at {list(place)}"
    for arrow in diagram.arrows:
        if arrow.source == arrow.target:
            yield f"lab.toml: an arrow of the diagram joins {arrow.source!r} with itself"
    ends = {end for arrow in diagram.arrows for end in (arrow.source, arrow.target)}
    for name in sorted(ends - nodes.keys()):
        yield f"lab.toml: an arrow of the diagram joins {name!r}, which is no box"
    for name in sorted(diagram.checks - {check.name for check in lab.all_checks}):
        yield f"lab.toml: the diagram names {name!r}, which is no check"


def quiz_is_long_enough_and_varied(course: Course, lab: Lab) -> Iterator[str]:
    """Five to ten questions, of at least two kinds."""
    if lab.quiz is None:
        return  # The first rule says so.
    kinds = [question.kind for question in lab.quiz.questions]
    if len(kinds) not in QUIZ_LENGTH:
        yield f"quiz.toml asks {len(kinds)}, not {QUIZ_LENGTH[0]} to {QUIZ_LENGTH[-1]} questions"
    if len(set(kinds)) < QUIZ_KINDS:
        yield f"quiz.toml has questions of one kind only, {kinds[0]}"


def quiz_says_how_many_to_choose(course: Course, lab: Lab) -> Iterator[str]:
    """Where several answers are right, the question ends in how many, as "Choose two." does."""
    for question in lab.quiz.questions if lab.quiz else ():
        if isinstance(question, Multiple):
            count = len(question.right)
            wanted = f"Choose {NUMBER_WORDS.get(count, count)}."
            if not question.text.endswith((wanted, "Choose all that apply.")):
                yield f"quiz.toml: the question {question.id!r} does not end in {wanted!r} or 'Choose all that apply.'"


def each_task_is_checked(course: Course, lab: Lab) -> Iterator[str]:
    """A task without a check could not be done."""
    checked = {check.task for check in lab.all_checks}
    for task in lab.tasks:
        if task.id not in checked:
            yield f"checks.py has no check for the task {task.id!r}"


def services_are_declared(course: Course, lab: Lab) -> Iterator[str]:
    """lab.toml lists the services that the checks use."""
    used = {service for check in lab.all_checks for service in check.services}
    for service in sorted(used - set(lab.file.services)):
        yield f"lab.toml: services lacks {service!r}, which a check uses"


def each_check_is_tested(course: Course, lab: Lab) -> Iterator[str]:
    """The lab's tests name each of its checks: one that no test has seen fail may never fail."""
    path = course.root / "tests" / "labs" / f"test_{lab.id}.py"
    more = path.with_stem(f"{path.stem}_more")  # of a lab whose checks fill two files
    text = f"{_text(path)}\n{_text(more)}"
    if not _text(path):
        yield f"{path.relative_to(course.root)} is missing"
        return
    for check in lab.all_checks:
        if not _is_named(check.name, text):
            yield f"{path.relative_to(course.root)} has no test for the check {check.name}"


def course_lists_it(course: Course, lab: Lab) -> Iterator[str]:
    """The table of labs in the course's README has a row for it."""
    row = row_of(lab.id, lab.file.notebook)
    if not listed(course.root / "README.md").get(lab.id, "").startswith(row):
        yield f"the course's README.md has no row that begins: {row.strip()}"


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _is_named(name: str, text: str) -> bool:
    """Whether a text has the name as a whole: `hello-world` is not named by `hello-world-role`."""
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text) is not None


def _fixed_names(lab: Lab) -> set[str]:
    """The resource names among the constants of checks.py."""
    constants = [value for name, value in vars(lab.checks).items() if name.isupper() and isinstance(value, str)]
    return {text for text in constants if NAME.fullmatch(text)}
