"""The options and arguments that several commands share."""

from pathlib import Path

import click
from click.shell_completion import CompletionItem

from lab_harness.course import Course, find_course
from lab_harness.errors import HarnessError
from lab_harness.lab.labs import all_labs, lab_ids


class LabName(click.ParamType[str]):
    """A lab's id, however a person names the lab: `hello_lambda`, `hello-lambda`, `1`, `01`, or its notebook's path.

    Any other word stays as it is, for the command to say that there is no such lab.
    """

    name = "lab"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        course = find_course()
        id = value.lower().replace("-", "_")
        return id if id in lab_ids(course) else _of_notebook(value, course) or value

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        try:
            return [CompletionItem(id) for id in lab_ids(find_course()) if id.startswith(incomplete)]
        except HarnessError:  # There is no course here, which the command will say.
            return []


def _of_notebook(words: str, course: Course) -> str | None:
    """The one lab whose notebook has this number, name or path."""
    name = Path(words).name.removesuffix(".ipynb")
    notebooks = {lab.id: lab.file.notebook.removesuffix(".ipynb") for lab in all_labs(course)}
    found = [id for id, notebook in notebooks.items() if name in (notebook, notebook[:2], str(int(notebook[:2])))]
    return found[0] if len(found) == 1 else None


lab_id = click.argument("lab", type=LabName(), help="The lab's id or number, as `lab list` shows it.")
lab_ids_or_all = click.argument(
    "labs", nargs=-1, type=LabName(), metavar="[LAB]...", help="These labs; all if none is given."
)
emulator_name = click.option(
    "--emulator",
    metavar="NAME",
    envvar="LAB_EMULATOR",
    show_envvar=True,
    help="embedded or localstack. Without it AWS_ENDPOINT_URL decides, then the embedded one is used.",
)
