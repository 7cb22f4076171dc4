"""The files of a new lab: the templates of `files/`, filled with what each part's template says about them.

A template of `parts/` is one kind of part: a macro for each thing that the lab's files have about it.
"""

import tomllib
from functools import cache
from itertools import chain, islice, zip_longest
from pathlib import Path
from typing import Any

import jinja2

from lab_harness.authoring.scaffold.cells import notebook
from lab_harness.authoring.scaffold.checked import Checked
from lab_harness.authoring.scaffold.code import call, collection, without_unused_imports
from lab_harness.authoring.scaffold.permits import permits_of
from lab_harness.authoring.scaffold.plan import Plan
from lab_harness.authoring.scaffold.words import goal, listed
from lab_harness.errors import CourseError

HERE = Path(__file__).resolve().parent
QUESTIONS = 8  # of five to ten


# By kind of part, the services that a lab with it uses.
SERVICES = {
    "table": ("dynamodb",),
    "queue": ("sqs",),
    "bucket": ("s3",),
    "role": ("iam",),
    "function": ("lambda", "logs"),
    "api": ("apigatewayv2",),
}


def lab_files(plan: Plan) -> dict[str, str]:
    """The content of each file of the lab, by its path in the course.

    CourseError in a copy of the course that was given out: it has no templates.
    """
    if not (HERE / "files" / "lab.toml.j2").exists():
        raise CourseError("This copy of the course was given out; lab new works in the one that it was made from.")
    folder = f"labs/{plan.lab}"
    fill = _Filling(plan)
    lab_toml = fill.file("lab.toml")
    made = {
        f"{folder}/lab.toml": lab_toml,
        f"{folder}/README.md": fill.file("README.md"),
        f"{folder}/checks.py": without_unused_imports(fill.file("checks.py")),
        f"{folder}/solution.py": without_unused_imports(fill.file("solution.py")),
        f"{folder}/quiz.toml": _quiz(plan),
        f"notebooks/{plan.notebook}": notebook(fill.file("notebook.txt", **tomllib.loads(lab_toml))),
        f"tests/labs/test_{plan.lab}.py": without_unused_imports(fill.file("test.py")),
    }
    if handler := plan.one("handler"):
        made[f"{folder}/{handler.folder}/lambda_function.py"] = without_unused_imports(fill.file("lambda_function.py"))
    return made


class _Filling:
    """Fills in the templates for one lab."""

    def __init__(self, plan: Plan) -> None:
        permits = permits_of(plan)
        services = list(dict.fromkeys(name for part in plan.parts for name in SERVICES.get(part.kind, ())))
        self._plan = plan
        self._values = {
            "plan": plan,
            "checked": Checked(plan),
            "permits": permits,
            "permitted_actions": list(dict.fromkeys(action for permit in permits for action in permit.actions)),
            "permitted_services": list(dict.fromkeys(permit.service for permit in permits)),
            "services": services,
            "goal": goal(plan),
            "said": self._said,
        }

    def file(self, name: str, **more: Any) -> str:
        """One file of the lab; in its template `said("checks")` is what the parts say of checks, in order."""
        return _environment().get_template(f"{name}.j2").render(self._values, **more)

    def _said(self, about: str) -> list[str]:
        """What the parts' templates say in their macros of this name; nothing where they have none."""
        texts = []
        for part in self._plan.parts:
            template = _environment().get_template(f"{part.kind}.j2")
            module: Any = template.make_module({**self._values, "part": part})
            texts.append(str(getattr(module, about, str)()).strip("\n"))
        return [text for text in texts if text]


@cache
def _environment() -> jinja2.Environment:
    """Plain text, not HTML: nothing is escaped, and the names that are filled in need none."""
    environment = jinja2.Environment(  # noqa: S701
        loader=jinja2.FileSystemLoader([HERE / "files", HERE / "parts"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["listed"] = listed
    environment.globals |= {"call": call, "collection": collection}
    return environment


def _quiz(plan: Plan) -> str:
    """A question about each kind of part in turn, until there are enough."""
    kinds = dict.fromkeys(part.kind for part in plan.parts)
    files = [HERE / "questions" / f"{kind}.toml" for kind in kinds]
    asked = [path.read_text(encoding="utf-8").split("\n\n") for path in files if path.exists()]
    in_turn = filter(None, chain.from_iterable(zip_longest(*asked)))
    chosen = (question.strip("\n") for question in islice(in_turn, QUESTIONS))
    return "\n\n".join(["format_version = 1", *chosen]) + "\n"
