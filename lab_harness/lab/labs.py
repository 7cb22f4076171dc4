"""Finds, loads and validates the labs: one folder under `labs/` each."""

import ast
import difflib
import importlib.util
import inspect
import keyword
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

from lab_harness.authors.checks import CheckFunction, mark_of
from lab_harness.course import Course, find_course
from lab_harness.errors import LabError, UsageError
from lab_harness.lab.file import LabFile, Task, read_lab_file
from lab_harness.lab.modules import error_in, load_module
from lab_harness.lab.quiz import Quiz
from lab_harness.lab.sealed import SealedQuiz, quiz_in

if TYPE_CHECKING:
    from lab_harness.aws import Clients


PROBES = ("http", "inbox")  # parameters of checks behind which any service of AWS may stand
STANDARD_CHECKS = "lab_harness.authors.standard_checks"  # where checks come from that labs have in the same words
NO_SERVICES = (*PROBES, "witness")  # parameters of checks that name no service of AWS


@dataclass(frozen=True)
class Check:
    """A check as the runner needs it.

    `parameters` maps each parameter to what of `Clients` it names: a boto3 service, `http`, `inbox` or `witness`.
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

    @cached_property
    def checks(self) -> Any:
        return load_module(self.folder / "checks.py", f"lab_checks_{self.id}")

    @cached_property
    def all_checks(self) -> tuple[Check, ...]:
        """The lab's checks in the order written."""
        return _read_checks(self)

    @cached_property
    def check_names(self) -> tuple[str, ...]:
        """The names of the checks that make the lab's score, without running checks.py, which would load boto3."""
        apart = {task.id for task in self.tasks if task.apart}
        marks = _marks(self.folder / "checks.py")
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
    return f"There is no {kind} {name!r}.{guess} {owner}: {', '.join(known)}."


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


def _read_checks(lab: Lab) -> tuple[Check, ...]:
    found: dict[Callable[..., None], Check] = {}
    tasks, marks = {task.id: task for task in lab.tasks}, _marks(lab.folder / "checks.py")
    for name, function in vars(lab.checks).items():
        mark = mark_of(function)
        if mark is None or function.__module__ not in (lab.checks.__name__, STANDARD_CHECKS):
            continue
        line = marks[name].lineno if name in marks else function.__code__.co_firstlineno
        where = f"{lab.folder / 'checks.py'}, line {line}, check {name}"
        for needed in mark.all_needs:
            if needed not in found:
                raise LabError(f"{where}: needs {getattr(needed, '__name__', needed)!r}, which is no check above it")
        if mark.task is not None and mark.task not in tasks:
            raise LabError(f"{where}: task {mark.task!r} is not in lab.toml; it has {', '.join(sorted(tasks))}")
        points = 0 if (task := tasks.get(mark.task or "")) and task.given else mark.points
        apart, services = (task.apart, task.services) if task else (False, ())
        for each in (found[needed] for needed in mark.all_needs):
            if each.apart and not apart:
                raise LabError(
                    f"{where}: needs {each.name!r}, whose task stands apart, so the lab could not be completed"
                )
        parameters = {parameter: _service(parameter, where) for parameter in inspect.signature(function).parameters}
        needs, after = (tuple(found[each].name for each in named) for named in (mark.all_needs, mark.after))
        found[function] = Check(
            name, function, mark.title, mark.task, points, needs, parameters, apart, services, after
        )
    if not found:
        raise LabError(f"{lab.folder / 'checks.py'} has no checks: mark functions with @check(...)")
    return tuple(found.values())


def _service(parameter: str, where: str) -> str:
    """What a check's parameter names: `lambda_` → "lambda", `cognito_idp` → "cognito-idp", `http`, `witness`."""
    if parameter in NO_SERVICES:
        return parameter
    bare = parameter.rstrip("_")
    service = (bare if keyword.iskeyword(bare) else parameter).replace("_", "-")
    known = _services()
    if service not in known:
        near = difflib.get_close_matches(service, sorted(known), n=1)
        guess = f"; did you mean {_parameter(near[0])}?" if near else ""
        raise LabError(f"{where}: parameter {parameter!r} names no AWS service{guess}")
    return service


def _parameter(service: str) -> str:
    return service + "_" if keyword.iskeyword(service) else service.replace("-", "_")


@cache
def _services() -> frozenset[str]:
    """boto3's services: the folders of botocore's data, read without importing botocore."""
    spec = importlib.util.find_spec("botocore")
    assert spec and spec.origin
    return frozenset(path.name for path in (Path(spec.origin).parent / "data").iterdir() if path.is_dir())
