"""The course's own rules for its labs and notebooks, one function each; `lab lint` runs them.

A rule yields a sentence for each thing that is wrong. Those that run a lab take the clients of an account
with nothing of the labs in it, and leave it so.
"""

import ast
from collections import Counter
from collections.abc import Callable, Iterator

from lab_harness.aws import Clients
from lab_harness.course import Course
from lab_harness.deleters import DELETERS
from lab_harness.errors import HarnessError
from lab_harness.labs import Lab
from lab_harness.notebook.build import read_notebook, solved_notebook, sources, task_of
from lab_harness.quiz import Multiple
from lab_harness.resources import remove_resources
from lab_harness.results import Outcome
from lab_harness.runner import run_checks
from lab_harness.solutions import answers

LAB_FILES = {"lab.toml", "README.md", "checks.py", "solution.py", "quiz.toml"}
LAB_FOLDERS = {"functions", "site", "__pycache__"}
README_LINES, TITLE_LENGTH = 60, 60
QUIZ_LENGTH, QUIZ_KINDS = range(5, 11), 2
NUMBER_WORDS = {2: "two", 3: "three", 4: "four", 5: "five"}

Rule = Callable[[Course, Lab], Iterator[str]]


def folder_holds_what_a_lab_holds(course: Course, lab: Lab) -> Iterator[str]:
    """The files of a lab, and no others."""
    names = {path.name for path in lab.folder.iterdir()}
    for name in sorted(LAB_FILES - names):
        yield f"{name} is missing"
    for name in sorted(names - LAB_FILES - LAB_FOLDERS):
        yield f"{name} does not belong in a lab's folder"


def readme_is_short(course: Course, lab: Lab) -> Iterator[str]:
    """What the lab asks fits on a page."""
    lines = _readme(lab).count("\n")
    if lines > README_LINES:
        yield f"README.md has {lines} lines, more than {README_LINES}"


def readme_names_each_resource(course: Course, lab: Lab) -> Iterator[str]:
    """Each name that the checks or the reset rely on stands in the README."""
    text = _readme(lab)
    for name in sorted({resource.name for resource in lab.file.resources} | _fixed_names(lab)):
        if name not in text:
            yield f"README.md does not name {name!r}, on which the lab relies"


def resources_can_be_removed(course: Course, lab: Lab) -> Iterator[str]:
    """`lab reset` knows how to delete each type of resource."""
    for resource in lab.file.resources:
        if resource.type not in DELETERS:
            yield f"lab.toml: resources.py cannot delete a {resource.type}"


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
        yield f"quiz.toml has {len(kinds)} questions, not {QUIZ_LENGTH[0]} to {QUIZ_LENGTH[-1]}"
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


def first_check_needs_nothing(course: Course, lab: Lab) -> Iterator[str]:
    """An untouched lab fails its first check, which says where to begin."""
    if lab.all_checks[0].needs:
        yield f"checks.py: the first check, {lab.all_checks[0].name}, has needs"


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


def notebook_is_clean(course: Course, lab: Lab) -> Iterator[str]:
    """The learner's notebook is saved without outputs, with an id for each cell."""
    notebook = read_notebook(course.notebooks / lab.file.notebook)
    for cell in notebook.cells:
        if cell.get("outputs") or cell.get("execution_count"):
            yield f"{lab.file.notebook}, cell {cell.id}: saved with outputs; clear them"


