"""Finds, loads and validates the labs: one folder under `labs/` each."""

import ast
import difflib
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeGuard

from lab_harness.authors.checks import CheckFunction, Mark, mark_of
from lab_harness.course import Course, find_course
from lab_harness.errors import LabError, UsageError
from lab_harness.lab.file import LabFile, Task, read_lab_file
from lab_harness.lab.modules import check_files, error_in, load_together
from lab_harness.lab.parameters import NO_SERVICES, named_by
from lab_harness.lab.quiz import Quiz
from lab_harness.lab.sealed import SealedQuiz, quiz_in

if TYPE_CHECKING:
    from lab_harness.aws import Clients


@dataclass(frozen=True)
class Check:
    """A check as the runner needs it.

    `parameters` maps each parameter to what of `Clients` it names: a boto3 service, or one of
    `http`, `inbox`, `witness` and `clock`.
    `needs` has those of `after`, too: what the emulator cannot check of these it runs without.
    """

    name: str
    function: CheckFunction
    title: str
    task: str | None
    points: int
    needs: tuple[str, ...]
    parameters: dict[str, str]
    apart: bool = False
    task_services: tuple[str, ...] = ()
    after: tuple[str, ...] = ()

    @property
    def services(self) -> tuple[str, ...]:
        """What the emulator must have: the services that the check asks, and those that its task cannot do without."""
        asked = (name for name in self.parameters.values() if name not in NO_SERVICES)
        return tuple(dict.fromkeys((*asked, *self.task_services)))


@dataclass(frozen=True)
class Lab:
    """One lab. `checks` is its checks module, whose functions a test may call directly."""

    id: str
    folder: Path
    file: LabFile

    @property
    def title(self) -> str:
        return self.file.title

    @property
    def tasks(self) -> tuple[Task, ...]:
        return self.file.tasks

    def tasks_left_out(self, supports: Callable[[str], bool]) -> set[str]:
        """The ids of the tasks that building the lab leaves out: those apart, and those the emulator cannot do."""
        return {task.id for task in self.tasks if task.apart or not all(map(supports, task.services))}

    def task(self, task_id: str) -> Task:
        """The task of this id; UsageError names the nearest otherwise."""
        for task in self.tasks:
            if task.id == task_id:
                return task
        raise UsageError(unknown("task", task_id, [task.id for task in self.tasks], f"The lab {self.id} has"))

    @property
    def checks(self) -> Any:
        """The module checks.py."""
        return self.check_modules[self.folder / "checks.py"]

    @cached_property
    def check_modules(self) -> dict[Path, ModuleType]:
        """The modules that its checks are in, by their files. They are loaded together, for each object anew."""
        return load_together(check_files(self.folder), f"lab_checks_{self.id}")

    @cached_property
    def all_checks(self) -> tuple[Check, ...]:
        """The lab's checks in the order written."""
        return _read_checks(self)

    @cached_property
    def check_names(self) -> tuple[str, ...]:
        """The names of the checks that make the lab's score, without running checks.py, which would load boto3."""
        apart = {task.id for task in self.tasks if task.apart}
        marks = {name: mark for path in check_files(self.folder) for name, mark in _marks(path).items()}
        return tuple(name for name, mark in marks.items() if _task(mark) not in apart)

    @cached_property
    def quiz(self) -> Quiz | SealedQuiz | None:
        """The lab's exam questions, or None where it has none."""
        return quiz_in(self.folder)

    def selection(self, name: str) -> tuple[str, ...]:
        """`name` as a choice for `run_checks`; UsageError when no check or task is called that."""
        names = [*(task.id for task in self.tasks), *(check.name for check in self.all_checks)]
        if name not in names:
            raise UsageError(unknown("task or check", name, names, f"The lab {self.id} has"))
        return (name,)

    def solve(self, clients: "Clients") -> None:
        """Build the lab as its reference answer does, in the account behind `clients`."""
        from lab_harness.lab.solutions import solve  # it imports this module

        solve(self, clients.emulator)


def load_lab(lab_id: str, course: Course | None = None) -> Lab:
    """The lab of this id. Raises UsageError for an unknown one, LabError when its files are wrong."""
    course = course or find_course()
    known = lab_ids(course)
    if lab_id not in known:
        raise UsageError(unknown("lab", lab_id, known, "The course has"))
    folder = course.labs / lab_id
    return Lab(lab_id, folder, read_lab_file(folder / "lab.toml"))


