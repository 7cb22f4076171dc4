"""Dollars in a real JupyterLab, in Chromium: what the course writes and shows does not become mathematics there."""

import nbformat

from tests.jupyterlab import PATIENCE, open_notebook, run_cell, show_jupyterlab

MATHEMATICS = "Here $a$ and $b$ are mathematics."  # so that it is seen that JupyterLab has done its work
PROSE = "A million requests cost `$0.20`, a GB-second `$0.0000166667`."
SHOWN = """\
from IPython.display import Math, display
from lab_harness.render.blocks import Note, Table
from lab_harness.results import CheckResult, LabReport, Outcome

found = CheckResult("handler", "The handler", "handler", Outcome.FAILED, found="$LATEST, not $LATEST")
display(LabReport("lab", "A lab", "embedded", (found,)))
display(Note("From $0.20 to $0.30"), Table("Costs", ("from", "to"), [("$0.20", "$0.30")]), Math("a"))"""


def write_notebook(path):
    cells = [nbformat.v4.new_markdown_cell(text) for text in (MATHEMATICS, PROSE)]
    cells += [nbformat.v4.new_code_cell(SHOWN), nbformat.v4.new_code_cell("# the last cell")]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), path)


def test_dollars_stay_dollars_in_prose_and_in_what_the_course_shows(jupyterlab, page):
    write_notebook(jupyterlab.course / "notebooks" / "dollars.ipynb")
    show_jupyterlab(page, jupyterlab)
    open_notebook(page, "dollars.ipynb")
    for number in range(3):
        run_cell(page, number)
    page.locator(".jp-RenderedLatex mjx-container").wait_for(timeout=PATIENCE)  # the last that there is to typeset
    assert page.locator(".jp-RenderedMarkdown mjx-container").count() == 2
    assert page.locator(".jp-RenderedHTML mjx-container").count() == 0
    assert page.get_by_role("cell", name="$LATEST, not $LATEST", exact=True).is_visible()
    assert page.locator(".jp-RenderedMarkdown code", has_text="$0.0000166667").is_visible()