def notebook_ends_with_the_quiz(course: Course, lab: Lab) -> Iterator[str]:
    """Its last code cell asks the questions."""
    notebook = read_notebook(course.notebooks / lab.file.notebook)
    code = [cell.source.strip() for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    if code[-1:] != ["lab.quiz()"]:
        yield f"{lab.file.notebook}: its last code cell is not lab.quiz()"


def notebook_has_each_task(course: Course, lab: Lab) -> Iterator[str]:
    """A starter cell for each task, in order, that is not the answer already."""
    notebook = read_notebook(course.notebooks / lab.file.notebook)
    tagged = {task_of(cell): cell.source for cell in notebook.cells if task_of(cell)}
    if list(tagged) != [task.id for task in lab.tasks]:
        yield f"{lab.file.notebook} has cells for the tasks {', '.join(map(str, tagged))}; lab.toml asks for others"
    for task, answer in answers(lab).items():
        if answer.cell.strip() == tagged.get(task, "").strip():
            yield f"{lab.file.notebook}: the starter cell of {task!r} is its answer"


def solved_notebook_is_current(course: Course, lab: Lab) -> Iterator[str]:
    """What is in notebooks/solved/ is what building it now would give, and every cell of it was run."""
    path = course.solved / lab.file.notebook
    if not path.exists():
        yield f"notebooks/solved/{path.name} is missing; run: lab notebooks build {lab.id}"
        return
    built = read_notebook(path)
    if sources(built) != sources(solved_notebook(course, lab)):
        yield f"notebooks/solved/{path.name} is out of date; run: lab notebooks build {lab.id}"
    # nbval passes a cell without an execution count unseen.
    for cell in built.cells:
        if cell.cell_type == "code" and cell.source.strip() and not cell.execution_count:
            yield f"notebooks/solved/{path.name}, cell {cell.id}: never executed"


RULES: tuple[Rule, ...] = (
    folder_holds_what_a_lab_holds,
    readme_is_short,
    readme_names_each_resource,
    resources_can_be_removed,
    tasks_are_told_apart,
    diagram_names_what_there_is,
    quiz_is_long_enough_and_varied,
    quiz_says_how_many_to_choose,
    first_check_needs_nothing,
    each_task_is_checked,
    services_are_declared,
    notebook_is_clean,
    notebook_ends_with_the_quiz,
    notebook_has_each_task,
    solved_notebook_is_current,
)


def problems(course: Course, labs: list[Lab]) -> Iterator[str]:
    """All that the rules which only read find wrong, each sentence beginning with the lab's id."""
    for name, count in Counter(lab.file.notebook for lab in labs).items():
        if count > 1:
            yield f"{count} labs share the notebook {name}"
    for lab in labs:
        for rule in RULES:
            try:
                yield from (f"{lab.id}: {problem}" for problem in rule(course, lab))
            except HarnessError as error:
                yield f"{lab.id}: {error}"


def behaviour_problems(lab: Lab, clients: Clients) -> Iterator[str]:
    """What is wrong when the lab is run: untouched it fails its first check, solved it passes all."""
    remove_resources(lab, clients)
    untouched = run_checks(lab, clients).results
    if untouched[0].outcome is not Outcome.FAILED:
        yield f"{lab.id}: untouched, the first check {untouched[0].name} is {untouched[0].outcome}, not failed"
    lab.solve(clients)
    solved = run_checks(lab, clients).results
    remove_resources(lab, clients)
    for state, results in (("untouched", untouched), ("solved", solved)):
        for result in results:
            if result.outcome is Outcome.BROKEN:
                yield f"{lab.id}: {state}, the check {result.name} is broken: {result.found}"
    for result in solved:
        if result.outcome is Outcome.FAILED:
            yield f"{lab.id}: solved, the check {result.name} fails: found {result.found}"


def _readme(lab: Lab) -> str:
    path = lab.folder / "README.md"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _fixed_names(lab: Lab) -> set[str]:
    """The resource names among the constants of checks.py, set as `TABLE, QUEUE = "PetOrders", "pet-orders"`."""
    tree = ast.parse((lab.folder / "checks.py").read_text(encoding="utf-8"))
    assigned = [node for node in tree.body if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple)]
    elements = [element for node in assigned if isinstance(node.value, ast.Tuple) for element in node.value.elts]
    texts = {e.value for e in elements if isinstance(e, ast.Constant) and isinstance(e.value, str)}
    return {text for text in texts if text.replace("-", "").replace("_", "").isalnum()}