def lab_ids(course: Course) -> list[str]:
    """The ids of all labs, by name."""
    return sorted(path.parent.name for path in course.labs.glob("*/lab.toml"))


def all_labs(course: Course | None = None) -> list[Lab]:
    """All labs, in the order of their notebooks."""
    course = course or find_course()
    return sorted((load_lab(lab_id, course) for lab_id in lab_ids(course)), key=lambda lab: lab.file.notebook)


def unknown(kind: str, name: str, known: list[str], owner: str) -> str:
    """A message for a name that does not exist, naming the nearest and all that do."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    guess = f" Did you mean {near[0]}?" if near else ""
    return f"There is no {kind} {name!r}.{guess} {owner}: {', '.join(known) or 'none'}."


def _marks(path: Path) -> dict[str, ast.Call]:
    """What makes checks in a file, `@check(…)` or `standard_checks.role_exists(…)`, by the checks' names."""
    try:
        body = ast.parse(path.read_bytes(), path).body
    except OSError as error:
        raise LabError(f"{path} is missing.") from error
    except SyntaxError as error:
        raise LabError(error_in(path, error)) from error
    return {name: mark for node in body for name, mark in _marks_of(node)}


def _marks_of(node: ast.stmt) -> Iterator[tuple[str, ast.Call]]:
    match node:
        case ast.FunctionDef():
            yield from ((node.name, mark) for mark in node.decorator_list if _is_mark(mark))
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as made):
            if ast.unparse(made.func).startswith("standard_checks."):
                yield name, made


def _is_mark(decorator: ast.expr) -> TypeGuard[ast.Call]:
    return isinstance(decorator, ast.Call) and ast.unparse(decorator.func).rpartition(".")[2] == "check"


def _task(mark: ast.Call) -> str | None:
    values = [keyword.value for keyword in mark.keywords if keyword.arg == "task"]
    return str(values[0].value) if values and isinstance(values[0], ast.Constant) else None


def _marked(lab: Lab) -> Iterator[tuple[str, Callable[..., None], Mark, str]]:
    """The lab's checks: each one's name, function and mark, and where it is."""
    known = set[str]()
    for path, module in lab.check_modules.items():
        marks = _marks(path)
        for name, function in vars(module).items():
            mark = mark_of(function)
            if mark and (function.__module__ == module.__name__ or name in marks):
                line = marks[name].lineno if name in marks else function.__code__.co_firstlineno
                where = f"{path}, line {line}, check {name}"
                if name in known:
                    raise LabError(f"{where}: checks.py has a check of this name, too")
                known.add(name)
                yield name, function, mark, where


def _read_checks(lab: Lab) -> tuple[Check, ...]:
    above: dict[Callable[..., None], Check] = {}
    for name, function, mark, where in _marked(lab):
        above[function] = _read_check(lab, name, function, mark, where, above)
    if not above:
        raise LabError(f"{lab.folder / 'checks.py'} has no checks: mark functions with @check(...)")
    return tuple(above.values())


def _read_check(
    lab: Lab,
    name: str,
    function: Callable[..., None],
    mark: Mark,
    where: str,
    above: Mapping[Callable[..., None], Check],
) -> Check:
    """A check that can be run after those above it. Raises LabError, which says `where`, if it cannot."""
    task = _task_named(lab, mark.task, where)
    apart = bool(task and task.apart)
    for needed in mark.all_needs:
        if needed not in above:
            raise LabError(f"{where}: needs {getattr(needed, '__name__', needed)!r}, which is no check above it")
        if above[needed].apart and not apart:
            raise LabError(
                f"{where}: needs {above[needed].name!r}, whose task stands apart, so the lab could not be completed"
            )
    return Check(
        name=name,
        function=function,
        title=mark.title,
        task=mark.task,
        points=0 if task and task.given else mark.points,
        needs=tuple(above[each].name for each in mark.all_needs),
        parameters={parameter: named_by(parameter, where) for parameter in inspect.signature(function).parameters},
        apart=apart,
        task_services=task.services if task else (),
        after=tuple(above[each].name for each in mark.after),
    )


def _task_named(lab: Lab, name: str | None, where: str) -> Task | None:
    tasks = {task.id: task for task in lab.tasks}
    if name is not None and name not in tasks:
        raise LabError(f"{where}: task {name!r} is not in lab.toml; it has {', '.join(sorted(tasks))}")
    return tasks[name] if name is not None else None
