"""The course's own rules for its labs and notebooks, one function each; `lab lint` runs them.

A rule yields a sentence for each thing that is wrong. Those that run a lab take the clients of an account
with nothing of the labs in it, and leave it so.
"""

from collections import Counter
from collections.abc import Callable, Iterator

from lab_harness.account.resources import remove_resources
from lab_harness.authoring.lint.facts import disagreements, facts_are_those_of_the_file
from lab_harness.authoring.lint.files import (
    course_lists_it,
    diagram_names_what_there_is,
    each_check_is_tested,
    each_task_is_checked,
    folder_holds_what_a_lab_holds,
    quiz_is_long_enough_and_varied,
    quiz_says_how_many_to_choose,
    readme_is_short,
    readme_names_each_resource,
    resources_can_be_removed,
    services_are_declared,
    tasks_are_told_apart,
)
from lab_harness.authoring.lint.imports import lab_imports_what_is_public
from lab_harness.authoring.lint.notebooks import (
    notebook_ends_with_the_quiz,
    notebook_has_each_task,
    notebook_has_no_mathematics,
    notebook_is_clean,
    notebook_takes_the_minutes_that_it_says,
    solved_notebook_is_current,
    solved_notebook_shows_each_check,
    solved_notebook_shows_the_course,
    solved_notebook_shows_what_is_recorded,
)
from lab_harness.authoring.lint.sources import (
    links_lead_somewhere,
    notebook_code_can_be_parsed,
    python_can_be_parsed,
)
from lab_harness.authoring.readme_table import listed
from lab_harness.aws import Clients
from lab_harness.course import Course
from lab_harness.errors import HarnessError, LabError
from lab_harness.lab.facts import read_facts
from lab_harness.lab.labs import Lab, lab_ids
from lab_harness.results import Outcome
from lab_harness.runner import run_alone, run_checks

Rule = Callable[[Course, Lab], Iterator[str]]


RULES: tuple[Rule, ...] = (
    folder_holds_what_a_lab_holds,
    python_can_be_parsed,
    notebook_code_can_be_parsed,
    lab_imports_what_is_public,
    links_lead_somewhere,
    readme_is_short,
    readme_names_each_resource,
    resources_can_be_removed,
    tasks_are_told_apart,
    diagram_names_what_there_is,
    quiz_is_long_enough_and_varied,
    quiz_says_how_many_to_choose,
    each_task_is_checked,
    services_are_declared,
    each_check_is_tested,
    course_lists_it,
    notebook_is_clean,
    notebook_has_no_mathematics,
    notebook_ends_with_the_quiz,
    notebook_has_each_task,
    notebook_takes_the_minutes_that_it_says,
    facts_are_those_of_the_file,
    solved_notebook_is_current,
    solved_notebook_shows_each_check,
    solved_notebook_shows_the_course,
    solved_notebook_shows_what_is_recorded,
)


def problems(course: Course, labs: list[Lab]) -> Iterator[str]:
    """All that the rules which only read find wrong, once each; what is wrong with a lab begins with its id."""
    for name, count in Counter(lab.file.notebook for lab in labs).items():
        if count > 1:
            sharing = ", ".join(lab.id for lab in labs if lab.file.notebook == name)
            yield f"{sharing}: they share the notebook {name}"
    for gone in sorted(listed(course.root / "README.md").keys() - lab_ids(course)):
        yield f"the course's README.md lists {gone!r}, which is no lab"
    yield from _disagreements(course)
    for lab in labs:
        found = [problem for rule in RULES for problem in _told(rule, course, lab)]
        yield from (f"{lab.id}: {problem}" for problem in dict.fromkeys(found))


def _disagreements(course: Course) -> Iterator[str]:
    """What the file of facts says that botocore says otherwise, or why the file cannot be read."""
    try:
        for fact in read_facts(course.labs).values():
            yield from disagreements(fact)
    except LabError as error:
        yield str(error)


def _told(rule: Rule, course: Course, lab: Lab) -> Iterator[str]:
    """What a rule finds, and why it could not go on: of a file that cannot be read several rules say the same."""
    try:
        yield from rule(course, lab)
    except HarnessError as error:
        yield str(error)


def behaviour_problems(lab: Lab, clients: Clients) -> Iterator[str]:
    """What is wrong when the lab is run: untouched none of its checks passes, solved all do."""
    remove_resources(lab, clients)
    untouched = run_checks(lab, clients).results
    if untouched[0].outcome is not Outcome.FAILED:
        yield f"{lab.id}: untouched, the first check {untouched[0].name} is {untouched[0].outcome}, not failed"
    for check in lab.all_checks:
        # What is there in the end is so before a task that stands apart, too: nothing.
        if check.needs and not check.apart and run_alone(check, clients).outcome is Outcome.PASSED:
            yield f"{lab.id}: the check {check.name} passes where nothing was built, so it can never fail"
    remove_resources(lab, clients)
    try:
        lab.solve(clients)
    except LabError as error:
        yield f"{lab.id}: {error}"
    solved = run_checks(lab, clients).results
    remove_resources(lab, clients)
    for state, results in (("untouched", untouched), ("solved", solved)):
        for result in results:
            if result.outcome is Outcome.BROKEN:
                yield f"{lab.id}: {state}, the check {result.name} is broken: {result.found}"
    for result in solved:
        if result.outcome is Outcome.FAILED:
            yield f"{lab.id}: solved, the check {result.name} fails: found {result.found}"
