"""What the grading engine's tests share: notebooks made from cells, and the labs' own answers in them."""

from textwrap import dedent

import nbformat

from lab_harness.course import Course
from lab_harness.grading.grade import Submission
from lab_harness.lab.file import Limits
from lab_harness.lab.labs import load_lab
from lab_harness.lab.notebooks import solved_notebook

LIMITS = Limits(cell_seconds=4, notebook_seconds=12, cpu_seconds=30, processes=40, disk_bytes=16 * 1024 * 1024)
RIGHT_CELLS = [
    'import boto3\nsqs = boto3.client("sqs")\nurl = sqs.create_queue(QueueName="first-steps")["QueueUrl"]',
    'sqs.send_message(QueueUrl=url, MessageBody="hello, serverless")',
]  # of first_steps: four points


def hand_in(folder, *cells, student="ana", lab="first_steps"):
    """A submission whose notebook has these cells, called cell-1 and so on."""
    notebook = nbformat.v4.new_notebook()
    for number, source in enumerate(cells, 1):
        notebook.cells.append(nbformat.v4.new_code_cell(dedent(source).strip(), id=f"cell-{number}"))
    return _write(folder, notebook, student, lab)


def hand_in_right(folder, course: Course, lab, student="ana", without=()):
    """A submission with the learner's notebook and the reference answers laid over it, without those of some tasks."""
    notebook = solved_notebook(course, load_lab(lab, course))
    left_out = {f"task:{task}" for task in without}
    notebook.cells = [cell for cell in notebook.cells if left_out.isdisjoint(cell.metadata.get("tags", ()))]
    return _write(folder, notebook, student, lab)


def _write(folder, notebook, student, lab):
    path = folder / f"{student}-{lab}.ipynb"
    nbformat.write(notebook, path)
    return Submission(student, lab, path)


def outcomes(grade):
    """The outcome of each check of a grade, by name."""
    return {check["name"]: check["outcome"] for check in grade.report["checks"]}


def errors(grade):
    """The error of each cell that had one."""
    return {error.cell: error.error for error in grade.cell_errors}
