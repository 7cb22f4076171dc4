"""Tests for figures of Matplotlib in a lab's notebook, each in a process of its own: the backend is there only once."""

import os
import subprocess
import sys

import pytest

SHELL = """
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

config = Config()
config.HistoryManager.enabled = False
shell = InteractiveShell.instance(config=config)
import sys
from lab_harness.notebook.figures import show_figures


def run(cell):
    with capture_output() as captured:
        shell.run_cell(cell).raise_error()
    return [sorted(each.data) for each in captured.outputs]


DRAW = "import matplotlib.pyplot as plt\\nplt.plot([1, 2])\\nplt.title('A line')\\nplt.show()"
"""
INLINE = {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}


@pytest.fixture
def run(tmp_path):
    """What a script prints in an IPython shell in which figures go to the notebook, line by line."""

    def run(script, *flags, **variables):
        environ = os.environ | INLINE | variables | {"IPYTHONDIR": str(tmp_path / "ipython")}
        done = subprocess.run(
            [sys.executable, *flags, "-c", SHELL + script],
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return run


def test_without_a_figure_matplotlib_is_not_loaded(run):
    script = "show_figures(shell)\nrun('6 * 7')\nprint([name for name in sys.modules if name.startswith('matplotlib')])"
    assert run(script)[-1] == "[]"


def test_figure_is_shown_as_html_and_words_without_a_png(run):
    shown = "show_figures(shell)\nfor _ in range(2):\n    print(run(DRAW))"
    assert run(shown) == ["[['text/html', 'text/plain']]"] * 2


def test_a_cell_that_ends_with_a_plot_shows_its_figure_as_without_a_lab(run):
    script = "show_figures(shell)\nprint(run(DRAW.replace('plt.show()', 'axis = plt.gca()')))"
    assert run(script) == ["[['text/html', 'text/plain']]"]


def test_style_is_there_from_the_first_figure_on_and_a_cell_may_choose_another(run):
    script = """
show_figures(shell)
run(DRAW)
print(shell.user_ns["plt"].rcParams["axes.grid"], shell.user_ns["plt"].rcParams["figure.figsize"])
run("plt.rcParams['axes.grid'] = False\\n" + DRAW)
print(shell.user_ns["plt"].rcParams["axes.grid"])
"""
    assert run(script) == ["True [8.0, 3.0]", "False"]


def test_where_matplotlib_was_there_before_the_lab_its_figures_are_shown_alike(run):
    script = """
print(run(DRAW))
for _ in range(2):  # a lab may be opened again
    show_figures(shell)
    print(run(DRAW), shell.user_ns["plt"].rcParams["axes.grid"])
"""
    shown = run(script, "-W", "error::DeprecationWarning")
    assert shown == ["[['image/png', 'text/plain']]", *["[['text/html', 'text/plain']] True"] * 2]


def test_backend_that_is_loaded_and_not_in_use_is_told_without_a_warning(run):
    script = "import matplotlib_inline.backend_inline\nshow_figures(shell)\nprint('told')"
    assert run(script, "-W", "error::DeprecationWarning", MPLBACKEND="agg") == ["told"]
