"""A class that is graded: Ana's notebook is hostile, Bo's name is, Cy's work was rejected, and Lou's is missing."""

import threading
from types import SimpleNamespace

import pytest
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.netutil import bind_sockets

from lab_harness.grading.grade import CellError
from lab_harness.grading.intake.submissions import read_submissions
from lab_harness.grading.results import output
from lab_harness.grading.results.gradebook import open_gradebook
from lab_harness.grading.review.class_work import ClassWork
from lab_harness.grading.review.guard import Guard
from lab_harness.grading.review.server import application
from tests.grading.handing_in import COURSE, HELLO, ORDERS, answered, graded, hand_in, untouched
from tests.pages import HOSTILE

BO = "<script>alert('bo')<"  # a folder's name
CLASS = """\
format_version = 1
roster = "roster.csv"
remarks = "remarks.csv"
[deadlines]
hello_lambda = 2026-11-20T12:00:00Z
"""
ROSTER = "login,name,mail\nana,Ana An,ana@school.test\ncy,Cy Cy,cy@school.test\nlou,Lou Lo,lou@school.test\n"


def hostile():
    notebook = answered(role=f"x = 1  # {HOSTILE}")
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = [{"output_type": "display_data", "data": {"text/html": HOSTILE}}]
    notebook["cells"].insert(2, {"cell_type": "markdown", "id": "mine", "metadata": {}, "source": HOSTILE})
    return notebook


@pytest.fixture
def school(tmp_path, reader):
    """The folder of such a class, with its class.toml, and its results."""
    files = {f"ana/{HELLO}": hostile(), f"ana/{ORDERS}": untouched(ORDERS), f"{BO}/{HELLO}": answered(role="x = 2")}
    folder = hand_in(tmp_path / "class", files | {f"cy/{HELLO}": "no notebook"})
    (tmp_path / "class.toml").write_text(CLASS)
    (tmp_path / "roster.csv").write_text(ROSTER)
    results = tmp_path / "results"
    results.mkdir()
    works = read_submissions(folder, COURSE, tmp_path / "scratch", reader=reader).works
    with open_gradebook(results / output.GRADEBOOK) as gradebook:
        for work in works:
            error = CellError("role", f"KeyError: {HOSTILE}")
            grade = graded(work.student.id, work.lab, errors=(error,), a="passed", b="failed")
            gradebook.reject(work) if work.rejected else gradebook.record(work, grade)
        gradebook.keep_run({}, tmp_path / "class.toml")
    return tmp_path


@pytest.fixture
def class_work(school):
    return ClassWork(school / "results", COURSE)


@pytest.fixture
def served(class_work):
    """The page of the class, on a port of its own."""
    [listening] = bind_sockets(0, "127.0.0.1")
    guard = Guard(listening.getsockname()[1])
    begun, loops = threading.Event(), []

    def run():
        loop = IOLoop(make_current=True)
        server = HTTPServer(application(class_work, guard))
        server.add_sockets([listening])
        loops.append(loop)
        loop.add_callback(begun.set)
        loop.start()
        server.stop()
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    begun.wait()
    yield SimpleNamespace(class_work=class_work, guard=guard, port=listening.getsockname()[1])
    loops[0].add_callback(loops[0].stop)
    thread.join()
